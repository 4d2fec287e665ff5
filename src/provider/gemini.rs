//! Gemini (`POST /v1beta/models/MODEL:generateContent`, `:streamGenerateContent?alt=sse`), client side.
//!
//! The last event of a stream carries text and `finishReason` together; there is no terminator but the end. A stream is
//! whole once a `finishReason` arrived.

use super::{Ask, Complaint, MAX_TOKENS, Step, post, status};
use crate::event::Class;
use http::StatusCode;
use http::request::Builder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    system_instruction: Content<'a>,
    contents: [Content<'a>; 1],
    generation_config: Config<'a>,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: [Part<'a>; 1],
}

#[derive(Serialize)]
struct Part<'a> {
    text: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    max_output_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a RawValue>,
}

pub(super) fn request(ask: &Ask<'_>) -> (Builder, Vec<u8>) {
    let body = Request {
        system_instruction: Content { role: None, parts: [Part { text: ask.system_text() }] },
        contents: [Content { role: Some("user"), parts: [Part { text: Cow::Borrowed(ask.prompt) }] }],
        generation_config: Config {
            max_output_tokens: MAX_TOKENS,
            response_mime_type: ask.schema.map(|_| "application/json"),
            response_json_schema: ask.schema,
        },
    };
    let verb = if ask.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    let builder = post(format!("/v1beta/models/{}:{verb}", ask.model)).header("x-goog-api-key", "hopdrill");
    (builder, serde_json::to_vec(&body).unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    prompt_feedback: Option<Feedback<'a>>,
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback<'a> {
    #[serde(borrow)]
    block_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(borrow)]
    content: Option<ReplyContent<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ReplyContent<'a> {
    #[serde(borrow)]
    parts: Option<Vec<ReplyPart<'a>>>,
}

#[derive(Deserialize)]
struct ReplyPart<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ErrorEnvelope {
    error: ErrorBody,
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    reason: Option<String>,
    retry_delay: Option<String>,
    #[serde(default)]
    violations: Vec<Violation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Violation {
    #[serde(default)]
    quota_id: String,
}

fn finished(reason: &str) -> Result<(), Complaint> {
    match reason {
        "STOP" => Ok(()),
        "MAX_TOKENS" => Err(Complaint::new(Class::Malformed, "the answer hit the token cap")),
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR" => {
            Err(Complaint::new(Class::ContentPolicy, format!("finishReason {reason}")))
        }
        other => Err(Complaint::new(Class::Malformed, format!("finishReason {other}"))),
    }
}

/// The text of the first candidate, and whether it is the end.
fn candidate(reply: Reply<'_>) -> Result<(String, Option<Cow<'_, str>>), Complaint> {
    if let Some(error) = reply.error {
        return Err(error.complaint(StatusCode::OK));
    }
    if let Some(reason) = reply.prompt_feedback.and_then(|f| f.block_reason) {
        return Err(Complaint::new(Class::ContentPolicy, format!("blockReason {reason}")));
    }
    let Some(first) = reply.candidates.and_then(|c| c.into_iter().next()) else { return Ok((String::new(), None)) };
    let parts = first.content.and_then(|c| c.parts).unwrap_or_default();
    Ok((parts.into_iter().filter_map(|p| p.text).collect(), first.finish_reason))
}

pub(super) fn answer(body: &[u8]) -> Result<String, Complaint> {
    let reply = serde_json::from_slice(body).map_err(|_| Complaint::new(Class::Malformed, "the body is no content"))?;
    let (text, reason) = candidate(reply)?;
    finished(&reason.ok_or_else(|| Complaint::new(Class::Malformed, "no finishReason"))?)?;
    if text.is_empty() { Err(Complaint::new(Class::Malformed, "an empty answer")) } else { Ok(text) }
}

pub(super) fn step(data: &str, token: &mut impl FnMut(String)) -> Result<Step, Complaint> {
    let reply = serde_json::from_str(data)
        .map_err(|_| Complaint::new(Class::Malformed, "an event of the stream is not JSON"))?;
    let (text, reason) = candidate(reply)?;
    let Some(reason) = reason else { return Ok(Step::Token(text)) };
    finished(&reason)?;
    if !text.is_empty() {
        token(text);
    }
    Ok(Step::Finished)
}

pub(super) fn complaint(status: StatusCode, body: &[u8]) -> Complaint {
    match serde_json::from_slice::<ErrorEnvelope>(body) {
        Ok(envelope) => envelope.error.complaint(status),
        Err(_) => status::plain(status, ""),
    }
}

impl ErrorBody {
    fn complaint(self, http: StatusCode) -> Complaint {
        let reasons = || self.details.iter().filter_map(|d| d.reason.as_deref());
        let per_day = self.details.iter().flat_map(|d| &d.violations).any(|v| v.quota_id.contains("PerDay"));
        let class = match self.status.as_str() {
            "INVALID_ARGUMENT" if reasons().any(|r| r == "API_KEY_INVALID") => Class::Auth,
            "INVALID_ARGUMENT" if self.message.contains("token count") => Class::ContextLength,
            "INVALID_ARGUMENT" => Class::BadRequest,
            "PERMISSION_DENIED" | "UNAUTHENTICATED" | "FAILED_PRECONDITION" => Class::Auth,
            "NOT_FOUND" => Class::ModelGone,
            // Obeying the RetryInfo that comes with a daily quota would loop all day.
            "RESOURCE_EXHAUSTED" if per_day => Class::QuotaExhausted,
            "RESOURCE_EXHAUSTED" => Class::RateLimited,
            "UNAVAILABLE" => Class::Overloaded,
            "INTERNAL" | "DEADLINE_EXCEEDED" => Class::ServerError,
            _ => status::by_status(StatusCode::from_u16(self.code).unwrap_or(http)),
        };
        let retry_after = self
            .details
            .iter()
            .find_map(|d| d.retry_delay.as_deref().and_then(|t| t.strip_suffix('s')).and_then(|s| s.parse().ok()));
        Complaint { class, detail: status::detail(http, &self.message).into(), retry_after }
    }
}
