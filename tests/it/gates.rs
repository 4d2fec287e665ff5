//! Each gate against the fault that it is for, in a drill: without it the bad answer is served, with it it is not. And the
//! reference of the gates, which is written from their registry.

use crate::drills::{self, stories};
use hopdrill::event::EventKind;
use hopdrill::oracle::audit;
use hopdrill::router::policy::gates::{ALL, Arg, Kind, Param, Takes};
use rstest::rstest;
use std::collections::BTreeMap;
use std::fmt::Write as _;

fn scenario(task: &str, stream: &str, inject: &str, gates: &str) -> String {
    format!(
        "
version: 1
name: gate
summary: A bad answer at the first target.
seed: 7
providers:
  openai:
    models:
      a: {{ ttft: 100ms, tokens_per_second: 400, context: 128k, quality: 1.0, price: {{ input: 1.0, output: 1.0 }} }}
  anthropic:
    models:
      b: {{ ttft: 100ms, tokens_per_second: 400, context: 128k, quality: 1.0, price: {{ input: 1.0, output: 1.0 }} }}
router:
  chains:
    all:
      targets: [openai/a, anthropic/b]
      deadline: 20s
      retry: {{ max_attempts: 1 }}
      quality: {{ min_calls: 1000 }}
      gates: {gates}
load:
  - {{ tenant: acme, tier: gold, task: {task}, rate: 2/s, arrivals: constant, stream: {stream} }}
phases:
  - {{ name: all, for: 5s }}
faults:
  - {{ on: openai, during: all, inject: {inject} }}
slos:
  - answered >= 0%
"
    )
}

/// How requests went, and how many went so.
fn ways(yaml: &str) -> BTreeMap<String, usize> {
    let done = drills::drill(yaml);
    let found = audit(&done.events, &done.ledger);
    assert!(found.is_empty(), "{}", found[0]);
    let mut ways = BTreeMap::new();
    for story in stories(&done.events) {
        *ways.entry(story.join(", ")).or_default() += 1;
    }
    ways
}

const MOVED_ON: &str = "openai/a #1 malformed, openai/a -> anthropic/b (malformed), anthropic/b #1 ok, answered right";
const RESHAPED: &str = "openai/a #1 schema, openai/a -> anthropic/b (schema), anthropic/b #1 ok, answered right";
const SURFACED: &str = "openai/a #1 content_policy, surfaced content_policy";

#[rstest]
#[case::finish("finish", "chat", "truncated", MOVED_ON)]
#[case::model("model", "chat", "wrong_model", MOVED_ON)]
#[case::not_empty("not_empty", "chat", "empty", MOVED_ON)]
#[case::blanks("not_empty", "chat", "whitespace", MOVED_ON)]
#[case::refusal("refusal", "chat", "refusal_text", SURFACED)]
#[case::json_schema("json_schema", "triage", "schema_fenced", RESHAPED)]
#[case::a_made_up_tool("tool_calls", "tools", "wrong_tool", RESHAPED)]
#[case::bad_arguments("tool_calls", "tools", "bad_tool_arguments", RESHAPED)]
#[case::called_twice("tool_calls", "tools", "duplicate_tool_call", RESHAPED)]
#[case::bad_arguments_by_schema("json_schema", "tools", "bad_tool_arguments_wrong_type", RESHAPED)]
#[case::too_short("{ length: { min: 60 } }", "chat", "refusal_text", MOVED_ON)]
#[case::too_long("{ length: { max: 1000 } }", "chat", "{ repetition: 100 }", MOVED_ON)]
#[case::repetition("repetition", "chat", "repetition", MOVED_ON)]
#[case::german("language", "chat", "wrong_language", MOVED_ON)]
#[case::chinese("{ language: en }", "chat", "{ wrong_language: chinese }", MOVED_ON)]
fn a_gate_stops_the_fault_that_it_is_for_and_without_it_the_answer_is_served(
    #[case] gate: &str,
    #[case] task: &str,
    #[case] inject: &str,
    #[case] expected: &str,
    #[values("0%", "100%")] stream: &str,
) {
    let without = ways(&scenario(task, stream, inject, "none"));
    let served: usize =
        without.iter().filter(|(way, _)| way.starts_with("openai/a #1 ok, answered")).map(|w| w.1).sum();
    assert_eq!(served, 10, "{without:?}");
    let with = ways(&scenario(task, stream, inject, &format!("[{gate}]")));
    // Of half an answer some has reached the client of a stream: the next target goes on from there.
    assert_eq!(with, BTreeMap::from([(expected.to_owned(), 10)]));
}

#[test]
fn every_gate_lets_good_answers_pass_in_every_dialect() {
    let gates: Vec<&str> = ALL.iter().map(|kind| kind.example).filter(|example| !example.contains("length")).collect();
    for dialect in ["openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama"] {
        for stream in ["0%", "100%"] {
            for task in ["chat", "triage", "tools"] {
                let yaml = scenario(task, stream, "{ usage: zero }", &format!("[{}]", gates.join(", ")));
                let yaml = yaml.replace("  openai:\n", &format!("  openai:\n    dialect: {dialect}\n"));
                let expected = BTreeMap::from([("openai/a #1 ok, answered right".to_owned(), 10)]);
                assert_eq!(ways(&yaml), expected, "{dialect} {task}");
            }
        }
    }
}

#[test]
fn a_gate_that_judges_the_head_costs_no_first_token_and_one_that_needs_all_of_it_does() {
    let first = |gates: &str| {
        let done = drills::drill(&scenario("chat", "100%", "{ usage: zero }", gates));
        let all: Vec<(u64, u64)> = done
            .events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Ended { latency, ttft: Some(ttft), .. } => Some((ttft.0, latency.0)),
                _ => None,
            })
            .collect();
        assert_eq!(all.len(), 10);
        all
    };
    assert!(first("[model]").iter().all(|(ttft, latency)| ttft < latency));
    assert!(first("[repetition]").iter().all(|(ttft, latency)| ttft == latency));
}

const INTRO: &str = "\
# Gates

What an answer with HTTP 200 must pass before it is served. Written from the registry of the gates by
`UPDATE_DOCS=1 cargo test --test it gates`; do not edit.

```yaml
router:
  chains:
    main:
      targets: [openai/gpt-4o, anthropic/claude-sonnet-4]
      gates: [json_schema, refusal, { length: { min: 20 } }, { language: en }]
```

They judge in the order of this page, whatever order they are named in; the first that refuses decides. `finish` and
`not_empty` belong to every list, also to none given; only `gates: none` lets everything pass. What failed a gate is
`malformed`, a wrong shape `schema`, a refusal `content_policy`.
";

fn takes(param: &Param) -> String {
    match param.takes {
        Takes::Count(least, most) => format!("{least} to {most}"),
        Takes::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" "),
    }
}

fn section(out: &mut String, kind: &Kind) {
    let Kind { name, about, example, judges, .. } = kind;
    let stream = judges.as_str();
    writeln!(out, "\n## `{name}`\n\n{about}\n\nA stream is {stream}.\n\n```yaml\ngates: [{example}]\n```")
        .expect("a string takes all");
    if kind.takes.is_empty() {
        return;
    }
    writeln!(out, "\n| parameter | takes | default | |\n| --- | --- | --- | --- |").expect("a string takes all");
    for param in kind.takes {
        let default = match param.default {
            None => "–".to_owned(),
            Some(Arg::Count(count)) => format!("`{count}`"),
            Some(Arg::Word(word)) => format!("`{word}`"),
        };
        writeln!(out, "| `{}` | {} | {default} | {} |", param.name, takes(param), param.about)
            .expect("a string takes all");
    }
}

#[test]
fn the_reference_of_the_gates_is_the_registrys() {
    let mut wanted = INTRO.to_owned();
    for kind in ALL {
        section(&mut wanted, kind);
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/GATES.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &wanted).expect("a string takes all");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/GATES.md is not what the registry says: run UPDATE_DOCS=1 cargo test --test it gates"
    );
}
