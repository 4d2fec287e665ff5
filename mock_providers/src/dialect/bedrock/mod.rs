//! AWS Bedrock: Converse, plain and as a binary event stream.
//!
//! The model's id stands in the path, percent-encoded. A stream goes `messageStart`, for tools `contentBlockStart`, the
//! deltas, `contentBlockStop`, `messageStop` with the stop reason, `metadata` with usage; what goes wrong in it is a
//! frame of its own kind (`exception`). The kind of an error stands in the header `x-amzn-ErrorType` and its text in
//! the body; a bad key is a 403, missing quota a 400, a model that takes too long a 408. A blocked prompt is an answer
//! with stop reason `guardrail_intervened`, whose text is the guardrail's and looks like any other.

mod problem;
mod reply;
mod request;
mod stream;

use super::{
    Ask, Failure, Filling, Finish, Format, Frames, Place, Problem, Reply, Route, Scene, Unreadable, bearer, wire,
};
use crate::fault::{Cause, Endpoint};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::json;

pub(super) struct Bedrock;

impl Format for Bedrock {
    fn route<'u>(&self, method: &Method, path: &'u str, _query: &str) -> Route<'u> {
        if path.ends_with("/foundation-models") && *method == Method::GET {
            return Route::Models;
        }
        let (rest, stream) = match path.strip_suffix("/converse") {
            Some(rest) => (rest, false),
            None => match path.strip_suffix("/converse-stream") {
                Some(rest) => (rest, true),
                None => return Route::Unknown,
            },
        };
        match rest.rsplit_once("/model/") {
            Some((_, model)) if !model.is_empty() => {
                let place = Place { endpoint: Some(Endpoint::Chat), model, stream, array: false };
                if *method == Method::POST { Route::Ask(place) } else { Route::WrongMethod }
            }
            _ => Route::Unknown,
        }
    }

    fn admit(&self, headers: &HeaderMap, _query: &str) -> Result<(), Problem<'static>> {
        if headers.contains_key(header::AUTHORIZATION) { Ok(()) } else { Err(Problem::NoKey) }
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

    fn error_event(&self, _ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
        let (kind, message) = problem::exception(cause, scene);
        let mut frame = Vec::with_capacity(256);
        stream::push_exception(&mut frame, kind, &json!({ "message": message }));
        frame
    }

    fn refuses_prefill(&self) -> bool {
        true
    }

    fn blocks_prompts_with_200(&self) -> Option<Finish> {
        Some(Finish::Blocked)
    }

    /// The bearer token, or the access key id of a signature: the rest of that changes from request to request.
    fn key<'h>(&self, headers: &'h HeaderMap, _query: &'h str) -> &'h str {
        let sent = bearer(headers);
        let credential = sent.split(',').find_map(|field| field.trim().strip_prefix("Credential="));
        credential.map_or(sent, |credential| credential.split('/').next().unwrap_or_default())
    }

    /// A delta without text: there is nothing between frames, and clients drop none but those they know.
    fn filler(&self, _kind: Filling) -> Vec<u8> {
        reply::empty_delta()
    }

    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
        problem::failure(problem, scene)
    }

    fn mark(&self, headers: &mut HeaderMap, id: &str) {
        if let Ok(id) = HeaderValue::try_from(uuid(id)) {
            headers.insert("x-amzn-requestid", id);
        }
    }

    fn stream_type(&self, _ask: &Ask<'_>) -> &'static str {
        "application/vnd.amazon.eventstream"
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        let item = |name: &&str| {
            json!({
                "modelArn": format!("arn:aws:bedrock:us-east-1::foundation-model/{name}"), "modelId": name,
                "modelName": name, "responseStreamingSupported": true, "inputModalities": ["TEXT", "IMAGE"],
                "outputModalities": ["TEXT"], "modelLifecycle": { "status": "ACTIVE" },
            })
        };
        wire::json(&json!({ "modelSummaries": names.iter().map(item).collect::<Vec<_>>() }))
    }
}

/// An attempt's id in the form in which the vendor writes ids.
fn uuid(id: &str) -> String {
    let part = |from, to| id.get(from..to).unwrap_or("0000");
    format!("{}-{}-4000-8000-{:0>12}", part(0, 8), part(8, 12), id.get(12..).unwrap_or_default())
}
