//! The series that a Prometheus server would scrape from this router, as a fold of the event log.
//!
//! | series | labels | from |
//! | --- | --- | --- |
//! | `hopdrill_fallback_total` | reason, route, source, target, tenant | moves from one target to the next |
//! | `hopdrill_skip_total` | reason, route, target, tenant | targets passed over |
//! | `hopdrill_retry_total` | reason, route, target, tenant | further calls to the target last called |
//! | `hopdrill_attempt_total` | class, target | calls that were judged |
//! | `hopdrill_attempt_duration_seconds` | class, target | the same, from dispatch to judgement |
//! | `hopdrill_token_total` | kind, route, target, tenant | tokens charged for, `kind` is `prompt`, `cached` (of them) or `answer` |
//! | `hopdrill_cost_dollars_total` | route, target, tenant | their price |
//! | `hopdrill_budget_left_dollars` | payer | what is left of a budget in its present window, by what the calls dispatched in it cost |
//! | `hopdrill_breaker_state` | target | 0 closed, 1 half-open, 2 open; every target from the start |
//! | `hopdrill_request_total` | outcome, route, tenant | requests that ended |
//! | `hopdrill_request_duration_seconds` | outcome, route, tenant | the same, from the intended arrival to the last byte |
//! | `hopdrill_time_to_first_token_seconds` | route, tenant | answered requests |
//! | `hopdrill_alert_total` | target, kind | alerts |
//! | `hopdrill_eval_item_total` | mark, route, target | items that targets were measured on |
//! | `hopdrill_swap_total` | route, source, target, verdict | swaps that were decided |
//!
//! A call or a request that was in flight when the drill was cut off is in none of them.

use super::Known;
use super::budgets::Spending;
use super::exposition::{About, Counter, Gauge, Histogram};
use crate::event::{BreakerState, Event, EventKind, Micros, Name, RequestId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Upper bounds of the buckets for whole calls and requests, in milliseconds: those that OpenTelemetry's conventions
/// advise for `gen_ai.client.operation.duration`.
pub const DURATION_MS: [u64; 14] = [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480, 40_960, 81_920];

/// Upper bounds of the buckets for first tokens, in milliseconds: those that OpenTelemetry's conventions advise for
/// `gen_ai.server.time_to_first_token`.
pub const FIRST_TOKEN_MS: [u64; 16] = [1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

const FALLBACKS: About<5> = About {
    name: "hopdrill_fallback_total",
    help: "Requests that moved from one target (source) to the next (target).",
    labels: ["reason", "route", "source", "target", "tenant"],
};
const SKIPS: About<4> = About {
    name: "hopdrill_skip_total",
    help: "Targets passed over without a call.",
    labels: ["reason", "route", "target", "tenant"],
};
const RETRIES: About<4> = About {
    name: "hopdrill_retry_total",
    help: "Further calls to the target last called, by the class of the call before.",
    labels: ["reason", "route", "target", "tenant"],
};
const ATTEMPTS: About<2> =
    About { name: "hopdrill_attempt_total", help: "HTTP calls judged.", labels: ["class", "target"] };
const ATTEMPT_DURATION: About<2> = About {
    name: "hopdrill_attempt_duration_seconds",
    help: "From the dispatch of an HTTP call to its judgement.",
    labels: ["class", "target"],
};
const TOKENS: About<4> = About {
    name: "hopdrill_token_total",
    help: "Tokens that calls were charged for; cached ones are among those of the prompt.",
    labels: ["kind", "route", "target", "tenant"],
};
const COST: About<3> = About {
    name: "hopdrill_cost_dollars_total",
    help: "What calls cost by the router's price list.",
    labels: ["route", "target", "tenant"],
};
const BUDGETS: About<1> = About {
    name: "hopdrill_budget_left_dollars",
    help: "What is left of a budget in its present window.",
    labels: ["payer"],
};
const BREAKERS: About<1> = About {
    name: "hopdrill_breaker_state",
    help: "Circuit breakers: 0 closed, 1 half-open, 2 open.",
    labels: ["target"],
};
const REQUESTS: About<3> =
    About { name: "hopdrill_request_total", help: "Requests that ended.", labels: ["outcome", "route", "tenant"] };
const REQUEST_DURATION: About<3> = About {
    name: "hopdrill_request_duration_seconds",
    help: "From the intended arrival of a request to its last byte.",
    labels: ["outcome", "route", "tenant"],
};
const FIRST_TOKEN: About<2> = About {
    name: "hopdrill_time_to_first_token_seconds",
    help: "From the intended arrival of an answered request to the first token given to its client.",
    labels: ["route", "tenant"],
};
const ALERTS: About<2> = About { name: "hopdrill_alert_total", help: "Alerts raised.", labels: ["kind", "target"] };

const ITEMS: About<3> = About {
    name: "hopdrill_eval_item_total",
    help: "Items that targets were measured on, by what came of them.",
    labels: ["mark", "route", "target"],
};
const SWAPS: About<4> = About {
    name: "hopdrill_swap_total",
    help: "Swaps of one target (source) for another (target) that were decided.",
    labels: ["route", "source", "target", "verdict"],
};

/// The series of one drill.
#[derive(Debug)]
pub struct Prometheus {
    known: Known,
    now: Micros,
    budgets: Vec<Spending>,
    in_flight: BTreeMap<RequestId, Flight>,
    fallbacks: Counter<5>,
    skips: Counter<4>,
    retries: Counter<4>,
    attempts: Counter<2>,
    attempt_duration: Histogram<2>,
    tokens: Counter<4>,
    cost: Counter<3>,
    breakers: Gauge<1>,
    requests: Counter<3>,
    request_duration: Histogram<3>,
    first_token: Histogram<2>,
    alerts: Counter<2>,
    items: Counter<3>,
    swaps: Counter<4>,
}

/// The labels of a request.
#[derive(Debug, Clone)]
struct Flight {
    route: Name,
    tenant: Name,
    tier: Name,
    /// Whether a bill may still come, after its end.
    owes: bool,
}

impl Prometheus {
    /// Nothing has happened yet; every target's breaker is closed.
    #[must_use]
    pub fn new(known: Known) -> Self {
        let mut breakers = Gauge::new(BREAKERS);
        for target in &known.targets {
            breakers.set([Arc::clone(target)], level(BreakerState::Closed));
        }
        Self {
            now: Micros(0),
            budgets: known.budgets.iter().cloned().map(Spending::new).collect(),
            known,
            in_flight: BTreeMap::new(),
            fallbacks: Counter::new(FALLBACKS),
            skips: Counter::new(SKIPS),
            retries: Counter::new(RETRIES),
            attempts: Counter::new(ATTEMPTS),
            attempt_duration: Histogram::new(ATTEMPT_DURATION, &DURATION_MS),
            tokens: Counter::new(TOKENS),
            cost: Counter::of_billionths(COST),
            breakers,
            requests: Counter::new(REQUESTS),
            request_duration: Histogram::new(REQUEST_DURATION, &DURATION_MS),
            first_token: Histogram::new(FIRST_TOKEN, &FIRST_TOKEN_MS),
            alerts: Counter::new(ALERTS),
            items: Counter::new(ITEMS),
            swaps: Counter::new(SWAPS),
        }
    }

    /// The labels of a request that is under way.
    fn flight(&self, request: RequestId) -> Flight {
        let stranger = || Flight {
            route: super::OTHER.into(),
            tenant: super::OTHER.into(),
            tier: super::OTHER.into(),
            owes: false,
        };
        self.in_flight.get(&request).cloned().unwrap_or_else(stranger)
    }

    /// Takes the next event of the log.
    pub fn apply(&mut self, event: &Event) {
        self.now = event.at;
        match &event.kind {
            EventKind::Arrived { request, tenant, tier, chain, .. } => {
                let flight = Flight {
                    route: self.known.route(chain),
                    tenant: self.known.tenant(tenant),
                    tier: tier.clone(),
                    owes: false,
                };
                self.in_flight.insert(*request, flight);
            }
            EventKind::FellBack { request, from, to, reason } => {
                let Flight { route, tenant, .. } = self.flight(*request);
                let (source, target) = (self.known.target(from), self.known.target(to));
                self.fallbacks.add([reason.as_str().into(), route, source, target, tenant], 1);
            }
            EventKind::Skipped { request, target, reason } => {
                let Flight { route, tenant, .. } = self.flight(*request);
                self.skips.add([reason.as_str().into(), route, self.known.target(target), tenant], 1);
            }
            EventKind::Retried { request, target, reason, .. } => {
                let Flight { route, tenant, .. } = self.flight(*request);
                self.retries.add([reason.as_str().into(), route, self.known.target(target), tenant], 1);
            }
            EventKind::AttemptEnded { request, target, class, dispatched, usage, cost, .. } => {
                let target = self.known.target(target);
                let labels = [class.as_str().into(), Arc::clone(&target)];
                self.attempts.add(labels.clone(), 1);
                self.attempt_duration.observe(labels, event.at.since(*dispatched));
                let Flight { route, tenant, tier, .. } = self.flight(*request);
                for budget in &mut self.budgets {
                    budget.spend((&tenant, &tier), *dispatched, *cost);
                }
                let usage = usage.unwrap_or_default();
                for (kind, n) in [("prompt", usage.prompt), ("cached", usage.cached), ("answer", usage.answer)] {
                    let labels = [kind.into(), Arc::clone(&route), Arc::clone(&target), Arc::clone(&tenant)];
                    self.tokens.add(labels, n.into());
                }
                self.cost.add([route, target, tenant], cost.0);
                if let Some(flight) = self.in_flight.get_mut(request) {
                    flight.owes |= class.is_given_up();
                }
            }
            EventKind::Billed { request, target, cost, .. } => {
                let Flight { route, tenant, .. } = self.flight(*request);
                self.cost.add([route, self.known.target(target), tenant], cost.0);
            }
            EventKind::BreakerChanged { target, to, .. } => {
                self.breakers.set([self.known.target(target)], level(*to));
            }
            EventKind::Alert { target, kind, .. } => {
                self.alerts.add([kind.as_str().into(), self.known.target(target)], 1);
            }
            EventKind::Evaluated { chain, target, marks } => {
                let marks = [
                    ("right", marks.right),
                    ("wrong", marks.wrong),
                    ("parse", marks.parse),
                    ("format", marks.format),
                    ("length", marks.length),
                    ("error", marks.errors),
                ];
                for (mark, n) in marks {
                    self.items.add([mark.into(), self.known.route(chain), self.known.target(target)], n.into());
                }
            }
            EventKind::Swap { chain, from, to, verdict, .. } => {
                let (source, target) = (self.known.target(from), self.known.target(to));
                self.swaps.add([self.known.route(chain), source, target, verdict.as_str().into()], 1);
            }
            EventKind::Ended { request, outcome, latency, ttft, .. } => {
                let Flight { route, tenant, .. } = self.flight(*request);
                if !self.in_flight.get(request).is_some_and(|f| f.owes) {
                    self.in_flight.remove(request);
                }
                let labels = [outcome.as_str().into(), Arc::clone(&route), Arc::clone(&tenant)];
                self.requests.add(labels.clone(), 1);
                self.request_duration.observe(labels, *latency);
                if let Some(ttft) = ttft {
                    self.first_token.observe([route, tenant], *ttft);
                }
            }
            _ => {}
        }
    }

    /// What a scrape would get now.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.fallbacks.write(&mut out);
        self.skips.write(&mut out);
        self.retries.write(&mut out);
        self.attempts.write(&mut out);
        self.attempt_duration.write(&mut out);
        self.tokens.write(&mut out);
        self.cost.write(&mut out);
        let mut left = Gauge::of_billionths(BUDGETS);
        for budget in &self.budgets {
            left.set([budget.payer().to_string().into()], budget.left(self.now));
        }
        left.write(&mut out);
        self.breakers.write(&mut out);
        self.requests.write(&mut out);
        self.request_duration.write(&mut out);
        self.first_token.write(&mut out);
        self.alerts.write(&mut out);
        self.items.write(&mut out);
        self.swaps.write(&mut out);
        out
    }
}

fn level(state: BreakerState) -> u64 {
    match state {
        BreakerState::Closed => 0,
        BreakerState::HalfOpen => 1,
        BreakerState::Open => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::testing::{CLAUDE, GPT, Log};

    fn text(log: &Log) -> String {
        let names = |list: &[&str]| list.iter().map(|n| Name::from(*n)).collect();
        let mut fold =
            Prometheus::new(Known { targets: names(&[GPT, CLAUDE]), tenants: names(&["acme"]), ..Known::default() });
        log.events().iter().for_each(|event| fold.apply(event));
        fold.text()
    }

    #[test]
    fn names_that_the_plan_does_not_know_are_other() {
        let mut log = Log::new();
        log.arrive_as(1, 0, "mallory", "triage", false).fell(1, 10, "else/where", CLAUDE).skip(1, 20, GPT);
        let text = text(&log);
        let fell = "hopdrill_fallback_total{reason=\"overloaded\",route=\"other\",source=\"other\",\
                    target=\"anthropic/claude-sonnet-4\",tenant=\"other\"} 1";
        assert!(text.lines().any(|l| l == fell), "{text}");
        assert!(!text.contains("mallory") && !text.contains("else/where"), "{text}");
    }

    #[test]
    fn every_breaker_has_its_series_from_the_start_and_only_one() {
        let mut log = Log::new();
        let states = |log: &Log| -> Vec<String> {
            let text = text(log);
            text.lines().filter(|l| l.starts_with("hopdrill_breaker_state")).map(str::to_owned).collect()
        };
        let claude = "hopdrill_breaker_state{target=\"anthropic/claude-sonnet-4\"} 0";
        assert_eq!(states(&log), [claude, "hopdrill_breaker_state{target=\"openai/gpt-4o\"} 0"]);
        log.opens(10, GPT);
        assert_eq!(states(&log), [claude, "hopdrill_breaker_state{target=\"openai/gpt-4o\"} 2"]);
        log.breaker(20, GPT, BreakerState::Open, BreakerState::HalfOpen);
        assert_eq!(states(&log), [claude, "hopdrill_breaker_state{target=\"openai/gpt-4o\"} 1"]);
    }
}
