//! Anthropic messages (`POST /v1/messages`), client side.
//!
//! A stream is whole once a `stop_reason` arrived in `message_delta`. Events are read by the `type` in their data, which
//! equals the `event:` line.

use super::{Ask, Complaint, MAX_TOKENS, Step, post, status};
use crate::event::Class;
use http::StatusCode;
use http::request::Builder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    max_tokens: u32,
    system: Cow<'a, str>,
    messages: [Message<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    format: Format<'a>,
}

#[derive(Serialize)]
struct Format<'a> {
    r#type: &'static str,
    schema: &'a RawValue,
}

pub(super) fn request(ask: &Ask<'_>) -> (Builder, Vec<u8>) {
    let body = Request {
        model: ask.model,
        max_tokens: MAX_TOKENS,
        system: ask.system_text(),
        messages: [Message { role: "user", content: ask.prompt }],
        output_config: ask.schema.map(|s| OutputConfig { format: Format { r#type: "json_schema", schema: s } }),
        stream: ask.stream,
    };
    let builder = post("/v1/messages").header("x-api-key", "hopdrill").header("anthropic-version", "2023-06-01");
    (builder, serde_json::to_vec(&body).unwrap_or_default())
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    content: Option<Vec<Block<'a>>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct StreamEvent<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ErrorEnvelope {
    error: ErrorBody,
}

#[derive(Deserialize)]
struct ErrorBody {
    r#type: String,
    #[serde(default)]
    message: String,
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    error_code: Option<String>,
}

fn stopped(reason: &str) -> Result<(), Complaint> {
    match reason {
        "end_turn" | "stop_sequence" | "tool_use" => Ok(()),
        "refusal" => Err(Complaint::new(Class::ContentPolicy, "stop_reason refusal")),
        "max_tokens" | "model_context_window_exceeded" => {
            Err(Complaint::new(Class::Malformed, "the answer hit the token cap"))
        }
        other => Err(Complaint::new(Class::Malformed, format!("unknown stop_reason {other}"))),
    }
}

pub(super) fn answer(body: &[u8]) -> Result<String, Complaint> {
    let reply: Reply<'_> =
        serde_json::from_slice(body).map_err(|_| Complaint::new(Class::Malformed, "the body is no message"))?;
    if let Some(error) = reply.error {
        return Err(error.complaint(StatusCode::OK));
    }
    let reason = reply.stop_reason.ok_or_else(|| Complaint::new(Class::Malformed, "no stop_reason"))?;
    stopped(&reason)?;
    let text: String = reply.content.unwrap_or_default().into_iter().filter_map(|b| b.text).collect();
    if text.is_empty() { Err(Complaint::new(Class::Malformed, "an empty answer")) } else { Ok(text) }
}

pub(super) fn step(_event: &str, data: &str) -> Result<Step, Complaint> {
    let event: StreamEvent<'_> = serde_json::from_str(data)
        .map_err(|_| Complaint::new(Class::Malformed, "an event of the stream is not JSON"))?;
    if let Some(error) = event.error {
        return Err(error.complaint(StatusCode::OK));
    }
    let delta = event.delta;
    match (event.r#type.as_ref(), delta) {
        ("content_block_delta", Some(Delta { text: Some(text), .. })) => Ok(Step::Token(text.into_owned())),
        ("message_delta", Some(Delta { stop_reason: Some(reason), .. })) => stopped(&reason).map(|()| Step::Finished),
        _ => Ok(Step::Nothing),
    }
}

pub(super) fn complaint(status: StatusCode, body: &[u8]) -> Complaint {
    match serde_json::from_slice::<ErrorEnvelope>(body) {
        Ok(envelope) => envelope.error.complaint(status),
        Err(_) => status::plain(status, ""),
    }
}

impl ErrorBody {
    fn complaint(self, status: StatusCode) -> Complaint {
        let spend_cap = self.details.and_then(|d| d.error_code).is_some_and(|code| {
            matches!(code.as_str(), "enforced_spend_limit_reached" | "contract_spend_limit_reached")
        });
        let class = match self.r#type.as_str() {
            "invalid_request_error" if self.message.contains("prompt is too long") => Class::ContextLength,
            "invalid_request_error"
                if self.message.contains("credit balance is too low") || self.message.contains("usage limits") =>
            {
                Class::QuotaExhausted
            }
            "invalid_request_error" if self.message.contains("content filtering policy") => Class::ContentPolicy,
            "invalid_request_error" | "request_too_large" => Class::BadRequest,
            "authentication_error" | "permission_error" => Class::Auth,
            "billing_error" => Class::QuotaExhausted,
            "not_found_error" => Class::ModelGone,
            "rate_limit_error" if spend_cap => Class::QuotaExhausted,
            "rate_limit_error" => Class::RateLimited,
            "overloaded_error" => Class::Overloaded,
            _ if status::by_status(status) == Class::Overloaded => Class::Overloaded,
            "api_error" | "timeout_error" => Class::ServerError,
            _ => status::by_status(status),
        };
        Complaint::new(class, status::detail(status, &self.message))
    }
}
