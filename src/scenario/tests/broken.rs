//! Broken scenarios: what is said, and where. Each case is the sound scenario below with one passage replaced.

use crate::scenario::{Invalid, Problem, Severity, load};

const SOUND: &str = r#"version: 1
name: sound
providers:
  openai: { region: us-east, models: { gpt-4o: {}, gpt-4o-mini: {} } }
  anthropic: { models: { claude-sonnet-4: {} } }
router:
  routes:
    - { when: { task: triage }, chain: main }
  chains:
    main:
      targets: [openai/gpt-4o, anthropic/claude-sonnet-4]
      deadline: 12s
      breaker: { window: 10s, failure_rate: 50% }
    spare:
      targets: [anthropic/claude-sonnet-4]
load:
  - { task: triage, rate: 10/s }
  - { tenant: acme, task: chat, rate: 5/s, stream: 50% }
phases:
  - { name: steady, for: 20s }
  - { name: outage, for: 40s }
faults:
  - { on: openai, during: outage, inject: { status: 503 } }
slos:
  - availability >= 99.9%
"#;

fn refused(text: &str) -> Invalid {
    match load("case.yaml", text.as_bytes()) {
        Ok(_) => panic!("this loads:\n{text}"),
        Err(invalid) => invalid,
    }
}

/// The errors that replacing a passage of the sound scenario leads to.
fn errors(replace: &str, with: &str) -> Vec<Problem> {
    assert_eq!(SOUND.matches(replace).count(), 1, "`{replace}` stands exactly once in the sound scenario");
    let mut problems = refused(&SOUND.replace(replace, with)).problems;
    problems.retain(|p| p.severity == Severity::Error);
    problems
}

/// The one error that replacing a passage leads to.
fn only(replace: &str, with: &str, message: &str, hint: &str) -> Problem {
    let mut problems = errors(replace, with);
    let lines: Vec<String> = problems.iter().map(|p| p.one_line("")).collect();
    assert_eq!(lines.len(), 1, "`{with}` is one mistake, but the problems are {lines:#?}");
    let problem = problems.remove(0);
    assert_eq!(problem.message, message, "for `{with}`");
    let hints = format!("{} {}", problem.help.as_deref().unwrap_or(""), problem.note.as_deref().unwrap_or(""));
    assert!(hints.contains(hint), "`{hint}` is not in `{hints}`");
    problem
}

/// What to replace, with what, the message, and a part of help or note. The marks `«»` are not part of the text: they
/// stand around what the message must underline.
fn check(cases: &[(&str, &str, &str, &str)]) {
    for (replace, with, message, hint) in cases {
        let marked = SOUND.replace(replace, with);
        let (before, rest) = marked.split_once('«').expect("an opening mark");
        let (culprit, _) = rest.split_once('»').expect("a closing mark");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        let problem = only(replace, &with.replace(['«', '»'], ""), message, hint);
        assert_eq!((problem.line, problem.column), (line, column), "{}", problem.one_line(with));
        assert_eq!(problem.len, culprit.chars().count(), "{}", problem.one_line(with));
    }
}

/// As [`check`] where the message points outside the passage: line and column before the message.
fn check_at(cases: &[(&str, &str, [usize; 2], &str, &str)]) {
    for (replace, with, place, message, hint) in cases {
        let problem = only(replace, with, message, hint);
        assert_eq!([problem.line, problem.column], *place, "{}", problem.one_line(with));
    }
}

#[test]
fn the_sound_scenario_loads() {
    let loaded = load("sound", SOUND.as_bytes()).unwrap_or_else(|invalid| panic!("{invalid}"));
    let warnings: Vec<String> = loaded.warnings.iter().map(|w| w.one_line("sound")).collect();
    let expected = "sound:14:5: warning: no request reaches the chain `spare` \
                    (no load stream matches a route to it, and none has its name as task)";
    assert_eq!(warnings, [expected]);
}

#[test]
#[rustfmt::skip]
fn keys_that_do_not_exist_are_met_with_a_guess_and_the_list() {
    check(&[
        ("version: 1", "version: 1\n«seeds»: 3", "a scenario does not have a key `seeds`", "did you mean `seed`?"),
        ("{ region: us-east,", "{ «regoin»: us-east,", "a provider does not have a key `regoin`", "its keys are `dialect`, `vendor`"),
        ("gpt-4o: {},", "gpt-4o: { «tps»: 3 },", "a model does not have a key `tps`", "`tokens_per_second`"),
        ("deadline: 12s", "«dedline»: 12s", "a chain does not have a key `dedline`", "did you mean `deadline`?"),
        ("failure_rate: 50%", "«failures»: 50%", "a breaker does not have a key `failures`", "did you mean `failure_rate`?"),
        ("{ name: outage, for: 40s }", "{ name: outage, for: 40s, «until»: 3s }", "a phase does not have a key `until`", "its keys are `name`, `for`"),
        ("during: outage,", "«when»: outage,", "a fault does not have a key `when`", "`during`"),
        ("{ status: 503 }", "{ status: 503, «body»: x }", "what is injected does not have a key `body`", "`retry_after`"),
        ("when: { task: triage }", "when: { «tsak»: triage }", "the condition of a route does not have a key `tsak`", "did you mean `task`?"),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_is_missing_is_named_with_an_example() {
    check_at(&[
        ("version: 1\n", "", [1, 1], "`version` is missing in a scenario", "add `version: 1`"),
        ("name: sound\n", "", [1, 1], "`name` is missing in a scenario", "add `name: my-drill`"),
        ("      targets: [openai/gpt-4o, anthropic/claude-sonnet-4]\n", "", [10, 5], "`targets` is missing in a chain", ""),
        ("task: triage, rate: 10/s", "task: triage", [17, 5], "`rate` is missing, and phase `steady` needs one", "add `rate: 10/s`"),
        ("name: steady, for: 20s", "name: steady", [20, 5], "`for` is missing in a phase", "add `for: 60s`"),
        ("on: openai, during", "during", [23, 5], "`on` is missing in a fault", "add `on: openai`"),
        (", inject: { status: 503 }", "", [23, 5], "this fault does nothing", "inject: { status: 503 }"),
        (", chain: main }", " }", [8, 7], "`chain` is missing in a route", "add `chain: main`"),
    ]);
}

#[test]
#[rustfmt::skip]
fn pools_of_keys_shared_breakers_and_full_houses_are_checked() {
    let keyed = "openai: { keys: { key-a: {}, key-b: {} }, region: us-east,";
    let pool = |keys: &str| format!("router:\n  keys: {keys}\n  routes:");
    for (keys, message, hint) in [
        ("{ opnai: [key-a] }", "there is no provider `opnai`", "did you mean `openai`?"),
        ("{ openai: [key-c] }", "there is no key of `openai` `key-c`", "key-a"),
        ("{ openai: [key-a, key-a] }", "the key `key-a` is in the pool twice", "keep one"),
        ("{ openai: [] }", "there are no keys in this pool", "name at least one"),
        ("{ anthropic: [key-a] }", "`anthropic` has no keys to choose from", "add `keys:"),
    ] {
        let text = SOUND.replace("openai: { region: us-east,", keyed).replace("router:\n  routes:", &pool(keys));
        let problems = refused(&text).problems;
        let errors: Vec<_> = problems.iter().filter(|p| p.severity == Severity::Error).collect();
        assert_eq!(errors.len(), 1, "{keys}: {errors:?}");
        assert_eq!(errors[0].message, message);
        assert!(errors[0].help.as_deref().unwrap_or("").contains(hint), "{keys}");
    }
    check(&[
        ("failure_rate: 50% }", "group: «vendr» }", "`vendr` is not who shares a breaker", "did you mean `vendor`?"),
        ("failure_rate: 50% }", "probe_for: «0s» }", "this must be longer than zero", ""),
        ("deadline: 12s", "deadline: 12s\n      hedge: { after: «12s» }", "no call is awaited for so long", "the deadline is 12s"),
        ("deadline: 12s", "deadline: 12s\n      hedge: «800ms»", "expected hedging, a mapping, found a text", ""),
        ("deadline: 12s", "deadline: 12s\n      «hedge»: {}", "`after` is missing in hedging", "after: 800ms"),
        ("router:\n", "router:\n  prompts: { «openai/gpt-4»: Be brief. }\n", "no chain has the target `openai/gpt-4`", "did you mean `openai/gpt-4o`?"),
        ("router:\n", "router:\n  «prompts»: []\n", "expected the prompts of targets, a mapping, found a list", ""),
        ("deadline: 12s", "all_open: «best»", "`best` is not what to do", "best_try"),
        ("deadline: 12s", "triggers: [all, { type: load, max_in_flight: «0» }]", "this must lie between 1 and 1000000", ""),
        ("deadline: 12s", "triggers: [all, { type: cost, price_change: «0%» }]", "this must be more than zero", "50%"),
        ("deadline: 12s", "triggers: [all, { type: auth, «price_change»: 5% }]", "a trigger does not have a key `price_change`", ""),
        ("  routes:", "  price_updates: [{ at: «60s», target: openai/gpt-4o, price: { input: 5 } }]\n  routes:", "this comes after the drill, which ends at 60s", "earlier"),
        ("  routes:", "  price_updates: [{ at: 6s, target: «openai/gpt-5», price: { input: 5 } }]\n  routes:", "no chain has the target `openai/gpt-5`", "did you mean `openai/gpt-4o`?"),
        ("  routes:", "  price_updates: [«{ target: openai/gpt-4o, price: { input: 5 } }»]\n  routes:", "`at` is missing in an update of the price list", "at: 30s"),
        ("  routes:", "  price_updates: [{ at: 6s, target: openai/gpt-4o, price: { «inptu»: 5 } }]\n  routes:", "a price does not have a key `inptu`", "did you mean `input`?"),
        ("deadline: 12s", "«health_checks»: {}", "`kind` is missing in health checks", "kind: completion"),
        ("deadline: 12s", "health_checks: { kind: «model» }", "`model` is not what a check asks for", "did you mean `models`?"),
        ("deadline: 12s", "health_checks: { kind: models, «evry»: 5s }", "health checks does not have a key `evry`", "did you mean `every`?"),
        ("deadline: 12s", "health_checks: { kind: models, every: «0s» }", "this must be longer than zero", ""),
        ("deadline: 12s", "health_checks: { kind: models, failures: «0» }", "this must lie between 1 and 1000", ""),
        ("deadline: 12s", "health_checks: { kind: models, every: «2s» }", "a check would still be under way when the next one is due", "may take 2s"),
        ("deadline: 12s", "health_checks: { kind: models, timeout: «20s» }", "a check would still be under way when the next one is due", "every 10s"),
        ("deadline: 12s", "warm: «0»", "this must lie between 1 and 1000", ""),
        ("openai: { region: us-east,", "openai: { connect: «soon», region: us-east,", "`soon` is not a duration", ""),
        ("deadline: 12s", "batch_in_flight: «0»", "this must lie between 1 and 1000000", ""),
        ("deadline: 12s", "batch_in_flight: «some»", "expected a whole number, found a text", ""),
        ("deadline: 12s", "«batch_inflight»: 5", "a chain does not have a key `batch_inflight`", "did you mean `batch_in_flight`?"),
        ("deadline: 12s", "max_in_flight: 8\n      batch_in_flight: «8»", "batch traffic would take all the places there are", "write a number below"),
        ("breaker: { window: 10s, failure_rate: 50% }", "preset: naive\n      «batch_in_flight»: 8", "the preset `naive` decides about `batch_in_flight`", "leave one of the two out"),
        ("deadline: 12s", "triggers: [all, { type: rate_limit, ahead: «5» }]", "expected `true` or `false`, found a number", ""),
        ("deadline: 12s", "triggers: [all, { type: auth, «ahead»: true }]", "a trigger does not have a key `ahead`", ""),
    ]);
    let problem = only("breaker: { window: 10s, failure_rate: 50% }", "breaker: { group: region }",
        "nobody says in which region `anthropic/claude-sonnet-4` is", "add `region: us-east`");
    assert_eq!(problem.line, 13);
}

#[test]
#[rustfmt::skip]
fn names_that_lead_nowhere_are_met_with_a_guess() {
    check(&[
        ("[openai/gpt-4o, ", "[«opnai»/gpt-4o, ", "there is no provider `opnai`", "did you mean `openai`?"),
        ("[openai/gpt-4o, ", "[openai/«gpt-4», ", "`openai` does not serve `gpt-4`", "did you mean `gpt-4o`?"),
        ("[openai/gpt-4o, ", "['openai/«gpt-4»', ", "`openai` does not serve `gpt-4`", "did you mean `gpt-4o`?"),
        ("[openai/gpt-4o, ", "[«gpt-4o», ", "`gpt-4o` is not a target", "did you mean `openai/gpt-4o`?"),
        ("chain: main", "chain: «mian»", "there is no chain `mian`", "did you mean `main`?"),
        ("when: { task: triage }", "when: { task: «triag» }", "`triag` is not a task", "did you mean `triage`?"),
        ("task: chat", "task: «chess»", "`chess` is not a task", "`chat`"),
        ("during: outage", "during: «outtage»", "there is no phase `outtage`", "did you mean `outage`?"),
        ("on: openai", "on: «opnai»", "there is no provider `opnai`", "did you mean `openai`?"),
        ("on: openai", "on: openai/«gpt-5»", "there is no model `gpt-5`", "did you mean `gpt-4o`?"),
        ("on: openai", "on: [openai, «antropic»]", "there is no provider `antropic`", "did you mean `anthropic`?"),
        ("on: openai", "on: { region: «us-west» }", "there is no region `us-west`", "did you mean `us-east`?"),
        ("on: openai", "on: { vendor: «acme» }", "no provider is run by `acme`", "`openai`"),
        ("on: openai", "on: «{ provider: anthropic, model: gpt-4o }»", "this fault concerns no provider", "all conditions"),
        ("task: chat, rate: 5/s", "task: chat, rate: 5/s, phases: { «strom»: { rate: 9/s } }", "there is no phase `strom`", "`steady`"),
        ("tenant: acme", "tenant: «a b»", "`a b` cannot be a name", "letters, digits"),
    ]);
}

#[test]
#[rustfmt::skip]
fn quantities_that_no_drill_can_use_are_refused() {
    check(&[
        ("deadline: 12s", "deadline: «12»", "the duration `12` has no unit", "write `12s` or `12ms`"),
        ("deadline: 12s", "deadline: «0.5ms»", "`0.5ms` is not a whole number of milliseconds", "1ms"),
        ("deadline: 12s", "deadline: «0s»", "this must be longer than zero", ""),
        ("deadline: 12s", "deadline: «48h»", "`48h` is longer than a day", "24h"),
        ("deadline: 12s", "deadline: «-1s»", "`-1s` is not a duration", "backwards"),
        ("deadline: 12s", "deadline: «[12s]»", "expected a duration such as `5s`, found a list", ""),
        ("failure_rate: 50%", "failure_rate: «0.5»", "`0.5` is not a share", "write `50%`"),
        ("failure_rate: 50%", "failure_rate: «0%»", "this must be more than zero", ""),
        ("rate: 10/s", "rate: «10»", "`10` is not a rate", "write `10/s` or `10/min`"),
        ("rate: 10/s", "rate: «200000/s»", "`200000/s` is too much", "at most `100000/s`"),
        ("gpt-4o: {},", "gpt-4o: { ttft: «lognormal(2s p99 1s)» },", "`lognormal(2s p99 1s)` has a p99 below its median", "99 %"),
        ("gpt-4o: {},", "gpt-4o: { quality: «1.5» },", "this must lie between 0 and 1", "93%"),
        ("gpt-4o: {},", "gpt-4o: { tokens_per_second: «0» },", "this must lie between 0.1 and 100000", ""),
        ("gpt-4o: {},", "gpt-4o: { context: «128 kB» },", "`128 kB` is not a size", "128k"),
        ("window: 10s,", "window: 10s, min_calls: «0»,", "this must lie between 1 and 1000000", ""),
        ("window: 10s,", "window: 10s, min_calls: «99999999999999999999999»,", "this must lie between 1 and 1000000", ""),
        ("window: 10s,", "window: 10s, open_for: 9s, open_max: «5s»,", "`open_max` is shorter than `open_for`", "9s"),
        ("window: 10s,", "window: 10s, «slow_after»: 9s,", "`slow_after` does nothing without `slow_rate`", "slow_rate: 50%"),
        ("deadline: 12s", "deadline: 12s\n      ttft_deadline: «13s»", "the ttft_deadline is later than the deadline", ""),
        ("deadline: 12s", "retry: { backoff: { jitter: «half» } }", "`half` is not a jitter", "`decorrelated`"),
        ("deadline: 12s", "retry: { backoff: { initial: 9s, max: «1s» } }", "the longest wait is shorter than the initial one", "9s"),
        ("for: 40s", "for: «24h»", "with this phase the drill is longer than a day", ""),
        ("status: 503", "status: «200»", "this must lie between 400 and 599", ""),
        ("version: 1", "version: «2»", "this version is not known", "version: 1"),
        ("version: 1", "version: 1\nseed: «-3»", "this must lie between 0 and 18446744073709551615", ""),
    ]);
}

#[test]
#[rustfmt::skip]
fn quotas_that_limit_nothing_or_contradict_themselves_are_refused() {
    let on_provider = [
        ("requests: «3000»", "`3000` has no window", "write `3000/min` or `3000/day`"),
        ("requests: «3000/fortnight»", "`3000/fortnight` is not a limit", "10000/day"),
        ("requests: «0/min»", "`0/min` lets nothing through", "quota_exhausted"),
        ("requests: «0.5/min»", "`0.5/min` is not whole", "longer window"),
        ("tokens: «2T/min»", "`2T/min` is not a limit", "`2M/min`"),
        ("tokens: «99999999999G/min»", "`99999999999G/min` is too much", ""),
        ("«tokens»: []", "this list is empty, so nothing is limited", "at least one"),
        ("tokens: «yes»", "`yes` has no window", "write `3000/min`"),
        ("requests: [3000/min, «many»]", "`many` has no window", "write `3000/min`"),
        ("«rps»: 3", "a quota does not have a key `rps`", "`requests`, `tokens`, `burst`, `refill`, `per`, `lies`"),
        ("requests: 3000/min, «request»: 3/s", "a quota does not have a key `request`", "did you mean `requests`?"),
        ("requests: 3000/min, burst: «0s»", "this must be longer than zero", ""),
        ("requests: 3000/min, burst: «5»", "the duration `5` has no unit", "write `5s`"),
        ("requests: 3000/min, burst: «90s»", "the burst is longer than the window of `3000/min`", "at most `60s`"),
        ("requests: [3000/min, 60/s], burst: «2s»", "the burst is longer than the window of `60/s`", "at most `1s`"),
        ("requests: 10000/day, burst: «5s»", "`burst` does nothing here", "per hour or longer"),
        ("requests: 3000/min, refill: window, «burst»: 5s", "`burst` does nothing with `refill: window`", "remove one"),
        ("requests: 3000/min, refill: «windows»", "`windows` is not a way to refill", "did you mean `window`?"),
        ("requests: 3000/min, per: «keys»", "`keys` is not a holder of a quota", "did you mean `key`?"),
        ("requests: 3000/min, per: «tenant»", "`tenant` is not a holder of a quota", "one of: `provider`, `model`, `key`"),
        ("requests: 3000/min, lies: «rest_zero»", "`rest_zero` is not a lie about limits", "did you mean `reset_zero`?"),
        ("requests: 3000/min, lies: «true»", "expected a lie about limits, found a yes or no", "`one_day`"),
    ];
    for (quota, message, hint) in on_provider {
        let with = format!("region: us-east, quota: {{ {quota} }},");
        check(&[("region: us-east,", with.as_str(), message, hint)]);
    }
    check(&[
        ("region: us-east,", "region: us-east, quota: «{ per: key }»,", "this quota limits nothing", "add `requests: 3000/min`"),
        ("region: us-east,", "region: us-east, quota: «~»,", "this quota limits nothing", "tokens: 2M/min"),
        ("gpt-4o: {},", "gpt-4o: { «quota»: {} },", "this quota limits nothing", "tokens: 2M/min"),
        ("gpt-4o: {},", "gpt-4o: { quota: { requests: 9/min, per: «provider» } },", "`provider` is not a holder of a model's quota", "`model`, `key`"),
        ("region: us-east,", "region: us-east, keys: { main: { quota: { requests: 9/min, «per»: key } } },", "a key's quota does not have a key `per`", "`requests`"),
    ]);
}

#[test]
#[rustfmt::skip]
fn capacities_that_no_provider_can_have_are_refused() {
    for (capacity, message, hint) in [
        ("concurrency: «0»", "this must lie between 1 and 1000000", ""),
        ("concurrency: «2.5»", "expected a whole number, found a number", ""),
        ("concurrency: 4, queue: «-1»", "this must lie between 0 and 1000000", ""),
        ("concurrency: 4, queue: «long»", "expected a whole number, found a text", ""),
        ("concurrency: 4, background: «0.3»", "`0.3` is not a share", "write `30%`"),
        ("concurrency: 4, background: «130%»", "`130%` is more than all", "100%"),
        ("concurrency: 4, background: { «outtage»: 80% }", "there is no phase `outtage`", "did you mean `outage`?"),
        ("concurrency: 4, background: { outage: «80» }", "`80` is not a share", "write `80%`"),
        ("concurrency: 4, «background»: {}", "this background names no phase", "background: 30%"),
        ("concurrency: 4, contention: «0.5»", "this must lie between 1 and 1000", ""),
        ("concurrency: 4, contention: «250%»", "expected a number, found a text", ""),
        ("concurrency: 4, on_hangup: «finsh»", "`finsh` is not what becomes of abandoned work", "did you mean `finish`?"),
        ("concurrency: 4, «queue_wait»: 5s", "`queue_wait` does nothing without a queue", "queue: 128"),
        ("concurrency: 4, queue: 0, «queue_wait»: 5s", "`queue_wait` does nothing without a queue", "queue: 128"),
        ("concurrency: 4, queue: 9, queue_wait: «0s»", "this must be longer than zero", ""),
        ("concurrency: 4, «queues»: 9", "a capacity does not have a key `queues`", "did you mean `queue`?"),
    ] {
        let on_provider = format!("region: us-east, capacity: {{ {capacity} }},");
        let on_model = format!("gpt-4o: {{ capacity: {{ {capacity} }} }},");
        check(&[
            ("region: us-east,", on_provider.as_str(), message, hint),
            ("gpt-4o: {},", on_model.as_str(), message, hint),
        ]);
    }
    check_at(&[
        ("region: us-east,", "capacity: { queue: 9 },", [4, 23], "`concurrency` is missing in a capacity", "concurrency: 64"),
    ]);
}

#[test]
#[rustfmt::skip]
fn keys_that_cannot_work_are_refused() {
    for (keys, message, hint) in [
        ("{}", "there are no keys, so nobody may ask", "main: {}"),
        ("{ «a b»: {} }", "`a b` cannot be a name", "letters, digits"),
        ("{ main: { secret: «a b» } }", "this cannot be a secret", "no blank"),
        ("{ main: { secret: «''» } }", "this cannot be a secret", "visible ASCII"),
        ("{ main: { secret: «[x]» } }", "expected a text, found a list", ""),
        ("{ main: { expires: «90» } }", "the duration `90` has no unit", "write `90s`"),
        ("{ main: { expires: «never» } }", "`never` is not a duration", ""),
        ("{ main: { valid_from: 20s, expires: «20s» } }", "this key expires before it is valid", "revoked: 0s"),
        ("{ main: { «revoke»: 10s } }", "a key does not have a key `revoke`", "did you mean `revoked`?"),
        ("{ main: { quota: { requests: «60» } } }", "`60` has no window", "60/min"),
        ("{ main: { «quota»: {} } }", "this quota limits nothing", "requests: 3000/min"),
    ] {
        let with = match keys {
            "{}" => "region: us-east, «keys»: {},".to_owned(),
            _ => format!("region: us-east, keys: {keys},"),
        };
        check(&[("region: us-east,", with.as_str(), message, hint)]);
    }
}

#[test]
#[rustfmt::skip]
fn gates_that_make_no_sense_are_refused() {
    for (gates, message, hint) in [
        ("«schema»", "`schema` is not a gate", ""),
        ("[«json_shema»]", "`json_shema` is not a gate", "did you mean `json_schema`?"),
        ("[{ «langage»: en }]", "`langage` is not a gate", "did you mean `language`?"),
        ("[model, «model»]", "`model` is named twice", "keep one"),
        ("[model, «none»]", "`none` stands alone", "gates: none"),
        ("[«length»]", "`length` alone says nothing", "length: { min: 20, max: 4000 }"),
        ("[{ «length»: {} }]", "`length` alone says nothing", "it takes"),
        ("[{ length: { min: 20, max: «10» } }]", "the most is less than the least", "the least is 20"),
        ("[{ length: { «mni»: 20 } }]", "a gate does not have a key `mni`", "did you mean `min`?"),
        ("[{ length: { min: «0» } }]", "this must lie between 1 and 10000000", ""),
        ("[{ repetition: «1» }]", "this must lie between 2 and 1000", ""),
        ("[{ language: «english» }]", "`english` is not the language, by its ISO 639-1 code", ""),
        ("[{ finish: «true» }]", "`finish` takes nothing", "write `finish`"),
        ("[{ model: x, «length»: 3 }]", "this is not one gate", "one gate an item"),
        ("«7»", "expected a gate, a mapping, found a number", ""),
    ] {
        let with = format!("deadline: 12s\n      gates: {gates}");
        check(&[("deadline: 12s", with.as_str(), message, hint)]);
    }
}

#[test]
#[rustfmt::skip]
fn graders_that_make_no_sense_are_refused() {
    for (grader, message, hint) in [
        ("{ sample: «0%» }", "this must be more than zero", ""),
        ("{ sample: «10» }", "`10` is not a share", ""),
        ("{ cost: «2ct» }", "`2ct` is not an amount of money", "$0.002"),
        ("{ cost: «$-1» }", "`$-1` is not an amount of money", "$0.002"),
        ("{ delay: «2» }", "the duration `2` has no unit", "2s"),
        ("{ «false_god»: 2% }", "a grader does not have a key `false_god`", "did you mean `false_good`?"),
    ] {
        let with = format!("router:\n  grader: {grader}\n  routes:");
        check(&[("router:\n  routes:", with.as_str(), message, hint)]);
    }
    check(&[("deadline: 12s", "deadline: 12s\n      min_quality: «90»", "`90` is not a share", "")]);
}

#[test]
#[rustfmt::skip]
fn models_that_make_no_sense_are_refused() {
    for (model, message, hint) in [
        ("instruction_following: «98»", "this must lie between 0 and 1", "93%"),
        ("filter: «strict»", "`strict` is not a share", ""),
        ("prefill: «sometimes»", "expected `true` or `false`, found a text", ""),
        ("capabilities: [«tool»]", "`tool` is not a capability", "did you mean `tools`?"),
        ("capabilities: [tools, «smell»]", "`smell` is not a capability", "`json_schema`"),
        ("capabilities: [tools, vision, «tools»]", "`tools` is named twice", "keep one"),
        ("price: { input: «-1» }", "this must lie between 0 and 10000", ""),
        ("price: { input: 2.50, cached: «3» }", "a cached token costs more than one that is not", "is 2.5 here"),
        ("price: { cached: «3» }", "a cached token costs more than one that is not", "is 2.5 here"),
        ("price: { «inputs»: 3 }", "a price does not have a key `inputs`", "did you mean `input`?"),
        ("retires: { gone: «soon» }", "`soon` is not a duration", ""),
        ("retires: { announced: «50s», gone: 30s }", "this is announced after the model is gone", "earlier"),
        ("retires: { gone: 30s, «at»: 3s }", "a retirement does not have a key `at`", "`announced`, `gone`"),
        ("identity: «'gpt 4'»", "`gpt 4` cannot be the identity of a model", "blank"),
    ] {
        let with = format!("gpt-4o: {{ {model} }},");
        check(&[("gpt-4o: {},", with.as_str(), message, hint)]);
    }
    check_at(&[
        ("gpt-4o: {},", "gpt-4o: { retires: { announced: 3s } },", [4, 59], "`gone` is missing in a retirement", "gone: 90s"),
    ]);
}

#[test]
fn limits_that_contradict_each_other_name_both_places() {
    for (replace, with, message, lines) in [
        (
            "region: us-east,",
            "quota: { requests: [3000/min,
   9/60s] },",
            "there are two limits for one window",
            (5, 4),
        ),
        (
            "region: us-east,",
            "keys: { one: { secret: x },
   two: { secret: x } },",
            "two keys have the same secret",
            (5, 4),
        ),
        (
            "region: us-east,",
            "keys: { one: {},
   two: { secret: sk-drill-one } },",
            "two keys have the same secret",
            (5, 4),
        ),
        (
            "region: us-east,",
            "quota: { requests: 9/s,
   burst: 2s },",
            "the burst is longer than the window of `9/s`",
            (5, 4),
        ),
    ] {
        let problem = errors(replace, with).remove(0);
        assert_eq!(problem.message, message);
        assert_eq!((problem.line, problem.related.map(|(line, _)| line)), (lines.0, Some(lines.1)), "for `{with}`");
    }
}

#[test]
#[rustfmt::skip]
fn load_that_is_empty_or_endless_is_refused() {
    check(&[
        ("task: triage, rate: 10/s", "task: triage, rate: 10/s, phases: { outage: { burst: { rate: 9/s, for: «9s», every: 2s } } }", "a burst is longer than the time between two", ""),
        ("task: triage, rate: 10/s", "task: triage, rate: 10/s, phases: { outage: «{ rate: 9/s, ramp: { from: 1/s, to: 2/s } }» }", "a phase takes one of `rate`, `ramp` and `burst`", "burst: {"),
        ("task: triage, rate: 10/s", "task: triage, rate: 10/s, phases: { «outage»: { burst: { rate: 9/s, for: 1ms, every: 1ms } } }", "there are more than 10000 bursts in this phase", ""),
        ("rate: 5/s, stream: 50%", "rate: 5/s, stream: «0.5»", "`0.5` is not a share", "write `50%`"),
        ("rate: 5/s, stream: 50%", "rate: 5/s, arrivals: «random»", "`random` is not a kind of arrivals", "`poisson`"),
    ]);
    let load = "  - { task: triage, rate: 10/s }\n  - { tenant: acme, task: chat, rate: 5/s, stream: 50% }\n";
    check_at(&[
        (load, "  []\n", [16, 1], "nothing is ever sent: the load is empty", "rate: 10/s"),
        (load, "  - { task: chat, rate: 0/s }\n", [16, 1], "nothing is ever sent: the load is empty", "rate: 10/s"),
        ("rate: 10/s", "rate: 90000/s", [16, 1], "this plans about 5 million requests", "at most 5 million"),
    ]);
}

#[test]
#[rustfmt::skip]
fn faults_that_cannot_be_injected_are_refused() {
    check(&[
        ("{ status: 503 }", "«sielnce»", "`sielnce` is nothing to inject", "did you mean `silence`?"),
        ("{ status: 503 }", "«503»", "a bare number is nothing to inject", "{ status: 503 }"),
        ("{ status: 503 }", "«schema»", "`schema` is nothing to inject", "{ schema: … }"),
        ("{ status: 503 }", "{ error: «overlaoded» }", "`overlaoded` is not a value of `error`", "did you mean `overloaded`?"),
        ("{ status: 503 }", "{ schema: «broken» }", "`broken` is not a value of `schema`", "`fenced`"),
        ("{ status: 503 }", "{ status: 503, «cut»: {} }", "a fault injects one thing", "mix"),
        ("{ status: 503 }", "{ cut: {}, «retry_after»: 2s }", "what is injected does not have a key `retry_after`", ""),
        ("{ status: 503 }", "{ cut: { «retry_after»: 2s } }", "what is injected does not have a key `retry_after`", ""),
        ("{ status: 503 }", "{ cut: { at: «fnish» } }", "`fnish` is not a value of `at` in `cut`", "did you mean `finish`?"),
        ("inject: { status: 503 }", "sequence: [ok, «nope»]", "`nope` is nothing to inject", ""),
        ("inject: { status: 503 }", "sequence: «[ok, ok]»", "this sequence injects nothing", "status_503"),
        ("inject: { status: 503 }", "sequence: [«refused»]", "this cannot happen to a single request", "as a whole"),
        ("inject: { status: 503 }", "inject: silence, «repeat»: true", "`repeat` belongs to a `sequence`", ""),
        ("inject: { status: 503 }", "inject: silence, first: 2, every: «3»", "a fault picks its requests in one way", "`every`"),
        ("inject: { status: 503 }", "inject: refused, first: «2»", "this fault does not pick requests", "`status`"),
        ("inject: { status: 503 }", "inject: silence, staggered: «1h»", "the first of them would end before it starts", "shorter"),
        ("on: openai, during", "on: { provider: openai, key: «acme» }, during", "there is no key `acme`", ""),
        ("on: openai, during: outage, inject: { status: 503 }", "on: «openai/gpt-4o», during: outage, inject: refused", "this fault cannot be meant for some requests only", "providers only"),
        ("{ status: 503 }", "{ background: 50% }, staggered: «2s»", "this fault cannot end model by model", "providers only"),
        ("inject: { status: 503 }", "sequence: [reset], shape: «ramp»", "a sequence has no such shape", "`flap`"),
        ("on: openai, during", "on: { provider: openai, «endpoint»: [] }, during", "this list is empty, so nobody is meant", "at least one"),
        ("{ status: 503 }", "reset, shape: { sawtooth: 5s, diurnal: «20s» }", "a fault has one shape", "two faults"),
        ("{ status: 503 }", "reset, shape: «sawtooth»", "a sawtooth needs its period", "sawtooth: 30s"),
        ("{ status: 503 }", "{ «latency»: {} }", "this `latency` says nothing", "`first_token`"),
        ("{ status: 503 }", "refused, share: «30%»", "this fault does not take a share", "as a whole"),
        ("{ status: 503 }", "{ latency: { headers: 2s } }, share: «30%»", "this fault does not take a share", "as a whole"),
        ("{ status: 503 }", "refused, shape: «ramp»", "a fault of the whole listener has no such shape", "flap"),
        ("{ status: 503 }", "reset, shape: «flap»", "a flap needs its times", "up: 5s"),
        ("{ status: 503 }", "reset, shape: «{ flap: { up: 1ms, down: 1ms } }»", "the faults up to this one turn more than 20000 times", "longer"),
        ("inject: { status: 503 }", "mix: «{ status_503: 60%, cut: 50% }»", "this mix adds up to 110%", "at most 100%"),
        ("inject: { status: 503 }", "mix: «{ ok: 70%, cut: 20% }»", "this mix adds up to 90%", "exactly 100%"),
        ("inject: { status: 503 }", "mix: { «refused»: 20% }", "`refused` is nothing to mix in", "as a whole"),
        ("inject: { status: 503 }", "mix: { «status_200»: 20% }", "`status_200` is nothing to mix in", "status_503"),
        ("inject: { status: 503 }", "mix: { cut: 20% }, «share»: 10%", "a `mix` has its own shares", "remove `share`"),
        ("during: outage", "at: «70s»", "the drill ends at 60s, before this fault starts", ""),
        ("during: outage", "at: 30s, for: «40s»", "this fault ends after the drill, which ends at 60s", "leave `for` out"),
        ("during: outage", "«for»: 10s", "`for` needs `at`", "at: 20s"),
        ("during: outage", "during: outage, «at»: 3s", "a fault has a phase or a time, not both", ""),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_breaks_is_an_assertion_of_the_scenario_under_a_part_of_the_router() {
    let line = "- availability >= 99.9%";
    for (breaks, message, hint) in [
        ("[«availability >= 99%»]", "`availability >= 99%` is none of the assertions under `slos`", "did you mean `availability >= 99.9%`?"),
        ("[«quality > 9%»]", "`quality > 9%` is none of the assertions under `slos`", "one of: `availability >= 99.9%`"),
        ("[availability >= 99.9%, «availability  >= 99.9%»]", "this assertion is named twice", "keep one"),
        ("[«{ availability: 3 }»]", "an assertion is one line of text, this is a mapping", "quotes"),
        ("{ «braker»: [] }", "`braker` is neither a part that a router can be without nor a baseline", "did you mean `breaker`?"),
        ("{ «textbok»: [] }", "`textbok` is neither a part that a router can be without nor a baseline", "did you mean `textbook`?"),
        ("{ «luck»: [] }", "`luck` is neither a part that a router can be without nor a baseline", "one of: `control`, `routes`"),
        ("{ breaker: «availability >= 99.9%» }", "expected a list of assertions, found a text", ""),
        ("«breaker»", "expected a list of assertions, or such a list by part, found a text", "breaks: { control:"),
    ] {
        check(&[(line, format!("{line}\nbreaks: {breaks}").as_str(), message, hint)]);
    }
}

#[test]
#[rustfmt::skip]
fn presets_are_known_and_decide_alone() {
    let (breaker, preset) = ("      breaker: { window: 10s, failure_rate: 50% }\n", "      preset: naive\n");
    check(&[
        (breaker, "      preset: «textbok»\n", "`textbok` is not a preset", "did you mean `textbook`?"),
        (breaker, &format!("{preset}      «gates»: [json_schema]\n"), "the preset `naive` decides about `gates`", "one of the two"),
    ]);
    check_at(&[
        ("router:\n", "router:\n  preset: naive\n", [14, 7], "the preset `naive` decides about `breaker`", "one of the two"),
    ]);
    let plan = load("preset", SOUND.replace(breaker, preset).as_bytes()).unwrap_or_else(|e| panic!("{e}")).plan;
    let (main, spare) = (&plan.router.chains[0], &plan.router.chains[1]);
    assert_eq!((main.retry.heeds_pauses, spare.retry.heeds_pauses), (false, true));
    assert!(plan.router.targets.iter().all(|target| !target.breaker.trips), "they share their targets");
}

#[test]
#[rustfmt::skip]
fn what_yaml_allows_and_a_scenario_does_not_is_refused_where_it_stands() {
    check(&[
        ("deadline: 12s", "deadline: «.inf»", "`.inf` is not a number to plan with", "finite"),
        ("deadline: 12s", "«<<»: { deadline: 12s }", "merging with `<<` is not supported", "write the keys out"),
        ("deadline: 12s", "deadline: «&d» 12s", "anchors are not supported", "write the value out"),
        ("{ task: triage, rate: 10/s }", "&s { task: triage, rate: 10/s }\n  - «*s»", "aliases (`*name`) are not supported", "write the value out"),
        ("- availability >= 99.9%", "- «metric: availability >= 99.9%»", "an assertion is one line of text, this is a mapping", "quotes"),
    ]);
}

#[test]
#[rustfmt::skip]
fn a_block_of_the_wrong_kind_is_one_mistake_whatever_refers_to_it() {
    check(&[
        ("gpt-4o: {},", "gpt-4o: «5»,", "expected a model, a mapping, found a number", ""),
        ("anthropic: { models: { claude-sonnet-4: {} } }", "anthropic: «yes»", "expected a provider, a mapping, found a text", ""),
        ("gpt-4o-mini: {} } }", "gpt-4o-mini: {} }, quota: «3» }", "expected a quota, a mapping, found a number", ""),
        ("gpt-4o-mini: {} } }", "gpt-4o-mini: {} }, quota: { requests: [«true»] } }", "expected a limit such as `3000/min`, found a yes or no", ""),
        ("gpt-4o-mini: {} } }", "gpt-4o-mini: {} }, capacity: «64» }", "expected a capacity, a mapping, found a number", ""),
        ("gpt-4o-mini: {} } }", "gpt-4o-mini: {} }, keys: «[main, spare]» }", "expected the keys, a mapping, found a list", ""),
        ("gpt-4o-mini: {} } }", "gpt-4o-mini: {} }, keys: { main: «sk-1» } }", "expected a key, a mapping, found a text", ""),
        ("gpt-4o: {},", "gpt-4o: { retires: «90s» },", "expected a retirement, a mapping, found a text", ""),
        ("gpt-4o: {},", "gpt-4o: { price: «2.50» },", "expected a price, a mapping, found a number", ""),
        ("    spare:\n      targets: [anthropic/claude-sonnet-4]", "    spare: «[anthropic/claude-sonnet-4]»", "expected a chain, a mapping, found a list", ""),
        ("load:\n", "load:\n  - «chat»\n", "expected a load stream, a mapping, found a text", ""),
    ]);
}

#[test]
fn mistakes_of_form_and_of_sense_are_told_together() {
    let text = SOUND.replace("name: sound\n", "name: sound\nname: again\n").replace("deadline: 12s", "deadline: .nan");
    let lines: Vec<String> = refused(&text.replace("during: outage", "during: outtage"))
        .problems
        .iter()
        .map(|p| p.message.clone())
        .collect();
    assert_eq!(lines, ["`name` is given twice", "`.nan` is not a number to plan with", "there is no phase `outtage`"]);
}

#[test]
fn faults_that_together_exceed_all_requests_name_both_lines() {
    let second = "\n  - { on: { vendor: openai, model: gpt-4o }, at: 50s, inject: reset, share: 10% }";
    let problems = errors("{ status: 503 } }", &format!("{{ status: 503 }} }}{second}"));
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!((problem.line, problem.column), (24, 63));
    assert_eq!(problem.message, "at 50s the faults on `openai` add up to 110% of its requests");
    assert_eq!(problem.related, Some((23, "together with this".to_owned())));

    let other_model = second.replace("gpt-4o", "gpt-4o-mini");
    let apart = SOUND.replace("on: openai,", "on: openai/gpt-4o,");
    let apart = apart.replace(" } }\nslos", &format!(" }} }}{other_model}\nslos"));
    assert!(load("apart", apart.as_bytes()).is_ok(), "faults on different models do not meet");
}

#[test]
fn blocks_that_contradict_each_other_name_both_places() {
    let second = "targets: [anthropic/claude-sonnet-4]\n";
    let problems = errors(second, &format!("{second}      breaker: {{ window: 20s }}\n"));
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    let message = "`anthropic/claude-sonnet-4` has one breaker, and another chain says something else of it";
    assert_eq!((problem.line, problem.column, problem.message.as_str()), (16, 16, message));
    assert_eq!(problem.related, Some((13, "said here".to_owned())));

    let same = format!("{second}      breaker: {{ failure_rate: 50%, window: 10s }}\n");
    assert!(load("same", SOUND.replace(second, &same).as_bytes()).is_ok(), "saying the same twice is fine");
}

#[test]
fn names_given_twice_name_the_first_place() {
    for (replace, with, place, first) in [
        ("name: outage, for", "name: steady, for", (21, 13), 20),
        ("[openai/gpt-4o, ", "[anthropic/claude-sonnet-4, ", (11, 44), 11),
        ("    spare:", "    main:", (14, 5), 10),
        ("anthropic: {", "openai: {", (5, 3), 4),
    ] {
        let problem = errors(replace, with).remove(0);
        assert_eq!((problem.line, problem.column), place, "{}", problem.one_line(with));
        assert_eq!(problem.related.map(|(line, _)| line), Some(first), "for `{with}`");
    }
}

#[test]
fn a_model_that_nobody_knows_names_each_field_it_needs() {
    let problems = errors("gpt-4o-mini: {}", "my-model: { ttft: 200ms }");
    let messages: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`tokens_per_second` is missing, and `my-model` is not in the catalogue",
            "`context` is missing, and `my-model` is not in the catalogue",
        ]
    );
    assert_eq!((problems[0].line, problems[0].column), (4, 52));
}

#[test]
fn a_provider_whose_name_says_nothing_needs_a_dialect() {
    let problems = errors("  anthropic: {", "  acme: {");
    let first = &problems[0];
    assert_eq!((first.line, first.column), (5, 3));
    assert_eq!(first.message, "the name `acme` does not say which API it speaks");
}

#[test]
fn mistakes_in_a_fallback_block_are_located_in_it() {
    let (head, rest) = SOUND.split_once("router:").expect("a router");
    let tail = &rest[rest.find("load:").expect("a load")..];
    let said = |block: &str| {
        let invalid = refused(&format!("{head}{block}{tail}"));
        let errors = invalid.problems.iter().filter(|p| p.severity == Severity::Error);
        errors.map(|p| (p.line, p.message.clone())).collect::<Vec<_>>()
    };
    let chain = |inner: &str| format!("fallback:\n  chains:\n    - name: fast\n      {inner}\n");
    let sound = "models: [{ provider: openai, model: gpt-4o }]";
    let table = [
        ("fallback: { chains: [] }\n".to_owned(), 6, "there are no chains"),
        (chain("models: [{ provider: openai, model: gpt-9 }]"), 9, "`openai` does not serve `gpt-9`"),
        (chain("models: [{ provider: opanai, model: gpt-4o }]"), 9, "there is no provider `opanai`"),
        (chain("models: [{ provider: openai }]"), 9, "`model` is missing in a model of a chain"),
        (chain(&format!("{sound}\n      triggers: [{{ type: latencies }}]")), 10, "`latencies` is not a trigger"),
        (
            chain(&format!("{sound}\n      triggers: [{{ type: error_rate, threshold: 5 }}]")),
            10,
            "this must lie between 0 and 1",
        ),
        (
            chain(&format!("{sound}\n      triggers: [{{ type: cost, threshold_ms: 5 }}]")),
            10,
            "a trigger does not have a key `threshold_ms`",
        ),
        (chain(&format!("{sound}\n      retry: {{ backoff: fibonacci }}")), 10, "`fibonacci` is not a backoff"),
        (
            format!("{}router: {{ chains: {{ a: {{ targets: [openai/gpt-4o] }} }} }}\n", chain(sound)),
            10,
            "there is a `fallback` block as well",
        ),
    ];
    for (block, line, message) in table {
        assert!(said(&block).contains(&(line, message.to_owned())), "{block}\n{:?}", said(&block));
    }
}

#[test]
fn eight_mistakes_in_one_file_are_told_at_once_and_each_at_its_place() {
    let invalid = load("eight.yaml", include_bytes!("eight.yaml")).unwrap_err();
    let lines: Vec<String> = invalid.problems.iter().map(|p| p.one_line("eight.yaml")).collect();
    assert_eq!(lines.len(), 8);
    insta::assert_snapshot!("eight_mistakes", invalid.to_string());
    insta::assert_snapshot!("eight_mistakes_in_lines", lines.join("\n"));
}

#[test]
fn colour_comes_only_when_asked_for() {
    let invalid = refused("version: 1\n");
    assert!(!invalid.to_string().contains('\u{1b}'));
    assert!(invalid.render(true).contains('\u{1b}'));
}
