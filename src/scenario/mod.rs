//! Scenarios: from what was typed to a plan.
pub mod plan;
