//! Hand-written logs for tests: three phases (steady to 20 s, outage to 60 s, recovery to 120 s), two providers, times
//! in milliseconds. Events may be written in any order; the log is sorted by time, ties in the order written.

use super::{Board, CauseFact, Facts, FaultFact, Names, PlaceFact, Slo, SloError, SloResult, Verdict, parse};
use crate::event::{
    AlertKind, BreakerReading, BreakerState, Class, Event, EventKind, Judged, Micros, Name, Nanodollars, Outcome,
    Reason, RequestId, SkipReason,
};
use crate::stats::snapshot::SloView;
use std::collections::BTreeMap;

pub(crate) const GPT: &str = "openai/gpt-4o";
pub(crate) const MINI: &str = "openai/gpt-4o-mini";
pub(crate) const CLAUDE: &str = "anthropic/claude-sonnet-4";

fn names(list: &[&str]) -> Vec<Name> {
    list.iter().map(|n| Name::from(*n)).collect()
}

pub(crate) fn read(text: &str) -> Result<Slo, SloError> {
    let names = Names {
        targets: &names(&[GPT, MINI, CLAUDE]),
        providers: &names(&["openai", "anthropic"]),
        phases: &names(&["steady", "outage", "recovery"]),
        tenants: &names(&["acme", "globex", "eval"]),
        tiers: &names(&["premium", "free"]),
        tasks: &names(&["triage", "chat"]),
        chains: &names(&["premium", "cheap"]),
    };
    parse(text, &names)
}

pub(crate) fn facts() -> Facts {
    let secs = |s: u64| Micros(s * 1_000_000);
    Facts {
        phases: vec![
            ("steady".into(), secs(0), secs(20)),
            ("outage".into(), secs(20), secs(60)),
            ("recovery".into(), secs(60), secs(120)),
        ],
        targets: names(&[GPT, MINI, CLAUDE]),
        places: vec![
            PlaceFact { region: Some("us-east".into()), approved_for: ["pii".into()].into() },
            PlaceFact { region: Some("eu-west".into()), approved_for: ["pii".into()].into() },
            PlaceFact { region: Some("eu-west".into()), ..PlaceFact::default() },
        ],
        faults: vec![FaultFact {
            id: 0,
            providers: names(&["openai"]),
            from: secs(20),
            until: secs(60),
            label: "503".into(),
        }],
        chains: Vec::new(),
        causes: vec![CauseFact {
            target: CLAUDE.into(),
            kind: AlertKind::Retirement,
            from: secs(30),
            until: Micros(u64::MAX),
        }],
        budgets: Vec::new(),
        replicas: 1,
    }
}

/// A request by its number, in stream 0.
pub(crate) fn id(number: u32) -> RequestId {
    RequestId { stream: 0, number }
}

fn ms(ms: u64) -> Micros {
    Micros(ms * 1000)
}

/// A log in the making.
#[derive(Default)]
pub(crate) struct Log {
    events: Vec<(Micros, EventKind)>,
    arrived: BTreeMap<RequestId, Micros>,
    calls: BTreeMap<(RequestId, String), (u32, Micros)>,
    used: BTreeMap<RequestId, (u32, u32)>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&mut self, at: u64, kind: EventKind) -> &mut Self {
        self.events.push((ms(at), kind));
        self
    }

    pub(crate) fn arrive(&mut self, n: u32, at: u64) -> &mut Self {
        self.arrive_as(n, at, "acme", "triage", false)
    }

    pub(crate) fn arrive_as(&mut self, n: u32, at: u64, tenant: &str, task: &str, stream: bool) -> &mut Self {
        self.arrived.insert(id(n), ms(at));
        let tier = if tenant == "acme" { "premium" } else { "free" };
        let chain = if tenant == "acme" && !stream { "premium" } else { "cheap" };
        let (tenant, tier, task, chain) = (tenant.into(), tier.into(), task.into(), chain.into());
        let (residency, data_class) = (std::sync::Arc::default(), None);
        let (request, intended) = (id(n), ms(at));
        self.push(
            at,
            EventKind::Arrived { request, intended, tenant, tier, task, chain, stream, residency, data_class },
        )
    }

    pub(crate) fn arrive_bound(&mut self, n: u32, at: u64, residency: &[&str], data_class: Option<&str>) -> &mut Self {
        self.arrive(n, at);
        if let Some((_, EventKind::Arrived { residency: regions, data_class: class, .. })) = self.events.last_mut() {
            *regions = names(residency).into();
            *class = data_class.map(Into::into);
        }
        self
    }

    pub(crate) fn ask_again(&mut self, n: u32, at: u64) -> &mut Self {
        let kind = EventKind::ClientRetried { request: id(n), retry: 1, class: Class::Overloaded, wait: ms(500) };
        self.push(at, kind)
    }

    pub(crate) fn call(&mut self, n: u32, at: u64, target: &str) -> &mut Self {
        self.dispatch(n, at, target, false, None)
    }

    pub(crate) fn probe(&mut self, n: u32, at: u64, target: &str) -> &mut Self {
        self.dispatch(n, at, target, true, None)
    }

    pub(crate) fn switched(&mut self, n: u32, at: u64, target: &str, switch: u64) -> &mut Self {
        self.dispatch(n, at, target, false, Some(ms(switch)))
    }

    fn dispatch(&mut self, n: u32, at: u64, target: &str, probe: bool, switch: Option<Micros>) -> &mut Self {
        let call = self.calls.entry((id(n), target.to_owned())).or_default();
        *call = (call.0 + 1, ms(at));
        let attempt = call.0;
        let used = self.used.entry(id(n)).or_default();
        *used = (used.0 + u32::from(attempt == 1), used.1 + 1);
        let target = target.into();
        self.push(at, EventKind::AttemptStarted { request: id(n), target, attempt, probe, switch, key: None })
    }

    pub(crate) fn judged(&mut self, n: u32, at: u64, target: &str, class: Class) -> &mut Self {
        self.judged_with(n, at, target, class, None)
    }

    pub(crate) fn judged_with(&mut self, n: u32, at: u64, target: &str, class: Class, wait: Option<u64>) -> &mut Self {
        self.ended(n, at, target, class, wait, 0)
    }

    /// A whole call at the price of so many millionths of a dollar.
    pub(crate) fn paid(&mut self, n: u32, at: u64, target: &str, class: Class, millionths: u64) -> &mut Self {
        self.call(n, at, target).ended(n, at + 100, target, class, None, millionths)
    }

    fn ended(&mut self, n: u32, at: u64, target: &str, class: Class, wait: Option<u64>, millionths: u64) -> &mut Self {
        let (attempt, dispatched) = self.calls[&(id(n), target.to_owned())];
        self.push(
            at,
            EventKind::AttemptEnded {
                request: id(n),
                target: target.into(),
                attempt,
                dispatched,
                class,
                status: None,
                head: None,
                detail: "".into(),
                retry_after: wait.map(ms),
                tokens: 0,
                usage: None,
                cost: Nanodollars(millionths * 1000),
                breaker: BreakerReading { failure_rate: 0.0, calls: 0, replica: 0 },
                key: None,
            },
        )
    }

    pub(crate) fn fell(&mut self, n: u32, at: u64, from: &str, to: &str) -> &mut Self {
        let reason = Reason::Class(Class::Overloaded);
        self.push(at, EventKind::FellBack { request: id(n), from: from.into(), to: to.into(), reason })
    }

    pub(crate) fn skip(&mut self, n: u32, at: u64, target: &str) -> &mut Self {
        let reason = SkipReason::BreakerOpen;
        self.push(at, EventKind::Skipped { request: id(n), target: target.into(), reason })
    }

    pub(crate) fn end(
        &mut self,
        n: u32,
        at: u64,
        outcome: Outcome,
        class: Option<Class>,
        target: Option<&str>,
        judged: Option<Judged>,
    ) -> &mut Self {
        let intended = self.arrived[&id(n)];
        let (hops, attempts) = self.used.get(&id(n)).copied().unwrap_or_default();
        let latency = ms(at).since(intended);
        let answered = outcome == Outcome::Answered;
        self.push(
            at,
            EventKind::Ended {
                request: id(n),
                intended,
                outcome,
                class,
                target: target.map(Into::into),
                latency,
                ttft: answered.then_some(Micros(latency.0 / 2)),
                hops,
                attempts,
                judged,
            },
        )
    }

    pub(crate) fn answered(&mut self, n: u32, at: u64, judged: Judged) -> &mut Self {
        self.end(n, at, Outcome::Answered, None, Some(GPT), Some(judged))
    }

    pub(crate) fn degraded(&mut self, n: u32, at: u64) -> &mut Self {
        self.end(n, at, Outcome::Degraded, None, None, None)
    }

    pub(crate) fn failed(&mut self, n: u32, at: u64, class: Class) -> &mut Self {
        self.end(n, at, Outcome::Failed, Some(class), None, None)
    }

    pub(crate) fn surfaced(&mut self, n: u32, at: u64, class: Class) -> &mut Self {
        self.end(n, at, Outcome::Surfaced, Some(class), None, None)
    }

    /// A whole request: one call to gpt-4o, answered rightly after `latency`.
    pub(crate) fn served(&mut self, n: u32, at: u64, latency: u64) -> &mut Self {
        self.arrive(n, at).call(n, at, GPT).judged(n, at + latency, GPT, Class::Ok);
        self.answered(n, at + latency, Judged::Right)
    }

    /// A whole request: one call to gpt-4o, overloaded, and no other target.
    pub(crate) fn lost(&mut self, n: u32, at: u64, latency: u64) -> &mut Self {
        self.arrive(n, at).call(n, at, GPT).judged(n, at + latency, GPT, Class::Overloaded);
        self.failed(n, at + latency, Class::Overloaded)
    }

    /// A call by nobody in particular.
    pub(crate) fn lone_call(&mut self, n: u32, at: u64, took: u64, target: &str, class: Class) -> &mut Self {
        self.call(n, at, target).judged(n, at + took, target, class)
    }

    pub(crate) fn breaker(&mut self, at: u64, target: &str, from: BreakerState, to: BreakerState) -> &mut Self {
        let (target, cause) = (target.into(), "".into());
        let kind = EventKind::BreakerChanged { target, group: None, from, to, cause, probe_at: None, replica: 0 };
        self.push(at, kind)
    }

    pub(crate) fn graded(&mut self, n: u32, at: u64, target: &str, good: bool) -> &mut Self {
        self.push(at, EventKind::Graded { request: id(n), target: target.into(), good, cost: 0.002 })
    }

    pub(crate) fn alert(&mut self, at: u64, target: &str, kind: AlertKind) -> &mut Self {
        self.push(at, EventKind::Alert { target: target.into(), kind, drift: None, cause: "".into() })
    }

    pub(crate) fn opens(&mut self, at: u64, target: &str) -> &mut Self {
        self.breaker(at, target, BreakerState::Closed, BreakerState::Open)
    }

    pub(crate) fn closes(&mut self, at: u64, target: &str) -> &mut Self {
        self.breaker(at, target, BreakerState::HalfOpen, BreakerState::Closed)
    }

    pub(crate) fn fault(&mut self, at: u64, fault: u32, provider: &str) -> &mut Self {
        let providers = names(&[provider]);
        self.push(at, EventKind::FaultStarted { fault, label: "503".into(), providers })
    }

    pub(crate) fn healed(&mut self, at: u64, fault: u32) -> &mut Self {
        self.push(at, EventKind::FaultEnded { fault })
    }

    /// The log so far, in order.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events: Vec<_> = self.events.clone();
        events.sort_by_key(|(at, _)| *at);
        let number = |(seq, (at, kind))| Event { seq: seq as u64, at, kind };
        events.into_iter().enumerate().map(number).collect()
    }

    /// A board that has seen the log so far.
    pub(crate) fn board(&self, slos: &[&str]) -> Board {
        let slos: Vec<Slo> = slos.iter().map(|s| read(s).unwrap_or_else(|e| panic!("{s}: {e:?}"))).collect();
        let mut board = Board::new(&slos, facts());
        for event in self.events() {
            board.apply(&event);
        }
        board
    }

    /// What becomes of one assertion if the drill ends after all this.
    pub(crate) fn result(&mut self, slo: &str) -> SloResult {
        self.finish().board(&[slo]).results().remove(0)
    }

    /// How one assertion stands after all this, with the drill going on.
    pub(crate) fn view(&self, slo: &str, now: u64) -> SloView {
        self.board(&[slo]).views(ms(now)).remove(0)
    }

    pub(crate) fn finish(&mut self) -> &mut Self {
        let end = self.events.iter().map(|(at, _)| *at).max().unwrap_or_default().max(ms(120_000));
        self.events.retain(|(_, kind)| !matches!(kind, EventKind::DrillEnded { .. }));
        self.push(end.0 / 1000, EventKind::DrillEnded { interrupted: false })
    }

    /// `value verdict` of one assertion at the end: `99.21% Fail`.
    pub(crate) fn says(&mut self, slo: &str) -> String {
        let result = self.result(slo);
        let verdict = match result.verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Inconclusive => "inconclusive",
        };
        format!("{} {verdict}", result.value.unwrap_or_else(|| "-".to_owned()))
    }
}
