//! What a drill looks like to the tools that watch production: metrics, an audit log, traces, and who is told of alerts.
//!
//! - `prometheus`: counters, gauges and histograms as a scrape would find them. - `exposition`: how they are written.
//!   - `budgets`: what is left of them.
//! - `alerts`: who is told of what, and the telling. - `post`: JSON over HTTP.
//! - `otlp`: traces.
//! - `audit`: a row for every decision that moved traffic.
//!
//! Rules:
//! - Every account here is a fold of the event log and of nothing else, so it cannot say anything the log does not.
//! - What is written is a function of the log: the same drill gives the same bytes.
//! - Labels are bounded by the plan: a name it does not know is `other`.
//!
//! To add a series: its field in `prometheus.rs`, the arm of `apply` that feeds it and its line in `text`; the number of
//! its labels is part of its type, so no code path can leave one out.

pub mod alerts;
pub mod audit;
mod budgets;
mod exposition;
pub mod otlp;
mod post;
pub mod prometheus;

pub use budgets::Budget;
pub use prometheus::Prometheus;

use crate::event::Name;

/// The names that a plan knows, in its order; labels take no others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Targets, `provider/model`.
    pub targets: Vec<Name>,
    /// Tenants of the load.
    pub tenants: Vec<Name>,
    /// Chains.
    pub routes: Vec<Name>,
    /// Budgets of tenants and tiers.
    pub budgets: Vec<Budget>,
}

/// Whatever a plan does not know.
pub const OTHER: &str = "other";

impl Known {
    fn bounded(names: &[Name], name: &str) -> Name {
        names.iter().find(|known| ***known == *name).cloned().unwrap_or_else(|| OTHER.into())
    }

    /// A target, or `other`.
    #[must_use]
    pub fn target(&self, name: &str) -> Name {
        Self::bounded(&self.targets, name)
    }

    /// A tenant, or `other`.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Name {
        Self::bounded(&self.tenants, name)
    }

    /// A chain, or `other`.
    #[must_use]
    pub fn route(&self, name: &str) -> Name {
        Self::bounded(&self.routes, name)
    }
}
