//! Assertions on a drill: what was written, what was measured, and whether it holds.
//!
//! ```text
//! text ──lex──▶ tokens ──grammar──▶ Raw ──check──▶ Slo ─┐
//!                                                       ▼
//!                         event log ──▶ Board (one gauge per Slo) ──▶ views (live) · results (final)
//! ```
//!
//! Rules:
//! - A line reads `metric[(argument)][{label=value,…}] OP value [during PHASE | after PHASE] [over WINDOW]`.
//! - A request belongs to the phase of its *intended* arrival, an attempt to that of its dispatch, a breaker change to
//!   that of its instant. Phases are half-open: their end belongs to the next one.
//! - `over 10s` looks at every 10 s span of the load, or of the phases asked for, that begins at a whole second; all
//!   must satisfy the assertion, and the worst one is the value.
//! - Labels: `tenant`, `tier`, `task`, `stream`, `route` (the chain that the request takes), and where a sample is about
//!   a target, `target`: of a whole request, the one that answered it or whose error it is.
//! - No samples is never a pass, and neither is a percentile with fewer than 10 samples beyond it.
//! - Shares and times are compared exactly, as integers; rounding is for display only.
//!
//! Not here: what to do about a verdict (`report/`), or a reading of anything but the event log.
//!
//! To add a metric, see the checklist in `metric/mod.rs`.

mod assertion;
mod board;
mod check;
mod explain;
mod facts;
mod fleet;
mod gauge;
mod grammar;
mod judge;
mod lex;
mod metric;
mod series;
mod tally;
#[cfg(test)]
pub(crate) mod testing;
mod times;
mod unit;
mod vacuity;
mod window;

pub use assertion::{Names, Slo, SloError};
pub use board::Board;
pub use check::parse;
pub use explain::{Explanation, Moment, SloResult, Verdict};
pub use facts::{BudgetFact, CauseFact, ChainFact, Facts, FaultFact, PlaceFact};
pub(crate) use metric::Percentile;
pub use metric::outcomes::available;
pub use vacuity::vacuity;
