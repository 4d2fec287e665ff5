//! Ollama's own chat (`POST /api/chat`), client side.
//!
//! It streams unless told not to, in lines of JSON; the last one is `done` and bears the reason. A tool call comes whole
//! and its arguments are an object. It asks for no key, and it cannot be told that a tool must be called. What it says of
//! an error is a sentence, as an answer and as a line. It goes on from a last message by the assistant.

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
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a RawValue>,
    options: Options<'a>,
    /// How hard to think, for models that do.
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<Effort>,
    stream: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
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
struct Options<'a> {
    num_predict: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<&'a str>,
}

fn tool<'a>(tool: &super::Tool<'a>) -> Tool<'a> {
    let super::Tool { name, description, parameters } = *tool;
    Tool { r#type: "function", function: Function { name, description, parameters } }
}

pub(super) fn request(ask: &Ask<'_>) -> (Builder, Vec<u8>) {
    let text = |role, content| Message { role, content, images: Vec::new() };
    let images = ask.images.iter().map(|image| &*image.base64).collect();
    let mut messages =
        vec![text("system", ask.system_text()), Message { images, ..text("user", Cow::Borrowed(ask.prompt)) }];
    messages.extend(ask.whole_partial().map(|partial| text("assistant", Cow::Borrowed(partial))));
    let body = Request {
        model: ask.model,
        messages,
        tools: ask.tools.iter().map(tool).collect(),
        format: ask.native_schema(),
        options: Options { num_predict: ask.options.cap(), seed: ask.options.seed, stop: ask.options.stops() },
        think: ask.options.effort,
        stream: ask.stream,
    };
    (post("/api/chat"), json(&body))
}

/// A line of a stream, or a whole answer.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Said<'a>>,
    #[serde(default)]
    done: bool,
    #[serde(borrow)]
    done_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    prompt_eval_count: Option<u32>,
    #[serde(default)]
    eval_count: Option<u32>,
    error: Option<String>,
}

impl Line<'_> {
    fn usage(&self) -> Option<Usage> {
        usage::told(self.prompt_eval_count?, 0, self.eval_count.unwrap_or_default())
    }
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<Called<'a>>>,
}

#[derive(Deserialize)]
struct Called<'a> {
    #[serde(borrow)]
    function: CalledFunction<'a>,
}

#[derive(Deserialize)]
struct CalledFunction<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: String,
}

impl Said<'_> {
    fn into_parts(self) -> (String, Vec<ToolCall>) {
        let whole = |Called { function }: Called<'_>| ToolCall {
            name: function.name.unwrap_or_default().into_owned(),
            arguments: function.arguments.map_or("{}", RawValue::get).to_owned(),
        };
        let calls = self.tool_calls.unwrap_or_default().into_iter().map(whole).collect();
        (self.content.unwrap_or_default().into_owned(), calls)
    }
}

fn finish(reason: Option<&str>) -> Finish {
    match reason {
        // Also after tool calls.
        Some("stop") => Finish::Whole,
        Some("length") => Finish::Capped,
        // The answer to a question that has no messages.
        Some(reason @ ("load" | "unload")) => Finish::Unfinished(format!("done_reason {reason}")),
        Some(reason) => Finish::Unknown(format!("done_reason {reason}")),
        None => Finish::Unfinished("done without a done_reason".to_owned()),
    }
}

pub(super) fn answer(body: &[u8], usage: &mut Option<Usage>) -> Result<Response, Complaint> {
    let line: Line<'_> =
        serde_json::from_slice(body).map_err(|_| Complaint::new(Class::Malformed, "the body is no chat response"))?;
    if let Some(error) = line.error {
        return Err(explain(StatusCode::OK, &error));
    }
    *usage = line.usage();
    if !line.done {
        return Err(Complaint::new(Class::Malformed, "an answer that is not done"));
    }
    let (text, calls) = line.message.map(Said::into_parts).unwrap_or_default();
    Response::new(text, calls, finish(line.done_reason.as_deref()), line.model)
}

pub(super) fn step(data: &str, gathered: &mut Gathered, each: &mut impl FnMut(Piece)) -> Result<(), Complaint> {
    let line: Line<'_> =
        serde_json::from_str(data).map_err(|_| Complaint::new(Class::Malformed, "a line of the stream is not JSON"))?;
    if let Some(error) = line.error {
        return Err(explain(StatusCode::OK, &error));
    }
    gathered.usage = line.usage().or(gathered.usage);
    gathered.named(line.model);
    let (text, calls) = line.message.map(Said::into_parts).unwrap_or_default();
    if !text.is_empty() {
        each(Piece::Text(text));
    }
    for call in calls {
        gathered.add(call, each);
    }
    if line.done { gathered.finish(finish(line.done_reason.as_deref())) } else { Ok(()) }
}

pub(super) fn complaint(status: StatusCode, body: &[u8]) -> Complaint {
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(body) => explain(status, &body.error),
        Err(_) => status::plain(status, ""),
    }
}

/// There are no codes: where the status does not tell, or tells too little, the sentence must.
fn explain(status: StatusCode, message: &str) -> Complaint {
    let says = |words: &str| message.contains(words);
    let class = match status.as_u16() {
        400 | 200 if says("context length") || says("context window") => Class::ContextLength,
        429 | 200 if says("usage limit") => Class::QuotaExhausted,
        200 if says("server busy") => Class::Overloaded,
        200 if says("too many requests") => Class::RateLimited,
        200 if says("unauthorized") => Class::Auth,
        200 if says("not found") => Class::ModelGone,
        // What breaks off a stream and is none of these went wrong in the server.
        200 => Class::ServerError,
        _ => status::by_status(status),
    };
    Complaint::new(class, status::detail(status, message))
}
