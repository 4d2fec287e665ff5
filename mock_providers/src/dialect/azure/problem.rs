//! Azure's errors: the gateway's are `{"error": {code, message}}` with a string for code, the model's are OpenAI's, and
//! the filter's carry what it found.

use super::limits;
use crate::dialect::openai::filter::Results;
use crate::dialect::openai::problem::{self as openai, Code, Wording};
use crate::dialect::openai::uuid;
use crate::dialect::{Failure, Problem, Scene, edge, wire};
use crate::fault::Cause;
use serde::Serialize;
use std::borrow::Cow;

#[derive(Serialize)]
struct ErrorBody<T> {
    error: T,
}

/// What the gateway says.
#[derive(Serialize)]
struct Gateway<'a> {
    code: Code,
    message: &'a str,
}

/// What the filter says.
#[derive(Serialize)]
struct Filtered<'a> {
    message: &'a str,
    r#type: (),
    param: Option<&'a str>,
    code: Code,
    status: u16,
    innererror: Inner,
}

#[derive(Serialize)]
struct Inner {
    code: &'static str,
    content_filter_result: Results,
}

/// The type that errors of the gateway have here and not on the wire.
const GATEWAY: &str = "";

pub(super) fn failure(problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
    let page = match *problem {
        Problem::Status(502) => Some(502),
        _ => openai::page(problem),
    };
    let failure = match page {
        Some(status) => edge::gateway(status, "Microsoft-Azure-Application-Gateway/v2"),
        None => {
            let Wording { status, .. } = wording(problem, scene);
            Failure { status, content_type: wire::JSON, headers: Vec::new(), body: body(problem, scene) }
        }
    };
    let failure = match *problem {
        Problem::Cause(Cause::RateLimited | Cause::PromptOverTpm) | Problem::Status(429) if scene.figures.is_none() => {
            failure.telling(|headers| limits::tell(&limits::made_up(scene), headers))
        }
        _ => failure,
    };
    openai::with_retry_after(failure, scene)
}

/// The error object in a body of its own.
pub(super) fn body(problem: &Problem<'_>, scene: &Scene<'_>) -> Vec<u8> {
    let wording = wording(problem, scene);
    let Wording { status, r#type, code, param, ref message, .. } = wording;
    if matches!(problem, Problem::Cause(Cause::ContentPolicy)) {
        let innererror = Inner { code: "ResponsibleAIPolicyViolation", content_filter_result: Results::JAILBREAK };
        return wire::json(&ErrorBody { error: Filtered { message, r#type: (), param, code, status, innererror } });
    }
    if r#type == GATEWAY { wire::json(&ErrorBody { error: Gateway { code, message } }) } else { wording.body() }
}

fn gateway<'a>(status: u16, code: &'static str, message: impl Into<Cow<'a, str>>) -> Wording<'a> {
    Wording { status, r#type: GATEWAY, code: Code::Name(code), param: None, message: message.into() }
}

fn wording<'a>(problem: &Problem<'a>, scene: &Scene<'_>) -> Wording<'a> {
    match *problem {
        Problem::Cause(cause) => of_cause(cause, scene),
        Problem::Status(status) => of_status(status, scene),
        Problem::NoKey => of_cause(Cause::Auth, scene),
        Problem::NoSuchPath(..) => gateway(404, "404", "Resource not found"),
        Problem::WrongMethod(..) => gateway(405, "405", "Method not allowed"),
        Problem::TooLarge => of_cause(Cause::BodyTooLarge, scene),
        Problem::NoVersion | Problem::NotJson | Problem::BadShape(_) | Problem::MissingField(_) | Problem::Lacks(_) => {
            openai::wording(problem, scene)
        }
    }
}

/// The words in a stream of responses, where no gateway speaks any more.
pub(super) fn in_responses(cause: Cause, scene: &Scene<'_>) -> Wording<'static> {
    let wording = of_cause(cause, scene);
    if wording.r#type == GATEWAY { openai::of_cause(cause, scene) } else { wording }
}

fn of_cause(cause: Cause, scene: &Scene<'_>) -> Wording<'static> {
    match cause {
        Cause::Auth => gateway(
            401,
            "401",
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for \
             an active subscription and use a correct regional API endpoint for your resource.",
        ),
        Cause::Permission => gateway(403, "AccessDenied", "Access denied due to Virtual Network/Firewall rules."),
        Cause::ModelGone => gateway(
            404,
            "DeploymentNotFound",
            "The API deployment for this resource does not exist. If you created the deployment within the last 5 \
             minutes, please wait a moment and try again.",
        ),
        Cause::RateLimited | Cause::PromptOverTpm => gateway(429, "429", limits::reached(scene)),
        Cause::Overloaded => Wording {
            status: 429,
            r#type: "too_many_requests",
            code: Code::Name("no_capacity"),
            param: None,
            message: "The system is currently experiencing high demand and cannot process your request. Your request \
                      exceeds the maximum usage size allowed during peak load. For improved capacity reliability, \
                      consider switching to Provisioned Throughput."
                .into(),
        },
        Cause::ContentPolicy => Wording {
            status: 400,
            r#type: GATEWAY,
            code: Code::Name("content_filter"),
            param: Some("prompt"),
            message:
                "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. \
                      Please modify your prompt and retry. To learn more about our content filtering policies please \
                      read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
                    .into(),
        },
        Cause::BodyTooLarge => gateway(413, "413", "The request body is too large."),
        Cause::Timeout => gateway(408, "Timeout", "The operation was timeout."),
        Cause::ServerError => Wording {
            status: 500,
            r#type: "server_error",
            code: Code::Null(()),
            param: None,
            message: format!(
                "The server had an error while processing your request. Sorry about that! You can retry your request, \
                 or contact us through an Azure support request at: https://go.microsoft.com/fwlink/?linkid=2213926 \
                 if the error persists. (Please include the request ID {} in your message.)",
                uuid(scene.id)
            )
            .into(),
        },
        Cause::EdgeHtml => gateway(502, "502", "Bad gateway."),
        Cause::BadRequest | Cause::ContextLength | Cause::QuotaExhausted => openai::of_cause(cause, scene),
    }
}

fn of_status(status: u16, scene: &Scene<'_>) -> Wording<'static> {
    match status {
        400 => of_cause(Cause::BadRequest, scene),
        401 => of_cause(Cause::Auth, scene),
        403 => of_cause(Cause::Permission, scene),
        404 => of_cause(Cause::ModelGone, scene),
        408 => of_cause(Cause::Timeout, scene),
        413 => of_cause(Cause::BodyTooLarge, scene),
        429 => of_cause(Cause::RateLimited, scene),
        500 => of_cause(Cause::ServerError, scene),
        503 => gateway(503, "ServiceUnavailable", "The service is temporarily unable to process your request."),
        504 => gateway(504, "GatewayTimeout", "The operation was timeout."),
        _ if status < 500 => gateway(status, "BadRequest", "The request was not accepted."),
        _ => gateway(status, "InternalServerError", "The server had an error while processing your request."),
    }
}
