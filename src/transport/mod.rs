//! How bytes reach a provider: one pooled HTTP/1 client per provider, over memory or TCP.
//!
//! Rules:
//! - One client **per provider**, with a pool timer: a client shared by all hosts closes idle connections in hash order,
//!   and without the timer it reads the wall clock. Either makes two runs of one seed differ.
//! - Both connectors raise the same [`std::io::ErrorKind`] for the same mishap.
//! - Nothing here retries what may have been sent, and nothing here knows what a response means. (The pool sends a
//!   request again over another connection if the first one turns out to have closed before a byte of it was written.)

pub mod duplex;
mod spares;
mod tcp;

pub use duplex::Dial;

use crate::runtime::Spawner;
use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioIo, TokioTimer};
use spares::Spares;
use std::error::Error as _;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Where a provider listens.
#[derive(Clone)]
pub enum Route {
    /// In memory.
    Memory(Arc<dyn Dial>),
    /// On TCP.
    Tcp(SocketAddr),
}

/// How a provider is reached.
#[derive(Clone)]
pub struct Reach {
    /// Where it listens.
    pub route: Route,
    /// How long the handshakes take, of TCP and TLS, besides what the network takes by itself.
    pub handshake: Duration,
    /// The longest that a connection may take to stand.
    pub timeout: Duration,
}

impl Reach {
    /// Without handshakes to wait for.
    #[must_use]
    pub fn at(route: Route, timeout: Duration) -> Self {
        Self { route, handshake: Duration::ZERO, timeout }
    }

    async fn dial(&self) -> io::Result<Conn> {
        let conn = match &self.route {
            Route::Memory(dial) => Conn::Memory(dial.dial()?),
            Route::Tcp(addr) => Conn::Tcp(tcp::connect(*addr, self.timeout).await?),
        };
        if !self.handshake.is_zero() {
            tokio::time::sleep(self.handshake.min(self.timeout)).await;
        }
        if self.handshake > self.timeout { Err(io::ErrorKind::TimedOut.into()) } else { Ok(conn) }
    }
}

/// Why no response head came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// Nobody listens.
    Refused,
    /// The connection did not stand in time.
    ConnectTimeout,
    /// The connection broke before any response.
    Reset,
    /// What came is not HTTP.
    NotHttp,
}

impl SendError {
    /// A few words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::ConnectTimeout => "connect timeout",
            Self::Reset => "reset before the response",
            Self::NotHttp => "the response is not HTTP",
        }
    }
}

/// The client of one provider.
#[derive(Clone)]
pub struct Upstream {
    client: Client<Connector, Full<Bytes>>,
    authority: Authority,
}

impl Upstream {
    /// A client with an empty pool, that keeps so many spare connections. Must be called inside the runtime.
    #[must_use]
    pub fn new(reach: Reach, spares: usize, spawner: Spawner) -> Self {
        let authority = match &reach.route {
            Route::Tcp(addr) => Authority::try_from(addr.to_string()),
            Route::Memory(_) => Ok(Authority::from_static("mock.invalid")),
        }
        .unwrap_or_else(|_| Authority::from_static("localhost"));
        let spares = (spares > 0).then(|| Arc::new(Spares::new(reach.clone(), spares, spawner.clone())));
        let client = Client::builder(spawner)
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(Connector { reach, spares });
        Self { client, authority }
    }

    /// Sends a request; the answer is its head, the body is still to be read.
    ///
    /// # Errors
    /// Why no head came.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Incoming>, SendError> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        head.uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .unwrap_or_default();
        self.client.request(Request::from_parts(head, Full::new(body))).await.map_err(|e| explain(&e))
    }
}

fn explain(error: &Error) -> SendError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::TimedOut => return SendError::ConnectTimeout,
                _ if error.is_connect() => return SendError::Refused,
                _ => return SendError::Reset,
            }
        }
        if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return SendError::NotHttp;
        }
        source = cause.source();
    }
    if error.is_connect() { SendError::Refused } else { SendError::Reset }
}

#[derive(Clone)]
struct Connector {
    reach: Reach,
    spares: Option<Arc<Spares>>,
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Conn>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let Self { reach, spares } = self.clone();
        Box::pin(async move {
            let spare = spares.and_then(|spares| spares.take());
            let conn = match spare {
                Some(conn) => conn,
                None => reach.dial().await?,
            };
            Ok(TokioIo::new(conn))
        })
    }
}

enum Conn {
    Memory(duplex::End),
    Tcp(TcpStream),
}

impl Connection for Conn {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Conn {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Memory(io) => Pin::new(io).poll_read(cx, buf),
            Self::Tcp(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Conn {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Memory(io) => Pin::new(io).poll_write(cx, buf),
            Self::Tcp(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Memory(io) => Pin::new(io).poll_flush(cx),
            Self::Tcp(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Memory(io) => Pin::new(io).poll_shutdown(cx),
            Self::Tcp(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}
