//! The vendors' HTTP APIs, one file each.
//!
//! A dialect reads a request into an `Ask`, writes a `Reply` as a plain body or as the `Frames` of a stream, and
//! words a `Problem` the way its vendor does. It knows nothing of time, luck or faults. Its wire types are private to
//! its file and shared with nobody: a router that shared them would agree with the mock even where both are wrong.
//!
//! To add a dialect: write its file, implement `Format`, add a variant to [`Dialect`] and a line to its three tables.

mod anthropic;
mod edge;
mod gemini;
mod openai;
mod prompt;
mod wire;

pub(crate) use prompt::insists_on_schema;
pub(crate) use wire::{Frames, JSON, Suffix};

use crate::fault::Cause;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Which vendor's API a mock speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// OpenAI chat completions.
    OpenAi,
    /// Anthropic messages.
    Anthropic,
    /// Gemini `generateContent`.
    Gemini,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    /// Its name, as it stands in scenario files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    pub(crate) fn format(self) -> &'static dyn Format {
        match self {
            Self::OpenAi => &openai::OpenAi,
            Self::Anthropic => &anthropic::Anthropic,
            Self::Gemini => &gemini::Gemini,
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
    /// An answer is wanted; what the path says about it.
    Answer(Place<'u>),
    /// The list of models is wanted.
    Models,
    /// The path exists, the method does not.
    WrongMethod,
    /// There is nothing here.
    Unknown,
}

/// What the path of a request for an answer says: nothing for most vendors, much for Gemini.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place<'u> {
    pub(crate) model: &'u str,
    pub(crate) stream: bool,
    /// The stream is one JSON array instead of server-sent events.
    pub(crate) array: bool,
}

/// A request for an answer, as far as the mock cares.
#[derive(Debug, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) model: Cow<'a, str>,
    pub(crate) stream: bool,
    /// The text of all user turns, joined by newlines.
    pub(crate) prompt: Cow<'a, str>,
    pub(crate) prompt_tokens: u32,
    /// The text of a last turn by the assistant: the answer is to go on from there.
    pub(crate) prefill: Option<Cow<'a, str>>,
    pub(crate) schema: Option<&'a RawValue>,
    pub(crate) max_tokens: Option<u32>,
    /// The stream is to end with a chunk of usage.
    pub(crate) usage: bool,
    /// The stream is one JSON array.
    pub(crate) array: bool,
}

/// Why a complete answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The model had said all.
    Stop,
    /// The token cap was reached.
    Length,
    /// The filter blocked the answer.
    Refused,
    /// The filter blocked the prompt (vendors that say so with HTTP 200).
    Blocked,
}

/// An answer to be put on the wire.
pub(crate) struct Reply<'a> {
    pub(crate) ask: &'a Ask<'a>,
    /// Unique per attempt; hexadecimal digits.
    pub(crate) id: &'a str,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) text: &'a str,
    pub(crate) tokens: u32,
    pub(crate) finish: Finish,
}

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
}

/// What an error text may mention.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) id: &'a str,
    pub(crate) model: &'a str,
    pub(crate) prompt_tokens: u32,
    pub(crate) context: u32,
    pub(crate) retry_after: Option<Duration>,
    /// Seconds since 1970.
    pub(crate) now: u64,
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
}

/// How one vendor speaks.
pub(crate) trait Format: Sync {
    /// What a path and method mean.
    fn route<'u>(&self, method: &Method, path: &'u str, query: &str) -> Route<'u>;

    /// Whether the request may come in at all. Any key will do, but there must be one.
    fn admit(&self, headers: &HeaderMap, query: &str) -> Result<(), Problem<'static>>;

    /// Reads the body of a request for an answer.
    fn read<'a>(&self, place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable>;

    /// The body of a plain answer.
    fn plain(&self, reply: &Reply<'_>) -> Vec<u8>;

    /// The frames of a streamed answer.
    fn frames(&self, reply: &Reply<'_>) -> Frames;

    /// What says inside a stream that the provider is overloaded.
    fn error_event(&self, ask: &Ask<'_>) -> Vec<u8>;

    /// Whether the vendor says with HTTP 200 that a prompt was blocked.
    fn blocks_prompts_with_200(&self) -> Option<Finish>;

    /// An error answer.
    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure;

    /// The headers that every response of this vendor bears.
    fn mark(&self, headers: &mut HeaderMap, id: &str);

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

/// A wait as headers in whole seconds say it, rounded up.
fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_is_found_by_its_name_and_an_unknown_one_is_told_the_names() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
        }
        let error = "opneai".parse::<Dialect>().unwrap_err().to_string();
        assert_eq!(error, "unknown dialect `opneai`, expected one of: openai, anthropic, gemini");
    }
}
