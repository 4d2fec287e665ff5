//! Limits end to end: a scenario names them, a mock keeps them, the router meets them.

use crate::drills::drill;
use hopdrill::engine::Finished;
use hopdrill::event::{Class, EventKind, SkipReason};

/// A drill of 40 s against one provider and a second to fall over to; each of two tenants sends 5 requests a second.
fn limited(first: &str) -> Finished {
    drill(&format!(
        "
version: 1
name: limited
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: 300ms, tokens_per_second: 100, context: 8k, quality: 1.0 }} }}, {first} }}
  second: {{ dialect: anthropic, models: {{ b: {{ ttft: 100ms, tokens_per_second: 100, context: 128k, quality: 1.0 }} }} }}
router:
  chains:
    both:
      targets: [first/a, second/b]
      retry: {{ max_attempts: 1 }}
      breaker: {{ min_calls: 100000 }}
      quality: {{ min_calls: 100000 }}
load:
  - {{ tenant: acme, task: triage, rate: 5/s, arrivals: constant }}
  - {{ tenant: other, task: triage, rate: 5/s, arrivals: constant }}
phases: [{{ name: a, for: 20s }}, {{ name: b, for: 20s }}]
slos: [answered >= 0%]
"
    ))
}

/// How many attempts on the first provider ended so, between two seconds of the drill.
fn ended(drill: &Finished, class: &str, from: u64, until: u64) -> usize {
    let seconds = from * 1_000_000..until * 1_000_000;
    let counts = |kind: &EventKind| matches!(kind, EventKind::AttemptEnded { target, class: c, .. } if &**target == "first/a" && c.to_string() == class);
    drill.events.iter().filter(|e| seconds.contains(&e.at.0) && counts(&e.kind)).count()
}

#[test]
fn a_quota_lets_through_what_it_says_and_refuses_the_rest() {
    let drill = limited("quota: { requests: 120/min }");
    let (ok, refused) = (ended(&drill, "ok", 0, 60), ended(&drill, "rate_limited", 0, 60));
    assert!((80..=92).contains(&ok), "two a second for 40 s and a burst of ten: {ok}");
    assert!(refused > 0 && ok + refused <= 400, "{refused}");
}

#[test]
fn a_quota_per_key_is_each_tenants_own() {
    let shared = ended(&limited("quota: { requests: 120/min }"), "ok", 0, 60);
    let own = ended(&limited("quota: { requests: 120/min, per: key }"), "ok", 0, 60);
    assert!((2 * shared - 12..=2 * shared + 12).contains(&own), "{own}, shared {shared}");
}

#[test]
fn without_room_a_request_is_told_that_the_provider_is_overloaded_as_long_as_others_are_there() {
    let drill = limited("capacity: { concurrency: 20, background: { a: 100% } }");
    assert_eq!(ended(&drill, "ok", 0, 20), 0);
    assert!(ended(&drill, "overloaded", 0, 20) > 100);
    assert_eq!(ended(&drill, "overloaded", 20, 60), 0);
    assert!(ended(&drill, "ok", 20, 60) > 150);
}

#[test]
fn a_key_is_a_tenants_by_name_and_opens_nothing_once_it_has_expired() {
    let drill = limited("keys: { acme: { expires: 20s }, other: {} }");
    assert_eq!(ended(&drill, "auth", 0, 20), 0);
    assert!(ended(&drill, "auth", 20, 60) > 0);
    let unknown = limited("keys: { somebody: {} }");
    assert_eq!(ended(&unknown, "ok", 0, 60), 0);
    assert!(ended(&unknown, "auth", 0, 60) > 0);
}

#[test]
fn a_target_that_cannot_do_what_is_asked_is_skipped_and_never_answers_with_its_refusal() {
    let drill = limited("keys: { nobody: {} }");
    assert!(ended(&drill, "auth", 0, 60) > 0, "the first target knows none of the tenants");
    let drill = drill_with_a_fallback_that("capabilities: [tools]");
    let skipped = |kind: &EventKind| matches!(kind, EventKind::Skipped { reason: SkipReason::Capability, .. });
    assert!(drill.events.iter().any(|e| skipped(&e.kind)));
    let surfaced = |kind: &EventKind| matches!(kind, EventKind::AttemptEnded { class: Class::BadRequest, .. });
    assert!(!drill.events.iter().any(|e| surfaced(&e.kind)), "nobody is sent where the answer can only be a 400");
}

fn drill_with_a_fallback_that(can: &str) -> Finished {
    drill(&format!(
        "
version: 1
name: capable
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: 300ms, tokens_per_second: 100, context: 8k, quality: 1.0 }} }} }}
  second: {{ dialect: anthropic, models: {{ b: {{ ttft: 100ms, tokens_per_second: 100, context: 128k, {can} }} }} }}
router: {{ chains: {{ both: {{ targets: [first/a, second/b] }} }} }}
load: [{{ tenant: acme, task: triage, rate: 5/s, arrivals: constant }}]
phases: [{{ name: a, for: 10s }}]
faults: [{{ on: first, inject: {{ status: 503 }} }}]
slos: [answered >= 0%]
"
    ))
}
