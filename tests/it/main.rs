//! The integration tests: whole drills through the library, and the program from the outside.

mod breaks;
mod cli;
mod clients;
mod determinism;
mod drills;
mod evals;
mod fleet;
mod gates;
mod health;
mod hedging;
mod layering;
mod ledger;
mod library;
mod limits;
mod money;
mod observe;
mod oversight;
mod properties;
mod readme;
mod routes;
mod situations;
mod streams;
mod table;
mod tasks;
mod worlds;
