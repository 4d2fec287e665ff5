//! Where requests may go and where they are sent: what scenarios say of it, and what is wrong with that.

use crate::router::config::{Chain, Config};
use crate::router::policy::order::{Pick, Step};
use crate::router::policy::route::When;
use crate::scenario::{Invalid, Loaded, load};

const HEAD: &str = "version: 1\nname: routes\nphases: [{ name: all, for: 60s }]\n";
const PROVIDERS: &str = "providers:
  azure: { region: eu-west, approved_for: [pii], models: { gpt-4o: {}, gpt-4o-mini: { approved_for: [] } } }
  openai: { region: us-east, models: { gpt-4o: {}, gpt-4.1: { approved_for: [pii, health] } } }
";
const ROUTER: &str = "router: { chains: { main: { targets: [azure/gpt-4o, azure/gpt-4o-mini, openai/gpt-4o, \
                      openai/gpt-4.1] } } }\n";

fn read(parts: &[&str]) -> Result<Loaded, Invalid> {
    load("routes.yaml", format!("{HEAD}{}", parts.concat()).as_bytes())
}

fn config(parts: &[&str]) -> Config {
    read(parts).unwrap_or_else(|invalid| panic!("{invalid}")).plan.router
}

fn warnings(parts: &[&str]) -> Vec<String> {
    let loaded = read(parts).unwrap_or_else(|invalid| panic!("{invalid}"));
    loaded.warnings.iter().map(|w| w.one_line("w")).collect()
}

#[test]
fn a_target_is_approved_as_its_model_says_and_else_as_its_provider_does() {
    let config = config(&[PROVIDERS, ROUTER, "load: [{ task: chat, rate: 1/s }]\n"]);
    let approved: Vec<Vec<&str>> =
        config.targets.iter().map(|t| t.approved_for.iter().map(|class| &**class).collect()).collect();
    assert_eq!(approved, [vec!["pii"], vec![], vec![], vec!["health", "pii"]]);
    let twice = read(&["providers: { openai: { approved_for: [pii, pii] } }\n", "load: []\n"]).expect_err("twice");
    assert!(twice.to_string().contains("`pii` is there twice"), "{twice}");
}

#[test]
fn a_stream_that_no_target_of_its_chain_may_serve_is_pointed_out() {
    let told = |traits: &str| {
        let load = format!("load: [{{ task: chat, rate: 1/s, {traits} }}]\n");
        warnings(&[PROVIDERS, ROUTER, &load])
    };
    for fine in ["residency: eu-west", "data_class: health", "residency: [uk, us-east], data_class: pii"] {
        assert_eq!(told(fine), [""; 0], "{fine}");
    }
    for (traits, message) in [
        ("residency: eu", "8:44: warning: no target of the chain `main` is in `eu`"),
        ("data_class: cards", "8:45: warning: no target of the chain `main` is approved for `cards`"),
        (
            "residency: eu-west, data_class: health",
            "8:44: warning: no target of the chain `main` is in `eu-west` and approved for `health`",
        ),
    ] {
        let told = told(traits);
        assert!(told.len() == 1 && told[0].starts_with(&format!("w:{message}")), "{told:#?}");
    }
}

const CHAT: &str = "load: [{ task: chat, rate: 1/s }]\n";

fn chain(lines: &str) -> Chain {
    let router = format!("router: {{ chains: {{ main: {{ {lines} }} }} }}\n");
    config(&[PROVIDERS, &router, CHAT]).chains.remove(0)
}

fn refused(parts: &[&str]) -> Vec<String> {
    let invalid = read(parts).err().unwrap_or_else(|| panic!("this loads: {parts:?}"));
    let errors = invalid.problems.iter().filter(|p| p.severity == crate::scenario::Severity::Error);
    errors.map(|p| p.one_line("e")).collect()
}

/// Each line of a block with the one error that it makes, from its column on.
fn errors(block: fn(&str) -> String, cases: &[(&str, &str)]) {
    for (line, message) in cases {
        let told = refused(&[PROVIDERS, &block(line), CHAT]);
        assert!(told.len() == 1 && told[0].contains(message), "{line}: {told:#?}");
    }
}

#[test]
fn a_chain_is_a_list_of_steps_and_each_says_how_it_picks() {
    let (azure, mini, gpt) = (0, 1, 2);
    let step = |len, pick| Step { len, pick };
    let plain = chain("targets: [azure/gpt-4o, openai/gpt-4o]");
    assert_eq!((plain.steps, plain.weights), (vec![step(2, Pick::Ordered)], vec![1.0, 1.0]));
    let mixed = "targets: [azure/gpt-4o, { pick: weighted, of: { azure/gpt-4o-mini: 70%, openai/gpt-4o: 30% } }, openai/gpt-4.1]";
    let mixed = chain(mixed);
    assert_eq!(mixed.steps, [step(1, Pick::Ordered), step(2, Pick::Weighted), step(1, Pick::Ordered)]);
    assert_eq!((mixed.targets, mixed.weights), (vec![azure, mini, gpt, 3], vec![1.0, 0.7, 0.3, 1.0]));
    assert_eq!(chain("targets: [azure/gpt-4o, openai/gpt-4o], pick: cheapest").steps, [step(2, Pick::Cheapest)]);
    let fastest = chain("targets: [{ pick: fastest, of: [azure/gpt-4o, openai/gpt-4o] }]");
    assert!(fastest.is_first_choice(1), "any of a step is as good as its first");
    let alone = chain("targets: [azure/gpt-4o, openai/gpt-4o], fallback: none");
    assert_eq!((alone.targets, alone.steps, alone.weights), (vec![azure], vec![step(1, Pick::Ordered)], vec![1.0]));
}

#[test]
fn what_cannot_be_picked_is_told() {
    errors(
        |line| format!("router: {{ chains: {{ main: {{ {line} }} }} }}\n"),
        &[
            ("targets: [azure/gpt-4o], pick: cheepest", "did you mean `cheapest`?"),
            ("targets: [azure/gpt-4o, openai/gpt-4o], pick: weighted", "a weighted pick needs odds"),
            ("targets: [{ pick: weighted, of: [azure/gpt-4o] }]", "a weighted pick needs odds"),
            (
                "targets: [{ pick: weighted, of: { azure/gpt-4o: 50%, openai/gpt-4o: 40% } }]",
                "the odds do not make 100% (they make 90%)",
            ),
            ("targets: [{ pick: weighted, of: { azure/gpt-4o: half } }]", "is not a share"),
            ("targets: [{ pick: fastest, of: [] }]", "there is nothing to pick from"),
            ("targets: [{ of: [azure/gpt-4o] }]", "`pick` is missing in a step of a chain"),
            ("targets: [{ pick: fastest }]", "`of` is missing in a step of a chain"),
            ("targets: [{ pick: fastest, of: [azure/gpt-5] }]", "`azure` does not serve `gpt-5`"),
            ("targets: [azure/gpt-4o, { pick: fastest, of: [azure/gpt-4o] }]", "has `azure/gpt-4o` twice"),
            ("targets: [{ pick: fastest, of: [azure/gpt-4o] }], pick: cheapest", "say themselves how they are picked"),
            ("targets: [azure/gpt-4o], fallback: never", "`never` is not a fallback"),
            (
                "targets: [{ pick: fastest, of: [azure/gpt-4o, openai/gpt-4o] }], fallback: none",
                "which of these targets is the only one",
            ),
        ],
    );
}

#[test]
fn a_route_goes_by_all_that_requests_say_of_themselves() {
    let router = "router:
  routes:
    - { when: { task: chat, tenant: acme, tier: gold, stream: true, tags: [beta, eval], data_class: pii,
                residency: [eu-west, uk], stakes: high_stakes, mode: batch, larger_than: 2k, up_to: 8k }, chain: main }
    - { chain: main }
  chains: { main: { targets: [azure/gpt-4o] } }
";
    let load = "load: [{ task: chat, tenant: acme, tier: gold, stream: 50%, tags: [beta, eval, new], data_class: pii, \
                residency: eu-west, stakes: high_stakes, mode: batch, prompt_tokens: uniform(1k 4k), rate: 1/s }]\n";
    let routes = config(&[PROVIDERS, router, load]).routes;
    let names = |names: &[&str]| names.iter().map(|n| crate::event::Name::from(*n)).collect::<Vec<_>>();
    let when = When {
        task: Some("chat".into()),
        tenant: Some("acme".into()),
        tier: Some("gold".into()),
        stream: Some(true),
        tags: names(&["beta", "eval"]),
        data_class: Some("pii".into()),
        residency: names(&["eu-west", "uk"]),
        high_stakes: Some(true),
        batch: Some(true),
        larger_than: Some(2000),
        up_to: Some(8000),
    };
    assert_eq!(routes.iter().map(|r| &r.when).collect::<Vec<_>>(), [&when, &When::ALWAYS]);
    let told = warnings(&[PROVIDERS, router, load]);
    assert!(told.iter().all(|line| line.contains("no chain uses `openai`")), "{told:#?}");
}

#[test]
fn what_a_route_cannot_go_by_is_told() {
    errors(
        |line| {
            format!(
                "router: {{ routes: [{{ when: {{ {line} }}, chain: main }}], chains: {{ main: {{ targets: [azure/gpt-4o] }} }} }}\n"
            )
        },
        &[
            ("tags: [beta, beta]", "`beta` is there twice"),
            ("stakes: high", "did you mean `high_stakes`?"),
            ("mode: slow", "`slow` is not a mode"),
            ("larger_than: 4s", "`4s` is not a size"),
            ("larger_than: 8k, up_to: 8k", "no prompt is of this size"),
            ("data_class: [pii]", "expected a text, found a list"),
            ("larger: 8k", "did you mean `larger_than`?"),
        ],
    );
}

#[test]
fn a_route_that_nobody_takes_is_pointed_out_once() {
    let told = |routes: &str, load: &str| {
        let router = format!(
            "router: {{ routes: [{routes}], chains: {{ main: {{ targets: [azure/gpt-4o, openai/gpt-4o] }}, \
             big: {{ targets: [azure/gpt-4o] }} }} }}\n"
        );
        warnings(&[PROVIDERS, &router, &format!("load: [{{ task: chat, rate: 1/s, tags: [beta], {load} }}]\n")])
    };
    for (route, message) in [
        ("{ when: { tags: [bta] }, chain: big }", "no load stream has the tag `bta` (did you mean `beta`?)"),
        ("{ when: { tenant: acme }, chain: big }", "no load stream has the tenant `acme`"),
        ("{ when: { data_class: pii }, chain: big }", "no load stream has the data class `pii`"),
        ("{ when: { tags: beta, mode: batch }, chain: big }", "no request takes this route (no load stream sends"),
        ("{ chain: main }, { when: { tags: beta }, chain: big }", "(route 1 comes first and takes all"),
        ("{ when: { larger_than: 8k }, chain: big }", "no request takes this route"),
    ] {
        let told = told(route, "tier: gold");
        assert!(told.len() == 1 && told[0].contains(message), "{route}: {told:#?}");
    }
    assert_eq!(told("{ when: { larger_than: 8k }, chain: big }", "prompt_tokens: lognormal(2k p99 9k)"), [""; 0]);
    assert_eq!(told("{ when: { larger_than: 8k }, chain: big }", "prompt_tokens: uniform(7k 9k)"), [""; 0]);
    let small = told("{ when: { up_to: 2k }, chain: big }", "prompt_tokens: 4k");
    assert!(small.len() == 1 && small[0].contains("no request takes this route"), "{small:#?}");
}

#[test]
fn a_chain_holds_no_target_that_lacks_what_it_or_a_route_to_it_requires() {
    let router = |chain: &str, route: &str| {
        format!(
            "router: {{ routes: [{{ {route} chain: main }}], chains: {{ main: {{ {chain} targets: [azure/gpt-4o, old/gpt-3.5-turbo] }} }} }}\n"
        )
    };
    let providers = format!("{PROVIDERS}  old: {{ dialect: openai, models: {{ gpt-3.5-turbo: {{}} }} }}\n");
    assert!(read(&[&providers, &router("require: { capabilities: tools, min_context: 16k },", ""), CHAT]).is_ok());
    for (required, message) in [
        ("require: { capabilities: [tools, vision] },", "`old/gpt-3.5-turbo` does not have the capability `vision`"),
        ("require: { min_context: 32k },", "the context window of `old/gpt-3.5-turbo` has 16385 tokens"),
    ] {
        for router in [router(required, ""), router("", required)] {
            let told = refused(&[&providers, &router, CHAT]);
            assert!(told.len() == 1 && told[0].contains(message), "{told:#?}");
            let place = router.find("old/").expect("named") + 1;
            assert!(told[0].starts_with(&format!("e:8:{place}: ")), "it is located at the target: {told:#?}");
        }
    }
    let told = refused(&[&providers, &router("require: { capabilities: [flying] },", ""), CHAT]);
    assert!(told.len() == 1 && told[0].contains("`flying` is not a capability"), "{told:#?}");
    let unmeasured = warnings(&[&providers, &router("require: { min_quality: 90% },", ""), CHAT]);
    assert!(
        unmeasured.iter().any(|line| line.contains("nothing measures whether the members of the chain `main` reach")),
        "{unmeasured:#?}"
    );
}
