//! `router:`: routes and chains.

use super::evals::{self, Eval, Swap};
use super::prices::{self, PriceUpdate};
use super::require::{self, Require};
use super::routes::{self, Route};
use super::targets::{self, Targets};
use super::tenants::{self, Account};
use super::{classes, degraded, fallback, gates, oversight, preset, set, triggers};
use crate::event::CheckKind;
use crate::router::config::{self, AllOpen, Fleet, OnBreak, Retry, Timeouts};
use crate::router::policy::backoff::{self, Jitter};
use crate::router::policy::breaker::Group;
use crate::router::policy::gates::Gates;
use crate::router::policy::{breaker, budget, checks, grading, hedge, quality};
use crate::router::preset::Preset;
use crate::scenario::reader::{Fields, Sink};
use crate::scenario::source::At;
use crate::scenario::yaml::{Entry, Node, Value};
use crate::tasks::Task;
use std::time::Duration;

const ON_BREAK: &[(&str, OnBreak)] =
    &[("continue", OnBreak::Continue), ("error", OnBreak::Error), ("buffer", OnBreak::Buffer)];

const ALL_OPEN: &[(&str, AllOpen)] =
    &[("degrade", AllOpen::Degrade), ("fail_fast", AllOpen::FailFast), ("best_try", AllOpen::BestTry)];

const CHECKS: &[(&str, CheckKind)] = &[("models", CheckKind::Models), ("completion", CheckKind::Completion)];

const GROUPS: &[(&str, Group)] =
    &[("target", Group::Target), ("provider", Group::Provider), ("vendor", Group::Vendor), ("region", Group::Region)];

const JITTERS: &[(&str, Jitter)] = &[
    ("none", Jitter::None),
    ("full", Jitter::Full),
    ("equal", Jitter::Equal),
    ("quarter", Jitter::Quarter),
    ("decorrelated", Jitter::Decorrelated),
];

/// The router as it was typed.
#[derive(Debug, Default)]
pub(crate) struct Router {
    /// Of each provider that is named: its name, and those of its keys.
    pub(crate) keys: Vec<(At<String>, Vec<At<String>>)>,
    /// Of each target that is named: what it is told besides.
    pub(crate) prompts: Vec<(At<String>, String)>,
    pub(crate) routes: Vec<Route>,
    pub(crate) chains: Vec<Chain>,
    pub(crate) fleet: Fleet,
    pub(crate) grader: Option<grading::Params>,
    pub(crate) evals: Vec<Eval>,
    pub(crate) swaps: Vec<Swap>,
    pub(crate) tenants: Vec<Account>,
    pub(crate) tiers: Vec<Account>,
    pub(crate) price_updates: Vec<PriceUpdate>,
}

/// A chain as it was typed, with defaults for what was left out.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) name: At<String>,
    pub(crate) targets: Targets,
    pub(crate) require: Option<Require>,
    /// Of each of its targets; `None`: not given.
    pub(crate) breaker: Option<At<breaker::Params>>,
    pub(crate) budget: Option<At<budget::Params>>,
    pub(crate) quality: Option<At<quality::Params>>,
    /// Explicitly none where a preset decides so.
    pub(crate) checks: Option<At<Option<checks::Params>>>,
    /// What needs no other name to be understood; its targets are still to be found.
    pub(crate) config: config::Chain,
}

impl Chain {
    /// A chain of which nothing but the name is known.
    pub(super) fn named(name: &At<String>) -> Self {
        let (targets, config) = (Targets::default(), config::Chain::new(&name.value, Vec::new()));
        Self {
            name: name.clone(),
            targets,
            require: None,
            breaker: None,
            budget: None,
            quality: None,
            checks: None,
            config,
        }
    }
}

/// The words of [`Task`] as scenarios use them.
pub(crate) fn tasks() -> Vec<(&'static str, Task)> {
    Task::ALL.iter().map(|task| (task.as_str(), *task)).collect()
}

pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Option<Router> {
    let mut fields = sink.fields(node, "the router")?;
    let keys = fields.get("keys").and_then(|n| sink.entries(n, "the keys of the router")).unwrap_or_default();
    let keys = keys.iter().map(|e| (e.key.clone(), pool(&e.value, sink))).collect();
    let prompts = fields.get("prompts").and_then(|n| sink.entries(n, "the prompts of targets")).unwrap_or_default();
    let prompts = prompts.iter().filter_map(|e| Some((e.key.clone(), sink.text(&e.value)?.value))).collect();
    let routes = fields.get("routes").and_then(|n| sink.list(n, "routes")).unwrap_or_default();
    let routes = routes.iter().filter_map(|n| routes::read(n, sink)).collect();
    let grader = fields.get("grader").and_then(|n| oversight::grader(n, sink));
    let evals = fields.get("evals").map_or_else(Vec::new, |n| evals::evals(n, sink));
    let swaps = fields.get("swaps").map_or_else(Vec::new, |n| evals::swaps(n, sink));
    let block = fields.get("fallback");
    let chains = match (block, fields.key("chains")) {
        (Some(_), None) => fields.get("chains"),
        _ => fields.need("chains", "chains: { main: { targets: [openai/gpt-4o] } }"),
    };
    let chains = chains.and_then(|n| {
        let entries = sink.entries(n, "the chains")?;
        if entries.is_empty() {
            sink.error(&n.at, "there are no chains", Some("write `main: { targets: [openai/gpt-4o] }`".to_owned()));
            return None;
        }
        Some(entries.iter().filter(|e| sink.checked_name(&e.key.value, &e.key.at)))
    });
    let preset = preset::read(&mut fields, sink);
    let of = |entry: &Entry| chain(&entry.key, &entry.value, preset.as_ref(), sink);
    let chains: Option<Vec<Chain>> = chains.map(|entries| entries.map(of).collect());
    if let (Some(at), Some(_)) = (fields.key("fallback"), &chains) {
        let help = "`fallback` is another way to write chains; keep one of the two".to_owned();
        sink.error(&at, "there are `chains` already", Some(help));
    }
    let fleet = fleet(&mut fields, sink);
    let tenants = fields.get("tenants").map_or_else(Vec::new, |n| tenants::read(n, "the tenants", sink));
    let tiers = fields.get("tiers").map_or_else(Vec::new, |n| tenants::read(n, "the tiers", sink));
    let updates = fields.get("price_updates").and_then(|n| sink.list(n, "updates of the price list"));
    let price_updates = updates.unwrap_or_default().iter().filter_map(|n| prices::read(n, sink)).collect();
    fields.finish();
    let chains = chains.or_else(|| Some(fallback::read(block?, sink)?.chains));
    Some(Router { keys, prompts, routes, chains: chains?, fleet, grader, evals, swaps, tenants, tiers, price_updates })
}

/// The keys of a pool.
fn pool(node: &Node, sink: &Sink<'_>) -> Vec<At<String>> {
    let list = sink.list(node, "keys").unwrap_or_default();
    if matches!(&node.value, Value::List(list) if list.is_empty()) {
        let help = "name at least one, or leave this out: then each tenant uses its own";
        sink.error(&node.at, "there are no keys in this pool", Some(help.to_owned()));
    }
    list.iter().filter_map(|n| sink.name(n)).collect()
}

/// How many routers there are, and what they tell each other.
fn fleet(fields: &mut Fields<'_>, sink: &Sink<'_>) -> Fleet {
    let mut fleet = Fleet::default();
    set(&mut fleet.replicas, fields.get("replicas").and_then(|n| sink.count16(n, 1, 1000)));
    match fields.get("state") {
        Some(node @ Node { value: Value::Map(_), .. }) => {
            let Some(mut state) = sink.fields(node, "the state of a fleet") else { return fleet };
            let shared = state.need("shared", "shared: { lag: 500ms }").and_then(|n| sink.fields(n, "a shared state"));
            if let Some(mut shared) = shared {
                let lag = shared.need("lag", "lag: 500ms").and_then(|n| sink.duration(n));
                fleet.lag = lag.map(|lag| lag.value);
                shared.finish();
            }
            state.finish();
        }
        Some(node) => {
            let _ = sink.word(node, "`independent` or `{ shared: { lag: 500ms } }`", &[("independent", ())]);
        }
        None => {}
    }
    if let (Some(at), 1) = (fields.key("state"), fleet.replicas)
        && fleet.lag.is_some()
    {
        let help = "add `replicas: 3`".to_owned();
        sink.error(&at, "a router that runs alone shares its state with nobody", Some(help));
    }
    fleet
}

fn chain(name: &At<String>, node: &Node, common: Option<&At<&'static Preset>>, sink: &Sink<'_>) -> Chain {
    let mut chain = Chain::named(name);
    let Some(fields) = sink.fields(node, "a chain") else { return chain };
    let mut fields = fields.named(&name.at);
    let config = &mut chain.config;
    chain.targets = targets::read(&mut fields, sink);
    chain.require = fields.get("require").and_then(|n| require::read(n, sink));
    set(&mut config.deadline, fields.get("deadline").and_then(|n| sink.positive_duration(n)));
    let ttft_deadline = fields.get("ttft_deadline").and_then(|n| sink.positive_duration(n));
    if let Some(first) = &ttft_deadline
        && first.value > config.deadline
    {
        let help = format!("the deadline is {:?}, and the first token cannot come after the last", config.deadline);
        sink.error(&first.at, "the ttft_deadline is later than the deadline", Some(help));
    }
    config.ttft_deadline = ttft_deadline.map(|d| d.value);
    set(&mut config.min_hop_time, fields.get("min_hop_time").and_then(|n| sink.duration(n)));
    config.retry = fields.get("retry").map_or_else(Retry::default, |n| retry(n, sink));
    set(&mut config.max_attempts_total, fields.get("max_attempts_total").and_then(|n| sink.count32(n, 1, 100)));
    config.timeouts = fields.get("timeouts").map_or_else(Timeouts::default, |n| timeouts(n, sink));
    chain.breaker = fields.get("breaker").and_then(|n| breaker(n, sink));
    chain.budget = fields.get("budget").and_then(|n| budget(n, sink));
    chain.quality = fields.get("quality").and_then(|n| quality(n, sink));
    chain.checks = fields.get("health_checks").and_then(|n| health_checks(n, sink));
    config.gates = fields.get("gates").map_or_else(Gates::default, |n| gates::read(n, sink));
    config.min_quality = fields.get("min_quality").and_then(|n| sink.positive_share(n)).map(|s| s.value);
    if let Some(node) = fields.get("degraded") {
        degraded::read(node, config, sink);
    }
    if let Some(word) = fields.get("on_break").and_then(|n| sink.word(n, "what becomes of a broken stream", ON_BREAK)) {
        config.on_break = word.value;
    }
    set(&mut config.all_open, fields.get("all_open").and_then(|n| sink.word(n, "what to do", ALL_OPEN)));
    config.hedge = fields.get("hedge").and_then(|n| hedge(n, config.deadline, sink));
    set(&mut config.warm, fields.get("warm").and_then(|n| sink.count32(n, 1, 1000)));
    set(&mut config.ahead, fields.get("ahead").and_then(|n| sink.boolean(n)));
    config.max_in_flight = fields.get("max_in_flight").and_then(|n| sink.count32(n, 1, 1_000_000)).map(|n| n.value);
    let batch = fields.get("batch_in_flight").and_then(|n| sink.count32(n, 1, 1_000_000));
    if let Some(node) = fields.get("triggers") {
        triggers::read(node, config, &mut chain.breaker, sink);
    }
    if let (Some(batch), Some(all)) = (&batch, config.max_in_flight)
        && batch.value >= all
    {
        let help = format!("`max_in_flight` is {all}; write a number below it, so that interactive traffic finds room");
        sink.error(&batch.at, "batch traffic would take all the places there are", Some(help));
    }
    config.batch_in_flight = batch.map(|n| n.value);
    if let Some(node) = fields.get("classes") {
        classes::read(node, &mut config.table, sink);
    }
    let own = preset::read(&mut fields, sink);
    if let Some(preset) = own.as_ref().or(common) {
        preset::apply(preset, &mut chain, &fields, sink);
    }
    fields.finish();
    chain
}

fn retry(node: &Node, sink: &Sink<'_>) -> Retry {
    let mut retry = Retry::default();
    let Some(mut fields) = sink.fields(node, "a retry") else { return retry };
    set(&mut retry.max_attempts, fields.get("max_attempts").and_then(|n| sink.count32(n, 1, 100)));
    if let Some(node) = fields.get("backoff") {
        retry.backoff = backoff(node, retry.backoff, sink);
    }
    set(&mut retry.wait_up_to, fields.get("wait_up_to").and_then(|n| sink.duration(n)));
    set(&mut retry.retry_timeouts, fields.get("retry_timeouts").and_then(|n| sink.boolean(n)));
    fields.finish();
    retry
}

/// A backoff; what it does not say stays as it was.
pub(super) fn backoff(node: &Node, mut params: backoff::Params, sink: &Sink<'_>) -> backoff::Params {
    let Some(mut fields) = sink.fields(node, "a backoff") else { return params };
    let initial = set(&mut params.initial, fields.get("initial").and_then(|n| sink.duration(n)));
    let max = set(&mut params.max, fields.get("max").and_then(|n| sink.duration(n)));
    if params.max < params.initial {
        match (max, initial) {
            // Only the initial wait was given, and it is longer than the default of the longest.
            (None, _) => params.max = params.initial,
            (Some(max), _) => {
                let help = format!("the initial wait is {:?}", params.initial);
                sink.error(&max, "the longest wait is shorter than the initial one", Some(help));
            }
        }
    }
    set(&mut params.jitter, fields.get("jitter").and_then(|n| sink.word(n, "a jitter", JITTERS)));
    fields.finish();
    params
}

fn hedge(node: &Node, deadline: Duration, sink: &Sink<'_>) -> Option<hedge::Params> {
    let mut fields = sink.fields(node, "hedging")?;
    let after = fields.need("after", "after: 800ms").and_then(|n| sink.positive_duration(n));
    fields.finish();
    let after = after?;
    if after.value >= deadline {
        let help = format!("the deadline is {deadline:?}; hedge at about the p95 of the first target's latency");
        sink.error(&after.at, "no call is awaited for so long", Some(help));
    }
    Some(hedge::Params { after: after.value })
}

fn timeouts(node: &Node, sink: &Sink<'_>) -> Timeouts {
    let mut timeouts = Timeouts::default();
    let Some(mut fields) = sink.fields(node, "the timeouts") else { return timeouts };
    set(&mut timeouts.connect, fields.get("connect").and_then(|n| sink.positive_duration(n)));
    set(&mut timeouts.headers, fields.get("headers").and_then(|n| sink.positive_duration(n)));
    set(&mut timeouts.first_token, fields.get("first_token").and_then(|n| sink.positive_duration(n)));
    set(&mut timeouts.idle, fields.get("idle").and_then(|n| sink.positive_duration(n)));
    timeouts.total = fields.get("total").and_then(|n| sink.positive_duration(n)).map(|d| d.value);
    fields.finish();
    timeouts
}

fn breaker(node: &Node, sink: &Sink<'_>) -> Option<At<breaker::Params>> {
    let mut params = breaker::Params::default();
    let mut fields = sink.fields(node, "a breaker")?;
    set(&mut params.window, fields.get("window").and_then(|n| sink.positive_duration(n)));
    set(&mut params.failure_rate, fields.get("failure_rate").and_then(|n| sink.positive_share(n)));
    params.slow_rate = fields.get("slow_rate").and_then(|n| sink.positive_share(n)).map(|s| s.value);
    params.slow_after = fields.get("slow_after").and_then(|n| sink.positive_duration(n)).map(|d| d.value);
    if let (Some(at), None) = (fields.key("slow_after"), fields.key("slow_rate")) {
        let help = "add `slow_rate: 50%`, the share of slow calls that trips it";
        sink.error(&at, "`slow_after` does nothing without `slow_rate`", Some(help.to_owned()));
    }
    set(&mut params.min_calls, fields.get("min_calls").and_then(|n| sink.count32(n, 1, 1_000_000)));
    params.consecutive = match fields.get("consecutive") {
        Some(Node { value: Value::Null, .. }) | None => None,
        Some(n) => sink.count32(n, 1, 1_000_000).map(|n| n.value),
    };
    let open_for = set(&mut params.open_for, fields.get("open_for").and_then(|n| sink.positive_duration(n)));
    let open_max = set(&mut params.open_max, fields.get("open_max").and_then(|n| sink.positive_duration(n)));
    if params.open_max < params.open_for {
        match (open_max, open_for) {
            (None, _) => params.open_max = params.open_for,
            (Some(at), _) => {
                let help = format!("it is open for {:?} the first time", params.open_for);
                sink.error(&at, "`open_max` is shorter than `open_for`", Some(help));
            }
        }
    }
    set(&mut params.jitter, fields.get("jitter").and_then(|n| sink.share(n)));
    set(&mut params.half_open_calls, fields.get("half_open_calls").and_then(|n| sink.count32(n, 1, 1000)));
    params.probe_for = fields.get("probe_for").and_then(|n| sink.positive_duration(n)).map(|d| d.value);
    set(&mut params.group, fields.get("group").and_then(|n| sink.word(n, "who shares a breaker", GROUPS)));
    set(&mut params.ramp, fields.get("ramp").and_then(|n| sink.duration(n)));
    fields.finish();
    Some(At::new(params, node.at.clone()))
}

fn budget(node: &Node, sink: &Sink<'_>) -> Option<At<budget::Params>> {
    let mut params = budget::Params::default();
    let mut fields = sink.fields(node, "a budget")?;
    set(&mut params.per_request, fields.get("per_request").and_then(|n| sink.score(n)));
    set(&mut params.floor_per_second, fields.get("floor_per_second").and_then(|n| sink.number(n, 0.0, 100_000.0)));
    fields.finish();
    Some(At::new(params, node.at.clone()))
}

fn quality(node: &Node, sink: &Sink<'_>) -> Option<At<quality::Params>> {
    let mut params = quality::Params::default();
    let mut fields = sink.fields(node, "a quality window")?;
    set(&mut params.window, fields.get("window").and_then(|n| sink.positive_duration(n)));
    set(&mut params.failure_rate, fields.get("failure_rate").and_then(|n| sink.positive_share(n)));
    set(&mut params.min_calls, fields.get("min_calls").and_then(|n| sink.count32(n, 1, 1_000_000)));
    set(&mut params.demote_for, fields.get("demote_for").and_then(|n| sink.positive_duration(n)));
    fields.finish();
    Some(At::new(params, node.at.clone()))
}

fn health_checks(node: &Node, sink: &Sink<'_>) -> Option<At<Option<checks::Params>>> {
    let mut fields = sink.fields(node, "health checks")?;
    let mut params = checks::Params::DEFAULT;
    let kind = fields.need("kind", "kind: completion");
    set(&mut params.kind, kind.and_then(|n| sink.word(n, "what a check asks for", CHECKS)));
    let every = set(&mut params.every, fields.get("every").and_then(|n| sink.positive_duration(n)));
    set(&mut params.failures, fields.get("failures").and_then(|n| sink.count32(n, 1, 1000)));
    let timeout = set(&mut params.timeout, fields.get("timeout").and_then(|n| sink.positive_duration(n)));
    fields.finish();
    if let Some(at) = timeout.or(every).filter(|_| params.timeout >= params.every) {
        let help = format!("a check is due every {:?} and may take {:?}", params.every, params.timeout);
        sink.error(&at, "a check would still be under way when the next one is due", Some(help));
    }
    Some(At::new(Some(params), node.at.clone()))
}
