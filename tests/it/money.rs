//! What the router says that its calls cost, held against what the mocks charge for them.

use crate::drills::{drill, play};
use hopdrill::engine::{Finished, World};
use hopdrill::event::{Class, EventKind, Nanodollars, Usage};
use hopdrill::scenario::{self, library};
use mock_providers::ledger::Entry;
use rstest::rstest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A call that succeeded: what the router says of it, and the provider's own account.
struct Call {
    usage: Usage,
    cost: Nanodollars,
    entry: Entry,
}

fn successes(done: &Finished) -> Vec<Call> {
    let key = |target: &str, request: String, attempt| (target.to_owned(), request, attempt);
    let entry = |e: &Entry| (key(&format!("{}/{}", e.provider, e.model), e.request.clone(), e.attempt), e.clone());
    let ledger: BTreeMap<_, Entry> = done.ledger.iter().map(entry).collect();
    let call = |kind: &EventKind| match kind {
        EventKind::AttemptEnded { request, target, attempt, class: Class::Ok, usage, cost, .. } => {
            let entry = ledger[&key(target, request.to_string(), *attempt)].clone();
            Some(Call { usage: usage.expect("usage"), cost: *cost, entry })
        }
        _ => None,
    };
    done.events.iter().filter_map(|event| call(&event.kind)).collect()
}

fn nanodollars(dollars: f64) -> u64 {
    (dollars * 1e9).round() as u64
}

#[test]
fn what_an_answer_costs_is_what_the_provider_charges() {
    let drills = ["primary-outage", "stream-cut", "schema-break"];
    for bundled in library::list().filter(|bundled| drills.contains(&bundled.name)) {
        let plan = Arc::new(scenario::load(bundled.name, bundled.text.as_bytes()).expect("valid").plan);
        let calls = successes(&play(&plan, plan.seed, World::Virtual));
        for Call { usage, cost, entry } in calls.iter().filter(|call| !call.usage.estimated) {
            assert_eq!(cost.0, nanodollars(entry.cost), "{}: {usage:?} {entry:?}", bundled.name);
        }
        let told = calls.iter().filter(|call| !call.usage.estimated && call.cost.0 > 0).count();
        // Where a stream loses its end, it loses its usage.
        assert!(2 * told > calls.len(), "{}: {told} of {}", bundled.name, calls.len());
    }
}

fn scenario(dialect: &str, task: &str, inject: &str) -> String {
    format!(
        "
version: 1
name: money
summary: Calls that cost something.
seed: 7
providers:
  only:
    dialect: {dialect}
    models:
      m: {{ ttft: 100ms, tokens_per_second: 400, context: 128k, quality: 1.0, price: {{ input: 2.5, cached: 1.25, output: 10.0 }} }}
router:
  chains:
    all: {{ targets: [only/m], deadline: 20s, breaker: {{ min_calls: 1000 }} }}
load:
  - {{ tenant: acme, tier: gold, task: {task}, rate: 5/s, arrivals: constant, stream: 50% }}
phases:
  - {{ name: all, for: 4s }}
faults:
  - {{ on: only, during: all, {inject} }}
slos:
  - cost > $0
"
    )
}

#[rstest]
fn every_dialect_tells_its_usage_plain_and_streamed(
    #[values("openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "vllm", "ollama")] dialect: &str,
    #[values("chat", "tools")] task: &str,
) {
    let calls = successes(&drill(&scenario(dialect, task, "inject: { latency: { headers: 1ms } }")));
    assert_eq!(calls.len(), 20);
    for Call { usage, cost, entry } in calls {
        assert!(!usage.estimated && entry.cost > 0.0, "{entry:?}");
        assert_eq!(cost.0, nanodollars(entry.cost), "{usage:?} {entry:?}");
    }
}

#[rstest]
fn usage_that_is_not_told_is_estimated_and_said_to_be(
    #[values("openai", "anthropic", "gemini", "bedrock", "ollama")] dialect: &str,
    #[values("missing", "zero")] how: &str,
) {
    let calls = successes(&drill(&scenario(dialect, "chat", &format!("inject: {{ usage: {how} }}"))));
    assert_eq!(calls.len(), 20);
    for Call { usage, cost, entry } in calls {
        assert!(usage.estimated, "{usage:?}");
        let off = cost.0 as f64 / 1e9 / entry.cost;
        assert!((0.5..1.5).contains(&off), "{usage:?} {entry:?}");
    }
}

#[rstest]
#[case::refused("refused", false)]
#[case::error("{ status: 503 }", false)]
#[case::cut("{ cut: { after_tokens: 2 } }", true)]
fn a_failed_call_is_charged_for_what_came_of_a_200(#[case] inject: &str, #[case] charged: bool) {
    let done = drill(&scenario("openai", "chat", &format!("inject: {inject}")));
    let mut failed = 0;
    for event in &done.events {
        if let EventKind::AttemptEnded { status, tokens, usage, cost, .. } = &event.kind {
            failed += 1;
            let estimate = usage.filter(|usage| usage.estimated && usage.prompt > 0 && usage.answer == *tokens);
            assert_eq!((estimate.is_some(), cost.0 > 0), (charged, charged), "{status:?} {usage:?}");
        }
    }
    assert!(failed >= 20);
    let totals = &done.totals.overall;
    assert_eq!((totals.cost_usd > 0.0, totals.wasted_usd), (charged, totals.cost_usd));
}

#[rstest]
#[case::asked_of_two("hedged-tail", "hedge")]
#[case::too_slow("latency-spike", "no response head")]
fn what_is_given_up_is_billed_in_the_end_and_then_both_accounts_agree(#[case] name: &str, #[case] why: &str) {
    let bundled = library::list().find(|bundled| bundled.name == name).expect("bundled");
    let plan = Arc::new(scenario::load(bundled.name, bundled.text.as_bytes()).expect("valid").plan);
    let done = play(&plan, plan.seed, World::Virtual);
    let (mut told, mut billed) = (0, 0);
    for event in &done.events {
        match &event.kind {
            EventKind::AttemptEnded { cost, .. } => told += cost.0,
            EventKind::Billed { cost, .. } => billed += cost.0,
            _ => {}
        }
    }
    let charged: u64 = done.ledger.iter().map(|entry| nanodollars(entry.cost)).sum();
    assert!(billed > 0, "{why}");
    assert!(told < charged, "{why}: without the bills {told} of {charged}");
    let off = (told + billed) as f64 / charged as f64;
    assert!((0.999..1.001).contains(&off), "{why}: {} told and billed, {charged} charged", told + billed);
    let totals = done.totals.overall.cost_usd;
    assert!((totals - (told + billed) as f64 / 1e9).abs() < 1e-6, "the totals say {totals}");
}
