//! The router's account against the mocks' ledger, in every bundled scenario.

use crate::drills::{drill, play};
use hopdrill::engine::{Finished, World};
use hopdrill::event::{Event, EventKind};
use hopdrill::oracle::audit;
use hopdrill::scenario::{self, library};
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
    drill(
        "
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
  - { on: openai, at: 2s, for: 5s, mix: { ok: 10%, status_503: 30%, reset: 20%, silence: 20%, malformed: 20% } }
slos:
  - answered >= 0%
",
    )
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
