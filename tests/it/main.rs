//! The integration tests: whole drills through the library, and the program from the outside.

mod cli;
mod determinism;
mod drills;
mod gates;
mod layering;
mod ledger;
mod library;
mod limits;
mod oversight;
mod readme;
mod table;
mod tasks;
mod worlds;
