//! stub
use std::time::Duration;
/// When a breaker trips and how it recovers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// The span over which calls are counted.
    pub window: Duration,
    /// Trips at this share of failures among the calls in the window, 0 to 1 (`>=`).
    pub failure_rate: f64,
    /// Trips at this share of slow calls, 0 to 1 (`>=`); `None` never.
    pub slow_rate: Option<f64>,
    /// A successful call that took at least this long counts as slow; `None`: only timeouts do.
    pub slow_after: Option<Duration>,
    /// No rate is judged on fewer calls.
    pub min_calls: u32,
    /// Trips on this many failures in a row, whatever the rates; `None` never.
    pub consecutive: Option<u32>,
    /// How long it stays open the first time.
    pub open_for: Duration,
    /// Each reopening without a recovery between doubles the open time up to this.
    pub open_max: Duration,
    /// Probes in flight while half-open, and successes needed to close.
    pub half_open_calls: u32,
    /// After closing, the admitted share climbs from a tenth to all over this time; zero admits all at once.
    pub ramp: Duration,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            failure_rate: 0.5,
            slow_rate: None,
            slow_after: None,
            min_calls: 10,
            consecutive: None,
            open_for: Duration::from_secs(5),
            open_max: Duration::from_secs(60),
            half_open_calls: 3,
            ramp: Duration::from_secs(3),
        }
    }
}
