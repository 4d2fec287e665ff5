//! How a case is provoked. This is the only file of the golden tests that knows the mocks' API.
//!
//! A dialect is found by its name ([`serves`] maps the folders that share a server), a cause and an end of the answer by
//! their words.

use super::ask::request;
use super::case::{Case, Seen, With};
use crate::bench::{Bench, after, always, cause_of, status, word};
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mock_providers::fault::{Cause, Injection};
use mock_providers::{Dialect, Script};
use tokio::task::JoinSet;

/// Which dialect's server has the paths of this golden folder.
fn serves(folder: &str) -> &str {
    match folder {
        "openai_responses" | "openai_embeddings" => "openai",
        "gemini_array" => "gemini",
        _ => folder,
    }
}

/// What the mock answers to the case's request; `None` if it has no such dialect, or cannot be told to do this.
pub(crate) async fn provoke(dialect: &str, case: &Case<'_>) -> Option<Seen> {
    let server: Dialect = serves(dialect).parse().ok()?;
    let script = match case.with {
        None => Script::default(),
        Some(with) => always(injection(with)?),
    };
    let mut bench = Bench::new(server, script);
    Some(send(&mut bench, request(dialect, case.ask)?).await)
}

/// Sends a request over a connection of its own. A body that breaks off says so, which no golden file does.
async fn send(bench: &mut Bench, request: Request<Body>) -> Seen {
    let (mut sender, connection) = http1::handshake(TokioIo::new(bench.connect())).await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let value = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, v)| (name.as_str().to_owned(), value(v))).collect();
    let whole = body.collect().await.map(|body| body.to_bytes().to_vec());
    let body = whole.unwrap_or_else(|error| format!("(the body broke off: {error})").into_bytes());
    Seen { status: head.status.as_u16(), headers, body }
}

fn injection(with: With<'_>) -> Option<Injection> {
    match with {
        With::Status(code) => Some(status(code, None)),
        With::Finish(stop) => Injection::word(&format!("finish_{stop}")),
        With::Cause("stream_error", _) => Some(after("stream_error", 2)),
        With::Cause("output_blocked", _) => Some(word("refusal")),
        With::Cause(name, retry_after) => Some(cause_of(Cause::named(name)?, retry_after)),
    }
}
