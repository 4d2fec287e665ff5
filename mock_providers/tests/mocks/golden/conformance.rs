//! `CONFORMANCE.md`: which dialect keeps which of its golden files.
//!
//! The table follows from the files and from the list of pending cases, and the golden test makes both true. Run with
//! `UPDATE_DOCS=1` to write it anew.

use super::case::{File, files};
use super::{PENDING, concerns, is_pending};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// A feature, and the stems of the files that show it.
type Feature = (&'static str, &'static [&'static str]);

/// The features, under the titles of their tables.
const FEATURES: [(&str, &[Feature]); 5] = [
    (
        "Answers",
        &[
            ("plain", &["success/plain"]),
            ("streamed", &["success/stream"]),
            ("usage in the stream, on demand", &["success/stream_usage"]),
            ("tools", &["success/tools"]),
            ("tools, streamed", &["success/tools.stream"]),
            ("structured output", &["success/schema", "success/schema.stream"]),
            ("embeddings", &["success/float", "success/base64"]),
            ("list of models", &["success/models"]),
        ],
    ),
    ("Headers", &[("rate limits, in the vendor's units", &["headers/limits"]), ("request ids", &["headers/ids"])]),
    (
        "Failures",
        &[
            ("auth", &["causes/auth"]),
            ("permission", &["causes/permission"]),
            ("model_gone", &["causes/model_gone"]),
            ("rate_limited", &["causes/rate_limited", "causes/rate_limited.no_hint"]),
            ("quota_exhausted", &["causes/quota_exhausted", "causes/quota_exhausted.billing"]),
            ("overloaded", &["causes/overloaded"]),
            ("context_length", &["causes/context_length"]),
            ("prompt_over_tpm", &["causes/prompt_over_tpm"]),
            ("body_too_large", &["causes/body_too_large"]),
            ("timeout", &["causes/timeout"]),
            ("server_error", &["causes/server_error"]),
            ("bad_request", &["causes/bad_request"]),
            ("edge, in HTML", &["causes/edge_html"]),
            ("edge, in JSON", &["causes/edge_json"]),
            ("error inside a stream", &["causes/stream_error"]),
        ],
    ),
    (
        "Filters and refusals",
        &[
            ("content_policy: the prompt", &["causes/content_policy", "causes/content_policy.stream"]),
            (
                "output_blocked: the answer",
                &[
                    "causes/output_blocked",
                    "causes/output_blocked.stream",
                    "causes/output_blocked.schema",
                    "causes/output_blocked.schema.stream",
                ],
            ),
        ],
    ),
    (
        "Ends of an answer",
        &[
            ("stop", &["stops/stop", "stops/stop.stream"]),
            ("length", &["stops/length", "stops/length.stream"]),
            ("window_full", &["stops/window_full", "stops/window_full.stream"]),
            ("tool_call", &["stops/tool_call", "stops/tool_call.stream"]),
            ("stop_string", &["stops/stop_string", "stops/stop_string.stream"]),
            ("filtered", &["stops/filtered", "stops/filtered.stream"]),
            ("bad_tool_output", &["stops/bad_tool_output", "stops/bad_tool_output.stream"]),
            ("paused", &["stops/paused", "stops/paused.stream"]),
        ],
    ),
];

const INTRODUCTION: &str = "\
# What the mocks conform to

Each row is a feature, each column a dialect with a folder in `tests/golden/`. A cell says whether the mock sends what
the golden files of that feature show:

- **yes**: byte for byte, in every way the files ask for it;
- **in part**: in some of these ways;
- not yet: in none;
- –: the vendor has no such thing, or nobody wrote down what it looks like.

This file is made from the golden files and the list of pending cases; do not edit it. After a change run
`UPDATE_DOCS=1 cargo test -p mock_providers conformance`.
";

/// Whether a file is kept in all ways it asks for, in none, or in some.
fn kept(files: &[&File]) -> &'static str {
    let pending: BTreeSet<bool> = files.iter().flat_map(|file| file.cases()).map(|case| is_pending(&case)).collect();
    match (pending.contains(&false), pending.contains(&true)) {
        (false, false) => "–",
        (true, false) => "**yes**",
        (true, true) => "**in part**",
        (false, true) => "not yet",
    }
}

fn document(files: &[File]) -> String {
    let dialects: BTreeSet<&str> = files.iter().map(|file| file.dialect.as_str()).collect();
    let mut text = INTRODUCTION.to_owned();
    for (title, features) in FEATURES {
        write!(text, "\n## {title}\n\n| |").unwrap();
        dialects.iter().for_each(|dialect| write!(text, " {dialect} |").unwrap());
        write!(text, "\n| --- |{}\n", " --- |".repeat(dialects.len())).unwrap();
        for (feature, stems) in features {
            write!(text, "| {feature} |").unwrap();
            for dialect in &dialects {
                let shows = |file: &&File| file.dialect == *dialect && stems.contains(&&*file.stem);
                write!(text, " {} |", kept(&files.iter().filter(shows).collect::<Vec<_>>())).unwrap();
            }
            text.push('\n');
        }
    }
    text.push_str("\n## What is missing, and why\n\n");
    if PENDING.is_empty() {
        text.push_str("Nothing.\n");
    }
    for (entry, reason) in PENDING {
        let count = files.iter().flat_map(File::cases).filter(|case| concerns(entry, case)).count();
        let cases = if count == 1 { "case" } else { "cases" };
        writeln!(text, "- `{entry}` ({count} {cases}): {reason}").unwrap();
    }
    text
}

#[test]
fn every_golden_file_shows_a_feature_of_the_conformance_table() {
    for file in files() {
        let stem = file.stem.as_str();
        let known = FEATURES.iter().flat_map(|(_, features)| *features).any(|(_, stems)| stems.contains(&stem));
        assert!(known, "no row of the table is for {}", file.name());
    }
}

#[test]
fn the_conformance_table_is_what_the_golden_files_and_the_pending_cases_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("CONFORMANCE.md");
    let document = document(&files());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document,
        "CONFORMANCE.md is out of date: UPDATE_DOCS=1 cargo test -p mock_providers conformance"
    );
}
