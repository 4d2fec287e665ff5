//! The scenarios that come with the program.

use crate::scenario::{Loaded, library, load};
use std::path::Path;

/// Drills with a chain whose members fail together, and are meant to.
const ALIKE: [&str; 4] = ["three-tiers", "classic-volume", "vendor-outage", "one-vendor"];

fn loaded(name: &str, text: &str) -> Loaded {
    let loaded = load(name, text.as_bytes()).unwrap_or_else(|invalid| panic!("{invalid}"));
    // Told also where it is the point: what a chain with triggers of its own leaves out, breakers that are as good as off,
    // and one vendor where the drill is about prices or just that.
    let meant = |message: &str| {
        let off = name == "retry-storm" || name.contains("must-fail");
        message == "not everything moves a request on here"
            || (off && message.contains(" is blind"))
            || (ALIKE.iter().any(|alike| name.contains(alike)) && message.contains("is not redundant"))
    };
    let unexpected = loaded.warnings.iter().filter(|w| !meant(&w.message));
    let warnings: Vec<String> = unexpected.map(|w| w.one_line(name)).collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
    loaded
}

fn requests(loaded: &Loaded) -> f64 {
    let segments = loaded.plan.load.iter().flat_map(|stream| &stream.rate);
    segments.map(|s| (s.until - s.from).as_secs_f64() * f64::midpoint(s.start_rate, s.end_rate)).sum()
}

#[test]
fn every_scenario_loads_without_a_warning_and_is_named_after_its_file() {
    for bundled in library::list() {
        let plan = loaded(bundled.name, bundled.text).plan;
        assert_eq!(&*plan.name, bundled.name);
        assert!(bundled.text.starts_with("# "), "{} says what it rehearses", bundled.name);
        assert!(plan.summary.len() < 120, "{}: a summary is one line", bundled.name);
        assert!((60..=180).contains(&plan.end().as_secs()), "{}", bundled.name);
        assert!((3..=7).contains(&plan.slos.len()), "{}", bundled.name);
    }
}

#[test]
fn the_whole_library_plans_at_least_a_hundred_thousand_requests() {
    let total: f64 = library::list().map(|b| requests(&loaded(b.name, b.text))).sum();
    assert!((100_000.0..400_000.0).contains(&total), "{total}");
}

#[test]
fn the_drills_that_must_fail_are_sound_scenarios_all_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/must-fail");
    let inputs = library::sources(&[folder.to_str().unwrap()]).unwrap();
    assert!(inputs.len() >= 2);
    for input in inputs {
        let text = input.read().unwrap();
        loaded(&input.name(), std::str::from_utf8(&text).unwrap());
    }
}

#[test]
fn the_default_drill_is_in_the_library() {
    assert!(library::find("primary-outage").is_some());
    assert!(library::find("no-fallback").is_none(), "what must fail is not for show");
}
