//! Hedging end to end: who wins a race, and what becomes of who does not.

use crate::drills::{drill, lines, stories, story};
use hopdrill::engine::Finished;
use hopdrill::event::{BreakerState, Class, EventKind, Name};
use hopdrill::oracle::audit;
use rstest::rstest;

/// Two providers who take as long as is said, hurt as is said, and a chain that hedges after half a second.
fn race(first: &str, second: &str, faults: &str, load: &str) -> Finished {
    let done = drill(&format!(
        "
version: 1
name: race
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: {first}, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
  second: {{ dialect: anthropic, models: {{ b: {{ ttft: {second}, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
router:
  chains:
    main:
      targets: [first/a, second/b]
      retry: {{ max_attempts: 1 }}
      hedge: {{ after: 500ms }}
load: [{{ {load} }}]
phases: [{{ name: all, for: 10s }}]
{faults}
slos: [answered >= 0%]
"
    ));
    let found = audit(&done.events, &done.ledger);
    assert!(found.is_empty(), "{}", found[0]);
    done
}

const TRIAGE: &str = "task: triage, rate: 2/s, arrivals: constant";

fn inject(on: &str, what: &str) -> String {
    format!("faults: [{{ on: {on}, during: all, inject: {what} }}]")
}

#[test]
fn who_answers_in_time_is_not_raced() {
    let done = race("300ms", "300ms", "", TRIAGE);
    for story in stories(&done.events) {
        assert_eq!(story, ["first/a #1 ok", "answered right"]);
    }
}

#[rstest]
#[case::the_second_is_faster("2s", "100ms", "", &["first/a -> second/b (hedge)", "first/a #1 cancelled", "second/b #1 ok", "answered right"])]
#[case::the_first_is_faster_after_all("700ms", "2s", "", &["first/a -> second/b (hedge)", "second/b #1 cancelled", "first/a #1 ok", "answered right"])]
#[case::a_tie_is_the_firsts("1s", "500ms", "", &["first/a -> second/b (hedge)", "second/b #1 cancelled", "first/a #1 ok", "answered right"])]
#[case::a_millisecond_later_is_not("1001ms", "500ms", "", &["first/a -> second/b (hedge)", "first/a #1 cancelled", "second/b #1 ok", "answered right"])]
#[case::the_hedge_fails("2s", "100ms", &inject("second", "{ status: 500 }"), &["first/a -> second/b (hedge)", "second/b #1 server_error", "first/a #1 ok", "answered right"])]
#[case::the_first_fails_while_raced("100ms", "4s", &inject("first", "{ stall: { after_tokens: 2 } }"), &["first/a -> second/b (hedge)", "first/a #1 timeout", "second/b #1 ok", "answered right"])]
#[case::bad_answers_do_not_win("2s", "100ms", &inject("second", "malformed"), &["first/a -> second/b (hedge)", "second/b #1 malformed", "first/a #1 ok", "answered right"])]
fn the_first_answer_wins_and_the_other_is_hung_up_on(
    #[case] first: &str,
    #[case] second: &str,
    #[case] faults: &str,
    #[case] expected: &[&str],
) {
    let done = race(first, second, faults, TRIAGE);
    assert_eq!(story(&done.events, "0-1"), expected);
}

#[test]
fn a_blocked_prompt_ends_the_race_whoever_blocks_it() {
    let risky = "task: triage, rate: 2/s, arrivals: constant, risky: 100%";
    let done = race("2s", "100ms, filter: 1.0", "", risky);
    let told = [
        "first/a -> second/b (hedge)",
        "first/a #1 cancelled",
        "second/b #1 content_policy",
        "surfaced content_policy",
    ];
    assert_eq!(story(&done.events, "0-1"), told);
}

#[test]
fn of_two_streams_the_first_token_decides_and_only_the_winners_words_are_given() {
    let done = race("2s", "100ms", "", "task: chat, rate: 2/s, arrivals: constant, stream: 100%");
    for story in stories(&done.events) {
        assert_eq!(story, ["first/a -> second/b (hedge)", "first/a #1 cancelled", "second/b #1 ok", "answered right"]);
    }
    let slow = race("600ms", "200ms", "", "task: chat, rate: 2/s, arrivals: constant, stream: 100%");
    assert_eq!(story(&slow.events, "0-1")[2..], ["first/a #1 ok", "answered right"]);
}

#[test]
fn a_stream_that_breaks_after_it_won_does_not_go_back_to_the_loser() {
    let cut = inject("second", "{ cut: { after_tokens: 4 } }");
    let done = race("2s", "100ms", &cut, "task: chat, rate: 2/s, arrivals: constant, stream: 100%");
    let told = story(&done.events, "0-1");
    assert_eq!(told[..3], ["first/a -> second/b (hedge)", "first/a #1 cancelled", "second/b #1 interrupted"]);
    assert_eq!(told.last().map(String::as_str), Some("failed interrupted"));
}

#[test]
fn losing_a_race_is_no_sample_for_a_breaker() {
    let done = race("2s", "100ms", "", "task: triage, rate: 2/s, arrivals: constant");
    for event in &done.events {
        if let EventKind::AttemptEnded { target, class, breaker, .. } = &event.kind
            && &**target == "first/a"
        {
            assert_eq!((*class, breaker.calls), (Class::Cancelled, 0));
        }
        assert!(!matches!(event.kind, EventKind::BreakerChanged { to: BreakerState::Open, .. }));
    }
}

#[test]
fn hedges_are_held_to_the_retry_budget_of_the_target_they_go_to() {
    let hedges = |budget: &str| {
        let yaml = "
version: 1
name: budget
seed: 7
providers:
  first: { dialect: openai, models: { a: { ttft: 2s, tokens_per_second: 1000, context: 8k, quality: 1.0 } } }
  second: { dialect: anthropic, models: { b: { ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 } } }
router: { chains: { main: { targets: [first/a, second/b], hedge: { after: 500ms }, BUDGET } } }
load: [{ task: triage, rate: 20/s, arrivals: constant }]
phases: [{ name: all, for: 10s }]
slos: [answered >= 0%]
"
        .replace("BUDGET", budget);
        let done = drill(&yaml);
        let hedged =
            |kind: &EventKind| matches!(kind, EventKind::FellBack { reason, .. } if reason.as_str() == "hedge");
        done.events.iter().filter(|e| hedged(&e.kind)).count()
    };
    assert_eq!(hedges("budget: { per_request: 1, floor_per_second: 100 }"), 200);
    assert_eq!(hedges("budget: { per_request: 0.2, floor_per_second: 0 }"), 1, "who is not called earns nothing");
    let held = hedges("budget: { per_request: 0, floor_per_second: 2 }");
    assert!((18..=45).contains(&held), "{held} hedges at two a second, and what was saved up before");
}

#[test]
fn of_three_targets_only_one_races_the_first_and_the_third_is_kept_for_when_both_fail() {
    let done = drill(
        "
version: 1
name: three
seed: 7
providers:
  first: { dialect: openai, models: { a: { ttft: 2s, tokens_per_second: 1000, context: 8k, quality: 1.0 } } }
  second: { dialect: anthropic, models: { b: { ttft: 3s, tokens_per_second: 1000, context: 8k, quality: 1.0 } } }
  third: { dialect: gemini, models: { c: { ttft: 100ms, tokens_per_second: 1000, context: 8k, quality: 1.0 } } }
router:
  chains:
    main:
      targets: [first/a, second/b, third/c]
      retry: { max_attempts: 1 }
      timeouts: { headers: 1s }
      hedge: { after: 500ms }
load: [{ task: triage, rate: 1/s, arrivals: constant }]
phases: [{ name: all, for: 5s }]
slos: [answered >= 0%]
",
    );
    let told = [
        "first/a -> second/b (hedge)",
        "first/a #1 timeout",
        "second/b #1 timeout",
        "second/b -> third/c (timeout)",
        "third/c #1 ok",
        "answered right",
    ];
    assert_eq!(story(&done.events, "0-1"), told);
    assert!(audit(&done.events, &done.ledger).is_empty());
}

#[test]
fn a_client_that_hangs_up_ends_both_calls() {
    let done = race("5s", "5s", "", "task: triage, rate: 2/s, arrivals: constant, patience: 800ms");
    let told = ["first/a -> second/b (hedge)", "second/b #1 cancelled", "first/a #1 cancelled", "surfaced cancelled"];
    assert_eq!(story(&done.events, "0-1"), told);
    let hung_up: Vec<Name> = done.ledger.iter().map(|entry| Name::clone(&entry.provider)).collect();
    assert!(hung_up.len() >= 30, "both were called: {}", hung_up.len());
}

#[test]
fn races_repeat_to_the_byte() {
    let play = || lines(&race("lognormal(300ms p99 3s)", "lognormal(300ms p99 3s)", "", TRIAGE).events);
    assert_eq!(play(), play());
}
