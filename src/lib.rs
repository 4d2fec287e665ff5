//! hopdrill: fire drills for LLM fallback routing.

pub mod engine;
pub mod event;
pub mod load;
pub mod router;
pub mod scenario;
pub mod slo;
pub mod stats;
pub mod tasks;
pub mod tui;
