//! Mistral: OpenAI's chat without its ornaments, for clients that check every field.
//!
//! Usage comes with the finish reason of a stream, asked for or not; a tool call comes in one chunk, with an id of nine
//! characters. There is no filter: what the model will not answer it declines in words. `stream_options`, which the
//! vendor once refused, is let through.

mod problem;

use super::limits::{self, Per};
use super::openai::chat::{self, ChunkUsage, Declines, Details};
use super::openai::{self, embeddings, models};
use super::wire::SSE;
use super::{Ask, Failure, Finish, Format, Frames, Place, Problem, Reply, Route, Scene, Unreadable, bearer};
use crate::fault::{Cause, Endpoint};
use crate::limits::Figures;
use crate::luck::key_hash;
use http::{HeaderMap, HeaderValue, Method, header};
use std::time::Duration;

pub(super) struct Mistral;

const SERVED: &[(&str, Endpoint)] = &[
    ("/v1/chat/completions", Endpoint::Chat),
    ("/v1/embeddings", Endpoint::Embeddings),
    ("/v1/models", Endpoint::Models),
];

const STYLE: chat::Style = chat::Style {
    id: "",
    call_id: |id, index| format!("{:09x}", key_hash(id).wrapping_add(index as u64) & 0xf_ffff_ffff),
    service_tier: None,
    system_fingerprint: None,
    nulls: false,
    null_deltas: false,
    annotations: false,
    stop_reason: false,
    filters: false,
    silent: Some(""),
    empty_at_finish: true,
    calls_whole: true,
    chunk_usage: ChunkUsage::WithFinish,
    details: Details::Nothing,
    declines: Declines::InWords,
    finish_reason,
};

const EMBEDDINGS: embeddings::Style = embeddings::Style { id: Some(""), dimensions: |_| 1024 };

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopString | Finish::Refused | Finish::Blocked | Finish::Paused => "stop",
        Finish::Length => "length",
        Finish::WindowFull => "model_length",
        Finish::ToolCall => "tool_calls",
        Finish::BadToolOutput => "error",
    }
}

impl Format for Mistral {
    fn route<'u>(&self, method: &Method, path: &'u str, _query: &str) -> Route<'u> {
        openai::route(method, path, SERVED)
    }

    fn admit(&self, headers: &HeaderMap, _query: &str) -> Result<(), Problem<'static>> {
        if headers.contains_key(header::AUTHORIZATION) { Ok(()) } else { Err(Problem::NoKey) }
    }

    fn read<'a>(&self, place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
        openai::read(place, body)
    }

    fn plain(&self, reply: &Reply<'_>) -> Vec<u8> {
        chat::plain(&STYLE, reply)
    }

    fn frames(&self, reply: &Reply<'_>) -> Frames {
        chat::frames(&STYLE, reply)
    }

    fn embeddings(&self, reply: &Reply<'_>) -> Vec<u8> {
        embeddings::write(&EMBEDDINGS, reply)
    }

    fn error_event(&self, _ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
        // A stream has no room for a page.
        let cause = if cause == Cause::EdgeHtml { Cause::ServerError } else { cause };
        openai::event(&problem::of_cause(cause, scene).body)
    }

    fn key<'h>(&self, headers: &'h HeaderMap, _query: &'h str) -> &'h str {
        bearer(headers)
    }

    fn blocks_prompts_with_200(&self) -> Option<Finish> {
        Some(Finish::Refused)
    }

    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
        problem::failure(problem, scene)
    }

    /// What is left, and not until when.
    fn limits(&self, figures: &Figures, _now: Duration, headers: &mut HeaderMap) {
        for (what, figure) in limits::told(figures) {
            let what = if what == "requests" { "req" } else { what };
            let per = match limits::per(figure.window) {
                Per::Minute => "-minute",
                Per::Hour => "-hour",
                Per::Day => "-day",
            };
            limits::put(headers, &["x-ratelimit-limit-", what, per], figure.limit);
            limits::put(headers, &["x-ratelimit-remaining-", what, per], figure.remaining);
        }
    }

    fn mark(&self, headers: &mut HeaderMap, id: &str) {
        if let Ok(id) = HeaderValue::try_from(openai::uuid(id)) {
            headers.insert("mistral-correlation-id", id);
        }
    }

    fn stream_type(&self, _ask: &Ask<'_>) -> &'static str {
        SSE
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        models::list(names, "mistralai")
    }
}
