//! The figures of a report: how many requests ended how, and how fast, overall and by phase.
//!
//! The items of evals are in none of them. Rules as everywhere: a request belongs to the phase of its intended arrival, an attempt to that of its dispatch;
//! latency is of answered requests and from the intended arrival. What belongs to no phase counts overall only.

use crate::event::{Class, Event, EventKind, Micros, Name, Nanodollars, Outcome};
use crate::slo::{Facts, Percentile, available};
use serde::Serialize;
use std::collections::BTreeMap;

/// Counts requests and times them. It keeps 4 bytes per answered request, so that its percentiles are exact.
#[derive(Debug)]
pub struct Figures {
    phases: Vec<(Name, Micros, Micros, Counter)>,
    outside: Counter,
}

/// The figures of a drill.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Over the whole drill.
    #[serde(flatten)]
    pub overall: Counts,
    /// By phase, in order.
    pub phases: Vec<PhaseFigures>,
}

/// The figures of a phase.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PhaseFigures {
    /// Its name.
    pub phase: String,
    /// Its figures.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Figures of a span of the drill.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Requests that arrived.
    pub requests: u64,
    /// Requests that ended, by outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// HTTP calls made.
    pub attempts: u64,
    /// What the calls cost, in dollars, by the router's price list.
    pub cost_usd: f64,
    /// What of it went to calls whose answer was not served.
    pub wasted_usd: f64,
    /// Good answers ÷ requests that count, 0 to 1; `None` if none counts.
    pub availability: Option<f64>,
    /// Median latency of answered requests, in milliseconds, like the next three; `None` if none was answered.
    pub p50_ms: Option<f64>,
    /// 95th percentile.
    pub p95_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
    /// Longest.
    pub max_ms: Option<f64>,
}

#[derive(Debug, Clone, Default)]
struct Counter {
    requests: u64,
    outcomes: BTreeMap<Outcome, u64>,
    attempts: u64,
    cost: Nanodollars,
    wasted: Nanodollars,
    good: u64,
    counted: u64,
    /// Microseconds; what is longer than an hour and a bit counts as that.
    latencies: Vec<u32>,
}

impl Figures {
    /// Figures for the phases of a plan.
    #[must_use]
    pub fn new(facts: &Facts) -> Self {
        let phases = facts.phases.iter().map(|(name, from, until)| (name.clone(), *from, *until, Counter::default()));
        Self { phases: phases.collect(), outside: Counter::default() }
    }

    /// Takes the next event of the log.
    pub fn apply(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Arrived { request, .. }
            | EventKind::AttemptStarted { request, .. }
            | EventKind::AttemptEnded { request, .. }
            | EventKind::Billed { request, .. }
            | EventKind::Ended { request, .. }
                if request.is_eval() => {}
            EventKind::Arrived { intended, .. } => self.count(*intended, |c| c.requests += 1),
            EventKind::AttemptStarted { .. } => self.count(event.at, |c| c.attempts += 1),
            EventKind::AttemptEnded { dispatched, class, cost, .. } => self.count(*dispatched, |c| {
                c.cost += *cost;
                if *class != Class::Ok {
                    c.wasted += *cost;
                }
            }),
            EventKind::Billed { dispatched, cost, .. } => self.count(*dispatched, |c| {
                c.cost += *cost;
                c.wasted += *cost;
            }),
            EventKind::Ended { intended, outcome, judged, latency, .. } => self.count(*intended, |c| {
                *c.outcomes.entry(*outcome).or_default() += 1;
                if let Some(good) = available(*outcome, *judged) {
                    c.counted += 1;
                    c.good += u64::from(good);
                }
                if outcome.is_answer() {
                    c.latencies.push(u32::try_from(latency.0).unwrap_or(u32::MAX));
                }
            }),
            _ => {}
        }
    }

    fn count(&mut self, when: Micros, change: impl FnOnce(&mut Counter)) {
        let phase = self.phases.iter_mut().find(|(_, from, until, _)| *from <= when && when < *until);
        change(phase.map_or(&mut self.outside, |(_, _, _, counter)| counter));
    }

    /// The figures so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut overall = self.outside.clone();
        let mut phases = Vec::new();
        for (name, _, _, counter) in &self.phases {
            overall.include(counter);
            phases.push(PhaseFigures { phase: name.to_string(), counts: counter.clone().counts() });
        }
        Totals { overall: overall.counts(), phases }
    }
}

impl Counter {
    fn include(&mut self, other: &Self) {
        self.requests += other.requests;
        self.attempts += other.attempts;
        self.cost += other.cost;
        self.wasted += other.wasted;
        self.good += other.good;
        self.counted += other.counted;
        self.latencies.extend_from_slice(&other.latencies);
        for (outcome, n) in &other.outcomes {
            *self.outcomes.entry(*outcome).or_default() += n;
        }
    }

    fn counts(mut self) -> Counts {
        self.latencies.sort_unstable();
        let millis = |micros: &u32| f64::from(*micros) / 1e3;
        let percentile = |thousandths: u32| {
            let rank = Percentile::new(thousandths)?.rank(self.latencies.len() as u64);
            self.latencies.get(usize::try_from(rank).ok()?.checked_sub(1)?).map(millis)
        };
        Counts {
            requests: self.requests,
            attempts: self.attempts,
            cost_usd: self.cost.as_dollars_f64(),
            wasted_usd: self.wasted.as_dollars_f64(),
            availability: (self.counted > 0).then(|| self.good as f64 / self.counted as f64),
            p50_ms: percentile(50_000),
            p95_ms: percentile(95_000),
            p99_ms: percentile(99_000),
            max_ms: self.latencies.last().map(millis),
            outcomes: self.outcomes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::testing::{GPT, Log, facts};

    #[test]
    fn requests_count_by_arrival_and_attempts_by_dispatch() {
        let mut log = Log::new();
        log.arrive(1, 19_900).call(1, 19_900, GPT).call(1, 20_100, GPT);
        log.answered(1, 20_900, crate::event::Judged::Right).lost(2, 30_000, 100).served(3, 59_000, 2_000);
        let mut figures = Figures::new(&facts());
        log.events().iter().for_each(|event| figures.apply(event));
        let totals = figures.totals();
        let counts = |f: &Counts| (f.requests, f.attempts, f.availability);
        assert_eq!(counts(&totals.overall), (3, 4, Some(2.0 / 3.0)));
        assert_eq!(counts(&totals.phases[0].counts), (1, 1, Some(1.0)));
        assert_eq!(counts(&totals.phases[1].counts), (2, 3, Some(0.5)));
        assert_eq!(counts(&totals.phases[2].counts), (0, 0, None));
        assert_eq!(totals.phases[2].counts.p95_ms, None);
    }

    #[test]
    fn a_call_is_paid_for_in_the_phase_of_its_dispatch_and_wasted_unless_it_was_served() {
        let mut log = Log::new();
        log.arrive(1, 19_900).paid(1, 19_950, GPT, Class::Interrupted, 300).paid(1, 20_100, GPT, Class::Ok, 1000);
        let mut figures = Figures::new(&facts());
        log.events().iter().for_each(|event| figures.apply(event));
        let totals = figures.totals();
        let money = |f: &Counts| (f.cost_usd, f.wasted_usd);
        assert_eq!(money(&totals.overall), (0.0013, 0.0003));
        assert_eq!(money(&totals.phases[0].counts), (0.0003, 0.0003));
        assert_eq!(money(&totals.phases[1].counts), (0.001, 0.0));
    }
}
