//! Exit codes: what a script may rely on.

use serde::Serialize;

/// All assertions hold.
pub const PASS: u8 = 0;
/// Something is wrong with hopdrill itself.
pub const INTERNAL: u8 = 1;
/// The command line makes no sense.
pub const USAGE: u8 = 2;
/// A scenario cannot be read, or does not make sense.
pub const INVALID: u8 = 3;
/// An assertion does not hold.
pub const FAIL: u8 = 4;
/// An assertion had no samples, or too few; or there was none.
pub const INCONCLUSIVE: u8 = 5;
/// Ctrl-C. What was known is reported.
pub const INTERRUPTED: u8 = 130;

/// What several outcomes come to, first to last: the first of these that occurs is the exit code.
const PRECEDENCE: [u8; 7] = [INTERNAL, INTERRUPTED, USAGE, INVALID, FAIL, INCONCLUSIVE, PASS];

/// What became of a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All assertions hold.
    Pass,
    /// At least one does not.
    Fail,
    /// None is known to fail, but at least one had no samples or too few, or there was none.
    Inconclusive,
    /// The drill was cut off; its assertions were judged on a part of it.
    Interrupted,
}

impl Verdict {
    /// The exit code of one drill.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass => PASS,
            Self::Fail => FAIL,
            Self::Inconclusive => INCONCLUSIVE,
            Self::Interrupted => INTERRUPTED,
        }
    }

    /// One word in capitals.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Interrupted => "INTERRUPTED",
        }
    }
}

/// The exit code of several outcomes: 1, 130, 2, 3, 4, 5, 0, whichever of them occurs first in this list. None at all
/// is inconclusive; a code that is not ours counts as an internal error.
#[must_use]
pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    let rank = |code: u8| PRECEDENCE.iter().position(|c| *c == code).unwrap_or(0);
    let first = codes.into_iter().map(rank).min();
    first.and_then(|rank| PRECEDENCE.get(rank)).copied().unwrap_or(INCONCLUSIVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[0, 0], 0)]
    #[case(&[0, 5], 5)]
    #[case(&[5, 4, 0], 4)]
    #[case(&[4, 3], 3)]
    #[case(&[3, 130, 4], 130)]
    #[case(&[130, 1, 0], 1)]
    #[case(&[], 5)]
    #[case(&[0, 77], 1)]
    fn several_outcomes_come_to_the_one_that_matters_most(#[case] codes: &[u8], #[case] expected: u8) {
        assert_eq!(worst(codes.iter().copied()), expected);
    }
}
