//! OpenAI's errors: `{"error": {message, type, param, code}}`, and what its edge says instead.

use super::limits;
use crate::dialect::{Failure, Problem, Scene, edge, whole_seconds, wire};
use crate::fault::Cause;
use crate::model::Capability;
use serde::Serialize;
use std::borrow::Cow;

/// An error in the vendor's words.
pub(crate) struct Wording<'a> {
    pub(crate) status: u16,
    pub(crate) r#type: &'a str,
    pub(crate) code: Code,
    pub(crate) param: Option<&'a str>,
    pub(crate) message: Cow<'a, str>,
}

/// The code of an error: a word, or a number where an edge or a lookalike speaks.
#[derive(Serialize, Clone, Copy)]
#[serde(untagged)]
pub(crate) enum Code {
    Null(()),
    Name(&'static str),
    Number(u16),
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Code,
}

const NULL: Code = Code::Null(());
const INVALID: &str = "invalid_request_error";

impl Wording<'_> {
    /// As an `error` object in a body of its own.
    pub(crate) fn body(&self) -> Vec<u8> {
        let Self { r#type, code, param, message, .. } = self;
        wire::json(&ErrorBody { error: ErrorObject { message, r#type, param: *param, code: *code } })
    }

    pub(crate) fn failure(&self) -> Failure {
        Failure { status: self.status, content_type: wire::JSON, headers: Vec::new(), body: self.body() }
    }
}

fn error<'a>(status: u16, r#type: &'a str, code: Code, message: impl Into<Cow<'a, str>>) -> Wording<'a> {
    Wording { status, r#type, code, param: None, message: message.into() }
}

fn invalid<'a>(status: u16, code: Code, param: Option<&'a str>, message: impl Into<Cow<'a, str>>) -> Wording<'a> {
    Wording { param, ..error(status, INVALID, code, message) }
}

pub(super) fn failure(problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
    let failure = match page(problem) {
        Some(status) => edge::html(status, scene.id),
        None => wording(problem, scene).failure(),
    };
    let failure = match *problem {
        Problem::Cause(Cause::RateLimited) | Problem::Status(429) if scene.figures.is_none() => {
            failure.telling(|headers| limits::tell(&limits::made_up(scene), headers))
        }
        _ => failure,
    };
    with_retry_after(failure, scene)
}

/// The status of the page in which an edge says this, if it is the edge that does.
pub(crate) fn page(problem: &Problem<'_>) -> Option<u16> {
    match *problem {
        Problem::Cause(Cause::EdgeHtml) => Some(502),
        Problem::Status(status @ 520..=530) => Some(status),
        _ => None,
    }
}

/// The vendor's words, where it is not the edge that speaks.
pub(crate) fn wording<'a>(problem: &Problem<'a>, scene: &Scene<'_>) -> Wording<'a> {
    match *problem {
        Problem::Cause(cause) => of_cause(cause, scene),
        Problem::Status(status) => of_status(status, scene),
        Problem::NoKey => invalid(
            401,
            NULL,
            None,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using \
             Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        ),
        Problem::NoVersion => invalid(400, NULL, None, "Missing API version."),
        Problem::NotJson => invalid(
            400,
            NULL,
            None,
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP \
             library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
        ),
        Problem::BadShape(why) => invalid(400, Code::Name("invalid_type"), None, format!("Invalid request: {why}.")),
        Problem::MissingField("model") => invalid(400, NULL, None, "you must provide a model parameter"),
        Problem::MissingField(field) => invalid(
            400,
            Code::Name("missing_required_parameter"),
            Some(field),
            format!("Missing required parameter: '{field}'."),
        ),
        Problem::NoSuchPath(method, path) => invalid(
            404,
            Code::Name("unknown_url"),
            None,
            format!(
                "Unknown request URL: {method} {path}. Please check the URL for typos, or see the docs at \
                 https://platform.openai.com/docs/api-reference/."
            ),
        ),
        Problem::WrongMethod(method, path) => invalid(
            405,
            Code::Name("method_not_supported"),
            None,
            format!("Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)"),
        ),
        Problem::TooLarge => of_cause(Cause::BodyTooLarge, scene),
        Problem::Lacks(Capability::Tools) => invalid(
            400,
            Code::Name("unsupported_parameter"),
            Some("tools"),
            "Unsupported parameter: 'tools' is not supported with this model.",
        ),
        Problem::Lacks(Capability::JsonSchema) => invalid(
            400,
            NULL,
            Some("response_format"),
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. Learn more about \
             supported models at the Structured Outputs guide: \
             https://platform.openai.com/docs/guides/structured-outputs",
        ),
        Problem::Lacks(Capability::Vision) => {
            invalid(400, NULL, Some("messages"), "Invalid content type. image_url is only supported by certain models.")
        }
    }
}

pub(crate) fn of_cause(cause: Cause, scene: &Scene<'_>) -> Wording<'static> {
    let Scene { model, context, .. } = scene;
    match cause {
        Cause::BadRequest => invalid(400, NULL, Some("messages"), "Invalid value: 'messages' was rejected by the API."),
        Cause::ContextLength => invalid(
            400,
            Code::Name("context_length_exceeded"),
            Some("messages"),
            format!(
                "This model's maximum context length is {context} tokens. However, your messages resulted in {} tokens. \
                 Please reduce the length of the messages.",
                scene.too_many_tokens()
            ),
        ),
        Cause::Auth => invalid(
            401,
            Code::Name("invalid_api_key"),
            None,
            "Incorrect API key provided: sk-****. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
        ),
        Cause::Permission => error(
            403,
            "request_forbidden",
            Code::Name("unsupported_country_region_territory"),
            "Country, region, or territory not supported",
        ),
        Cause::ModelGone => invalid(
            404,
            Code::Name("model_not_found"),
            None,
            format!("The model `{model}` does not exist or you do not have access to it."),
        ),
        Cause::RateLimited => {
            error(429, limits::kind(scene), Code::Name("rate_limit_exceeded"), limits::reached(scene))
        }
        Cause::PromptOverTpm => error(429, "tokens", Code::Name("rate_limit_exceeded"), limits::too_large(scene)),
        Cause::QuotaExhausted => error(
            429,
            "insufficient_quota",
            Code::Name("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details. For more information on this \
             error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
        ),
        Cause::Overloaded => error(
            503,
            "service_unavailable_error",
            Code::Name("server_is_overloaded"),
            "The server is currently overloaded. Please try again later.",
        ),
        Cause::ContentPolicy => invalid(
            400,
            Code::Name("content_policy_violation"),
            None,
            "Your request was rejected as a result of our safety system.",
        ),
        Cause::BodyTooLarge => invalid(413, NULL, None, "The request body is too large."),
        Cause::Timeout => error(504, "server_error", NULL, "The request timed out. Please try again later."),
        Cause::ServerError => {
            error(500, "server_error", NULL, "The server had an error while processing your request. Sorry about that!")
        }
        // Where there is no room for a page, as in a stream.
        Cause::EdgeHtml => error(502, "cf_bad_gateway", Code::Number(502), "Bad gateway."),
    }
}

fn of_status(status: u16, scene: &Scene<'_>) -> Wording<'static> {
    match status {
        400 => of_cause(Cause::BadRequest, scene),
        401 => of_cause(Cause::Auth, scene),
        403 => of_cause(Cause::Permission, scene),
        404 => of_cause(Cause::ModelGone, scene),
        409 => error(409, "conflict_error", NULL, "The resource was updated by another request."),
        413 => of_cause(Cause::BodyTooLarge, scene),
        422 => invalid(422, NULL, None, "Unable to process the request despite the format being correct."),
        429 => of_cause(Cause::RateLimited, scene),
        500 => of_cause(Cause::ServerError, scene),
        502 => of_cause(Cause::EdgeHtml, scene),
        503 => of_cause(Cause::Overloaded, scene),
        504 => of_cause(Cause::Timeout, scene),
        _ if status < 500 => invalid(status, NULL, None, "The request was not accepted."),
        _ => error(status, "server_error", NULL, "The server had an error while processing your request."),
    }
}

/// Says when to come back, if that is to be said: in seconds and, for those who can wait less, in milliseconds.
pub(crate) fn with_retry_after(failure: Failure, scene: &Scene<'_>) -> Failure {
    let failure = match scene.retry_after {
        None => failure,
        Some(wait) => failure.with("retry-after", whole_seconds(wait)),
    };
    match scene.retry_after_ms() {
        None => failure,
        Some(ms) => failure.with("retry-after-ms", ms),
    }
}
