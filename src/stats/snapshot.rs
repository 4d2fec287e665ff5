//! The newest state of a drill, as one value: everything a screen or a report shows, and nothing that it would have to
//! ask anybody else for.

use crate::event::{BreakerState, Class, Micros, Name, Outcome, Reason};
use std::collections::BTreeMap;

/// The state of a drill at one instant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// When, from the start of the drill.
    pub now: Micros,
    /// Index of the current phase; `None` before the first and while draining.
    pub phase: Option<usize>,
    /// Requests that reached the router.
    pub arrived: u64,
    /// Requests not yet over.
    pub in_flight: u64,
    /// Requests that are over, by outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// HTTP calls made.
    pub attempts: u64,
    /// Routers; at least 1.
    pub replicas: u16,
    /// Per target, in the order of the plan.
    pub targets: Vec<TargetView>,
    /// How requests moved, largest first.
    pub flows: Vec<Flow>,
    /// Latency of answered requests, from the intended arrival.
    pub latency: LatencyView,
    /// Requests per second, one entry a second from the start: `(arrived, failed or degraded)`.
    pub per_second: Vec<(u32, u32)>,
    /// The latest noteworthy events, oldest first, at most a few hundred.
    pub feed: Vec<FeedLine>,
    /// The assertions, in the order of the plan.
    pub slos: Vec<SloView>,
    /// Whether the log is complete.
    pub finished: bool,
}

/// One target as the router sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetView {
    /// `provider/model`.
    pub name: Name,
    /// Its breaker. Of several replicas: open where more than half have opened it, half-open where some have.
    pub breaker: BreakerState,
    /// Replicas whose breaker is not closed.
    pub shut: u16,
    /// Since when.
    pub since: Micros,
    /// When an open breaker will admit its next probe.
    pub probe_at: Option<Micros>,
    /// Failures ÷ calls in the breaker's window, as of the last attempt.
    pub failure_rate: f64,
    /// Calls in the breaker's window, as of the last attempt.
    pub calls: u32,
    /// Times the breaker opened.
    pub opened: u32,
    /// Set aside until then (Retry-After), if it is.
    pub set_aside_until: Option<Micros>,
    /// Demoted until then, if it is.
    pub demoted_until: Option<Micros>,
    /// Answers that were graded, and those that were found good. Graders err.
    pub graded: (u64, u64),
    /// HTTP calls in flight.
    pub in_flight: u32,
    /// HTTP calls ended, by class.
    pub classes: BTreeMap<Class, u64>,
    /// Requests it served.
    pub served: u64,
    /// Duration of its successful calls.
    pub latency: LatencyView,
}

/// Requests that moved the same way for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// From where: `None` is the client (the first hop).
    pub from: Option<Name>,
    /// To where.
    pub to: FlowEnd,
    /// Why; `None` for first hops and for answers.
    pub reason: Option<Reason>,
    /// How many.
    pub count: u64,
}

/// Where a flow goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowEnd {
    /// To a target.
    Target(Name),
    /// Back to the client.
    Client(Outcome),
}

/// A latency histogram, reduced to what is shown. Milliseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatencyView {
    /// Samples.
    pub count: u64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
    /// `(upper bound in milliseconds, samples)`, ascending, on a logarithmic scale, empty buckets included between the
    /// first and the last used.
    pub buckets: Vec<(f64, u64)>,
}

/// A line of the event feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLine {
    /// When.
    pub at: Micros,
    /// How much it matters.
    pub level: Level,
    /// What, in words.
    pub text: String,
}

/// How much a feed line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Recovered, closed, back.
    Good,
    /// Something fell back or was degraded.
    Warning,
    /// A breaker opened, a request failed.
    Bad,
}

/// An assertion and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct SloView {
    /// As it was written.
    pub text: Name,
    /// The value so far, formatted like the limit (`99.21%`, `1.84s`, `3`); `None` without samples.
    pub value: Option<String>,
    /// The limit as it was written.
    pub limit: String,
    /// Where it stands.
    pub standing: Standing,
}

/// Where an assertion stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// No samples yet, or too few to say.
    Pending,
    /// Holds so far.
    Holding,
    /// Does not hold.
    Violated,
}
