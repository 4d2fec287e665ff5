//! The virtual world repeats byte for byte. (Across processes and under load: `scripts/determinism`.)

use crate::drills::{lines, options, play};
use hopdrill::engine::{self, World};
use hopdrill::scenario::{self, library, plan::Plan};
use std::collections::BTreeSet;
use std::sync::Arc;

fn bundled() -> impl Iterator<Item = Arc<Plan>> {
    library::list().map(|s| Arc::new(scenario::load(s.name, s.text.as_bytes()).expect("valid").plan))
}

#[test]
fn every_bundled_scenario_gives_the_same_log_twice_also_beside_another_drill() {
    for plan in bundled() {
        let alone = lines(&play(&plan, 11, World::Virtual).events);
        let (left, right) = std::thread::scope(|scope| {
            let left = scope.spawn(|| lines(&play(&plan, 11, World::Virtual).events));
            let right = scope.spawn(|| lines(&play(&plan, 11, World::Virtual).events));
            (left.join().expect("runs"), right.join().expect("runs"))
        });
        assert!(alone == left && alone == right, "{} differs from run to run", plan.name);
    }
}

#[test]
fn the_pace_of_a_drill_does_not_change_it() {
    let plan = bundled().find(|p| &*p.name == "primary-outage").expect("bundled");
    let flat_out = lines(&play(&plan, 11, World::Virtual).events);
    let paced = engine::run(Arc::clone(&plan), engine::Options { speed: 100.0, ..options(11, World::Virtual) });
    assert!(flat_out == lines(&paced.expect("runs").events));
}

#[test]
fn two_hundred_seeds_are_two_hundred_different_drills() {
    let plan = crate::drills::plan(
        "
version: 1
name: short
summary: A short drill.
providers: { openai: { models: { gpt-4o: {} } } }
router: { chains: { chat: { targets: [openai/gpt-4o], deadline: 10s } } }
load: [{ tenant: acme, tier: gold, task: chat, rate: 5/s, arrivals: poisson }]
phases: [{ name: all, for: 4s }]
slos: [answered >= 0%]
",
    );
    let logs: BTreeSet<String> =
        (1..=200).map(|seed| lines(&play(&plan, seed, World::Virtual).events).concat()).collect();
    assert_eq!(logs.len(), 200);
}
