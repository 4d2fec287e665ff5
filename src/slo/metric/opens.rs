//! `opens_within(X)`: from the onset of the first fault on X's provider (within the scope) to the opening of its
//! breakers, the last of those targets that were called while the fault was on, or whose breakers opened then all the same
//! (a health check needs no calls). A breaker that was open already took no time at all. Never opened is a failure, whatever
//! the limit; a fault that nobody met in any way says nothing.

use super::spell::{LastThree, PerTarget, Spells, Turn, unfinished};
use super::{Argument, Family, Heard, Kind, Labels, Lap, Meter, Note, Stopwatch, Takes};
use crate::event::{BreakerState, Class, Micros, Name, RequestId};
use crate::slo::assertion::Interval;
use crate::slo::unit::Unit;

pub(super) static FAMILY: Family = Family {
    name: "opens_within",
    takes: Takes::Subject,
    unit: Unit::Time,
    labels: Labels::None,
    windows: false,
    hears: &[Kind::Dispatched, Kind::Judged, Kind::Breaker, Kind::Fault],
    example: "opens_within(openai) <= 8s",
    meter: |argument, ground| {
        let Argument::Subject(subject) = argument else { return Meter::Ratio(Box::new(|_| None)) };
        Meter::Clock(Box::new(Opens {
            name: subject.0.clone(),
            interval: ground.interval,
            spells: Spells::of(subject.provider()),
            onset: None,
            first_is_over: false,
            targets: PerTarget::new(&ground.targets_of(argument)),
            failing: LastThree::default(),
        }))
    },
};

struct Opens {
    name: Name,
    interval: Interval,
    spells: Spells,
    onset: Option<Micros>,
    first_is_over: bool,
    targets: PerTarget<Target>,
    /// Requests that met the fault before the breakers were open.
    failing: LastThree,
}

#[derive(Debug, Default)]
struct Target {
    used: bool,
    open: bool,
    opened: Option<Micros>,
}

impl Opens {
    fn turn(&mut self, turn: Turn, at: Micros) {
        match turn {
            Turn::Began if self.onset.is_none() && self.interval.contains(at) => {
                self.onset = Some(at);
                for target in self.targets.iter_mut() {
                    target.opened = target.open.then_some(at);
                }
            }
            Turn::Cleared if self.onset.is_some() => self.first_is_over = true,
            _ => {}
        }
    }
}

impl Stopwatch for Opens {
    fn hear(&mut self, note: &Note<'_>) {
        if let Some(turn) = self.spells.turn(&note.heard) {
            return self.turn(turn, note.at);
        }
        let started = self.onset.is_some();
        match note.heard {
            Heard::Dispatched { target, .. } if started && !self.first_is_over => {
                if let Some(target) = self.targets.get_mut(target) {
                    target.used = true;
                }
            }
            Heard::Judged { target, class, .. }
                if started && class != Class::Ok && self.targets.get(target).is_some_and(|t| t.opened.is_none()) =>
            {
                self.failing.push(note.request);
            }
            Heard::Breaker { target, to, .. } => {
                if let Some(target) = self.targets.get_mut(target) {
                    target.open = to != BreakerState::Closed;
                    if started && to == BreakerState::Open && target.opened.is_none() {
                        target.opened = Some(note.at);
                        target.used |= !self.first_is_over;
                    }
                }
            }
            _ => {}
        }
    }

    fn read(&self, _: Micros, over: bool) -> Lap {
        let Some(since) = self.onset else { return Lap::Idle(format!("no fault on {} began", self.name)) };
        let mut used = self.targets.iter().filter(|t| t.used).peekable();
        if used.peek().is_none() {
            return if over || self.first_is_over {
                Lap::Idle(format!("nobody called {} while its fault was on", self.name))
            } else {
                Lap::Running { since }
            };
        }
        match used.map(|t| t.opened).collect::<Option<Vec<_>>>() {
            Some(opened) => {
                let last = opened.into_iter().max().unwrap_or(since);
                Lap::Took { since, took: last.since(since) }
            }
            None => unfinished(since, over),
        }
    }

    fn requests(&self) -> Vec<RequestId> {
        self.failing.list()
    }
}
