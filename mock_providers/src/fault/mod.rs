//! What a mock provider does wrong.
//!
//! A [`Fault`] says when, to whom, which of them and how strongly; its [`Effect`] says what. This room knows nothing of
//! scenario files: it holds values that somebody else has read and checked, with the help of the [`registry`].
//!
//! Rules:
//! - A fault that is not active at `now` changes nothing at all: the bytes equal those of a mock without faults.
//! - All active [`Effect::Mix`] faults of a provider that pick in the same way lie on one partition of `[0, 1)`, in file
//!   order, and one draw picks at most one injection. Nothing is rolled twice, so 70 % + 20 % is 90 %.
//! - Those that pick by client, by time slice or by count come before those that pick by the request's own luck.
//! - At strength 0 nothing happens, and nothing is counted.
//! - Delays of several active faults add up.
//! - [`Effect::Listener`] concerns the listener as a whole for a time, never a share of the requests.
//!
//! To add a fault: a file in `kinds/` with its `KIND` and its [`Act`], and its lines in `kinds/mod.rs` and in the
//! registry. Scenario loader, ledger and documentation know it from there. Then say what a client sees: a row in
//! `tests/mocks/catalogue/rows.rs`, without which a test fails. `UPDATE_DOCS=1` writes it into `FAULTS.md`.

mod act;
mod cause;
mod change;
pub(crate) mod connection;
pub mod delay;
mod injection;
pub mod kind;
mod kinds;
mod point;
pub mod registry;
mod shape;
mod whom;

pub(crate) use act::{Act, Instead, Scenery};
pub use cause::Cause;
pub use change::{Drift, PriceChange};
pub use injection::{Injection, effect};
pub use kind::{Arg, Args, Family, Kind, Param, Takes};
pub(crate) use kinds::schema::SchemaBreak;
pub(crate) use kinds::wrong_language::in_another_language;

use crate::dist::Distribution;
use crate::limits::Lie;
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
    /// Which requests it is meant for.
    pub whom: Whom,
    /// Which of those it hits.
    pub pick: Pick,
    /// How the strength varies over its time.
    pub shape: Shape,
    /// What happens.
    pub effect: Effect,
}

/// Which requests a fault is meant for: all conditions hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Whom {
    /// For one of these models; empty means all.
    pub models: Vec<Arc<str>>,
    /// Only streamed (`true`) or only plain (`false`) requests.
    pub stream: Option<bool>,
    /// At one of these endpoints; empty means all that answer or embed.
    pub endpoints: Vec<Endpoint>,
    /// By one of these API keys, by name; empty means all.
    pub keys: Vec<Arc<str>>,
    /// With a prompt of more tokens than this.
    pub larger_than: Option<u32>,
}

/// What a vendor's path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Endpoint {
    /// A conversation is answered.
    #[default]
    Chat,
    /// A conversation is answered, by OpenAI's newer interface.
    Responses,
    /// Texts become vectors.
    Embeddings,
    /// The models are listed.
    Models,
}

impl Endpoint {
    /// All of them, with their names in scenarios.
    pub const ALL: [(&'static str, Self); 4] = [
        ("chat", Self::Chat),
        ("responses", Self::Responses),
        ("embeddings", Self::Embeddings),
        ("models", Self::Models),
    ];
}

/// Which of the requests that a fault is meant for it hits.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Pick {
    /// Those whose own luck wills it.
    #[default]
    Request,
    /// Those of clients whose luck wills it: a client that is hit stays hit. The client is who the request says its end
    /// user is, else its API key.
    Client,
    /// Those that fall into time slices whose luck wills it.
    Slice {
        /// How long a slice is.
        length: Duration,
        /// Slices of one schedule have the same luck at all providers.
        schedule: u32,
    },
    /// The first so many.
    First(u32),
    /// One in so many: the n-th, the 2n-th, ….
    Every(u32),
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
    /// From nothing to full strength over `period`, linearly, then at once back to nothing, and again.
    Sawtooth {
        /// The length of one tooth.
        period: Duration,
    },
    /// From nothing to full strength and back over `period`, along a cosine; it starts at nothing.
    Diurnal {
        /// The length of one day.
        period: Duration,
    },
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Connections fare badly.
    Listener(Door),
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
    /// One request after the other meets what stands at its place; `None` is well. After the last all are well, or it
    /// begins again.
    Sequence {
        /// What happens to the first, the second, ….
        steps: Vec<Option<Injection>>,
        /// Whether it begins again.
        repeat: bool,
    },
    /// The models become something else; of several, the later in the file goes on from the earlier.
    Drift(Drift),
    /// Prices change, in the same way.
    Price(PriceChange),
    /// Other customers take this share of the capacity; several add up.
    Background(f64),
    /// What is told of the limits is not so; of several, the first in the file holds.
    Lie(Lie),
}

/// How a listener fares badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// New connections are refused and idle ones closed.
    Refused,
    /// New connections are accepted and reset at once; idle ones are closed.
    Reset,
    /// New connections are accepted and then neither read nor answered; idle ones are closed.
    Deaf,
}
