//! The router's view of whoever asks.

use super::policy::gates::Schema;
use crate::event::{Class, Name, Outcome, RequestId};
use std::future::Future;
use std::time::Duration;

/// A request as it reaches the router.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which.
    pub id: RequestId,
    /// Whose.
    pub tenant: Name,
    /// The tenant's tier.
    pub tier: Name,
    /// What kind of job.
    pub task: Name,
    /// Whether the client wants a stream.
    pub stream: bool,
    /// Instructions.
    pub system: Name,
    /// What the user says.
    pub prompt: Name,
    /// The shape the answer must have.
    pub schema: Option<Schema>,
    /// When the client hangs up, as an offset from the start of the drill.
    pub gone_at: Option<Duration>,
}

impl Request {
    /// The length of the prompt in tokens, by the rule of thumb of four bytes a token, rounded up.
    #[must_use]
    pub fn prompt_tokens(&self) -> u32 {
        ((self.system.len() + self.prompt.len()) as u32).div_ceil(4)
    }
}

/// Takes the answer in. A plain or gated answer is one piece, a streamed one many.
pub trait Client: Send {
    /// A piece of the answer.
    fn token(&mut self, text: &str) -> impl Future<Output = ()> + Send;
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// How.
    pub outcome: Outcome,
    /// For errors: the class of the error that the client gets.
    pub class: Option<Class>,
    /// Who answered, or whose error it is; for a degraded answer the last one tried.
    pub target: Option<Name>,
    /// Targets used.
    pub hops: u32,
    /// HTTP calls made.
    pub attempts: u32,
}
