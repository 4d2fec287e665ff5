//! Taking mechanisms away: what is a mechanism worth? A drill that goes as well without it has not shown it.
//!
//! Rules:
//! - A part is off by its own parameters; nothing else in the router knows that anything is missing.
//! - Taking a part away twice is the same as once, and parts may be taken away together.
//!
//! To add a part: its line in [`PARTS`]. Scenarios, the command line, did-you-mean and the table in `docs/SCENARIOS.md`
//! know it from there.

use super::config::{AllOpen, Chain, Config, OnBreak, Route, Target, Timeouts};
use super::policy::backoff::Jitter;
use super::policy::budget;
use super::policy::decide::{Effect, Next, Row};
use super::policy::gates::Gates;
use super::policy::order::{Pick, Step};
use super::policy::purse::OnLimit;
use super::policy::route::When;
use super::policy::triggers::Trigger;
use crate::event::Class;
use mock_providers::model::Capability;
use std::time::Duration;

/// Something that a router can be without.
#[derive(Clone, Copy)]
pub struct Part {
    /// The word for it.
    pub name: &'static str,
    /// What the router does when it is gone, in a few words.
    pub gone: &'static str,
    remove: fn(&mut Config),
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The whole router: what remains is a client with deadlines and timeouts.
pub const CONTROL: &str = "control";

/// How long a call may take when nothing bounds it: what the vendors' own SDKs wait.
const UNBOUNDED: Duration = Duration::from_secs(600);

/// The route of every request to the first chain.
const ANYBODY: Route = Route { when: When::ALWAYS, chain: 0 };

/// Every part, the whole first.
#[rustfmt::skip]
pub static PARTS: &[Part] = &[
    Part { name: CONTROL, gone: "the router is bypassed: the first target of each chain, one call, whatever comes back", remove: bypass },
    Part { name: "routes", gone: "every request takes the first chain", remove: |c| c.routes = vec![ANYBODY] },
    Part { name: "fallback", gone: "each chain ends after its first target", remove: |c| chains(c, no_fallback) },
    Part { name: "on_rate_limit", gone: "a request ends where it was throttled", remove: |c| chains(c, |chain| not_on(chain, Trigger::RateLimit)) },
    Part { name: "on_latency", gone: "a request ends where it timed out", remove: |c| chains(c, |chain| not_on(chain, Trigger::Latency)) },
    Part { name: "on_error", gone: "a request ends where the provider erred", remove: |c| chains(c, |chain| not_on(chain, Trigger::Error)) },
    Part { name: "on_availability", gone: "a request ends where the provider or the model was not there", remove: |c| chains(c, |chain| not_on(chain, Trigger::Availability)) },
    Part { name: "on_cost", gone: "a request ends where money ran out, and neither short money nor a price that rises changes the order", remove: |c| chains(c, no_cost) },
    Part { name: "on_quality", gone: "a request ends where the answer was bad", remove: |c| chains(c, |chain| not_on(chain, Trigger::Quality)) },
    Part { name: "on_auth", gone: "a request ends where its key was refused", remove: |c| chains(c, |chain| not_on(chain, Trigger::Auth)) },
    Part { name: "on_region", gone: "a request ends where its region failed", remove: |c| chains(c, |chain| not_on(chain, Trigger::Region)) },
    Part { name: "on_load", gone: "a request ends where the provider was overloaded", remove: |c| chains(c, |chain| not_on(chain, Trigger::Load)) },
    Part { name: "pick", gone: "targets are tried in the order in which they were written", remove: |c| chains(c, as_written) },
    Part { name: "continue", gone: "a stream that breaks after its first token ends with an error", remove: |c| chains(c, no_continuation) },
    Part { name: "retry", gone: "no target is called twice for one request", remove: |c| chains(c, |chain| chain.retry.max_attempts = 1) },
    Part { name: "backoff", gone: "retries follow at once, unless the provider asked for a pause", remove: |c| chains(c, no_backoff) },
    Part { name: "jitter", gone: "waits, pauses and open times do not scatter", remove: no_jitter },
    Part { name: "retry_budget", gone: "retries are not held to a share of the traffic", remove: |c| targets(c, |target| target.budget = budget::Params::UNLIMITED) },
    Part { name: "retry_after", gone: "pauses that providers ask for are not kept", remove: |c| chains(c, |chain| chain.retry.heeds_pauses = false) },
    Part { name: "ahead", gone: "a limit is noticed by its 429, not by what is left of it", remove: |c| chains(c, |chain| chain.ahead = false) },
    Part { name: "max_in_flight", gone: "calls in flight are not bounded", remove: |c| chains(c, |chain| chain.max_in_flight = None) },
    Part { name: "batch", gone: "batch traffic does not yield", remove: |c| chains(c, |chain| chain.batch_in_flight = None) },
    Part { name: "key_rotation", gone: "no key of a pool stands in for one that is throttled or refused", remove: no_rotation },
    Part { name: "hedging", gone: "no target is called while another one is awaited", remove: |c| chains(c, |chain| chain.hedge = None) },
    Part { name: "warm", gone: "no connection to a standby stands before it is needed", remove: |c| chains(c, |chain| chain.warm = 0) },
    Part { name: "breaker", gone: "no breaker ever opens", remove: |c| targets(c, |target| target.breaker.trips = false) },
    Part { name: "health_checks", gone: "nobody looks whether a target is well before a request needs it", remove: |c| targets(c, |target| target.checks = None) },
    Part { name: "slow_rate", gone: "breakers do not count slow calls", remove: |c| targets(c, |target| target.breaker.slow_rate = None) },
    Part { name: "ramp", gone: "a breaker that closes admits everybody at once", remove: |c| targets(c, |target| target.breaker.ramp = Duration::ZERO) },
    Part { name: "quality", gone: "bad answers demote no target", remove: |c| targets(c, |target| target.quality.min_calls = u32::MAX) },
    Part { name: "grader", gone: "nobody looks at what was served", remove: |c| c.oversight.grader = None },
    Part { name: "evals", gone: "nobody is measured before it is needed, and swaps ship unseen", remove: no_evals },
    Part { name: "gates", gone: "answers are served unread", remove: |c| chains(c, |chain| chain.gates = Gates::none()) },
    Part { name: "degraded", gone: "when all targets have failed the client gets an error", remove: |c| chains(c, no_last_resort) },
    Part { name: "best_try", gone: "where every breaker is open nobody is called", remove: |c| chains(c, no_best_try) },
    Part { name: "cache", gone: "no answers are kept for when all targets have failed", remove: |c| chains(c, |chain| chain.cache = None) },
    Part { name: "deadline", gone: "requests may take ten minutes", remove: |c| chains(c, no_deadline) },
    Part { name: "timeouts", gone: "calls are bounded by the deadline only", remove: |c| chains(c, no_timeouts) },
    Part { name: "residency", gone: "requests go wherever the chain leads, whatever is in them and wherever they may be processed", remove: |c| chains(c, |chain| chain.complies = false) },
    Part { name: "stakes", gone: "requests with high stakes are served like any others", remove: |c| chains(c, |chain| chain.minds_stakes = false) },
    Part { name: "spending", gone: "budgets are counted, and nobody is held to them", remove: no_budgets },
    Part { name: "price_updates", gone: "the router goes by the prices it began with", remove: |c| targets(c, |target| target.prices.freeze()) },
    Part { name: "capability", gone: "targets are asked for what they cannot do", remove: |c| targets(c, |target| target.capabilities = Capability::ALL.into()) },
    Part { name: "prompts", gone: "targets are told no more than the instructions of the request", remove: |c| targets(c, |target| target.prompt = None) },
    Part { name: "context", gone: "prompts are not measured before they are sent", remove: |c| targets(c, |target| target.context = u32::MAX) },
];

/// The part of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Part> {
    PARTS.iter().find(|part| part.name == name)
}

/// The same router without a part.
#[must_use]
pub fn without(mut config: Config, part: &Part) -> Config {
    (part.remove)(&mut config);
    config
}

fn chains(config: &mut Config, change: impl Fn(&mut Chain)) {
    config.chains.iter_mut().for_each(change);
}

fn targets(config: &mut Config, change: impl Fn(&mut Target)) {
    config.targets.iter_mut().for_each(change);
}

fn bypass(config: &mut Config) {
    config.oversight.evals.clear();
    config.oversight.swaps.clear();
    for gone in [
        "residency",
        "stakes",
        "spending",
        "fallback",
        "retry",
        "retry_after",
        "breaker",
        "quality",
        "hedging",
        "gates",
        "degraded",
        "batch",
        "health_checks",
    ] {
        if let Some(part) = find(gone) {
            (part.remove)(config);
        }
    }
}

fn no_evals(config: &mut Config) {
    config.oversight.evals.clear();
    config.oversight.swaps.iter_mut().for_each(|swap| swap.bar = None);
}

fn no_fallback(chain: &mut Chain) {
    chain.targets.truncate(1);
    chain.weights.truncate(1);
    chain.steps = vec![Step { len: chain.targets.len(), pick: Pick::Ordered }];
}

/// The trigger no longer moves a request on. What it covers says nothing about health either, as in a chain that does
/// not name it.
fn not_on(chain: &mut Chain, trigger: Trigger) {
    for class in Class::ALL.into_iter().filter(|class| trigger.covers(*class)) {
        let row = chain.table.row(class);
        if row.next == Next::Yes {
            chain.table.set(class, Row { next: Next::Stop, effect: Effect::Alive, ..row });
        }
    }
}

fn no_cost(chain: &mut Chain) {
    not_on(chain, Trigger::Cost);
    chain.downshift = None;
    chain.price_change = None;
}

fn no_budgets(config: &mut Config) {
    let accounts = config.tenants.values_mut().chain(config.tiers.values_mut());
    accounts.filter_map(|account| account.budget.as_mut()).for_each(|budget| budget.on_limit = OnLimit::Alert);
    chains(config, |chain| chain.downshift = None);
}

fn as_written(chain: &mut Chain) {
    for step in &mut chain.steps {
        step.pick = Pick::Ordered;
    }
}

fn no_continuation(chain: &mut Chain) {
    if chain.on_break == OnBreak::Continue {
        chain.on_break = OnBreak::Error;
    }
}

fn no_backoff(chain: &mut Chain) {
    chain.retry.backoff.initial = Duration::ZERO;
    chain.retry.backoff.max = Duration::ZERO;
}

fn no_rotation(config: &mut Config) {
    for pool in &mut config.pools {
        pool.rotates = false;
    }
}

fn no_jitter(config: &mut Config) {
    for chain in &mut config.chains {
        chain.retry.backoff.jitter = Jitter::None;
        chain.retry.scatter = 0.0;
    }
    for target in &mut config.targets {
        target.breaker.jitter = 0.0;
    }
}

fn no_last_resort(chain: &mut Chain) {
    chain.cache = None;
    chain.degraded = None;
}

fn no_best_try(chain: &mut Chain) {
    if chain.all_open == AllOpen::BestTry {
        chain.all_open = AllOpen::Degrade;
    }
}

fn no_deadline(chain: &mut Chain) {
    chain.deadline = UNBOUNDED;
    chain.ttft_deadline = None;
    chain.min_hop_time = Duration::ZERO;
}

fn no_timeouts(chain: &mut Chain) {
    let never = UNBOUNDED;
    chain.timeouts = Timeouts { connect: never, headers: never, first_token: never, idle: never, total: None };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    /// A router with everything that can be taken away.
    fn whole() -> Config {
        let text = r#"
version: 1
name: whole
providers:
  openai: { models: { gpt-4o: {}, gpt-3.5-turbo: {} }, keys: { a: {}, b: {} } }
  anthropic: { models: { claude-sonnet-4: {} } }
router:
  keys: { openai: [a, b] }
  grader: { sample: 10% }
  evals: [{ chain: main }]
  swaps: [{ chain: main, from: openai/gpt-4o, to: openai/gpt-3.5-turbo, at: 1s }]
  routes: [{ when: { task: chat }, chain: chat }]
  tenants: { acme: { budget: $5/h } }
  price_updates: [{ at: 3s, target: openai/gpt-4o, price: { input: 9 } }]
  prompts: { openai/gpt-4o: Be brief. }
  chains:
    main:
      targets: [openai/gpt-4o, anthropic/claude-sonnet-4]
      breaker: { slow_rate: 50% }
      ttft_deadline: 5s
      ahead: true
      all_open: best_try
      max_in_flight: 9
      health_checks: { kind: models }
      batch_in_flight: 4
      hedge: { after: 800ms }
      warm: 2
      gates: [json_schema]
      degraded: { template: sorry, cache: {} }
    chat: { targets: [openai/gpt-3.5-turbo, anthropic/claude-sonnet-4] }
load: [{ task: chat, rate: 1/s }, { task: triage, rate: 1/s }]
phases: [{ name: all, for: 9s }]
"#;
        let plan = scenario::load("whole", text.as_bytes()).unwrap_or_else(|invalid| panic!("{invalid}")).plan;
        let mut router = plan.router;
        router.chains[0].steps[0].pick = Pick::Cheapest;
        router
    }

    #[test]
    fn every_part_takes_something_away_and_nothing_more_the_second_time() {
        for part in PARTS {
            let once = without(whole(), part);
            assert_ne!(once, whole(), "{}", part.name);
            assert_eq!(without(once.clone(), part), once, "{}", part.name);
        }
    }

    #[test]
    fn names_are_words_of_their_own() {
        for part in PARTS {
            assert_eq!(find(part.name), Some(part));
            assert!(part.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", part.name);
        }
    }

    #[test]
    fn without_a_router_one_call_is_made_within_the_same_times() {
        let control = find(CONTROL).unwrap();
        for (bare, full) in without(whole(), control).chains.iter().zip(whole().chains) {
            assert_eq!(bare.targets, full.targets[..1]);
            assert_eq!((bare.retry.max_attempts, &bare.gates, bare.degraded.as_ref()), (1, &Gates::none(), None));
            assert_eq!(
                (bare.deadline, bare.ttft_deadline, bare.timeouts),
                (full.deadline, full.ttft_deadline, full.timeouts)
            );
        }
        assert!(without(whole(), control).targets.iter().all(|target| !target.breaker.trips));
    }
}
