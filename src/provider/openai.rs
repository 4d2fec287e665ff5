//! OpenAI chat completions (`POST /v1/chat/completions`), client side.
//!
//! A stream is whole once a `finish_reason` arrived, also with text in the same event; `[DONE]` alone proves nothing and
//! its absence costs nothing.

use super::answered::{Answered, Gathered, Piece, ToolCall};
use super::finish::Finish;
use super::{Ask, Complaint, Embed, MAX_TOKENS, embed, json, post, status};
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
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
    Text(Cow<'a, str>),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: Url },
}

#[derive(Serialize)]
struct Url {
    url: String,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a RawValue,
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

fn user<'a>(ask: &Ask<'a>) -> Said<'a> {
    if ask.images.is_empty() {
        return Said::Text(Cow::Borrowed(ask.prompt));
    }
    let mut parts = vec![Part::Text { text: ask.prompt }];
    parts.extend(ask.images.iter().map(|image| {
        let url = format!("data:{};base64,{}", image.media_type, image.base64);
        Part::ImageUrl { image_url: Url { url } }
    }));
    Said::Parts(parts)
}

fn tool<'a>(tool: &super::Tool<'a>) -> Tool<'a> {
    let super::Tool { name, description, parameters } = *tool;
    Tool { r#type: "function", function: Function { name, description, parameters } }
}

pub(super) fn request(ask: &Ask<'_>) -> (Builder, Vec<u8>) {
    let body = Request {
        model: ask.model,
        messages: [
            Message { role: "system", content: Said::Text(ask.system_text()) },
            Message { role: "user", content: user(ask) },
        ],
        max_completion_tokens: MAX_TOKENS,
        tools: ask.tools.iter().map(tool).collect(),
        tool_choice: ask.insists_on_call().then_some("required"),
        response_format: ask.schema.map(|s| ResponseFormat {
            r#type: "json_schema",
            json_schema: JsonSchema { name: "answer", strict: true, schema: s },
        }),
        stream: ask.stream,
    };
    let builder = post("/v1/chat/completions").header("authorization", format!("Bearer {}", ask.secret));
    (builder, json(&body))
}

#[derive(Serialize)]
struct EmbedRequest<'a> {
    model: &'a str,
    input: &'a str,
    encoding_format: &'static str,
    dimensions: u32,
}

pub(super) fn embed(embed: &Embed<'_>) -> (Builder, Vec<u8>) {
    let body =
        EmbedRequest { model: embed.model, input: embed.text, encoding_format: "float", dimensions: embed.dimensions };
    let builder = post("/v1/embeddings").header("authorization", format!("Bearer {}", embed.secret));
    (builder, json(&body))
}

#[derive(Deserialize)]
struct Embeddings<'a> {
    #[serde(borrow)]
    data: Option<Vec<Embedding<'a>>>,
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
struct Embedding<'a> {
    #[serde(borrow)]
    embedding: Vector<'a>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Vector<'a> {
    Floats(Vec<f32>),
    /// Some servers pack the floats whatever they were asked for.
    Packed(#[serde(borrow)] Cow<'a, str>),
}

pub(super) fn vector(body: &[u8]) -> Result<Vec<f32>, Complaint> {
    let no_list = || Complaint::new(Class::Malformed, "the body is no list of embeddings");
    let reply: Embeddings<'_> = serde_json::from_slice(body).map_err(|_| no_list())?;
    if let Some(error) = reply.error {
        return Err(error.complaint(StatusCode::OK));
    }
    match reply.data.and_then(|data| data.into_iter().next()).ok_or_else(no_list)?.embedding {
        Vector::Floats(floats) => Ok(floats),
        Vector::Packed(text) => embed::unpacked(&text)
            .ok_or_else(|| Complaint::new(Class::Malformed, "the embedding is neither floats nor base64 of them")),
    }
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
    #[serde(borrow)]
    tool_calls: Option<Vec<Called<'a>>>,
}

/// A tool call, or a fragment of one.
#[derive(Deserialize)]
struct Called<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow)]
    function: Option<CalledFunction<'a>>,
}

#[derive(Deserialize)]
struct CalledFunction<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<Cow<'a, str>>,
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

fn finish(reason: &str) -> Finish {
    let said = || format!("finish_reason {reason}");
    match reason {
        "stop" => Finish::Whole,
        // The latter from servers that still speak the older form.
        "tool_calls" | "function_call" => Finish::Calls,
        "length" => Finish::Capped,
        "content_filter" => Finish::Filtered(said()),
        _ => Finish::Unknown(said()),
    }
}

pub(super) fn answer(body: &[u8]) -> Result<Answered, Complaint> {
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
    let whole = |function: CalledFunction<'_>| ToolCall {
        name: function.name.unwrap_or_default().into_owned(),
        arguments: function.arguments.unwrap_or_default().into_owned(),
    };
    let calls = content.tool_calls.unwrap_or_default().into_iter().filter_map(|c| c.function).map(whole).collect();
    Answered::new(content.content.unwrap_or_default().into_owned(), calls, finish(&reason))
}

pub(super) fn step(data: &str, gathered: &mut Gathered, each: &mut impl FnMut(Piece)) -> Result<(), Complaint> {
    if data == "[DONE]" {
        return Ok(());
    }
    let chunk: Completion<'_> = serde_json::from_str(data)
        .map_err(|_| Complaint::new(Class::Malformed, "an event of the stream is not JSON"))?;
    if let Some(error) = chunk.error {
        return Err(error.complaint(StatusCode::OK));
    }
    let Some(choice) = chunk.choices.and_then(|c| c.into_iter().next()) else { return Ok(()) };
    if let Some(delta) = choice.message {
        if delta.refusal.is_some_and(|r| !r.is_empty()) {
            return Err(Complaint::new(Class::ContentPolicy, "the model refused"));
        }
        if let Some(text) = delta.content.filter(|text| !text.is_empty()) {
            each(Piece::Text(text.into_owned()));
        }
        for called in delta.tool_calls.unwrap_or_default() {
            let Some(CalledFunction { name, arguments }) = called.function else { continue };
            if let Some(name) = name {
                gathered.begin(called.index, &name, each);
            }
            gathered.extend(called.index, &arguments.unwrap_or_default(), each);
        }
    }
    choice.finish_reason.map_or(Ok(()), |reason| gathered.finish(finish(&reason)))
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
