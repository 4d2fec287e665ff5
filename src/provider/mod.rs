//! Adapters: one neutral question in, a vendor's HTTP request out; a vendor's HTTP response in, a neutral answer or a
//! [`Class`] out. One file a dialect.
//!
//! This room owns its wire types and shares none with the mock providers: types in common would make both wrong
//! together. It does no I/O and keeps no state beyond the one stream being read.
//!
//! To add a dialect: a file here with the four functions that [`Adapter`] dispatches to, a variant there, and the
//! dialect's rows in `tests/`.

mod anthropic;
mod gemini;
mod openai;
mod sse;
mod status;

use crate::event::Class;
use bytes::Bytes;
use http::request::Builder;
use http::{HeaderMap, StatusCode};
use mock_providers::Dialect;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The sentence that a retry after a broken schema adds.
pub(crate) const STRICTER: &str = "Return only JSON that matches the schema. No prose, no code fence.";

/// A question, in nobody's dialect.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The model's name on the wire.
    pub model: &'a str,
    /// Instructions.
    pub system: &'a str,
    /// What the user says.
    pub prompt: &'a str,
    /// The shape the answer must have.
    pub schema: Option<&'a RawValue>,
    /// Whether a stream is wanted.
    pub stream: bool,
    /// Whether the stricter prompt is used.
    pub stricter: bool,
}

impl Ask<'_> {
    fn system_text(&self) -> Cow<'_, str> {
        if self.stricter { Cow::Owned(format!("{}\n{STRICTER}", self.system)) } else { Cow::Borrowed(self.system) }
    }
}

/// The longest answer that is asked for, in tokens.
const MAX_TOKENS: u32 = 1024;

/// What is wrong with a response.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    /// What it means.
    pub class: Class,
    /// A few words.
    pub detail: Cow<'static, str>,
    /// The wait the provider asked for, in seconds.
    pub retry_after: Option<f64>,
}

impl Complaint {
    fn new(class: Class, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { class, detail: detail.into(), retry_after: None }
    }
}

/// What one event of a stream brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A piece of the answer.
    Token(String),
    /// Nothing of interest.
    Nothing,
    /// The answer is whole; what follows is bookkeeping.
    Finished,
}

/// The client side of one dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adapter(Dialect);

impl Adapter {
    /// The adapter for a dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self(dialect)
    }

    /// The request, without its authority.
    ///
    /// # Errors
    /// The model's name does not fit into a request line.
    pub fn request(self, ask: &Ask<'_>) -> http::Result<http::Request<Bytes>> {
        let (builder, body) = match self.0 {
            Dialect::OpenAi => openai::request(ask),
            Dialect::Anthropic => anthropic::request(ask),
            Dialect::Gemini => gemini::request(ask),
        };
        builder.header(http::header::CONTENT_TYPE, "application/json").body(Bytes::from(body))
    }

    /// The text of a complete plain answer.
    ///
    /// # Errors
    /// It is none, or the provider says in it that it did not answer.
    pub fn answer(self, body: &[u8]) -> Result<String, Complaint> {
        if body.is_empty() {
            return Err(Complaint::new(Class::Interrupted, "empty body"));
        }
        match self.0 {
            Dialect::OpenAi => openai::answer(body),
            Dialect::Anthropic => anthropic::answer(body),
            Dialect::Gemini => gemini::answer(body),
        }
    }

    /// What an answer with an error status means.
    #[must_use]
    pub fn complaint(self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Complaint {
        let mut complaint = match self.0 {
            Dialect::OpenAi => openai::complaint(status, body),
            Dialect::Anthropic => anthropic::complaint(status, body),
            Dialect::Gemini => gemini::complaint(status, body),
        };
        complaint.retry_after = status::retry_after(headers).or(complaint.retry_after);
        complaint
    }

    /// A reader for one streamed answer.
    #[must_use]
    pub fn reader(self) -> StreamReader {
        StreamReader { dialect: self.0, sse: sse::Parser::default(), finished: false }
    }
}

/// Reads one streamed answer, whatever the pieces it arrives in.
#[derive(Debug)]
pub struct StreamReader {
    dialect: Dialect,
    sse: sse::Parser,
    finished: bool,
}

impl StreamReader {
    /// Takes in bytes and hands each piece of the answer to `token`.
    ///
    /// # Errors
    /// The stream carries an error, or something that is no event of this dialect.
    pub fn feed(&mut self, bytes: &[u8], mut token: impl FnMut(String)) -> Result<(), Complaint> {
        let Self { dialect, sse, finished } = self;
        sse.feed(bytes, |event, data| {
            let step = match dialect {
                Dialect::OpenAi => openai::step(data, &mut token),
                Dialect::Anthropic => anthropic::step(event, data),
                Dialect::Gemini => gemini::step(data, &mut token),
            }?;
            match step {
                Step::Token(text) if !text.is_empty() => token(text),
                Step::Finished => *finished = true,
                Step::Token(_) | Step::Nothing => {}
            }
            Ok(())
        })
    }

    /// The body has ended. Was the answer whole?
    ///
    /// # Errors
    /// It was not: the finish was never announced.
    pub fn end(&self) -> Result<(), Complaint> {
        if self.finished {
            Ok(())
        } else {
            Err(Complaint::new(Class::Interrupted, "the stream ended without its finish"))
        }
    }
}

fn post(path: impl AsRef<str>) -> Builder {
    http::Request::post(path.as_ref())
}
