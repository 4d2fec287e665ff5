//! The mocks as a client sees them: raw bytes over a connection, under a paused clock.

mod bench;
mod dialects;
