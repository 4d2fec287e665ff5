//! Clients that ask again, as their SDKs do.

use crate::drills::{drill, stories, story};
use hopdrill::event::{EventKind, Outcome};
use hopdrill::oracle::audit;
use std::time::Duration;

fn scenario(client: &str, inject: &str) -> String {
    format!(
        "
version: 1
name: clients
summary: Clients that ask again.
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: 100ms, tokens_per_second: 200, context: 128k, quality: 1.0 }} }} }}
router:
  chains:
    all:
      targets: [first/a]
      deadline: 20s
      retry: {{ max_attempts: 2, backoff: {{ initial: 100ms, jitter: none }}, wait_up_to: 100ms }}
      breaker: {{ min_calls: 1000 }}
load:
  - {{ task: triage, rate: 1/s, arrivals: constant, phases: {{ after: {{ rate: 0/s }} }}, {client} }}
phases:
  - {{ name: all, for: 2s }}
  - {{ name: after, for: 8s }}
faults:
  - {{ on: first, during: all, inject: {inject} }}
slos:
  - answered >= 0%
"
    )
}

#[test]
fn a_client_that_asks_again_is_one_request_whose_calls_are_counted_on() {
    let done = drill(&scenario(
        "client: { retries: 2, backoff: { initial: 900ms, max: 1s, jitter: none } }",
        "{ status: 500 }",
    ));
    let first = story(&done.events, "0-0");
    let call = ["first/a #1 server_error", "retry first/a", "first/a #2 server_error"];
    assert_eq!(first[..3], call);
    assert_eq!(
        first[3..],
        [
            "asks again (server_error)",
            "first/a #3 server_error",
            "retry first/a",
            "first/a #4 server_error",
            "asks again (server_error)",
            "first/a #5 ok",
            "answered right"
        ]
    );
    let Some((hops, attempts, latency)) = done.events.iter().find_map(|e| match e.kind {
        EventKind::Ended { request, hops, attempts, latency, .. } if request.number == 0 => {
            Some((hops, attempts, latency))
        }
        _ => None,
    }) else {
        panic!("it ends")
    };
    assert_eq!((hops, attempts), (1, 5));
    assert!(Duration::from(latency) > Duration::from_millis(1900), "from the first arrival: {latency:?}");
    assert_eq!(audit(&done.events, &done.ledger), Vec::<String>::new());
}

#[test]
fn a_client_asks_no_more_often_than_its_sdk_and_then_takes_the_error() {
    for (client, asked) in [("openai_sdk", 2), ("google_sdk", 0), ("{ sdk: boto3, retries: 4 }", 4)] {
        let yaml = scenario(&format!("client: {client}"), "{ status: 500 }").replace("during: all", "at: 0s, for: 10s");
        let done = drill(&yaml);
        for story in stories(&done.events) {
            assert_eq!(story.iter().filter(|line| line.starts_with("asks again")).count(), asked, "{story:?}");
            assert_eq!(story.last().map(String::as_str), Some("failed server_error"));
        }
        assert_eq!(audit(&done.events, &done.ledger), Vec::<String>::new());
    }
}

#[test]
fn a_client_that_waits_too_long_hangs_up_and_asks_again() {
    let client = "client: { retries: 1, timeout: 1s, backoff: { initial: 500ms, jitter: none } }";
    let done = drill(&scenario(client, "silence"));
    let expected = ["first/a #1 cancelled", "asks again (timeout)"];
    assert_eq!(story(&done.events, "0-0")[..2], expected);
    assert_eq!(story(&done.events, "0-1")[2..], ["first/a #2 ok", "answered right"]);
    assert_eq!(audit(&done.events, &done.ledger), Vec::<String>::new());
}

#[test]
fn a_client_whose_own_timeout_is_the_last_word_counts_as_failed_and_one_without_patience_does_not() {
    let timeout = drill(&scenario("client: { retries: 0, timeout: 1s }", "silence"));
    assert_eq!(timeout.snapshot.outcomes.get(&Outcome::Failed), Some(&2));
    let client = "client: { retries: 9, backoff: { initial: 1s, jitter: none } }, patience: 600ms";
    let patience = drill(&scenario(client, "{ status: 500 }"));
    assert_eq!(story(&patience.events, "0-0").last().map(String::as_str), Some("surfaced cancelled"));
}

#[test]
fn a_client_that_has_read_something_does_not_ask_again() {
    let yaml = scenario("client: openai_sdk, stream: 100%", "{ cut: { at: tokens, after: 2 } }");
    let yaml = yaml.replace("{ cut: { at: tokens, after: 2 } }", "{ cut: 2 }");
    let done = drill(&yaml);
    let last = ["first/a #1 interrupted", "failed interrupted"];
    assert_eq!(story(&done.events, "0-0"), last);
}

#[test]
fn a_client_is_told_how_long_its_target_rests_and_waits_that_long() {
    let yaml = scenario("client: { sdk: anthropic_sdk, retries: 1 }", "{ status: 429, retry_after: 4s }")
        .replace("deadline: 20s", "deadline: 2s");
    let done = drill(&yaml);
    let wait = done.events.iter().find_map(|e| match &e.kind {
        EventKind::ClientRetried { wait, .. } => Some(Duration::from(*wait)),
        _ => None,
    });
    let wait = wait.expect("it asks again");
    assert!((Duration::from_millis(3_500)..Duration::from_millis(4_500)).contains(&wait), "{wait:?}");
    assert_eq!(story(&done.events, "0-0").last().map(String::as_str), Some("answered right"));
}
