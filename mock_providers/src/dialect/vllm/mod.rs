//! vLLM: OpenAI's chat as a server of one's own speaks it.
//!
//! Codes of errors are numbers, a stream that fails still ends with `[DONE]`, and a choice tells the stop text that came
//! up. A last turn by the assistant is gone on from if `continue_final_message` says so. There is no filter: what the model
//! will not answer it declines in words. `/health` answers whoever asks.

mod problem;

use super::openai::chat::{self, ChunkUsage, Declines, Details};
use super::openai::{self, embeddings, models};
use super::wire::SSE;
use super::{Ask, Failure, Finish, Format, Frames, Place, Problem, Reply, Route, Scene, Unreadable, bearer};
use crate::fault::{Cause, Endpoint};
use http::{HeaderMap, HeaderValue, Method, header};

pub(super) struct Vllm;

const SERVED: &[(&str, Endpoint)] = &[
    ("/v1/chat/completions", Endpoint::Chat),
    ("/v1/embeddings", Endpoint::Embeddings),
    ("/v1/models", Endpoint::Models),
];

const STYLE: chat::Style = chat::Style {
    call_id: |id, index| format!("chatcmpl-tool-{id}{index}"),
    service_tier: None,
    system_fingerprint: None,
    null_deltas: false,
    annotations: false,
    stop_reason: true,
    empty_at_finish: true,
    chunk_usage: ChunkUsage::Own { null_elsewhere: false },
    details: Details::Cached,
    declines: Declines::InWords,
    finish_reason,
    ..chat::OPENAI
};

const EMBEDDINGS: embeddings::Style = embeddings::Style { id: Some("embd-"), dimensions: |_| 1024 };

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Length | Finish::WindowFull => "length",
        Finish::ToolCall => "tool_calls",
        Finish::Stop
        | Finish::StopString
        | Finish::Refused
        | Finish::Blocked
        | Finish::BadToolOutput
        | Finish::Paused => "stop",
    }
}

impl Format for Vllm {
    fn route<'u>(&self, method: &Method, path: &'u str, _query: &str) -> Route<'u> {
        if path.ends_with("/health") {
            return if *method == Method::GET { Route::Health } else { Route::WrongMethod };
        }
        openai::route(method, path, SERVED)
    }

    fn admit(&self, headers: &HeaderMap, _query: &str) -> Result<(), Problem<'static>> {
        if headers.contains_key(header::AUTHORIZATION) { Ok(()) } else { Err(Problem::NoKey) }
    }

    fn read<'a>(&self, place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
        let ask = openai::read(place, body)?;
        // The template closes the last turn unless it is told not to.
        let prefill = if ask.unclosed { ask.prefill } else { None };
        Ok(Ask { prefill, ..ask })
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
        [&*openai::event(&problem::of_cause(cause, scene).body()), chat::DONE].concat()
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

    fn mark(&self, headers: &mut HeaderMap, _id: &str) {
        headers.insert(header::SERVER, HeaderValue::from_static("uvicorn"));
    }

    fn stream_type(&self, _ask: &Ask<'_>) -> &'static str {
        SSE
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        models::list(names, "vllm")
    }
}
