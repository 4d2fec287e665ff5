//! What each part of the router is worth: the drills that say what fails without it.

use crate::drills::play;
use hopdrill::engine::World;
use hopdrill::router::ablate::{self, CONTROL, PARTS};
use hopdrill::scenario::plan::Breaks;
use hopdrill::scenario::{self, Plan, library};
use hopdrill::slo::Verdict;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

fn plans() -> impl Iterator<Item = Plan> {
    library::list().map(|s| scenario::load(s.name, s.text.as_bytes()).expect("valid").plan)
}

#[test]
fn every_drill_breaks_exactly_as_it_says_without_each_part_it_names() {
    std::thread::scope(|scope| {
        for plan in plans() {
            scope.spawn(move || plan.breaks.iter().for_each(|breaks| breaks_as_it_says(&plan, breaks)));
        }
    });
}

pub(crate) fn breaks_as_it_says(plan: &Plan, breaks: &Breaks) {
    let lesser = Arc::new(plan.routed(breaks.router));
    let results = play(&lesser, plan.seed, World::Virtual).board.results();
    let failed: BTreeSet<&str> = results.iter().filter(|r| r.verdict == Verdict::Fail).map(|r| &*r.text).collect();
    let named: BTreeSet<&str> = breaks.slos.iter().map(|slo| &**slo).collect();
    assert_eq!(failed, named, "{} under {:?}: {results:#?}", plan.name, breaks.router);
}

#[test]
fn every_drill_says_what_breaks_without_a_router_and_something_does_without_one_part_or_all() {
    let control = ablate::find(CONTROL).expect("a part");
    for plan in plans() {
        assert!(plan.must_break(None, &[control]).is_some(), "{} does not say", plan.name);
        assert!(plan.breaks.iter().any(|breaks| !breaks.slos.is_empty()), "{}: nothing breaks", plan.name);
    }
}

#[test]
fn the_reference_lists_every_part() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SCENARIOS.md")).expect("there");
    for part in PARTS {
        let row = format!("| `{}` | {} |", part.name, part.gone);
        assert!(page.contains(&row), "this row is missing: {row}");
    }
}
