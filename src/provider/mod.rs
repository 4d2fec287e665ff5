//! Adapters: one neutral question in, a vendor's HTTP request out; a vendor's HTTP response in, a neutral answer or a
//! [`Class`] out. One file a dialect.
//!
//! This room owns its wire types and shares none with the mock providers: types in common would make both wrong
//! together. It does no I/O and keeps no state beyond the one stream being read.
//!
//! A question may offer tools and carry images; the answer is text, tool calls, or both. Tool calls are handed over
//! whole, also from a stream: half the arguments of a call are of no use to anybody. A text to be embedded is another
//! question ([`Embed`]), and not every API has an answer to it ([`Cannot`]).
//!
//! To add a dialect: its line in the table of `Wire::of`, its samples in `tests/` here and its name in the `tests/` of
//! the crate. If it speaks OpenAI's chat, its file holds a `Flavour`; else the four functions that [`Adapter`] dispatches
//! to, behind a variant of `Wire`.

mod allowance;
mod answered;
mod anthropic;
mod azure;
mod bedrock;
mod chat;
mod embed;
mod event_stream;
mod finish;
mod framing;
mod gemini;
mod lines;
mod mistral;
mod models;
mod ollama;
mod openai;
mod options;
mod said;
mod sse;
mod status;
mod usage;
mod vllm;

pub use answered::{Answered, Piece, Response, ToolCall};
pub use embed::{Cannot, Embed, Embedder};
pub use finish::Finish;
pub use options::{Effort, NO_OPTIONS, Options};
pub use usage::{prompt_tokens, tokens};

use crate::event::{Allowance, Class, Usage};
use answered::Gathered;
use bytes::Bytes;
use chat::Flavour;
use framing::Framing;
use http::request::Builder;
use http::{HeaderMap, StatusCode};
use mock_providers::Dialect;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

/// The sentence that a retry after a broken schema adds.
pub(crate) const STRICTER: &str = "Return only JSON that matches the schema. No prose, no code fence.";

/// What stands before a schema that a prompt tells.
const SHAPE: &str = "Answer with one JSON value that matches this JSON Schema, and with nothing else:";

/// A question, in nobody's dialect.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The model's name on the wire.
    pub model: &'a str,
    /// The key of whoever asks, as [`secret`] gives it.
    pub secret: &'a str,
    /// Instructions.
    pub system: &'a str,
    /// What the user says.
    pub prompt: &'a str,
    /// What the user shows.
    pub images: &'a [Image],
    /// The beginning of the answer, which the client has already: the model is to go on from there. Empty: none. What of
    /// it can be told to this vendor is for [`Adapter::prefill`] to say; that the model obeys is for nobody.
    pub partial: &'a str,
    /// The shape the answer must have.
    pub schema: Option<&'a RawValue>,
    /// Who tells the model of it.
    pub schema_by: SchemaBy,
    /// The tools the model may call.
    pub tools: &'a [Tool<'a>],
    /// Whether it must call one of them.
    pub must_call: bool,
    /// Whether a stream is wanted.
    pub stream: bool,
    /// Whether the stricter prompt is used.
    pub stricter: bool,
    /// What else is asked of the model. Those that [`Adapter::cannot`] be had are left out.
    pub options: &'a Options,
}

/// Who tells a model of the shape its answer must have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SchemaBy {
    /// The API, which sees to it that the model keeps it.
    #[default]
    Native,
    /// The prompt, which nobody enforces: for models whose API has no schemas, behind a gate.
    Prompt,
}

/// An image in a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its media type, as `image/png`.
    pub media_type: Arc<str>,
    /// The file in base64.
    pub base64: Arc<str>,
}

/// A tool that a model may call.
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is for, to the model.
    pub description: &'a str,
    /// The shape of its arguments, as a JSON Schema.
    pub parameters: &'a RawValue,
}

impl Tool<'_> {
    /// Its length in bytes.
    fn length(&self) -> usize {
        self.name.len() + self.description.len() + self.parameters.get().len()
    }
}

impl Ask<'_> {
    /// The length of what is sent to the model, by a rule of thumb.
    #[must_use]
    pub fn prompt_tokens(&self) -> u32 {
        let tools = self.tools.iter().map(Tool::length).sum::<usize>();
        prompt_tokens(self.system_text().len() + self.prompt.len() + self.partial.len() + tools, self.images.len())
    }

    fn system_text(&self) -> Cow<'_, str> {
        let mut text = Cow::Borrowed(self.system);
        if let Some(schema) = self.schema.filter(|_| self.schema_by == SchemaBy::Prompt) {
            // Writing to a string cannot fail.
            let _ = write!(text.to_mut(), "\n{SHAPE}\n{}", schema.get());
        }
        if self.stricter {
            let _ = write!(text.to_mut(), "\n{STRICTER}");
        }
        text
    }

    /// The shape that the API is told of.
    fn native_schema(&self) -> Option<&RawValue> {
        self.schema.filter(|_| self.schema_by == SchemaBy::Native)
    }

    /// The text that the model is to go on from where the vendor refuses blanks at its end, if anything is left.
    fn trimmed_partial(&self) -> Option<&str> {
        Some(self.partial.trim_end()).filter(|text| !text.is_empty())
    }

    /// The text that the model is to go on from, if there is one.
    fn whole_partial(&self) -> Option<&str> {
        Some(self.partial).filter(|text| !text.is_empty())
    }

    /// Whether the model has to call a tool.
    fn insists_on_call(&self) -> bool {
        self.must_call && !self.tools.is_empty()
    }
}

/// The API key of a tenant: a tenant is an API key to a provider. It always fits into a header, and two tenants never
/// share one: whatever is not a letter, a digit or one of `_-.:` is escaped as in a URL.
#[must_use]
pub fn secret(tenant: &str) -> String {
    let mut secret = String::from("sk-drill-");
    for byte in tenant.bytes() {
        if byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte) {
            secret.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(secret, "%{byte:02X}");
        }
    }
    secret
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
    /// Whom the wait is for, if it says.
    pub scope: Option<Scope>,
}

/// Whom a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The key, or the project or user behind it.
    Key,
    /// One model.
    Model,
    /// Everything of this provider.
    Provider,
}

impl Complaint {
    fn new(class: Class, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { class, detail: detail.into(), retry_after: None, scope: None }
    }
}

/// What is spoken to a vendor, and which of its flavours.
#[derive(Debug, Clone, Copy)]
enum Wire {
    Chat(&'static Flavour),
    Anthropic,
    Gemini,
    Bedrock,
    Ollama,
}

impl Wire {
    fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenAi => Self::Chat(&openai::OPENAI),
            Dialect::Azure => Self::Chat(&azure::AZURE),
            Dialect::Mistral => Self::Chat(&mistral::MISTRAL),
            Dialect::Vllm => Self::Chat(&vllm::VLLM),
            Dialect::Anthropic => Self::Anthropic,
            Dialect::Gemini => Self::Gemini,
            Dialect::Bedrock => Self::Bedrock,
            Dialect::Ollama => Self::Ollama,
        }
    }

    fn framing(self) -> Framing {
        match self {
            Self::Chat(_) | Self::Anthropic | Self::Gemini => Framing::Sse,
            Self::Bedrock => Framing::EventStream,
            Self::Ollama => Framing::Lines,
        }
    }
}

/// The client side of one dialect.
#[derive(Debug, Clone, Copy)]
pub struct Adapter(Wire);

impl Adapter {
    /// The adapter for a dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self(Wire::of(dialect))
    }

    /// The request, without its authority.
    ///
    /// # Errors
    /// The model's name does not fit into a request line.
    pub fn request(self, ask: &Ask<'_>) -> http::Result<http::Request<Bytes>> {
        let (builder, body) = match self.0 {
            Wire::Chat(flavour) => chat::request(flavour, ask),
            Wire::Anthropic => anthropic::request(ask),
            Wire::Gemini => gemini::request(ask),
            Wire::Bedrock => bedrock::request(ask),
            Wire::Ollama => ollama::request(ask),
        };
        builder.header(http::header::CONTENT_TYPE, "application/json").body(Bytes::from(body))
    }

    /// A request for the list of models, without its authority.
    ///
    /// # Errors
    /// The key does not fit into a header.
    pub fn models_request(self, secret: &str) -> http::Result<http::Request<Bytes>> {
        models::request(self.0, secret).body(Bytes::new())
    }

    /// Whether a body is a list of models.
    ///
    /// # Errors
    /// It is not.
    pub fn check_models(self, body: &[u8]) -> Result<(), Complaint> {
        models::check(body)
    }

    /// Why these options cannot be had of this API, if they cannot; `options.rs` has the table.
    #[must_use]
    pub fn cannot(self, options: &Options) -> Option<&'static str> {
        options::refusal(self.0, options)
    }

    /// What answers questions for vectors.
    ///
    /// # Errors
    /// None are asked of this API.
    pub fn embedder(self) -> Result<Embedder, Cannot> {
        match self.0 {
            Wire::Chat(flavour) => Ok(Embedder(flavour)),
            Wire::Anthropic | Wire::Gemini | Wire::Bedrock | Wire::Ollama => Err(Cannot::Embed),
        }
    }

    /// A complete plain response. What the provider says of its usage goes into `usage`, also where the answer is none.
    ///
    /// # Errors
    /// It is none, or the provider says in it that it did not answer.
    pub fn answer(self, body: &[u8], usage: &mut Option<Usage>) -> Result<Response, Complaint> {
        if body.is_empty() {
            return Err(Complaint::new(Class::Interrupted, "empty body"));
        }
        match self.0 {
            Wire::Chat(flavour) => chat::answer(flavour, body, usage),
            Wire::Anthropic => anthropic::answer(body, usage),
            Wire::Gemini => gemini::answer(body, usage),
            Wire::Bedrock => bedrock::answer(body, usage),
            Wire::Ollama => ollama::answer(body, usage),
        }
    }

    /// What an answer with an error status means.
    #[must_use]
    pub fn complaint(self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Complaint {
        let mut complaint = match self.0 {
            Wire::Chat(flavour) => said::complaint(flavour, status, body),
            Wire::Anthropic => anthropic::complaint(status, body),
            Wire::Gemini => gemini::complaint(status, body),
            Wire::Bedrock => bedrock::complaint(status, headers, body),
            Wire::Ollama => ollama::complaint(status, body),
        };
        complaint.retry_after = status::retry_after(headers).or(complaint.retry_after);
        complaint
    }

    /// What the headers of a response say of the end of the model, in a few words, if they say anything. It is the same
    /// for every vendor.
    #[must_use]
    pub fn retirement(self, headers: &HeaderMap) -> Option<String> {
        status::retirement(headers)
    }

    /// What the headers of a response say is left of the limits. The names tell the vendors apart.
    #[must_use]
    pub fn allowance(self, headers: &HeaderMap) -> Allowance {
        allowance::read(headers)
    }

    /// Whether a body with these headers is a stream. What stands between may answer with a plain body all the same.
    #[must_use]
    pub fn is_stream(self, headers: &HeaderMap) -> bool {
        let expected = self.0.framing().content_type().as_bytes();
        headers.get(http::header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(expected))
    }

    /// A reader for one streamed answer.
    #[must_use]
    pub fn reader(self) -> StreamReader {
        StreamReader { wire: self.0, parser: self.0.framing().parser(), gathered: Gathered::default() }
    }
}

/// Reads one streamed answer, whatever the pieces it arrives in.
#[derive(Debug)]
pub struct StreamReader {
    wire: Wire,
    parser: framing::Parser,
    gathered: Gathered,
}

impl StreamReader {
    /// Takes in bytes and hands on each piece of the answer. Tool calls are kept until the end.
    ///
    /// # Errors
    /// The stream carries an error, or something that is no event of this dialect.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Piece)) -> Result<(), Complaint> {
        let Self { wire, parser, gathered } = self;
        parser.feed(bytes, |message| match wire {
            Wire::Chat(flavour) => chat::step(flavour, message.data, gathered, &mut each),
            Wire::Anthropic => anthropic::step(message.data, gathered, &mut each),
            Wire::Gemini => gemini::step(message.data, gathered, &mut each),
            Wire::Bedrock => bedrock::step(message, gathered, &mut each),
            Wire::Ollama => ollama::step(message.data, gathered, &mut each),
        })
    }

    /// The body has ended. Has the stream?
    ///
    /// # Errors
    /// It has not: the finish was never announced.
    pub fn end(&self) -> Result<(), Complaint> {
        if self.gathered.is_finished() { Ok(()) } else { Err(endless()) }
    }

    /// What the provider says of its usage. It counts once the finish is announced: before that some tell what there is
    /// so far, and others what they expect.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.gathered.usage.filter(|_| self.gathered.is_finished())
    }

    /// The model that the stream says answers, once it has.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.gathered.model()
    }

    /// The whole response, with the text that was handed on.
    ///
    /// # Errors
    /// As [`end`](Self::end).
    pub fn into_response(self, text: String) -> Result<Response, Complaint> {
        // A call without arguments has no fragments in some dialects, and an object without fields in the others.
        let empty = if matches!(self.wire, Wire::Anthropic | Wire::Bedrock) { "{}" } else { "" };
        self.gathered.into_response(text, empty).ok_or_else(endless)
    }
}

fn endless() -> Complaint {
    Complaint::new(Class::Interrupted, "the stream ended without its finish")
}

fn post(path: impl AsRef<str>) -> Builder {
    http::Request::post(path.as_ref())
}

/// A body as it goes over the wire. What is written here always can be.
fn json(body: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

#[cfg(test)]
mod tests;
