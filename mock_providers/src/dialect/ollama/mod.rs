//! Ollama: its own chat API, plain and as lines of JSON.
//!
//! It streams unless told not to, and asks for no key. Every line bears model and time; the last one is `done` and
//! bears the reason, the counts and the durations in nanoseconds. A tool call comes whole, its arguments are an object,
//! and its reason is the ordinary one. There is no filter: a model that refuses says so in words. Errors are
//! `{"error": "text"}`, as an answer and as a line.

mod problem;
mod reply;
mod request;

use super::{
    Ask, Failure, Filling, Finish, Format, Frames, Place, Problem, Reply, Route, Scene, Unreadable, bearer, wire,
};
use crate::fault::{Cause, Endpoint};
use http::{HeaderMap, Method};
use serde_json::json;

pub(super) struct Ollama;

impl Format for Ollama {
    fn route<'u>(&self, method: &Method, path: &'u str, _query: &str) -> Route<'u> {
        if path.ends_with("/api/chat") {
            if *method == Method::POST { Route::Ask(Place::of(Endpoint::Chat)) } else { Route::WrongMethod }
        } else if path.ends_with("/api/tags") {
            if *method == Method::GET { Route::Models } else { Route::WrongMethod }
        } else {
            Route::Unknown
        }
    }

    fn admit(&self, _headers: &HeaderMap, _query: &str) -> Result<(), Problem<'static>> {
        Ok(())
    }

    fn read<'a>(&self, _place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
        request::read(body)
    }

    fn plain(&self, reply: &Reply<'_>) -> Vec<u8> {
        reply::plain(reply)
    }

    fn frames(&self, reply: &Reply<'_>) -> Frames {
        reply::frames(reply)
    }

    fn error_event(&self, _ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
        // What stands behind an edge has no pages.
        let cause = if cause == Cause::EdgeHtml { Cause::ServerError } else { cause };
        [&*problem::failure(&Problem::Cause(cause), scene).body, b"\n"].concat()
    }

    fn blocks_prompts_with_200(&self) -> Option<Finish> {
        None
    }

    /// What a proxy in front would look at.
    fn key<'h>(&self, headers: &'h HeaderMap, _query: &'h str) -> &'h str {
        bearer(headers)
    }

    /// A space before a line means nothing to any reader of JSON. A blank line does to the vendor's own client, which
    /// takes every line for JSON, so that comes only to whom asks for it.
    fn filler(&self, kind: Filling) -> Vec<u8> {
        match kind {
            Filling::Blank => b"\n".to_vec(),
            Filling::Comment | Filling::Ping => b" ".to_vec(),
        }
    }

    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
        problem::failure(problem, scene)
    }

    fn mark(&self, _headers: &mut HeaderMap, _id: &str) {}

    fn stream_type(&self, _ask: &Ask<'_>) -> &'static str {
        "application/x-ndjson"
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        let item = |name: &&str| {
            json!({
                "name": name, "model": name, "modified_at": "2025-01-01T00:00:00Z", "size": 4_661_224_676_u64,
                "digest": "365c0bd3c000a25d28ddbf732fe1c6add414de7275464c4e4d1c3b5fcb5d8ad1",
                "details": {
                    "parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"],
                    "parameter_size": "8.0B", "quantization_level": "Q4_0",
                },
            })
        };
        wire::json(&json!({ "models": names.iter().map(item).collect::<Vec<_>>() }))
    }
}
