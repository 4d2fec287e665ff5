//! The integration tests: whole drills through the library, and the program from the outside.

mod determinism;
mod drills;
mod layering;
mod ledger;
mod library;
mod table;
mod worlds;
