//! The quality window of one target: bad answers demote it to the end of its chains, bad health opens its breaker.
//!
//! Rules: an answer counts as bad when a gate refused it (`malformed`, `schema`); every complete answer counts. With
//! at least `min_calls` in the window and a share of bad ones at the limit (`>=`), the target is demoted for
//! `demote_for` and the window starts anew. A demoted target is still used when nothing better is left.

use super::window::Window;
use std::time::Duration;

/// When bad answers demote a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// The span over which answers are counted.
    pub window: Duration,
    /// Demotes at this share of answers that failed a gate, 0 to 1 (`>=`).
    pub failure_rate: f64,
    /// No rate is judged on fewer answers.
    pub min_calls: u32,
    /// How long the target stays last in its chains.
    pub demote_for: Duration,
}

impl Default for Params {
    fn default() -> Self {
        Self { window: Duration::from_secs(10), failure_rate: 0.3, min_calls: 10, demote_for: Duration::from_secs(10) }
    }
}

/// The quality window of one target.
#[derive(Debug, Clone)]
pub struct Quality {
    params: Params,
    window: Window,
    demoted_until: Duration,
}

impl Quality {
    /// An empty window.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self { params, window: Window::new(params.window), demoted_until: Duration::ZERO }
    }

    /// Counts one complete answer. Returns until when the target is demoted, if this answer demoted it.
    pub fn record(&mut self, now: Duration, bad: bool) -> Option<Duration> {
        self.window.record(now, bad, false);
        let counts = self.window.counts(now);
        if self.is_demoted(now)
            || counts.calls < self.params.min_calls
            || counts.failure_rate() < self.params.failure_rate
        {
            return None;
        }
        self.window.clear();
        self.demoted_until = now + self.params.demote_for;
        Some(self.demoted_until)
    }

    /// Whether the target belongs at the end of its chains.
    #[must_use]
    pub fn is_demoted(&self, now: Duration) -> bool {
        now < self.demoted_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_share_of_bad_answers_at_the_limit_demotes_and_time_promotes_again() {
        let mut q = Quality::new(Params::default());
        for i in 0..9 {
            assert_eq!(q.record(s(1), i < 3), None);
        }
        assert_eq!(q.record(s(1), false), Some(s(11)), "3 of 10");
        assert!(q.is_demoted(s(10)) && !q.is_demoted(s(11)));
    }

    #[test]
    fn below_the_limit_nothing_happens() {
        let mut q = Quality::new(Params::default());
        assert!((0..100).all(|i| q.record(s(1), i % 4 == 3).is_none()), "a quarter is bad");
    }

    #[test]
    fn a_demoted_target_is_not_demoted_twice() {
        let mut q = Quality::new(Params::default());
        let demotions = (0..50).filter(|_| q.record(s(1), true).is_some()).count();
        assert_eq!(demotions, 1);
    }
}
