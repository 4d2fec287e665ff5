//! The vendors' HTTP APIs, one folder each.
//!
//! A dialect reads a request into an `Ask`, writes a `Reply` as a plain body or as the `Frames` of a stream, and
//! words a `Problem` the way its vendor does. It knows nothing of time, luck or faults. Its wire types are private to
//! its folder and shared with nobody: a router that shared them would agree with the mock even where both are wrong.
//!
//! To add a dialect: a folder with its `Format`, a variant of [`Dialect`] and a line in each of its three tables. What a
//! stream consists of is laid out as [`Frames`], with a mark on each event, so that faults can name places in it.

mod anthropic;
mod azure;
mod bedrock;
mod edge;
mod gemini;
mod limits;
mod mistral;
mod ollama;
mod openai;
mod parts;
mod prompt;
#[cfg(test)]
mod tests;
mod vllm;
mod wire;

pub(crate) use prompt::insists_on_schema;
pub(crate) use wire::{Frames, JSON, Mark, Piece};

use crate::fault::{Cause, Endpoint};
use crate::limits::Figures;
use crate::model::Capability;
use crate::text::tokens;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Which vendor's API a mock speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// OpenAI chat completions, responses and embeddings.
    OpenAi,
    /// Anthropic messages.
    Anthropic,
    /// Gemini `generateContent`.
    Gemini,
    /// OpenAI's models at Azure.
    Azure,
    /// AWS Bedrock Converse.
    Bedrock,
    /// Mistral chat completions and embeddings.
    Mistral,
    /// Ollama's own chat API.
    Ollama,
    /// A vLLM server of one's own.
    Vllm,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::OpenAi,
        Self::Anthropic,
        Self::Gemini,
        Self::Azure,
        Self::Bedrock,
        Self::Mistral,
        Self::Ollama,
        Self::Vllm,
    ];

    /// Its name, as it stands in scenario files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Bedrock => "bedrock",
            Self::Ollama => "ollama",
            Self::Azure => "azure",
            Self::Mistral => "mistral",
            Self::Vllm => "vllm",
        }
    }

    pub(crate) fn format(self) -> &'static dyn Format {
        match self {
            Self::OpenAi => &openai::OpenAi,
            Self::Anthropic => &anthropic::Anthropic,
            Self::Gemini => &gemini::Gemini,
            Self::Bedrock => &bedrock::Bedrock,
            Self::Ollama => &ollama::Ollama,
            Self::Azure => &azure::Azure,
            Self::Mistral => &mistral::Mistral,
            Self::Vllm => &vllm::Vllm,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No dialect has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown dialect `{0}`, expected one of: {names}", names = Dialect::ALL.map(Dialect::name).join(", "))]
pub struct UnknownDialect(String);

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|d| d.name() == name).ok_or_else(|| UnknownDialect(name.to_owned()))
    }
}

/// What a path and method mean to a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'u> {
    /// An answer, or a vector, is wanted; what the path says about it.
    Ask(Place<'u>),
    /// The list of models is wanted.
    Models,
    /// Somebody asks whether the server is up; nobody needs a key for that.
    Health,
    /// The path exists, the method does not.
    WrongMethod,
    /// There is nothing here.
    Unknown,
}

/// What the path of a request for an answer says: nothing for most vendors, much for Gemini and Bedrock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place<'u> {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) model: &'u str,
    pub(crate) stream: bool,
    /// The stream is one JSON array instead of server-sent events.
    pub(crate) array: bool,
}

impl Place<'_> {
    /// A place that says nothing but what it is for.
    fn of(endpoint: Endpoint) -> Self {
        Self { endpoint: Some(endpoint), ..Self::default() }
    }
}

/// A request, as far as the mock cares.
#[derive(Debug, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) model: Cow<'a, str>,
    pub(crate) stream: bool,
    /// The text of all user turns, joined by newlines.
    pub(crate) prompt: Cow<'a, str>,
    pub(crate) prompt_tokens: u32,
    /// The text of a last turn by the assistant: the answer is to go on from there.
    pub(crate) prefill: Option<Cow<'a, str>>,
    /// The request says that this turn is not to be closed, where it has to be said.
    pub(crate) unclosed: bool,
    /// The shape that the answer must have; owned where the request wraps it in a string.
    pub(crate) schema: Option<Cow<'a, RawValue>>,
    /// Some JSON is wanted, whatever its shape.
    pub(crate) json: bool,
    /// The tools that may be called.
    pub(crate) tools: Vec<Tool<'a>>,
    /// The last turn brings the result of a tool call.
    pub(crate) tool_result: bool,
    /// Images among the parts of the prompt.
    pub(crate) images: u32,
    pub(crate) max_tokens: Option<u32>,
    /// What may be thought at most, in tokens.
    pub(crate) thinking_budget: Option<u32>,
    /// Texts at which the answer is to stop.
    pub(crate) stop: Vec<Cow<'a, str>>,
    /// The stream is to end with a chunk of usage.
    pub(crate) usage: bool,
    /// The stream is one JSON array.
    pub(crate) array: bool,
    /// The first sampling parameter that it sets, where an API version may refuse them.
    pub(crate) sampling: Option<&'static str>,
    /// Whom the request names as its end user.
    pub(crate) user: Option<Cow<'a, str>>,
    /// The texts that are to become vectors.
    pub(crate) inputs: Vec<Cow<'a, str>>,
    /// How many numbers a vector is to have.
    pub(crate) dimensions: Option<u32>,
    /// Vectors are wanted as base64 of little-endian 32-bit floats.
    pub(crate) base64: bool,
}

/// A tool that the model may call.
#[derive(Debug, Clone)]
pub struct Tool<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// The JSON Schema of its arguments.
    pub parameters: Option<&'a RawValue>,
}

/// Why a complete answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The model had said all.
    Stop,
    /// The token cap was reached.
    Length,
    /// The model's window is full.
    WindowFull,
    /// Tools are to be called.
    ToolCall,
    /// A stop text came up.
    StopString,
    /// The filter blocked the answer.
    Refused,
    /// The filter blocked the prompt (vendors that say so with HTTP 200).
    Blocked,
    /// The model tried to call a tool and failed to.
    BadToolOutput,
    /// The provider paused the turn; the client is to ask again.
    Paused,
}

/// What a model says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) parts: Vec<Part>,
    pub(crate) finish: Finish,
    /// The stop text that came up.
    pub(crate) stop_string: Option<String>,
    /// What stands for the model's name, if not the one asked for.
    pub(crate) model: Option<String>,
    /// Tokens that the model thought and did not say.
    pub(crate) reasoning_tokens: u32,
    /// Tokens of the prompt that were already in a cache.
    pub(crate) cached_tokens: u32,
    /// How the usage is told.
    pub(crate) usage: Told,
    /// It goes on past stop texts, token cap and window.
    pub(crate) endless: bool,
}

/// How a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Truly,
    AsZero,
    NotAtAll,
}

/// A part of what a model says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Call { name: String, arguments: String },
}

impl Part {
    /// What is said, or the arguments of the call.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Call { arguments: text, .. } => text,
        }
    }
}

impl Answer {
    pub(crate) fn new(parts: Vec<Part>, finish: Finish) -> Self {
        let (stop_string, model) = (None, None);
        let (reasoning_tokens, cached_tokens) = (0, 0);
        Self { parts, finish, stop_string, model, reasoning_tokens, cached_tokens, usage: Told::Truly, endless: false }
    }

    /// Tokens that are said.
    pub(crate) fn tokens(&self) -> u32 {
        u32::try_from(self.parts.iter().map(|part| tokens(part.text()).count()).sum::<usize>()).unwrap_or(u32::MAX)
    }

    /// The text, if it says one.
    pub(crate) fn text_mut(&mut self) -> Option<&mut String> {
        self.parts.iter_mut().find_map(|part| match part {
            Part::Text(text) => Some(text),
            Part::Call { .. } => None,
        })
    }

    /// Says this in place of all it would have said, and stops as if that were all.
    pub(crate) fn say_instead(&mut self, text: &str) {
        self.parts = vec![Part::Text(text.to_owned())];
        self.finish = Finish::Stop;
    }

    /// Says nothing, for this reason.
    pub(crate) fn fall_silent(&mut self, finish: Finish) {
        self.parts.clear();
        self.finish = finish;
    }
}

/// How long an answer takes, as planned; what slows it down on its way is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Took {
    /// From the request to the first token.
    pub(crate) first: Duration,
    /// From the request to the end.
    pub(crate) all: Duration,
}

/// An answer to be put on the wire.
pub(crate) struct Reply<'a> {
    pub(crate) ask: &'a Ask<'a>,
    /// Unique per attempt; hexadecimal digits.
    pub(crate) id: &'a str,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) took: Took,
    pub(crate) answer: &'a Answer,
}

impl Reply<'_> {
    /// The model's name, as it is echoed.
    fn model(&self) -> &str {
        self.answer.model.as_deref().unwrap_or(&self.ask.model)
    }

    /// All the text that is said.
    fn text(&self) -> Cow<'_, str> {
        let mut texts = self.answer.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Call { .. } => None,
        });
        let first = texts.next().unwrap_or_default();
        texts.fold(Cow::Borrowed(first), |all, text| all + text)
    }

    /// Tokens that are counted as answer.
    fn tokens(&self) -> u32 {
        self.answer.tokens().saturating_add(self.answer.reasoning_tokens)
    }
}

/// What a model says that does not go on from a partial answer.
pub(crate) const NO_PREFILL: &str =
    "This model does not support assistant message prefill. The conversation must end with a user message.";

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Problem<'a> {
    Cause(Cause),
    Status(u16),
    NoKey,
    NoVersion,
    NotJson,
    BadShape(&'a str),
    MissingField(&'static str),
    NoSuchPath(&'a Method, &'a str),
    WrongMethod(&'a Method, &'a str),
    TooLarge,
    /// The model cannot do what is asked.
    Lacks(Capability),
}

/// What an error text may mention.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) id: &'a str,
    pub(crate) model: &'a str,
    pub(crate) prompt_tokens: u32,
    pub(crate) context: u32,
    pub(crate) retry_after: Option<Duration>,
    /// What is told of the limits, if there are any.
    pub(crate) figures: Option<&'a Figures>,
    /// Time since 1970.
    pub(crate) now: Duration,
    /// The answer would have been a stream that is one JSON array.
    pub(crate) array: bool,
    /// Events of the stream that come before this; 0 outside of one.
    pub(crate) events: u32,
}

impl Scene<'_> {
    /// The size of a prompt that does not fit, whatever was really sent.
    fn too_many_tokens(&self) -> u32 {
        self.prompt_tokens.max(self.context.saturating_add(1))
    }
}

/// An error answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
}

impl Failure {
    fn json(status: u16, body: &impl serde::Serialize) -> Self {
        Self { status, content_type: JSON, headers: Vec::new(), body: wire::json(body) }
    }

    fn with(mut self, name: &'static str, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// With the headers that this tells.
    fn telling(mut self, tell: impl FnOnce(&mut HeaderMap)) -> Self {
        let mut headers = HeaderMap::new();
        tell(&mut headers);
        self.headers.extend(headers.into_iter().filter_map(|(name, value)| Some((name?, value))));
        self
    }
}

/// What keeps a connection alive without saying anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filling {
    /// A comment of server-sent events.
    Comment,
    /// An event without content.
    Ping,
    /// A blank line.
    Blank,
}

/// How one vendor speaks.
pub(crate) trait Format: Sync {
    /// What a path and method mean.
    fn route<'u>(&self, method: &Method, path: &'u str, query: &str) -> Route<'u>;

    /// Whether the request may come in at all. Any key will do, but there must be one.
    fn admit(&self, headers: &HeaderMap, query: &str) -> Result<(), Problem<'static>>;

    /// Reads the body of a request for an answer.
    fn read<'a>(&self, place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable>;

    /// What this vendor does not accept of a request that could be read, by what its headers say.
    fn check(&self, _headers: &HeaderMap, _ask: &Ask<'_>) -> Result<(), Problem<'static>> {
        Ok(())
    }

    /// The body of a plain answer.
    fn plain(&self, reply: &Reply<'_>) -> Vec<u8>;

    /// The frames of a streamed answer.
    fn frames(&self, reply: &Reply<'_>) -> Frames;

    /// The body that answers a request for vectors, where the vendor has an endpoint for that.
    fn embeddings(&self, _reply: &Reply<'_>) -> Vec<u8> {
        Vec::new()
    }

    /// The tokens of a stream come in bursts, so many milliseconds apart; 0: as the model says them.
    fn burst_ms(&self) -> u64 {
        0
    }

    /// What a stream ends with when this goes wrong in its middle.
    fn error_event(&self, ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8>;

    /// How an answer ends whose prompt was blocked, if the vendor says so with HTTP 200.
    fn blocks_prompts_with_200(&self) -> Option<Finish>;

    /// Whether a model that does not go on from a partial answer refuses the request; else it answers anew.
    fn refuses_prefill(&self) -> bool {
        false
    }

    /// The API key of a request, as it was sent.
    fn key<'h>(&self, headers: &'h HeaderMap, query: &'h str) -> &'h str;

    /// Bytes that may stand between the head and the first token of a stream and mean nothing.
    fn filler(&self, kind: Filling) -> Vec<u8> {
        match kind {
            Filling::Comment => b": keep-alive\n\n".to_vec(),
            Filling::Ping => b"event: ping\ndata: {\"type\": \"ping\"}\n\n".to_vec(),
            Filling::Blank => b"\n".to_vec(),
        }
    }

    /// An error answer.
    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure;

    /// What the headers tell of the limits; how long to wait after a refusal is told by [`failure`](Self::failure).
    /// `now` is the time since 1970.
    fn limits(&self, _figures: &Figures, _now: Duration, _headers: &mut HeaderMap) {}

    /// The headers that every response of this vendor bears.
    fn mark(&self, headers: &mut HeaderMap, id: &str);

    /// Tells how long it took to the head, if this vendor does.
    fn tell_time(&self, _headers: &mut HeaderMap, _took: Duration) {}

    /// The content type of a stream.
    fn stream_type(&self, ask: &Ask<'_>) -> &'static str;

    /// The list of models.
    fn models(&self, names: &[&str]) -> Vec<u8>;
}

/// Why a body could not be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It is not JSON, or its fields have other types; what the parser says.
    Json(serde_json::Error),
    /// A field is missing.
    Missing(&'static str),
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// The bearer token of a request; empty without one.
fn bearer(headers: &HeaderMap) -> &str {
    let value = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split_once(' ').map_or(value, |(_, token)| token.trim())
}

/// A wait as headers in whole seconds say it, rounded up.
fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u64::MAX)
}

/// Seconds since 1970 as RFC 3339 writes them.
fn rfc3339(seconds: u64) -> String {
    // Days are counted from 1 March of the year 0, so that a leap day ends its year.
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
