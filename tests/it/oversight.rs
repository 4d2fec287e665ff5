//! How the quality of answers is watched: the grader.

use crate::drills::{drill, plan, play};
use hopdrill::engine::{Finished, World};
use hopdrill::event::{EventKind, Judged, RequestId};
use hopdrill::oracle::audit;
use hopdrill::scenario::library;
use std::collections::BTreeMap;

fn quality_drift() -> &'static str {
    library::find("quality-drift").expect("it is bundled").text
}

/// Verdicts by request, in the order in which they came.
fn verdicts(done: &Finished) -> Vec<(RequestId, bool)> {
    let graded = |kind: &EventKind| match kind {
        EventKind::Graded { request, good, .. } => Some((*request, *good)),
        _ => None,
    };
    done.events.iter().filter_map(|event| graded(&event.kind)).collect()
}

fn judged(done: &Finished) -> BTreeMap<RequestId, Judged> {
    let ended = |kind: &EventKind| match kind {
        EventKind::Ended { request, judged: Some(judged), .. } => Some((*request, *judged)),
        _ => None,
    };
    done.events.iter().filter_map(|event| ended(&event.kind)).collect()
}

fn right_during(done: &Finished, from: f64, until: f64) -> f64 {
    let all: Vec<bool> = done
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Ended { intended, judged: Some(judged), .. } => {
                (from..until).contains(&intended.as_secs_f64()).then_some(*judged == Judged::Right)
            }
            _ => None,
        })
        .collect();
    all.iter().filter(|right| **right).count() as f64 / all.len() as f64
}

#[test]
fn without_a_grader_nobody_notices_that_answers_turn_wrong() {
    let with = drill(quality_drift());
    let line = quality_drift().lines().find(|line| line.trim_start().starts_with("grader: {")).expect("a grader");
    let without = drill(&quality_drift().replace(line, ""));
    assert!(right_during(&without, 20.0, 80.0) < 0.5);
    assert!(right_during(&with, 20.0, 80.0) > 0.8);
    assert!(without.events.iter().all(|event| !matches!(event.kind, EventKind::Demoted { .. })));
    let found = audit(&with.events, &with.ledger);
    assert!(found.is_empty(), "{}", found[0]);
}

#[test]
fn a_grader_looks_at_its_share_and_errs_as_often_as_it_says() {
    let exact = quality_drift().replace("false_bad: 2%, false_good: 5%", "false_bad: 0%, false_good: 0%");
    let exact = drill(&exact);
    let truth = judged(&exact);
    let said = verdicts(&exact);
    let share = said.len() as f64 / truth.len() as f64;
    assert!((0.47..0.53).contains(&share), "{share}");
    assert!(said.iter().all(|(request, good)| (truth[request] == Judged::Right) == *good));

    let noisy = drill(&quality_drift().replace("false_bad: 2%, false_good: 5%", "false_bad: 30%, false_good: 10%"));
    let (truth, said) = (judged(&noisy), verdicts(&noisy));
    let wrongly = |right: bool| {
        let of: Vec<bool> =
            said.iter().filter(|(r, _)| (truth[r] == Judged::Right) == right).map(|(_, good)| *good != right).collect();
        of.iter().filter(|wrong| **wrong).count() as f64 / of.len() as f64
    };
    assert!((0.26..0.34).contains(&wrongly(true)), "{}", wrongly(true));
    assert!((0.04..0.18).contains(&wrongly(false)), "{}", wrongly(false));
}

#[test]
fn a_verdict_comes_when_it_is_due_and_never_after_the_end() {
    let done = drill(quality_drift());
    let mut ended = BTreeMap::new();
    for event in &done.events {
        match &event.kind {
            EventKind::Ended { request, .. } => {
                ended.insert(*request, event.at.0);
            }
            EventKind::Graded { request, .. } => assert_eq!(event.at.0, ended[request] + 2_000_000),
            _ => {}
        }
    }
    assert!(matches!(done.events.last().expect("some").kind, EventKind::DrillEnded { .. }));
}

#[test]
fn a_target_proven_to_be_below_the_floor_is_passed_over_and_the_same_seed_gives_the_same_log() {
    let yaml = quality_drift().replace("deadline: 12s", "deadline: 12s\n      min_quality: 80%");
    let plan = plan(&yaml.replace("failure_rate: 30%", "failure_rate: 100%"));
    let done = play(&plan, plan.seed, World::Virtual);
    let skipped = |event: &&hopdrill::event::Event| match &event.kind {
        EventKind::Skipped { target, reason, .. } => &**target == "openai/gpt-4o" && reason.as_str() == "quality",
        _ => false,
    };
    assert!(done.events.iter().filter(skipped).count() > 300);
    assert!(right_during(&done, 40.0, 80.0) > 0.85);
    let again = play(&plan, plan.seed, World::Virtual);
    assert!(done.events == again.events);
}
