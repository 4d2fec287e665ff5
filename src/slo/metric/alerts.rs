//! `alerts_within(X, KIND)`: from the onset of the first cause on X (within the scope) to the first alert of that kind
//! about one of its targets. A cause is a fault on X's provider, as the log tells it, or what the plan says will happen
//! to X by itself: a key that expires, a model that is retired, a load that changes.
//!
//! Missing is a failure, whatever the limit; so is a false alert: one of that kind about X that neither came while a
//! cause was on nor with the judgement of a call that had been made while one was. A cause that nobody met, because
//! nobody called X, says nothing.

use super::spell::{LastThree, PerTarget, Spells, Turn, unfinished};
use super::{Argument, Family, Heard, Kind, Labels, Lap, Meter, Note, Stopwatch, Takes};
use crate::event::{AlertKind, DriftCause, Micros, Name, RequestId};
use crate::slo::assertion::Interval;
use crate::slo::unit::Unit;

pub(super) static FAMILY: Family = Family {
    name: "alerts_within",
    takes: Takes::SubjectAndAlert,
    unit: Unit::Time,
    labels: Labels::None,
    windows: false,
    hears: &[Kind::Dispatched, Kind::Judged, Kind::Fault, Kind::Alert],
    example: "alerts_within(openai, auth) <= 5s",
    meter: |argument, ground| {
        let Argument::Alert(subject, wanted) = argument else { return Meter::Ratio(Box::new(|_| None)) };
        let planned = ground.causes.iter().filter(|c| c.kind == wanted.kind && subject.covers(&c.target));
        Meter::Clock(Box::new(AlertsWithin {
            name: subject.0.clone(),
            wanted: *wanted,
            interval: ground.interval,
            spells: Spells::of(subject.provider()),
            planned: planned.map(|c| Span { from: c.from, until: Some(c.until) }).collect(),
            faults: Vec::new(),
            targets: PerTarget::new(&ground.targets_of(argument)),
            called: false,
            alerted: None,
            unfounded: None,
            met: LastThree::default(),
        }))
    },
};

/// The alert that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) kind: AlertKind,
    /// Of a drift: only one with this cause.
    pub(crate) drift: Option<DriftCause>,
}

impl Wanted {
    /// What can be written: every kind, and every cause of a drift.
    pub(crate) fn all() -> impl Iterator<Item = (String, Self)> + Clone {
        let kinds = AlertKind::ALL.into_iter().map(|kind| (kind.as_str().to_owned(), Self { kind, drift: None }));
        let drifts = [DriftCause::Errors, DriftCause::Prompt, DriftCause::Attack]
            .into_iter()
            .map(|cause| (format!("drift_{}", cause.as_str()), Self { kind: AlertKind::Drift, drift: Some(cause) }));
        kinds.chain(drifts)
    }

    fn is(self, kind: AlertKind, drift: Option<DriftCause>) -> bool {
        self.kind == kind && (self.drift.is_none() || self.drift == drift)
    }
}

/// When a cause was on; `until` is exclusive, and not known while it lasts.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Micros,
    until: Option<Micros>,
}

impl Span {
    fn contains(self, at: Micros) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

struct AlertsWithin {
    name: Name,
    wanted: Wanted,
    interval: Interval,
    spells: Spells,
    planned: Vec<Span>,
    faults: Vec<Span>,
    /// When the call that was judged last had been made.
    targets: PerTarget<Micros>,
    /// Whether anybody called X since the onset.
    called: bool,
    alerted: Option<Micros>,
    unfounded: Option<Micros>,
    /// Requests that were under way at X between onset and alert.
    met: LastThree,
}

impl AlertsWithin {
    fn onset(&self, now: Micros) -> Option<Micros> {
        let begun = self.faults.iter().chain(&self.planned).map(|span| span.from);
        begun.filter(|from| *from <= now && self.interval.contains(*from)).min()
    }

    fn is_founded(&self, at: Micros) -> bool {
        self.faults.iter().chain(&self.planned).any(|span| span.contains(at))
    }
}

impl Stopwatch for AlertsWithin {
    fn hear(&mut self, note: &Note<'_>) {
        match self.spells.turn(&note.heard) {
            Some(Turn::Began) if self.faults.last().is_none_or(|span| span.until.is_some()) => {
                self.faults.push(Span { from: note.at, until: None });
            }
            Some(Turn::Cleared) => {
                if let Some(span) = self.faults.last_mut() {
                    span.until = Some(note.at);
                }
            }
            _ => {}
        }
        match note.heard {
            Heard::Dispatched { target, .. } if self.targets.get(target).is_some() && self.onset(note.at).is_some() => {
                self.called = true;
            }
            Heard::Judged { target, dispatched, .. } => {
                let waiting = self.alerted.is_none() && self.onset(note.at).is_some();
                if let Some(last) = self.targets.get_mut(target) {
                    *last = dispatched;
                    if waiting {
                        self.met.push(note.request);
                    }
                }
            }
            Heard::Alert { target, kind, drift } if self.wanted.is(kind, drift) => {
                let Some(dispatched) = self.targets.get(target).copied() else { return };
                if !self.is_founded(note.at) && !self.is_founded(dispatched) {
                    self.unfounded.get_or_insert(note.at);
                } else if self.onset(note.at).is_some() {
                    self.alerted.get_or_insert(note.at);
                }
            }
            _ => {}
        }
    }

    fn read(&self, now: Micros, over: bool) -> Lap {
        if let Some(at) = self.unfounded {
            let what = format!("a false alert at {:.1}s: nothing was wrong with {}", at.as_secs_f64(), self.name);
            return Lap::Refuted { at, what };
        }
        let Some(since) = self.onset(now) else {
            return Lap::Idle(format!("no fault on {} began, and nothing else that it has to tell of", self.name));
        };
        match self.alerted {
            Some(at) => Lap::Took { since, took: at.since(since) },
            None if over && !self.called => Lap::Idle(format!("nobody called {} since then", self.name)),
            None => unfinished(since, over),
        }
    }

    fn requests(&self) -> Vec<RequestId> {
        self.met.list()
    }
}
