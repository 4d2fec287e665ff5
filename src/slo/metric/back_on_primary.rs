//! `back_on_primary_within(X)`: from the end of the last fault on X's provider (within the scope) to the first attempt
//! on any target of X that succeeds with its breaker closed: a probe that succeeds proves that X is well, the next call
//! that it is used again. Never served again is a failure, whatever the limit.

use super::spell::{LastThree, PerTarget, Spells, Turn, unfinished};
use super::{Argument, Family, Heard, Kind, Labels, Lap, Meter, Note, Stopwatch, Takes, TargetId};
use crate::event::{BreakerState, Class, Micros, Name, RequestId};
use crate::slo::assertion::Interval;
use crate::slo::unit::Unit;

pub(super) static FAMILY: Family = Family {
    name: "back_on_primary_within",
    takes: Takes::Subject,
    unit: Unit::Time,
    labels: Labels::None,
    windows: false,
    hears: &[Kind::Skipped, Kind::Judged, Kind::Breaker, Kind::Fault],
    example: "back_on_primary_within(openai) <= 20s",
    meter: |argument, ground| {
        let Argument::Subject(subject) = argument else { return Meter::Ratio(Box::new(|_| None)) };
        Meter::Clock(Box::new(BackOnPrimary {
            name: subject.0.clone(),
            interval: ground.interval,
            spells: Spells::of(subject.provider()),
            end: None,
            before: None,
            served: None,
            shut: PerTarget::new(&ground.targets_of(argument)),
            skipped: LastThree::default(),
        }))
    },
};

struct BackOnPrimary {
    name: Name,
    interval: Interval,
    spells: Spells,
    /// When the last fault so far ended, while no other is on.
    end: Option<Micros>,
    /// What it came to after an earlier fault in scope, if another began since.
    before: Option<Lap>,
    /// When X first served after that.
    served: Option<Micros>,
    /// Whether the breaker of each target is not closed.
    shut: PerTarget<bool>,
    /// Requests that passed X over after the fault had ended and before X was back.
    skipped: LastThree,
}

impl BackOnPrimary {
    /// Whether a target is one of X's, with its breaker closed.
    fn is_closed(&self, target: TargetId) -> bool {
        self.shut.get(target).is_some_and(|shut| !*shut)
    }
}

impl Stopwatch for BackOnPrimary {
    fn hear(&mut self, note: &Note<'_>) {
        match self.spells.turn(&note.heard) {
            Some(Turn::Began) if self.end.is_some() => {
                self.before = Some(self.read(note.at, true));
                self.end = None;
            }
            Some(Turn::Cleared) if self.interval.contains(note.at) => {
                self.end = Some(note.at);
                self.served = None;
                self.skipped.clear();
            }
            _ => {}
        }
        let waiting = self.end.is_some() && self.served.is_none() && !self.spells.active();
        match note.heard {
            Heard::Breaker { target, to, .. } => {
                if let Some(shut) = self.shut.get_mut(target) {
                    *shut = to != BreakerState::Closed;
                }
            }
            Heard::Judged { target, class: Class::Ok, .. } if waiting && self.is_closed(target) => {
                self.served = Some(note.at);
            }
            Heard::Skipped { target } if waiting && self.shut.get(target).is_some() => {
                self.skipped.push(note.request);
            }
            _ => {}
        }
    }

    fn read(&self, _: Micros, over: bool) -> Lap {
        match (self.end, self.served) {
            (Some(since), Some(served)) => Lap::Took { since, took: served.since(since) },
            (Some(since), None) => unfinished(since, over),
            (None, _) => {
                let none = || Lap::Idle(format!("no fault on {} ended", self.name));
                self.before.clone().unwrap_or_else(none)
            }
        }
    }

    fn requests(&self) -> Vec<RequestId> {
        self.skipped.list()
    }
}
