//! The router's account against the mocks' ledger, in every bundled scenario.

use crate::drills::{drill, play};
use hopdrill::engine::{Finished, World};
use hopdrill::event::{Class, Event, EventKind};
use hopdrill::oracle::audit;
use hopdrill::scenario::{self, library};
use mock_providers::fault::{self, Effect, Injection, registry};
use std::sync::Arc;

fn bundled() -> Vec<Finished> {
    library::list()
        .map(|s| {
            let plan = Arc::new(scenario::load(s.name, s.text.as_bytes()).expect("valid").plan);
            play(&plan, plan.seed, World::Virtual)
        })
        .collect()
}

#[test]
fn both_accounts_agree_in_every_bundled_scenario() {
    for done in bundled() {
        let found = audit(&done.events, &done.ledger);
        assert!(found.is_empty(), "{}: {} discrepancies, first: {}", done.plan.name, found.len(), found[0]);
        assert!(!done.ledger.is_empty());
    }
}

/// A small drill in which every kind of line occurs.
fn small() -> Finished {
    small_with("mix: { ok: 10%, status_503: 30%, reset: 20%, silence: 20%, malformed: 20% }")
}

/// The same with another thing going wrong.
fn small_with(what: &str) -> Finished {
    drill(&SMALL.replace("WHAT", what))
}

const SMALL: &str = "
version: 1
name: small
summary: A bit of everything.
providers:
  openai: { models: { gpt-4o: {} } }
  anthropic: { models: { claude-sonnet-4: {} } }
router:
  chains:
    triage:
      targets: [openai/gpt-4o, anthropic/claude-sonnet-4]
      deadline: 10s
      gates: [json_schema]
      breaker: { min_calls: 5, open_for: 2s }
load:
  - { tenant: acme, tier: gold, task: triage, rate: 10/s, arrivals: poisson, stream: 30% }
phases:
  - { name: all, for: 12s }
faults:
  - { on: openai, at: 2s, for: 5s, WHAT }
slos:
  - answered >= 0%
";

#[test]
fn both_accounts_agree_whatever_is_injected() {
    let long_forms = [
        "{ stall: { at: terminator } }",
        "{ stall: { at: finish } }",
        "{ cut: { at: terminator } }",
        "{ cut: { at: finish, how: rst } }",
        "{ early_end: { at: terminator } }",
        "{ early_end: { after_tokens: 2 } }",
        "{ wrong_length: { is: shorter, by: 10 } }",
        "{ wrong_length: { is: longer, by: 10 } }",
        "{ latency: { headers: 200ms } }",
    ];
    // What these need said first is said above.
    let words = registry::words().filter(|word| Injection::word(word).is_some() || is_a_door(word));
    let mut found = Vec::new();
    for what in words.chain(long_forms.map(str::to_owned)) {
        let done = small_with(&format!("inject: {what}"));
        let mut wrong = audit(&done.events, &done.ledger);
        wrong.truncate(1);
        found.extend(wrong.iter().map(|why| format!("{what}: {why}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn is_a_door(word: &str) -> bool {
    registry::kind(word).is_some_and(|kind| matches!(fault::effect(kind, &[], 1.0), Effect::Listener(_)))
}

/// As if the line had never been written: the numbering closes up.
fn without(events: &[Event], index: usize) -> Vec<Event> {
    let mut rest = events.to_vec();
    rest.remove(index);
    for (seq, event) in rest.iter_mut().enumerate() {
        event.seq = seq as u64;
    }
    rest
}

#[test]
fn deleting_any_one_line_of_the_ledger_is_noticed() {
    let done = small();
    assert_eq!(audit(&done.events, &done.ledger), Vec::<String>::new());
    for index in 0..done.ledger.len() {
        let mut ledger = done.ledger.clone();
        let gone = ledger.remove(index);
        assert!(!audit(&done.events, &ledger).is_empty(), "nobody misses {gone:?}");
    }
}

#[test]
fn deleting_any_one_line_of_the_log_is_noticed() {
    let done = small();
    for index in 0..done.events.len() {
        let mut events = done.events.clone();
        let gone = events.remove(index);
        assert!(!audit(&events, &done.ledger).is_empty(), "nobody misses {gone:?}");
    }
}

#[test]
fn deleting_a_line_about_a_request_is_noticed_even_when_the_numbering_is_forged() {
    let done = small();
    for (index, event) in done.events.iter().enumerate() {
        let about_a_request = matches!(
            event.kind,
            EventKind::Arrived { .. }
                | EventKind::AttemptStarted { .. }
                | EventKind::AttemptEnded { .. }
                | EventKind::Retried { .. }
                | EventKind::Ended { .. }
        );
        if about_a_request {
            assert!(!audit(&without(&done.events, index), &done.ledger).is_empty(), "nobody misses {event:?}");
        }
    }
}

/// Whether the fault of the small drill hit anybody.
fn hit(on: &str, at: &str, what: &str) -> bool {
    let fault = format!("on: {on}, at: {at}, for: 3s, inject: {what}");
    let yaml = SMALL.replace("on: openai, at: 2s, for: 5s, WHAT", &fault);
    assert!(yaml.contains(&fault));
    drill(&yaml).fired().contains(&0)
}

#[test]
fn a_fault_on_the_provider_as_a_whole_hits_only_those_it_is_meant_for() {
    let slow = "{ latency: { headers: 200ms } }";
    assert!(hit("openai", "2s", slow));
    assert!(hit("{ provider: openai, stream: true }", "2s", slow));
    assert!(hit("{ provider: openai, larger_than: 10 }", "2s", slow));
    assert!(!hit("{ provider: openai, larger_than: 100k }", "2s", slow));
    assert!(!hit("anthropic", "2s", slow));
}

#[test]
fn a_listener_that_fares_badly_hits_only_calls_made_meanwhile() {
    for door in ["refused", "reset_on_accept", "deaf"] {
        assert!(hit("openai", "2s", door), "{door}");
        assert!(!hit("anthropic", "8s", door), "{door}");
    }
    // Resets of another fault, long before, are none of its doing.
    let resets_first = "on: [openai, anthropic], at: 1s, for: 2s, inject: reset }
  - { on: anthropic, at: 11s, for: 1s, inject: refused";
    let done = drill(&SMALL.replace("on: openai, at: 2s, for: 5s, WHAT", resets_first));
    let claude = done.snapshot.targets.iter().find(|t| &*t.name == "anthropic/claude-sonnet-4").expect("a target");
    assert!(claude.classes.contains_key(&Class::Connect));
    assert_eq!(done.fired(), [0].into());
}
