//! Mock LLM providers: HTTP servers that speak the vendors' wire formats well enough for real clients, and that fail
//! on a script.
//!
//! This crate knows nothing of routers or scenario files. It is given a [`Setup`] (who to be, what to serve, what to do
//! wrong and when) and gives back an axum application.

pub(crate) mod course;
pub mod dialect;
pub mod dist;
pub mod fault;
pub mod ledger;
pub mod limits;
pub mod luck;
pub mod model;
pub mod script;
pub mod server;
pub mod text;

pub use dialect::{Dialect, Tool};
pub use dist::Distribution;
pub use ledger::Ledger;
pub use luck::Luck;
pub use model::Model;
pub use script::Script;
pub use server::{Answers, BoundPort, EPOCH, Provider, Question, Said, Setup, Spawn, Want, Wire};
