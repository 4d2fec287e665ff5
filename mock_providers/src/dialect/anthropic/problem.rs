//! Anthropic's errors: `{"type": "error", "error": {type, message}, request_id}`, and what its edge says instead.

use super::limits;
use crate::dialect::{Failure, Problem, Scene, edge, whole_seconds};
use crate::fault::Cause;
use crate::limits::Resource;
use crate::model::Capability;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct ErrorObject<'a> {
    pub(super) r#type: &'a str,
    pub(super) message: &'a str,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    r#type: &'static str,
    error: ErrorObject<'a>,
    request_id: &'a str,
}

pub(super) fn failure(problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
    let error = |status, r#type, message: &str| {
        let request_id = &format!("req_{}", scene.id);
        Failure::json(status, &ErrorBody { r#type: "error", error: ErrorObject { r#type, message }, request_id })
    };
    let invalid = |message: &str| error(400, "invalid_request_error", message);
    let failure = match *problem {
        Problem::Cause(Cause::EdgeHtml) => edge::html(502, scene.id),
        Problem::Status(status @ (502 | 520..=528 | 530)) => edge::html(status, scene.id),
        Problem::Cause(cause) => {
            let (status, r#type, message) = of_cause(cause, scene);
            error(status, r#type, &message)
        }
        Problem::Status(status) => {
            let (r#type, message) = of_status(status, scene);
            error(status, r#type, &message)
        }
        Problem::NoKey => error(401, "authentication_error", "x-api-key header is required"),
        Problem::NoVersion => invalid("anthropic-version: header is required"),
        Problem::NotJson => invalid("The request body is not valid JSON"),
        Problem::BadShape(why) => invalid(why),
        Problem::MissingField(field) => invalid(&format!("{field}: Field required")),
        Problem::NoSuchPath(..) => error(404, "not_found_error", "Not found"),
        Problem::WrongMethod(..) => error(405, "invalid_request_error", "Method Not Allowed"),
        Problem::TooLarge => error(413, "request_too_large", "Request exceeds the maximum size"),
        Problem::Lacks(capability) => {
            let what = match capability {
                Capability::Tools => "tool use",
                Capability::JsonSchema => "output_config.format",
                Capability::Vision => "image input",
            };
            invalid(&format!("'{}' does not support {what}.", scene.model))
        }
    };
    let made_up = |failure: Failure, resource| match scene.figures {
        Some(_) => failure,
        None => failure.telling(|headers| limits::tell(&limits::made_up(scene, resource), scene.now, headers)),
    };
    let failure = match problem {
        Problem::Cause(Cause::RateLimited) | Problem::Status(429) => made_up(failure, Resource::Requests),
        Problem::Cause(Cause::PromptOverTpm) => made_up(failure, Resource::Tokens),
        _ => failure,
    };
    match scene.retry_after {
        None => failure,
        Some(wait) => failure.with("retry-after", whole_seconds(wait)),
    }
}

pub(super) fn of_cause(cause: Cause, scene: &Scene<'_>) -> (u16, &'static str, String) {
    let invalid = "invalid_request_error";
    let (status, r#type, message) = match cause {
        Cause::BadRequest => (400, invalid, "messages: roles must alternate between \"user\" and \"assistant\""),
        Cause::ContextLength => {
            let message = format!("prompt is too long: {} tokens > {} maximum", scene.too_many_tokens(), scene.context);
            return (400, invalid, message);
        }
        Cause::Auth => (401, "authentication_error", "invalid x-api-key"),
        Cause::Permission => {
            (403, "permission_error", "Your API key does not have permission to use the specified resource.")
        }
        Cause::ModelGone => return (404, "not_found_error", format!("model: {}", scene.model)),
        Cause::RateLimited => return (429, "rate_limit_error", limits::reached(scene, Resource::Requests)),
        Cause::PromptOverTpm => return (429, "rate_limit_error", limits::reached(scene, Resource::Tokens)),
        Cause::BodyTooLarge => (413, "request_too_large", "Request exceeds the maximum size"),
        Cause::Timeout => (504, "timeout_error", "The request timed out while processing."),
        Cause::QuotaExhausted => (
            400,
            invalid,
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or \
             purchase credits.",
        ),
        Cause::Overloaded => (529, "overloaded_error", "Overloaded"),
        // The vendor says this with HTTP 200; whoever words it as an error all the same gets the nearest one.
        Cause::ContentPolicy => (400, invalid, "Output blocked by content filtering policy"),
        Cause::ServerError => (500, "api_error", "Internal server error"),
        Cause::EdgeHtml => (502, "api_error", "Bad gateway"),
    };
    (status, r#type, message.to_owned())
}

fn of_status(status: u16, scene: &Scene<'_>) -> (&'static str, String) {
    let cause = match status {
        400 => Cause::BadRequest,
        401 => Cause::Auth,
        403 => Cause::Permission,
        404 => Cause::ModelGone,
        429 => Cause::RateLimited,
        500 => Cause::ServerError,
        529 => Cause::Overloaded,
        _ => {
            let (r#type, message) = match status {
                402 => ("billing_error", "There is an issue with your billing or payment information."),
                409 => ("conflict_error", "The request conflicts with another one."),
                413 => ("request_too_large", "Request exceeds the maximum size"),
                504 => ("timeout_error", "The request timed out while processing."),
                503 => ("api_error", "Service Unavailable"),
                400..=499 => ("invalid_request_error", "The request was not accepted."),
                _ => ("api_error", "Internal server error"),
            };
            return (r#type, message.to_owned());
        }
    };
    let (_, r#type, message) = of_cause(cause, scene);
    (r#type, message)
}
