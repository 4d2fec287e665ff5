//! Terms: what can happen to a call, a target, a request, a budget, and the words for it.

use super::Name;
use serde::{Deserialize, Serialize};

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
    /// Whether the router hung up on the call, so that it may not know what it costs.
    #[must_use]
    pub fn is_given_up(self) -> bool {
        matches!(self, Self::Timeout | Self::Cancelled)
    }

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
    /// It is a batch request, there is no room beside interactive traffic, and no time to wait for some.
    Yields,
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
            Self::Yields => "yields",
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
    /// It took long, and another one races it.
    #[serde(with = "hedge")]
    Hedge,
}

/// A word of its own among words of other lists.
mod hedge {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str("hedge")
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<(), D::Error> {
        match &*std::borrow::Cow::<str>::deserialize(d)? {
            "hedge" => Ok(()),
            other => Err(serde::de::Error::custom(format!("no such reason: {other}"))),
        }
    }
}

impl Reason {
    /// The name that logs and screens use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Class(c) => c.as_str(),
            Self::Skip(s) => s.as_str(),
            Self::Hedge => "hedge",
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

/// What a synthetic health check asks a target for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// The list of models: cheap, and another part of the vendor.
    Models,
    /// A few words from the model.
    Completion,
}

impl CheckKind {
    /// The name that scenarios and logs use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Models => "models",
            Self::Completion => "completion",
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
    /// The price list says something else than before.
    PriceChange,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::BreakerOpen, Self::Auth, Self::Quota, Self::Retirement, Self::Drift, Self::PriceChange];

    /// The name that scenarios, logs and screens use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BreakerOpen => "breaker_open",
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::Retirement => "retirement",
            Self::Drift => "drift",
            Self::PriceChange => "price_change",
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

/// What was decided about a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapVerdict {
    /// The candidate is no worse than the margin allows and has taken the place.
    Shipped,
    /// It has taken the place, and nobody has looked.
    Unseen,
    /// Refused: it gives more wrong answers.
    Regression,
    /// Refused: its answers fail in their form. Where they do not, it is good enough; what does not fit is the prompt, the
    /// schema or the parser.
    HarnessMismatch,
    /// Refused: too many items had no verdict.
    Inconclusive,
    /// Refused: the incumbent is not in the chain (any more).
    Absent,
}

impl SwapVerdict {
    /// Whether the candidate has taken the place.
    #[must_use]
    pub fn ships(self) -> bool {
        matches!(self, Self::Shipped | Self::Unseen)
    }

    /// The name that logs and screens use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Unseen => "unseen",
            Self::Regression => "regression",
            Self::HarnessMismatch => "harness_mismatch",
            Self::Inconclusive => "inconclusive",
            Self::Absent => "absent",
        }
    }
}
