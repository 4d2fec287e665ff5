//! Listening on TCP, and refusing to.
//!
//! A port that refuses must stay ours, or somebody else might answer on it. So a placeholder socket is bound to it for
//! the whole drill and never listens; while the provider is up, a second socket is bound beside it (both allow it with
//! `SO_REUSEADDR`) and listens. Closing the listener also resets whoever waits in its queue, as a crash would.

use super::Provider;
use crate::fault::Door;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket};

/// The most connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Runs a task.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

/// A TCP port that is held until this is dropped.
#[derive(Debug)]
pub struct BoundPort {
    _placeholder: TcpSocket,
    addr: SocketAddr,
}

impl BoundPort {
    /// Holds this port, or any free one if the port is 0.
    ///
    /// # Errors
    /// If the port is taken or the address is not local.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let placeholder = bound(addr)?;
        let addr = placeholder.local_addr()?;
        Ok(Self { _placeholder: placeholder, addr })
    }

    /// The address, with the port that was given or found.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn listen(&self) -> io::Result<TcpListener> {
        bound(self.addr)?.listen(BACKLOG)
    }
}

fn bound(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

impl Provider {
    /// Accepts connections on `port` and has `spawn` run each. While the provider refuses, the port does not listen,
    /// yet stays ours. Does not return until dropped.
    ///
    /// # Errors
    /// If the port cannot be listened on.
    pub async fn serve_tcp(self, port: BoundPort, spawn: Spawn) -> io::Result<()> {
        loop {
            self.door_becomes(|door| door != Some(Door::Refused)).await;
            let listener = port.listen()?;
            tokio::select! {
                biased;
                () = self.door_becomes(|door| door == Some(Door::Refused)) => {}
                never = self.accept_all(&listener, &spawn) => match never {},
            }
        }
    }

    async fn accept_all(&self, listener: &TcpListener, spawn: &Spawn) -> std::convert::Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // Without it small events would wait some 40 ms for one another; it fails only on a dead socket.
                    let _ = stream.set_nodelay(true);
                    let provider = self.clone();
                    spawn(Box::pin(async move { provider.serve_connection(stream).await }));
                }
                // Out of file descriptors, or the peer gave up while it waited: neither ends the service.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    }
}
