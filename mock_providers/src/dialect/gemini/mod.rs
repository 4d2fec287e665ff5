//! Gemini: `generateContent` and `streamGenerateContent`, the latter as server-sent events or as one JSON array.
//!
//! The model and the wish for a stream stand in the path. A stream of events has no opening and no terminator: every
//! event bears usage, only the last bears a finish reason, and that of a tool call is the ordinary one. A bad key is a
//! 400, what says when to retry stands in the body (`RetryInfo`) and never in a header, and a blocked prompt is a 200
//! without candidates. Whatever goes wrong with a stream that is an array is an array too.

mod problem;
mod reply;
mod request;

use super::{
    Ask, Failure, Filling, Finish, Format, Frames, JSON, Place, Problem, Reply, Route, Scene, Unreadable, bearer, wire,
};
use crate::fault::{Cause, Endpoint};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::json;
use std::time::Duration;

pub(super) struct Gemini;

/// What stands before the models in a path: the versions of the API, and the vendor's cloud.
const VERSIONS: [&str; 4] = ["/v1beta", "/v1", "/v1alpha", "/publishers/google"];

/// The error of a stream that would have been an array.
fn in_array(failure: Failure) -> Failure {
    let body = [b"[", &*failure.body, b"]"].concat();
    Failure { body, ..failure }
}

impl Format for Gemini {
    fn route<'u>(&self, method: &Method, path: &'u str, query: &str) -> Route<'u> {
        let versioned = |path: &str| VERSIONS.iter().any(|version| path.ends_with(version));
        if path.strip_suffix("/models").is_some_and(versioned) {
            return if *method == Method::GET { Route::Models } else { Route::WrongMethod };
        }
        let named = path.rsplit_once("/models/").filter(|(before, _)| versioned(before));
        let Some((model, verb)) = named.and_then(|(_, rest)| rest.rsplit_once(':')) else {
            return Route::Unknown;
        };
        let stream = match verb {
            "generateContent" => false,
            "streamGenerateContent" => true,
            _ => return Route::Unknown,
        };
        let array = stream && !query.split('&').any(|pair| pair == "alt=sse");
        if *method == Method::POST {
            Route::Ask(Place { endpoint: Some(Endpoint::Chat), model, stream, array })
        } else {
            Route::WrongMethod
        }
    }

    fn admit(&self, headers: &HeaderMap, query: &str) -> Result<(), Problem<'static>> {
        let in_query = query.split('&').any(|pair| pair.starts_with("key=") && pair.len() > 4);
        let in_header = headers.contains_key("x-goog-api-key") || headers.contains_key(header::AUTHORIZATION);
        if in_query || in_header { Ok(()) } else { Err(Problem::NoKey) }
    }

    fn read<'a>(&self, place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
        request::read(place, body)
    }

    fn plain(&self, reply: &Reply<'_>) -> Vec<u8> {
        reply::plain(reply)
    }

    fn frames(&self, reply: &Reply<'_>) -> Frames {
        reply::frames(reply)
    }

    fn error_event(&self, ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
        // What stands behind an edge has no pages.
        let cause = if cause == Cause::EdgeHtml { Cause::ServerError } else { cause };
        let (before, _, end) = reply::framing(ask);
        let end = if ask.array { b"]" } else { end };
        [before, &*problem::failure(&Problem::Cause(cause), scene).body, end].concat()
    }

    /// The vendor's own client takes nothing between events but blank lines, and a JSON array nothing but space.
    fn filler(&self, _kind: Filling) -> Vec<u8> {
        b"\r\n".to_vec()
    }

    fn key<'h>(&self, headers: &'h HeaderMap, query: &'h str) -> &'h str {
        let in_query = query.split('&').find_map(|pair| pair.strip_prefix("key="));
        let in_header = headers.get("x-goog-api-key").and_then(|key| key.to_str().ok());
        in_header.or(in_query).unwrap_or_else(|| bearer(headers))
    }

    fn blocks_prompts_with_200(&self) -> Option<Finish> {
        Some(Finish::Blocked)
    }

    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
        let failure = problem::failure(problem, scene);
        if scene.array && failure.content_type == JSON { in_array(failure) } else { failure }
    }

    fn mark(&self, headers: &mut HeaderMap, _id: &str) {
        headers.insert("server", HeaderValue::from_static("scaffolding on HTTPServer2"));
        headers.insert("vary", HeaderValue::from_static("Origin, X-Origin, Referer"));
    }

    fn tell_time(&self, headers: &mut HeaderMap, took: Duration) {
        if let Ok(timing) = HeaderValue::try_from(format!("gfet4t7; dur={}", took.as_millis())) {
            headers.insert("server-timing", timing);
        }
    }

    fn stream_type(&self, ask: &Ask<'_>) -> &'static str {
        if ask.array { JSON } else { "text/event-stream" }
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        let item = |name: &&str| {
            json!({
                "name": format!("models/{name}"), "version": "001", "displayName": name,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
            })
        };
        wire::json(&json!({ "models": names.iter().map(item).collect::<Vec<_>>() }))
    }
}
