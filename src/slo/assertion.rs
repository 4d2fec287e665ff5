//! The words of an assertion, checked: every name in it resolves, every value has the unit of its metric.

use super::metric::{Argument, Family};
use super::unit::Limit;
use crate::event::{Micros, Name};
use std::cmp::Ordering;
use std::ops::Range;

/// One checked assertion.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// As it was written.
    pub text: Name,
    /// What is measured.
    pub(crate) metric: Metric,
    /// Of which requests and targets.
    pub(crate) filter: Filter,
    /// How it compares with the limit.
    pub(crate) op: Op,
    /// The limit.
    pub(crate) limit: Limit,
    /// When.
    pub(crate) scope: Scope,
}

impl Slo {
    /// Which side of the limit is the good one.
    pub(crate) fn good_side(&self) -> Side {
        match self.op {
            Op::Ge | Op::Gt => Side::High,
            Op::Le | Op::Lt | Op::Ne => Side::Low,
            Op::Eq if self.limit.is_full_share() => Side::High,
            Op::Eq => Side::Low,
        }
    }
}

/// A family with its argument.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Metric {
    pub(crate) family: &'static Family,
    pub(crate) argument: Argument,
}

/// A provider or one of its targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject(pub(crate) Name);

impl Subject {
    /// Whether `target` (`provider/model`) is it, or is one of its.
    pub(crate) fn covers(&self, target: &str) -> bool {
        *self.0 == *target || target.split_once('/').is_some_and(|(provider, _)| *self.0 == *provider)
    }

    /// The provider it is on.
    pub(crate) fn provider(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(provider, _)| provider)
    }
}

/// Which requests (and, where that makes sense, which target) count. Everything given must match.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Filter {
    pub(crate) tenant: Option<Name>,
    pub(crate) tier: Option<Name>,
    pub(crate) task: Option<Name>,
    /// The chain that the request takes.
    pub(crate) route: Option<Name>,
    pub(crate) stream: Option<bool>,
    pub(crate) target: Option<Subject>,
}

impl Filter {
    /// Tenant, tier, task and chain, where one is asked for.
    pub(crate) fn names(&self) -> [Option<&Name>; 4] {
        [self.tenant.as_ref(), self.tier.as_ref(), self.task.as_ref(), self.route.as_ref()]
    }
}

/// When samples count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scope {
    pub(crate) part: Part,
    /// Every span of this many seconds within the part must satisfy the assertion by itself.
    pub(crate) window: Option<u32>,
}

/// A part of the drill.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// This phase.
    During(Name),
    /// The phases after this one.
    After(Name),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Ge,
    Gt,
    Le,
    Lt,
    Eq,
    Ne,
}

impl Op {
    /// Whether a value that compares like this with the limit satisfies it.
    pub(crate) fn holds(self, value_to_limit: Ordering) -> bool {
        match self {
            Self::Ge => value_to_limit.is_ge(),
            Self::Gt => value_to_limit.is_gt(),
            Self::Le => value_to_limit.is_le(),
            Self::Lt => value_to_limit.is_lt(),
            Self::Eq => value_to_limit.is_eq(),
            Self::Ne => value_to_limit.is_ne(),
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ge => ">=",
            Self::Gt => ">",
            Self::Le => "<=",
            Self::Lt => "<",
            Self::Eq => "==",
            Self::Ne => "!=",
        }
    }
}

/// A side of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Low,
    High,
}

/// A half-open span of the drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) from: Micros,
    pub(crate) until: Micros,
}

impl Interval {
    pub(crate) const ALL: Self = Self { from: Micros(0), until: Micros(u64::MAX) };

    pub(crate) fn contains(self, at: Micros) -> bool {
        self.from <= at && at < self.until
    }

    /// No longer than to `end`.
    pub(crate) fn until(self, end: Micros) -> Self {
        Self { until: self.until.min(end), ..self }
    }
}

/// The names an assertion may mention.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// `provider/model`.
    pub targets: &'a [Name],
    /// Providers.
    pub providers: &'a [Name],
    /// Phases.
    pub phases: &'a [Name],
    /// Tenants.
    pub tenants: &'a [Name],
    /// Tiers.
    pub tiers: &'a [Name],
    /// Tasks.
    pub tasks: &'a [Name],
    /// Chains.
    pub chains: &'a [Name],
}

/// What is wrong with an assertion.
#[derive(Debug, Clone, PartialEq)]
pub struct SloError {
    /// Which bytes of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl SloError {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
