//! Gemini's errors: `{"error": {code, message, status, details}}`, and what its edge says instead.

use crate::dialect::limits::{MINUTE, Per, per};
use crate::dialect::{Failure, Problem, Scene, edge};
use crate::fault::Cause;
use crate::limits::Resource;
use crate::model::Capability;
use serde_json::{Value, json};
use std::time::Duration;

const EXHAUSTED: &str = "RESOURCE_EXHAUSTED";
const DAY: Duration = Duration::from_secs(86_400);

/// What says that there is more load than can be taken; the same object stands in an error answer and in a stream.
pub(super) fn overloaded(details: Vec<Value>) -> Failure {
    error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.", details)
}

pub(super) fn failure(problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
    let invalid = |message: &str| error(400, "INVALID_ARGUMENT", message, retry_info(scene));
    match *problem {
        Problem::Cause(cause) => of_cause(cause, scene),
        Problem::Status(status) => of_status(status, scene),
        Problem::NoKey => error(
            403,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity). Please use API Key \
             or other form of API consumer identity to call this API.",
            Vec::new(),
        ),
        Problem::NoVersion => invalid("Request contains an invalid argument."),
        Problem::NotJson => invalid("Invalid JSON payload received. Parsing terminated before end of string."),
        Problem::BadShape(why) => invalid(&format!("Invalid JSON payload received. {why}")),
        Problem::MissingField(field) => {
            invalid(&format!("* GenerateContentRequest.{field}: {field} is not specified\n"))
        }
        Problem::NoSuchPath(..) | Problem::WrongMethod(..) => {
            error(404, "NOT_FOUND", "Requested entity was not found.", Vec::new())
        }
        Problem::Lacks(capability) => {
            let what = match capability {
                Capability::Tools => "Function calling",
                Capability::JsonSchema => "JSON mode",
                Capability::Vision => "Image input modality",
            };
            invalid(&format!("{what} is not enabled for models/{}", scene.model))
        }
        Problem::TooLarge => {
            error(413, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes.", Vec::new())
        }
    }
}

fn error(status: u16, name: &str, message: &str, details: Vec<Value>) -> Failure {
    let mut error = json!({ "code": status, "message": message, "status": name });
    if !details.is_empty() {
        error["details"] = Value::Array(details);
    }
    Failure::json(status, &json!({ "error": error }))
}

fn retry_info(scene: &Scene<'_>) -> Vec<Value> {
    let info = |wait: Duration| {
        let delay = format!("{}s", wait.as_millis() as f64 / 1e3);
        json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay })
    };
    scene.retry_after.map(info).into_iter().collect()
}

/// A quota that is used up: of what, its window and its size.
type Quota = (Resource, Duration, i64);

// What a script's rate limits name.
const PER_MINUTE: Quota = (Resource::Requests, MINUTE, 15);
const PER_DAY: Quota = (Resource::Requests, DAY, 1500);
const TOKENS: Quota = (Resource::Tokens, MINUTE, 1_000_000);

fn quota_failure(scene: &Scene<'_>, made_up: Quota) -> Failure {
    let (resource, window, value) = match scene.hit() {
        None => made_up,
        Some(hit) => match scene.figures.and_then(|figures| figures.of(hit.resource)) {
            Some(figure) => (hit.resource, hit.window, figure.limit),
            // Who tells no figures tells no details at all.
            None => return error(429, EXHAUSTED, "Resource has been exhausted (e.g. check quota).", retry_info(scene)),
        },
    };
    let metric = match resource {
        Resource::Requests => "generate_content_free_tier_requests",
        Resource::Tokens => "generate_content_free_tier_input_token_count",
    };
    let id = match (resource, per(window)) {
        (Resource::Requests, Per::Minute) => "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        (Resource::Requests, Per::Hour) => "GenerateRequestsPerHourPerProjectPerModel-FreeTier",
        (Resource::Requests, Per::Day) => "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
        (Resource::Tokens, Per::Minute) => "GenerateContentInputTokensPerModelPerMinute-FreeTier",
        (Resource::Tokens, Per::Hour) => "GenerateContentInputTokensPerModelPerHour-FreeTier",
        (Resource::Tokens, Per::Day) => "GenerateContentInputTokensPerModelPerDay-FreeTier",
    };
    let mut message = "You exceeded your current quota, please check your plan and billing details. For more \
                       information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
        .to_owned();
    if let Some(wait) = scene.retry_after {
        message.push_str(&format!("\nPlease retry in {}s.", wait.as_millis() as f64 / 1e3));
    }
    let violation = json!({
        "quotaMetric": format!("generativelanguage.googleapis.com/{metric}"),
        "quotaId": id,
        "quotaDimensions": { "model": scene.model, "location": "global" },
        "quotaValue": value.to_string(),
    });
    let link = json!({
        "description": "Learn more about Gemini API quotas",
        "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
    });
    let mut details = vec![
        json!({ "@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation] }),
        json!({ "@type": "type.googleapis.com/google.rpc.Help", "links": [link] }),
    ];
    details.extend(retry_info(scene));
    error(429, EXHAUSTED, &message, details)
}

fn of_cause(cause: Cause, scene: &Scene<'_>) -> Failure {
    let invalid = |message: &str| error(400, "INVALID_ARGUMENT", message, retry_info(scene));
    match cause {
        Cause::BadRequest => invalid("Request contains an invalid argument."),
        Cause::ContextLength => invalid(&format!(
            "The input token count ({}) exceeds the maximum number of tokens allowed ({}).",
            scene.too_many_tokens(),
            scene.context
        )),
        Cause::Auth => {
            let message = "API key not valid. Please pass a valid API key.";
            let service = json!({ "service": "generativelanguage.googleapis.com" });
            let details = vec![
                json!({
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
                    "domain": "googleapis.com", "metadata": service,
                }),
                json!({
                    "@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message,
                }),
            ];
            error(400, "INVALID_ARGUMENT", message, details)
        }
        Cause::Permission => error(403, "PERMISSION_DENIED", "The caller does not have permission", Vec::new()),
        Cause::ModelGone => {
            let message = format!(
                "models/{} is not found for API version v1beta, or is not supported for generateContent. Call \
                 ListModels to see the list of available models and their supported methods.",
                scene.model
            );
            error(404, "NOT_FOUND", &message, Vec::new())
        }
        Cause::PromptOverTpm => quota_failure(scene, TOKENS),
        Cause::BodyTooLarge => {
            error(413, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes.", Vec::new())
        }
        Cause::Timeout => {
            error(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.", retry_info(scene))
        }
        Cause::RateLimited => quota_failure(scene, PER_MINUTE),
        Cause::QuotaExhausted => quota_failure(scene, PER_DAY),
        Cause::Overloaded => overloaded(retry_info(scene)),
        // The vendor says this with HTTP 200; whoever words it as an error all the same gets the nearest one.
        Cause::ContentPolicy => invalid("The prompt was blocked."),
        Cause::ServerError => error(
            500,
            "INTERNAL",
            "An internal error has occurred. Please retry or report in \
             https://developers.generativeai.google/guide/troubleshooting",
            retry_info(scene),
        ),
        Cause::EdgeHtml => edge::html(502, scene.id),
    }
}

fn of_status(status: u16, scene: &Scene<'_>) -> Failure {
    let plain = |name, message| error(status, name, message, retry_info(scene));
    match status {
        400 => of_cause(Cause::BadRequest, scene),
        401 => plain("UNAUTHENTICATED", "Request had invalid authentication credentials."),
        403 => of_cause(Cause::Permission, scene),
        404 => of_cause(Cause::ModelGone, scene),
        409 => plain("ABORTED", "The operation was aborted."),
        429 => of_cause(Cause::RateLimited, scene),
        499 => plain("CANCELLED", "The operation was cancelled."),
        500 => of_cause(Cause::ServerError, scene),
        502 | 520..=530 => edge::html(status, scene.id),
        503 => of_cause(Cause::Overloaded, scene),
        504 => plain("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        _ if status < 500 => plain("FAILED_PRECONDITION", "The request was not accepted."),
        _ => plain("UNKNOWN", "Unknown error."),
    }
}
