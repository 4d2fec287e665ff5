//! OpenAI chat completions (`POST /v1/chat/completions`), client side.
//!
//! A stream is whole once a `finish_reason` arrived, also with text in the same event; `[DONE]` alone proves nothing and
//! its absence costs nothing.

use super::{Ask, Complaint, MAX_TOKENS, Step, post, status};
use crate::event::Class;
use http::StatusCode;
use http::request::Builder;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: [Message<'a>; 2],
    max_completion_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Cow<'a, str>,
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    r#type: &'static str,
    json_schema: JsonSchema<'a>,
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'static str,
    strict: bool,
    schema: &'a RawValue,
}

pub(super) fn request(ask: &Ask<'_>) -> (Builder, Vec<u8>) {
    let body = Request {
        model: ask.model,
        messages: [
            Message { role: "system", content: ask.system_text() },
            Message { role: "user", content: Cow::Borrowed(ask.prompt) },
        ],
        max_completion_tokens: MAX_TOKENS,
        response_format: ask.schema.map(|s| ResponseFormat {
            r#type: "json_schema",
            json_schema: JsonSchema { name: "answer", strict: true, schema: s },
        }),
        stream: ask.stream,
    };
    let builder = post("/v1/chat/completions").header("authorization", "Bearer hopdrill");
    (builder, serde_json::to_vec(&body).unwrap_or_default())
}

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, alias = "delta")]
    message: Option<Content<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    refusal: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ErrorEnvelope {
    error: ErrorBody,
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    r#type: Option<String>,
    /// A string at the vendor, an integer at its edge.
    #[serde(default)]
    code: Option<Value>,
}

fn finished(reason: &str) -> Result<(), Complaint> {
    match reason {
        "stop" | "tool_calls" => Ok(()),
        "content_filter" => Err(Complaint::new(Class::ContentPolicy, "finish_reason content_filter")),
        "length" => Err(Complaint::new(Class::Malformed, "the answer hit the token cap")),
        other => Err(Complaint::new(Class::Malformed, format!("unknown finish_reason {other}"))),
    }
}

pub(super) fn answer(body: &[u8]) -> Result<String, Complaint> {
    let completion: Completion<'_> =
        serde_json::from_slice(body).map_err(|_| Complaint::new(Class::Malformed, "the body is no completion"))?;
    if let Some(error) = completion.error {
        return Err(error.complaint(StatusCode::OK));
    }
    let choice = completion
        .choices
        .and_then(|c| c.into_iter().next())
        .ok_or_else(|| Complaint::new(Class::Malformed, "a completion without choices"))?;
    let reason = choice.finish_reason.ok_or_else(|| Complaint::new(Class::Malformed, "no finish_reason"))?;
    let content = choice.message.ok_or_else(|| Complaint::new(Class::Malformed, "a choice without a message"))?;
    if content.refusal.is_some() {
        return Err(Complaint::new(Class::ContentPolicy, "the model refused"));
    }
    finished(&reason)?;
    match content.content {
        Some(text) if !text.is_empty() => Ok(text.into_owned()),
        _ => Err(Complaint::new(Class::Malformed, "an empty answer")),
    }
}

pub(super) fn step(data: &str, token: &mut impl FnMut(String)) -> Result<Step, Complaint> {
    if data == "[DONE]" {
        return Ok(Step::Nothing);
    }
    let chunk: Completion<'_> = serde_json::from_str(data)
        .map_err(|_| Complaint::new(Class::Malformed, "an event of the stream is not JSON"))?;
    if let Some(error) = chunk.error {
        return Err(error.complaint(StatusCode::OK));
    }
    let Some(choice) = chunk.choices.and_then(|c| c.into_iter().next()) else { return Ok(Step::Nothing) };
    match choice.message {
        Some(Content { refusal: Some(r), .. }) if !r.is_empty() => {
            return Err(Complaint::new(Class::ContentPolicy, "the model refused"));
        }
        Some(Content { content: Some(text), .. }) if !text.is_empty() => token(text.into_owned()),
        _ => {}
    }
    choice.finish_reason.map_or(Ok(Step::Nothing), |reason| finished(&reason).map(|()| Step::Finished))
}

pub(super) fn complaint(status: StatusCode, body: &[u8]) -> Complaint {
    match serde_json::from_slice::<ErrorEnvelope>(body) {
        Ok(envelope) => envelope.error.complaint(status),
        Err(_) => status::plain(status, ""),
    }
}

impl ErrorBody {
    fn complaint(self, status: StatusCode) -> Complaint {
        let message = self.message.unwrap_or_default();
        let kind = self.r#type.unwrap_or_default();
        let code = match self.code {
            Some(Value::String(code)) => code,
            Some(code) => code.to_string(),
            None => String::new(),
        };
        let class = match (code.as_str(), kind.as_str()) {
            ("context_length_exceeded", _) => Class::ContextLength,
            ("content_policy_violation" | "content_filter", _) => Class::ContentPolicy,
            ("invalid_api_key", _) => Class::Auth,
            ("model_not_found" | "DeploymentNotFound", _) => Class::ModelGone,
            (
                "insufficient_quota"
                | "credit_balance_exhausted"
                | "organization_spend_limit_exceeded"
                | "project_spend_limit_exceeded"
                | "organization_usage_limit_exceeded",
                _,
            )
            | (_, "insufficient_quota") => Class::QuotaExhausted,
            ("server_is_overloaded", _) | (_, "service_unavailable_error") => Class::Overloaded,
            ("rate_limit_exceeded", _) if message.starts_with("Request too large") => Class::ContextLength,
            ("rate_limit_exceeded" | "slow_down", _) => Class::RateLimited,
            _ if status::by_status(status) == Class::Overloaded => Class::Overloaded,
            (_, "server_error") => Class::ServerError,
            _ => status::by_status(status),
        };
        Complaint::new(class, status::detail(status, &message))
    }
}
