//! What a mock provider does wrong.
//!
//! A [`Fault`] says when, to whom and how strongly; its [`Effect`] says what. This room knows nothing of scenario
//! files: it holds values that somebody else has read and checked.
//!
//! Rules:
//! - A fault that is not active at `now` changes nothing at all: the bytes equal those of a mock without faults.
//! - All active [`Effect::Mix`] faults of a provider lie on one partition of `[0, 1)`, in file order, and one draw
//!   picks at most one injection. Nothing is rolled twice, so 70 % + 20 % is 90 %.
//! - Delays of several active faults add up.
//! - [`Effect::Refused`] concerns the listener as a whole for a time, never a share of the requests.
//!
//! To add an injection: a variant of [`Injection`] here, its short name in `error.rs`, its effect in the file of its
//! family (a body broken off: `stream.rs`; an answer spoiled: `schema.rs`; anything before the head: the server's
//! `handler.rs`), and what a client sees of it in `tests/mocks/faults.rs`.

pub(crate) mod connection;
pub mod delay;
pub(crate) mod error;
pub(crate) mod schema;
mod shape;
pub(crate) mod stream;

use crate::dist::Distribution;
use std::sync::Arc;
use std::time::Duration;

/// One scripted fault on one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Its place in the scenario file; ledger entries name the fault by it.
    pub id: u32,
    /// Start, as an offset from the start of the drill.
    pub from: Duration,
    /// End (exclusive), as an offset from the start of the drill.
    pub until: Duration,
    /// Only requests for these models; empty means all.
    pub models: Vec<Arc<str>>,
    /// Only streamed (`true`) or only plain (`false`) requests.
    pub stream: Option<bool>,
    /// How the strength varies over its time.
    pub shape: Shape,
    /// What happens.
    pub effect: Effect,
}

/// How the share of affected requests (or the size of a delay) varies between `from` and `until`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Full strength all the time.
    Step,
    /// From nothing at the start to full strength at the end, linearly.
    Ramp,
    /// From full strength at the start to nothing at the end, linearly.
    Decay,
    /// Full strength for `down`, nothing for `up`, and again; it starts down.
    Flap {
        /// How long the provider is well.
        up: Duration,
        /// How long it is not.
        down: Duration,
    },
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// New connections are refused and idle ones closed.
    Refused,
    /// Requests are answered, later than usual.
    Delay {
        /// Extra wait before the response head.
        headers: Option<Distribution>,
        /// Extra wait between head and first token of a stream; a plain answer waits as long before its head.
        first_token: Option<Distribution>,
        /// Extra wait before every token after the first.
        between_tokens: Option<Distribution>,
    },
    /// Shares of requests are injected with something; the shares sum to at most 1, the rest is well.
    Mix(Vec<(Injection, f64)>),
}

/// What is done to one request. It is terminal: at most one applies.
#[derive(Debug, Clone, PartialEq)]
pub enum Injection {
    /// Answer with this HTTP status, and the body the vendor has been seen to send with it.
    Status {
        /// The status code, 400 to 599.
        code: u16,
        /// Sent as the vendor sends it (header, or RetryInfo in the body).
        retry_after: Option<Duration>,
    },
    /// Answer as the vendor does to this cause; status and shape differ from vendor to vendor.
    Error {
        /// What is wrong.
        cause: Cause,
        /// Sent as the vendor sends it, where it does.
        retry_after: Option<Duration>,
    },
    /// Take the request and never answer.
    Silence,
    /// Reset the connection before any response byte.
    Reset,
    /// Break the connection in the middle of the body: after this many tokens of a stream, or halfway through a
    /// plain body.
    Cut {
        /// Tokens that still arrive.
        after_tokens: u32,
    },
    /// End the stream cleanly after this many tokens: no finish reason, no terminator. A plain body is sent half, with
    /// a Content-Length that fits the half.
    EarlyEnd {
        /// Tokens that still arrive.
        after_tokens: u32,
    },
    /// Send this many tokens and then nothing more, with the connection left open.
    Stall {
        /// Tokens that still arrive.
        after_tokens: u32,
    },
    /// After this many tokens of a stream send the vendor's in-band error event for `overloaded`, under HTTP 200. A
    /// plain request gets the vendor's overloaded error.
    StreamError {
        /// Tokens that still arrive.
        after_tokens: u32,
    },
    /// A complete 200 whose body is not JSON.
    Malformed,
    /// A complete 200 whose answer breaks the schema that was asked for. Requests without a schema are left alone.
    Schema(SchemaBreak),
    /// The vendor's filter blocks the answer (refusal or content filter, HTTP 200).
    Refusal,
}

/// Vendor-neutral causes of an error answer; each dialect has its own status and body for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The request is invalid.
    BadRequest,
    /// The prompt is longer than the model's window.
    ContextLength,
    /// The key is wrong, revoked or expired.
    Auth,
    /// The key may not do this.
    Permission,
    /// No such model, or retired.
    ModelGone,
    /// Too many requests or tokens.
    RateLimited,
    /// Out of credit, or a spend cap.
    QuotaExhausted,
    /// The provider has more load than it can take.
    Overloaded,
    /// The prompt was blocked by the provider's policy.
    ContentPolicy,
    /// Something broke inside.
    ServerError,
    /// An edge answers with an HTML page (502).
    EdgeHtml,
}

/// How an answer breaks its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaBreak {
    /// A required field is left out.
    Missing,
    /// A field has another name.
    Renamed,
    /// A field has another type.
    WrongType,
    /// The JSON stands in a Markdown code fence.
    Fenced,
    /// The JSON stands in the middle of friendly prose.
    Prose,
}
