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

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// The version in the header of a recorded log.
pub const LOG_VERSION: u32 = 1;

/// A shared name: of a target, a phase, a tenant.
pub type Name = Arc<str>;

/// A span of time, or an offset from the start of the drill, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl From<Duration> for Micros {
    fn from(d: Duration) -> Self {
        Self(d.as_micros() as u64)
    }
}

impl From<Micros> for Duration {
    fn from(m: Micros) -> Self {
        Self::from_micros(m.0)
    }
}

impl Micros {
    /// Seconds, for arithmetic with rates.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Milliseconds, for people.
    #[must_use]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e3
    }

    /// The time since `earlier`, zero if it was later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

/// An amount of money, in whole billionths of a dollar: a token costs some hundreds of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nanodollars(pub u64);

impl Nanodollars {
    /// Dollars, for people.
    #[must_use]
    pub fn as_dollars_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl std::ops::AddAssign for Nanodollars {
    fn add_assign(&mut self, more: Self) {
        self.0 = self.0.saturating_add(more.0);
    }
}

impl std::fmt::Display for Nanodollars {
    /// In dollars, to the cent; below a dollar to a hundredth of a cent, so that a small drill does not cost nothing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = if self.0 < 1_000_000_000 { 4 } else { 2 };
        f.pad(&format!("${:.decimals$}", self.as_dollars_f64()))
    }
}

/// The tokens that an attempt is charged for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Of the prompt, whether they were in a cache or not.
    pub prompt: u32,
    /// Those of the prompt that came from a cache.
    pub cached: u32,
    /// Of the answer, thoughts included.
    pub answer: u32,
    /// The provider did not say: this is the router's guess.
    pub estimated: bool,
}

/// Which request: the number of its load stream and its number there. Stable under changes of load and policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId {
    /// Index of the load stream in the scenario.
    pub stream: u16,
    /// Running number within the stream.
    pub number: u32,
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

/// What an attempt's outcome means: the row of the decision table (`router/policy/decide.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A complete 200 that passed its gates.
    Ok,
    /// 429, with or without Retry-After.
    RateLimited,
    /// Out of credit or over a spend cap.
    QuotaExhausted,
    /// 529, 503, or an overload event in a stream.
    Overloaded,
    /// 500, 502, 504, 52x, 408, 409, 425, HTML from an edge.
    ServerError,
    /// Refused, unreachable, or reset before any response.
    Connect,
    /// Cut after the headers, a stream without its end, a short or empty body.
    Interrupted,
    /// No headers, no first token, stalled, or too slow overall.
    Timeout,
    /// The client's own mistake.
    BadRequest,
    /// The prompt does not fit this model's window.
    ContextLength,
    /// The key is not accepted.
    Auth,
    /// The model is not there (any more).
    ModelGone,
    /// Blocked by a filter, or refused.
    ContentPolicy,
    /// A complete 200 that is not JSON or has the wrong shape.
    Malformed,
    /// Valid JSON that breaks the schema, or a bad tool call.
    Schema,
    /// The client hung up.
    Cancelled,
}

impl Class {
    /// Every class, in the order of the decision table.
    pub const ALL: [Self; 16] = [
        Self::Ok,
        Self::RateLimited,
        Self::QuotaExhausted,
        Self::Overloaded,
        Self::ServerError,
        Self::Connect,
        Self::Interrupted,
        Self::Timeout,
        Self::BadRequest,
        Self::ContextLength,
        Self::Auth,
        Self::ModelGone,
        Self::ContentPolicy,
        Self::Malformed,
        Self::Schema,
        Self::Cancelled,
    ];

    /// The name that scenarios, logs and screens use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Connect => "connect",
            Self::Interrupted => "interrupted",
            Self::Timeout => "timeout",
            Self::BadRequest => "bad_request",
            Self::ContextLength => "context_length",
            Self::Auth => "auth",
            Self::ModelGone => "model_gone",
            Self::ContentPolicy => "content_policy",
            Self::Malformed => "malformed",
            Self::Schema => "schema",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a target was passed over without being tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its breaker is open.
    BreakerOpen,
    /// Its breaker is half-open and all probe permits are out, or the recovery ramp holds this request back.
    Recovering,
    /// It asked for a pause (Retry-After) that is not over.
    SetAside,
    /// Too little time remains before the deadline.
    Deadline,
    /// The prompt does not fit its context window.
    Context,
    /// The attempts allowed for one request are used up.
    AttemptsSpent,
    /// Its API cannot do what is asked.
    Capability,
    /// It is not in a region where the request may be processed.
    Residency,
    /// It is not approved for the kind of data in the request.
    DataClass,
    /// Nobody has measured whether it is good enough for what is at stake.
    Stakes,
    /// Its vectors do not compare with those of the chain's embedding model.
    VectorSpace,
    /// No key to it that the request may use is accepted.
    KeyClosed,
    /// By the provider's own account, nothing of its limit is left.
    NoAllowance,
    /// As many calls are in flight there as the chain allows.
    Busy,
    /// Its measured quality is proven to lie below the chain's floor.
    Quality,
    /// The tenant or the tier may not use it.
    NotAllowed,
    /// A call would cost more than the tenant or the tier has left.
    Budget,
}

impl SkipReason {
    /// The name that logs and screens use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BreakerOpen => "breaker_open",
            Self::Recovering => "recovering",
            Self::SetAside => "set_aside",
            Self::Deadline => "deadline",
            Self::Context => "context",
            Self::AttemptsSpent => "attempts_spent",
            Self::Capability => "capability",
            Self::Residency => "residency",
            Self::DataClass => "data_class",
            Self::Stakes => "stakes",
            Self::VectorSpace => "vector_space",
            Self::KeyClosed => "key_closed",
            Self::NoAllowance => "no_allowance",
            Self::Busy => "busy",
            Self::Quality => "quality",
            Self::NotAllowed => "not_allowed",
            Self::Budget => "budget",
        }
    }
}

/// Why a request moved on to another target: what happened at the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reason {
    /// An attempt ended in this class.
    Class(Class),
    /// It was skipped.
    Skip(SkipReason),
}

impl Reason {
    /// The name that logs and screens use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Class(c) => c.as_str(),
            Self::Skip(s) => s.as_str(),
        }
    }
}

/// The state of a circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Traffic flows.
    Closed,
    /// The target is skipped.
    Open,
    /// A trickle of probes.
    HalfOpen,
}

impl BreakerState {
    /// The name that logs and screens use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A circuit breaker has opened.
    BreakerOpen,
    /// A key is refused.
    Auth,
    /// A quota or a credit is used up.
    Quota,
    /// A model is going to be retired, or is gone.
    Retirement,
    /// The share of requests that a chain's first target does not serve has slowly grown.
    Drift,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::BreakerOpen, Self::Auth, Self::Quota, Self::Retirement, Self::Drift];

    /// The name that scenarios, logs and screens use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BreakerOpen => "breaker_open",
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::Retirement => "retirement",
            Self::Drift => "drift",
        }
    }
}

/// Whose budget it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payer {
    /// One tenant's.
    Tenant(Name),
    /// That of all tenants of a tier together.
    Tier(Name),
}

impl std::fmt::Display for Payer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tenant(name) => write!(f, "tenant {name}"),
            Self::Tier(name) => write!(f, "tier {name}"),
        }
    }
}

/// How a budget stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetLevel {
    /// There is enough.
    Full,
    /// The soft share is spent or reserved.
    Short,
    /// A call did not fit into what was left.
    Empty,
}

/// What made a share of requests drift away from a chain's first target, as far as the data show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftCause {
    /// Errors of the provider that creep in.
    Errors,
    /// Answers to one task that fail their gates, whoever asks: its prompt has become worse.
    Prompt,
    /// The traffic of one tenant has outgrown that of the others.
    Attack,
    /// None of these stands out.
    Unclear,
}

impl DriftCause {
    /// The name that scenarios, logs and screens use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Prompt => "prompt",
            Self::Attack => "attack",
            Self::Unclear => "unclear",
        }
    }
}

/// What a breaker knew just after an attempt was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BreakerReading {
    /// Failures ÷ calls in the window, 0 to 1; 0 without calls.
    pub failure_rate: f64,
    /// Calls in the window.
    pub calls: u32,
    /// Which replica's breaker; 0 of a router that runs alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replica: u16,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks this way")]
fn is_zero(replica: &u16) -> bool {
    *replica == 0
}

/// How a request ended, as the router says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A complete answer from a model, gates passed.
    Answered,
    /// A complete answer to the same question, given before and not too old.
    Cached,
    /// The degraded template.
    Degraded,
    /// The client's own fault, rightly surfaced: `bad_request`, `content_policy`, `cancelled`, and `context_length`
    /// where no target's window is large enough.
    Surfaced,
    /// An error.
    Failed,
}

impl Outcome {
    /// Whether the client got something it can show, be it a template.
    #[must_use]
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Answered | Self::Cached | Self::Degraded)
    }

    /// The name that logs and metrics use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Cached => "cached",
            Self::Degraded => "degraded",
            Self::Surfaced => "surfaced",
            Self::Failed => "failed",
        }
    }
}

/// What the load generator, which knows the right answer, found in what it was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// The known answer.
    Right,
    /// Well formed, but another answer.
    Wrong,
    /// The beginning of an answer, served as if it were whole.
    Truncated,
    /// Not of the shape that was asked for.
    SchemaViolation,
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
