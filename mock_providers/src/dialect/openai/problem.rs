//! OpenAI's errors: `{"error": {message, type, param, code}}`, and what its edge says instead.

use crate::dialect::{Failure, Problem, Scene, edge, whole_seconds};
use crate::fault::Cause;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Value,
}

fn error(status: u16, r#type: &str, code: impl Into<Value>, param: Option<&str>, message: &str) -> Failure {
    Failure::json(status, &ErrorBody { error: ErrorObject { message, r#type, param, code: code.into() } })
}

fn invalid(status: u16, code: impl Into<Value>, param: Option<&str>, message: &str) -> Failure {
    error(status, "invalid_request_error", code, param, message)
}

/// What says that there is more load than can be taken; the same object stands in an error answer and in a stream.
pub(super) fn overloaded() -> Failure {
    error(
        503,
        "service_unavailable_error",
        "server_is_overloaded",
        None,
        "The server is currently overloaded. Please try again later.",
    )
}

pub(super) fn failure(problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
    let failure = match *problem {
        Problem::Cause(cause) => of_cause(cause, scene),
        Problem::Status(status) => of_status(status, scene),
        Problem::NoKey => invalid(
            401,
            (),
            None,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using \
             Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        ),
        Problem::NoVersion => invalid(400, (), None, "Missing API version."),
        Problem::NotJson => invalid(
            400,
            (),
            None,
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP \
             library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
        ),
        Problem::BadShape(why) => invalid(400, "invalid_type", None, &format!("Invalid request: {why}.")),
        Problem::MissingField("model") => invalid(400, (), None, "you must provide a model parameter"),
        Problem::MissingField(field) => {
            invalid(400, "missing_required_parameter", Some(field), &format!("Missing required parameter: '{field}'."))
        }
        Problem::NoSuchPath(method, path) => invalid(
            404,
            "unknown_url",
            None,
            &format!(
                "Unknown request URL: {method} {path}. Please check the URL for typos, or see the docs at https://platform.openai.com/docs/api-reference/."
            ),
        ),
        Problem::WrongMethod(method, path) => invalid(
            405,
            "method_not_supported",
            None,
            &format!("Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)"),
        ),
        Problem::TooLarge => invalid(413, (), None, "The request body is too large."),
    };
    match scene.retry_after {
        None => failure,
        Some(wait) => with_retry_after(failure, wait),
    }
}

fn of_cause(cause: Cause, scene: &Scene<'_>) -> Failure {
    let Scene { model, context, .. } = scene;
    match cause {
        Cause::BadRequest => {
            invalid(400, "invalid_value", Some("messages"), "Invalid value: 'messages' was rejected by the API.")
        }
        Cause::ContextLength => invalid(
            400,
            "context_length_exceeded",
            Some("messages"),
            &format!(
                "This model's maximum context length is {context} tokens. However, your messages resulted in {} tokens. \
                 Please reduce the length of the messages.",
                scene.too_many_tokens()
            ),
        ),
        Cause::Auth => invalid(
            401,
            "invalid_api_key",
            None,
            "Incorrect API key provided: sk-****. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
        ),
        Cause::Permission => error(
            403,
            "request_forbidden",
            "unsupported_country_region_territory",
            None,
            "Country, region, or territory not supported",
        ),
        Cause::ModelGone => invalid(
            404,
            "model_not_found",
            None,
            &format!("The model `{model}` does not exist or you do not have access to it."),
        ),
        Cause::RateLimited => {
            let wait = scene.retry_after.unwrap_or(Duration::from_millis(120));
            error(
                429,
                "requests",
                "rate_limit_exceeded",
                None,
                &format!(
                    "Rate limit reached for {model} in organization org-hopdrill on requests per min (RPM): Limit 500, \
                     Used 500, Requested 1. Please try again in {}.",
                    go_duration(wait)
                ),
            )
            .with("x-ratelimit-limit-requests", "500")
            .with("x-ratelimit-remaining-requests", "0")
            .with("x-ratelimit-reset-requests", go_duration(wait))
        }
        Cause::PromptOverTpm => error(
            429,
            "tokens",
            "rate_limit_exceeded",
            None,
            &format!(
                "Request too large for {model} in organization org-hopdrill on tokens per min (TPM): Limit 1, Requested {}. \
                 The input or output tokens must be reduced in order to run successfully.",
                scene.prompt_tokens
            ),
        ),
        Cause::BodyTooLarge => invalid(413, (), None, "The request body is too large."),
        Cause::Timeout => error(504, "server_error", (), None, "The request timed out. Please try again later."),
        Cause::QuotaExhausted => error(
            429,
            "insufficient_quota",
            "insufficient_quota",
            None,
            "You exceeded your current quota, please check your plan and billing details. For more information on this \
             error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
        ),
        Cause::Overloaded => overloaded(),
        Cause::ContentPolicy => invalid(
            400,
            "content_policy_violation",
            None,
            "Your request was rejected as a result of our safety system.",
        ),
        Cause::ServerError => error(
            500,
            "server_error",
            (),
            None,
            "The server had an error while processing your request. Sorry about that!",
        ),
        Cause::EdgeHtml => edge::html(502, scene.id),
    }
}

fn of_status(status: u16, scene: &Scene<'_>) -> Failure {
    match status {
        400 => of_cause(Cause::BadRequest, scene),
        401 => of_cause(Cause::Auth, scene),
        403 => of_cause(Cause::Permission, scene),
        404 => of_cause(Cause::ModelGone, scene),
        429 => of_cause(Cause::RateLimited, scene),
        500 => of_cause(Cause::ServerError, scene),
        502 => error(502, "cf_bad_gateway", 502, None, "Bad gateway."),
        503 => of_cause(Cause::Overloaded, scene),
        504 => error(504, "server_error", (), None, "The request timed out. Please try again later."),
        520..=530 => edge::html(status, scene.id),
        409 => error(409, "conflict_error", (), None, "The resource was updated by another request."),
        422 => invalid(422, (), None, "Unable to process the request despite the format being correct."),
        _ if status < 500 => invalid(status, (), None, "The request was not accepted."),
        _ => error(status, "server_error", (), None, "The server had an error while processing your request."),
    }
}

fn with_retry_after(failure: Failure, wait: Duration) -> Failure {
    let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    failure.with("retry-after", whole_seconds(wait)).with("retry-after-ms", ms)
}

/// A duration as the vendor's headers write it: `120ms`, `7.5s`, `6m0s`.
fn go_duration(wait: Duration) -> String {
    let ms = wait.as_millis();
    match ms {
        0..1000 => format!("{ms}ms"),
        1000..60_000 => format!("{}s", ms as f64 / 1e3),
        _ => format!("{}m{}s", ms / 60_000, (ms % 60_000) as f64 / 1e3),
    }
}
