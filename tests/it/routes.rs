//! Which chain a request takes, in which order it is walked, and who may serve it at all.

use crate::drills::{drill, plan, play, stories};
use hopdrill::engine::{Finished, World};
use hopdrill::event::{Event, EventKind, Judged};
use hopdrill::router::ablate;
use hopdrill::scenario::{self, library};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A drill with two vendors; `router`, `load` and what follows are given.
fn with(router: &str, load: &str, rest: &str) -> Finished {
    drill(&format!(
        "version: 1\nname: routes\nproviders:\n  openai: {{ models: {{ gpt-4o: {{}}, gpt-4o-mini: {{}} }} }}\n  \
         anthropic: {{ models: {{ claude-sonnet-4: {{}} }} }}\nrouter: {router}\nload: {load}\n\
         phases: [{{ name: all, for: 60s }}]\n{rest}"
    ))
}

/// How many first calls of requests each target got.
fn first_calls(events: &[Event]) -> BTreeMap<String, u32> {
    let mut called = BTreeMap::new();
    let mut calls = BTreeMap::new();
    for event in events {
        if let EventKind::AttemptStarted { request, target, .. } = &event.kind
            && called.insert(*request, ()).is_none()
        {
            *calls.entry(target.to_string()).or_default() += 1;
        }
    }
    calls
}

#[test]
fn requests_take_the_chain_for_their_tags_and_their_size() {
    let router = "
  routes:
    - { when: { tags: [beta] }, chain: beta }
    - { when: { larger_than: 4k }, chain: long }
  chains:
    main: { targets: [openai/gpt-4o-mini] }
    beta: { targets: [anthropic/claude-sonnet-4] }
    long: { targets: [openai/gpt-4o], timeouts: { headers: 20s } }
";
    let load = "[{ task: chat, rate: 2/s, tags: [beta, new] }, { task: chat, rate: 2/s }, \
                { task: chat, rate: 2/s, prompt_tokens: 6k }]";
    let done = with(router, load, "");
    let expected = [(0, "anthropic/claude-sonnet-4"), (1, "openai/gpt-4o-mini"), (2, "openai/gpt-4o")];
    let mut seen = 0;
    for event in &done.events {
        if let EventKind::AttemptStarted { request, target, .. } = &event.kind {
            assert!(expected.contains(&(request.stream, &**target)), "{request} called {target}");
            seen += 1;
        }
    }
    assert!(seen >= 360, "{seen}");
}

#[test]
fn a_weighted_step_gives_each_target_its_share_and_the_rest_of_the_chain_nothing() {
    let router = "{ chains: { main: { targets: [{ pick: weighted, of: { openai/gpt-4o: 70%, anthropic/claude-sonnet-4: 30% } }, openai/gpt-4o-mini] } } }";
    let done = with(router, "[{ task: chat, rate: 30/s }]", "");
    let calls = first_calls(&done.events);
    assert_eq!(calls.values().sum::<u32>(), 1800);
    assert!((1190..1330).contains(&calls["openai/gpt-4o"]), "{calls:?}");
    assert!(!calls.contains_key("openai/gpt-4o-mini"), "{calls:?}");
}

#[test]
fn the_cheapest_target_comes_first_wherever_it_stands() {
    let router = "{ chains: { main: { targets: [openai/gpt-4o, anthropic/claude-sonnet-4, openai/gpt-4o-mini], pick: cheapest } } }";
    let faults = "faults: [{ on: openai/gpt-4o-mini, at: 30s, for: 30s, inject: { status: 503 } }]\n";
    let done = with(router, "[{ task: chat, rate: 5/s }]", faults);
    let order = ["openai/gpt-4o-mini", "openai/gpt-4o"];
    let calls = first_calls(&done.events);
    assert!(calls.keys().all(|target| order.contains(&target.as_str())), "{calls:?}");
    assert!(calls[order[0]] >= 150 && calls[order[1]] > 20, "the next cheapest once the breaker is open: {calls:?}");
}

#[test]
fn high_stakes_are_served_by_a_first_choice_or_not_at_all() {
    let router =
        "{ chains: { main: { targets: [openai/gpt-4o, anthropic/claude-sonnet-4], degraded: { template: sorry } } } }";
    let load = "[{ task: chat, rate: 2/s, stakes: high_stakes }, { task: chat, rate: 2/s }]";
    let down = |on: &str| format!("faults: [{{ on: {on}, inject: {{ status: 500 }} }}]\n");
    let done = with(router, load, &down("openai"));
    let tells = |done: &Finished, stream: &str, what: &str| {
        let mut told = done.events.iter().filter_map(|e| match &e.kind {
            EventKind::Ended { request, outcome, .. } => Some((request.to_string(), outcome.as_str())),
            _ => None,
        });
        told.all(|(request, outcome)| !request.starts_with(stream) || outcome == what)
    };
    assert!(tells(&done, "0-", "failed") && tells(&done, "1-", "answered"));
    let stories = stories(&done.events);
    let skip = "skip anthropic/claude-sonnet-4 (stakes)".to_owned();
    assert_eq!(stories.iter().filter(|story| story.contains(&skip)).count(), 120);
    let done = with(router, load, &down("[openai, anthropic]"));
    assert!(tells(&done, "0-", "failed") && tells(&done, "1-", "degraded"), "no template for them either");
}

#[test]
fn high_stakes_fall_back_to_who_is_proven_to_be_good_enough() {
    let played = |grader: &str, floor: &str| {
        drill(&format!(
            "version: 1\nname: proven\nproviders:\n  openai: {{ models: {{ gpt-4o: {{}} }} }}\n  anthropic: {{ models: {{ \
             claude-sonnet-4: {{ quality: 0.97 }} }} }}\nrouter:\n  {grader}\n  chains:\n    main: {{ targets: [openai/gpt-4o, \
             anthropic/claude-sonnet-4], {floor} }}\n    highvolume: {{ targets: [anthropic/claude-sonnet-4] }}\nload:\n  \
             - {{ task: chat, rate: 2/s, stakes: high_stakes }}\n  - {{ task: highvolume, rate: 20/s }}\n\
             phases: [{{ name: steady, for: 30s }}, {{ name: outage, for: 30s }}]\n\
             faults: [{{ on: openai, during: outage, inject: {{ status: 500 }} }}]\n"
        ))
    };
    let grader = "grader: { sample: 100%, delay: 1s, false_bad: 0%, false_good: 0% }";
    let outage = |done: &Finished| ends(done, 0, 30..60).into_iter().map(|end| end.0).collect::<BTreeSet<_>>();
    assert_eq!(outage(&played(grader, "min_quality: 80%")), BTreeSet::from(["answered"]));
    assert_eq!(outage(&played(grader, "require: { min_quality: 80% }")), BTreeSet::from(["answered"]));
    assert_eq!(
        outage(&played(grader, "min_quality: 99%")),
        BTreeSet::from(["failed"]),
        "nobody is proven to be that good"
    );
    assert_eq!(outage(&played("", "min_quality: 80%")), BTreeSet::from(["failed"]), "nobody has looked");
    assert_eq!(outage(&played(grader, "")), BTreeSet::from(["failed"]), "nobody said what is good enough");
}

#[test]
fn without_a_fallback_the_first_target_is_the_only_one() {
    let router = "{ chains: { main: { targets: [openai/gpt-4o, anthropic/claude-sonnet-4], fallback: none } } }";
    let done = with(router, "[{ task: chat, rate: 2/s }]", "faults: [{ on: openai, inject: { status: 500 } }]\n");
    let called = done
        .events
        .iter()
        .filter(|e| matches!(&e.kind, EventKind::AttemptStarted { target, .. } if &**target != "openai/gpt-4o"));
    assert_eq!(called.count(), 0);
    assert_eq!(done.snapshot.outcomes.values().sum::<u64>(), 120);
}

#[test]
fn three_tiers_cost_at_most_half_of_sending_everything_to_the_best() {
    let tiers = library::find("three-tiers").expect("bundled");
    let loaded = Arc::new(scenario::load("three-tiers", tiers.text.as_bytes()).expect("valid").plan);
    let cost = |done: &Finished| -> u64 {
        let paid = done.events.iter().filter_map(|e| match &e.kind {
            EventKind::AttemptEnded { cost, .. } => Some(cost.0),
            _ => None,
        });
        paid.sum()
    };
    let routed = cost(&play(&loaded, loaded.seed, World::Virtual));
    let routes = ablate::find("routes").expect("a part");
    let best = cost(&play(&Arc::new(loaded.without(&[routes])), loaded.seed, World::Virtual));
    assert!(routed > 0 && routed * 2 <= best, "{routed} against {best} nanodollars");
}

#[test]
fn a_request_that_nobody_may_serve_is_never_sent() {
    let yaml = "version: 1\nname: nowhere\nproviders: { openai: { region: us-east, models: { gpt-4o: {} } } }\n\
                router: { chains: { main: { targets: [openai/gpt-4o], degraded: { template: sorry } } } }\n\
                load: [{ task: chat, rate: 5/s, residency: eu }]\nphases: [{ name: all, for: 10s }]\n";
    let done = play(&plan(yaml), 1, World::Virtual);
    assert!(done.ledger.is_empty());
    let stories = stories(&done.events);
    assert_eq!(stories.len(), 50);
    let told = ["skip openai/gpt-4o (residency)", "failed bad_request"];
    assert!(stories.iter().all(|story| *story == told), "{:?}", stories[0]);
}

/// How the requests of a stream that arrive in some span of seconds end: outcome, and whether the answer is right.
fn ends(done: &Finished, stream: u16, span: std::ops::Range<u64>) -> Vec<(&'static str, Option<Judged>)> {
    let meant = |at: u64| span.start * 1_000_000 <= at && at < span.end * 1_000_000;
    let told = done.events.iter().filter_map(|e| match &e.kind {
        EventKind::Ended { request, intended, outcome, judged, .. }
            if request.stream == stream && meant(intended.0) =>
        {
            Some((outcome.as_str(), *judged))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn an_answer_is_given_again_to_who_asks_the_same_while_it_is_fresh() {
    let yaml = "
version: 1
name: again
providers: { openai: { models: { gpt-4o: { quality: 1.0, ttft: 200ms }, text-embedding-3-small: { ttft: 50ms, tokens_per_second: 100, context: 8k } } } }
router:
  chains:
    main: { targets: [openai/gpt-4o], degraded: { cache: { max_age: 20s } } }
    embedding: { targets: [openai/text-embedding-3-small], degraded: { cache: {} } }
load:
  - { tenant: acme, task: chat, rate: 10/s, stream: 50% }
  - { tenant: globex, task: chat, rate: 0/s, phases: { outage: { rate: 5/s } } }
  - { tenant: acme, task: tools, rate: 5/s, prompts: 5 }
  - { tenant: acme, task: embedding, rate: 5/s, prompts: 5 }
phases: [{ name: steady, for: 30s }, { name: outage, for: 30s }]
faults: [{ on: openai, during: outage, inject: refused }]
";
    let done = drill(yaml);
    for (stream, what) in [(0, "prose"), (2, "a tool call"), (3, "a vector")] {
        let cached = ends(&done, stream, 31..45);
        assert!(
            cached.len() >= 70 && cached.iter().all(|end| *end == ("cached", Some(Judged::Right))),
            "{what}: {cached:?}"
        );
    }
    assert!(ends(&done, 0, 52..60).iter().all(|end| *end == ("failed", None)), "what is too old is not given");
    assert!(ends(&done, 3, 52..60).iter().all(|end| end.0 == "cached"), "ten minutes are the default");
    let others = ends(&done, 1, 30..60);
    assert!(others.len() >= 150 && others.iter().all(|end| end.0 == "failed"), "nobody gets what another tenant got");
}
