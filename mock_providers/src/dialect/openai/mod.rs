//! OpenAI: chat completions, responses, embeddings and the list of models, a file each.
//!
//! Rate limits and missing credit share status 429 and differ in `type` and `code`. An overload inside a stream is an
//! `error` object under HTTP 200. Azure, Mistral and vLLM speak much of this wire, and use these files with values of
//! their own.

pub(super) mod chat;
mod content;
pub(super) mod embeddings;
pub(super) mod filter;
mod limits;
pub(super) mod models;
pub(super) mod problem;
pub(super) mod responses;
#[cfg(test)]
mod tests;

use super::prompt::Str;
use super::wire::SSE;
use super::{Ask, Failure, Finish, Format, Frames, Place, Problem, Reply, Route, Scene, Unreadable, bearer};
use crate::fault::{Cause, Endpoint};
use crate::limits::Figures;
use crate::luck::key_hash;
use http::{HeaderMap, HeaderValue, Method, header};
use std::borrow::Cow;
use std::time::Duration;

pub(super) struct OpenAi;

const SERVED: &[(&str, Endpoint)] = &[
    ("/v1/chat/completions", Endpoint::Chat),
    ("/v1/responses", Endpoint::Responses),
    ("/v1/embeddings", Endpoint::Embeddings),
    ("/v1/models", Endpoint::Models),
];

/// What a path and method mean to who serves these paths, under whatever prefix.
pub(super) fn route<'u>(method: &Method, path: &str, served: &[(&str, Endpoint)]) -> Route<'u> {
    match served.iter().find(|(served, _)| path.ends_with(served)) {
        None => Route::Unknown,
        Some((_, Endpoint::Models)) if *method == Method::GET => Route::Models,
        Some((_, Endpoint::Models)) => Route::WrongMethod,
        Some((_, endpoint)) if *method == Method::POST => Route::Ask(Place::of(*endpoint)),
        Some(_) => Route::WrongMethod,
    }
}

/// The model that is asked for: what the path says, else the body.
fn model<'a>(place: Place<'a>, in_body: Option<Str<'a>>) -> Result<Cow<'a, str>, Unreadable> {
    if !place.model.is_empty() {
        return Ok(Cow::Borrowed(place.model));
    }
    in_body.map(|Str(model)| model).ok_or(Unreadable::Missing("model"))
}

/// Reads the body of a request at any of the family's endpoints.
pub(super) fn read<'a>(place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
    match place.endpoint.unwrap_or_default() {
        Endpoint::Responses => responses::read(place, body),
        Endpoint::Embeddings => embeddings::read(place, body),
        Endpoint::Chat | Endpoint::Models => chat::read(place, body),
    }
}

/// The body of a plain answer, by the endpoint that was asked.
pub(super) fn plain(style: &chat::Style, reply: &Reply<'_>) -> Vec<u8> {
    if reply.ask.endpoint == Endpoint::Responses { responses::plain(reply) } else { chat::plain(style, reply) }
}

/// The frames of a streamed answer, by the endpoint that was asked.
pub(super) fn frames(style: &chat::Style, reply: &Reply<'_>) -> Frames {
    if reply.ask.endpoint == Endpoint::Responses { responses::frames(reply) } else { chat::frames(style, reply) }
}

/// An error object as the event of a chat stream.
pub(super) fn event(body: &[u8]) -> Vec<u8> {
    [b"data: ", body, b"\n\n"].concat()
}

/// An attempt's id in the form of a UUID.
pub(super) fn uuid(id: &str) -> String {
    let high = key_hash(id);
    let low = high.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (time, version, node) = (high >> 32, high & 0xfff, low & 0xffff_ffff_ffff);
    format!("{time:08x}-{:04x}-4{version:03x}-8{:03x}-{node:012x}", (high >> 16) & 0xffff, (low >> 48) & 0xfff)
}

impl Format for OpenAi {
    fn route<'u>(&self, method: &Method, path: &'u str, _query: &str) -> Route<'u> {
        route(method, path, SERVED)
    }

    fn admit(&self, headers: &HeaderMap, _query: &str) -> Result<(), Problem<'static>> {
        if headers.contains_key(header::AUTHORIZATION) { Ok(()) } else { Err(Problem::NoKey) }
    }

    fn read<'a>(&self, place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
        read(place, body)
    }

    fn plain(&self, reply: &Reply<'_>) -> Vec<u8> {
        plain(&chat::OPENAI, reply)
    }

    fn frames(&self, reply: &Reply<'_>) -> Frames {
        frames(&chat::OPENAI, reply)
    }

    fn embeddings(&self, reply: &Reply<'_>) -> Vec<u8> {
        embeddings::write(&embeddings::OPENAI, reply)
    }

    fn error_event(&self, ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
        if ask.endpoint == Endpoint::Responses {
            return responses::error_event(&problem::of_cause(cause, scene), ask, cause, scene);
        }
        event(&problem::of_cause(cause, scene).body())
    }

    fn key<'h>(&self, headers: &'h HeaderMap, _query: &'h str) -> &'h str {
        bearer(headers)
    }

    fn blocks_prompts_with_200(&self) -> Option<Finish> {
        None
    }

    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
        problem::failure(problem, scene)
    }

    fn limits(&self, figures: &Figures, _now: Duration, headers: &mut HeaderMap) {
        limits::tell(figures, headers);
    }

    fn mark(&self, headers: &mut HeaderMap, id: &str) {
        if let Ok(id) = HeaderValue::try_from(["req_", id].concat()) {
            headers.insert("x-request-id", id);
        }
        headers.insert("openai-processing-ms", HeaderValue::from_static("12"));
        headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
        headers.insert("openai-organization", HeaderValue::from_static("org-hopdrill"));
    }

    fn stream_type(&self, _ask: &Ask<'_>) -> &'static str {
        SSE
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        models::list(names, "system")
    }
}
