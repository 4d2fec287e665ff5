//! Ollama's errors: `{"error": "text"}`, and the plain text of its router.

use crate::dialect::{Failure, Problem, Scene, edge, whole_seconds};
use crate::fault::Cause;
use crate::model::Capability;
use serde_json::json;

const BUSY: &str = "server busy, please try again.  maximum pending requests exceeded";
const BROKEN: &str = "an error was encountered while running the model: unexpected EOF";

fn error(status: u16, text: &str) -> Failure {
    Failure::json(status, &json!({ "error": text }))
}

/// What the router in front of the API says.
fn text(status: u16, text: &str) -> Failure {
    Failure { status, content_type: "text/plain", headers: Vec::new(), body: text.as_bytes().to_vec() }
}

pub(super) fn failure(problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
    let failure = match *problem {
        Problem::Cause(cause) => of_cause(cause, scene),
        Problem::Status(status) => of_status(status, scene),
        Problem::NoKey => error(401, "unauthorized"),
        Problem::NoVersion => error(400, "version is required"),
        Problem::NotJson => error(400, "unexpected EOF"),
        Problem::BadShape(why) => error(400, &format!("json: cannot unmarshal request: {why}")),
        Problem::MissingField(field) => error(400, &format!("{field} is required")),
        Problem::NoSuchPath(..) => text(404, "404 page not found"),
        Problem::WrongMethod(..) => text(405, "405 method not allowed"),
        Problem::TooLarge => error(413, "http: request body too large"),
        Problem::Lacks(capability) => {
            let what = match capability {
                Capability::Tools => "tools",
                Capability::JsonSchema => "structured outputs",
                Capability::Vision => "images",
            };
            error(400, &format!("registry.ollama.ai/library/{} does not support {what}", scene.model))
        }
    };
    // It has no quotas, so of them it can tell nothing.
    match scene.retry_after.filter(|_| scene.figures.is_none()) {
        None => failure,
        Some(wait) => failure.with("retry-after", whole_seconds(wait)),
    }
}

fn of_cause(cause: Cause, scene: &Scene<'_>) -> Failure {
    match cause {
        Cause::BadRequest => error(400, "invalid message role: must be one of system, user, assistant or tool"),
        Cause::ContextLength => error(
            400,
            &format!(
                "the input length exceeds the context length: {} tokens, context length is {}",
                scene.too_many_tokens(),
                scene.context
            ),
        ),
        Cause::Auth => error(401, "unauthorized"),
        Cause::Permission => error(403, "origin not allowed"),
        Cause::ModelGone => error(404, &format!("model '{}' not found", scene.model)),
        Cause::RateLimited | Cause::PromptOverTpm => error(429, "too many requests, please slow down"),
        Cause::QuotaExhausted => error(429, "you've reached your usage limit, please upgrade to continue"),
        Cause::Overloaded => error(503, BUSY),
        Cause::ContentPolicy => error(400, "the request was rejected"),
        Cause::BodyTooLarge => error(413, "http: request body too large"),
        Cause::Timeout => error(500, "timed out waiting for llama runner to start - progress 0.00 - "),
        Cause::ServerError => error(500, BROKEN),
        Cause::EdgeHtml => edge::html(502, scene.id),
    }
}

fn of_status(status: u16, scene: &Scene<'_>) -> Failure {
    match status {
        400 => of_cause(Cause::BadRequest, scene),
        401 => of_cause(Cause::Auth, scene),
        403 => of_cause(Cause::Permission, scene),
        404 => of_cause(Cause::ModelGone, scene),
        413 => of_cause(Cause::BodyTooLarge, scene),
        429 => of_cause(Cause::RateLimited, scene),
        500 => of_cause(Cause::ServerError, scene),
        503 => of_cause(Cause::Overloaded, scene),
        502 | 504 | 520..=530 => edge::html(status, scene.id),
        _ if status < 500 => error(status, "the request was not accepted"),
        _ => error(status, BROKEN),
    }
}
