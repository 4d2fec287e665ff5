//! The mocks against golden files: what each vendor sends, written down from what is known of the vendors and never
//! from what a mock said.
//!
//! `tests/golden/README.md` explains the files. Each is found, asked for in every way it names, and compared; nobody
//! lists them. What the mocks do not do yet stands in [`PENDING`], which can only shrink: a case that passes must be
//! taken off, and every case is either run or pending.

mod ask;
mod case;
mod conformance;
mod frames;
mod pattern;
mod provoke;

use case::{Case, File};
use pattern::Sample;
use std::fmt::Write;

/// The cases that fail, or that cannot be provoked yet, and why. A `*` stands for anything; an entry without
/// parentheses means all ways to ask.
const PENDING: &[(&str, &str)] = &[];

/// Whether a case is pending.
fn is_pending(case: &Case<'_>) -> bool {
    PENDING.iter().any(|(entry, _)| concerns(entry, case))
}

fn concerns(entry: &str, case: &Case<'_>) -> bool {
    glob(entry, &case.id) || (!entry.contains('(') && glob(entry, &case.file.name()))
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text
            .strip_prefix(before)
            .is_some_and(|rest| (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| glob(after, rest)))),
    }
}

/// Runs a case; the error says what is wrong, `None` that it cannot be provoked.
async fn outcome(case: &Case<'_>) -> Option<Result<(), String>> {
    let seen = provoke::provoke(&case.file.dialect, case).await?;
    Some(case.file.compare(&seen))
}

#[tokio::test(start_paused = true)]
async fn every_golden_file_is_what_the_mock_says_or_is_pending_and_no_pending_case_passes() {
    let files = case::files();
    let (mut report, mut wrong) = (String::new(), Vec::new());
    for case in files.iter().flat_map(File::cases) {
        let line = match (outcome(&case).await, is_pending(&case)) {
            (Some(Ok(())), false) | (None, true) | (Some(Err(_)), true) => continue,
            (Some(Ok(())), true) => "passes now: take it off the list of pending cases".to_owned(),
            (None, false) => "cannot be provoked, and is not on the list of pending cases".to_owned(),
            (Some(Err(why)), false) => why,
        };
        writeln!(report, "{}: {line}", case.id).unwrap();
        wrong.push(case.id);
    }
    assert!(report.is_empty(), "{report}\n{} cases: {wrong:#?}", wrong.len());
}

/// What must be JSON in a body, by what the body is.
fn jsons<'b>(content_type: &str, body: &'b str) -> Vec<&'b str> {
    let lines = body.lines();
    match content_type.split(';').next() {
        Some("application/json") => vec![body],
        Some("application/x-ndjson") => lines.collect(),
        Some("text/event-stream") => {
            lines.filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]").collect()
        }
        Some("application/vnd.amazon.eventstream") => {
            lines.map(|line| line.split_once("] ").map_or(line, |(_, payload)| payload)).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn every_golden_file_admits_a_response_and_all_it_admits_is_well_formed() {
    for file in case::files() {
        for sample in [Sample::Short, Sample::Long] {
            let name = file.name();
            let (seen, body) = file.sample(sample).unwrap_or_else(|why| panic!("{name}: {why}"));
            let compared = file.compare_text(&seen, &body);
            compared.unwrap_or_else(|why| panic!("{name} does not admit its own {sample:?} sample: {why}"));
            let content_type = seen.headers.iter().find(|(name, _)| name == "content-type");
            for json in content_type.map(|(_, value)| jsons(value, &body)).unwrap_or_default() {
                let parsed = serde_json::from_str::<serde_json::Value>(json);
                parsed.unwrap_or_else(|why| panic!("{name}, {sample:?}: {why} in {json}"));
            }
        }
    }
}

#[test]
fn every_pending_entry_concerns_a_case_and_has_its_reason() {
    let files = case::files();
    let cases: Vec<Case<'_>> = files.iter().flat_map(File::cases).collect();
    for (entry, reason) in PENDING {
        assert!(cases.iter().any(|case| concerns(entry, case)), "no case is called {entry}");
        assert!(!reason.is_empty(), "{entry} is pending without a reason");
    }
}

#[test]
fn an_entry_means_all_ways_to_ask_unless_it_names_one() {
    let table = [
        ("a/*", "a/b/c", true),
        ("*/c", "a/b/c", true),
        ("a/*/d", "a/b/c", false),
        ("a*b*c", "a1b2b3c", true),
        ("a", "ab", false),
    ];
    for (pattern, text, wanted) in table {
        assert_eq!(glob(pattern, text), wanted, "{pattern} {text}");
    }
}
