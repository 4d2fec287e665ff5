//! What a router is told: its targets, chains and routes. A plan assembles this from a checked scenario; every number
//! here is already valid.

use super::policy::gates::Gates;
use super::policy::{backoff, breaker, budget, grading, quality};
use crate::event::Name;
use mock_providers::model::Capability;
use std::collections::BTreeSet;
use std::time::Duration;

/// Everything a router is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Places a request can go, in the order of their first mention.
    pub targets: Vec<Target>,
    /// Ordered lists of targets.
    pub chains: Vec<Chain>,
    /// Tried in order; the first that matches decides. A request that matches none takes the chain named after its
    /// task, else the first chain.
    pub routes: Vec<Route>,
    /// How the quality of answers is watched.
    pub oversight: Oversight,
}

/// How the quality of answers is watched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Oversight {
    /// Looks at a share of the answers that clients got.
    pub grader: Option<grading::Params>,
}

/// One place a request can go. Its breaker, retry budget and quality window are shared by all chains that name it.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// `provider/model`.
    pub name: Name,
    /// Index of the provider in the plan.
    pub provider: usize,
    /// The model's name on the wire.
    pub model: Name,
    /// Context window in tokens.
    pub context: u32,
    /// What the model can do. A request that needs more is never sent there.
    pub capabilities: BTreeSet<Capability>,
    /// Circuit breaker.
    pub breaker: breaker::Params,
    /// Retry budget.
    pub budget: budget::Params,
    /// Quality window.
    pub quality: quality::Params,
}

impl Target {
    /// Whose vectors its vectors compare with: those of the same model, wherever it is served.
    #[must_use]
    pub fn vector_space(&self) -> &Name {
        &self.model
    }
}

/// An ordered list of targets, and how to use it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Its name.
    pub name: Name,
    /// Indices into [`Config::targets`], best first, each at most once.
    pub targets: Vec<usize>,
    /// Bounds the last byte of the answer, counted from the arrival at the router.
    pub deadline: Duration,
    /// Bounds the first token of a streamed answer, counted likewise.
    pub ttft_deadline: Option<Duration>,
    /// A hop is not started with less time than this left.
    pub min_hop_time: Duration,
    /// Same-target retries.
    pub retry: Retry,
    /// HTTP calls allowed for one request over all targets.
    pub max_attempts_total: u32,
    /// Bounds on one HTTP call.
    pub timeouts: Timeouts,
    /// What answers must pass to be served.
    pub gates: Gates,
    /// A target whose measured quality is proven to lie below this share is passed over.
    pub min_quality: Option<f64>,
    /// What is served when every target has failed.
    pub degraded: Option<Name>,
}

/// Same-target retries of a chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// All attempts on one target, the first included.
    pub max_attempts: u32,
    /// Waits between them.
    pub backoff: backoff::Params,
    /// The longest wait (Retry-After or backoff) that is sat out on the same target rather than moving on.
    pub wait_up_to: Duration,
    /// Whether timeouts are retried on the same target; silence normally is not.
    pub retry_timeouts: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 2,
            backoff: backoff::Params::default(),
            wait_up_to: Duration::from_secs(1),
            retry_timeouts: false,
        }
    }
}

/// Bounds on one HTTP call. The remaining time of the request bounds it as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// From dispatch to the response head. A plain answer is generated before its head.
    pub headers: Duration,
    /// From dispatch to the first token of a stream.
    pub first_token: Duration,
    /// Between two tokens of a stream.
    pub idle: Duration,
    /// From dispatch to the last byte.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            headers: Duration::from_secs(6),
            first_token: Duration::from_secs(5),
            idle: Duration::from_secs(3),
            total: None,
        }
    }
}

/// A rule from requests to a chain. All conditions given must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Only this task.
    pub task: Option<Name>,
    /// Only this tenant.
    pub tenant: Option<Name>,
    /// Only this tier.
    pub tier: Option<Name>,
    /// Only streamed, or only plain, requests.
    pub stream: Option<bool>,
    /// Index into [`Config::chains`].
    pub chain: usize,
}
