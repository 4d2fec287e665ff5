//! Open-loop load: when requests arrive, and who sends them. Arrivals are planned ahead; a slow answer never slows
//! the next arrival down.

use crate::event::Name;
use crate::tasks::Task;
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
    /// The share of requests that ask for a stream, 0 to 1.
    pub streamed: f64,
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
