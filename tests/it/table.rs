//! The decision table end to end: each row is produced by a mock provider of every dialect, crosses a connection, is read
//! by an adapter, and leads to the act that the table names. Router and ledger must tell the same of it.

use crate::drills::{self, stories, story};
use hopdrill::engine::Finished;
use hopdrill::event::{AlertKind, BreakerState, Event, EventKind, Outcome};
use hopdrill::oracle::audit;
use rstest::rstest;

/// Two providers of different dialects; the first is hurt all the time, for the first three seconds of load.
fn scenario(dialect: &str, task: &str, stream: &str, inject: &str, retry: &str) -> String {
    format!(
        "
version: 1
name: row
summary: One row of the decision table.
seed: 7
providers:
  first:
    dialect: {dialect}
    models:
      a: {{ ttft: 100ms, tokens_per_second: 100, context: 1k, quality: 1.0, price: {{ input: 1.0, output: 1.0 }} }}
  second:
    dialect: anthropic
    models:
      b: {{ ttft: 100ms, tokens_per_second: 100, context: 128k, quality: 1.0, price: {{ input: 1.0, output: 1.0 }} }}
router:
  routes:
    - {{ when: {{ task: {task} }}, chain: both }}
  chains:
    both:
      targets: [first/a, second/b]
      deadline: 12s
      gates: [json_schema]
      retry: {{ max_attempts: 3, backoff: {{ initial: 200ms, max: 1s, jitter: none }}, wait_up_to: 1500ms{retry} }}
      breaker: {{ min_calls: 1000 }}
      quality: {{ min_calls: 1000 }}
      timeouts: {{ headers: 2s, first_token: 2s, idle: 1s }}
load:
  - {{ tenant: acme, tier: gold, task: {task}, rate: 1/s, arrivals: constant, stream: {stream} }}
phases:
  - {{ name: hurt, for: 3s }}
faults:
  - {{ on: first, during: hurt, inject: {inject} }}
slos:
  - answered >= 0%
"
    )
}

/// A drill of which router and mocks tell the same.
fn drill(yaml: &str) -> Finished {
    let done = drills::drill(yaml);
    let found = audit(&done.events, &done.ledger);
    assert!(found.is_empty(), "{}", found[0]);
    done
}

const SERVED_BY_SECOND: &str = "second/b #1 ok";

#[rstest]
#[case::rate_limited("{ status: 429, retry_after: 1s }", &["first/a #1 rate_limited", "retry first/a", "first/a #2 rate_limited", "retry first/a", "first/a #3 rate_limited", "first/a -> second/b (rate_limited)"])]
#[case::rate_limited_too_long("{ status: 429, retry_after: 5s }", &["first/a #1 rate_limited", "first/a -> second/b (rate_limited)"])]
#[case::overloaded("{ error: overloaded }", &["first/a #1 overloaded", "retry first/a", "first/a #2 overloaded", "retry first/a", "first/a #3 overloaded", "first/a -> second/b (overloaded)"])]
#[case::server_error("{ error: server_error }", &["first/a #1 server_error", "retry first/a", "first/a #2 server_error", "first/a -> second/b (server_error)"])]
#[case::edge_html("{ error: edge_html }", &["first/a #1 server_error", "retry first/a", "first/a #2 server_error", "first/a -> second/b (server_error)"])]
#[case::refused("refused", &["first/a #1 connect", "retry first/a", "first/a #2 connect", "first/a -> second/b (connect)"])]
#[case::reset("reset", &["first/a #1 connect", "retry first/a", "first/a #2 connect", "first/a -> second/b (connect)"])]
#[case::interrupted("{ cut: { after_tokens: 2 } }", &["first/a #1 interrupted", "retry first/a", "first/a #2 interrupted", "first/a -> second/b (interrupted)"])]
#[case::silence("silence", &["first/a #1 timeout", "first/a -> second/b (timeout)"])]
#[case::auth("{ error: auth }", &["first/a #1 auth", "first/a -> second/b (auth)"])]
#[case::model_gone("{ error: model_gone }", &["first/a #1 model_gone", "first/a -> second/b (model_gone)"])]
#[case::context_length("{ error: context_length }", &["first/a #1 context_length", "first/a -> second/b (context_length)"])]
#[case::malformed("malformed", &["first/a #1 malformed", "retry first/a", "first/a #2 malformed", "first/a -> second/b (malformed)"])]
#[case::schema("{ schema: missing }", &["first/a #1 schema", "retry first/a", "first/a #2 schema", "first/a -> second/b (schema)"])]
fn a_failing_target_is_retried_and_left_as_its_row_says(
    #[case] inject: &str,
    #[case] expected: &[&str],
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
) {
    let done = drill(&scenario(dialect, "triage", "0%", inject, ""));
    let mut expected: Vec<&str> = expected.to_vec();
    expected.extend([SERVED_BY_SECOND, "answered right"]);
    assert_eq!(story(&done.events, "0-0"), expected);
}

/// A server of one's own charges nobody and knows only that there were too many requests.
#[rstest]
fn who_is_out_of_credit_is_left_at_once(
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "ollama")] dialect: &str,
) {
    let done = drill(&scenario(dialect, "triage", "0%", "{ error: quota_exhausted }", ""));
    let expected = ["first/a #1 quota_exhausted", "first/a -> second/b (quota_exhausted)", SERVED_BY_SECOND];
    assert_eq!(story(&done.events, "0-0")[..3], expected);
    let done = drill(&scenario("vllm", "triage", "0%", "{ error: quota_exhausted }", ""));
    assert_eq!(story(&done.events, "0-0")[0], "first/a #1 rate_limited");
}

#[rstest]
fn a_bad_request_surfaces_at_once_and_goes_nowhere_else(
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
    #[values("0%", "100%")] stream: &str,
) {
    let done = drill(&scenario(dialect, "triage", stream, "{ error: bad_request }", ""));
    for story in stories(&done.events) {
        assert_eq!(story, ["first/a #1 bad_request", "surfaced bad_request"]);
    }
}

#[rstest]
fn what_a_filter_blocks_surfaces_at_once_and_goes_nowhere_else(
    #[values("openai", "anthropic", "gemini", "azure", "bedrock")] dialect: &str,
    #[values("{ error: content_policy }", "refusal")] inject: &str,
    #[values("0%", "100%")] stream: &str,
) {
    let done = drill(&scenario(dialect, "triage", stream, inject, ""));
    for story in stories(&done.events) {
        assert_eq!(story, ["first/a #1 content_policy", "surfaced content_policy"]);
    }
}

/// Nothing on the wire tells it from an answer: it takes a gate to stop it, and without one it is served.
#[rstest]
fn a_model_without_a_filter_declines_in_words_like_any_others(
    #[values("mistral", "vllm", "ollama")] dialect: &str,
    #[values("0%", "100%")] stream: &str,
) {
    let done = drill(&scenario(dialect, "triage", stream, "refusal", ""));
    let expected = ["first/a #1 schema", "retry first/a", "first/a #2 schema", "first/a -> second/b (schema)"];
    for story in stories(&done.events) {
        assert_eq!(story[..4], expected);
    }
    // Not audited: the ledger does not count the words of a refusal as tokens.
    let done = drills::drill(&scenario(dialect, "chat", stream, "refusal", ""));
    for story in stories(&done.events) {
        assert_eq!(story, ["first/a #1 ok", "answered wrong"]);
    }
}

#[rstest]
fn a_stream_that_fails_before_its_first_token_is_failed_over_unseen(
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
    #[values(
        "silence",
        "{ cut: { after_tokens: 0 } }",
        "{ early_end: { after_tokens: 0 } }",
        "{ stream_error: { after_tokens: 0 } }"
    )]
    inject: &str,
) {
    let done = drill(&scenario(dialect, "chat", "100%", inject, ""));
    for story in stories(&done.events) {
        assert_eq!(story.last().map(String::as_str), Some("answered right"), "{story:?}");
    }
    assert!(story(&done.events, "0-0").contains(&SERVED_BY_SECOND.to_owned()));
}

#[rstest]
#[case::cut("{ cut: { after_tokens: 5 } }", "interrupted")]
#[case::early_end("{ early_end: { after_tokens: 5 } }", "interrupted")]
#[case::stall("{ stall: { after_tokens: 5 } }", "timeout")]
#[case::in_band_error("{ stream_error: { after_tokens: 5 } }", "overloaded")]
fn a_stream_that_breaks_after_its_first_token_ends_with_an_error_where_the_chain_does_not_continue_it(
    #[case] inject: &str,
    #[case] class: &str,
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
) {
    let yaml =
        scenario(dialect, "chat", "100%", inject, "").replace("deadline: 12s", "deadline: 12s\n      on_break: error");
    let done = drill(&yaml);
    for story in stories(&done.events) {
        assert_eq!(story, [format!("first/a #1 {class}"), format!("failed {class}")]);
    }
}

#[rstest]
#[case::cut("{ cut: { after_tokens: 5 } }", "interrupted")]
#[case::early_end("{ early_end: { after_tokens: 5 } }", "interrupted")]
#[case::stall("{ stall: { after_tokens: 5 } }", "timeout")]
#[case::in_band_error("{ stream_error: { after_tokens: 5 } }", "overloaded")]
fn a_stream_that_breaks_after_its_first_token_goes_on_elsewhere_without_a_gap_or_a_repeat(
    #[case] inject: &str,
    #[case] class: &str,
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
) {
    let done = drill(&scenario(dialect, "chat", "100%", inject, ""));
    for story in stories(&done.events) {
        let moved = format!("first/a -> second/b ({class})");
        assert_eq!(
            story,
            [format!("first/a #1 {class}"), moved, SERVED_BY_SECOND.to_owned(), "answered right".to_owned()]
        );
    }
}

#[rstest]
fn whoever_goes_on_badly_is_joined_exactly_or_not_at_all(
    #[values("repeats_words", "restarts", "preamble", "changes_whitespace", "refuses")] how: &str,
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
) {
    let yaml = scenario("openai", "chat", "100%", "{ cut: { after_tokens: 9 } }", "")
        .replace("dialect: anthropic", &format!("dialect: {dialect}"))
        .replace("slos:", &format!("  - {{ on: second, during: hurt, inject: {{ continuation: {how} }} }}\nslos:"));
    let done = drill(&yaml);
    for story in stories(&done.events) {
        let last = story.last().map(String::as_str);
        // OpenAI's own models know no partial answers: they start over, which joins as well.
        let refused = how == "refuses" && !matches!(dialect, "openai" | "azure");
        assert_eq!(last, Some(if refused { "failed interrupted" } else { "answered right" }), "{story:?}");
    }
}

#[rstest]
fn a_gated_stream_is_buffered_and_can_still_be_failed_over(
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
) {
    let done = drill(&scenario(dialect, "triage", "100%", "{ early_end: { after_tokens: 2 } }", ""));
    for story in stories(&done.events) {
        assert_eq!(story.last().map(String::as_str), Some("answered right"), "{story:?}");
    }
}

#[rstest]
fn every_way_to_break_a_schema_is_caught_by_the_gate(
    #[values("missing", "renamed", "wrong_type", "fenced", "prose")] how: &str,
) {
    let done = drill(&scenario("openai", "extract", "0%", &format!("{{ schema: {how} }}"), ""));
    assert_eq!(story(&done.events, "0-0")[0], "first/a #1 schema");
}

#[rstest]
fn a_client_that_hangs_up_is_neither_retried_nor_rerouted_and_says_nothing_about_the_target(
    #[values("0%", "100%")] stream: &str,
) {
    let yaml = scenario("openai", "chat", stream, "silence", "").replace("stream:", "patience: 1s, stream:");
    let done = drill(&yaml);
    for story in stories(&done.events) {
        assert_eq!(story, ["first/a #1 cancelled", "surfaced cancelled"]);
    }
    let target = &done.snapshot.targets[0];
    assert_eq!((target.calls, target.failure_rate), (0, 0.0), "no sample for the breaker");
    assert!(done.ledger.iter().all(|e| e.end == mock_providers::ledger::End::HungUp));
}

#[test]
fn a_probe_whose_client_hangs_up_returns_its_permit() {
    let yaml = scenario("openai", "chat", "0%", "silence", "")
        .replace("stream:", "patience: 1s, stream:")
        .replace("rate: 1/s", "rate: 10/s")
        .replace("for: 3s", "for: 20s")
        .replace("first_token: 2s", "first_token: 500ms")
        .replace("headers: 2s", "headers: 500ms")
        .replace("breaker: { min_calls: 1000 }", "breaker: { min_calls: 5, open_for: 1s, half_open_calls: 1 }");
    let done = drill(&yaml);
    let probes = done.events.iter().filter(|e| matches!(e.kind, EventKind::AttemptStarted { probe: true, .. })).count();
    assert!(probes >= 3, "{probes} probes: a lost permit would end them");
}

#[test]
fn timeouts_are_retried_where_the_chain_says_so() {
    let done = drill(&scenario("openai", "triage", "0%", "silence", ", retry_timeouts: true"));
    let expected = ["first/a #1 timeout", "retry first/a", "first/a #2 timeout", "first/a -> second/b (timeout)"];
    assert_eq!(story(&done.events, "0-0")[..4], expected);
}

#[test]
fn a_context_error_goes_only_to_a_larger_window_and_surfaces_without_one() {
    let yaml =
        scenario("openai", "triage", "0%", "{ error: context_length }", "").replace("context: 128k", "context: 1k");
    let done = drill(&yaml);
    assert_eq!(
        story(&done.events, "0-0"),
        ["first/a #1 context_length", "skip second/b (context)", "surfaced context_length"]
    );
}

#[test]
fn a_prompt_too_long_for_a_window_is_never_sent_there() {
    let yaml = scenario("openai", "triage", "0%", "{ status: 503 }", "").replace("context: 1k", "context: 10");
    let done = drill(&yaml);
    assert_eq!(story(&done.events, "0-0")[0], "skip first/a (context)");
    assert!(done.ledger.iter().all(|e| &*e.provider != "first"));
}

#[test]
fn quota_key_and_model_failures_close_the_key_or_the_target_at_once_and_call_for_a_person() {
    for (cause, closed) in [("quota_exhausted", "key_closed"), ("auth", "key_closed"), ("model_gone", "breaker_open")] {
        let done = drill(&scenario("openai", "triage", "0%", &format!("{{ error: {cause} }}"), ""));
        assert_eq!(story(&done.events, "0-1")[0], format!("skip first/a ({closed})"), "{cause}");
        let about_the_breaker = |e: &&Event| matches!(e.kind, EventKind::Alert { kind: AlertKind::BreakerOpen, .. });
        let alerts = done.events.iter().filter(|e| matches!(e.kind, EventKind::Alert { .. }));
        let alerts = alerts.filter(|e| !about_the_breaker(e)).count();
        assert_eq!(alerts, 1, "{cause}: the second and third request never get there");
    }
}

#[test]
fn a_429_rests_the_target_for_other_requests_too_and_is_no_breaker_sample() {
    let done = drill(&scenario("openai", "triage", "0%", "{ status: 429, retry_after: 5s }", ""));
    assert_eq!(story(&done.events, "0-1")[0], "skip first/a (set_aside)");
    assert!(!done.events.iter().any(|e| matches!(e.kind, EventKind::BreakerChanged { .. })));
}

#[test]
fn with_nowhere_else_to_go_a_request_waits_for_the_end_of_the_pause_if_the_deadline_allows() {
    let yaml = scenario("openai", "triage", "0%", "{ status: 429, retry_after: 5s }", "")
        .replace("[first/a, second/b]", "[first/a]");
    let done = drill(&yaml);
    let story = story(&done.events, "0-0");
    assert_eq!(
        story,
        ["first/a #1 rate_limited", "retry first/a", "first/a #2 ok", "answered right"],
        "the fault ends at 3 s, the pause after 5 s"
    );
}

#[test]
fn a_retry_after_beyond_the_deadline_skips_the_retry() {
    let yaml = scenario("openai", "triage", "0%", "{ status: 429, retry_after: 20s }", "")
        .replace("wait_up_to: 1500ms", "wait_up_to: 60s");
    let done = drill(&yaml);
    assert_eq!(story(&done.events, "0-0")[1], "first/a -> second/b (rate_limited)");
}

#[rstest]
fn a_bare_503_is_overloaded_whatever_the_body_calls_it(
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
) {
    let done = drill(&scenario(dialect, "triage", "0%", "{ status: 503 }", ""));
    assert_eq!(story(&done.events, "0-0")[0], "first/a #1 overloaded");
}

#[test]
fn a_499_is_the_providers_failure_and_not_a_client_that_hung_up() {
    let done = drill(&scenario("openai", "triage", "0%", "{ status: 499 }", ""));
    let story = story(&done.events, "0-0");
    assert_eq!(
        (story[0].as_str(), story.last().map(String::as_str)),
        ("first/a #1 server_error", Some("answered right"))
    );
}

#[test]
fn an_outage_behind_a_context_error_is_an_outage_and_not_the_clients_fault() {
    let yaml = scenario("openai", "triage", "0%", "{ error: context_length }", "")
        .replace("slos:", "  - { on: second, during: hurt, inject: { status: 500 } }\nslos:");
    let done = drill(&yaml);
    assert_eq!(story(&done.events, "0-0").last().map(String::as_str), Some("failed server_error"));
}

#[test]
fn a_prompt_too_long_for_every_window_is_the_clients_own() {
    let yaml = scenario("openai", "triage", "0%", "{ status: 503 }", "")
        .replace("context: 128k", "context: 10")
        .replace("context: 1k", "context: 10");
    let done = drill(&yaml);
    assert_eq!(
        story(&done.events, "0-0"),
        ["skip first/a (context)", "skip second/b (context)", "surfaced context_length"]
    );
}

#[test]
fn past_the_deadline_of_the_first_token_no_further_target_is_called_or_blamed() {
    let yaml = scenario("openai", "chat", "100%", "silence", "")
        .replace("deadline: 12s", "deadline: 12s\n      ttft_deadline: 2s");
    let done = drill(&yaml);
    assert_eq!(story(&done.events, "0-0"), ["first/a #1 timeout", "skip second/b (deadline)", "failed timeout"]);
}

#[test]
fn those_who_wait_for_one_pause_do_not_all_come_back_at_once() {
    let yaml = scenario("openai", "triage", "0%", "{ status: 429, retry_after: 5s }", "")
        .replace("[first/a, second/b]", "[first/a]")
        .replace("rate: 1/s", "rate: 40/s");
    let done = drill(&yaml);
    let mut at_once = std::collections::BTreeMap::new();
    for e in done.events.iter().filter(|e| matches!(e.kind, EventKind::AttemptStarted { .. }) && e.at.0 > 3_000_000) {
        *at_once.entry(e.at).or_insert(0u32) += 1;
    }
    assert!(at_once.values().max().is_some_and(|&most| most <= 5), "{at_once:?}");
}

#[test]
fn an_overloaded_target_without_a_hint_is_waited_for_when_there_is_nowhere_else_to_go() {
    let yaml = scenario("openai", "triage", "0%", "{ error: overloaded }", "")
        .replace("[first/a, second/b]", "[first/a]")
        .replace("initial: 200ms, max: 1s", "initial: 3s, max: 3s")
        .replace("on: first, during: hurt", "on: first, at: 0s, for: 2s");
    let done = drill(&yaml);
    assert_eq!(
        story(&done.events, "0-0"),
        ["first/a #1 overloaded", "retry first/a", "first/a #2 ok", "answered right"]
    );
}

#[test]
fn when_everything_fails_the_template_is_served_and_counts_as_answered_but_not_as_available() {
    let yaml = scenario("openai", "triage", "0%", "{ status: 503 }", "")
        .replace("on: first", "on: [first, second]")
        .replace("max_attempts: 3", "max_attempts: 1")
        .replace("gates:", "degraded: { template: '{\"label\":\"unknown\"}' }\n      gates:")
        .replace("  - answered >= 0%", "  - answered == 100%\n  - availability == 0%");
    let done = drill(&yaml);
    assert_eq!(done.snapshot.outcomes.get(&Outcome::Degraded), Some(&3));
    for result in done.board.results() {
        assert_eq!(result.verdict, hopdrill::slo::Verdict::Pass, "{result:?}");
    }
}

#[test]
fn an_outage_opens_the_breaker_and_the_end_of_it_closes_it_again() {
    let yaml = scenario("openai", "triage", "0%", "{ status: 503 }", "")
        .replace("breaker: { min_calls: 1000 }", "breaker: { min_calls: 5, window: 5s, open_for: 2s, ramp: 1s }")
        .replace("rate: 1/s", "rate: 20/s")
        .replace("- { name: hurt, for: 3s }", "- { name: hurt, for: 10s }\n  - { name: healed, for: 20s }");
    let done = drill(&yaml);
    let changes: Vec<BreakerState> = done
        .events
        .iter()
        .filter_map(|e| match &e.kind {
            EventKind::BreakerChanged { target, to, .. } if &**target == "first/a" => Some(*to),
            _ => None,
        })
        .collect();
    assert_eq!(changes.first(), Some(&BreakerState::Open));
    assert_eq!(changes.last(), Some(&BreakerState::Closed));
    let last = stories(&done.events).pop().expect("requests");
    assert_eq!(last, ["first/a #1 ok", "answered right"], "the primary has its traffic back");
}
