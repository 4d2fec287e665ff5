//! The bundled scenarios and what they promise.

use crate::drills::{drill, play};
use hopdrill::engine::World;
use hopdrill::scenario::{self, library};
use hopdrill::slo::Verdict;
use std::sync::Arc;

#[test]
fn every_bundled_scenario_holds_its_slos_under_its_seed() {
    for s in library::list() {
        let plan = Arc::new(scenario::load(s.name, s.text.as_bytes()).expect("valid").plan);
        let done = play(&plan, plan.seed, World::Virtual);
        for result in done.board.results() {
            assert_eq!(result.verdict, Verdict::Pass, "{}: {result:?}", s.name);
        }
    }
}

#[test]
fn the_example_of_the_design_runs_unchanged_and_holds_its_slos() {
    let done = drill(include_str!("../../src/scenario/tests/design.yaml"));
    for result in done.board.results() {
        assert_eq!(result.verdict, Verdict::Pass, "{result:?}");
    }
}

#[test]
fn every_scripted_fault_of_the_library_hits_somebody() {
    for s in library::list() {
        let plan = Arc::new(scenario::load(s.name, s.text.as_bytes()).expect("valid").plan);
        let done = play(&plan, plan.seed, World::Virtual);
        for planned in plan.faults.iter().filter(|f| matches!(f.fault.effect, mock_providers::fault::Effect::Mix(_))) {
            let hit = done.ledger.iter().any(|e| e.fault == Some(planned.fault.id));
            assert!(hit, "{}: {} hit nobody", s.name, planned.label);
        }
    }
}
