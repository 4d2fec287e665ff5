//! `pN(latency | ttft | switch_time | detect_time)` for any 0 < N < 100.
//!
//! - `latency`: time to the last byte of answered requests (templates are answers too), from the intended arrival.
//! - `ttft`: likewise to the first token of a model's answer.
//! - `switch_time`: from judging a failure to the first byte sent to the next target.
//! - `detect_time`: from dispatch to judging, of attempts that did not succeed; those the client cancelled are left
//!   out, since nobody detected anything.
//!
//! `{target=…}` means the target that served, that was moved to, or that was found failing.

use super::{Argument, Family, Heard, Kind, Labels, Meter, Note, Reading, Sample, Takes, TargetId};
use crate::event::{Class, Micros, Outcome};
use crate::slo::unit::Unit;

/// A percentile in thousandths: 99.9 is 99,900.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percentile(u32);

const HUNDRED: u32 = 100_000;
/// Samples that must lie beyond a percentile for it to mean something.
const BEYOND: u64 = 10;

impl Percentile {
    /// From thousandths; `None` outside 0 < N < 100.
    pub(crate) fn new(thousandths: u32) -> Option<Self> {
        (0 < thousandths && thousandths < HUNDRED).then_some(Self(thousandths))
    }

    /// 0 to 1.
    pub(crate) fn fraction(self) -> f64 {
        f64::from(self.0) / f64::from(HUNDRED)
    }

    /// Which of `n` ascending samples it is, from 1: the smallest with at least N % of them at or below it.
    pub(crate) fn rank(self, n: u64) -> u64 {
        (n * u64::from(self.0)).div_ceil(u64::from(HUNDRED))
    }

    /// The share beyond it, on its thinner side.
    fn tail(self) -> u64 {
        u64::from(self.0.min(HUNDRED - self.0))
    }

    /// Whether `n` samples are enough.
    pub(crate) fn enough(self, n: u64) -> bool {
        n * self.tail() >= BEYOND * u64::from(HUNDRED)
    }

    /// How many samples are enough.
    pub(crate) fn needed(self) -> u64 {
        (BEYOND * u64::from(HUNDRED)).div_ceil(self.tail())
    }
}

/// The time a percentile is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Latency,
    Ttft,
    SwitchTime,
    DetectTime,
}

impl Source {
    pub(crate) const ALL: [Self; 4] = [Self::Latency, Self::Ttft, Self::SwitchTime, Self::DetectTime];
    /// Those that a request has, rather than an attempt.
    pub(crate) const OF_REQUESTS: [Self; 2] = [Self::Latency, Self::Ttft];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Ttft => "ttft",
            Self::SwitchTime => "switch_time",
            Self::DetectTime => "detect_time",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// The time that an event carries, the instant it belongs to, and its target.
    fn time(self, note: &Note<'_>) -> Option<(Micros, Micros, Option<TargetId>)> {
        match (self, note.heard) {
            (Self::Latency, Heard::Ended(end)) if end.outcome.is_answer() => {
                Some((end.latency, end.intended, end.target))
            }
            (Self::Ttft, Heard::Ended(end)) if end.outcome == Outcome::Answered => {
                Some((end.ttft?, end.intended, end.target))
            }
            (Self::SwitchTime, Heard::Dispatched { target, switch, .. }) => Some((switch?, note.at, Some(target))),
            (Self::DetectTime, Heard::Judged { target, dispatched, class, .. })
                if !matches!(class, Class::Ok | Class::Cancelled) =>
            {
                Some((note.at.since(dispatched), dispatched, Some(target)))
            }
            _ => None,
        }
    }
}

pub(crate) static FAMILY: Family = Family {
    name: "pN",
    takes: Takes::Source,
    unit: Unit::Time,
    labels: Labels::RequestAndTarget,
    windows: true,
    hears: &[Kind::Dispatched, Kind::Judged, Kind::Ended],
    example: "p95(latency) < 4s",
    meter: |argument, _| {
        let (percentile, source) = match argument {
            Argument::Percentile(percentile, source) => (*percentile, *source),
            _ => (Percentile(HUNDRED / 2), Source::Latency),
        };
        Meter::Times(
            percentile,
            Box::new(move |note| {
                let (time, when, target) = source.time(note)?;
                Some(Sample { when, target, reading: Reading::Time(time) })
            }),
        )
    },
};
