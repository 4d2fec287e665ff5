//! Open-loop load: when requests arrive, who sends them, and what they think of the answer.
//!
//! Rules:
//! - Arrivals are planned ahead, as absolute instants; a slow answer never slows the next arrival down.
//! - Latency counts from the intended arrival.
//! - Request *i* of a stream keeps its prompt and its luck whatever the rate: arrivals come from a process of unit rate
//!   through the inverse of the cumulative rate.
//! - A client that asks again sends a new call for the same request: it arrives once and ends once.
//! - Who is measured (`exam`) is sent the same items as the others, as requests of a tenant of their own.
//! - The load knows the right answers and judges what it is served; the router does not.

mod arrivals;
mod exam;
pub mod sdk;
mod sender;

pub use arrivals::{Arrival, Timetable};
pub use exam::{Exam, Room};
pub use sdk::Sdk;
pub use sender::Sender;

use crate::event::Name;
use crate::router::Traits;
use crate::tasks::Task;
use mock_providers::Distribution;
use std::sync::Arc;
use std::time::Duration;

/// One stream of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Whose requests.
    pub tenant: Name,
    /// The tenant's tier.
    pub tier: Name,
    /// The kind of job.
    pub task: Task,
    /// What its requests say of themselves.
    pub traits: Arc<Traits>,
    /// How long prompts are made, where they are not that long already: tokens, where the distribution says
    /// milliseconds. `None`: as the task has them.
    pub prompt_tokens: Option<Distribution>,
    /// How many different prompts there are at most; `None`: each request has its own.
    pub prompts: Option<u32>,
    /// The share of requests that ask for a stream, 0 to 1.
    pub streamed: f64,
    /// The share of requests whose prompt a content filter may take offence at, 0 to 1.
    pub risky: f64,
    /// The share of requests whose prompt no longer says which form the answer must have, 0 to 1.
    pub vague: f64,
    /// How its clients ask again.
    pub sdk: Sdk,
    /// How long a client waits, from the intended arrival, before it hangs up; `None`: for ever.
    pub patience: Option<Duration>,
    /// How arrivals scatter around the rate.
    pub arrivals: Arrivals,
    /// The rate over the whole drill: ascending, without gaps.
    pub rate: Vec<Segment>,
}

/// How arrivals scatter around the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// Evenly spaced.
    Constant,
    /// A Poisson process: independent, as from many users.
    Poisson,
}

/// A span with a rate that is constant or changes linearly. Rates are requests per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Start.
    pub from: Duration,
    /// End, exclusive.
    pub until: Duration,
    /// Rate at the start.
    pub start_rate: f64,
    /// Rate at the end.
    pub end_rate: f64,
}
