//! Azure OpenAI: OpenAI's wire behind a gateway and a content filter.
//!
//! On the classic path (`/openai/deployments/{name}/…`) the deployment stands for the model and `api-version` must be
//! there: without it nothing is found. On `/openai/v1/…` all is as with OpenAI. Answers bear what the filter found; a
//! stream begins with a chunk of that and nothing else, and comes in bursts, since the filter reads before the client.
//! The code of a rate limit is the string `"429"`.

mod limits;
mod problem;

use super::openai::{self, chat, embeddings, models, responses};
use super::wire::SSE;
use super::{Ask, Failure, Finish, Format, Frames, Place, Problem, Reply, Route, Scene, Unreadable, bearer};
use crate::fault::{Cause, Endpoint};
use crate::limits::Figures;
use http::{HeaderMap, HeaderValue, Method, header};
use std::time::Duration;

pub(super) struct Azure;

const SERVED: &[(&str, Endpoint)] = &[
    ("/openai/v1/chat/completions", Endpoint::Chat),
    ("/openai/v1/responses", Endpoint::Responses),
    ("/openai/v1/embeddings", Endpoint::Embeddings),
    ("/openai/v1/models", Endpoint::Models),
];

/// What is served below a deployment.
const DEPLOYED: &[(&str, Endpoint)] = &[("/chat/completions", Endpoint::Chat), ("/embeddings", Endpoint::Embeddings)];

const STYLE: chat::Style = chat::Style { filters: true, ..chat::OPENAI };

/// How long the filter gathers text before it lets it through.
const BURST_MS: u64 = 200;

/// The deployment that a classic path names, and what is asked of it.
fn deployed(path: &str) -> Option<(&str, &str)> {
    let (_, rest) = path.rsplit_once("/openai/deployments/")?;
    Some(rest.split_at(rest.find('/')?))
}

/// Whether the query says a version of the API.
fn versioned(query: &str) -> bool {
    query.split('&').any(|pair| pair.strip_prefix("api-version=").is_some_and(|version| !version.is_empty()))
}

impl Format for Azure {
    fn route<'u>(&self, method: &Method, path: &'u str, query: &str) -> Route<'u> {
        let Some((model, rest)) = deployed(path) else { return openai::route(method, path, SERVED) };
        match DEPLOYED.iter().find(|(served, _)| *served == rest) {
            Some(_) if model.is_empty() || !versioned(query) => Route::Unknown,
            Some((_, endpoint)) if *method == Method::POST => Route::Ask(Place { model, ..Place::of(*endpoint) }),
            Some(_) => Route::WrongMethod,
            None => Route::Unknown,
        }
    }

    fn admit(&self, headers: &HeaderMap, _query: &str) -> Result<(), Problem<'static>> {
        let has_key = headers.contains_key("api-key") || headers.contains_key(header::AUTHORIZATION);
        if has_key { Ok(()) } else { Err(Problem::NoKey) }
    }

    fn read<'a>(&self, place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
        openai::read(place, body)
    }

    fn plain(&self, reply: &Reply<'_>) -> Vec<u8> {
        openai::plain(&STYLE, reply)
    }

    fn frames(&self, reply: &Reply<'_>) -> Frames {
        openai::frames(&STYLE, reply)
    }

    fn embeddings(&self, reply: &Reply<'_>) -> Vec<u8> {
        embeddings::write(&embeddings::OPENAI, reply)
    }

    fn burst_ms(&self) -> u64 {
        BURST_MS
    }

    fn error_event(&self, ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
        if ask.endpoint == Endpoint::Responses {
            return responses::error_event(&problem::in_responses(cause, scene), ask, cause, scene);
        }
        openai::event(&problem::body(&Problem::Cause(cause), scene))
    }

    fn key<'h>(&self, headers: &'h HeaderMap, _query: &'h str) -> &'h str {
        headers.get("api-key").and_then(|key| key.to_str().ok()).unwrap_or_else(|| bearer(headers))
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
        if let Ok(id) = HeaderValue::try_from(openai::uuid(id)) {
            headers.insert("apim-request-id", id.clone());
            headers.insert("x-request-id", id);
        }
        headers.insert("x-ms-region", HeaderValue::from_static("East US"));
    }

    fn stream_type(&self, _ask: &Ask<'_>) -> &'static str {
        SSE
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        models::list(names, "system")
    }
}
