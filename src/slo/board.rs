//! All assertions of a drill, measured as its events come in.
//!
//! Rules:
//! - Names become small numbers once per event, labels once per kind of request (its *population*); gauges see no
//!   strings.
//! - A gauge is told only of the kinds of events that its metric hears.
//! - A target that the facts do not name, or a request that never arrived, belongs to nobody: it counts where nothing
//!   was asked about targets or labels.
//! - The items of evals are told to those gauges only that ask for their tenant.
//! - Events are taken in the order of the log.

use super::assertion::{Filter, Slo};
use super::explain::SloResult;
use super::facts::Facts;
use super::fleet::Fleet;
use super::gauge::Gauge;
use super::metric::{End, Heard, Kind, Note, TargetId};
use crate::event::{EVAL_TENANT, Event, EventKind, Micros, Name, Reason, RequestId};
use crate::stats::snapshot::SloView;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Measures assertions on an event log.
pub struct Board {
    facts: Facts,
    gauges: Vec<Gauge>,
    /// Which gauges hear which kind of event.
    listeners: [Vec<usize>; Kind::COUNT],
    populations: Vec<Population>,
    in_flight: BTreeMap<RequestId, Flight>,
    called: Vec<bool>,
    /// By target.
    fleets: Vec<Fleet>,
    now: Micros,
    over: bool,
}

/// Requests that no assertion can tell apart.
struct Population {
    /// Tenant, tier, task and chain.
    names: [Name; 4],
    stream: bool,
    /// Per gauge, whether it counts them.
    counted: Vec<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Flight {
    population: usize,
    fell_back: bool,
    /// The target last called beside another one.
    hedge: Option<TargetId>,
    /// Whether a bill may still come, after its end.
    owes: bool,
}

/// A target that the facts do not name.
const STRANGER: TargetId = TargetId::MAX;

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").field("gauges", &self.gauges.len()).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Board {
    /// A board for one drill.
    #[must_use]
    pub fn new(slos: &[Slo], facts: Facts) -> Self {
        let gauges: Vec<Gauge> = slos.iter().map(|slo| Gauge::new(slo, &facts)).collect();
        let mut listeners = [const { Vec::new() }; Kind::COUNT];
        for (i, slo) in slos.iter().enumerate() {
            for kind in slo.metric.family.hears {
                if let Some(list) = listeners.get_mut(*kind as usize) {
                    list.push(i);
                }
            }
        }
        let called = vec![false; facts.targets.len()];
        let fleets = vec![Fleet::default(); facts.targets.len()];
        Self {
            facts,
            gauges,
            listeners,
            populations: Vec::new(),
            in_flight: BTreeMap::new(),
            called,
            fleets,
            now: Micros(0),
            over: false,
        }
    }

    /// Takes the next event of the log.
    pub fn apply(&mut self, event: &Event) {
        self.now = self.now.max(event.at);
        let at = event.at;
        match &event.kind {
            EventKind::Arrived { request, intended, tenant, tier, task, chain, stream, residency, data_class } => {
                let population = self.population([tenant, tier, task, chain], *stream);
                self.in_flight.insert(*request, Flight { population, fell_back: false, hedge: None, owes: false });
                let (intended, data_class) = (*intended, data_class.as_ref());
                self.tell(
                    Kind::Arrived,
                    at,
                    Some(*request),
                    Heard::Arrived { intended, payers: [tenant, tier], residency, data_class },
                );
            }
            EventKind::FellBack { request, to, reason, .. } => {
                let to = self.target(to);
                if let Some(flight) = self.in_flight.get_mut(request) {
                    match reason {
                        Reason::Hedge => flight.hedge = Some(to),
                        _ => flight.fell_back = true,
                    }
                }
            }
            EventKind::Skipped { request, target, .. } => {
                let target = self.target(target);
                self.tell(Kind::Skipped, at, Some(*request), Heard::Skipped { target });
            }
            EventKind::AttemptStarted { request, target, attempt, probe, switch, key } => {
                let target = self.target(target);
                if let Some(called) = self.called.get_mut(target) {
                    *called = true;
                }
                let (attempt, probe, switch, key) = (*attempt, *probe, *switch, key.as_ref());
                let heard = Heard::Dispatched { target, attempt, probe, switch, key };
                self.tell(Kind::Dispatched, at, Some(*request), heard);
            }
            EventKind::AttemptEnded { request, target, dispatched, class, retry_after, cost, key, .. } => {
                if let Some(flight) = self.in_flight.get_mut(request) {
                    flight.owes |= class.is_given_up();
                }
                let target = self.target(target);
                let (dispatched, class, retry_after, cost) = (*dispatched, *class, *retry_after, *cost);
                let heard = Heard::Judged { target, dispatched, class, retry_after, cost, key: key.as_ref() };
                self.tell(Kind::Judged, at, Some(*request), heard);
            }
            EventKind::Billed { request, target, dispatched, cost, .. } => {
                let (target, dispatched, cost) = (self.target(target), *dispatched, *cost);
                self.tell(Kind::Billed, at, Some(*request), Heard::Billed { target, dispatched, cost });
            }
            EventKind::BreakerChanged { target, from, to, replica, .. } => {
                let target = self.target(target);
                let fleet = self.fleets.get_mut(target);
                let change = fleet.and_then(|fleet| fleet.change(self.facts.replicas, *replica, *from, *to));
                if let Some((from, to)) = change {
                    self.tell(Kind::Breaker, at, None, Heard::Breaker { target, from, to });
                }
            }
            EventKind::FaultStarted { fault, providers, .. } => {
                self.tell(Kind::Fault, at, None, Heard::FaultStarted { fault: *fault, providers });
            }
            EventKind::FaultEnded { fault } => {
                self.tell(Kind::Fault, at, None, Heard::FaultEnded { fault: *fault });
            }
            EventKind::Alert { target, kind, drift, .. } => {
                let target = self.target(target);
                self.tell(Kind::Alert, at, None, Heard::Alert { target, kind: *kind, drift: *drift });
            }
            EventKind::Ended { request, intended, outcome, class, target, latency, ttft, hops, attempts, judged } => {
                let target = target.as_ref().map(|t| self.target(t));
                let flight = self.in_flight.get(request);
                let hedge = flight.and_then(|f| f.hedge);
                let end = End {
                    intended: *intended,
                    outcome: *outcome,
                    class: *class,
                    target,
                    latency: *latency,
                    ttft: *ttft,
                    hops: *hops,
                    attempts: *attempts,
                    judged: *judged,
                    // A hedge that lost has moved nobody.
                    fell_back: flight.is_some_and(|f| f.fell_back) || (hedge.is_some() && hedge == target),
                    hedged: hedge.is_some(),
                };
                self.tell(Kind::Ended, at, Some(*request), Heard::Ended(end));
                if !self.in_flight.get(request).is_some_and(|f| f.owes) {
                    self.in_flight.remove(request);
                }
            }
            EventKind::Graded { target, good, .. } => {
                let target = self.target(target);
                self.tell(Kind::Graded, at, None, Heard::Graded { target, good: *good });
            }
            EventKind::ClientRetried { request, retry, .. } => {
                self.tell(Kind::ClientRetried, at, Some(*request), Heard::ClientRetried { retry: *retry });
            }
            EventKind::Swap { verdict, .. } => {
                self.tell(Kind::Swap, at, None, Heard::Swap { shipped: verdict.ships() });
            }
            EventKind::DrillEnded { interrupted } => self.over = !interrupted,
            _ => {}
        }
    }

    /// How every assertion stands, in the order given.
    #[must_use]
    pub fn views(&self, now: Micros) -> Vec<SloView> {
        self.gauges.iter().map(|g| g.view(now, self.over)).collect()
    }

    /// What became of every assertion, in the order given. For the end of a drill.
    #[must_use]
    pub fn results(&self) -> Vec<SloResult> {
        self.gauges.iter().map(|g| g.result(self.now, self.over)).collect()
    }

    /// What the board knows of the plan.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The targets that got at least one call.
    #[must_use]
    pub fn called(&self) -> BTreeSet<Name> {
        self.facts.targets.iter().zip(&self.called).filter(|(_, called)| **called).map(|(t, _)| t.clone()).collect()
    }

    fn tell(&mut self, kind: Kind, at: Micros, request: Option<RequestId>, heard: Heard<'_>) {
        let Some(listeners) = self.listeners.get(kind as usize).filter(|l| !l.is_empty()) else { return };
        let flight = request.and_then(|r| self.in_flight.get(&r));
        let population = flight.and_then(|f| self.populations.get(f.population));
        let note = Note { at, request, heard };
        let eval = request.is_some_and(RequestId::is_eval);
        for i in listeners {
            let Some(gauge) = self.gauges.get_mut(*i) else { continue };
            if eval && gauge.slo().filter.tenant.as_deref() != Some(EVAL_TENANT) {
                continue;
            }
            let ours = match population {
                Some(population) => population.counted.get(*i).copied().unwrap_or(false),
                None => unlabelled(&gauge.slo().filter),
            };
            gauge.hear(&note, ours);
        }
    }

    fn target(&self, name: &Name) -> TargetId {
        let same = |t: &Name| Arc::ptr_eq(t, name);
        let targets = &self.facts.targets;
        targets.iter().position(same).or_else(|| targets.iter().position(|t| t == name)).unwrap_or(STRANGER)
    }

    fn population(&mut self, names: [&Name; 4], stream: bool) -> usize {
        let same = |a: &Name, b: &Name| Arc::ptr_eq(a, b) || a == b;
        let known = self
            .populations
            .iter()
            .position(|p| p.stream == stream && p.names.iter().zip(names).all(|(known, name)| same(known, name)));
        known.unwrap_or_else(|| {
            let matches = |filter: &Filter| {
                let wanted = filter.names().into_iter().zip(names);
                wanted.into_iter().all(|(wanted, name)| wanted.is_none_or(|w| w == name))
                    && filter.stream.is_none_or(|s| s == stream)
            };
            let counted = self.gauges.iter().map(|g| matches(&g.slo().filter)).collect();
            self.populations.push(Population { names: names.map(Arc::clone), stream, counted });
            self.populations.len() - 1
        })
    }
}

/// Whether nothing is asked about the request.
fn unlabelled(filter: &Filter) -> bool {
    filter.names().iter().all(Option::is_none) && filter.stream.is_none()
}
