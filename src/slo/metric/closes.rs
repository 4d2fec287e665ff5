//! `closes_within(X)`: from the end of the last fault on X's provider (within the scope) until every breaker of X that
//! had opened is closed for good, that is up to the end of the drill or the next fault there. Never closed again is a
//! failure, whatever the limit. A breaker that closed before the fault ended took no time; one that never opened says
//! nothing.

use super::spell::{LastThree, PerTarget, Spells, Turn, unfinished};
use super::{Argument, Family, Heard, Kind, Labels, Lap, Meter, Note, Stopwatch, Takes};
use crate::event::{BreakerState, Micros, Name, RequestId};
use crate::slo::assertion::Interval;
use crate::slo::unit::Unit;

pub(super) static FAMILY: Family = Family {
    name: "closes_within",
    takes: Takes::Subject,
    unit: Unit::Time,
    labels: Labels::None,
    windows: false,
    hears: &[Kind::Skipped, Kind::Breaker, Kind::Fault],
    example: "closes_within(openai) <= 15s",
    meter: |argument, ground| {
        let Argument::Subject(subject) = argument else { return Meter::Ratio(Box::new(|_| None)) };
        Meter::Clock(Box::new(Closes {
            name: subject.0.clone(),
            interval: ground.interval,
            spells: Spells::of(subject.provider()),
            end: None,
            before: None,
            targets: PerTarget::new(&ground.targets_of(argument)),
            skipped: LastThree::default(),
        }))
    },
};

struct Closes {
    name: Name,
    interval: Interval,
    spells: Spells,
    /// When the last fault so far ended, while no other is on.
    end: Option<Micros>,
    /// What it came to after an earlier fault in scope, if another began since.
    before: Option<Lap>,
    targets: PerTarget<Target>,
    /// Requests that passed X over after the fault had ended.
    skipped: LastThree,
}

#[derive(Debug, Default)]
struct Target {
    ever_opened: bool,
    shut: bool,
    closed_at: Micros,
}

impl Stopwatch for Closes {
    fn hear(&mut self, note: &Note<'_>) {
        match self.spells.turn(&note.heard) {
            Some(Turn::Began) if self.end.is_some() => {
                self.before = Some(self.read(note.at, true));
                self.end = None;
            }
            Some(Turn::Cleared) if self.interval.contains(note.at) => {
                self.end = Some(note.at);
                self.skipped.clear();
            }
            _ => {}
        }
        match note.heard {
            Heard::Breaker { target, to, .. } => {
                if let Some(target) = self.targets.get_mut(target) {
                    target.ever_opened |= to == BreakerState::Open;
                    target.shut = to != BreakerState::Closed;
                    if !target.shut {
                        target.closed_at = note.at;
                    }
                }
            }
            Heard::Skipped { target } if self.end.is_some() && self.targets.get(target).is_some() => {
                self.skipped.push(note.request);
            }
            _ => {}
        }
    }

    fn read(&self, _: Micros, over: bool) -> Lap {
        let Some(since) = self.end else {
            let none = || Lap::Idle(format!("no fault on {} ended", self.name));
            return self.before.clone().unwrap_or_else(none);
        };
        let mut opened = self.targets.iter().filter(|t| t.ever_opened).peekable();
        if opened.peek().is_none() {
            return Lap::Idle(format!("no breaker of {} ever opened", self.name));
        }
        if self.targets.iter().any(|t| t.shut) {
            return unfinished(since, over);
        }
        let last = opened.map(|t| t.closed_at).max().unwrap_or(since);
        Lap::Took { since, took: last.since(since) }
    }

    fn requests(&self) -> Vec<RequestId> {
        self.skipped.list()
    }
}
