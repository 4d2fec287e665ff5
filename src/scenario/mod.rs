//! Scenarios: from what was typed to a plan.
//!
//! ```text
//! bytes ─ yaml ─→ located tree ─ spec ─→ Spec (what was typed) ─ check ─→ Plan (what a drill runs)
//!                                   └──────── problems, all at once ────────┘
//! ```
//!
//! Rules:
//! - One file is one scenario. Unknown and duplicate keys are errors, with a guess at what was meant.
//! - All problems are told at once, in the order of the file, each with line, column and the source underlined; what
//!   is wrong with the sense is located as precisely as what is wrong with the syntax.
//! - A quantity has a unit ([`units`]). What a file leaves out comes from the [`catalogue`] or from the defaults that
//!   stand beside each mechanism's parameters.
//! - A [`Plan`] comes out only if there is no error; warnings come out with it.
//! - Whatever the bytes are, the answer comes quickly and nothing panics.
//!
//! Not done here: running, judging, printing. Assertions are read by `slo`; this room only tells where one is wrong.
//!
//! To add a scenario key: read it in `spec/` (the list of legal keys follows by itself), fit it in `check/`, put it
//! into [`plan`] or the parameters of its mechanism, and add a line to the table of broken inputs in `tests/`.

pub mod advice;
pub mod catalogue;
mod check;
mod evals;
pub mod library;
pub mod plan;
pub mod problem;
pub mod rank;
mod reader;
mod source;
mod spec;
pub mod units;
mod yaml;

#[cfg(test)]
mod tests;

pub use plan::Plan;
pub use problem::{Invalid, Problem, Severity};

use reader::Sink;
use source::Source;

/// A scenario that can run.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What to run.
    pub plan: Plan,
    /// What may not be meant, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// Reads and checks a scenario; `name` is what messages call it, normally its path.
///
/// # Errors
/// All that is wrong with it.
pub fn load(name: &str, text: &[u8]) -> Result<Loaded, Invalid> {
    let invalid =
        |source: &Source, problems| Invalid { name: name.to_owned(), source: source.text().to_owned(), problems };
    let source = yaml::decode(text).map_err(|refused| {
        let (source, problem) = *refused;
        invalid(&source, vec![problem])
    })?;
    let (tree, problems) = yaml::parse(&source).map_err(|problems| invalid(&source, problems))?;
    let sink = Sink::new(&source, problems);
    let plan = spec::read(&tree, &sink).and_then(|spec| check::check(&spec, &sink));
    match (plan, sink.into_problems()) {
        (Some(plan), warnings) => Ok(Loaded { plan, warnings }),
        (None, problems) => Err(invalid(&source, problems)),
    }
}
