//! A sliding window of outcomes, kept as ten buckets.
//!
//! Rules: a bucket covers a tenth of the span; buckets are aligned to the start of the drill, so two windows of one
//! span turn over together. What the window reports covers the span up to now, less at most one bucket.

use std::time::Duration;

const BUCKETS: usize = 10;

/// What happened within a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls.
    pub calls: u32,
    /// Failed calls.
    pub failures: u32,
    /// Slow calls, failed or not.
    pub slow: u32,
}

impl Counts {
    /// Failures ÷ calls; 0 without calls.
    #[must_use]
    pub fn failure_rate(&self) -> f64 {
        share(self.failures, self.calls)
    }

    /// Slow calls ÷ calls; 0 without calls.
    #[must_use]
    pub fn slow_rate(&self) -> f64 {
        share(self.slow, self.calls)
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}

/// Counts over the last span of time.
#[derive(Debug, Clone)]
pub struct Window {
    bucket: Duration,
    /// Number of the newest bucket since the start of the drill.
    newest: u64,
    buckets: [Counts; BUCKETS],
}

impl Window {
    /// An empty window over `span`.
    #[must_use]
    pub fn new(span: Duration) -> Self {
        let bucket = (span / BUCKETS as u32).max(Duration::from_millis(1));
        Self { bucket, newest: 0, buckets: [Counts::default(); BUCKETS] }
    }

    fn turn_to(&mut self, now: Duration) {
        let number = (now.as_micros() / self.bucket.as_micros()) as u64;
        if number <= self.newest {
            return;
        }
        for skipped in (self.newest + 1..=number).rev().take(BUCKETS) {
            self.buckets[(skipped % BUCKETS as u64) as usize] = Counts::default();
        }
        self.newest = number;
    }

    /// Counts one call.
    pub fn record(&mut self, now: Duration, failed: bool, slow: bool) {
        self.turn_to(now);
        self.buckets[(self.newest % BUCKETS as u64) as usize].add(Counts {
            calls: 1,
            failures: u32::from(failed),
            slow: u32::from(slow),
        });
    }

    /// What happened within the span up to `now`.
    pub fn counts(&mut self, now: Duration) -> Counts {
        self.turn_to(now);
        let mut sum = Counts::default();
        for bucket in &self.buckets {
            sum.add(*bucket);
        }
        sum
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.buckets = [Counts::default(); BUCKETS];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn calls_older_than_the_span_are_forgotten() {
        let mut w = Window::new(s(10.0));
        w.record(s(0.5), true, false);
        w.record(s(5.0), false, true);
        assert_eq!(w.counts(s(9.9)), Counts { calls: 2, failures: 1, slow: 1 });
        assert_eq!(w.counts(s(10.5)), Counts { calls: 1, failures: 0, slow: 1 });
        assert_eq!(w.counts(s(100.0)), Counts::default());
    }

    #[test]
    fn a_window_without_calls_has_no_failures_rather_than_a_division_by_zero() {
        assert_eq!(Window::new(s(1.0)).counts(s(0.0)).failure_rate(), 0.0);
    }

    proptest! {
        #[test]
        fn it_counts_what_a_list_of_calls_counts_to_the_bucket(
            mut times in proptest::collection::vec(0u64..60_000, 0..200), span in 10u64..20_000,
        ) {
            times.sort_unstable();
            let mut w = Window::new(Duration::from_millis(span));
            let bucket = (Duration::from_millis(span) / 10).as_micros();
            for &t in &times { w.record(Duration::from_millis(t), t % 3 == 0, false); }
            let now = times.last().copied().unwrap_or(0);
            let oldest = (u128::from(now) * 1000 / bucket).saturating_sub(9);
            let expected = times.iter().filter(|&&t| u128::from(t) * 1000 / bucket >= oldest).count();
            prop_assert_eq!(w.counts(Duration::from_millis(now)).calls as usize, expected);
        }
    }
}
