//! What can be measured, one file per family.
//!
//! To add a metric:
//! 1. A file here with a `pub(super) static FAMILY: Family`: its name, its argument, its unit, its labels, whether
//!    `over WINDOW` makes sense, the kinds of events it hears, and a `meter` that turns each into samples.
//! 2. Its line in [`FAMILIES`].
//! 3. Its definition in the file's `//!`, in one sentence that says what is divided by what and who is left out.
//! 4. A test in `request_tests.rs` or `attempt_tests.rs` that writes a small log with `slo::testing` and asserts the
//!    value, phase scoping included, and a good and a bad line in `../check_tests.rs`.
//! 5. A new kind of event is added to [`Heard`] and [`Kind`], and digested in `board.rs`.
//!
//! A meter says what one event contributes ([`Sample`]); adding up, comparing, windows and explanations are the
//! gauge's. Samples of money are in billionths of a dollar. A ratio's samples say how much they add above and below the line, a count's how much they add and that
//! somebody looked (`of`), so that "none of none" is told apart from "none of a thousand".

mod alerts;
mod back_on_primary;
mod breaker_counts;
mod budget_overspend;
mod closes;
mod cost;
mod effort;
mod errors;
mod good;
mod graded_quality;
mod opens;
pub(crate) mod outcomes;
mod percentile;
mod quality;
mod rerouted;
mod residency;
mod retry_after;
mod served;
mod spell;
mod swaps;

pub(crate) use alerts::Wanted;
pub(crate) use percentile::{FAMILY as PERCENTILE, Percentile, Source};

use super::assertion::{Interval, Subject};
use super::facts::{BudgetFact, CauseFact, PlaceFact};
use super::unit::Unit;
use crate::event::{AlertKind, BreakerState, Class, DriftCause, Judged, Micros, Name, Nanodollars, Outcome, RequestId};

/// Every family but the percentiles, whose names are endless (`p50`, `p99.9`).
pub(crate) static FAMILIES: &[&Family] = &[
    &outcomes::AVAILABILITY,
    &outcomes::ANSWERED,
    &outcomes::CACHED_SHARE,
    &outcomes::DEGRADED_SHARE,
    &outcomes::ERROR_SHARE,
    &errors::FAMILY,
    &good::FAMILY,
    &quality::FAMILY,
    &graded_quality::FAMILY,
    &effort::ATTEMPTS_PER_REQUEST,
    &effort::AMPLIFICATION,
    &effort::CLIENT_RETRIES,
    &effort::HOPS,
    &effort::FALLBACK_SHARE,
    &effort::HEDGED_SHARE,
    &opens::FAMILY,
    &closes::FAMILY,
    &back_on_primary::FAMILY,
    &alerts::FAMILY,
    &breaker_counts::FLAPS,
    &breaker_counts::PROBES,
    &served::TRUNCATED,
    &served::SCHEMA_VIOLATIONS,
    &rerouted::POLICY_BLOCKS,
    &rerouted::CLIENT_ERRORS,
    &retry_after::FAMILY,
    &cost::COST,
    &cost::WASTED_COST,
    &cost::COST_PER_REQUEST,
    &residency::FAMILY,
    &budget_overspend::FAMILY,
    &swaps::SHIPPED,
    &swaps::REFUSED,
];

/// A kind of metric.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    pub(crate) unit: Unit,
    pub(crate) labels: Labels,
    /// Whether it can be measured over windows.
    pub(crate) windows: bool,
    /// The events its meter is told of.
    pub(crate) hears: &'static [Kind],
    /// For help texts.
    pub(crate) example: &'static str,
    pub(crate) meter: fn(&Argument, &Ground<'_>) -> Meter,
}

impl std::fmt::Debug for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Family {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What a family takes between parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    /// A provider or a target.
    Subject,
    MaybeSubject,
    /// A provider or a target, and a kind of alert.
    SubjectAndAlert,
    MaybeClass,
    /// One of the times a percentile can be of.
    Source,
    /// A time with a bound: `latency < 4s`.
    Bound,
}

/// An argument, checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    None,
    Subject(Subject),
    Alert(Subject, Wanted),
    Class(Class),
    Percentile(Percentile, Source),
    Within { source: Source, strictly: bool, within: Micros },
}

/// The labels a family can be narrowed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Labels {
    None,
    /// tenant, tier, task, route, stream.
    Request,
    /// Those, and the target a sample is about; of a whole request, the one that answered or whose error it is.
    RequestAndTarget,
}

/// What a meter is built on.
pub(crate) struct Ground<'a> {
    pub(crate) targets: &'a [Name],
    /// What may be sent to each of them.
    pub(crate) places: &'a [PlaceFact],
    /// What the plan says will happen to them without a fault.
    pub(crate) causes: &'a [CauseFact],
    pub(crate) budgets: &'a [BudgetFact],
    /// When samples count; gauges see to that, stopwatches must see to it themselves.
    pub(crate) interval: Interval,
}

impl Ground<'_> {
    /// The targets of a subject; all of them without one.
    pub(crate) fn targets_of(&self, argument: &Argument) -> Targets {
        Targets(match argument {
            Argument::Subject(subject) | Argument::Alert(subject, _) => {
                self.targets.iter().map(|t| subject.covers(t)).collect()
            }
            _ => vec![true; self.targets.len()],
        })
    }
}

/// Index of a target in the facts.
pub(crate) type TargetId = usize;

/// A set of targets.
#[derive(Debug, Clone)]
pub(crate) struct Targets(pub(crate) Vec<bool>);

impl Targets {
    pub(crate) fn contains(&self, target: TargetId) -> bool {
        self.0.get(target).copied().unwrap_or(false)
    }
}

/// An event, digested: names are small numbers, and the request's labels are looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Heard<'a> {
    Arrived {
        intended: Micros,
        payers: [&'a Name; 2],
        residency: &'a [Name],
        data_class: Option<&'a Name>,
    },
    Skipped {
        target: TargetId,
    },
    Dispatched {
        target: TargetId,
        attempt: u32,
        probe: bool,
        switch: Option<Micros>,
        key: Option<&'a Name>,
    },
    Judged {
        target: TargetId,
        dispatched: Micros,
        class: Class,
        retry_after: Option<Micros>,
        cost: Nanodollars,
        key: Option<&'a Name>,
    },
    Billed {
        target: TargetId,
        dispatched: Micros,
        cost: Nanodollars,
    },
    Breaker {
        target: TargetId,
        from: BreakerState,
        to: BreakerState,
    },
    FaultStarted {
        fault: u32,
        providers: &'a [Name],
    },
    FaultEnded {
        fault: u32,
    },
    Graded {
        target: TargetId,
        good: bool,
    },
    ClientRetried {
        retry: u32,
    },
    Swap {
        shipped: bool,
    },
    Alert {
        target: TargetId,
        kind: AlertKind,
        drift: Option<DriftCause>,
    },
    Ended(End),
}

/// What a request came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) intended: Micros,
    pub(crate) outcome: Outcome,
    pub(crate) class: Option<Class>,
    pub(crate) target: Option<TargetId>,
    pub(crate) latency: Micros,
    pub(crate) ttft: Option<Micros>,
    pub(crate) hops: u32,
    pub(crate) attempts: u32,
    pub(crate) judged: Option<Judged>,
    /// Whether it moved from one target to another, a skipped one included.
    pub(crate) fell_back: bool,
    /// Whether a target was called while another one was awaited.
    pub(crate) hedged: bool,
}

/// The kinds of [`Heard`], to tell each meter only of what it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Arrived,
    Skipped,
    Dispatched,
    Judged,
    Billed,
    Breaker,
    Fault,
    Graded,
    ClientRetried,
    Swap,
    Alert,
    Ended,
}

impl Kind {
    // The last one names their number, so that two that are added at once cannot both forget it.
    pub(crate) const COUNT: usize = Self::Ended as usize + 1;
}

/// An event with its instant and its request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Note<'a> {
    pub(crate) at: Micros,
    pub(crate) request: Option<RequestId>,
    pub(crate) heard: Heard<'a>,
}

/// What one event contributes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// The instant that decides its phase and its second.
    pub(crate) when: Micros,
    /// The target it is about.
    pub(crate) target: Option<TargetId>,
    pub(crate) reading: Reading,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Reading {
    /// Adds `part` above the line and `of` below it; of several offenders the greatest `weight` is the worst.
    Part { part: u64, of: u32, weight: u64 },
    /// A time.
    Time(Micros),
}

impl Sample {
    pub(crate) fn part(when: Micros, part: u32, of: u32, weight: u64) -> Option<Self> {
        Some(Self { when, target: None, reading: Reading::Part { part: u64::from(part), of, weight } })
    }

    /// Money spent, by so many. What cost most is the worst.
    pub(crate) fn spent(when: Micros, money: Nanodollars, of: u32) -> Option<Self> {
        Some(Self { when, target: None, reading: Reading::Part { part: money.0, of, weight: money.0 } })
    }

    pub(crate) fn at(mut self, target: TargetId) -> Self {
        self.target = Some(target);
        self
    }

    /// A sample of a whole request, about the target that answered it or whose error it is.
    pub(crate) fn of(end: &End, part: bool, weight: u64) -> Option<Self> {
        let reading = Reading::Part { part: u64::from(part), of: 1, weight };
        Some(Self { when: end.intended, target: end.target, reading })
    }
}

/// From events to samples.
pub(crate) type Hear = Box<dyn FnMut(&Note<'_>) -> Option<Sample> + Send>;

/// How a family measures.
pub(crate) enum Meter {
    /// The parts divided by the ofs: a share, or a mean.
    Ratio(Hear),
    /// The sum of the parts.
    Count(Hear),
    /// The sum of the parts, which are money.
    Spent(Hear),
    /// The parts, which are money, divided by the ofs.
    SpentEach(Hear),
    /// A percentile of times.
    Times(Percentile, Hear),
    /// One span of time.
    Clock(Box<dyn Stopwatch>),
}

/// Measures one span of time: from a fault to what the router made of it.
pub(crate) trait Stopwatch: Send {
    /// Takes note of an event.
    fn hear(&mut self, note: &Note<'_>);
    /// Where it stands; `over` says that nothing more will come.
    fn read(&self, now: Micros, over: bool) -> Lap;
    /// Requests that had to do with it, latest last, at most three.
    fn requests(&self) -> Vec<RequestId>;
}

/// What a stopwatch shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lap {
    /// It was never started, and why.
    Idle(String),
    /// Running since then.
    Running { since: Micros },
    /// Stopped after that long.
    Took { since: Micros, took: Micros },
    /// The drill ended before it stopped.
    Never { since: Micros },
    /// It stopped at something that should never have been: a failure, whatever the limit.
    Refuted { at: Micros, what: String },
}

#[cfg(test)]
mod attempt_tests;
#[cfg(test)]
mod request_tests;
