//! The mocks as a client sees them: raw bytes over a connection, under a paused clock.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod admission;
mod bench;
mod catalogue;
mod causes;
mod dialects;
mod faults;
mod fuzz;
mod golden;
mod hostile;
mod ledger;
mod openai_family;
mod other_vendors;
mod quota;
mod script;
mod tcp;
