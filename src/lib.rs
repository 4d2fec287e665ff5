//! hopdrill: fire drills for LLM fallback routing.

pub mod cli;
pub mod engine;
pub mod event;
pub mod load;
pub mod observe;
pub mod oracle;
pub mod provider;
pub mod report;
pub mod router;
pub mod runtime;
pub mod scenario;
pub mod slo;
pub mod stats;
pub mod tasks;
pub mod transport;
pub mod tui;
pub mod words;
