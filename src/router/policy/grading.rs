//! Which answers are graded, and how a grader errs.
//!
//! Rules: a share of the answers is sampled, each by its own luck. A grader finds a good answer bad in `false_bad` of the
//! cases and a bad one good in `false_good`: it never shows more of the truth than that.

use std::time::Duration;

/// A grader.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// The share of answers that are graded, 0 to 1.
    pub sample: f64,
    /// How long a verdict takes, from the last byte of the answer.
    pub delay: Duration,
    /// Dollars for one verdict.
    pub cost: f64,
    /// The share of good answers that are found bad, 0 to 1.
    pub false_bad: f64,
    /// The share of bad answers that are found good, 0 to 1.
    pub false_good: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self { sample: 0.1, delay: Duration::from_secs(2), cost: 0.002, false_bad: 0.02, false_good: 0.05 }
    }
}

impl Params {
    /// Whether an answer is graded.
    #[must_use]
    pub fn picks(&self, luck: f64) -> bool {
        luck < self.sample
    }

    /// What the grader says of an answer that is good, or is not.
    #[must_use]
    pub fn verdict(&self, good: bool, luck: f64) -> bool {
        let errs = luck < if good { self.false_bad } else { self.false_good };
        good != errs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(true, 0.01, false)]
    #[case(true, 0.02, true)]
    #[case(false, 0.04, true)]
    #[case(false, 0.05, false)]
    fn a_grader_errs_as_often_as_it_says(#[case] good: bool, #[case] luck: f64, #[case] said: bool) {
        assert_eq!(Params::default().verdict(good, luck), said);
    }

    #[test]
    fn a_share_of_the_answers_is_graded() {
        let params = Params { sample: 0.25, ..Params::default() };
        assert_eq!((0..100).filter(|i| params.picks(f64::from(*i) / 100.0)).count(), 25);
        assert!(!Params { sample: 0.0, ..params }.picks(0.0));
    }
}
