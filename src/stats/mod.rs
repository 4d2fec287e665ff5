//! Folds of the event log: what the screen shows and the reports print.

pub mod snapshot;
