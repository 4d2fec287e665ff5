//! Synthetic health checks: what they find, what they may do about it, and that they are nobody's requests.

use crate::drills::{drill, lines};
use hopdrill::engine::Finished;
use hopdrill::event::{BreakerState, CheckKind, Class, EventKind, Micros};
use hopdrill::oracle::audit;
use rstest::rstest;

/// Ten requests a second for a minute to a first target, with a second one standing by.
fn watched(chain: &str, router: &str, faults: &str) -> Finished {
    let done = drill(&format!(
        "
version: 1
name: watched
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: 200ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
  standby: {{ dialect: anthropic, models: {{ b: {{ ttft: 200ms, tokens_per_second: 1000, context: 8k, quality: 1.0 }} }} }}
router: {{ {router} chains: {{ main: {{ targets: [first/a, standby/b], {chain} }} }} }}
load: [{{ tenant: acme, task: triage, rate: 10/s, arrivals: constant }}]
phases: [{{ name: all, for: 60s }}]
faults: [{faults}]
slos: [answered >= 0%]
"
    ));
    let found = audit(&done.events, &done.ledger);
    assert!(found.is_empty(), "{}", found[0]);
    done
}

/// The checks of a target: when each was made, by which replica, and what came of it.
fn checks(done: &Finished, name: &str) -> Vec<(Micros, u16, Class)> {
    let of = |kind: &EventKind| match kind {
        EventKind::HealthChecked { target, replica, dispatched, class, .. } if &**target == name => {
            Some((*dispatched, *replica, *class))
        }
        _ => None,
    };
    done.events.iter().filter_map(|e| of(&e.kind)).collect()
}

/// When the breaker of a target came into a state, in milliseconds.
fn turned(done: &Finished, name: &str, state: BreakerState) -> Vec<u64> {
    let is = |kind: &EventKind| matches!(kind, EventKind::BreakerChanged { target, to, .. } if &**target == name && *to == state);
    done.events.iter().filter(|e| is(&e.kind)).map(|e| e.at.0 / 1000).collect()
}

fn calls(done: &Finished, name: &str) -> usize {
    let is = |kind: &EventKind| matches!(kind, EventKind::AttemptStarted { target, .. } if &**target == name);
    done.events.iter().filter(|e| is(&e.kind)).count()
}

const LIVE: &str = "breaker: { consecutive: 3, open_for: 20s, jitter_free }";

fn breaker() -> String {
    LIVE.replace("jitter_free", "jitter: 0%")
}

#[rstest]
#[case("completion", "standby")]
#[case("models", "{ provider: standby, endpoint: models }")]
fn a_standby_that_dies_while_idle_is_found_out_before_a_request_falls_there(#[case] kind: &str, #[case] on: &str) {
    let chain = format!("health_checks: {{ kind: {kind}, every: 5s }}");
    let done = watched(&chain, "", &format!("{{ on: {on}, at: 10s, inject: {{ status: 500 }} }}"));
    let opened = turned(&done, "standby/b", BreakerState::Open);
    assert!((20_000..=26_000).contains(&opened[0]), "three checks, five seconds apart: {opened:?}");
    assert_eq!(calls(&done, "standby/b"), 0, "checks are no attempts");
    assert!(calls(&done, "first/a") == 600 && done.ledger.len() > 620, "the mocks saw them all the same");
}

#[test]
fn healthy_checks_change_nothing_about_anybodys_request() {
    let without = watched("deadline: 9s", "", "");
    for kind in ["completion", "models"] {
        let with = watched(&format!("deadline: 9s, health_checks: {{ kind: {kind} }}"), "", "");
        let told: Vec<_> = checks(&with, "first/a").into_iter().chain(checks(&with, "standby/b")).collect();
        assert!(told.len() == 12 && told.iter().all(|(_, _, class)| *class == Class::Ok), "{told:?}");
        let others: Vec<_> =
            with.events.iter().filter(|e| !matches!(e.kind, EventKind::HealthChecked { .. })).collect();
        assert_eq!(others.len(), without.events.len());
        for (with, without) in others.iter().zip(&without.events) {
            assert_eq!((with.at, &with.kind), (without.at, &without.kind));
        }
    }
}

#[test]
fn a_healthy_list_of_models_never_ends_what_live_traffic_has_found() {
    let lie = "{ on: { provider: first, endpoint: chat }, at: 10s, for: 45s, inject: { status: 500 } }";
    let told = |checked: &str| {
        let done = watched(&format!("{}{checked}", breaker()), "", lie);
        (turned(&done, "first/a", BreakerState::Open), turned(&done, "first/a", BreakerState::HalfOpen), done)
    };
    let (opened, probed, done) = told(", health_checks: { kind: models, every: 3s, failures: 1 }");
    assert!(checks(&done, "first/a").iter().all(|(_, _, class)| *class == Class::Ok), "the list is served throughout");
    assert!(opened.len() >= 2, "{opened:?}");
    for (opened, probed) in opened.iter().zip(&probed) {
        assert!(probed >= &(opened + 20_000), "opened at {opened}, probed at {probed}");
    }
    let (same_opened, same_probed, _) = told("");
    assert_eq!((opened, probed), (same_opened, same_probed), "as if nobody had asked");
}

#[test]
fn a_failing_list_of_models_closes_nobody_off_whose_answers_arrive() {
    let chain = format!("{}, health_checks: {{ kind: models, every: 3s, failures: 2 }}", breaker());
    let done = watched(&chain, "", "{ on: { provider: first, endpoint: models }, inject: { status: 500 } }");
    assert!(checks(&done, "first/a").iter().all(|(_, _, class)| *class == Class::ServerError));
    assert_eq!(turned(&done, "first/a", BreakerState::Open), [0; 0]);
}

#[test]
fn completions_keep_an_open_breaker_from_probing_and_let_it_probe_once_one_succeeds() {
    let chain = "breaker: { consecutive: 3, open_for: 6s, open_max: 6s, jitter: 0% }";
    let outage = "{ on: first, at: 10s, for: 25s, inject: { status: 500 } }";
    let alone = watched(chain, "", outage);
    let checked =
        watched(&format!("{chain}, health_checks: {{ kind: completion, every: 4s, failures: 1 }}"), "", outage);
    let during =
        |done: &Finished| turned(done, "first/a", BreakerState::HalfOpen).iter().filter(|at| **at < 35_000).count();
    assert!(during(&alone) >= 3 && during(&checked) == 0, "{} and {}", during(&alone), during(&checked));
    let (_, _, first_well) = checks(&checked, "first/a").into_iter().find(|c| c.0.0 > 35_000_000).expect("a check");
    assert_eq!(first_well, Class::Ok);
    let probed = turned(&checked, "first/a", BreakerState::HalfOpen);
    assert!(probed.len() == 1 && probed[0] < 40_000, "within an interval and an answer: {probed:?}");
}

#[test]
fn each_replica_checks_for_itself_at_times_of_its_own() {
    let done = watched("health_checks: { kind: models, every: 5s }", "replicas: 4,", "");
    let told = checks(&done, "standby/b");
    for replica in 0..4 {
        let at: Vec<u64> = told.iter().filter(|(_, by, _)| *by == replica).map(|(at, _, _)| at.0).collect();
        assert!(at.len() == 12 && at.windows(2).all(|two| two[1] - two[0] == 5_000_000), "{replica}: {at:?}");
    }
    let firsts: std::collections::BTreeSet<u64> = told.iter().take(4).map(|(at, _, _)| at.0).collect();
    assert_eq!(firsts.len(), 4);
}

#[rstest]
#[case(CheckKind::Models)]
#[case(CheckKind::Completion)]
fn every_vendor_can_be_checked_and_says_which_key_it_does_not_know(#[case] kind: CheckKind) {
    let dialects = ["openai", "anthropic", "gemini", "azure", "bedrock", "mistral", "ollama", "vllm"];
    let model = "models: { a: { ttft: 200ms, tokens_per_second: 1000, context: 8k, quality: 1.0 } }";
    let provider = |d: &&str| {
        format!("  p-{d}: {{ dialect: {d}, {model} }}\n  k-{d}: {{ dialect: {d}, keys: {{ acme: {{}} }}, {model} }}\n")
    };
    let providers: String = dialects.iter().map(provider).collect();
    let targets: Vec<String> = dialects.iter().flat_map(|d| [format!("p-{d}/a"), format!("k-{d}/a")]).collect();
    let done = drill(&format!(
        "
version: 1
name: vendors
seed: 7
providers:
{providers}
router: {{ chains: {{ main: {{ targets: [{}], health_checks: {{ kind: {}, every: 5s }} }} }} }}
load: [{{ tenant: acme, task: triage, rate: 1/s, arrivals: constant }}]
phases: [{{ name: all, for: 20s }}]
slos: [answered >= 0%]
",
        targets.join(", "),
        kind.as_str()
    ));
    let found = audit(&done.events, &done.ledger);
    assert!(found.is_empty(), "{}", found[0]);
    for target in &targets {
        // Ollama asks nobody for a key, but one that is named for a provider has to be among those it knows.
        let expected = if target.starts_with("p-") { Class::Ok } else { Class::Auth };
        let told = checks(&done, target);
        assert!(told.len() == 4 && told.iter().all(|(_, _, class)| *class == expected), "{target}: {told:?}");
        assert_eq!(turned(&done, target, BreakerState::Open), [0; 0], "a key is nobody's illness");
    }
}

#[test]
fn two_drills_with_checks_write_the_same_log() {
    let play = || {
        watched(
            "health_checks: { kind: completion, every: 3s }",
            "replicas: 3,",
            "{ on: standby, at: 10s, inject: silence }",
        )
    };
    assert_eq!(lines(&play().events), lines(&play().events));
}
