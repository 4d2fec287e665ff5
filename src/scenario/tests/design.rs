//! The example of the design document, word for word.

use crate::load::{Arrivals, Segment};
use crate::router::config::{Chain, Retry, Route};
use crate::router::policy::gates::{Gate, Gates};
use crate::router::policy::route::When;
use crate::router::policy::{backoff, breaker, budget, quality};
use crate::scenario::{Loaded, load, plan::Phase};
use crate::tasks::Task;
use mock_providers::fault::{Effect, Fault, Injection, Pick, Shape, Whom};
use mock_providers::limits::{Capacity, Limit, Limits, Per, Policy, Quota, Quotas};
use mock_providers::{Dialect, Distribution};
use std::time::Duration;

const TEXT: &str = include_str!("design.yaml");

fn loaded() -> Loaded {
    load("design.yaml", TEXT.as_bytes()).unwrap_or_else(|invalid| panic!("{invalid}"))
}

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

#[test]
fn the_example_of_the_design_loads_without_a_warning() {
    let messages: Vec<String> = loaded().warnings.iter().map(|w| w.one_line("design.yaml")).collect();
    assert!(messages.is_empty(), "{messages:#?}");
}

#[test]
fn its_quota_and_capacity_reach_the_plan() {
    let plan = loaded().plan;
    let [openai, anthropic] = plan.providers.as_slice() else { panic!("two providers") };
    let per_minute = |amount| vec![Limit::try_new(amount, secs(60)).unwrap()];
    let quota = Quota { requests: per_minute(3000), tokens: per_minute(2_000_000) };
    let provider = Some(Policy { quota, per: Per::Provider, lies: None });
    let expected = Limits {
        quotas: Quotas { provider, ..Quotas::default() },
        capacity: Some(Capacity::new(64, 128)),
        ..Limits::default()
    };
    assert_eq!(openai.limits, expected);
    assert_eq!(anthropic.limits, Limits::default());
    let price = &openai.models[0].price;
    assert_eq!((price.input, price.cached, price.output), (2.5, 1.25, 10.0), "the catalogue adds the cached one");
}

#[test]
fn its_head_and_its_phases_are_taken_over() {
    let plan = loaded().plan;
    assert_eq!((&*plan.name, plan.seed), ("primary-outage", 42));
    assert_eq!(&*plan.source, TEXT);
    assert!(plan.summary.starts_with("OpenAI answers 503 for 40 s."));
    let phase = |name: &str, from, until| Phase { name: name.into(), from: secs(from), until: secs(until) };
    assert_eq!(plan.phases, [phase("steady", 0, 20), phase("outage", 20, 60), phase("recovery", 60, 120)]);
    assert_eq!(plan.end(), secs(120));
    assert_eq!(plan.slos.len(), 4);
}

#[test]
fn its_providers_serve_what_it_says_and_the_catalogue_the_rest() {
    let plan = loaded().plan;
    let [openai, anthropic] = plan.providers.as_slice() else { panic!("two providers") };
    assert_eq!((&*openai.name, &*openai.vendor, openai.region.as_deref()), ("openai", "openai", Some("us-east")));
    assert_eq!((openai.dialect, anthropic.dialect), (Dialect::OpenAi, Dialect::Anthropic));
    let model = &openai.models[0];
    assert_eq!(&*model.name, "gpt-4o");
    assert_eq!(model.ttft, Distribution::LogNormal { median: 350.0, p99: 1200.0 });
    assert_eq!((model.tokens_per_second, model.quality, model.context), (80.0, 0.93, 128_000));
    assert_eq!(model.schema_adherence, 0.999);
}

#[test]
fn its_router_shares_one_breaker_between_the_chains_of_a_target() {
    let config = loaded().plan.router;
    let names: Vec<&str> = config.targets.iter().map(|t| &*t.name).collect();
    assert_eq!(names, ["openai/gpt-4o", "anthropic/claude-sonnet-4"]);
    let expected = breaker::Params {
        window: secs(10),
        failure_rate: 0.5,
        min_calls: 10,
        open_for: secs(5),
        half_open_calls: 3,
        ..breaker::Params::default()
    };
    for target in &config.targets {
        assert_eq!(target.breaker, expected);
        assert_eq!((target.budget, target.quality), (budget::Params::default(), quality::Params::default()));
    }
    let premium = Chain {
        deadline: secs(12),
        retry: Retry {
            max_attempts: 2,
            backoff: backoff::Params {
                initial: Duration::from_millis(200),
                max: secs(5),
                jitter: backoff::Jitter::Full,
            },
            wait_up_to: secs(1),
            ..Retry::default()
        },
        gates: Gates::new(&[Gate::named("json_schema").expect("a gate")]),
        min_quality: None,
        degraded: Some(r#"{"label":"unknown"}"#.into()),
        ..Chain::new("premium", vec![0, 1])
    };
    let chat =
        Chain { name: "chat".into(), deadline: secs(20), gates: Gates::default(), degraded: None, ..premium.clone() };
    assert_eq!(config.chains, [premium, chat]);
    let route = |task: &str, chain| Route { when: When { task: Some(task.into()), ..When::ALWAYS }, chain };
    assert_eq!(config.routes, [route("triage", 0), route("chat", 1)]);
}

#[test]
fn its_load_and_its_fault_cover_the_times_they_name() {
    let plan = loaded().plan;
    let [triage, chat] = plan.load.as_slice() else { panic!("two streams") };
    assert_eq!((&*triage.tenant, &*triage.tier, triage.task), ("acme", "premium", Task::Triage));
    assert_eq!((triage.streamed, chat.streamed), (0.0, 1.0));
    assert_eq!((triage.arrivals, chat.task), (Arrivals::Poisson, Task::Chat));
    assert_eq!(triage.rate, [Segment { from: secs(0), until: secs(120), start_rate: 15.0, end_rate: 15.0 }]);
    let [planned] = plan.faults.as_slice() else { panic!("one fault") };
    assert_eq!((&*planned.label, planned.providers.as_slice()), ("503", &[0][..]));
    let expected = Fault {
        id: 0,
        from: secs(20),
        until: secs(60),
        whom: Whom::default(),
        pick: Pick::Request,
        shape: Shape::Step,
        effect: Effect::Mix(vec![(Injection::word("status_503").unwrap(), 1.0)]),
    };
    assert_eq!(planned.fault, expected);
}
