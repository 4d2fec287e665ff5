//! Chat completions, client side, as OpenAI brought them up and others took them over. What one of them does its own way
//! stands in its [`Flavour`]; all else is the same wire.
//!
//! A stream is whole once a `finish_reason` arrived, also with text in the same event; `[DONE]` alone proves nothing and
//! its absence costs nothing. What goes wrong is [`said`](super::said) in more ways than one.

use super::answered::{Gathered, Piece, Response, ToolCall};
use super::finish::Finish;
use super::said::{Said, said_with_200};
use super::{Ask, Complaint, Effort, json, post, usage};
use crate::event::{Class, Usage};
use http::StatusCode;
use http::request::Builder;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What one vendor does its own way.
#[derive(Debug)]
pub(super) struct Flavour {
    /// The path of an endpoint, as `chat/completions`, for a model.
    pub(super) path: fn(&str, &str) -> String,
    /// The header that bears the key, and what stands before it there.
    pub(super) key: (&'static str, &'static str),
    /// The path of the list of models.
    pub(super) models: &'static str,
    /// The cap is called by its newer name.
    pub(super) caps_completion: bool,
    /// The word for "call some tool".
    pub(super) must_call: &'static str,
    /// How it is told to go on from a partial answer.
    pub(super) go_on: GoOn,
    /// What it calls a seed.
    pub(super) seed: Seed,
    /// How many stop texts it takes.
    pub(super) most_stops: usize,
    /// It can be told how hard to think.
    pub(super) effort: bool,
    /// A stream tells its usage only if it is asked to.
    pub(super) usage_on_request: bool,
    /// A streamed tool call comes in one chunk.
    pub(super) whole_calls: bool,
    /// Why an answer ended.
    pub(super) finish: fn(&str) -> Finish,
    /// What an error means, where the vendor has words of its own for it.
    pub(super) class: fn(&Said, StatusCode) -> Option<Class>,
}

/// How a model is told to go on from a last message by the assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GoOn {
    /// It is not: some models do, others begin anew.
    Untold,
    /// The message says that it is the beginning of the answer.
    Prefix,
    /// The request says that the last message is not to be closed.
    Unclosed,
}

/// What a seed is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seed {
    Seed,
    RandomSeed,
}

impl Flavour {
    /// A request without its body.
    pub(super) fn post(&self, endpoint: &str, model: &str, secret: &str) -> Builder {
        let (header, before) = self.key;
        post((self.path)(endpoint, model)).header(header, format!("{before}{secret}"))
    }
}

/// The path of an endpoint where the model stands in the body.
pub(super) fn v1(endpoint: &str, _model: &str) -> String {
    format!("/v1/{endpoint}")
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    random_seed: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<Effort>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    continue_final_message: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_generation_prompt: Option<bool>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Content<'a>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    prefix: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
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

fn user<'a>(ask: &Ask<'a>) -> Content<'a> {
    if ask.images.is_empty() {
        return Content::Text(Cow::Borrowed(ask.prompt));
    }
    let mut parts = vec![Part::Text { text: ask.prompt }];
    parts.extend(ask.images.iter().map(|image| {
        let url = format!("data:{};base64,{}", image.media_type, image.base64);
        Part::ImageUrl { image_url: Url { url } }
    }));
    Content::Parts(parts)
}

fn tool<'a>(tool: &super::Tool<'a>) -> Tool<'a> {
    let super::Tool { name, description, parameters } = *tool;
    Tool { r#type: "function", function: Function { name, description, parameters } }
}

pub(super) fn request(flavour: &Flavour, ask: &Ask<'_>) -> (Builder, Vec<u8>) {
    let message = |role, content| Message { role, content, prefix: false };
    let mut messages = vec![message("system", Content::Text(ask.system_text())), message("user", user(ask))];
    let partial = ask.whole_partial();
    messages.extend(partial.map(|text| Message {
        prefix: flavour.go_on == GoOn::Prefix,
        ..message("assistant", Content::Text(Cow::Borrowed(text)))
    }));
    let options = ask.options;
    let seed = |called| options.seed.filter(|_| flavour.seed == called);
    let unclosed = partial.is_some() && flavour.go_on == GoOn::Unclosed;
    let body = Request {
        model: ask.model,
        messages,
        max_completion_tokens: flavour.caps_completion.then_some(options.cap()),
        max_tokens: (!flavour.caps_completion).then_some(options.cap()),
        tools: ask.tools.iter().map(tool).collect(),
        tool_choice: ask.insists_on_call().then_some(flavour.must_call),
        response_format: ask.native_schema().map(|s| ResponseFormat {
            r#type: "json_schema",
            json_schema: JsonSchema { name: "answer", strict: true, schema: s },
        }),
        stream: ask.stream,
        stream_options: (ask.stream && flavour.usage_on_request).then_some(StreamOptions { include_usage: true }),
        seed: seed(Seed::Seed),
        random_seed: seed(Seed::RandomSeed),
        stop: options.stops(),
        reasoning_effort: options.effort.filter(|_| flavour.effort),
        continue_final_message: unclosed,
        add_generation_prompt: unclosed.then_some(false),
    };
    (flavour.post("chat/completions", ask.model, ask.secret), json(&body))
}

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    error: Option<IgnoredAny>,
}

/// The prompt includes what was cached, the completion what was thought.
#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: u32,
    #[serde(default)]
    completion_tokens: u32,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u32>,
}

/// The usage in a message of this wire.
pub(super) fn told(raw: Option<&RawValue>) -> Option<Usage> {
    let Tokens { prompt_tokens, completion_tokens, prompt_tokens_details } = usage::block(raw)?;
    let cached = prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or_default();
    usage::told(prompt_tokens, cached, completion_tokens)
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, alias = "delta")]
    message: Option<Answer<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Answer<'a> {
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

impl CalledFunction<'_> {
    fn whole(self) -> ToolCall {
        let owned = |text: Option<Cow<'_, str>>| text.unwrap_or_default().into_owned();
        ToolCall { name: owned(self.name), arguments: owned(self.arguments) }
    }
}

pub(super) fn answer(flavour: &Flavour, body: &[u8], usage: &mut Option<Usage>) -> Result<Response, Complaint> {
    let completion: Completion<'_> =
        serde_json::from_slice(body).map_err(|_| Complaint::new(Class::Malformed, "the body is no completion"))?;
    *usage = told(completion.usage);
    let choices = completion.choices.filter(|_| completion.error.is_none());
    let Some(choices) = choices else {
        let no_choices = || Complaint::new(Class::Malformed, "a completion without choices");
        return Err(said_with_200(flavour, body).unwrap_or_else(no_choices));
    };
    let choice =
        choices.into_iter().next().ok_or_else(|| Complaint::new(Class::Malformed, "a completion without choices"))?;
    let reason = choice.finish_reason.ok_or_else(|| Complaint::new(Class::Malformed, "no finish_reason"))?;
    let answer = choice.message.ok_or_else(|| Complaint::new(Class::Malformed, "a choice without a message"))?;
    if answer.refusal.is_some() {
        return Err(Complaint::new(Class::ContentPolicy, "the model refused"));
    }
    let calls = answer.tool_calls.unwrap_or_default().into_iter().filter_map(|c| c.function);
    let text = answer.content.unwrap_or_default().into_owned();
    Response::new(text, calls.map(CalledFunction::whole).collect(), (flavour.finish)(&reason), completion.model)
}

pub(super) fn step(
    flavour: &Flavour,
    data: &str,
    gathered: &mut Gathered,
    each: &mut impl FnMut(Piece),
) -> Result<(), Complaint> {
    if data == "[DONE]" {
        return Ok(());
    }
    let chunk: Completion<'_> = serde_json::from_str(data)
        .map_err(|_| Complaint::new(Class::Malformed, "an event of the stream is not JSON"))?;
    gathered.usage = told(chunk.usage).or(gathered.usage);
    let Some(choices) = chunk.choices.filter(|_| chunk.error.is_none()) else {
        return said_with_200(flavour, data.as_bytes()).map_or(Ok(()), Err);
    };
    let Some(choice) = choices.into_iter().next() else { return Ok(()) };
    gathered.named(chunk.model);
    if let Some(delta) = choice.message {
        if delta.refusal.is_some_and(|r| !r.is_empty()) {
            return Err(Complaint::new(Class::ContentPolicy, "the model refused"));
        }
        if let Some(text) = delta.content.filter(|text| !text.is_empty()) {
            each(Piece::Text(text.into_owned()));
        }
        for called in delta.tool_calls.unwrap_or_default() {
            let Some(function) = called.function else { continue };
            if flavour.whole_calls {
                gathered.add(function.whole(), each);
                continue;
            }
            let CalledFunction { name, arguments } = function;
            if let Some(name) = name {
                gathered.begin(called.index, &name, each);
            }
            gathered.extend(called.index, &arguments.unwrap_or_default(), each);
        }
    }
    choice.finish_reason.map_or(Ok(()), |reason| gathered.finish((flavour.finish)(&reason)))
}

/// The finish reasons that are common to all.
pub(super) fn finish(reason: &str) -> Finish {
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
