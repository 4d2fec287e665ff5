//! Mistral's errors: flat objects with numbers for codes, a list of details for what does not validate, and a bare detail
//! for a bad key.

use crate::dialect::{Failure, Problem, Scene, edge, whole_seconds};
use crate::fault::Cause;
use crate::model::Capability;
use serde::Serialize;

#[derive(Serialize)]
struct ErrorObject<'a> {
    object: &'static str,
    message: &'a str,
    r#type: &'static str,
    param: (),
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_status_code: Option<u16>,
}

#[derive(Serialize)]
struct Unauthorized {
    detail: &'static str,
}

#[derive(Serialize)]
struct Invalid<'a> {
    detail: [Detail<'a>; 1],
}

#[derive(Serialize)]
struct Detail<'a> {
    r#type: &'static str,
    loc: [&'a str; 2],
    msg: &'a str,
    input: (),
}

/// What the gateway says of a path it does not know.
#[derive(Serialize)]
struct NoRoute<'a> {
    message: &'static str,
    request_id: &'a str,
}

const INVALID: &str = "invalid_request_error";

pub(super) fn failure(problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
    let failure = match *problem {
        Problem::Cause(cause) => of_cause(cause, scene),
        Problem::Status(status) => of_status(status, scene),
        Problem::NoKey => of_cause(Cause::Auth, scene),
        Problem::NoVersion => of_cause(Cause::BadRequest, scene),
        Problem::NotJson => invalid("json_invalid", "body", "JSON decode error"),
        Problem::BadShape(why) => invalid("value_error", "body", why),
        Problem::MissingField(field) => invalid("missing", field, "Field required"),
        Problem::NoSuchPath(..) => {
            Failure::json(404, &NoRoute { message: "no Route matched with those values", request_id: scene.id })
        }
        Problem::WrongMethod(..) => Failure::json(405, &Unauthorized { detail: "Method Not Allowed" }),
        Problem::TooLarge => of_cause(Cause::BodyTooLarge, scene),
        Problem::Lacks(capability) => {
            let what = match capability {
                Capability::Tools => "Function calling",
                Capability::JsonSchema => "Structured output",
                Capability::Vision => "Image input",
            };
            error(400, INVALID, None, &format!("{what} is not enabled for this model"))
        }
    };
    match scene.retry_after {
        None => failure,
        Some(wait) => failure.with("retry-after", whole_seconds(wait)),
    }
}

fn error(status: u16, r#type: &'static str, code: Option<&'static str>, message: &str) -> Failure {
    let object = ErrorObject { object: "error", message, r#type, param: (), code, raw_status_code: None };
    Failure::json(status, &object)
}

/// An error that repeats its status.
fn raw(status: u16, r#type: &'static str, code: &'static str, message: &str) -> Failure {
    let (code, raw_status_code) = (Some(code), Some(status));
    Failure::json(status, &ErrorObject { object: "error", message, r#type, param: (), code, raw_status_code })
}

fn invalid(r#type: &'static str, field: &str, msg: &str) -> Failure {
    Failure::json(422, &Invalid { detail: [Detail { r#type, loc: ["body", field], msg, input: () }] })
}

pub(super) fn of_cause(cause: Cause, scene: &Scene<'_>) -> Failure {
    match cause {
        Cause::BadRequest => invalid("value_error", "messages", "Value error, the messages were rejected"),
        Cause::ContextLength => {
            let (prompt, context) = (scene.too_many_tokens(), scene.context);
            let message =
                format!("Prompt contains {prompt} tokens, too large for model with {context} maximum context length");
            error(400, INVALID, Some("3051"), &message)
        }
        Cause::Auth => Failure::json(401, &Unauthorized { detail: "Unauthorized" }),
        Cause::Permission => {
            error(403, "tier_not_allowed", None, "This model is not available in your subscription tier")
        }
        Cause::ModelGone => raw(400, "invalid_model", "1500", &format!("Invalid model: {}", scene.model)),
        Cause::RateLimited => raw(429, "rate_limited", "1300", "Rate limit exceeded"),
        Cause::PromptOverTpm => raw(429, "rate_limited", "1300", "Tokens rate limit exceeded"),
        Cause::QuotaExhausted => error(402, INVALID, None, "Payment required"),
        Cause::Overloaded => error(503, INVALID, Some("3505"), "Service tier capacity exceeded for this model."),
        // The model declines such a prompt in words; whoever words it as an error all the same gets the nearest one.
        Cause::ContentPolicy => error(400, INVALID, None, "The prompt was rejected."),
        Cause::BodyTooLarge => error(413, INVALID, None, "Request Entity Too Large"),
        Cause::Timeout => error(504, "internal_server_error", None, "The upstream server is timing out"),
        Cause::ServerError => error(500, "internal_server_error", Some("1000"), "Service unavailable."),
        Cause::EdgeHtml => edge::html(502, scene.id),
    }
}

fn of_status(status: u16, scene: &Scene<'_>) -> Failure {
    match status {
        400 => error(400, INVALID, None, "The request was not accepted."),
        401 => of_cause(Cause::Auth, scene),
        402 => of_cause(Cause::QuotaExhausted, scene),
        403 => of_cause(Cause::Permission, scene),
        413 => of_cause(Cause::BodyTooLarge, scene),
        422 => of_cause(Cause::BadRequest, scene),
        429 => of_cause(Cause::RateLimited, scene),
        500 => of_cause(Cause::ServerError, scene),
        502 | 520..=530 => edge::html(status, scene.id),
        503 => of_cause(Cause::Overloaded, scene),
        504 => of_cause(Cause::Timeout, scene),
        _ if status < 500 => error(status, INVALID, None, "The request was not accepted."),
        _ => error(status, "internal_server_error", None, "Service unavailable."),
    }
}
