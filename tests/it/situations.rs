//! The sixteen situations that a fallback router is commonly measured by, as small drills of their own
//! (`scenarios/situations/`): each holds its assertions, breaks as it says without the parts of the router that decide it,
//! and does what the grammar of assertions has no words for.

use crate::breaks::breaks_as_it_says;
use crate::drills::{plan, play, stories};
use hopdrill::engine::{Finished, World};
use hopdrill::event::{Class, Event, EventKind, Judged, Micros, Name, Outcome, RequestId};
use hopdrill::oracle::audit;
use hopdrill::slo::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What one request may take at most: calls to one target, calls in all, seconds until it ends, whichever way.
const BOUNDS: [(&str, u32, u32, u64); 16] = [
    ("s01-asked-to-wait", 2, 2, 8),
    ("s02-throttled-for-good", 4, 6, 3),
    ("s03-one-error", 2, 2, 8),
    ("s04-down", 2, 3, 8),
    ("s05-reset", 2, 2, 8),
    ("s06-silence", 1, 2, 15),
    ("s07-late-first-token", 1, 2, 15),
    ("s08-cut", 1, 2, 8),
    ("s09-stall", 1, 2, 20),
    ("s10-broken-event", 1, 2, 8),
    ("s11-no-terminator", 1, 1, 8),
    ("s12-too-long", 1, 2, 8),
    ("s13-blocked", 1, 1, 8),
    ("s14-masked-error", 1, 2, 8),
    ("s15-back-again", 2, 3, 8),
    ("s16-who-answered", 2, 3, 8),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/situations")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name).with_extension("yaml")).expect("there")
}

fn situation(name: &str) -> Finished {
    let plan = plan(&text(name));
    play(&plan, plan.seed, World::Virtual)
}

#[test]
fn every_situation_ends_as_it_should() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("there")
        .map(|file| file.expect("readable").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(files, BOUNDS.iter().map(|row| row.0.to_owned()).collect::<BTreeSet<_>>());
    for (name, per_target, in_all, seconds) in BOUNDS {
        let done = situation(name);
        assert_eq!(&*done.plan.name, name);
        for result in done.board.results() {
            assert_eq!(result.verdict, Verdict::Pass, "{name}: {result:?}");
        }
        assert_eq!(audit(&done.events, &done.ledger), Vec::<String>::new(), "{name}");
        for event in &done.events {
            match &event.kind {
                EventKind::AttemptStarted { request, attempt, .. } => {
                    assert!(*attempt <= per_target, "{name}: {request} calls one target {attempt} times");
                }
                EventKind::Ended { request, attempts, latency, .. } => {
                    assert!(*attempts <= in_all, "{name}: {request} takes {attempts} calls");
                    assert!(latency.0 <= seconds * 1_000_000, "{name}: {request} takes {latency:?}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn every_situation_breaks_exactly_as_it_says_without_each_part_it_names() {
    for (name, ..) in BOUNDS {
        let plan = plan(&text(name));
        assert!(!plan.breaks.is_empty(), "{name} does not say");
        plan.breaks.iter().for_each(|breaks| breaks_as_it_says(&plan, breaks));
    }
}

/// Which of the stories begin like that, and where those end.
fn endings<'a>(stories: &'a [Vec<String>], beginning: &str) -> Vec<&'a [String]> {
    let such = stories.iter().filter(|story| story.first().is_some_and(|first| first == beginning));
    such.map(|story| &story[1..]).collect()
}

fn all_end(stories: &[Vec<String>], beginning: &str, ending: &[&str]) {
    let such = endings(stories, beginning);
    assert!(!such.is_empty(), "none begins with {beginning}: {stories:?}");
    assert!(such.iter().all(|found| *found == ending), "{such:?}");
}

fn attempts_of(events: &[Event]) -> BTreeMap<RequestId, Vec<(Micros, Name)>> {
    let mut calls: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in events {
        if let EventKind::AttemptStarted { request, target, .. } = &event.kind {
            calls.entry(*request).or_default().push((event.at, Name::clone(target)));
        }
    }
    calls
}

#[test]
fn s01_the_second_call_comes_after_the_pause_or_goes_elsewhere() {
    let done = situation("s01-asked-to-wait");
    let (mut waited, mut moved) = (0, 0);
    for calls in attempts_of(&done.events).values() {
        let [(first, refused), (second, to)] = &calls[..] else { continue };
        if to == refused {
            assert!(second.since(*first) >= Micros(1_800_000), "{calls:?}");
            waited += 1;
        } else {
            moved += 1;
        }
    }
    assert!(waited >= 3 && moved >= 3, "{waited} waited, {moved} moved");
}

#[test]
fn s02_who_has_nobody_else_gets_the_throttling_as_its_error() {
    let done = situation("s02-throttled-for-good");
    let alone: Vec<_> = stories(&done.events).into_iter().filter(|story| !story.concat().contains("->")).collect();
    assert_eq!(alone.len(), 30);
    assert!(alone.iter().all(|story| story.last().is_some_and(|end| end == "failed rate_limited")), "{alone:?}");
}

#[test]
fn s03_the_retry_is_at_the_same_provider() {
    let done = situation("s03-one-error");
    let rest = ["retry openai/gpt-4o", "openai/gpt-4o #2 ok", "answered right"];
    all_end(&stories(&done.events), "openai/gpt-4o #1 server_error", &rest);
}

#[test]
fn s08_every_stream_that_is_cut_becomes_the_whole_answer() {
    let done = situation("s08-cut");
    let rest = [
        "openai/gpt-4o -> anthropic/claude-sonnet-4 (interrupted)",
        "anthropic/claude-sonnet-4 #1 ok",
        "answered right",
    ];
    all_end(&stories(&done.events), "openai/gpt-4o #1 interrupted", &rest);
}

#[test]
fn s11_what_was_used_is_told_by_the_provider_and_not_estimated() {
    let done = situation("s11-no-terminator");
    let mut told = 0;
    for event in &done.events {
        if let EventKind::AttemptEnded { class, usage, .. } = &event.kind {
            assert_eq!(*class, Class::Ok);
            assert!(usage.is_some_and(|usage| !usage.estimated && usage.answer > 0), "{usage:?}");
            told += 1;
        }
    }
    assert_eq!(told, 40);
}

#[test]
fn s12_the_model_with_the_larger_window_answers_the_second_call() {
    let done = situation("s12-too-long");
    let moves = "openai/gpt-4o -> anthropic/claude-sonnet-4 (context_length)";
    for story in stories(&done.events) {
        let [first, moved, second, end] = &story[..] else { panic!("{story:?}") };
        assert_eq!((&**first, &**moved), ("openai/gpt-4o #1 context_length", moves));
        assert_eq!(second, "anthropic/claude-sonnet-4 #1 ok");
        assert!(end.starts_with("answered"), "{end}");
    }
}

#[test]
fn s13_what_was_blocked_ends_there_and_is_surfaced() {
    let done = situation("s13-blocked");
    all_end(&stories(&done.events), "openai/gpt-4o #1 content_policy", &["surfaced content_policy"]);
}

#[test]
fn s14_the_clients_error_is_that_of_the_broken_stream() {
    let done = situation("s14-masked-error");
    let rest = [
        "openai/gpt-4o -> anthropic/claude-sonnet-4 (interrupted)",
        "anthropic/claude-sonnet-4 #1 bad_request",
        "failed interrupted",
    ];
    all_end(&stories(&done.events), "openai/gpt-4o #1 interrupted", &rest);
}

#[test]
fn s15_at_most_one_request_in_ten_seconds_looks_whether_the_provider_is_back() {
    let done = situation("s15-back-again");
    let probes = done.events.iter().filter_map(|event| match &event.kind {
        EventKind::AttemptStarted { probe: true, .. } if event.at < Micros(60_000_000) => Some(event.at),
        _ => None,
    });
    let probes: Vec<Micros> = probes.collect();
    assert!(!probes.is_empty());
    assert!(probes.windows(2).all(|pair| pair[1].since(pair[0]) >= Micros(10_000_000)), "{probes:?}");
}

#[test]
fn s16_the_answer_is_told_as_the_fallbacks_and_what_failed_is_not_billed() {
    let done = situation("s16-who-answered");
    for event in &done.events {
        match &event.kind {
            EventKind::Ended { outcome, target, judged, .. } => {
                assert_eq!((*outcome, target.as_deref()), (Outcome::Answered, Some("anthropic/claude-sonnet-4")));
                assert_ne!(*judged, Some(Judged::Truncated));
            }
            EventKind::AttemptEnded { class: Class::Overloaded, usage, cost, .. } => {
                assert_eq!((*usage, cost.0), (None, 0));
            }
            _ => {}
        }
    }
}
