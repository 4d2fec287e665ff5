//! One connection, in memory or over TCP.
//!
//! A connection that the script resets ends without an orderly close: the wire is told so just before it is dropped.
//! Any other end is an orderly one. While the listener fares badly, this one ends as soon as it is idle.

use super::Provider;
use super::body::{Broken, ResetFlag};
use crate::fault::Door;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;

/// A connection that can be reset rather than closed.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The connection is about to be dropped; its other end is to see a reset in place of an orderly close.
    fn reset(&mut self);
}

impl Wire for TcpStream {
    fn reset(&mut self) {
        // It fails only on a socket that is gone already.
        let _ = self.set_zero_linger();
    }
}

impl Wire for DuplexStream {
    /// A plain duplex cannot tell a reset from a close.
    fn reset(&mut self) {}
}

/// Marks a response that stands for a reset of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResetMark;

impl Provider {
    /// Serves one connection until it ends. While the listener fares badly, it closes as soon as it is idle.
    pub async fn serve_connection<W: Wire>(&self, wire: W) {
        let reset = ResetFlag::default();
        let io = Resettable { wire: TokioIo::new(wire), reset: reset.clone() };
        match self.door() {
            None => {}
            Some(Door::Refused | Door::Reset) => return reset.raise(),
            Some(Door::Deaf) => return self.hear_nothing(io).await,
        }
        let service = service_fn(|mut request: http::Request<Incoming>| {
            let reset = &reset;
            request.extensions_mut().insert(reset.clone());
            async move {
                match self.handle(request).await {
                    Ok(response) if response.extensions().get::<ResetMark>().is_some() => {
                        reset.raise();
                        Err(Broken)
                    }
                    Ok(response) => Ok(response),
                    Err(never) => match never {},
                }
            }
        });
        // Any timer or date of hyper's own would look at the wall clock.
        let mut connection = pin!(
            http1::Builder::new()
                .auto_date_header(false)
                .header_read_timeout(None)
                .half_close(false)
                .serve_connection(io, service)
        );
        // How a connection ends is in the ledger; hyper's view of it adds nothing.
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = self.door_becomes(|door| door.is_some()) => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    /// Holds a connection open until its client gives up or the listener is well again; then it is reset.
    async fn hear_nothing<W: Wire>(&self, mut io: Resettable<W>) {
        let mut heard = [0; 1024];
        let client_gives_up = async {
            // What arrives is thrown away; only its end is of interest.
            while io.wire.inner_mut().read(&mut heard).await.is_ok_and(|n| n > 0) {}
        };
        tokio::select! {
            biased;
            () = self.door_becomes(|door| door != Some(Door::Deaf)) => io.reset.raise(),
            () = client_gives_up => {}
        }
    }
}

/// A wire that is told to reset when it is dropped with the flag up.
struct Resettable<W: Wire> {
    wire: TokioIo<W>,
    reset: ResetFlag,
}

impl<W: Wire> Drop for Resettable<W> {
    fn drop(&mut self) {
        if self.reset.is_up() {
            self.wire.inner_mut().reset();
        }
    }
}

impl<W: Wire> Read for Resettable<W> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_read(cx, buf)
    }
}

impl<W: Wire> Write for Resettable<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write_vectored(cx, bufs)
    }
}
