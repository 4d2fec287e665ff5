//! The event feed: which events are worth a line, and their words.
//!
//! Rules: what happens to every other request in an outage is not a line of its own; the first fallback for a reason is,
//! and then every hundredth. Breakers, faults, phases and alerts always are.

use super::snapshot::{FeedLine, Level};
use crate::event::{BreakerState, BudgetLevel, Class, Event, EventKind, Micros, Name, Outcome, Reason, SwapVerdict};
use std::collections::{BTreeMap, VecDeque};

/// Lines kept.
const KEPT: usize = 300;

/// The feed so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Feed {
    lines: VecDeque<FeedLine>,
    fallbacks: BTreeMap<(Name, Name, Reason), u64>,
    /// Whether the last health check of a target went well.
    checked: BTreeMap<Name, bool>,
    /// Batch requests that had to wait.
    yielded: BTreeMap<Name, u64>,
    /// Clients that asked again, by what they got.
    asked_again: BTreeMap<Class, u64>,
    ended_badly: BTreeMap<(Outcome, Option<Class>), u64>,
}

/// Whether the n-th of its kind gets a line.
fn noteworthy(n: u64) -> bool {
    n == 1 || n.is_multiple_of(100)
}

impl Feed {
    pub(super) fn lines(&self) -> Vec<FeedLine> {
        self.lines.iter().cloned().collect()
    }

    pub(super) fn apply(&mut self, event: &Event) {
        if let Some((level, text)) = self.words(&event.kind) {
            if self.lines.len() == KEPT {
                self.lines.pop_front();
            }
            self.lines.push_back(FeedLine { at: event.at, level, text });
        }
    }

    fn words(&mut self, kind: &EventKind) -> Option<(Level, String)> {
        let line = match kind {
            EventKind::PhaseStarted { phase } => (Level::Info, format!("phase {phase}")),
            EventKind::FaultStarted { label, providers, .. } => {
                (Level::Warning, format!("fault: {label} on {}", providers.join(", ")))
            }
            EventKind::FaultEnded { fault } => (Level::Info, format!("fault {} is over", fault + 1)),
            EventKind::BreakerChanged { target, to, cause, .. } => {
                let level = match to {
                    BreakerState::Open => Level::Bad,
                    BreakerState::HalfOpen => Level::Info,
                    BreakerState::Closed => Level::Good,
                };
                (level, format!("breaker {target} {}: {cause}", to.as_str()))
            }
            EventKind::KeyChanged { provider, key, to, cause, .. } => {
                let level = match to {
                    BreakerState::Open => Level::Bad,
                    BreakerState::HalfOpen => Level::Info,
                    BreakerState::Closed => Level::Good,
                };
                (level, format!("key {key} of {provider} {}: {cause}", to.as_str()))
            }
            EventKind::HealthChecked { target, class, .. } => {
                let well = *class == Class::Ok;
                if self.checked.insert(target.clone(), well).unwrap_or(true) == well {
                    return None;
                }
                let level = if well { Level::Good } else { Level::Warning };
                (level, format!("health check of {target}: {class}"))
            }
            EventKind::SetAside { target, key, until } => {
                let whose = key.as_ref().map_or_else(String::new, |key| format!(" for the key {key}"));
                (Level::Warning, format!("{target} rests{whose} until {}", clock(*until)))
            }
            EventKind::Demoted { target, until } => {
                (Level::Warning, format!("{target} demoted until {}: bad answers", clock(*until)))
            }
            EventKind::Alert { target, kind, cause, .. } => {
                (Level::Bad, format!("alert: {target} {}: {cause}", kind.as_str()))
            }
            EventKind::Evaluated { chain, target, marks } => {
                let (right, of) = (marks.right, marks.verdicts());
                let level = if of == 0 { Level::Warning } else { Level::Info };
                (level, format!("measured {target} for {chain}: {right} of {of} right"))
            }
            EventKind::Swap { chain, from, to, verdict, pairs, incumbent, candidate } => {
                let numbers = format!("{candidate} right against {incumbent} of {pairs}");
                match verdict {
                    SwapVerdict::Shipped => (Level::Good, format!("swap in {chain}: {from} → {to}, {numbers}")),
                    SwapVerdict::Unseen => (Level::Warning, format!("swap in {chain}: {from} → {to}, unseen")),
                    SwapVerdict::Absent => {
                        (Level::Warning, format!("no swap in {chain}: {from} is not there for {to}"))
                    }
                    refused => {
                        let why = refused.as_str().replace('_', " ");
                        (Level::Bad, format!("no swap in {chain}: {from} stays for {to}, {why}, {numbers}"))
                    }
                }
            }
            EventKind::Budget { payer, level, spent, left } => match level {
                BudgetLevel::Full => (Level::Good, format!("the budget of {payer} is full again")),
                BudgetLevel::Short => {
                    (Level::Warning, format!("the budget of {payer} is short: {spent} spent, {left} left"))
                }
                BudgetLevel::Empty => (Level::Bad, format!("the budget of {payer} does not cover a call: {left} left")),
            },
            EventKind::FellBack { request, from, to, reason } => {
                let n = self.fallbacks.entry((from.clone(), to.clone(), *reason)).or_default();
                *n += 1;
                if !noteworthy(*n) {
                    return None;
                }
                let times = if *n == 1 { format!("request {request}") } else { format!("{n} requests") };
                (Level::Warning, format!("fallback {from} → {to}: {} ({times})", reason.as_str()))
            }
            EventKind::Yielded { target, .. } => {
                let n = self.yielded.entry(target.clone()).or_default();
                *n += 1;
                if !noteworthy(*n) {
                    return None;
                }
                let times = if *n == 1 { "a batch request waits".to_owned() } else { format!("{n} waited so far") };
                (Level::Info, format!("batch traffic yields at {target} ({times})"))
            }
            EventKind::ClientRetried { request, class, .. } => {
                let n = self.asked_again.entry(*class).or_default();
                *n += 1;
                if !noteworthy(*n) {
                    return None;
                }
                let times = if *n == 1 { format!("request {request}") } else { format!("{n} times") };
                (Level::Warning, format!("clients ask again: {class} ({times})"))
            }
            EventKind::Ended {
                request,
                outcome: outcome @ (Outcome::Failed | Outcome::Degraded | Outcome::Cached),
                class,
                ..
            } => {
                let n = self.ended_badly.entry((*outcome, *class)).or_default();
                *n += 1;
                if !noteworthy(*n) {
                    return None;
                }
                let times = if *n == 1 { format!("request {request}") } else { format!("{n} requests") };
                let (level, what) = match outcome {
                    Outcome::Cached => (Level::Warning, "answer from the cache"),
                    Outcome::Degraded => (Level::Warning, "degraded answer"),
                    _ => (Level::Bad, "error to the client"),
                };
                (level, format!("{what}: {} ({times})", class.map_or("no target left", |c| c.as_str())))
            }
            EventKind::DrillEnded { interrupted: true } => (Level::Bad, "interrupted".to_owned()),
            EventKind::DrillEnded { interrupted: false } => (Level::Info, "the drill is over".to_owned()),
            _ => return None,
        };
        Some(line)
    }
}

fn clock(at: Micros) -> String {
    let seconds = at.0 / 1_000_000;
    format!("{:02}:{:02}.{}", seconds / 60, seconds % 60, at.0 / 100_000 % 10)
}
