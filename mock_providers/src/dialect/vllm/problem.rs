//! vLLM's errors: OpenAI's object with the name of an exception for type and the status for code; what is in front of it
//! is a plain gateway.

use crate::dialect::openai::problem::{self as openai, Code, Wording};
use crate::dialect::{Failure, Problem, Scene, edge};
use crate::fault::Cause;
use crate::model::Capability;
use serde::Serialize;
use std::borrow::Cow;

#[derive(Serialize)]
struct Unauthorized {
    error: &'static str,
}

pub(super) fn failure(problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
    let page = match *problem {
        Problem::Status(status @ (502 | 504)) => Some(status),
        _ => openai::page(problem),
    };
    let failure = match (page, problem) {
        (Some(status), _) => edge::gateway(status, "nginx"),
        (_, Problem::NoKey | Problem::Cause(Cause::Auth) | Problem::Status(401)) => {
            Failure::json(401, &Unauthorized { error: "Unauthorized" })
        }
        _ => wording(problem, scene).failure(),
    };
    openai::with_retry_after(failure, scene)
}

fn error<'a>(status: u16, r#type: &'static str, message: impl Into<Cow<'a, str>>) -> Wording<'a> {
    Wording { status, r#type, code: Code::Number(status), param: None, message: message.into() }
}

fn bad<'a>(param: Option<&'a str>, message: impl Into<Cow<'a, str>>) -> Wording<'a> {
    Wording { param, ..error(400, "BadRequestError", message) }
}

fn wording<'a>(problem: &Problem<'a>, scene: &Scene<'_>) -> Wording<'a> {
    match *problem {
        Problem::Cause(cause) => of_cause(cause, scene),
        Problem::Status(status) => of_status(status, scene),
        Problem::NoKey => of_cause(Cause::Auth, scene),
        Problem::NoVersion => of_cause(Cause::BadRequest, scene),
        Problem::NotJson => bad(None, "JSON decode error"),
        Problem::BadShape(why) => bad(None, why),
        Problem::MissingField(field) => bad(Some(field), format!("Field required: {field}")),
        Problem::NoSuchPath(..) => error(404, "Not Found", "Not Found"),
        Problem::WrongMethod(..) => error(405, "Method Not Allowed", "Method Not Allowed"),
        Problem::TooLarge => of_cause(Cause::BodyTooLarge, scene),
        Problem::Lacks(Capability::Tools) => {
            bad(None, "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set")
        }
        Problem::Lacks(Capability::JsonSchema) => bad(None, "Structured outputs are not supported by this model"),
        Problem::Lacks(Capability::Vision) => bad(None, format!("{} is not a multimodal model", scene.model)),
    }
}

pub(super) fn of_cause(cause: Cause, scene: &Scene<'_>) -> Wording<'static> {
    let Scene { model, context, .. } = scene;
    match cause {
        Cause::BadRequest => bad(None, "The request was rejected."),
        Cause::ContextLength => {
            let asked = scene.too_many_tokens();
            let message = format!(
                "You passed {asked} input tokens and requested 0 output tokens. However, the model's context length is \
                 only {context} tokens, resulting in a maximum input length of {context} tokens. Please reduce the \
                 length of the input prompt. (parameter=input_tokens, value={asked})"
            );
            bad(Some("input_tokens"), message)
        }
        Cause::Auth => error(401, "Unauthorized", "Unauthorized"),
        Cause::Permission => error(403, "Forbidden", "Forbidden"),
        Cause::ModelGone => Wording {
            param: Some("model"),
            ..error(404, "NotFoundError", format!("The model `{model}` does not exist."))
        },
        Cause::RateLimited | Cause::PromptOverTpm | Cause::QuotaExhausted => {
            error(429, "Too Many Requests", "Too Many Requests")
        }
        Cause::Overloaded => error(503, "ServiceUnavailableError", "The server is overloaded, please try again later."),
        // The model declines such a prompt in words; whoever words it as an error all the same gets the nearest one.
        Cause::ContentPolicy => bad(None, "The prompt was rejected."),
        Cause::BodyTooLarge => error(413, "Request Entity Too Large", "Request Entity Too Large"),
        Cause::Timeout => error(504, "Gateway Timeout", "Gateway Timeout"),
        Cause::ServerError => error(500, "InternalServerError", "Internal server error"),
        Cause::EdgeHtml => error(502, "Bad Gateway", "Bad Gateway"),
    }
}

fn of_status(status: u16, scene: &Scene<'_>) -> Wording<'static> {
    match status {
        400 => of_cause(Cause::BadRequest, scene),
        403 => of_cause(Cause::Permission, scene),
        404 => of_cause(Cause::ModelGone, scene),
        413 => of_cause(Cause::BodyTooLarge, scene),
        429 => of_cause(Cause::RateLimited, scene),
        500 => of_cause(Cause::ServerError, scene),
        503 => of_cause(Cause::Overloaded, scene),
        _ if status < 500 => error(status, "BadRequestError", "The request was not accepted."),
        _ => error(status, "InternalServerError", "Internal server error"),
    }
}
