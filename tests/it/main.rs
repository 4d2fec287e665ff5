//! The integration tests: whole drills through the library, and the program from the outside.

mod cli;
mod clients;
mod determinism;
mod drills;
mod fleet;
mod layering;
mod ledger;
mod library;
mod limits;
mod readme;
mod table;
mod tasks;
mod worlds;
