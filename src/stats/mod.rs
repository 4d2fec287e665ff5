//! Folds of the event log: what the screen shows and the reports print.
//!
//! - `fold`: the log → [`Snapshot`]. - `histogram`: latencies. - `feed`: events in words. - `snapshot`: the value.
//!
//! Nothing here asks anybody: whatever is shown must be in the log.

mod feed;
mod fold;
mod histogram;
pub mod snapshot;

pub use fold::Stats;
pub use histogram::Latencies;
