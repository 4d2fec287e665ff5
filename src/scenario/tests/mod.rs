//! Scenario files against what they should mean.

mod broken;
mod design;
mod evals;
mod fallback;
mod forms;
mod hostile;
mod library;
mod limits;
mod routes;
