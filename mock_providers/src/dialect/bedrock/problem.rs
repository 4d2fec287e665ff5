//! Bedrock's errors: the kind in a header, `{"message"}` in the body; in a stream, a frame of the kind `exception`.

use crate::dialect::limits::{Per, per};
use crate::dialect::{Failure, Problem, Scene, edge};
use crate::fault::Cause;
use crate::limits::Resource;
use crate::model::Capability;
use serde_json::json;

const VALIDATION: (u16, &str) = (400, "ValidationException");
const ACCESS_DENIED: (u16, &str) = (403, "AccessDeniedException");
const THROTTLING: (u16, &str) = (429, "ThrottlingException");
const INTERNAL: (u16, &str) = (500, "InternalServerException");
const UNAVAILABLE: (u16, &str) = (503, "ServiceUnavailableException");
const UNKNOWN_OPERATION: (u16, &str) = (404, "UnknownOperationException");
const TOO_LARGE: (u16, &str) = (413, "RequestEntityTooLargeException");

const BROKEN: &str = "The system encountered an unexpected error during processing. Try your request again.";

fn error((status, kind): (u16, &'static str), message: &str) -> Failure {
    Failure::json(status, &json!({ "message": message })).with("x-amzn-errortype", kind)
}

pub(super) fn failure(problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
    let failure = match *problem {
        Problem::Cause(Cause::EdgeHtml) => edge::html(502, scene.id),
        Problem::Cause(cause) => {
            let (kind, message) = of_cause(cause, scene);
            error(kind, &message)
        }
        Problem::Status(status @ (502 | 504 | 520..=530)) => edge::html(status, scene.id),
        Problem::Status(status) => of_status(status, scene),
        Problem::NoKey => error((403, "MissingAuthenticationTokenException"), "Missing Authentication Token"),
        Problem::NoVersion => error(VALIDATION, "The request has no version."),
        Problem::NotJson => error((400, "SerializationException"), "The request body is not valid JSON."),
        Problem::BadShape(why) => error((400, "SerializationException"), why),
        Problem::MissingField(field) => {
            let message = format!(
                "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be \
                 null"
            );
            error(VALIDATION, &message)
        }
        Problem::NoSuchPath(method, path) | Problem::WrongMethod(method, path) => {
            error(UNKNOWN_OPERATION, &format!("Unable to find an operation for {method} {path}"))
        }
        Problem::TooLarge => error(TOO_LARGE, "Request Entity Too Large"),
        Problem::Lacks(capability) => {
            let message = match capability {
                Capability::Tools => "This model doesn't support tool use.",
                Capability::JsonSchema => {
                    "This model doesn't support the outputConfig.textFormat field. Remove outputConfig.textFormat and try \
                     again."
                }
                Capability::Vision => "This model doesn't support the image field. Remove image and try again.",
            };
            error(VALIDATION, message)
        }
    };
    match scene.retry_after_ms() {
        None => failure,
        // The vendor's own client listens to nothing else.
        Some(ms) => failure.with("x-amz-retry-after", ms),
    }
}

fn of_cause(cause: Cause, scene: &Scene<'_>) -> ((u16, &'static str), String) {
    let (kind, message) = match cause {
        Cause::BadRequest => (VALIDATION, "Malformed input request: please reformat your input and try again."),
        Cause::ContextLength => (VALIDATION, "Input is too long for requested model."),
        Cause::Auth => ((403, "UnrecognizedClientException"), "The security token included in the request is invalid."),
        Cause::Permission => (ACCESS_DENIED, "You don't have access to the model with the specified model ID."),
        Cause::ModelGone => {
            let message = format!("Could not resolve the foundation model from the model identifier: {}", scene.model);
            return ((404, "ResourceNotFoundException"), message);
        }
        Cause::RateLimited => (THROTTLING, throttled(scene, Resource::Requests)),
        Cause::PromptOverTpm => (THROTTLING, throttled(scene, Resource::Tokens)),
        Cause::QuotaExhausted => (
            (400, "ServiceQuotaExceededException"),
            "Your request exceeds the service quota for your account. You can request a quota increase.",
        ),
        Cause::Overloaded => (UNAVAILABLE, "The service isn't currently available. Try again later."),
        // The vendor says this with HTTP 200; whoever words it as an error all the same gets the nearest one.
        Cause::ContentPolicy => (VALIDATION, "The content was blocked by a content filter."),
        Cause::BodyTooLarge => (TOO_LARGE, "Request Entity Too Large"),
        Cause::Timeout => {
            ((408, "ModelTimeoutException"), "Model has timed out in processing the request. Try your request again.")
        }
        Cause::ServerError | Cause::EdgeHtml => (INTERNAL, BROKEN),
    };
    (kind, message.to_owned())
}

/// What a throttled client is told: of what it asked too much, and no figures. A script's throttling names no limit.
fn throttled(scene: &Scene<'_>, made_up: Resource) -> &'static str {
    match scene.hit().map_or((made_up, Per::Minute), |hit| (hit.resource, per(hit.window))) {
        (Resource::Requests, Per::Day) => "Too many requests per day, please wait before trying again.",
        (Resource::Requests, _) => "Too many requests, please wait before trying again.",
        (Resource::Tokens, Per::Day) => "Too many tokens per day, please wait before trying again.",
        (Resource::Tokens, _) => "Too many tokens, please wait before trying again.",
    }
}

fn of_status(status: u16, scene: &Scene<'_>) -> Failure {
    let cause = match status {
        400 => Cause::BadRequest,
        403 => Cause::Permission,
        404 => Cause::ModelGone,
        408 => Cause::Timeout,
        413 => Cause::BodyTooLarge,
        429 => Cause::RateLimited,
        500 => Cause::ServerError,
        503 => Cause::Overloaded,
        424 => {
            let body = json!({
                "message": "The model returned the following errors: unexpected end of output", "originalStatusCode": 500,
                "resourceName": scene.model,
            });
            return Failure::json(status, &body).with("x-amzn-errortype", "ModelErrorException");
        }
        401 => {
            return error(
                (status, "UnrecognizedClientException"),
                "The security token included in the request is invalid.",
            );
        }
        409 => return error((status, "ConflictException"), "The request conflicts with another one."),
        _ if status < 500 => return error((status, VALIDATION.1), "The request was not accepted."),
        _ => return error((status, INTERNAL.1), BROKEN),
    };
    let (kind, message) = of_cause(cause, scene);
    error(kind, &message)
}

/// What a stream ends with; it knows fewer kinds than an answer does.
pub(super) fn exception(cause: Cause, scene: &Scene<'_>) -> (&'static str, String) {
    let kind = match cause {
        Cause::RateLimited | Cause::PromptOverTpm | Cause::QuotaExhausted => "throttlingException",
        Cause::Overloaded => "serviceUnavailableException",
        Cause::Timeout => "modelStreamErrorException",
        Cause::ServerError | Cause::EdgeHtml => "internalServerException",
        Cause::BadRequest
        | Cause::ContextLength
        | Cause::Auth
        | Cause::Permission
        | Cause::ModelGone
        | Cause::ContentPolicy
        | Cause::BodyTooLarge => "validationException",
    };
    (kind, of_cause(cause, scene).1)
}
