//! Batch requests yield to interactive traffic, wait in line, and are neither lost nor overtaken.

use crate::drills::{drill, story};
use hopdrill::engine::Finished;
use hopdrill::event::{EventKind, Micros, RequestId};
use hopdrill::oracle::audit;
use std::collections::{BTreeMap, BTreeSet};

/// One slow target and another, ten seconds of one person a second (stream 0) and of a batch (stream 1).
fn shared(chain: &str, batch: &str, rest: &str) -> Finished {
    let done = drill(&format!(
        "
version: 1
name: shared
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: 2s, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
  other: {{ dialect: anthropic, models: {{ b: {{ ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
router: {{ chains: {{ main: {{ targets: [first/a, other/b], {chain} }} }} }}
load:
  - {{ tenant: acme, task: triage, rate: 1/s, arrivals: constant }}
  - {{ tenant: archive, task: triage, mode: batch, arrivals: constant, {batch} }}
phases: [{{ name: all, for: 10s }}]
slos: [answered >= 0%]
{rest}
"
    ));
    let found = audit(&done.events, &done.ledger);
    assert!(found.is_empty(), "{}", found[0]);
    done
}

fn is_batch(id: &RequestId) -> bool {
    id.stream == 1
}

/// The batch requests in the order in which they were first called, and those that waited in the order in which they came.
fn order(done: &Finished) -> (Vec<RequestId>, Vec<RequestId>) {
    let (mut called, mut waited) = (Vec::new(), Vec::new());
    for event in &done.events {
        match &event.kind {
            EventKind::AttemptStarted { request, attempt: 1, .. } if is_batch(request) => called.push(*request),
            EventKind::Yielded { request, .. } => waited.push(*request),
            _ => {}
        }
    }
    (called, waited)
}

/// How many calls were in flight at the first target when each call of a batch request went there, itself not counted.
fn beside(done: &Finished) -> Vec<usize> {
    let (mut in_flight, mut beside) = (BTreeSet::new(), Vec::new());
    for event in &done.events {
        match &event.kind {
            EventKind::AttemptStarted { request, target, attempt, .. } if &**target == "first/a" => {
                if is_batch(request) {
                    beside.push(in_flight.len());
                }
                in_flight.insert((*request, *attempt));
            }
            EventKind::AttemptEnded { request, attempt, .. } => {
                in_flight.remove(&(*request, *attempt));
            }
            _ => {}
        }
    }
    beside
}

fn latencies(done: &Finished) -> BTreeMap<RequestId, Micros> {
    let of = |kind: &EventKind| match kind {
        EventKind::Ended { request, latency, .. } => Some((*request, *latency)),
        _ => None,
    };
    done.events.iter().filter_map(|event| of(&event.kind)).collect()
}

#[test]
fn batch_requests_take_only_the_places_below_their_bound_and_are_served_in_the_order_of_arrival() {
    let done = shared("deadline: 120s, batch_in_flight: 4", "rate: 4/s", "");
    let beside = beside(&done);
    assert_eq!(beside.len(), 40, "all of them are served by the first target, however long they wait");
    assert!(beside.iter().all(|others| *others < 4), "{beside:?}");
    let (called, waited) = order(&done);
    assert!(waited.len() > 20 && called.is_sorted(), "{called:?}");
    let late = latencies(&done);
    let (people, batch): (Vec<_>, Vec<_>) = late.iter().partition(|(id, _)| !is_batch(id));
    assert!(people.iter().all(|(_, latency)| latency.0 < 2_200_000), "{people:?}");
    assert!(batch.iter().any(|(_, latency)| latency.0 > 8_000_000), "{batch:?}");
}

#[test]
fn without_a_bound_batch_requests_are_like_others() {
    let done = shared("deadline: 120s", "rate: 4/s", "");
    assert!(order(&done).1.is_empty());
    assert!(latencies(&done).values().all(|latency| latency.0 < 2_200_000));
}

#[test]
fn who_hangs_up_while_waiting_leaves_the_line_and_lets_the_next_one_look() {
    let done = shared("deadline: 120s, batch_in_flight: 1", "rate: 2/s, patience: 3s", "");
    let gone: Vec<_> = latencies(&done).into_iter().filter(|(id, _)| is_batch(id)).collect();
    let cancelled = |id: &RequestId| story(&done.events, &id.to_string()) == ["surfaced cancelled"];
    assert!(gone.iter().filter(|(id, _)| cancelled(id)).count() >= 5, "some never got a turn");
    assert!(gone.iter().all(|(_, latency)| latency.0 <= 3_000_000), "nobody waits for longer than its client does");
    let (called, _) = order(&done);
    assert!(called.len() >= 3 && called.is_sorted(), "those who stayed had their turns: {called:?}");
}

#[test]
fn who_has_no_more_time_than_an_answer_takes_goes_on_along_the_chain() {
    let done = shared("deadline: 6s, batch_in_flight: 1, retry: { max_attempts: 1 }", "rate: 4/s", "");
    let moved = story(&done.events, "1-20");
    assert_eq!(moved, ["skip first/a (yields)", "first/a -> other/b (yields)", "other/b #1 ok", "answered right"]);
    assert!(latencies(&done).values().all(|latency| latency.0 <= 6_000_000));
}

#[test]
fn who_waits_at_a_target_whose_breaker_opens_goes_on_at_once() {
    let outage = "faults: [{ on: first, at: 3s, inject: { status: 500 } }]";
    let chain =
        "deadline: 120s, batch_in_flight: 2, retry: { max_attempts: 1 }, breaker: { consecutive: 2, open_for: 60s }";
    let done = shared(chain, "rate: 4/s", outage);
    let opened = done.events.iter().find(|e| matches!(e.kind, EventKind::BreakerChanged { .. })).expect("it opens").at;
    let last = done.events.iter().rev().find(|e| matches!(e.kind, EventKind::Ended { .. })).expect("an end").at;
    assert!(opened.0 < 6_000_000 && last.0 < 12_000_000, "{opened:?} {last:?}");
    let waited: BTreeSet<RequestId> = order(&done).1.into_iter().collect();
    let passed = |id: &&RequestId| story(&done.events, &id.to_string())[0] == "skip first/a (breaker_open)";
    assert!(waited.iter().filter(passed).count() >= 3);
}
