//! JSON to an HTTP server, for what is told when a drill is over. It blocks; a drill's clock is not running any more.

use crate::runtime::Spawner;
use crate::transport::{Reach, Route, SendError, Upstream};
use bytes::Bytes;
use http::{Request, Uri};
use std::net::ToSocketAddrs as _;
use std::time::Duration;

/// The host of an address, without its port.
///
/// # Errors
/// It is no address that can be posted to.
pub(super) fn host(url: &str) -> Result<String, String> {
    parts(url).map(|(uri, _)| uri.host().unwrap_or_default().to_owned())
}

fn parts(url: &str) -> Result<(Uri, u16), String> {
    let uri: Uri = url.parse().map_err(|e| format!("{url} is no address: {e}"))?;
    let authority = uri.authority().map(|a| a.as_str()).unwrap_or_default();
    if uri.scheme_str() != Some("http") || authority.is_empty() || authority.contains('@') {
        return Err(format!("{url} is not of the form http://HOST:PORT/PATH"));
    }
    let port = uri.port_u16().unwrap_or(80);
    Ok((uri, port))
}

/// Posts a JSON body and waits for the status; everything but 2xx is an error.
///
/// # Errors
/// Why it did not arrive.
pub(super) fn json(url: &str, body: Vec<u8>, patience: Duration) -> Result<(), String> {
    let (uri, port) = parts(url)?;
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let addr = (host, port).to_socket_addrs().map_err(|e| e.to_string())?.next().ok_or("the host has no address")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let request = Request::post(uri.path_and_query().map_or("/", |p| p.as_str()))
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body))
        .map_err(|e| e.to_string())?;
    let sent = runtime.block_on(async {
        let upstream = Upstream::new(Reach::at(Route::Tcp(addr), patience), 0, Spawner::unwatched());
        tokio::time::timeout(patience, upstream.send(request)).await
    });
    match sent {
        Ok(Ok(response)) if response.status().is_success() => Ok(()),
        Ok(Ok(response)) => Err(format!("the answer is {}", response.status())),
        Ok(Err(error)) => Err(SendError::as_str(error).to_owned()),
        Err(_) => Err(format!("no answer within {} s", patience.as_secs())),
    }
}
