//! Quotas, capacities, keys and what else providers and their models are: the forms, and what each of them means.

use crate::scenario::plan::Provider;
use crate::scenario::{Loaded, load};
use mock_providers::limits::{
    ApiKey, Background, Capacity, Found, Lie, Limit, Limits, OnHangup, Per, Policy, Quota, Refill,
};
use mock_providers::model::{Capability, Price, Retirement};
use mock_providers::{Dialect, Model};
use std::time::Duration;

fn loaded(providers: &str) -> Loaded {
    let text = format!(
        "version: 1\nname: limits\nproviders:\n{providers}\nrouter: {{ chains: {{ main: {{ targets: [openai/gpt-4o] }} }} }}\n\
         load: [{{ task: chat, rate: 10/s }}]\nphases: [{{ name: a, for: 20s }}, {{ name: b, for: 40s }}, {{ name: c, for: 60s }}]\n"
    );
    load("limits.yaml", text.as_bytes()).unwrap_or_else(|invalid| panic!("{invalid}"))
}

/// The provider that these lines make.
fn provider(lines: &str) -> Provider {
    let loaded = loaded(&format!("  openai: {{ {lines} }}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    loaded.plan.providers.into_iter().next().unwrap()
}

fn named<'p>(provider: &'p Provider, name: &str) -> &'p Model {
    provider.models.iter().find(|model| *model.name == *name).unwrap()
}

fn model(lines: &str) -> Model {
    named(&provider(&format!("models: {{ gpt-4o: {{ {lines} }} }}")), "gpt-4o").clone()
}

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn limit(amount: u64, window: u64) -> Limit {
    Limit::try_new(amount, secs(window)).unwrap()
}

#[test]
fn everything_that_limits_a_provider_arrives() {
    let loaded = loaded(
        "  openai:
    quota: { requests: 3000/min, tokens: 2M/min, burst: 5s, per: key, lies: reset_zero }
    capacity: { concurrency: 64, queue: 128, queue_wait: 20s, background: 30%, contention: 2.5, on_hangup: finish }
    keys: { main: {}, spare: { quota: { requests: 60/min }, expires: 90s }, old: { secret: sk-old, revoked: 10s } }
    models:
      gpt-4o: { quota: { requests: [3000/min, 10000/day] }, capacity: { concurrency: 8 }, instruction_following: 0.98, filter: 0.9, prefill: false, capabilities: [tools, json_schema, vision], price: { input: 2.50, cached: 1.25, output: 10.00 }, retires: { announced: 30s, gone: 90s }, identity: gpt-4o }
",
    );
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let provider = &loaded.plan.providers[0];
    let Limits { keys, quotas, capacity, model_capacities } = &provider.limits;

    let quota = Quota { requests: vec![limit(3000, 60)], tokens: vec![limit(2_000_000, 60)] };
    assert_eq!(quotas.provider, Some(Policy { quota, per: Per::Key, lies: Some(Lie::ResetZero) }));
    let quota = Quota { requests: vec![limit(3000, 60), limit(10_000, 86_400)], tokens: Vec::new() };
    assert_eq!(quotas.models["gpt-4o"], Policy { quota, per: Per::Model, lies: None });
    assert_eq!(quotas.keys["spare"].quota.requests, [limit(60, 60)]);
    assert_eq!((quotas.models.len(), quotas.keys.len()), (1, 1));

    let expected = Capacity {
        queue_wait: Some(secs(20)),
        background: Background::always(0.3),
        contention: 2.5,
        on_hangup: OnHangup::Finish,
        ..Capacity::new(64, 128)
    };
    assert_eq!(capacity, &Some(expected));
    assert_eq!(model_capacities["gpt-4o"], Capacity::new(8, 0), "without a queue whoever finds no place is refused");

    let all: Vec<&ApiKey> = keys.iter().collect();
    let spare = ApiKey { expires: Some(secs(90)), ..ApiKey::new("spare", "sk-drill-spare") };
    let old = ApiKey { revoked: Some(secs(10)), ..ApiKey::new("old", "sk-old") };
    assert_eq!(all, [&ApiKey::new("main", "sk-drill-main"), &spare, &old], "a key is a tenant's unless said otherwise");
    assert_eq!(keys.find("sk-old", secs(9)), Found::Known("old"));

    let expected = Model {
        price: Price { input: 2.5, cached: 1.25, output: 10.0 },
        capabilities: Capability::ALL.into(),
        prefill: false,
        instruction_following: 0.98,
        filter: 0.9,
        retires: Some(Retirement { announced: Some(secs(30)), gone: secs(90) }),
        identity: "gpt-4o".into(),
        ..model("")
    };
    assert_eq!(provider.models, [expected]);
}

#[test]
fn a_provider_that_says_nothing_of_limits_has_none() {
    assert_eq!(provider("region: us").limits, Limits::default());
}

#[test]
fn a_quota_may_be_held_by_all_by_model_or_by_key_and_refill_bit_by_bit_or_at_once() {
    let policy =
        |lines: &str| provider(&format!("quota: {{ requests: 60/min, {lines} }}")).limits.quotas.provider.unwrap();
    assert_eq!(policy("per: provider").per, Per::Provider);
    assert_eq!(policy("per: model").per, Per::Model);
    assert_eq!(policy("per: key").per, Per::Key);
    let refill = |lines| policy(lines).quota.requests[0].refill();
    assert_eq!(refill("refill: continuous"), Refill::Continuous { burst: secs(5) });
    assert_eq!(refill("burst: 60s"), Refill::Continuous { burst: secs(60) });
    assert_eq!(refill("refill: window"), Refill::AtOnce);
    let both = policy("tokens: [9k/min, 1M/day], burst: 2s").quota.tokens;
    let bursts = [Refill::Continuous { burst: secs(2) }, Refill::Continuous { burst: secs(86_400) }];
    assert_eq!([both[0].refill(), both[1].refill()], bursts, "a daily allowance is not a rate");
    let of_key = provider("models: { gpt-4o: { quota: { tokens: 9k/min, per: key } } }").limits.quotas;
    assert_eq!(of_key.models["gpt-4o"].per, Per::Key);
}

#[test]
fn every_lie_has_its_word() {
    for lie in Lie::ALL {
        let limits = provider(&format!("quota: {{ requests: 60/min, lies: {lie} }}")).limits;
        assert_eq!(limits.quotas.provider.unwrap().lies, Some(lie));
    }
}

#[test]
fn other_customers_come_and_go_with_the_phases() {
    let background = |lines: &str| {
        let capacity = provider(&format!("capacity: {{ concurrency: 4, background: {lines} }}")).limits.capacity;
        capacity.unwrap().background
    };
    let shares = background("{ c: 80%, a: 25% }");
    assert_eq!([0, 19, 20, 59, 60, 119, 500].map(|s| shares.share(secs(s))), [0.25, 0.25, 0.0, 0.0, 0.8, 0.8, 0.8]);
    assert_eq!(background("0%"), Background::default());
}

#[test]
fn what_a_file_leaves_out_of_a_model_comes_from_the_catalogue() {
    let known = model("");
    assert_eq!(known.price, Price { input: 2.5, cached: 1.25, output: 10.0 });
    assert_eq!((known.capabilities.len(), known.prefill, known.retires), (3, false, None));
    assert_eq!((known.instruction_following, known.filter, &*known.identity), (1.0, 0.0, "gpt-4o"));
    let all = provider("region: us");
    assert!(!named(&all, "gpt-3.5-turbo").capabilities.contains(&Capability::JsonSchema));
    assert_eq!(*named(&all, "gpt-4o"), known, "whether it is named or comes with the others");

    let lab = "models: { gpt-4o: {}, lab: { ttft: 1s, tokens_per_second: 9, context: 8k, identity: org/lab } }";
    let unknown = named(&provider(lab), "lab").clone();
    assert_eq!((unknown.price, unknown.capabilities.len()), (Price::default(), 3));
    assert_eq!((unknown.quality, &*unknown.identity, unknown.prefill), (0.9, "org/lab", false));
    let served_elsewhere = provider("dialect: anthropic, models: { gpt-4o: {} }");
    assert_eq!(served_elsewhere.dialect, Dialect::Anthropic);
    assert!(named(&served_elsewhere, "gpt-4o").prefill, "as that API does it");
}

#[test]
fn a_price_may_be_given_in_part() {
    let price = |lines: &str| model(&format!("price: {{ {lines} }}")).price;
    assert_eq!(price("output: 8"), Price { input: 2.5, cached: 1.25, output: 8.0 });
    assert_eq!(price("input: 1"), Price { input: 1.0, cached: 1.0, output: 10.0 }, "cached is never dearer");
    assert_eq!(price("input: 1, cached: 0"), Price { input: 1.0, cached: 0.0, output: 10.0 });
    let lab = "models: { gpt-4o: {}, lab: { ttft: 1s, tokens_per_second: 9, context: 8k, price: { input: 3 } } }";
    assert_eq!(named(&provider(lab), "lab").price, Price { input: 3.0, cached: 3.0, output: 0.0 });
}

#[test]
fn what_would_happen_after_the_drill_is_pointed_out() {
    let text = "  openai: { keys: { main: { expires: 120s } }, models: { gpt-4o: { retires: { gone: 1h } } } }";
    let warnings: Vec<String> = loaded(text).warnings.iter().map(|w| w.one_line("f")).collect();
    let help = "(name an earlier instant, counted from the start of the drill, or leave it out)";
    let expected = [(4, 38), (4, 85)].map(|(line, column)| {
        format!("f:{line}:{column}: warning: the drill ends at 120s, before this happens {help}")
    });
    assert_eq!(warnings, expected);
}
