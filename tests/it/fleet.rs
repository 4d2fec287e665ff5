//! Several routers behind one address.

use crate::drills::{drill, plan, play};
use hopdrill::engine::{Finished, World};
use hopdrill::event::{BreakerState, EventKind, Micros};
use hopdrill::oracle::audit;
use hopdrill::router::policy::breaker::Params;
use hopdrill::scenario::{self, library};
use hopdrill::slo::Verdict;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn scenario(fleet: &str) -> String {
    format!(
        "
version: 1
name: fleet
summary: Several routers behind one address.
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: 100ms, tokens_per_second: 200, context: 128k }} }} }}
  second: {{ dialect: openai, models: {{ b: {{ ttft: 100ms, tokens_per_second: 200, context: 128k }} }} }}
router:
  {fleet}
  chains:
    all:
      targets: [first/a, second/b]
      deadline: 20s
      breaker: {{ min_calls: 1000, consecutive: 10, open_for: 5s, open_max: 5s, jitter: 100%, half_open_calls: 1, ramp: 0ms }}
load:
  - {{ task: triage, rate: 100/s, arrivals: poisson }}
phases:
  - {{ name: steady, for: 5s }}
  - {{ name: hurt, for: 10s }}
  - {{ name: healed, for: 20s }}
faults:
  - {{ on: first, during: hurt, inject: {{ status: 503 }} }}
slos:
  - opens_within(first) <= 5s
  - closes_within(first) <= 15s
"
    )
}

/// When the breaker of each replica first went to a state.
fn first(done: &Finished, state: BreakerState) -> BTreeMap<u16, Micros> {
    let mut first = BTreeMap::new();
    for event in &done.events {
        if let EventKind::BreakerChanged { replica, to, .. } = event.kind
            && to == state
        {
            first.entry(replica).or_insert(event.at);
        }
    }
    first
}

fn spread(first: &BTreeMap<u16, Micros>) -> f64 {
    let last = first.values().max().expect("some");
    last.since(*first.values().min().expect("some")).as_secs_f64()
}

#[test]
fn each_of_several_replicas_sees_its_share_and_finds_out_for_itself() {
    let alone = first(&drill(&scenario("")), BreakerState::Open);
    let fleet = drill(&scenario("replicas: 10"));
    let opened = first(&fleet, BreakerState::Open);
    assert_eq!((alone.len(), opened.len()), (1, 10));
    assert!(opened.values().min() > alone.values().min(), "a tenth of the traffic is slower to convince");
    assert!(spread(&opened) > 0.3, "{opened:?}");
    let mut calls: BTreeMap<u16, u32> = BTreeMap::new();
    for event in &fleet.events {
        if let EventKind::AttemptEnded { breaker, .. } = &event.kind {
            *calls.entry(breaker.replica).or_default() += 1;
        }
    }
    assert!(calls.len() == 10 && calls.values().all(|n| (280..480).contains(n)), "{calls:?}");
    assert_eq!(audit(&fleet.events, &fleet.ledger), Vec::<String>::new());
    assert!(fleet.board.results().iter().all(|r| r.verdict == Verdict::Pass));
}

#[test]
fn what_one_replica_found_out_the_others_know_after_the_lag() {
    let done = drill(&scenario("replicas: 10\n  state: { shared: { lag: 200ms } }"));
    for state in [BreakerState::Open, BreakerState::Closed] {
        let known = first(&done, state);
        assert_eq!(known.len(), 10, "{state:?}");
        // A replica notices when its next request comes, some tenths of a second later.
        assert!((0.15..1.2).contains(&spread(&known)), "{state:?}: {known:?}");
    }
    let told = |cause: &str| {
        let is = |kind: &EventKind| matches!(kind, EventKind::BreakerChanged { cause: why, .. } if **why == *cause);
        done.events.iter().filter(|e| is(&e.kind)).count()
    };
    let (opened, closed) = (told("another replica opened it"), told("another replica closed it"));
    assert!(opened >= 5 && closed >= 5, "{opened} {closed}");
    assert_eq!(audit(&done.events, &done.ledger), Vec::<String>::new());
}

#[test]
fn replicas_and_their_state_are_checked() {
    for (fleet, message) in [
        ("replicas: 0", "this must lie between 1 and 1000"),
        ("replicas: 3\n  state: shared", "`shared` is not `independent` or `{ shared: { lag: 500ms } }`"),
        ("replicas: 3\n  state: { shared: {} }", "`lag` is missing"),
        ("replicas: 3\n  state: { shard: { lag: 1s } }", "did you mean `shared`?"),
        ("state: { shared: { lag: 1s } }", "a router that runs alone shares its state with nobody"),
    ] {
        let invalid = scenario::load("fleet.yaml", scenario(fleet).as_bytes()).expect_err(fleet).to_string();
        assert!(invalid.contains(message), "{invalid}");
    }
    assert_eq!(plan(&scenario("replicas: 3\n  state: independent")).router.fleet.replicas, 3);
}

#[test]
fn a_fleet_repeats_itself() {
    let plan = plan(&scenario("replicas: 7\n  state: { shared: { lag: 300ms } }"));
    let log = || crate::drills::lines(&play(&plan, 3, World::Virtual).events);
    assert!(log() == log());
}

/// The assertions of the bundled drill of a recovery that fail under a changed breaker.
fn broken(change: fn(&mut Params)) -> Vec<String> {
    let bundled = library::list().find(|s| s.name == "fleet-recovery").expect("bundled");
    let mut plan = scenario::load(bundled.name, bundled.text.as_bytes()).expect("valid").plan;
    plan.router.targets.iter_mut().for_each(|target| change(&mut target.breaker));
    let seed = plan.seed;
    let results = play(&Arc::new(plan), seed, World::Virtual).board.results();
    results.iter().filter(|r| r.verdict != Verdict::Pass).map(|r| r.text.to_string()).collect()
}

#[test]
fn twenty_replicas_win_a_provider_back_with_jitter_and_ramp_and_topple_it_without_either() {
    let twice = ["probes(openai) <= 250 during recovery", "fallback_share < 27% during recovery"];
    assert_eq!(broken(|_| {}), Vec::<String>::new());
    assert_eq!(broken(|breaker| breaker.jitter = 0.0), twice);
    assert_eq!(broken(|breaker| breaker.ramp = Duration::ZERO), twice);
}
