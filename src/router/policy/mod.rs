//! The pure parts of the router. Nothing here awaits, reads a clock or draws luck: `now` is handed in as the offset
//! from the start of the drill, luck as a number in `[0, 1)`.
//!
//! One mechanism per file, each with its parameters, its rules and its tests. This room knows nothing of scenarios,
//! HTTP or events beyond the shared words in `event.rs`.

pub mod ahead;
pub mod alerts;
pub mod backoff;
pub mod batch;
pub mod breaker;
pub mod budget;
pub mod cache;
pub mod checks;
pub mod cost;
pub mod decide;
pub mod drift;
pub mod evals;
pub mod fit;
pub mod gates;
pub mod grading;
pub mod hedge;
pub mod join;
pub mod keyring;
pub mod order;
pub mod prices;
pub mod purse;
pub mod quality;
pub mod retry_after;
pub mod rolling;
pub mod route;
pub mod shared;
pub mod triggers;
pub mod window;
