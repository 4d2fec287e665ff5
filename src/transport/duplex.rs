//! Connections in memory, for the virtual world: a paused clock does not wait for a kernel.
//!
//! An [`End`] behaves like a TCP stream where the router can tell the difference: a peer that resets makes reads fail
//! with `ConnectionReset`, a peer that closes makes them end.

use mock_providers::server::Wire;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// Bytes that may be under way in each direction before a writer has to wait.
const BUFFER: usize = 64 * 1024;

/// Somebody who can be connected to in memory.
pub trait Dial: Send + Sync {
    /// Opens a connection.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody listens.
    fn dial(&self) -> io::Result<End>;
}

/// One end of a connection.
#[derive(Debug)]
pub struct End {
    io: DuplexStream,
    reset: Arc<AtomicBool>,
}

/// The two ends of a new connection.
#[must_use]
pub fn pair() -> (End, End) {
    let (a, b) = tokio::io::duplex(BUFFER);
    let reset = Arc::new(AtomicBool::new(false));
    (End { io: a, reset: Arc::clone(&reset) }, End { io: b, reset })
}

impl Wire for End {
    fn reset(&mut self) {
        self.reset.store(true, Ordering::Relaxed);
    }
}

impl AsyncRead for End {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        let ended = matches!(polled, Poll::Ready(Ok(()))) && buf.filled().len() == before && buf.remaining() > 0;
        if ended && self.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        polled
    }
}

impl AsyncWrite for End {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
