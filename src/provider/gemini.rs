//! Gemini (`POST /v1beta/models/MODEL:generateContent`, `:streamGenerateContent?alt=sse`), client side.
//!
//! The last event of a stream carries text and `finishReason` together; there is no terminator but the end. A stream is
//! whole once a `finishReason` arrived. A partial answer is a last turn by the model.

use super::answered::{Gathered, Piece, Response, ToolCall};
use super::finish::Finish;
use super::{Ask, Complaint, Effort, Scope, json, post, status, usage};
use crate::event::{Class, Usage};
use http::StatusCode;
use http::request::Builder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    system_instruction: Content<'a>,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tools<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig>,
    generation_config: Config<'a>,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Part<'a> {
    Text(Cow<'a, str>),
    InlineData(Blob<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'a> {
    mime_type: &'a str,
    data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'a> {
    function_declarations: Vec<Function<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters_json_schema: &'a RawValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig {
    function_calling_config: CallingConfig,
}

#[derive(Serialize)]
struct CallingConfig {
    mode: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    max_output_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<Thinking>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Thinking {
    ThinkingLevel(Effort),
    ThinkingBudget(u32),
}

fn blob(image: &super::Image) -> Part<'_> {
    Part::InlineData(Blob { mime_type: &image.media_type, data: &image.base64 })
}

fn function<'a>(tool: &super::Tool<'a>) -> Function<'a> {
    Function { name: tool.name, description: tool.description, parameters_json_schema: tool.parameters }
}

pub(super) fn request(ask: &Ask<'_>) -> (Builder, Vec<u8>) {
    let text = Part::Text(Cow::Borrowed(ask.prompt));
    let parts = std::iter::once(text).chain(ask.images.iter().map(blob)).collect();
    let partial =
        ask.whole_partial().map(|text| Content { role: Some("model"), parts: vec![Part::Text(Cow::Borrowed(text))] });
    let (options, schema) = (ask.options, ask.native_schema());
    let budget = options.thinking_budget.map(Thinking::ThinkingBudget);
    let body = Request {
        system_instruction: Content { role: None, parts: vec![Part::Text(ask.system_text())] },
        contents: std::iter::once(Content { role: Some("user"), parts }).chain(partial).collect(),
        tools: (!ask.tools.is_empty())
            .then(|| [Tools { function_declarations: ask.tools.iter().map(function).collect() }]),
        tool_config: ask
            .insists_on_call()
            .then_some(ToolConfig { function_calling_config: CallingConfig { mode: "ANY" } }),
        generation_config: Config {
            max_output_tokens: options.cap_with_thoughts(),
            response_mime_type: schema.map(|_| "application/json"),
            response_json_schema: schema,
            seed: options.seed,
            stop_sequences: options.stops(),
            thinking_config: budget.or(options.effort.map(Thinking::ThinkingLevel)),
        },
    };
    let verb = if ask.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    let builder = post(format!("/v1beta/models/{}:{verb}", ask.model)).header("x-goog-api-key", ask.secret);
    (builder, json(&body))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    #[serde(borrow)]
    model_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    prompt_feedback: Option<Feedback<'a>>,
    #[serde(borrow)]
    usage_metadata: Option<&'a RawValue>,
    error: Option<ErrorBody>,
}

/// The prompt includes what was cached; the candidates do not include what was thought.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Tokens {
    prompt_token_count: u32,
    cached_content_token_count: u32,
    candidates_token_count: u32,
    thoughts_token_count: u32,
}

impl Tokens {
    fn told(raw: Option<&RawValue>) -> Option<Usage> {
        let tokens: Self = usage::block(raw)?;
        let answer = tokens.candidates_token_count.saturating_add(tokens.thoughts_token_count);
        usage::told(tokens.prompt_token_count, tokens.cached_content_token_count, answer)
    }
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
#[serde(rename_all = "camelCase")]
struct ReplyPart<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function_call: Option<Called<'a>>,
}

#[derive(Deserialize)]
struct Called<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
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

fn finish(reason: &str) -> Finish {
    let said = || format!("finishReason {reason}");
    match reason {
        // Also after tool calls.
        "STOP" => Finish::Whole,
        "MAX_TOKENS" => Finish::Capped,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE" | "OTHER"
        | "MODEL_ARMOR" => Finish::Filtered(said()),
        _ if reason.starts_with("IMAGE_") => Finish::Filtered(said()),
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" => Finish::BadCall(said()),
        "MALFORMED_RESPONSE" | "MISSING_THOUGHT_SIGNATURE" | "CONTINUATION" => Finish::Unfinished(said()),
        _ => Finish::Unknown(said()),
    }
}

/// What the first candidate says.
struct First<'a> {
    text: String,
    calls: Vec<ToolCall>,
    /// Why it ends; `None`: it goes on.
    reason: Option<Cow<'a, str>>,
    model: Option<Cow<'a, str>>,
}

fn candidate(reply: Reply<'_>) -> Result<First<'_>, Complaint> {
    if let Some(error) = reply.error {
        return Err(error.complaint(StatusCode::OK));
    }
    if let Some(reason) = reply.prompt_feedback.and_then(|f| f.block_reason) {
        return Err(Complaint::new(Class::ContentPolicy, format!("blockReason {reason}")));
    }
    let mut found = First { text: String::new(), calls: Vec::new(), reason: None, model: reply.model_version };
    if let Some(first) = reply.candidates.and_then(|c| c.into_iter().next()) {
        found.reason = first.finish_reason;
        for part in first.content.and_then(|c| c.parts).unwrap_or_default() {
            found.text.push_str(&part.text.unwrap_or_default());
            found.calls.extend(part.function_call.map(|called| ToolCall {
                name: called.name.unwrap_or_default().into_owned(),
                arguments: called.args.map_or("{}", RawValue::get).to_owned(),
            }));
        }
    }
    Ok(found)
}

pub(super) fn answer(body: &[u8], usage: &mut Option<Usage>) -> Result<Response, Complaint> {
    let reply: Reply<'_> =
        serde_json::from_slice(body).map_err(|_| Complaint::new(Class::Malformed, "the body is no content"))?;
    *usage = Tokens::told(reply.usage_metadata);
    let First { text, calls, reason, model } = candidate(reply)?;
    let reason = reason.ok_or_else(|| Complaint::new(Class::Malformed, "no finishReason"))?;
    Response::new(text, calls, finish(&reason), model)
}

pub(super) fn step(data: &str, gathered: &mut Gathered, each: &mut impl FnMut(Piece)) -> Result<(), Complaint> {
    let reply: Reply<'_> = serde_json::from_str(data)
        .map_err(|_| Complaint::new(Class::Malformed, "an event of the stream is not JSON"))?;
    // Every event tells it anew.
    gathered.usage = Tokens::told(reply.usage_metadata).or(gathered.usage);
    let First { text, calls, reason, model } = candidate(reply)?;
    gathered.named(model);
    if let Some(reason) = reason {
        gathered.finish(finish(&reason))?;
    }
    if !text.is_empty() {
        each(Piece::Text(text));
    }
    for call in calls {
        gathered.add(call, each);
    }
    Ok(())
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
        // As in `GenerateRequestsPerMinutePerProjectPerModel-FreeTier`: what it is counted for.
        let mut ids = self.details.iter().flat_map(|d| &d.violations).map(|v| v.quota_id.as_str());
        let scope = ids.find(|id| !id.is_empty()).map(|id| match () {
            () if id.contains("PerModel") => Scope::Model,
            () if id.contains("PerProject") || id.contains("PerUser") => Scope::Key,
            () => Scope::Provider,
        });
        Complaint { class, detail: status::detail(http, &self.message).into(), retry_after, scope }
    }
}
