//! The README is the front door: its commands work, and what it shows is there.

use std::path::Path;
use std::process::{Command, Stdio};

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("there")
}

/// The lines of every block fenced as `console`, that start with `$ `.
fn commands() -> Vec<String> {
    let text = readme();
    let blocks = text.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).filter_map(|l| l.strip_prefix("$ ")).map(str::to_owned).collect()
}

#[test]
fn the_first_two_commands_run_the_main_job_and_the_tests() {
    assert_eq!(commands()[..2], ["cargo run --release", "cargo test --workspace"]);
}

#[test]
fn every_hopdrill_command_in_the_readme_works() {
    let mine: Vec<String> = commands().into_iter().filter(|c| c.starts_with("hopdrill")).collect();
    assert!(mine.len() >= 5, "{mine:?}");
    let dir = tempfile::tempdir().expect("temp dir");
    std::os::unix::fs::symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), dir.path().join("scenarios"))
        .expect("a link");
    for line in mine {
        let line = line.split(" #").next().unwrap_or(&line).trim();
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        if words.contains(&"--real") {
            continue; // takes its real time; tests/it/worlds.rs has a short one
        }
        let output = Command::new(env!("CARGO_BIN_EXE_hopdrill"))
            .args(&words)
            .current_dir(&dir)
            .stdin(Stdio::null())
            .output()
            .expect("starts");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn every_bundled_scenario_is_in_the_readme() {
    let text = readme();
    for s in hopdrill::scenario::library::list() {
        assert!(text.contains(&format!("`{}`", s.name)), "{} is missing", s.name);
    }
}

#[test]
fn the_reference_of_scenarios_runs_as_it_stands_and_all_of_its_faults_hit_somebody() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SCENARIOS.md");
    let text = std::fs::read_to_string(page).expect("there");
    let scenario = text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let done = crate::drills::drill(scenario);
    assert_eq!(done.fired().len(), done.plan.faults.len(), "{:?}", done.fired());
}
