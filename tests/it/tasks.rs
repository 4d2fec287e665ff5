//! Every task, plain and streamed, over every dialect: what is asked for comes back and can be judged.

use crate::drills::{drill, stories};
use hopdrill::event::{EventKind, Judged, Outcome};
use hopdrill::oracle::audit;
use hopdrill::tasks::Task;
use rstest::rstest;
use std::collections::BTreeMap;

fn scenario(dialect: &str, task: Task, rest: &str) -> String {
    format!(
        "
version: 1
name: tasks
summary: A task, unharmed.
seed: 7
providers:
  only:
    dialect: {dialect}
    models:
      m: {{ ttft: 100ms, tokens_per_second: 400, context: 128k, quality: 0.8, price: {{ input: 1.0, output: 1.0 }} }}
router:
  chains:
    all: {{ targets: [only/m], deadline: 20s, gates: [json_schema] }}
load:
  - {{ tenant: acme, tier: gold, task: {task}, rate: 10/s, arrivals: constant{rest} }}
phases:
  - {{ name: all, for: 10s }}
slos:
  - answered >= 0%
",
        task = task.as_str()
    )
}

/// How often answers were judged how; every request must have been answered.
fn judged(yaml: &str) -> BTreeMap<Option<Judged>, u32> {
    let done = drill(yaml);
    let found = audit(&done.events, &done.ledger);
    assert!(found.is_empty(), "{}", found[0]);
    let mut judged = BTreeMap::new();
    for event in &done.events {
        if let EventKind::Ended { judged: how, outcome, class, .. } = &event.kind {
            assert_eq!(*outcome, Outcome::Answered, "{class:?}");
            *judged.entry(*how).or_default() += 1;
        }
    }
    judged
}

#[rstest]
fn what_is_asked_for_comes_back_and_is_right_as_often_as_the_model_is_good(
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
    #[values("", ", stream: 100%")] stream: &str,
    #[values(
        Task::Triage,
        Task::Extract,
        Task::Chat,
        Task::Reasoning,
        Task::Longform,
        Task::Multimodal,
        Task::Highvolume,
        Task::Tools,
        Task::Recommendation
    )]
    task: Task,
) {
    let judged = judged(&scenario(dialect, task, stream));
    let count = |how| judged.get(&Some(how)).copied().unwrap_or_default();
    assert_eq!(count(Judged::Right) + count(Judged::Wrong), 100, "{judged:?}");
    assert!((65..=92).contains(&count(Judged::Right)), "{judged:?}");
}

#[rstest]
fn a_vector_is_the_models_own_whoever_serves_it(#[values("openai", "azure", "mistral", "vllm")] dialect: &str) {
    let judged = judged(&scenario(dialect, Task::Embedding, ""));
    assert_eq!(judged, BTreeMap::from([(Some(Judged::Right), 100)]));
}

#[rstest]
fn an_api_without_embeddings_is_passed_over(#[values("anthropic", "gemini", "bedrock", "ollama")] dialect: &str) {
    let model = "m: { ttft: 100ms, tokens_per_second: 400, context: 128k }";
    let yaml = scenario(dialect, Task::Embedding, "")
        .replace("router:", &format!("  other: {{ dialect: openai, models: {{ {model} }} }}\nrouter:"))
        .replace("[only/m]", "[only/m, other/m]");
    let done = drill(&yaml);
    let expected = ["skip only/m (capability)", "only/m -> other/m (capability)", "other/m #1 ok", "answered right"];
    for story in stories(&done.events) {
        assert_eq!(story, expected);
    }
}

#[test]
fn risky_prompts_change_neither_the_answers_nor_who_is_lucky() {
    let plain = judged(&scenario("openai", Task::Chat, ""));
    assert_eq!(judged(&scenario("openai", Task::Chat, ", risky: 50%")), plain);
}

#[rstest]
fn a_longer_prompt_is_as_long_as_was_asked_and_answered_alike(
    #[values(Task::Triage, Task::Chat, Task::Reasoning, Task::Embedding)] task: Task,
) {
    let plain = judged(&scenario("openai", task, ""));
    let yaml = scenario("openai", task, ", prompt_tokens: 3k");
    assert_eq!(judged(&yaml), plain);
    let told: Vec<u32> = drill(&yaml).ledger.iter().map(|entry| entry.prompt_tokens).collect();
    assert!(told.iter().all(|tokens| (2850..=3050).contains(tokens)), "{told:?}");
}

#[rstest]
fn a_model_without_schemas_is_told_of_them_in_the_prompt_behind_a_gate(
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
    #[values("", ", stream: 100%")] stream: &str,
) {
    let yaml = scenario(dialect, Task::Triage, stream).replace("price:", "capabilities: [tools], price:");
    let judged = judged(&yaml);
    let count = |how| judged.get(&Some(how)).copied().unwrap_or_default();
    assert_eq!(count(Judged::Right) + count(Judged::Wrong), 100, "{judged:?}");
}
