//! The integration tests: whole drills through the library, and the program from the outside.

mod breaks;
mod cli;
mod clients;
mod determinism;
mod drills;
mod fleet;
mod gates;
mod layering;
mod ledger;
mod library;
mod limits;
mod money;
mod observe;
<<<<<<< HEAD
mod oversight;
=======
mod properties;
>>>>>>> fb541052351a6b876c59c40495838fa1492d9bd2
mod readme;
mod routes;
mod situations;
mod streams;
mod table;
mod tasks;
mod worlds;
