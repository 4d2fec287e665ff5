//! The program from the outside: exit codes, streams, pipes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn hopdrill() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hopdrill"));
    command.env_remove("NO_COLOR").current_dir(std::env::temp_dir()).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    hopdrill().args(args).output().expect("starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("not killed")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn repo(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}

fn must_fail() -> Vec<PathBuf> {
    let dir = std::fs::read_dir(repo("scenarios/must-fail")).expect("there");
    dir.map(|e| e.expect("readable").path()).filter(|p| p.extension().is_some_and(|e| e == "yaml")).collect()
}

#[test]
fn the_bundled_library_is_judged_from_any_directory_and_passes() {
    let output = run(&["check"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("primary-outage"));
}

#[test]
fn a_directory_is_judged_without_its_sub_folders() {
    assert_eq!(code(&run(&["check", &repo("scenarios")])), 0);
}

#[test]
fn scenarios_that_must_fail_exit_4_and_say_when_and_why() {
    let scenarios = must_fail();
    assert!(scenarios.len() >= 2);
    for scenario in scenarios {
        let output = run(&["check", &scenario.display().to_string()]);
        let said = text(&output.stdout);
        assert_eq!(code(&output), 4, "{said}");
        assert!(said.contains("FAIL"), "{said}");
    }
}

#[test]
fn a_broken_file_exits_3_with_every_problem_located() {
    let dir = tempfile::tempdir().expect("temp dir");
    let file = dir.path().join("broken.yaml");
    let whole = std::fs::read_to_string(repo("scenarios/primary-outage.yaml")).expect("readable");
    let broken = whole.replacen("during: outage", "during: outrage", 1).replacen("availability", "availabilty", 1);
    assert_ne!(whole, broken);
    std::fs::write(&file, broken).expect("writable");
    let output = run(&["check", &file.display().to_string()]);
    let said = text(&output.stderr);
    assert_eq!(code(&output), 3, "{said}");
    for part in ["broken.yaml:", "outrage", "outage", "availabilty", "availability", "help"] {
        assert!(said.contains(part), "{part} is missing from: {said}");
    }
}

#[test]
fn what_cannot_be_typed_exits_2_and_names_it() {
    for args in
        [&["check", "--sede", "3"][..], &["--frob"], &["run", "--speed", "never"], &["check", "--seeds", "9..1"]]
    {
        let output = run(args);
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn without_a_router_a_drill_passes_if_exactly_what_it_names_breaks() {
    let output = run(&["check", "primary-outage", "--control"]);
    let said = text(&output.stdout);
    assert_eq!(code(&output), 0, "{said}");
    assert!(said.contains("PASS primary-outage --control") && said.contains("broke as they must"), "{said}");

    let dir = tempfile::tempdir().expect("temp dir");
    let file = dir.path().join("wrong.yaml");
    let whole = std::fs::read_to_string(repo("scenarios/revoked-key.yaml")).expect("readable");
    let (head, _) = whole.split_once("breaks:").expect("it has some");
    std::fs::write(&file, format!("{head}breaks: [amplification < 1.2]\n")).expect("writable");
    let output = run(&["check", &file.display().to_string(), "--control", "--report", "json=/dev/stdout"]);
    let said = text(&output.stdout);
    assert_eq!(code(&output), 4, "{said}");
    for part in ["amplification < 1.2", "says that it fails", "does not name it", "--seed 42 --control", "must_break"] {
        assert!(said.contains(part), "{part} is missing from: {said}");
    }
    let unknown = run(&["check", "--without", "braker"]);
    assert_eq!(code(&unknown), 2);
    assert!(text(&unknown.stderr).contains("did you mean `breaker`?"), "{}", text(&unknown.stderr));
}

#[test]
fn baselines_are_played_on_the_same_drill_and_do_worse_than_its_own_router() {
    let output = run(&["baselines", &repo("scenarios/silent-provider.yaml")]);
    let said = text(&output.stdout);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let availability = |router: &str| -> f64 {
        let row = said.lines().find(|line| line.contains(&format!("| {router} "))).expect("a row");
        row.split('|').nth(3).and_then(|cell| cell.trim().strip_suffix('%')?.parse().ok()).expect("a share")
    };
    assert!(availability("naive") < availability("full") && availability("textbook") < availability("full"), "{said}");

    let played = run(&["check", "latency-spike", "--router", "textbook"]);
    assert_eq!(code(&played), 4);
    assert!(text(&played.stdout).contains("latency-spike --router textbook"), "{}", text(&played.stdout));

    let said = run(&["check", "silent-provider", "--router", "textbook"]);
    assert_eq!(code(&said), 0, "the scenario says what fails then");
    assert!(text(&said.stdout).contains("4 broke as they must"), "{}", text(&said.stdout));
}

#[test]
fn an_unknown_scenario_is_named_with_a_suggestion() {
    let output = run(&["check", "primary-outrage"]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("primary-outage"), "{}", text(&output.stderr));
}

#[test]
fn alone_and_without_a_terminal_it_plays_the_default_drill_headless() {
    let output = run(&[]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("primary-outage"));
    assert!(!text(&output.stdout).contains('\u{1b}'), "no escape codes in a pipe");
}

#[test]
fn a_pipe_that_closes_early_is_no_panic() {
    let mut child = hopdrill()
        .args(["check", "--seeds", "1..6", "steady"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut first = String::new();
    {
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        out.read_line(&mut first).expect("one line");
    }
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
    let status = child.wait().expect("ends");
    assert!(!said.contains("panicked"), "{said}");
    assert!(status.code().is_some(), "not killed by a signal");
}

#[cfg(target_os = "linux")]
#[test]
fn a_verdict_that_cannot_be_written_is_not_a_success() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("there");
    let child = hopdrill().args(["list"]).stdout(full).stderr(Stdio::piped()).spawn().expect("starts");
    let output = child.wait_with_output().expect("ends");
    assert_eq!(code(&output), 1);
    assert!(text(&output.stderr).contains("could not be written"));
}

#[test]
fn every_seed_of_a_range_is_a_drill_of_its_own() {
    let output = run(&["check", "--seeds", "1..3", "steady"]);
    assert_eq!(text(&output.stdout).matches("PASS").count(), 3, "{}", text(&output.stdout));
}

#[test]
fn a_recording_has_a_versioned_header_and_one_event_a_line() {
    let dir = tempfile::tempdir().expect("temp dir");
    let file = dir.path().join("log.jsonl");
    let output = run(&["check", "steady", "--record", &file.display().to_string()]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let recorded = std::fs::read_to_string(&file).expect("written");
    let mut lines = recorded.lines();
    let header: hopdrill::event::Header = serde_json::from_str(lines.next().expect("a header")).expect("a header");
    assert_eq!((header.format.as_str(), header.version), ("hopdrill-log", hopdrill::event::LOG_VERSION));
    for (seq, line) in lines.enumerate() {
        let event: hopdrill::event::Event = serde_json::from_str(line).expect("an event");
        assert_eq!(event.seq, seq as u64);
    }
}

#[test]
fn a_json_report_is_written_for_a_pass_and_for_a_failure() {
    let dir = tempfile::tempdir().expect("temp dir");
    let file = dir.path().join("report.json");
    let bad = must_fail().remove(0).display().to_string();
    let output = run(&["check", "steady", &bad, "--report", &format!("json={}", file.display())]);
    assert_eq!(code(&output), 4);
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).expect("written")).expect("JSON");
    assert!(report.to_string().contains("steady"));
}

#[test]
fn reports_of_one_drill_go_into_a_file_and_those_of_several_into_a_directory() {
    let dir = tempfile::tempdir().expect("temp dir");
    let at = |name: &str| dir.path().join(name);
    let option = |kind: &str, name: &str| format!("{kind}={}", at(name).display());
    let one = [option("prometheus", "steady.prom"), option("audit", "steady.jsonl")];
    assert_eq!(code(&run(&["check", "steady", "--report", &one[0], "--report", &one[1]])), 0);
    let metrics = std::fs::read_to_string(at("steady.prom")).expect("written");
    assert!(metrics.contains("\nhopdrill_request_total{outcome=\"answered\""), "{metrics}");
    assert!(at("steady.jsonl").is_file());
    assert_eq!(code(&run(&["check", "steady", "--seeds", "1..2", "--report", &option("prometheus", "all")])), 0);
    for name in ["steady-1.prom", "steady-2.prom"] {
        assert!(at("all").join(name).is_file(), "{name}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_and_not_a_silence() {
    for kind in ["json", "prometheus", "audit", "otlp"] {
        let output = run(&["check", "steady", "--report", &format!("{kind}=/nowhere/at/all")]);
        assert_eq!(code(&output), 1, "{kind}");
        assert!(text(&output.stderr).contains("/nowhere/at/all"), "{kind}");
    }
}

#[test]
fn list_show_validate_and_completions_do_what_they_say() {
    let listed = text(&run(&["list"]).stdout);
    assert!(listed.contains("primary-outage") && listed.contains("rate-limit-storm"), "{listed}");
    let shown = run(&["show", "steady"]);
    assert_eq!(shown.stdout, std::fs::read(repo("scenarios/steady.yaml")).expect("readable"));
    assert_eq!(code(&run(&["show", "stedy"])), 2);
    assert_eq!(code(&run(&["validate"])), 0);
    assert!(text(&run(&["completions", "bash"]).stdout).contains("hopdrill"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_check_with_what_is_known_so_far() {
    let child = hopdrill()
        .args(["check", "--real", "steady"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    #[expect(clippy::disallowed_methods, reason = "a person takes a while to press Ctrl-C")]
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(code(&output), 130, "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("steady"), "a partial result: {}", text(&output.stdout));
}
