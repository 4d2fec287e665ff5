//! The log → the state of the drill.

use super::feed::Feed;
use super::histogram::Latencies;
use super::snapshot::{Flow, FlowEnd, SloView, Snapshot, TargetView};
use crate::event::{BreakerState, Class, Event, EventKind, Micros, Name, Outcome, Reason, RequestId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state of a drill, event by event.
#[derive(Debug, Clone)]
pub struct Stats {
    now: Micros,
    phases: Vec<Name>,
    phase: Option<usize>,
    arrived: u64,
    /// Requests that no target has seen yet.
    fresh: BTreeSet<RequestId>,
    ended: u64,
    outcomes: BTreeMap<Outcome, u64>,
    attempts: u64,
    replicas: u16,
    targets: Vec<Target>,
    flows: BTreeMap<FlowKey, u64>,
    latency: Latencies,
    per_second: Vec<(u32, u32)>,
    feed: Feed,
    finished: bool,
}

type FlowKey = (Option<Name>, FlowEnd, Option<Reason>);

#[derive(Debug, Clone)]
struct Target {
    view: TargetView,
    /// Replicas whose breaker is not closed.
    shut: BTreeSet<u16>,
    latency: Latencies,
}

impl Stats {
    /// Nothing has happened yet. Names are in the order of the plan.
    #[must_use]
    pub fn new(phases: Vec<Name>, targets: &[Name]) -> Self {
        let targets = targets
            .iter()
            .map(|name| Target { view: blank(name), shut: BTreeSet::new(), latency: Latencies::default() })
            .collect();
        Self {
            now: Micros(0),
            phases,
            phase: None,
            arrived: 0,
            fresh: BTreeSet::new(),
            ended: 0,
            outcomes: BTreeMap::new(),
            attempts: 0,
            replicas: 1,
            targets,
            flows: BTreeMap::new(),
            latency: Latencies::default(),
            per_second: Vec::new(),
            feed: Feed::default(),
            finished: false,
        }
    }

    /// As said by so many replicas of the router.
    #[must_use]
    pub fn of_fleet(self, replicas: u16) -> Self {
        Self { replicas: replicas.max(1), ..self }
    }

    /// Takes in the next event.
    pub fn apply(&mut self, event: &Event) {
        self.now = event.at;
        let mut noted = true;
        match &event.kind {
            EventKind::PhaseStarted { phase } => self.phase = self.phases.iter().position(|p| p == phase),
            // The items of evals are calls like others to their targets, and nobody's requests.
            EventKind::Arrived { request, .. } | EventKind::Skipped { request, .. } if request.is_eval() => {}
            EventKind::Ended { request, .. } if request.is_eval() => noted = false,
            EventKind::Arrived { request, .. } => {
                self.arrived += 1;
                self.fresh.insert(*request);
                self.second(event.at).0 += 1;
            }
            EventKind::FellBack { from, to, reason, .. } => {
                self.flow(Some(from), FlowEnd::Target(Arc::clone(to)), Some(*reason));
            }
            EventKind::Skipped { request, target, .. } => self.first_hop(*request, target),
            EventKind::AttemptStarted { request, target, .. } => {
                self.first_hop(*request, target);
                self.attempts += u64::from(!request.is_eval());
                if let Some(t) = self.target(target) {
                    t.view.in_flight += 1;
                }
            }
            EventKind::AttemptEnded { target, class, dispatched, breaker, .. } => {
                let took = event.at.since(*dispatched);
                if let Some(t) = self.target(target) {
                    t.view.in_flight = t.view.in_flight.saturating_sub(1);
                    *t.view.classes.entry(*class).or_default() += 1;
                    t.view.failure_rate = breaker.failure_rate;
                    t.view.calls = breaker.calls;
                    if *class == Class::Ok {
                        t.latency.record(took);
                    }
                }
            }
            EventKind::BreakerChanged { target, to, probe_at, replica, .. } => {
                let (at, replicas) = (event.at, self.replicas);
                if let Some(t) = self.target(target) {
                    let state = t.change(*replica, replicas, *to);
                    // Of a fleet, only what concerns all of it is news.
                    let news = state != t.view.breaker || replicas == 1;
                    if news {
                        t.view.since = at;
                    }
                    noted = news && state == *to;
                    t.view.breaker = state;
                    t.view.probe_at = *probe_at;
                    t.view.opened += u32::from(*to == BreakerState::Open);
                    if *to == BreakerState::Closed {
                        (t.view.failure_rate, t.view.calls) = (0.0, 0);
                    }
                }
            }
            EventKind::SetAside { target, key: None, until } => {
                if let Some(t) = self.target(target) {
                    t.view.set_aside_until = Some(*until);
                }
            }
            EventKind::Demoted { target, until } => {
                if let Some(t) = self.target(target) {
                    t.view.demoted_until = Some(*until);
                }
            }
            EventKind::Graded { target, good, .. } => {
                if let Some(t) = self.target(target) {
                    t.view.graded.0 += 1;
                    t.view.graded.1 += u64::from(*good);
                }
            }
            EventKind::Ended { outcome, target, latency, .. } => {
                self.ended(event.at, *outcome, target.as_ref(), *latency);
            }
            EventKind::DrillEnded { .. } => {
                self.phase = None;
                self.finished = true;
            }
            _ => {}
        }
        if noted {
            self.feed.apply(event);
        }
    }

    /// The first target that is called or passed over is where the client's request went.
    fn first_hop(&mut self, request: RequestId, target: &Name) {
        if self.fresh.remove(&request) {
            self.flow(None, FlowEnd::Target(Arc::clone(target)), None);
        }
    }

    fn ended(&mut self, at: Micros, outcome: Outcome, target: Option<&Name>, latency: Micros) {
        self.ended += 1;
        *self.outcomes.entry(outcome).or_default() += 1;
        if outcome.is_answer() {
            self.latency.record(latency);
        }
        if matches!(outcome, Outcome::Failed | Outcome::Degraded) {
            self.second(at).1 += 1;
        }
        if let Some(t) = target.filter(|_| outcome == Outcome::Answered).and_then(|name| self.target(name)) {
            t.view.served += 1;
        }
        self.flow(target, FlowEnd::Client(outcome), None);
    }

    fn flow(&mut self, from: Option<&Name>, to: FlowEnd, reason: Option<Reason>) {
        *self.flows.entry((from.cloned(), to, reason)).or_default() += 1;
    }

    fn target(&mut self, name: &Name) -> Option<&mut Target> {
        self.targets.iter_mut().find(|t| t.view.name == *name)
    }

    fn second(&mut self, at: Micros) -> &mut (u32, u32) {
        let second = (at.0 / 1_000_000) as usize;
        if self.per_second.len() <= second {
            self.per_second.resize(second + 1, (0, 0));
        }
        &mut self.per_second[second]
    }

    /// The state as one value, with the standing of the assertions, at `now` (the last event may be older).
    #[must_use]
    pub fn snapshot(&self, now: Micros, slos: Vec<SloView>) -> Snapshot {
        let mut flows: Vec<Flow> = self
            .flows
            .iter()
            .map(|((from, to, reason), &count)| Flow { from: from.clone(), to: to.clone(), reason: *reason, count })
            .collect();
        flows.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.cmp(b)));
        Snapshot {
            now: now.max(self.now),
            phase: self.phase,
            arrived: self.arrived,
            in_flight: self.arrived - self.ended,
            outcomes: self.outcomes.clone(),
            attempts: self.attempts,
            replicas: self.replicas,
            targets: self.targets.iter().map(|t| TargetView { latency: t.latency.view(), ..t.view.clone() }).collect(),
            flows,
            latency: self.latency.view(),
            per_second: self.per_second.clone(),
            feed: self.feed.lines(),
            slos,
            finished: self.finished,
        }
    }
}

impl Target {
    /// The state of all replicas after one of them has changed.
    fn change(&mut self, replica: u16, replicas: u16, to: BreakerState) -> BreakerState {
        if to == BreakerState::Closed {
            self.shut.remove(&replica);
        } else {
            self.shut.insert(replica);
        }
        self.view.shut = self.shut.len() as u16;
        match self.view.shut {
            _ if replicas <= 1 => to,
            0 => BreakerState::Closed,
            shut if shut > replicas / 2 => BreakerState::Open,
            _ => BreakerState::HalfOpen,
        }
    }
}

fn blank(name: &Name) -> TargetView {
    TargetView {
        name: Arc::clone(name),
        breaker: BreakerState::Closed,
        shut: 0,
        since: Micros(0),
        probe_at: None,
        failure_rate: 0.0,
        calls: 0,
        opened: 0,
        set_aside_until: None,
        demoted_until: None,
        graded: (0, 0),
        in_flight: 0,
        classes: BTreeMap::new(),
        served: 0,
        latency: super::snapshot::LatencyView::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_fleet_the_state_of_most_is_shown_and_only_that_is_news() {
        let name: Name = "openai/gpt-4o".into();
        let mut stats = Stats::new(Vec::new(), std::slice::from_ref(&name)).of_fleet(4);
        let mut seq = 0;
        let mut seen = |replica, from, to| {
            let (target, cause, at) = (Arc::clone(&name), "failure rate".into(), Micros(seq * 1000));
            let kind = EventKind::BreakerChanged { target, group: None, from, to, cause, probe_at: None, replica };
            stats.apply(&Event { seq, at, kind });
            seq += 1;
            let snapshot = stats.snapshot(at, Vec::new());
            let view = &snapshot.targets[0];
            (view.breaker, view.shut, view.opened, snapshot.feed.len())
        };
        use BreakerState::{Closed, HalfOpen, Open};
        assert_eq!(seen(1, Closed, Open), (HalfOpen, 1, 1, 0));
        assert_eq!(seen(3, Closed, Open), (HalfOpen, 2, 2, 0));
        assert_eq!(seen(0, Closed, Open), (Open, 3, 3, 1));
        assert_eq!(seen(0, Open, HalfOpen), (Open, 3, 3, 1));
        assert_eq!(seen(3, HalfOpen, Closed), (HalfOpen, 2, 3, 1));
        assert_eq!(seen(0, HalfOpen, Closed), (HalfOpen, 1, 3, 1));
        assert_eq!(seen(1, HalfOpen, Closed), (Closed, 0, 3, 2));
    }
}
