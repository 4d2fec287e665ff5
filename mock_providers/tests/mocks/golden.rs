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
const PENDING: &[(&str, &str)] = &[
    ("azure/*", "there is no such dialect yet"),
    ("bedrock/*", "there is no such dialect yet"),
    ("mistral/*", "there is no such dialect yet"),
    ("ollama/*", "there is no such dialect yet"),
    ("vllm/*", "there is no such dialect yet"),
    ("openai_responses/*", "the OpenAI server has no such path yet"),
    ("openai_embeddings/*", "the OpenAI server has no such path yet"),
    ("*/success/tools*", "the mocks do not hear of tools yet"),
    ("*/stops/tool_call*", "the mocks do not hear of tools yet"),
    ("openai/causes/bad_request", "the code should be null, it is `invalid_value`"),
    ("openai/headers/ids", "`openai-processing-ms` is missing"),
    ("openai/headers/limits", "the limits of tokens are missing, only those of requests are sent"),
    ("anthropic/headers/ids", "`anthropic-workspace-id` is missing"),
    ("anthropic/headers/limits", "the limits of tokens are missing, only those of requests are sent"),
    ("gemini/headers/ids", "`server-timing` is missing"),
    ("gemini/causes/quota_exhausted", "in `quotaDimensions` the location stands before the model"),
    ("gemini/causes/rate_limited*", "in `quotaDimensions` the location stands before the model"),
    ("gemini/success/plain", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/success/schema", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/success/schema.stream", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/success/stream", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/stops/stop", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/stops/stop.stream", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/stops/length", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/stops/length.stream", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/causes/stream_error", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini_array/success/schema.stream", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini_array/success/stream", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini_array/stops/stop.stream", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini_array/stops/length.stream", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini_array/causes/stream_error", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini_array/causes/auth", "an error is not wrapped in an array"),
    ("gemini_array/causes/bad_request", "an error is not wrapped in an array"),
    ("gemini_array/causes/context_length", "an error is not wrapped in an array"),
    ("gemini_array/causes/model_gone", "an error is not wrapped in an array"),
    ("gemini_array/causes/overloaded", "an error is not wrapped in an array"),
    ("gemini_array/causes/permission", "an error is not wrapped in an array"),
    ("gemini_array/causes/quota_exhausted", "an error is not wrapped in an array"),
    ("gemini_array/causes/rate_limited*", "an error is not wrapped in an array"),
    ("gemini_array/causes/server_error", "an error is not wrapped in an array"),
    ("anthropic/stops/stop_string*", "`stop_sequence` is always null"),
    ("gemini/causes/prompt_over_tpm", "in `quotaDimensions` the location stands before the model"),
    ("gemini/stops/bad_tool_output*", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/stops/paused*", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/stops/stop_string*", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini/stops/window_full*", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini_array/causes/body_too_large", "an error is not wrapped in an array"),
    ("gemini_array/causes/prompt_over_tpm", "an error is not wrapped in an array"),
    ("gemini_array/causes/timeout", "an error is not wrapped in an array"),
    ("gemini_array/stops/bad_tool_output*", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini_array/stops/paused*", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini_array/stops/stop_string*", "a content has its parts before its role, a candidate no `safetyRatings`"),
    ("gemini_array/stops/window_full*", "a content has its parts before its role, a candidate no `safetyRatings`"),
];

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
