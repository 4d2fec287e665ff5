//! The forms a scenario may take, and what each of them means.

use crate::load::Segment;
use crate::router::ablate;
use crate::router::lesser::Lesser;
use crate::router::policy::gates::Gates;
use crate::router::policy::{backoff::Jitter, breaker, budget, quality};
use crate::router::preset;
use crate::scenario::plan::{Plan, PlannedFault};
use crate::scenario::{Loaded, load};
use mock_providers::fault::{Arg, Door, Effect, Endpoint, Injection, Pick, Shape};
use mock_providers::{Dialect, Distribution};
use std::time::Duration;

const HEAD: &str = "version: 1\nname: forms\n";
const PROVIDERS: &str = "providers:\n  openai: { region: us-east, keys: { acme: {} }, models: { gpt-4o: {}, gpt-4o-mini: ~ } }\n  \
                         claude: { region: us-east, models: { claude-sonnet-4: {} } }\n  \
                         google: { region: europe, models: { gemini-2.5-flash: {} } }\n";
const ROUTER: &str =
    "router: { chains: { main: { targets: [openai/gpt-4o, claude/claude-sonnet-4, google/gemini-2.5-flash] } } }\n";
const LOAD: &str = "load: [{ task: chat, rate: 10/s }]\n";
const PHASES: &str = "phases: [{ name: a, for: 20s }, { name: b, for: 40s }, { name: c, for: 60s }]\n";

fn loaded(parts: &[&str]) -> Loaded {
    let text = format!("{HEAD}{}", parts.concat());
    load("forms.yaml", text.as_bytes()).unwrap_or_else(|invalid| panic!("{invalid}"))
}

fn plan(parts: &[&str]) -> Plan {
    loaded(parts).plan
}

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn fault(line: &str) -> PlannedFault {
    let faults = format!("faults:\n  - {{ {line} }}\n");
    plan(&[PROVIDERS, ROUTER, LOAD, PHASES, &faults]).faults.remove(0)
}

fn injection(line: &str) -> Injection {
    let Effect::Mix(mut parts) = fault(&format!("on: openai, inject: {line}")).fault.effect else { panic!("a mix") };
    assert_eq!((parts.len(), parts[0].1), (1, 1.0));
    parts.remove(0).0
}

#[test]
fn every_way_to_inject_is_understood() {
    let wait = ("retry_after", Arg::Wait(secs(2)));
    let after = |tokens| ("after_tokens", Arg::Count(tokens));
    for (line, word, given) in [
        ("{ status: 429, retry_after: 2s }", "status_429", vec![wait]),
        ("{ status: { status: 429, retry_after: 2s } }", "status_429", vec![wait]),
        ("{ error: rate_limited, retry_after: 2s }", "rate_limited", vec![wait]),
        ("{ error: quota_exhausted }", "error_quota_exhausted", vec![]),
        ("edge_html", "edge_html", vec![]),
        ("status_503", "status_503", vec![]),
        ("silence", "silence", vec![]),
        ("reset", "reset", vec![]),
        ("malformed", "malformed", vec![]),
        ("refusal", "refusal", vec![]),
        ("cut", "cut", vec![after(10)]),
        ("{ cut: { after_tokens: 3 } }", "cut", vec![after(3)]),
        ("{ cut: 3 }", "cut", vec![after(3)]),
        (
            "{ cut: { at: finish, inside: field } }",
            "cut",
            vec![("at", Arg::Word("finish")), ("inside", Arg::Word("field"))],
        ),
        ("{ early_end: {} }", "early_end", vec![]),
        ("{ stall: { after_tokens: 0 } }", "stall", vec![after(0)]),
        ("{ stream_error: { after_tokens: 5 } }", "stream_error", vec![after(5)]),
        ("{ schema: wrong_type }", "schema_wrong_type", vec![]),
        ("schema_fenced", "schema_fenced", vec![]),
    ] {
        assert_eq!(Some(injection(line)), Injection::word_with(word, &given), "{line}");
    }
    assert_eq!(fault("on: openai, inject: refused").fault.effect, Effect::Listener(Door::Refused));
    let delay = fault("on: openai, inject: { latency: { first_token: 2s, between_tokens: uniform(5ms 9ms) } }");
    let between_tokens = Some(Distribution::Uniform { low: 5.0, high: 9.0 });
    let first_token = Some(Distribution::Fixed { ms: 2000.0 });
    assert_eq!(delay.fault.effect, Effect::Delay { headers: None, first_token, between_tokens });
    assert_eq!(&*delay.label, "latency: first token +2000ms, between tokens +7ms");
}

#[test]
fn a_mix_is_a_partition_in_the_order_of_the_file() {
    let mixed = fault("on: openai, mix: { ok: 70%, status_429: 20%, cut: 5%, overloaded: 5% }");
    let expected = vec![
        (Injection::word("status_429").unwrap(), 0.2),
        (Injection::word("cut").unwrap(), 0.05),
        (Injection::word("overloaded").unwrap(), 0.05),
    ];
    assert_eq!(mixed.fault.effect, Effect::Mix(expected));
    assert_eq!(&*mixed.label, "429 20%, cut after 10 tokens 5%, overloaded 5%");
    assert_eq!(&*fault("on: openai, share: 30%, inject: silence").label, "silence 30%");
}

#[test]
fn a_fault_picks_requests_in_one_of_several_ways() {
    for (line, pick) in [
        ("on: openai, share: 30%, inject: silence", Pick::Request),
        ("on: [openai, google], inject: silence", Pick::Request),
        ("on: [openai, google], share: 30%, inject: silence", Pick::Slice { length: secs(1), schedule: 0 }),
        ("on: openai, share: 30%, slice: 5s, inject: silence", Pick::Slice { length: secs(5), schedule: 0 }),
        ("on: [openai, google], share: 30%, sticky: true, inject: silence", Pick::Client),
        ("on: openai, first: 3, inject: silence", Pick::First(3)),
        ("on: openai, every: 10, mix: { reset: 100% }", Pick::Every(10)),
    ] {
        assert_eq!(fault(line).fault.pick, pick, "{line}");
    }
    let sequence = fault("on: openai, sequence: [status_503, ok, { cut: 3 }], repeat: true");
    assert_eq!(&*sequence.label, "503, ok, cut after 3 tokens, again");
    let Effect::Sequence { steps, repeat: true } = sequence.fault.effect else { panic!("a sequence") };
    assert_eq!(steps.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn a_staggered_fault_ends_for_one_after_the_other() {
    let faults = "faults:\n  - { on: [openai, google], at: 1s, for: 10s, staggered: 4s, inject: silence }\n";
    let planned = plan(&[PROVIDERS, ROUTER, LOAD, PHASES, faults]).faults;
    let seen: Vec<_> = planned.iter().map(|p| (p.fault.id, p.providers.clone(), p.fault.until)).collect();
    assert_eq!(seen, [(0, vec![0], secs(7)), (1, vec![2], secs(11))]);
    let faults = "faults:\n  - { on: openai, at: 1s, for: 10s, staggered: 4s, inject: silence }\n";
    let planned = plan(&[PROVIDERS, ROUTER, LOAD, PHASES, faults]).faults;
    assert!(planned.len() > 1 && planned.iter().all(|p| p.fault.whom.models.len() == 1));
    assert_eq!(planned.last().map(|p| p.fault.until), Some(secs(11)));
}

#[test]
fn a_selector_narrows_by_endpoint_key_and_size() {
    let whom =
        fault("on: { provider: openai, endpoint: [chat, embeddings], key: acme, larger_than: 2k }, inject: reset")
            .fault
            .whom;
    assert_eq!(whom.endpoints, [Endpoint::Chat, Endpoint::Embeddings]);
    assert_eq!((&*whom.keys[0], whom.larger_than), ("acme", Some(2000)));
    for (word, shape) in
        [("sawtooth", Shape::Sawtooth { period: secs(4) }), ("diurnal", Shape::Diurnal { period: secs(4) })]
    {
        assert_eq!(fault(&format!("on: openai, shape: {{ {word}: 4s }}, inject: reset")).fault.shape, shape);
    }
}

#[test]
fn a_fault_concerns_whom_all_its_conditions_hold_for() {
    for (on, providers, models, stream) in [
        ("openai", &[0][..], &[][..], None),
        ("openai/gpt-4o-mini", &[0], &["gpt-4o-mini"], None),
        ("[openai, google]", &[0, 2], &[], None),
        ("{ provider: [openai, google], stream: true }", &[0, 2], &[], Some(true)),
        ("{ vendor: anthropic }", &[1], &[], None),
        ("{ vendor: gemini }", &[2], &[], None),
        ("{ region: us-east }", &[0, 1], &[], None),
        ("{ region: us-east, model: claude-sonnet-4, stream: false }", &[1], &["claude-sonnet-4"], Some(false)),
    ] {
        let fault = fault(&format!("on: {on}, inject: reset"));
        let named: Vec<&str> = fault.fault.whom.models.iter().map(|m| &**m).collect();
        assert_eq!(
            (fault.providers.as_slice(), named.as_slice(), fault.fault.whom.stream),
            (providers, models, stream),
            "{on}"
        );
    }
}

#[test]
fn a_fault_lasts_for_a_phase_for_a_time_to_the_end_or_throughout() {
    for (when, from, until) in [
        (", during: b", 20, 60),
        (", at: 5s, for: 10s", 5, 15),
        (", at: 30s", 30, 120),
        (", at: 0s", 0, 120),
        ("", 0, 120),
    ] {
        let fault = fault(&format!("on: openai, inject: reset{when}")).fault;
        assert_eq!((fault.from, fault.until), (secs(from), secs(until)), "{when}");
    }
}

#[test]
fn a_fault_has_a_shape() {
    let shape = |words: &str| fault(&format!("on: openai, inject: reset{words}")).fault.shape;
    assert_eq!(shape(""), Shape::Step);
    assert_eq!(shape(", shape: ramp"), Shape::Ramp);
    assert_eq!(shape(", shape: decay"), Shape::Decay);
    assert_eq!(shape(", shape: { flap: { up: 5s, down: 2s } }"), Shape::Flap { up: secs(5), down: secs(2) });
}

#[test]
fn faults_that_take_turns_or_ramp_past_each_other_are_fine() {
    let faults = "faults:\n  - { on: openai, during: a, inject: reset }\n  - { on: openai, during: b, inject: silence }\n  \
                  - { on: openai, during: c, inject: reset, shape: ramp }\n  \
                  - { on: openai, during: c, inject: silence, shape: decay }\n  - { on: openai, inject: refused, at: 5s }\n";
    assert_eq!(plan(&[PROVIDERS, ROUTER, LOAD, PHASES, faults]).faults.len(), 5);
}

#[test]
fn a_rate_may_differ_by_phase_ramp_and_burst() {
    let load = "load:\n  - task: chat\n    rate: 10/s\n    phases:\n      a: { ramp: { from: 0/s, to: 10/s } }\n      \
                c: { burst: { rate: 90/s, for: 5s, every: 25s } }\n";
    let plan = plan(&[PROVIDERS, ROUTER, load, PHASES]);
    let segment =
        |from, until, start_rate, end_rate| Segment { from: secs(from), until: secs(until), start_rate, end_rate };
    assert_eq!(
        plan.load[0].rate,
        [
            segment(0, 20, 0.0, 10.0),
            segment(20, 60, 10.0, 10.0),
            segment(60, 65, 90.0, 90.0),
            segment(65, 85, 10.0, 10.0),
            segment(85, 90, 90.0, 90.0),
            segment(90, 110, 10.0, 10.0),
            segment(110, 115, 90.0, 90.0),
            segment(115, 120, 10.0, 10.0),
        ]
    );
    let by_phase = "load: [{ task: chat, phases: { a: { rate: 1/s }, b: { rate: 0/s }, c: { rate: 120/min } } }]\n";
    let rates: Vec<f64> = plan_rates(by_phase);
    assert_eq!(rates, [1.0, 0.0, 2.0]);
}

fn plan_rates(load: &str) -> Vec<f64> {
    plan(&[PROVIDERS, ROUTER, load, PHASES]).load[0].rate.iter().map(|s| s.start_rate).collect()
}

#[test]
fn what_is_left_out_comes_from_the_catalogue_and_the_defaults() {
    let plan = plan(&[
        "providers: { openai: {}, claude: ~ }\n",
        "router: { chains: { chat: { targets: [openai/gpt-4.1, claude/claude-opus-4] } } }\n",
        LOAD,
        PHASES,
    ]);
    let [openai, claude] = plan.providers.as_slice() else { panic!("two providers") };
    assert_eq!((openai.dialect, claude.dialect, &*claude.vendor), (Dialect::OpenAi, Dialect::Anthropic, "anthropic"));
    assert!(
        openai.models.iter().any(|m| &*m.name == "gpt-4o")
            && claude.models.iter().all(|m| m.name.starts_with("claude"))
    );
    assert_eq!((plan.seed, &*plan.summary), (42, ""));
    assert_eq!((&*plan.load[0].tenant, &*plan.load[0].tier, plan.load[0].streamed), ("default", "standard", 0.0));
    let chain = &plan.router.chains[0];
    assert_eq!((chain.deadline, chain.max_attempts_total, &chain.gates), (secs(30), 6, &Gates::default()));
    assert_eq!(plan.router.targets[0].context, 1_047_576);
}

#[test]
fn a_model_of_ones_own_needs_three_figures() {
    let providers = "providers: { lab: { dialect: openai, vendor: acme, models: \
                     { org/my-model: { ttft: 200ms, tokens_per_second: 50, context: 8k, schema_adherence: 97% } } } }\n";
    let router = "router: { chains: { main: { targets: [lab/org/my-model] } } }\n";
    let plan = plan(&[providers, router, LOAD, PHASES]);
    let model = &plan.providers[0].models[0];
    assert_eq!((&*model.name, model.quality, model.schema_adherence, model.context), ("org/my-model", 0.9, 0.97, 8000));
    assert_eq!((&*plan.providers[0].vendor, &*plan.router.targets[0].model), ("acme", "org/my-model"));
}

#[test]
fn every_knob_of_a_chain_arrives_where_it_belongs() {
    let router = "router:
  routes:
    - { when: { task: chat, tenant: acme, tier: gold, stream: true }, chain: full }
    - { chain: full }
  chains:
    full:
      targets: [openai/gpt-4o]
      deadline: 9s
      ttft_deadline: 3s
      min_hop_time: 100ms
      retry:
        max_attempts: 3
        backoff: { initial: 50ms, max: 2s, jitter: decorrelated }
        wait_up_to: 4s
        retry_timeouts: true
      max_attempts_total: 8
      timeouts: { connect: 500ms, headers: 4s, first_token: 2s, idle: 1s, total: 8s }
      breaker: { window: 20s, failure_rate: 25%, slow_rate: 75%, slow_after: 2s, min_calls: 5, consecutive: 7, open_for: 3s, open_max: 30s, jitter: 20%, half_open_calls: 2, ramp: 0s }
      budget: { per_request: 0.1, floor_per_second: 1 }
      quality: { window: 30s, failure_rate: 20%, min_calls: 15, demote_for: 5s }
      gates: [json_schema]
      degraded: { template: 'sorry' }
    plain:
      targets: [openai/gpt-4o, google/gemini-2.5-flash]
";
    let config = plan(&[PROVIDERS, router, LOAD, PHASES]).router;
    let route = &config.routes[0];
    assert_eq!((route.when.task.as_deref(), route.when.tenant.as_deref()), (Some("chat"), Some("acme")));
    assert_eq!((route.when.tier.as_deref(), route.when.stream, route.chain), (Some("gold"), Some(true), 0));
    let chain = &config.chains[0];
    assert_eq!(
        (chain.deadline, chain.ttft_deadline, chain.min_hop_time),
        (secs(9), Some(secs(3)), Duration::from_millis(100))
    );
    assert_eq!(
        (chain.retry.max_attempts, chain.retry.backoff.jitter, chain.retry.retry_timeouts),
        (3, Jitter::Decorrelated, true)
    );
    assert_eq!((chain.retry.wait_up_to, chain.max_attempts_total), (secs(4), 8));
    assert_eq!(
        (chain.timeouts.connect, chain.timeouts.idle, chain.timeouts.total),
        (Duration::from_millis(500), secs(1), Some(secs(8)))
    );
    assert!(chain.gates.names().eq(["finish", "not_empty", "json_schema"]));
    assert_eq!(chain.degraded.as_deref(), Some("sorry"));
    let target = &config.targets[0];
    let breaker = breaker::Params {
        window: secs(20),
        failure_rate: 0.25,
        slow_rate: Some(0.75),
        slow_after: Some(secs(2)),
        min_calls: 5,
        consecutive: Some(7),
        open_for: secs(3),
        jitter: 0.2,
        open_max: secs(30),
        half_open_calls: 2,
        ramp: secs(0),
        ..breaker::Params::default()
    };
    assert_eq!(target.breaker, breaker, "the explicit block wins over the default of the other chain");
    assert_eq!(target.budget, budget::Params { per_request: 0.1, floor_per_second: 1.0 });
    let quality = quality::Params { window: secs(30), failure_rate: 0.2, min_calls: 15, demote_for: secs(5) };
    assert_eq!(target.quality, quality);
    assert_eq!(config.targets[1].breaker, breaker::Params::default());
}

#[test]
fn a_provider_that_no_chain_uses_and_a_chain_that_nobody_reaches_are_pointed_out() {
    let router =
        "router: { chains: { main: { targets: [openai/gpt-4o] }, triage: { targets: [claude/claude-sonnet-4] } } }\n";
    let warnings = loaded(&[PROVIDERS, router, LOAD, PHASES]).warnings;
    let lines: Vec<String> = warnings.iter().map(|w| w.one_line("f")).collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].starts_with("f:6:3: warning: no chain uses `google`"), "{}", lines[0]);
    assert!(lines[1].starts_with("f:7:57: warning: no request reaches the chain `triage`"), "{}", lines[1]);
    let both = "load: [{ task: triage, rate: 1/s }, { task: chat, rate: 1/s }]\n";
    assert_eq!(
        loaded(&[PROVIDERS, router, both, PHASES]).warnings.len(),
        1,
        "a chain named after a task is reached by it"
    );
}

#[test]
fn numbers_may_be_names_and_a_byte_order_mark_is_no_text() {
    let text = format!(
        "\u{feff}{HEAD}{PROVIDERS}{ROUTER}load: [{{ tenant: 007, tier: 1.10, task: chat, rate: 10/s }}]\n{PHASES}"
    );
    let plan = load("bom", text.as_bytes()).unwrap_or_else(|invalid| panic!("{invalid}")).plan;
    assert_eq!((&*plan.load[0].tenant, &*plan.load[0].tier), ("007", "1.10"));
}

#[test]
fn windows_line_ends_change_nothing_but_the_source() {
    let unix = format!("{HEAD}{PROVIDERS}{ROUTER}{LOAD}{PHASES}faults:\n  - {{ on: opnai, inject: reset }}\n");
    let place = |text: &str| {
        let problem = load("x", text.as_bytes()).unwrap_err().problems.remove(0);
        (problem.line, problem.column, problem.message)
    };
    assert_eq!(place(&unix), place(&unix.replace('\n', "\r\n")));
}

#[test]
fn what_breaks_is_about_the_whole_router_or_by_part_or_baseline_and_blanks_do_not_matter() {
    let slos = "slos: [availability >= 99%, hops < 2]\n";
    let must = |breaks: &str, part: &str| {
        let plan = plan(&[PROVIDERS, ROUTER, LOAD, PHASES, slos, breaks]);
        let named = match Lesser::find(part).unwrap() {
            Lesser::Without(part) => plan.must_break(None, &[part]),
            Lesser::Baseline(preset) => plan.must_break(Some(preset), &[]),
        }?;
        Some(named.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let (one, both) = (vec!["hops < 2".to_owned()], vec!["availability >= 99%".to_owned(), "hops < 2".to_owned()]);
    assert_eq!(must("breaks: [hops  < 2]\n", "control"), Some(one.clone()));
    assert_eq!(must("breaks: [hops < 2]\n", "breaker"), None);
    let by_part =
        "breaks: { breaker: [hops < 2], control: [availability >= 99%, hops < 2], ramp: [], naive: [hops < 2] }\n";
    assert_eq!(must(by_part, "breaker"), Some(one.clone()));
    assert_eq!((must(by_part, "naive"), must(by_part, "textbook")), (Some(one), None));
    assert_eq!(must(by_part, "control"), Some(both));
    assert_eq!(must(by_part, "ramp"), Some(vec![]));
    let plan = plan(&[PROVIDERS, ROUTER, LOAD, PHASES, slos, by_part]);
    let [breaker, ramp] = ["breaker", "ramp"].map(|part| ablate::find(part).unwrap());
    assert_eq!(plan.must_break(None, &[breaker, ramp]), None, "only of single parts");
    assert_eq!(plan.must_break(preset::find("naive"), &[breaker]), None, "only of whole baselines");
}
