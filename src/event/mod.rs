//! The one event log of a drill. Statistics, the screen, the verdicts, the reports and the recording are all folds of
//! it, so they cannot disagree.
//!
//! Rules:
//! - `seq` counts from 0 without a gap; `at` never goes backwards in the virtual world.
//! - Times are microseconds from the start of the drill ([`Micros`]); in the virtual world always whole milliseconds.
//! - A screen tick is not an event; a command from the keyboard is.
//! - Events name targets `provider/model`, requests by their key (`stream-number`, as in `0-17`).
//!
//! To add an event: a variant here with its fields documented, the place that records it, and the folds that care
//! (`stats/`, `slo/`, the feed's wording in `stats/feed.rs`). Bump [`LOG_VERSION`] when an old reader would misread it.

mod amounts;
mod terms;

pub use amounts::{Allowance, BreakerReading, Left, Marks, Micros, Nanodollars, Usage};
pub use terms::{
    AlertKind, BreakerState, BudgetLevel, CheckKind, Class, DriftCause, Judged, Outcome, Payer, Reason, SkipReason,
    SwapVerdict,
};

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version in the header of a recorded log.
pub const LOG_VERSION: u32 = 1;

/// A shared name: of a target, a phase, a tenant.
pub type Name = Arc<str>;

/// Whose the items of evals are: requests that measure a target. They are in no figure and in no assertion that does not
/// name this tenant.
pub const EVAL_TENANT: &str = "eval";

/// Which request: the number of its load stream and its number there. Stable under changes of load and policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId {
    /// Index of the load stream in the scenario; from [`RequestId::EVALS`] on, who takes which eval.
    pub stream: u16,
    /// Running number within the stream.
    pub number: u32,
}

impl RequestId {
    /// Streams from here on are no load: their requests are the items of evals.
    pub const EVALS: u16 = 1 << 15;

    /// Whether it is an item of an eval.
    #[must_use]
    pub fn is_eval(self) -> bool {
        self.stream >= Self::EVALS
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.stream, self.number)
    }
}

impl std::str::FromStr for RequestId {
    type Err = &'static str;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (stream, number) = s.split_once('-').ok_or("a request is named STREAM-NUMBER")?;
        Ok(Self {
            stream: stream.parse().map_err(|_| "the stream of a request is a number")?,
            number: number.parse().map_err(|_| "the number of a request is a number")?,
        })
    }
}

impl Serialize for RequestId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What stands in the requests of health checks where those of clients have their [`RequestId`].
#[must_use]
pub fn check_key(replica: u16, target: &str) -> String {
    format!("check-{replica}:{target}")
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks this way")]
fn is_zero(replica: &u16) -> bool {
    *replica == 0
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Place in the log, from 0 without a gap.
    pub seq: u64,
    /// When, from the start of the drill.
    pub at: Micros,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A phase of the scenario begins.
    PhaseStarted {
        /// Its name.
        phase: Name,
    },
    /// A scripted fault begins.
    FaultStarted {
        /// Its place in the scenario file.
        fault: u32,
        /// What it does, in a few words.
        label: Name,
        /// The providers it is on.
        providers: Vec<Name>,
    },
    /// A scripted fault ends.
    FaultEnded {
        /// Its place in the scenario file.
        fault: u32,
    },
    /// A request reaches the router.
    Arrived {
        /// Which.
        request: RequestId,
        /// When the plan wanted it; its phase and its latency count from here.
        intended: Micros,
        /// Whose.
        tenant: Name,
        /// The tenant's tier.
        tier: Name,
        /// What kind of job.
        task: Name,
        /// The chain that its route leads to.
        chain: Name,
        /// Whether the client wants a stream.
        stream: bool,
        /// The regions it may be processed in; empty: anywhere.
        #[serde(default, skip_serializing_if = "<[Name]>::is_empty")]
        residency: Arc<[Name]>,
        /// What kind of data is in it, if that was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data_class: Option<Name>,
    },
    /// A target was passed over.
    Skipped {
        /// For which request.
        request: RequestId,
        /// The target.
        target: Name,
        /// Why.
        reason: SkipReason,
    },
    /// A batch request waits for its turn at a target, to leave room for interactive traffic.
    Yielded {
        /// Which.
        request: RequestId,
        /// Where it waits.
        target: Name,
        /// How many waited there before it came.
        behind: u32,
    },
    /// A request moves from one target to the next. Every hop after the first has one, also after a skip.
    FellBack {
        /// Which.
        request: RequestId,
        /// The target left.
        from: Name,
        /// The target it moves to.
        to: Name,
        /// Why.
        reason: Reason,
    },
    /// A request stays with its target and will try again.
    Retried {
        /// Which.
        request: RequestId,
        /// Where.
        target: Name,
        /// The class of the attempt before.
        reason: Class,
        /// How long it waits first.
        wait: Micros,
    },
    /// An HTTP call is dispatched.
    AttemptStarted {
        /// For which request.
        request: RequestId,
        /// To which target.
        target: Name,
        /// The n-th call of this request to this target, from 1.
        attempt: u32,
        /// Whether it probes a half-open breaker.
        probe: bool,
        /// Set on the first call after a fallback from a *tried* target: the time since its failure was judged.
        switch: Option<Micros>,
        /// The key of a pool that it is made with; `None`: the tenant's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Name>,
    },
    /// The first token of a streamed answer was read.
    FirstToken {
        /// For which request.
        request: RequestId,
        /// From which target.
        target: Name,
        /// Which call.
        attempt: u32,
    },
    /// An HTTP call was judged.
    AttemptEnded {
        /// For which request.
        request: RequestId,
        /// To which target.
        target: Name,
        /// Which call.
        attempt: u32,
        /// When it was dispatched; it belongs to the phase of this instant.
        dispatched: Micros,
        /// What it means.
        class: Class,
        /// The HTTP status, if a head was read.
        status: Option<u16>,
        /// When the head was read, if it was.
        head: Option<Micros>,
        /// A few words from the transport or the provider.
        detail: Name,
        /// The wait the provider asked for, clamped.
        retry_after: Option<Micros>,
        /// Tokens of the answer read; a fragment of a tool call's arguments is one.
        tokens: u32,
        /// What it is charged for: as the provider says, else estimated; nothing without a 200.
        #[serde(default)]
        usage: Option<Usage>,
        /// The price of that, by the price list that the router was given.
        #[serde(default)]
        cost: Nanodollars,
        /// The breaker of this target after recording.
        breaker: BreakerReading,
        /// The key of a pool that it was made with; `None`: the tenant's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Name>,
    },
    /// A breaker changed state. One that several targets share is told once for each of them, at one instant.
    BreakerChanged {
        /// Whose.
        target: Name,
        /// Who shares it, as `vendor openai`; `None`: nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<Name>,
        /// Before.
        from: BreakerState,
        /// After.
        to: BreakerState,
        /// Why, in a few words.
        cause: Name,
        /// When an open breaker will admit its next probe.
        probe_at: Option<Micros>,
        /// Which replica's breaker; 0 of a router that runs alone.
        #[serde(default, skip_serializing_if = "is_zero")]
        replica: u16,
    },
    /// The breaker of a key changed state: whether the provider accepts it.
    KeyChanged {
        /// The provider.
        provider: Name,
        /// The key: its name in a pool, or the tenant whose own it is.
        key: Name,
        /// Before.
        from: BreakerState,
        /// After.
        to: BreakerState,
        /// Why, in a few words.
        cause: Name,
        /// When a closed off key will be tried again.
        probe_at: Option<Micros>,
        /// Which replica's; 0 of a router that runs alone.
        #[serde(default, skip_serializing_if = "is_zero")]
        replica: u16,
    },
    /// A synthetic health check, which is nobody's request, was judged. It counts as no attempt, and nobody's budget pays.
    HealthChecked {
        /// Whose.
        target: Name,
        /// Which replica made it; 0 of a router that runs alone.
        #[serde(default, skip_serializing_if = "is_zero")]
        replica: u16,
        /// The n-th of this replica on this target, from 1.
        check: u32,
        /// What was asked for.
        kind: CheckKind,
        /// When it was dispatched.
        dispatched: Micros,
        /// What came of it.
        class: Class,
        /// The HTTP status, if a head was read.
        status: Option<u16>,
        /// A few words from the transport or the provider.
        detail: Name,
        /// The price of it, as of a call.
        cost: Nanodollars,
    },
    /// A target asked for a pause and gets it.
    SetAside {
        /// Whose.
        target: Name,
        /// The one key that the pause is for; `None`: whatever the key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Name>,
        /// Until when.
        until: Micros,
    },
    /// The quality window moved a target to the end of its chains.
    Demoted {
        /// Which.
        target: Name,
        /// Until when.
        until: Micros,
    },
    /// A grader, which errs, has looked at an answer that a client got.
    Graded {
        /// To which request.
        request: RequestId,
        /// Whose answer.
        target: Name,
        /// What it says.
        good: bool,
        /// Dollars for the verdict.
        cost: f64,
    },
    /// A target was measured on the eval set of a chain.
    Evaluated {
        /// Whose eval set.
        chain: Name,
        /// Who was measured.
        target: Name,
        /// What was found.
        marks: Marks,
    },
    /// It was decided whether one target takes the place of another in a chain.
    Swap {
        /// Which chain.
        chain: Name,
        /// Whose place.
        from: Name,
        /// Who was to take it.
        to: Name,
        /// What was decided, and why.
        verdict: SwapVerdict,
        /// Items of the eval set on which there is a verdict on both.
        pairs: u32,
        /// Those of them that the incumbent got right.
        incumbent: u32,
        /// Those of them that the candidate got right.
        candidate: u32,
    },
    /// Something a person should know. Told when it begins, and again only after it was over.
    Alert {
        /// About which target.
        target: Name,
        /// What kind of thing.
        kind: AlertKind,
        /// Of a drift: what made it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        drift: Option<DriftCause>,
        /// Why, in a few words.
        cause: Name,
    },
    /// A budget became short, did not cover a call, or was filled again. Not told of every call.
    Budget {
        /// Whose.
        payer: Payer,
        /// How it stands now.
        level: BudgetLevel,
        /// What was spent in this window.
        spent: Nanodollars,
        /// What is neither spent nor reserved.
        left: Nanodollars,
    },
    /// The client got an error, or waited too long, and will ask again. It stays one request.
    ClientRetried {
        /// Which.
        request: RequestId,
        /// Its how manieth retry, from 1.
        retry: u32,
        /// What the client got; `timeout` also where it hung up.
        class: Class,
        /// How long it waits first.
        wait: Micros,
    },
    /// A request is over. Every request that arrived ends exactly once.
    Ended {
        /// Which.
        request: RequestId,
        /// When the plan wanted it.
        intended: Micros,
        /// How it ended.
        outcome: Outcome,
        /// For `surfaced` and `failed`: the class of the error that the client gets.
        class: Option<Class>,
        /// The target that answered, or whose error it is; for a cached or degraded answer the last one tried.
        target: Option<Name>,
        /// Time to the last byte, from the intended arrival.
        latency: Micros,
        /// Time to the first token given to the client, from the intended arrival.
        ttft: Option<Micros>,
        /// Targets used, over all the times the client asked.
        hops: u32,
        /// HTTP calls made, likewise.
        attempts: u32,
        /// What the load found in the answer, if one was served as complete.
        judged: Option<Judged>,
    },
    /// A provider charges for a call that the router did not hear to its end: what the log has not told of it yet. Told when
    /// the drill is over.
    Billed {
        /// For which request.
        request: RequestId,
        /// Which target.
        target: Name,
        /// Which call.
        attempt: u32,
        /// When it was dispatched; it belongs to the phase of this instant.
        dispatched: Micros,
        /// The price of what was produced, by the price list that the router was given.
        cost: Nanodollars,
    },
    /// The log is complete.
    DrillEnded {
        /// Whether the drill was cut off before its end (Ctrl-C).
        interrupted: bool,
    },
}

/// The first line of a recorded log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Always `hopdrill-log`.
    pub format: String,
    /// [`LOG_VERSION`] of the writer.
    pub version: u32,
    /// The program's version.
    pub hopdrill: String,
    /// The scenario's name.
    pub scenario: Name,
    /// A hash of the scenario's text, hexadecimal.
    pub scenario_hash: String,
    /// The seed.
    pub seed: u64,
    /// `virtual` or `real`.
    pub world: String,
}

/// Takes events in. Whoever records does not know who reads.
pub trait Sink: Send + Sync {
    /// Appends an event, with the present as its time.
    fn record(&self, kind: EventKind);
}
