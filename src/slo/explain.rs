//! Verdicts and why.

use crate::event::{Micros, Name, RequestId};
use serde::Serialize;

/// What became of an assertion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SloResult {
    /// As it was written.
    pub text: Name,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was measured, formatted like the limit; `None` without samples.
    pub value: Option<String>,
    /// The limit as it was written.
    pub limit: String,
    /// Why it does not hold, or why nobody can say; `None` for a pass.
    pub why: Option<Explanation>,
}

/// Whether an assertion holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// There were no samples, or too few to say. Never a pass.
    Inconclusive,
}

/// What is known of a failure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The number and the limit, or what is missing, in a sentence without a full stop.
    pub summary: String,
    /// The instant after which the value stayed on the wrong side, from the start of the drill. Of windows, the end of
    /// the first bad one; of a time from a fault, when the limit ran out.
    #[serde(rename = "broke_at_us")]
    pub broke_at: Option<Micros>,
    /// When it was worst.
    pub worst: Option<Moment>,
    /// The worst offenders, at most three, worst first.
    pub requests: Vec<RequestId>,
}

/// A span of the drill and the value there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moment {
    /// Start, from the start of the drill.
    #[serde(rename = "from_us")]
    pub from: Micros,
    /// End, exclusive.
    #[serde(rename = "until_us")]
    pub until: Micros,
    /// The value, formatted like the limit.
    pub value: String,
}

impl Explanation {
    pub(crate) fn sentence(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), broke_at: None, worst: None, requests: Vec::new() }
    }
}

/// The three worst offenders so far: greatest weight first, the earlier of equals first, each request once.
#[derive(Debug, Default)]
pub(crate) struct Offenders(Vec<(u64, RequestId)>);

impl Offenders {
    pub(crate) fn add(&mut self, weight: u64, request: RequestId) {
        if self.0.len() == 3 && self.0.last().is_some_and(|(least, _)| weight <= *least) {
            return;
        }
        if let Some(known) = self.0.iter().position(|(_, r)| *r == request) {
            if weight <= self.0.get(known).map_or(0, |(w, _)| *w) {
                return;
            }
            self.0.remove(known);
        }
        let place = self.0.iter().position(|(w, _)| *w < weight).unwrap_or(self.0.len());
        self.0.insert(place, (weight, request));
        self.0.truncate(3);
    }

    pub(crate) fn list(&self) -> Vec<RequestId> {
        self.0.iter().map(|(_, r)| *r).collect()
    }
}
