//! stub
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
