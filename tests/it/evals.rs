//! Evals and swaps, from end to end: who is measured on what, what comes of it, and that nobody's figures change.

use crate::drills::{drill, lines, plan, play};
use hopdrill::engine::{self, Finished, World};
use hopdrill::event::{Event, EventKind, Judged, Marks, RequestId, SwapVerdict};
use hopdrill::oracle::audit;
use hopdrill::scenario::library;
use hopdrill::slo::Verdict;
use std::collections::{BTreeMap, BTreeSet};

fn bundled(name: &str) -> &'static str {
    library::find(name).expect("it is bundled").text
}

/// Who was measured, in the order in which it was told.
fn evaluated(done: &Finished) -> Vec<(String, Marks)> {
    let one = |event: &Event| match &event.kind {
        EventKind::Evaluated { target, marks, .. } => Some((target.to_string(), *marks)),
        _ => None,
    };
    done.events.iter().filter_map(one).collect()
}

/// What was decided, and when.
fn swaps(done: &Finished) -> Vec<(f64, SwapVerdict, [u32; 3])> {
    let one = |event: &Event| match &event.kind {
        EventKind::Swap { verdict, pairs, incumbent, candidate, .. } => {
            Some((event.at.as_secs_f64(), *verdict, [*pairs, *incumbent, *candidate]))
        }
        _ => None,
    };
    done.events.iter().filter_map(one).collect()
}

fn verdicts(done: &Finished) -> Vec<SwapVerdict> {
    swaps(done).into_iter().map(|(_, verdict, _)| verdict).collect()
}

/// The targets that load requests called first, by the instant of their arrival.
fn first_calls(done: &Finished) -> Vec<(f64, String)> {
    let mut arrived: BTreeMap<RequestId, f64> = BTreeMap::new();
    let mut called = Vec::new();
    for event in &done.events {
        match &event.kind {
            EventKind::Arrived { request, .. } if !request.is_eval() => {
                arrived.insert(*request, event.at.as_secs_f64());
            }
            EventKind::AttemptStarted { request, target, .. } => {
                called.extend(arrived.remove(request).map(|at| (at, target.to_string())));
            }
            _ => {}
        }
    }
    called
}

/// A request of the load and what became of it; of its luck the number in the log is no part.
fn of_the_load(done: &Finished) -> Vec<String> {
    let about = |kind: &EventKind| match kind {
        EventKind::Arrived { request, .. } | EventKind::AttemptStarted { request, .. } => Some(*request),
        EventKind::AttemptEnded { request, .. } | EventKind::Ended { request, .. } => Some(*request),
        _ => None,
    };
    let theirs = done.events.iter().filter(|event| about(&event.kind).is_some_and(|request| !request.is_eval()));
    lines(&theirs.cloned().map(|event| Event { seq: 0, ..event }).collect::<Vec<_>>())
}

const SWAP: &str = "
version: 1
name: swap
summary: One model is to take the place of another.
providers:
  openai: { models: { gpt-4o: { quality: 0.9 }, gpt-4.1: { NEW } } }
  anthropic: { models: { claude-sonnet-4: { quality: 0.95 } } }
router:
  swaps: [{ chain: main, from: openai/gpt-4o, to: openai/gpt-4.1, at: 5s, rate: 20/s MORE }]
  chains:
    main: { targets: [openai/gpt-4o, anthropic/claude-sonnet-4], gates: [json_schema, { length: { max: 200 } }], deadline: 9s }
load:
  - { tenant: acme, task: triage, rate: 10/s, arrivals: poisson }
phases:
  - { name: all, for: 40s }
slos:
  - availability >= 99%
";

fn swap(new: &str, more: &str) -> Finished {
    drill(&SWAP.replace("NEW", new).replace(" MORE", more))
}

#[test]
fn what_ships_serves_whoever_arrives_afterwards_and_what_is_refused_serves_nobody() {
    let done = drill(bundled("model-swap"));
    let decided = swaps(&done);
    assert_eq!(verdicts(&done), [SwapVerdict::Shipped, SwapVerdict::Regression, SwapVerdict::HarnessMismatch]);
    let shipped_at = decided[0].0;
    for (arrived, target) in first_calls(&done) {
        let expected = if arrived <= shipped_at { "openai/gpt-4o" } else { "openai/gpt-4.1" };
        assert_eq!(target, expected, "of the request that arrived at {arrived}");
    }
    let found = audit(&done.events, &done.ledger);
    assert!(found.is_empty(), "{}", found[0]);
    let feed: Vec<&str> =
        done.snapshot.feed.iter().map(|line| &*line.text).filter(|text| text.contains("swap")).collect();
    let [_, [_, best, old], _] = decided.iter().map(|(_, _, n)| *n).collect::<Vec<_>>()[..] else { panic!("three") };
    assert!(feed[0].starts_with("swap in labels: openai/gpt-4o → openai/gpt-4.1, "), "{feed:?}");
    let refused = "no swap in labels: openai/gpt-4.1 stays for openai/gpt-4.1-mini, regression";
    assert_eq!(feed[1], format!("{refused}, {old} right against {best} of 200"));
}

#[test]
fn the_numbers_of_a_decision_are_those_of_the_same_items_for_both() {
    let done = drill(bundled("model-swap"));
    let mut right: BTreeMap<(u16, u32), bool> = BTreeMap::new();
    let mut sent: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for event in &done.events {
        if let EventKind::Ended { request, judged, .. } = &event.kind
            && request.is_eval()
        {
            right.insert((request.stream, request.number), *judged == Some(Judged::Right));
        }
    }
    let seats: BTreeSet<u16> = right.keys().map(|(seat, _)| *seat).collect();
    assert_eq!(seats.len(), 6, "two for each swap");
    let count = |seat: &u16| right.iter().filter(|((s, _), right)| s == seat && **right).count() as u32;
    let counted: Vec<u32> = seats.iter().map(count).collect();
    let told: Vec<u32> =
        swaps(&done).iter().flat_map(|(_, _, [_, incumbent, candidate])| [*incumbent, *candidate]).collect();
    assert_eq!(counted, told);
    // An item is as long for everybody who is given it, in every exam, and not all items are.
    for entry in done.ledger.iter().filter(|entry| entry.request.starts_with("327")) {
        let request: RequestId = entry.request.parse().expect("a request id");
        assert!(request.is_eval());
        sent.entry(request.number).or_default().insert(entry.prompt_tokens);
    }
    assert_eq!(sent.len(), 200);
    assert!(sent.values().all(|lengths| lengths.len() == 1), "{sent:?}");
    assert!(sent.values().collect::<BTreeSet<_>>().len() > 3);
}

#[test]
fn answers_that_fail_in_their_form_are_told_apart_from_wrong_ones() {
    let fenced = swap("quality: 1.0, instruction_following: 0.7", "");
    let [(_, old), (_, new)] = &evaluated(&fenced)[..] else { panic!("two were measured") };
    assert_eq!((old.of_form(), old.errors, new.wrong, new.format, new.length), (0, 0, 0, 0, 0));
    assert!((30..55).contains(&new.parse), "two lapses of three, of 30 %: {new:?}");
    assert_eq!(verdicts(&fenced), [SwapVerdict::HarnessMismatch]);

    let off_schema = swap("quality: 1.0, schema_adherence: 0.5", "");
    let (_, new) = evaluated(&off_schema)[1];
    assert!(new.format > 20 && new.parse > 5 && new.wrong == 0, "{new:?}");
    assert_eq!(verdicts(&off_schema), [SwapVerdict::HarnessMismatch]);

    let yaml = SWAP.replace("NEW", "quality: 1.0").replace(" MORE", "").replace("gates: [json_schema,", "gates: [");
    let long = yaml.replace("{ max: 200 }", "{ max: 20 }");
    let (_, marks) = evaluated(&drill(&long))[1];
    assert_eq!((marks.length, marks.verdicts()), (200, 200), "no answer is as short as that");

    assert_eq!(verdicts(&swap("quality: 0.6", "")), [SwapVerdict::Regression]);
    assert_eq!(verdicts(&swap("quality: 0.6", ", margin: 60%")), [SwapVerdict::Shipped]);
}

#[test]
fn errors_make_a_swap_inconclusive_which_is_a_refusal_unless_there_may_be_as_many() {
    let failing = |more: &str| {
        let faults = "faults:\n  - { on: openai/gpt-4.1, share: 30%, inject: { status: 500 } }\nslos:";
        let breaker = "deadline: 9s, breaker: { min_calls: 1000 }";
        let yaml = SWAP.replace("slos:", faults).replace("deadline: 9s", breaker);
        drill(&yaml.replace("NEW", "quality: 1.0").replace(" MORE", more))
    };
    let refused = failing("");
    let (_, marks) = evaluated(&refused)[1];
    assert!((40..80).contains(&marks.errors) && marks.wrong == 0, "{marks:?}");
    assert_eq!(verdicts(&refused), [SwapVerdict::Inconclusive]);
    assert!(first_calls(&refused).iter().all(|(_, target)| target == "openai/gpt-4o"));
    let (_, verdict, [pairs, ..]) = swaps(&failing(", max_errors: 50%"))[0];
    assert_eq!((verdict, pairs), (SwapVerdict::Shipped, marks.verdicts()));
}

#[test]
fn a_swap_of_what_is_not_there_any_more_is_refused() {
    let twice = SWAP.replace("MORE", "}, { chain: main, from: openai/gpt-4o, to: openai/gpt-4.1, at: 25s, rate: 20/s");
    assert_eq!(verdicts(&drill(&twice.replace("NEW", "quality: 1.0"))), [SwapVerdict::Shipped, SwapVerdict::Absent]);
    let again = verdicts(&drill(&twice.replace("NEW", "quality: 0.5")));
    assert_eq!(again, [SwapVerdict::Regression, SwapVerdict::Regression]);
}

#[test]
fn the_same_seed_gives_the_same_log() {
    for name in ["model-swap", "weak-stand-in"] {
        let plan = plan(bundled(name));
        let (once, again) = (play(&plan, 7, World::Virtual), play(&plan, 7, World::Virtual));
        assert!(lines(&once.events) == lines(&again.events), "{name}");
    }
}

#[test]
fn being_measured_changes_nothing_for_the_load_and_none_of_its_figures() {
    let with = drill(&SWAP.replace("NEW", "quality: 0.5").replace(" MORE", ""));
    let line = SWAP.lines().find(|line| line.trim_start().starts_with("swaps:")).expect("a swap");
    let without = drill(&SWAP.replace(line, "").replace("NEW", "quality: 0.5"));
    assert!(with.events.len() > without.events.len() + 4 * 400);
    // What a breaker knows is the one thing that calls have in common.
    let blind = |lines: Vec<String>| -> Vec<String> {
        let strip = |line: &String| line.split("\"breaker\"").next().unwrap_or_default().to_owned();
        lines.iter().map(strip).collect()
    };
    assert_eq!(blind(of_the_load(&with)), blind(of_the_load(&without)));
    assert_eq!(with.totals, without.totals);
    assert_eq!((with.snapshot.arrived, with.snapshot.attempts), (without.snapshot.arrived, without.snapshot.attempts));
    assert_eq!(with.snapshot.latency, without.snapshot.latency);
    assert_eq!(with.snapshot.flows, without.snapshot.flows);
}

#[test]
fn assertions_see_items_only_if_they_name_their_tenant() {
    let slos = "slos:
  - availability >= 99.9%
  - errors == 0
  - amplification <= 1
  - 'availability{tenant=eval} >= 99%'
  - 'errors{tenant=eval} == 0'
  - 'quality{tenant=eval}{target=openai/gpt-4.1} >= 99%'
  - 'cost{tenant=eval} > $0.01'
  - 'cost{tenant=acme} > $0'
  - cost > $0
";
    let faults = "faults:\n  - { on: openai/gpt-4.1, share: 3%, inject: { status: 500 } }\n";
    let yaml = SWAP.replace("slos:\n  - availability >= 99%\n", &format!("{faults}{slos}"));
    let done =
        drill(&yaml.replace("NEW", "quality: 1.0, price: { input: 9, output: 9 }").replace(" MORE", ", margin: 0%"));
    let results = done.board.results();
    let verdict = |text: &str| results.iter().find(|r| &*r.text == text).expect("asserted").verdict;
    for fine in ["quality{tenant=eval}{target=openai/gpt-4.1} >= 99%", "cost{tenant=eval} > $0.01", "cost > $0"] {
        assert_eq!(verdict(fine), Verdict::Pass, "{fine}: {results:#?}");
    }
    for bad in ["availability{tenant=eval} >= 99%", "errors{tenant=eval} == 0"] {
        assert_eq!(verdict(bad), Verdict::Fail, "{bad}: {results:#?}");
    }
    let value = |text: &str| results.iter().find(|r| &*r.text == text).and_then(|r| r.value.clone());
    assert_eq!(value("cost > $0"), value("cost{tenant=acme} > $0"), "nothing but the load");
}

#[test]
fn high_stakes_fall_back_to_whom_evals_have_proven_and_the_weak_one_is_passed_over_from_the_start() {
    let done = drill(bundled("weak-stand-in"));
    let called_by = |stream: u16| -> BTreeSet<String> {
        let one = |event: &Event| match &event.kind {
            EventKind::AttemptStarted { request, target, .. } if request.stream == stream => Some(target.to_string()),
            _ => None,
        };
        done.events.iter().filter_map(one).collect()
    };
    let good: BTreeSet<String> = ["openai/gpt-4o", "anthropic/claude-sonnet-4"].map(String::from).into();
    assert_eq!((called_by(0), called_by(1)), (good.clone(), good));
    let measured = evaluated(&done);
    assert_eq!(measured.len(), 3);
    assert!(measured.iter().all(|(_, marks)| marks.verdicts() + marks.errors == 200));

    // Ten items prove nothing: high stakes fall back to nobody, the others to the next.
    let few = drill(&bundled("weak-stand-in").replace("items: 200", "items: 10"));
    let skips = |reason: &str| {
        let hit = |e: &&Event| matches!(&e.kind, EventKind::Skipped { reason: r, .. } if r.as_str() == reason);
        few.events.iter().filter(hit).count()
    };
    assert!(skips("stakes") > 100 && skips("quality") == 0);
}

#[test]
fn a_survey_finds_out_how_good_everybody_is_and_who_is_closest() {
    let plan = plan(bundled("weak-stand-in"));
    let surveys = engine::survey(&plan).expect("it plays");
    let [survey] = &surveys[..] else { panic!("one chain, one task") };
    assert_eq!((survey.chain, survey.task, survey.found.len()), (0, "triage", 3));
    let right: Vec<u32> = survey.found.iter().map(|(_, marks)| marks.right).collect();
    assert!(right[0] > 180 && right[1] < 170 && right[2] > 180, "{right:?}");
    assert_eq!(surveys, engine::survey(&plan).expect("it plays"));
}
