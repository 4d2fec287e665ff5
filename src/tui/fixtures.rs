//! Hand-made drills for the tests: a plan of two providers and three phases, and snapshots at its turning points.

use super::model::Model;
use super::theme::Theme;
use crate::engine::World;
use crate::event::{BreakerState, Class, Micros, Name, Outcome, Reason, SkipReason};
use crate::router::config::{Chain, Config, Fleet, Oversight, Target};
use crate::router::policy::gates::{Gate, Gates};
use crate::scenario::plan::{Phase, Plan, PlannedFault, Provider};
use crate::slo::{self, Names, Slo};
use crate::stats::snapshot::{FeedLine, Flow, FlowEnd, LatencyView, Level, SloView, Snapshot, Standing, TargetView};
use mock_providers::fault::{Effect, Fault, Injection, Pick, Shape, Whom};
use mock_providers::{Dialect, Distribution};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) const OPENAI: &str = "openai/gpt-4o";
pub(super) const ANTHROPIC: &str = "anthropic/claude-sonnet-4";

pub(super) fn at(seconds: f64) -> Micros {
    Micros((seconds * 1e6) as u64)
}

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn provider(name: &str, dialect: Dialect, model: &str) -> Provider {
    let model = mock_providers::Model {
        ttft: Distribution::fixed(Duration::from_millis(350)),
        tokens_per_second: 80.0,
        quality: 0.93,
        ..mock_providers::Model::named(model, 128_000)
    };
    Provider {
        name: name.into(),
        vendor: name.into(),
        region: None,
        approvals: vec![Default::default()],
        dialect,
        models: vec![model],
        connect: Duration::ZERO,
        limits: Default::default(),
    }
}

fn target(provider: usize, name: &str) -> Target {
    let (vendor, model) = name.split_once('/').unwrap();
    Target::new((provider, vendor), model)
}

pub(super) fn fault(id: u32, label: &str, providers: Vec<usize>, from: u64, until: u64, shape: Shape) -> PlannedFault {
    let effect = Effect::Mix(vec![(Injection::word("status_503").unwrap(), 1.0)]);
    let (from, until, whom, pick) = (secs(from), secs(until), Whom::default(), Pick::Request);
    let fault = Fault { id, from, until, whom, pick, shape, effect };
    PlannedFault { label: label.into(), providers, fault }
}

fn parsed(text: &str) -> Slo {
    let names = Names {
        targets: &[OPENAI.into(), ANTHROPIC.into()],
        providers: &["openai".into(), "anthropic".into()],
        phases: &["steady".into(), "outage".into(), "recovery".into()],
        tenants: &[],
        tiers: &[],
        tasks: &[],
        chains: &[],
    };
    slo::parse(text, &names).unwrap()
}

const SLOS: [&str; 4] = [
    "availability >= 99.9%",
    "p95(latency) < 4s during outage",
    "opens_within(openai) <= 8s",
    "fallback_share < 1% during steady",
];

pub(super) fn plan() -> Plan {
    let chain = Chain {
        deadline: secs(12),
        min_hop_time: secs(1),
        gates: Gates::new(&[Gate::named("json_schema").expect("a gate")]),
        min_quality: None,
        degraded: Some("{}".into()),
        ..Chain::new("premium", vec![0, 1])
    };
    let phase = |name: &str, from, until| Phase { name: name.into(), from: secs(from), until: secs(until) };
    Plan {
        name: "primary-outage".into(),
        summary: "OpenAI answers 503 for 40 s.".into(),
        seed: 42,
        source: "".into(),
        providers: vec![
            provider("openai", Dialect::OpenAi, "gpt-4o"),
            provider("anthropic", Dialect::Anthropic, "claude-sonnet-4"),
        ],
        router: Config {
            targets: vec![target(0, OPENAI), target(1, ANTHROPIC)],
            chains: vec![chain],
            routes: vec![],
            pools: vec![],
            fleet: Fleet::default(),
            oversight: Oversight::default(),
            tenants: BTreeMap::new(),
            tiers: BTreeMap::new(),
        },
        load: vec![],
        phases: vec![phase("steady", 0, 20), phase("outage", 20, 60), phase("recovery", 60, 120)],
        faults: vec![
            fault(0, "503", vec![0], 20, 60, Shape::Step),
            fault(1, "429 (retry after 2s)", vec![1], 70, 85, Shape::Step),
        ],
        slos: SLOS.map(parsed).into(),
        breaks: Vec::new(),
        alerts: Vec::new(),
    }
}

pub(super) fn latency(count: u64, p50: f64) -> LatencyView {
    let shape = [1, 2, 4, 9, 17, 30, 44, 52, 47, 36, 25, 16, 9, 5, 3, 2, 0, 1, 1, 2, 3, 2, 1, 0, 1_u64];
    let buckets: Vec<(f64, u64)> =
        shape.iter().enumerate().map(|(i, n)| (p50 / 4.0 * 1.2_f64.powi(i as i32), n * count.div_ceil(314))).collect();
    LatencyView { count, p50, p95: p50 * 2.8, p99: p50 * 5.0, max: p50 * 18.3, buckets }
}

fn view(name: &str, rate: f64, calls: u32, in_flight: u32, ok: u64, failed: &[(Class, u64)]) -> TargetView {
    let mut classes: BTreeMap<Class, u64> = failed.iter().copied().collect();
    classes.insert(Class::Ok, ok);
    TargetView {
        shut: 0,
        name: name.into(),
        breaker: BreakerState::Closed,
        since: Micros(0),
        probe_at: None,
        failure_rate: rate,
        calls,
        opened: 0,
        set_aside_until: None,
        demoted_until: None,
        graded: (0, 0),
        in_flight,
        classes,
        served: ok,
        latency: latency(ok.max(1), 640.0),
    }
}

fn flow(from: Option<&str>, to: FlowEnd, reason: Option<Reason>, count: u64) -> Flow {
    Flow { from: from.map(Name::from), to, reason, count }
}

fn to(target: &str) -> FlowEnd {
    FlowEnd::Target(target.into())
}

fn line(seconds: f64, level: Level, text: &str) -> FeedLine {
    FeedLine { at: at(seconds), level, text: text.into() }
}

fn slos(states: [(Option<&str>, Standing); 4]) -> Vec<SloView> {
    let limits = ["99.9%", "4s", "8s", "1%"];
    let views = SLOS.iter().zip(limits).zip(states);
    views
        .map(|((text, limit), (value, standing))| SloView {
            text: (*text).into(),
            value: value.map(Into::into),
            limit: limit.into(),
            standing,
        })
        .collect()
}

fn seconds(n: u32, outage: std::ops::Range<u32>) -> Vec<(u32, u32)> {
    (0..n).map(|i| (20 + (i * 7) % 9 - 4, if outage.contains(&i) { 3 + i % 2 } else { 0 })).collect()
}

/// Everything is well.
pub(super) fn steady() -> Arc<Snapshot> {
    Arc::new(Snapshot {
        replicas: 1,
        now: at(12.4),
        phase: Some(0),
        arrived: 248,
        in_flight: 11,
        outcomes: [(Outcome::Answered, 236), (Outcome::Surfaced, 1)].into(),
        attempts: 250,
        targets: vec![view(OPENAI, 0.01, 199, 11, 236, &[(Class::ServerError, 2)]), view(ANTHROPIC, 0.0, 0, 0, 0, &[])],
        flows: vec![
            flow(None, to(OPENAI), None, 248),
            flow(Some(OPENAI), FlowEnd::Client(Outcome::Answered), None, 236),
            flow(Some(OPENAI), FlowEnd::Client(Outcome::Surfaced), None, 1),
        ],
        latency: latency(236, 820.0),
        per_second: seconds(12, 0..0),
        feed: vec![
            line(0.0, Level::Info, "phase steady begins"),
            line(7.3, Level::Warning, "openai/gpt-4o: server_error, retried after 140ms"),
        ],
        slos: slos([
            (Some("100%"), Standing::Holding),
            (None, Standing::Pending),
            (None, Standing::Pending),
            (Some("0%"), Standing::Holding),
        ]),
        finished: false,
    })
}

/// The primary is down, its breaker is open, the secondary carries the traffic.
pub(super) fn outage() -> Arc<Snapshot> {
    let mut openai = view(OPENAI, 0.73, 41, 0, 398, &[(Class::Overloaded, 31), (Class::Timeout, 3)]);
    openai.breaker = BreakerState::Open;
    openai.since = at(31.6);
    openai.probe_at = Some(at(36.6));
    openai.opened = 3;
    let mut anthropic = view(ANTHROPIC, 0.02, 112, 14, 263, &[(Class::RateLimited, 2)]);
    anthropic.set_aside_until = Some(at(35.4));
    Arc::new(Snapshot {
        replicas: 1,
        now: at(34.2),
        phase: Some(1),
        arrived: 684,
        in_flight: 14,
        outcomes: [(Outcome::Answered, 652), (Outcome::Degraded, 13), (Outcome::Surfaced, 1), (Outcome::Failed, 4)]
            .into(),
        attempts: 724,
        targets: vec![openai, anthropic],
        flows: vec![
            flow(None, to(OPENAI), None, 684),
            flow(Some(OPENAI), FlowEnd::Client(Outcome::Answered), None, 389),
            flow(Some(ANTHROPIC), FlowEnd::Client(Outcome::Answered), None, 263),
            flow(Some(OPENAI), to(ANTHROPIC), Some(Reason::Skip(SkipReason::BreakerOpen)), 246),
            flow(Some(OPENAI), to(ANTHROPIC), Some(Reason::Class(Class::Overloaded)), 31),
            flow(Some(ANTHROPIC), FlowEnd::Client(Outcome::Degraded), None, 13),
            flow(Some(ANTHROPIC), FlowEnd::Client(Outcome::Failed), None, 4),
            flow(Some(OPENAI), to(ANTHROPIC), Some(Reason::Class(Class::Timeout)), 3),
        ],
        latency: latency(652, 910.0),
        per_second: seconds(34, 20..25),
        feed: vec![
            line(20.0, Level::Info, "phase outage begins"),
            line(20.0, Level::Bad, "fault on openai: 503"),
            line(20.3, Level::Warning, "0-401 openai/gpt-4o to anthropic/claude-sonnet-4: overloaded"),
            line(21.1, Level::Bad, "openai/gpt-4o breaker opened: 60% of 10 calls failed"),
            line(26.1, Level::Info, "openai/gpt-4o breaker half-open: probing"),
            line(26.4, Level::Bad, "openai/gpt-4o breaker opened again: a probe failed"),
            line(31.6, Level::Bad, "openai/gpt-4o breaker opened again: a probe failed"),
            line(33.4, Level::Warning, "anthropic/claude-sonnet-4 set aside for 2.0s: rate_limited"),
            line(34.1, Level::Warning, "0-683 degraded: no target left"),
        ],
        slos: slos([
            (Some("97.45%"), Standing::Violated),
            (Some("2.55s"), Standing::Holding),
            (Some("1.1s"), Standing::Holding),
            (Some("0%"), Standing::Holding),
        ]),
        finished: false,
    })
}

/// The primary is back and is being probed.
pub(super) fn half_open() -> Arc<Snapshot> {
    let mut s = (*outage()).clone();
    s.now = at(61.8);
    s.phase = Some(2);
    s.arrived = 1_236;
    s.targets[0] = TargetView {
        breaker: BreakerState::HalfOpen,
        since: at(61.4),
        probe_at: None,
        failure_rate: 0.0,
        calls: 2,
        in_flight: 2,
        ..s.targets[0].clone()
    };
    s.targets[1].set_aside_until = None;
    s.outcomes =
        [(Outcome::Answered, 1_207), (Outcome::Degraded, 13), (Outcome::Surfaced, 1), (Outcome::Failed, 4)].into();
    s.in_flight = 11;
    s.latency = latency(1_207, 940.0);
    s.per_second = seconds(61, 20..25);
    s.feed.push(line(60.0, Level::Info, "phase recovery begins"));
    s.feed.push(line(60.0, Level::Good, "fault on openai is over: 503"));
    s.feed.push(line(61.4, Level::Info, "openai/gpt-4o breaker half-open: probing"));
    Arc::new(s)
}

/// The log is complete, and one assertion does not hold.
pub(super) fn finished() -> Arc<Snapshot> {
    let mut s = (*half_open()).clone();
    s.now = at(123.1);
    s.phase = None;
    s.arrived = 2_412;
    s.in_flight = 0;
    s.outcomes =
        [(Outcome::Answered, 2_394), (Outcome::Degraded, 13), (Outcome::Surfaced, 1), (Outcome::Failed, 4)].into();
    s.targets[0] = TargetView {
        breaker: BreakerState::Closed,
        since: at(63.0),
        calls: 190,
        in_flight: 0,
        served: 1_544,
        ..s.targets[0].clone()
    };
    s.targets[1].in_flight = 0;
    s.latency = latency(2_394, 860.0);
    s.per_second = seconds(123, 20..25);
    s.feed.push(line(63.0, Level::Good, "openai/gpt-4o breaker closed: 3 probes succeeded"));
    s.feed.push(line(123.1, Level::Info, "the drill is over"));
    s.slos[0].value = Some("99.29%".into());
    s.finished = true;
    Arc::new(s)
}

pub(super) fn model(snapshot: Arc<Snapshot>) -> Model {
    let mut model = Model::new(Arc::new(plan()), 42, World::Virtual, 1.0, Theme::new(false, true));
    model.see(snapshot);
    model
}

/// Long and wide names everywhere, more of everything than fits.
pub(super) fn crowded() -> Model {
    let mut plan = plan();
    let mut snapshot = (*outage()).clone();
    let long = |i: usize| format!("供应商-{i}-🚒-with-a-provider-name/and-a-model-name-that-goes-on-and-on-{i}");
    plan.name = "a scenario whose name is much longer than anybody would want it to be, 消防演习".into();
    for (i, p) in plan.phases.iter_mut().enumerate() {
        p.name = format!("阶段 {i} 🚒 a phase with a name of more than sixty characters, all told").into();
    }
    for i in 0..9 {
        let name = long(i);
        plan.router.targets.push(target(0, &name));
        let mut t = snapshot.targets[i % 2].clone();
        t.name = name.as_str().into();
        t.calls = 4_000_000;
        t.in_flight = 1_234_567;
        t.demoted_until = Some(at(9_999.0));
        snapshot.targets.push(t);
        let reason = Reason::Class(Class::ALL[i + 1]);
        snapshot.flows.push(flow(Some(&name), to(&long(i + 1)), Some(reason), 10_u64.pow(i as u32)));
        let shape = Shape::Flap { up: secs(3), down: secs(2) };
        plan.faults.push(fault(
            9,
            "503 30%, 429 20%, silence 10%, cut after 40 tokens 5%",
            vec![0, 1, 0],
            5,
            110,
            shape,
        ));
        snapshot.feed.push(line(34.0, Level::Bad, &format!("{name} broke\nwith a newline\u{1b}[31m in it 消防")));
        let mut s = snapshot.slos[i % 4].clone();
        s.text = format!("p99.9(switch_time){{tenant=消防-{i}}} < 4s during {}", plan.phases[0].name).into();
        s.value = Some("18446744073709551615".into());
        snapshot.slos.push(s);
    }
    snapshot.flows.push(flow(None, FlowEnd::Client(Outcome::Degraded), None, u64::MAX));
    snapshot.arrived = u64::MAX;
    snapshot.latency.buckets = (0..900).map(|i| (f64::from(i), u64::MAX)).collect();
    snapshot.latency.max = f64::INFINITY;
    snapshot.latency.p99 = f64::NAN;
    snapshot.per_second = vec![(u32::MAX, u32::MAX); 5_000];
    let mut model = Model::new(Arc::new(plan), u64::MAX, World::Virtual, f64::INFINITY, Theme::new(true, true));
    model.see(Arc::new(snapshot));
    model
}
