//! Anthropic: messages, plain and as named server-sent events.
//!
//! A stream goes `message_start`, `content_block_start`, `ping`, the deltas, `content_block_stop`, `message_delta` with
//! the stop reason, `message_stop`; the arguments of a tool call come as fragments of a string, the first of them empty.
//! Overload has a status of its own (529), missing prepaid credit is a 400, and a blocked prompt is an answer with stop
//! reason `refusal`.

mod limits;
mod problem;
mod reply;
mod request;

use super::wire::{self, SSE};
use super::{Ask, Failure, Finish, Format, Frames, Place, Problem, Reply, Route, Scene, Unreadable, bearer};
use crate::fault::{Cause, Endpoint};
use crate::limits::Figures;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Serialize;
use std::time::Duration;

pub(super) struct Anthropic;

/// The version of the API that takes no sampling parameters any more.
const WITHOUT_SAMPLING: &[u8] = b"2026-10-21";

#[derive(Serialize)]
struct ModelList<'a> {
    data: Vec<ModelItem<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct ModelItem<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: &'static str,
}

impl Format for Anthropic {
    fn route<'u>(&self, method: &Method, path: &'u str, _query: &str) -> Route<'u> {
        if path.ends_with("/v1/messages") {
            if *method == Method::POST { Route::Ask(Place::of(Endpoint::Chat)) } else { Route::WrongMethod }
        } else if path.ends_with("/v1/models") {
            if *method == Method::GET { Route::Models } else { Route::WrongMethod }
        } else {
            Route::Unknown
        }
    }

    fn admit(&self, headers: &HeaderMap, _query: &str) -> Result<(), Problem<'static>> {
        if !headers.contains_key("x-api-key") && !headers.contains_key(header::AUTHORIZATION) {
            Err(Problem::NoKey)
        } else if !headers.contains_key("anthropic-version") {
            Err(Problem::NoVersion)
        } else {
            Ok(())
        }
    }

    fn read<'a>(&self, _place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
        request::read(body)
    }

    fn check(&self, headers: &HeaderMap, ask: &Ask<'_>) -> Result<(), Problem<'static>> {
        let version = headers.get("anthropic-version").map(HeaderValue::as_bytes);
        if ask.prefill.as_ref().is_some_and(|said| said.ends_with(char::is_whitespace)) {
            return Err(Problem::BadShape("messages: final assistant content cannot end with trailing whitespace"));
        }
        match ask.thinking_budget {
            Some(..1024) => {
                return Err(Problem::BadShape(
                    "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
                ));
            }
            Some(budget) if ask.max_tokens.is_some_and(|most| most <= budget) => {
                return Err(Problem::BadShape("`max_tokens` must be greater than `thinking.budget_tokens`"));
            }
            _ => {}
        }
        match ask.sampling {
            Some(parameter) if version == Some(WITHOUT_SAMPLING) => Err(Problem::BadShape(match parameter {
                "temperature" => "temperature: Extra inputs are not permitted",
                "top_p" => "top_p: Extra inputs are not permitted",
                _ => "top_k: Extra inputs are not permitted",
            })),
            _ => Ok(()),
        }
    }

    fn plain(&self, reply: &Reply<'_>) -> Vec<u8> {
        reply::plain(reply)
    }

    fn frames(&self, reply: &Reply<'_>) -> Frames {
        reply::frames(reply)
    }

    fn error_event(&self, _ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
        let (_, r#type, message) = problem::of_cause(cause, scene);
        reply::error(problem::ErrorObject { r#type, message: &message })
    }

    fn key<'h>(&self, headers: &'h HeaderMap, _query: &'h str) -> &'h str {
        headers.get("x-api-key").and_then(|key| key.to_str().ok()).unwrap_or_else(|| bearer(headers))
    }

    fn refuses_prefill(&self) -> bool {
        true
    }

    fn blocks_prompts_with_200(&self) -> Option<Finish> {
        Some(Finish::Refused)
    }

    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
        problem::failure(problem, scene)
    }

    fn limits(&self, figures: &Figures, now: Duration, headers: &mut HeaderMap) {
        limits::tell(figures, now, headers);
    }

    fn mark(&self, headers: &mut HeaderMap, id: &str) {
        if let Ok(id) = HeaderValue::try_from(format!("req_{id}")) {
            headers.insert("request-id", id);
        }
        headers.insert("anthropic-organization-id", HeaderValue::from_static("00000000-0000-4000-8000-000000000000"));
        headers.insert("anthropic-workspace-id", HeaderValue::from_static("wrkspc_hopdrill"));
    }

    fn stream_type(&self, _ask: &Ask<'_>) -> &'static str {
        SSE
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        let item = |id| ModelItem { r#type: "model", id, display_name: id, created_at: "2025-01-01T00:00:00Z" };
        let data = names.iter().copied().map(item).collect();
        let (first_id, last_id) = (names.first().copied(), names.last().copied());
        wire::json(&ModelList { data, has_more: false, first_id, last_id })
    }
}
