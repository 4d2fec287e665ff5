//! Amounts: of time, of money, of tokens, and of what is left of a limit.

use super::is_zero;
use serde::{Deserialize, Serialize};
use std::time::Duration;

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

/// What a provider says is left of its limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Of requests.
    pub requests: Option<Left>,
    /// Of tokens.
    pub tokens: Option<Left>,
}

/// What is left of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// So many.
    pub remaining: u64,
    /// Until when that holds at most: some vendors mean the next permit, others the time when all is there again.
    pub reset: Option<Duration>,
}

/// What was found when a target was measured on an eval set: how many of its items came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The known answer.
    pub right: u32,
    /// Well formed, but another answer; also a refusal.
    pub wrong: u32,
    /// An answer that could not be read.
    pub parse: u32,
    /// One that could be read and had another form than was asked for.
    pub format: u32,
    /// One that was cut off, empty, or of the wrong length.
    pub length: u32,
    /// No answer, so nothing is known.
    pub errors: u32,
}

impl Marks {
    /// Answers that failed in their form.
    #[must_use]
    pub fn of_form(&self) -> u32 {
        self.parse + self.format + self.length
    }

    /// Items about which something is known.
    #[must_use]
    pub fn verdicts(&self) -> u32 {
        self.right + self.wrong + self.of_form()
    }
}
