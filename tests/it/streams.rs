//! Streams that break at any point and go on elsewhere: the two halves make exactly the known answer, or the client gets
//! the error that broke the first.

use crate::drills::{drill, stories};
use hopdrill::oracle::audit;
use rstest::rstest;
use std::fmt::Write as _;

/// Cut points, in tokens of the answer.
const CUTS: std::ops::Range<u32> = 1..41;

/// Streams that are each cut somewhere, and a second provider that goes on well or badly.
fn scenario(first: &str, second: &str, prefill: bool, continuation: Option<&str>) -> String {
    let mut faults = String::new();
    for cut in CUTS {
        let share = 100.0 / f64::from(CUTS.end - CUTS.start);
        let _ = writeln!(faults, "  - {{ on: first, share: {share}%, inject: {{ cut: {{ after_tokens: {cut} }} }} }}");
    }
    if let Some(how) = continuation {
        let _ = writeln!(faults, "  - {{ on: second, inject: {{ continuation: {how} }} }}");
    }
    format!(
        "
version: 1
name: seams
seed: 11
providers:
  first:
    dialect: {first}
    models:
      a: {{ ttft: 100ms, tokens_per_second: 200, context: 8k, quality: 1.0, price: {{ input: 1.0, output: 1.0 }} }}
  second:
    dialect: {second}
    models:
      b:
        {{ ttft: 100ms, tokens_per_second: 200, context: 8k, quality: 1.0, prefill: {prefill}, price: {{ input: 1.0, output: 1.0 }} }}
router:
  chains:
    both: {{ targets: [first/a, second/b], deadline: 12s, breaker: {{ min_calls: 1000000 }}, quality: {{ min_calls: 1000000 }} }}
load:
  - {{ task: chat, rate: 60/s, arrivals: constant, stream: 100% }}
phases:
  - {{ name: cuts, for: 4s }}
faults:
{faults}
slos:
  - truncated_served == 0
"
    )
}

const DIALECTS: [&str; 8] = ["openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama"];

#[rstest]
fn wherever_a_stream_is_cut_its_halves_make_the_whole_answer_or_a_clear_error(
    #[values(0, 1, 2, 3, 4, 5, 6, 7)] dialect: usize,
) {
    let bad = ["repeats_words", "restarts", "preamble", "changes_whitespace", "refuses"].map(|how| (true, Some(how)));
    let ways = [(true, None), (false, None)].into_iter().chain(bad);
    let mut cut = 0;
    for (i, (prefill, how)) in ways.enumerate() {
        let (first, second) = (DIALECTS[dialect], DIALECTS[(dialect + i) % DIALECTS.len()]);
        let done = drill(&scenario(first, second, prefill, how));
        cut += done.ledger.iter().filter(|e| e.injected == Some("cut")).count();
        let found = audit(&done.events, &done.ledger);
        assert!(found.is_empty(), "{}", found[0]);
        for story in stories(&done.events) {
            let end = story.last().map(String::as_str);
            let broke = story.iter().any(|line| line.contains("interrupted"));
            let refused = how == Some("refuses") && broke;
            assert!(
                end == Some("answered right") || (refused && end == Some("failed interrupted")),
                "{first} {second} {how:?} {story:?}"
            );
        }
    }
    assert!(cut >= 1250, "ten thousand cuts over all dialects, here {cut}");
}
