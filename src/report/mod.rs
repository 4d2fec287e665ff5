//! What is said of a drill when it is over, and the exit code that says it to a machine.
//!
//! A [`DrillReport`] is a value; `terminal` and `json` are two ways to write it down, and neither measures anything.
//! The figures in it come from [`Figures`], a fold of the event log like any other.
//!
//! To add a format: a file here with a pure function from reports to text, a snapshot test beside the others, and its
//! kind in the command line's `--report KIND=FILE`.

pub mod baselines;
pub mod exit;
mod figures;
pub mod json;
pub mod terminal;
#[cfg(test)]
mod testing;

pub use exit::Verdict;
pub use figures::{Counts, Figures, PhaseFigures, Totals};

use crate::event::{Micros, Name};
use crate::slo::{self, SloResult};
use serde::Serialize;

/// Everything that is said of one drill.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DrillReport {
    /// The scenario's name.
    pub scenario: Name,
    /// A hash of the scenario's text, hexadecimal.
    pub scenario_hash: String,
    /// The seed.
    pub seed: u64,
    /// `virtual` or `real`.
    pub world: String,
    /// The program's version.
    pub hopdrill: String,
    /// Whether it was cut off before its end (Ctrl-C).
    pub interrupted: bool,
    /// From the start to the last event.
    #[serde(rename = "duration_us")]
    pub duration: Micros,
    /// Counts and percentiles, overall and by phase.
    pub totals: Totals,
    /// The router that was played instead of the scenario's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub router: Option<&'static str>,
    /// The parts that the router was without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<&'static str>,
    /// The assertions that must fail, and no others, under that router, if the scenario says so: the verdict is about
    /// that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub must_break: Option<Vec<Name>>,
    /// What became of the assertions, in file order.
    pub slos: Vec<SloResult>,
    /// What was not rehearsed, in sentences.
    pub vacuity: Vec<String>,
    /// The command line that repeats it.
    pub reproduce: String,
}

impl DrillReport {
    /// The verdict on the drill as a whole. A drill without assertions is inconclusive: it shows nothing. Where the
    /// scenario says what must fail, exactly that has to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let any = |wanted| self.slos.iter().any(|s| s.verdict == wanted);
        if self.interrupted {
            Verdict::Interrupted
        } else if self.must_break.is_some() {
            if self.slos.iter().any(|s| self.is_unexpected(s)) { Verdict::Fail } else { Verdict::Pass }
        } else if any(slo::Verdict::Fail) {
            Verdict::Fail
        } else if self.slos.is_empty() || any(slo::Verdict::Inconclusive) {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        }
    }

    /// Assertions that hold.
    #[must_use]
    pub fn holding(&self) -> usize {
        self.slos.iter().filter(|s| s.verdict == slo::Verdict::Pass).count()
    }

    /// Whether an assertion must fail and does not, or fails and must not.
    #[must_use]
    pub fn is_unexpected(&self, slo: &SloResult) -> bool {
        let fails = slo.verdict == slo::Verdict::Fail;
        self.must_break.as_ref().is_some_and(|named| fails != named.contains(&slo.text))
    }

    /// `hopdrill check NAME --seed N`, with `--real` where it was so and the `flags` of another router.
    #[must_use]
    pub fn command_line(scenario: &str, seed: u64, world: &str, flags: &str) -> String {
        let real = if world == "real" { " --real" } else { "" };
        let quote = if scenario.contains(char::is_whitespace) { "'" } else { "" };
        format!("hopdrill check {quote}{scenario}{quote} --seed {seed}{real}{flags}")
    }
}

/// The arguments that change the router: ` --router naive`, ` --control`, ` --without breaker`.
#[must_use]
pub fn flags(router: Option<&str>, without: &[&str]) -> String {
    let flag = |part: &&str| match *part {
        "control" => " --control".to_owned(),
        part => format!(" --without {part}"),
    };
    router.map(|name| format!(" --router {name}")).into_iter().chain(without.iter().map(flag)).collect()
}
