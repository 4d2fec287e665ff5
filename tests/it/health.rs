//! Breakers, keys and limits end to end: what one request meets because of what others met before it.

use crate::drills::{drill, story};
use hopdrill::engine::Finished;
use hopdrill::event::{BreakerState, Class, EventKind, SkipReason};
use hopdrill::oracle::audit;
use rstest::rstest;

/// Two providers of one vendor and a third, and one chain over them; `first` is hurt for the first ten seconds.
fn hurt(first: &str, chain: &str, inject: &str) -> Finished {
    let done = drill(&format!(
        "
version: 1
name: health
seed: 7
providers:
  first: {{ dialect: openai, vendor: v, models: {{ a: {{ ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }}, {first} }}
  twin: {{ dialect: openai, vendor: v, models: {{ a: {{ ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
  other: {{ dialect: anthropic, models: {{ b: {{ ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
router: {{ chains: {{ main: {{ {chain} }} }} }}
load:
  - {{ tenant: acme, task: triage, rate: 10/s, arrivals: constant }}
phases: [{{ name: hurt, for: 10s }}, {{ name: well, for: 20s }}]
faults: [{{ on: first, during: hurt, inject: {inject} }}]
slos: [answered >= 0%]
"
    ));
    let found = audit(&done.events, &done.ledger);
    assert!(found.is_empty(), "{}", found[0]);
    done
}

fn count(done: &Finished, counts: impl Fn(&EventKind) -> bool) -> usize {
    done.events.iter().filter(|e| counts(&e.kind)).count()
}

fn opened(done: &Finished, name: &str) -> usize {
    let open = |kind: &EventKind| matches!(kind, EventKind::BreakerChanged { target, to: BreakerState::Open, .. } if &**target == name);
    count(done, open)
}

fn skipped(done: &Finished, name: &str, why: SkipReason) -> usize {
    count(done, |kind| matches!(kind, EventKind::Skipped { target, reason, .. } if &**target == name && *reason == why))
}

#[test]
fn a_breaker_of_a_vendor_closes_off_all_that_it_runs_and_is_told_for_each() {
    let chain = |group: &str| {
        format!("targets: [first/a, twin/a, other/b], breaker: {{ consecutive: 3, open_for: 30s, group: {group} }}")
    };
    let shared = hurt("", &chain("vendor"), "{ status: 500 }");
    assert_eq!([opened(&shared, "first/a"), opened(&shared, "twin/a"), opened(&shared, "other/b")], [1, 1, 0]);
    assert!(skipped(&shared, "twin/a", SkipReason::BreakerOpen) > 100);
    let group =
        |kind: &EventKind| matches!(kind, EventKind::BreakerChanged { group: Some(g), .. } if &**g == "vendor v");
    assert_eq!(count(&shared, group), 2);
    let alone = hurt("", &chain("target"), "{ status: 500 }");
    assert_eq!([opened(&alone, "first/a"), opened(&alone, "twin/a")], [1, 0]);
}

#[test]
fn a_target_that_is_well_again_but_slower_than_the_open_time_wins_its_breaker_back() {
    let chain = "targets: [first/a, other/b], breaker: { consecutive: 3, open_for: 1s, open_max: 1s }";
    let done = drill(&format!(
        "
version: 1
name: slow
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: 2s, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
  other: {{ dialect: anthropic, models: {{ b: {{ ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
router: {{ chains: {{ main: {{ {chain} }} }} }}
load: [{{ task: triage, rate: 10/s, arrivals: constant }}]
phases: [{{ name: hurt, for: 10s }}, {{ name: well, for: 20s }}]
faults: [{{ on: first, during: hurt, inject: {{ status: 500 }} }}]
slos: [answered >= 0%]
"
    ));
    let closed = |kind: &EventKind| matches!(kind, EventKind::BreakerChanged { to: BreakerState::Closed, .. });
    assert_eq!(count(&done, closed), 1);
    let given_up = |kind: &EventKind| matches!(kind, EventKind::BreakerChanged { cause, .. } if &**cause == "a probe got no answer");
    assert_eq!(count(&done, given_up), 0);
}

#[rstest]
#[case("degrade", "degraded overloaded")]
#[case("fail_fast", "failed overloaded")]
#[case("best_try", "first/a #1 ok")]
fn when_all_breakers_are_open_the_chain_does_what_it_says(#[case] all_open: &str, #[case] expected: &str) {
    let chain = format!(
        "targets: [first/a], breaker: {{ consecutive: 3, open_for: 15s }}, all_open: {all_open}, degraded: {{ template: sorry }}"
    );
    let done = hurt("", &chain, "{ status: 500 }");
    // The breaker is open from the first second to the sixteenth; the target is well from the tenth on.
    let late = story(&done.events, "0-120");
    assert_eq!(late[0], "skip first/a (breaker_open)");
    assert_eq!(late[1], expected, "{late:?}");
}

#[test]
fn a_target_with_too_many_calls_in_flight_is_passed_over_while_there_is_another() {
    let done =
        hurt("", "targets: [first/a, other/b], triggers: [all, { type: load, max_in_flight: 2 }]", "{ latency: 2s }");
    assert!(skipped(&done, "first/a", SkipReason::Busy) > 50);
    let alone = hurt("", "targets: [first/a], triggers: [all, { type: load, max_in_flight: 2 }]", "{ latency: 2s }");
    assert_eq!(skipped(&alone, "first/a", SkipReason::Busy), 0, "there is nobody else");
}

fn throttled(done: &Finished) -> usize {
    count(done, |kind| matches!(kind, EventKind::AttemptEnded { class: Class::RateLimited, .. }))
}

#[test]
fn what_headers_say_is_left_is_kept_to_before_the_429() {
    let squeezed = |ahead: bool, lies: &str| {
        let chain = format!("targets: [first/a, other/b], triggers: [all, {{ type: rate_limit, ahead: {ahead} }}]");
        hurt(&format!("quota: {{ requests: 300/min{lies} }}"), &chain, "{ latency: 1ms }")
    };
    let (with, without) = (squeezed(true, ""), squeezed(false, ""));
    assert!(throttled(&without) >= 5 && throttled(&with) <= 1, "{} and {}", throttled(&with), throttled(&without));
    assert!(skipped(&with, "first/a", SkipReason::NoAllowance) > 20);
    for lie in ["minus_one", "remaining_high", "reset_zero", "one_day", "no_headers", "reset_early"] {
        let lied = squeezed(true, &format!(", lies: {lie}"));
        let served = |done: &Finished| {
            count(
                done,
                |kind| matches!(kind, EventKind::AttemptEnded { target, class: Class::Ok, .. } if &**target == "first/a"),
            )
        };
        let honest = squeezed(false, &format!(", lies: {lie}"));
        assert!(served(&lied) * 10 >= served(&honest) * 8, "{lie}: {} of {}", served(&lied), served(&honest));
    }
}

#[test]
fn a_refused_key_of_a_pool_is_replaced_at_once_and_that_of_a_tenant_is_nobody_elses_business() {
    let pool = "keys: { key-a: { revoked: 5s }, key-b: {} }";
    let yaml = |keys: &str, router: &str| {
        format!(
            "
version: 1
name: keys
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }}, {keys} }}
  other: {{ dialect: anthropic, models: {{ b: {{ ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
router: {{ {router} chains: {{ main: {{ targets: [first/a, other/b] }} }} }}
load:
  - {{ tenant: acme, task: triage, rate: 5/s, arrivals: constant }}
  - {{ tenant: globex, task: triage, rate: 5/s, arrivals: constant }}
phases: [{{ name: all, for: 20s }}]
slos: [answered >= 0%]
"
        )
    };
    let done = drill(&yaml(pool, "keys: { first: [key-a, key-b] },"));
    let moved = |kind: &EventKind| matches!(kind, EventKind::FellBack { .. });
    assert_eq!(count(&done, moved), 0);
    let shut = |kind: &EventKind| matches!(kind, EventKind::KeyChanged { key, to: BreakerState::Open, .. } if &**key == "key-a");
    assert!(count(&done, shut) >= 1);
    let own = drill(&yaml("keys: { acme: { revoked: 5s }, globex: {} }", ""));
    let of = |done: &Finished, stream: u16| {
        count(done, |kind| matches!(kind, EventKind::FellBack { request, .. } if request.stream == stream))
    };
    assert!(of(&own, 0) > 50 && of(&own, 1) == 0);
    assert_eq!(opened(&own, "first/a"), 0);
    assert!(skipped(&own, "first/a", SkipReason::KeyClosed) > 40);
}

#[test]
fn connections_that_are_kept_warm_carry_the_first_requests_and_closed_ones_are_not_used() {
    let play = |warm: &str, fault: &str| {
        let done = drill(&format!(
            "
version: 1
name: warm
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
  other: {{ dialect: anthropic, connect: 600ms, models: {{ b: {{ ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
router: {{ chains: {{ main: {{ targets: [first/a, other/b], retry: {{ max_attempts: 1 }} {warm} }} }} }}
load: [{{ task: triage, rate: 10/s, arrivals: constant }}]
phases: [{{ name: well, for: 10s }}, {{ name: hurt, for: 5s }}]
faults:
  - {{ on: first, during: hurt, inject: {{ status: 503 }} }}
{fault}
slos: [answered >= 0%]
"
        ));
        let found = audit(&done.events, &done.ledger);
        assert!(found.is_empty(), "{}", found[0]);
        let took = |kind: &EventKind| match kind {
            EventKind::AttemptEnded { target, class, dispatched, head: Some(head), .. } if &**target == "other/b" => {
                Some((*class, head.since(*dispatched).0 / 1000))
            }
            EventKind::AttemptEnded { target, class, .. } if &**target == "other/b" => Some((*class, 0)),
            _ => None,
        };
        done.events.iter().filter_map(|e| took(&e.kind)).collect::<Vec<_>>()
    };
    let slow = |calls: &[(Class, u64)]| calls.iter().filter(|(_, ms)| *ms > 600).count();
    let (cold, warm) = (play("", ""), play(", warm: 4", ""));
    assert!(slow(&cold) > 0 && slow(&warm) == 0, "{cold:?} {warm:?}");
    // What was kept is closed while nobody listens; afterwards it is dialled anew, and nobody meets a dead connection.
    let closed = play(", warm: 4", "  - { on: other, at: 2s, for: 3s, inject: refused }");
    assert!(closed.iter().all(|(class, _)| *class == Class::Ok), "{closed:?}");
    assert!(slow(&closed) > 0, "the first finds none");
}
