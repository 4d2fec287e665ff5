//! Rolling quality of one target: how often its newest answers were found good by those who looked.
//!
//! Rules: the newest [`KEPT`] verdicts count. What is known of the true share is Wilson's interval at 95 % (E. B. Wilson,
//! 1927, "Probable Inference"; z = 1.96), which stays inside 0 to 1 and is honest about few verdicts. A floor is missed
//! only by a target that is *proven* to be below it: whose whole interval is. One of which little is known is given the
//! benefit of the doubt, or nothing new would ever be tried.

use std::collections::VecDeque;

/// How many verdicts are remembered.
pub const KEPT: usize = 200;

/// The normal quantile of a two-sided 95 %.
const Z: f64 = 1.96;

/// What is known of a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Verdicts.
    pub count: u32,
    /// Good ones.
    pub good: u32,
    /// The lower end of the interval, 0 to 1.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Estimate {
    /// What so many good ones of so many tell; `None` of none.
    #[must_use]
    pub fn of(good: u32, count: u32) -> Option<Self> {
        if count == 0 {
            return None;
        }
        let (n, share) = (f64::from(count), f64::from(good) / f64::from(count));
        let middle = share + Z * Z / (2.0 * n);
        let reach = Z * libm::sqrt(share * (1.0 - share) / n + Z * Z / (4.0 * n * n));
        let whole = 1.0 + Z * Z / n;
        let (low, high) = ((middle - reach) / whole, (middle + reach) / whole);
        Some(Self { count, good, low: low.max(0.0), high: high.min(1.0) })
    }

    /// Good ones ÷ all, 0 to 1.
    #[must_use]
    pub fn mean(&self) -> f64 {
        f64::from(self.good) / f64::from(self.count)
    }

    /// Whether the share is proven to reach a floor.
    #[must_use]
    pub fn is_at_least(&self, floor: f64) -> bool {
        self.low >= floor
    }

    /// Whether the share is proven to lie below a floor.
    #[must_use]
    pub fn is_below(&self, floor: f64) -> bool {
        self.high < floor
    }
}

/// The newest verdicts on one target.
#[derive(Debug, Clone, Default)]
pub struct Rolling {
    verdicts: VecDeque<bool>,
    good: u32,
}

impl Rolling {
    /// Takes a verdict in.
    pub fn record(&mut self, good: bool) {
        if self.verdicts.len() == KEPT {
            self.good -= u32::from(self.verdicts.pop_front() == Some(true));
        }
        self.verdicts.push_back(good);
        self.good += u32::from(good);
    }

    /// What they tell.
    #[must_use]
    pub fn estimate(&self) -> Option<Estimate> {
        Estimate::of(self.good, u32::try_from(self.verdicts.len()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    // Wilson's intervals without continuity correction as R's `prop.test(correct = FALSE)` gives them.
    #[rstest]
    #[case(0, 10, 0.0, 0.2775)]
    #[case(8, 10, 0.4902, 0.9433)]
    #[case(90, 100, 0.8256, 0.9448)]
    #[case(200, 200, 0.9812, 1.0)]
    fn the_interval_is_wilsons(#[case] good: u32, #[case] count: u32, #[case] low: f64, #[case] high: f64) {
        let found = Estimate::of(good, count).expect("some");
        assert!((found.low - low).abs() < 1e-4 && (found.high - high).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn little_evidence_proves_nothing_and_much_does() {
        assert!(!Estimate::of(4, 5).expect("some").is_below(0.9));
        assert!(Estimate::of(120, 200).expect("some").is_below(0.9));
        assert!(!Estimate::of(178, 200).expect("some").is_below(0.9), "89 % may well be 90 %");
        assert!(!Estimate::of(182, 200).expect("some").is_at_least(0.9), "and 91 % may well be less");
        assert!(Estimate::of(190, 200).expect("some").is_at_least(0.9));
        assert!(!Estimate::of(5, 5).expect("some").is_at_least(0.9), "five are no proof");
        assert_eq!(Estimate::of(0, 0), None);
    }

    #[test]
    fn old_verdicts_are_forgotten() {
        let mut rolling = Rolling::default();
        (0..KEPT).for_each(|_| rolling.record(false));
        (0..KEPT).for_each(|_| rolling.record(true));
        assert_eq!(rolling.estimate().map(|e| (e.good, e.count)), Some((200, 200)));
    }

    proptest! {
        #[test]
        fn the_count_of_good_ones_is_that_of_the_newest(verdicts in prop::collection::vec(any::<bool>(), 0..500)) {
            let mut rolling = Rolling::default();
            verdicts.iter().for_each(|&good| rolling.record(good));
            let newest = &verdicts[verdicts.len().saturating_sub(KEPT)..];
            let good = newest.iter().filter(|good| **good).count() as u32;
            prop_assert_eq!(rolling.estimate(), Estimate::of(good, newest.len() as u32));
        }

        #[test]
        fn an_interval_holds_its_mean(count in 1u32..1000, share in 0.0f64..=1.0) {
            let estimate = Estimate::of((share * f64::from(count)) as u32, count).expect("some");
            prop_assert!(0.0 <= estimate.low && estimate.low <= estimate.mean() + 1e-12);
            prop_assert!(estimate.mean() <= estimate.high + 1e-12 && estimate.high <= 1.0);
        }
    }
}
