//! Anthropic messages (`POST /v1/messages`), client side.
//!
//! A stream is whole once a `stop_reason` arrived in `message_delta`. Events are read by the `type` in their data, which
//! equals the `event:` line. A partial answer is a last message by the assistant; it is refused with blanks at its end.

use super::answered::{Gathered, Piece, Response, ToolCall};
use super::finish::Finish;
use super::{Ask, Complaint, Effort, json, post, status, usage};
use crate::event::{Class, Usage};
use http::StatusCode;
use http::request::Builder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    max_tokens: u32,
    system: System<'a>,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Said<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Said<'a> {
    Text(&'a str),
    Blocks(Vec<SaidBlock<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SaidBlock<'a> {
    Image { source: Source<'a> },
    Text { text: &'a str },
}

#[derive(Serialize)]
struct Source<'a> {
    r#type: &'static str,
    media_type: &'a str,
    data: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: &'a RawValue,
}

#[derive(Serialize)]
struct Choice {
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum System<'a> {
    Text(Cow<'a, str>),
    Cached([CachedBlock<'a>; 1]),
}

#[derive(Serialize)]
struct CachedBlock<'a> {
    r#type: &'static str,
    text: Cow<'a, str>,
    cache_control: CacheControl,
}

#[derive(Serialize)]
struct CacheControl {
    r#type: &'static str,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<Effort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
}

/// A budget for thoughts, as Claude takes it here and on Bedrock.
#[derive(Serialize)]
pub(super) struct Thinking {
    r#type: &'static str,
    budget_tokens: u32,
}

impl Thinking {
    pub(super) fn of(ask: &Ask<'_>) -> Option<Self> {
        ask.options.thinking_budget.map(|budget_tokens| Self { r#type: "enabled", budget_tokens })
    }
}

#[derive(Serialize)]
struct Format<'a> {
    r#type: &'static str,
    schema: &'a RawValue,
}

fn user<'a>(ask: &Ask<'a>) -> Said<'a> {
    if ask.images.is_empty() {
        return Said::Text(ask.prompt);
    }
    let image = |image: &'a super::Image| SaidBlock::Image {
        source: Source { r#type: "base64", media_type: &image.media_type, data: &image.base64 },
    };
    // The vendor advises to put images before the text.
    Said::Blocks(ask.images.iter().map(image).chain([SaidBlock::Text { text: ask.prompt }]).collect())
}

fn tool<'a>(tool: &super::Tool<'a>) -> Tool<'a> {
    Tool { name: tool.name, description: tool.description, input_schema: tool.parameters }
}

pub(super) fn request(ask: &Ask<'_>) -> (Builder, Vec<u8>) {
    let partial = ask.trimmed_partial().map(|text| Message { role: "assistant", content: Said::Text(text) });
    let (options, text) = (ask.options, ask.system_text());
    // What is cached is all that stands before the mark: tools and instructions.
    let system = if options.cache_prompt {
        System::Cached([CachedBlock { r#type: "text", text, cache_control: CacheControl { r#type: "ephemeral" } }])
    } else {
        System::Text(text)
    };
    let format = ask.native_schema().map(|schema| Format { r#type: "json_schema", schema });
    let config = OutputConfig { effort: options.effort, format };
    let body = Request {
        model: ask.model,
        max_tokens: options.cap_with_thoughts(),
        system,
        messages: std::iter::once(Message { role: "user", content: user(ask) }).chain(partial).collect(),
        tools: ask.tools.iter().map(tool).collect(),
        tool_choice: ask.insists_on_call().then_some(Choice { r#type: "any" }),
        output_config: Some(config).filter(|config| config.effort.is_some() || config.format.is_some()),
        stop_sequences: options.stops(),
        thinking: Thinking::of(ask),
        stream: ask.stream,
    };
    let builder = post("/v1/messages").header("x-api-key", ask.secret).header("anthropic-version", "2023-06-01");
    (builder, json(&body))
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Option<Vec<Block<'a>>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    error: Option<ErrorBody>,
}

/// The prompt is what was read anew, what was read from a cache, and what was put into one.
#[derive(Deserialize)]
struct Tokens {
    input_tokens: Option<u32>,
    cache_creation_input_tokens: Option<u32>,
    cache_read_input_tokens: Option<u32>,
    output_tokens: Option<u32>,
}

impl Tokens {
    fn told(&self) -> Option<Usage> {
        let count = |tokens: Option<u32>| tokens.unwrap_or_default();
        let cached = count(self.cache_read_input_tokens);
        let fresh = count(self.input_tokens).saturating_add(count(self.cache_creation_input_tokens));
        usage::told(fresh.saturating_add(cached), cached, count(self.output_tokens))
    }
}

/// What a stream begins with.
#[derive(Deserialize)]
struct Start<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    /// Of a tool.
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    r#type: Option<Cow<'a, str>>,
}

impl Block<'_> {
    /// The tool that is called here, if one is.
    fn tool(&self) -> Option<&str> {
        let calls = self.r#type.as_deref() == Some("tool_use");
        calls.then(|| self.name.as_deref().unwrap_or_default())
    }
}

#[derive(Deserialize)]
struct StreamEvent<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(default)]
    index: u32,
    #[serde(borrow)]
    content_block: Option<Block<'a>>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    message: Option<Start<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    /// A fragment of the arguments of a tool.
    #[serde(borrow)]
    partial_json: Option<Cow<'a, str>>,
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

fn finish(reason: &str) -> Finish {
    let said = || format!("stop_reason {reason}");
    match reason {
        "end_turn" | "stop_sequence" => Finish::Whole,
        "tool_use" => Finish::Calls,
        "max_tokens" | "model_context_window_exceeded" => Finish::Capped,
        "refusal" => Finish::Filtered(said()),
        "pause_turn" => Finish::Unfinished(said()),
        _ => Finish::Unknown(said()),
    }
}

pub(super) fn answer(body: &[u8], usage: &mut Option<Usage>) -> Result<Response, Complaint> {
    let reply: Reply<'_> =
        serde_json::from_slice(body).map_err(|_| Complaint::new(Class::Malformed, "the body is no message"))?;
    if let Some(error) = reply.error {
        return Err(error.complaint(StatusCode::OK));
    }
    *usage = usage::block::<Tokens>(reply.usage).and_then(|tokens| tokens.told());
    let reason = reply.stop_reason.ok_or_else(|| Complaint::new(Class::Malformed, "no stop_reason"))?;
    let mut calls = Vec::new();
    let mut text = String::new();
    for block in reply.content.unwrap_or_default() {
        if let Some(name) = block.tool() {
            let arguments = block.input.map_or("{}", RawValue::get).to_owned();
            calls.push(ToolCall { name: name.to_owned(), arguments });
        } else {
            text.push_str(&block.text.unwrap_or_default());
        }
    }
    Response::new(text, calls, finish(&reason), reply.model)
}

pub(super) fn step(data: &str, gathered: &mut Gathered, each: &mut impl FnMut(Piece)) -> Result<(), Complaint> {
    let event: StreamEvent<'_> = serde_json::from_str(data)
        .map_err(|_| Complaint::new(Class::Malformed, "an event of the stream is not JSON"))?;
    if let Some(error) = event.error {
        return Err(error.complaint(StatusCode::OK));
    }
    if let Some(start) = event.message {
        gathered.named(start.model);
        gathered.usage = usage::block::<Tokens>(start.usage).and_then(|tokens| tokens.told());
    }
    // The count of the prompt came first; that of the answer grows.
    if let Some((usage, Tokens { output_tokens: Some(answer), .. })) =
        gathered.usage.as_mut().zip(usage::block::<Tokens>(event.usage))
    {
        usage.answer = answer;
    }
    match (event.r#type.as_ref(), event.content_block, event.delta) {
        ("content_block_start", Some(block), _) => {
            if let Some(name) = block.tool() {
                gathered.begin(event.index, name, each);
            }
        }
        ("content_block_delta", _, Some(Delta { text: Some(text), .. })) if !text.is_empty() => {
            each(Piece::Text(text.into_owned()));
        }
        ("content_block_delta", _, Some(Delta { partial_json: Some(fragment), .. })) => {
            gathered.extend(event.index, &fragment, each);
        }
        ("message_delta", _, Some(Delta { stop_reason: Some(reason), .. })) => gathered.finish(finish(&reason))?,
        _ => {}
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
