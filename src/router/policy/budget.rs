//! The retry budget: a token bucket per target that keeps retries a fraction of the traffic, so that a router in
//! trouble does not multiply the load on a provider in trouble.
//!
//! Rules: every first attempt on the target earns `per_request` tokens; every same-target retry costs one. A floor of
//! `floor_per_second` trickles in, so that quiet traffic may still retry. The bucket holds at most ten seconds of the
//! floor and starts full. Fallback to another target costs nothing here; it is bounded by the chain.

use std::time::Duration;

/// How fast the budget refills.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// Tokens earned by each first attempt.
    pub per_request: f64,
    /// Tokens earned each second, whatever the traffic.
    pub floor_per_second: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self { per_request: 0.2, floor_per_second: 3.0 }
    }
}

impl Params {
    /// As good as no budget.
    pub const UNLIMITED: Self = Self { per_request: 1.0, floor_per_second: 1e9 };
}

/// The budget of one target.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    params: Params,
    tokens: f64,
    filled_at: Duration,
}

impl RetryBudget {
    /// A full bucket.
    #[must_use]
    pub fn new(params: Params, now: Duration) -> Self {
        Self { params, tokens: Self::cap(&params), filled_at: now }
    }

    fn cap(params: &Params) -> f64 {
        (params.floor_per_second * 10.0).max(1.0)
    }

    fn refill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.filled_at).as_secs_f64();
        self.filled_at = self.filled_at.max(now);
        self.tokens = (self.tokens + elapsed * self.params.floor_per_second).min(Self::cap(&self.params));
    }

    /// A first attempt on the target earns its share.
    pub fn earn(&mut self, now: Duration) {
        self.refill(now);
        self.tokens = (self.tokens + self.params.per_request).min(Self::cap(&self.params));
    }

    /// Whether [`spend`](Self::spend) would be granted.
    pub fn covers_one(&mut self, now: Duration) -> bool {
        self.refill(now);
        self.tokens >= 1.0
    }

    /// Takes the token for one retry. `false`: there is none, and nothing was taken.
    pub fn spend(&mut self, now: Duration) -> bool {
        let granted = self.covers_one(now);
        if granted {
            self.tokens -= 1.0;
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn drained() -> RetryBudget {
        let mut budget = RetryBudget::new(Params::default(), NOW);
        while budget.spend(NOW) {}
        budget
    }

    #[test]
    fn five_first_attempts_earn_one_retry() {
        let mut budget = drained();
        for _ in 0..4 {
            budget.earn(NOW);
            assert!(!budget.spend(NOW));
        }
        budget.earn(NOW);
        assert!(budget.spend(NOW));
        assert!(!budget.spend(NOW));
    }

    #[test]
    fn the_floor_grants_three_retries_a_second_without_any_traffic() {
        let mut budget = drained();
        let later = Duration::from_secs(1);
        assert_eq!((0..10).filter(|_| budget.spend(later)).count(), 3);
    }

    #[test]
    fn a_long_quiet_time_does_not_save_up_more_than_ten_seconds_of_floor() {
        let mut budget = drained();
        let later = Duration::from_secs(3600);
        assert_eq!((0..1000).filter(|_| budget.spend(later)).count(), 30);
    }

    #[test]
    fn a_storm_of_retries_is_held_to_a_fifth_of_the_traffic_and_the_floor() {
        let mut budget = drained();
        let mut granted = 0;
        for ms in 0..10_000u64 {
            let now = Duration::from_millis(ms);
            if ms % 10 == 0 {
                budget.earn(now);
            }
            granted += u32::from(budget.spend(now));
        }
        assert!((225..=231).contains(&granted), "1000 requests earn 200, ten seconds 30: {granted}");
    }
}
