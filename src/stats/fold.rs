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
    latency: Latencies,
}

impl Stats {
    /// Nothing has happened yet. Names are in the order of the plan.
    #[must_use]
    pub fn new(phases: Vec<Name>, targets: &[Name]) -> Self {
        let targets = targets.iter().map(|name| Target { view: blank(name), latency: Latencies::default() }).collect();
        Self {
            now: Micros(0),
            phases,
            phase: None,
            arrived: 0,
            fresh: BTreeSet::new(),
            ended: 0,
            outcomes: BTreeMap::new(),
            attempts: 0,
            targets,
            flows: BTreeMap::new(),
            latency: Latencies::default(),
            per_second: Vec::new(),
            feed: Feed::default(),
            finished: false,
        }
    }

    /// Takes in the next event.
    pub fn apply(&mut self, event: &Event) {
        self.now = event.at;
        self.feed.apply(event);
        match &event.kind {
            EventKind::PhaseStarted { phase } => self.phase = self.phases.iter().position(|p| p == phase),
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
                self.attempts += 1;
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
            EventKind::BreakerChanged { target, to, probe_at, .. } => {
                let at = event.at;
                if let Some(t) = self.target(target) {
                    t.view.breaker = *to;
                    t.view.since = at;
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
            EventKind::Ended { outcome, target, latency, .. } => {
                self.ended(event.at, *outcome, target.as_ref(), *latency);
            }
            EventKind::DrillEnded { .. } => {
                self.phase = None;
                self.finished = true;
            }
            _ => {}
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
        if matches!(outcome, Outcome::Answered | Outcome::Degraded) {
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

fn blank(name: &Name) -> TargetView {
    TargetView {
        name: Arc::clone(name),
        breaker: BreakerState::Closed,
        since: Micros(0),
        probe_at: None,
        failure_rate: 0.0,
        calls: 0,
        opened: 0,
        set_aside_until: None,
        demoted_until: None,
        in_flight: 0,
        classes: BTreeMap::new(),
        served: 0,
        latency: super::snapshot::LatencyView::default(),
    }
}
