//! What the items of an eval set tell of a target, and whether one target may take the place of another.
//!
//! Rules:
//! - An item has a verdict if there was an answer. Of an outage nothing is learnt about quality.
//! - A refusal in an answer, or of a filter, is a wrong answer: items are harmless, and another prompt would not help.
//! - A swap is judged on *pairs*: items on which there is a verdict on both. Only right answers count.
//!
//! | pairs | candidate | decision |
//! | --- | --- | --- |
//! | too many items without a verdict on both, or no pair | | inconclusive, which is a refusal |
//! | enough | right on at least as many as the incumbent, less the margin | shipped |
//! | enough | on fewer, but not so where its answers had the right form | harness mismatch |
//! | enough | on fewer, there too | regression |
//!
//! A margin of 2 points means 2 in 100 pairs. Two targets of the same quality differ by that much in 200 pairs more often
//! than one may think: at 95 %, the candidate is refused about every sixth time.

use super::gates::Flaw;
use crate::event::{Class, Judged, Marks, Outcome, SwapVerdict};
use std::time::Duration;

/// One item, as it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The known answer.
    Right,
    /// Well formed, but another answer, or a refusal.
    Wrong,
    /// An answer that failed in its form.
    Flawed(Flaw),
    /// No answer.
    Error,
}

impl Mark {
    /// What an item tells that ended so. `flaw` is what the gates said of the answer, `judged` what the load found.
    #[must_use]
    pub fn of(outcome: Outcome, class: Option<Class>, flaw: Option<Flaw>, judged: Option<Judged>) -> Self {
        match (outcome, class, judged) {
            (Outcome::Answered, _, Some(Judged::Right)) => Self::Right,
            (Outcome::Answered, _, Some(Judged::Wrong)) => Self::Wrong,
            (Outcome::Answered, _, Some(Judged::Truncated)) => Self::Flawed(Flaw::Length),
            (Outcome::Answered, _, Some(Judged::SchemaViolation)) => Self::Flawed(Flaw::Format),
            (_, Some(Class::ContentPolicy), _) => Self::Wrong,
            (_, Some(Class::Malformed), _) => Self::Flawed(flaw.unwrap_or(Flaw::Parse)),
            (_, Some(Class::Schema), _) => Self::Flawed(flaw.unwrap_or(Flaw::Format)),
            _ => Self::Error,
        }
    }

    /// Whether something is known.
    #[must_use]
    pub fn is_verdict(self) -> bool {
        self != Self::Error
    }

    /// Whether a client would have been served this answer and whether it was right; `None` if it would not.
    #[must_use]
    pub fn served(self) -> Option<bool> {
        match self {
            Self::Right => Some(true),
            Self::Wrong => Some(false),
            Self::Flawed(_) | Self::Error => None,
        }
    }
}

/// How many items came out how.
#[must_use]
pub fn count(marks: &[Mark]) -> Marks {
    let mut found = Marks::default();
    for mark in marks {
        let slot = match mark {
            Mark::Right => &mut found.right,
            Mark::Wrong => &mut found.wrong,
            Mark::Flawed(Flaw::Parse) => &mut found.parse,
            Mark::Flawed(Flaw::Format) => &mut found.format,
            Mark::Flawed(Flaw::Length) => &mut found.length,
            Mark::Error => &mut found.errors,
        };
        *slot += 1;
    }
    found
}

/// How a set of items is worked off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// When the first is sent.
    pub at: Duration,
    /// How many there are; at least 1.
    pub items: u32,
    /// How many a second are sent to each target; above 0.
    pub rate: f64,
}

impl Pace {
    /// When an item is sent, in whole milliseconds.
    #[must_use]
    pub fn instant(&self, item: u32) -> Duration {
        self.at + Duration::from_millis(libm::floor(f64::from(item) * 1e3 / self.rate) as u64)
    }

    /// When all have been sent.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.instant(self.items)
    }
}

/// When a candidate is good enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// By how much it may be worse, as a share of the pairs.
    pub margin: f64,
    /// The greatest share of items without a verdict on both, 0 to 1.
    pub max_errors: f64,
}

impl Default for Bar {
    fn default() -> Self {
        Self { margin: 0.02, max_errors: 0.05 }
    }
}

/// What was decided, on which numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// What was decided, and why.
    pub verdict: SwapVerdict,
    /// Items with a verdict on both.
    pub pairs: u32,
    /// Those that the incumbent got right.
    pub incumbent: u32,
    /// Those that the candidate got right.
    pub candidate: u32,
}

impl Decision {
    /// A decision that was made without looking.
    #[must_use]
    pub fn blind(verdict: SwapVerdict) -> Self {
        Self { verdict, pairs: 0, incumbent: 0, candidate: 0 }
    }
}

/// Whether the candidate may take the place of the incumbent. Both were given the same items, in the same order.
#[must_use]
pub fn decide(incumbent: &[Mark], candidate: &[Mark], bar: &Bar) -> Decision {
    let items = incumbent.len().max(candidate.len());
    let both = incumbent.iter().zip(candidate).filter(|(i, c)| i.is_verdict() && c.is_verdict());
    let pairs: Vec<(Mark, Mark)> = both.map(|(i, c)| (*i, *c)).collect();
    let right = |pairs: &[(Mark, Mark)]| {
        let count = |right: fn(&(Mark, Mark)) -> Mark| pairs.iter().filter(|p| right(p) == Mark::Right).count() as u32;
        (count(|pair| pair.0), count(|pair| pair.1))
    };
    let reaches = |pairs: &[(Mark, Mark)]| {
        let (incumbent, candidate) = right(pairs);
        // The allowance is meant in whole items wherever it comes out as such.
        f64::from(candidate) + bar.margin * pairs.len() as f64 + 1e-9 >= f64::from(incumbent)
    };
    let formed = || -> Vec<_> { pairs.iter().copied().filter(|(_, c)| !matches!(c, Mark::Flawed(_))).collect() };
    let missing = (items - pairs.len()) as f64;
    let verdict = if pairs.is_empty() || missing > bar.max_errors * items as f64 + 1e-9 {
        SwapVerdict::Inconclusive
    } else if reaches(&pairs) {
        SwapVerdict::Shipped
    } else if reaches(&formed()) {
        SwapVerdict::HarnessMismatch
    } else {
        SwapVerdict::Regression
    };
    let (incumbent, candidate) = right(&pairs);
    Decision { verdict, pairs: pairs.len() as u32, incumbent, candidate }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const BAD: Mark = Mark::Flawed(Flaw::Parse);

    /// So many of each mark, in this order.
    fn marks(of: &[(Mark, usize)]) -> Vec<Mark> {
        of.iter().flat_map(|&(mark, times)| std::iter::repeat_n(mark, times)).collect()
    }

    #[rstest]
    #[case::equal(&[(Mark::Right, 200)], SwapVerdict::Shipped)]
    #[case::on_the_margin(&[(Mark::Right, 196), (Mark::Wrong, 4)], SwapVerdict::Shipped)]
    #[case::below_it(&[(Mark::Right, 195), (Mark::Wrong, 5)], SwapVerdict::Regression)]
    #[case::in_bad_form(&[(Mark::Right, 180), (BAD, 20)], SwapVerdict::HarnessMismatch)]
    #[case::never_in_form(&[(BAD, 200)], SwapVerdict::HarnessMismatch)]
    #[case::both(&[(Mark::Right, 150), (Mark::Wrong, 30), (BAD, 20)], SwapVerdict::Regression)]
    #[case::few_errors(&[(Mark::Error, 10), (Mark::Right, 190)], SwapVerdict::Shipped)]
    #[case::too_many(&[(Mark::Error, 11), (Mark::Right, 189)], SwapVerdict::Inconclusive)]
    #[case::nothing_but_errors(&[(Mark::Error, 200)], SwapVerdict::Inconclusive)]
    fn against_an_incumbent_that_is_always_right(#[case] candidate: &[(Mark, usize)], #[case] verdict: SwapVerdict) {
        let found = decide(&marks(&[(Mark::Right, 200)]), &marks(candidate), &Bar::default());
        assert_eq!(found.verdict, verdict, "{found:?}");
        assert_eq!(found.pairs, found.incumbent);
    }

    #[test]
    fn only_items_with_a_verdict_on_both_count() {
        let incumbent = marks(&[(Mark::Error, 5), (Mark::Right, 90), (Mark::Wrong, 5)]);
        let candidate = marks(&[(Mark::Right, 50), (Mark::Wrong, 2), (Mark::Right, 48)]);
        let found = decide(&incumbent, &candidate, &Bar::default());
        let expected = Decision { verdict: SwapVerdict::Shipped, pairs: 95, incumbent: 90, candidate: 93 };
        assert_eq!(found, expected);
        assert_eq!(decide(&[], &[], &Bar::default()), Decision::blind(SwapVerdict::Inconclusive));
    }

    #[rstest]
    #[case(Outcome::Answered, None, None, Some(Judged::Right), Mark::Right)]
    #[case(Outcome::Answered, None, None, Some(Judged::Wrong), Mark::Wrong)]
    #[case(Outcome::Answered, None, None, Some(Judged::Truncated), Mark::Flawed(Flaw::Length))]
    #[case(Outcome::Answered, None, None, Some(Judged::SchemaViolation), Mark::Flawed(Flaw::Format))]
    #[case(Outcome::Failed, Some(Class::Schema), Some(Flaw::Parse), None, Mark::Flawed(Flaw::Parse))]
    #[case(Outcome::Failed, Some(Class::Schema), Some(Flaw::Format), None, Mark::Flawed(Flaw::Format))]
    #[case(Outcome::Failed, Some(Class::Malformed), Some(Flaw::Length), None, Mark::Flawed(Flaw::Length))]
    #[case::unreadable(Outcome::Failed, Some(Class::Malformed), None, None, Mark::Flawed(Flaw::Parse))]
    #[case::refused(Outcome::Surfaced, Some(Class::ContentPolicy), None, None, Mark::Wrong)]
    #[case(Outcome::Failed, Some(Class::ServerError), None, None, Mark::Error)]
    #[case(Outcome::Failed, Some(Class::Timeout), None, None, Mark::Error)]
    #[case(Outcome::Surfaced, Some(Class::ContextLength), None, None, Mark::Error)]
    fn what_an_item_tells(
        #[case] outcome: Outcome,
        #[case] class: Option<Class>,
        #[case] flaw: Option<Flaw>,
        #[case] judged: Option<Judged>,
        #[case] mark: Mark,
    ) {
        assert_eq!(Mark::of(outcome, class, flaw, judged), mark);
    }

    #[test]
    fn items_are_sent_at_their_rate() {
        let pace = Pace { at: Duration::from_secs(2), items: 30, rate: 7.0 };
        assert_eq!([0, 1, 7].map(|item| pace.instant(item).as_millis()), [2000, 2142, 3000]);
        assert_eq!(pace.end().as_millis(), 6285);
    }

    fn any_marks(items: usize) -> impl Strategy<Value = Vec<Mark>> {
        let mark = prop_oneof![
            6 => Just(Mark::Right), 2 => Just(Mark::Wrong), 1 => Just(BAD),
            1 => Just(Mark::Flawed(Flaw::Format)), 1 => Just(Mark::Flawed(Flaw::Length)), 1 => Just(Mark::Error),
        ];
        prop::collection::vec(mark, items)
    }

    fn pairs_of_marks() -> impl Strategy<Value = (Vec<Mark>, Vec<Mark>)> {
        (1usize..300).prop_flat_map(|items| (any_marks(items), any_marks(items)))
    }

    proptest! {
        #[test]
        fn every_item_is_counted_once(marks in any_marks(100)) {
            let found = count(&marks);
            prop_assert_eq!(found.verdicts() + found.errors, 100);
            prop_assert_eq!(found.right as usize, marks.iter().filter(|m| m.served() == Some(true)).count());
        }

        #[test]
        fn what_ships_is_never_worse_than_the_margin_and_what_is_refused_always_is(
            (incumbent, candidate) in pairs_of_marks(), margin in 0.0f64..0.2,
        ) {
            let found = decide(&incumbent, &candidate, &Bar { margin, max_errors: 0.3 });
            let short = f64::from(found.incumbent) - f64::from(found.candidate);
            let allowed = margin * f64::from(found.pairs);
            match found.verdict {
                SwapVerdict::Inconclusive => prop_assert!(f64::from(found.pairs) < 0.7 * incumbent.len() as f64 + 1e-6),
                SwapVerdict::Shipped => prop_assert!(short <= allowed + 1e-6),
                _ => prop_assert!(short > allowed),
            }
        }

        #[test]
        fn a_better_answer_never_turns_a_ship_into_a_refusal(
            (incumbent, candidate) in pairs_of_marks(), item in any::<prop::sample::Index>(),
        ) {
            let bar = Bar { margin: 0.02, max_errors: 1.0 };
            let before = decide(&incumbent, &candidate, &bar);
            let mut better = candidate;
            let item = item.index(better.len());
            prop_assume!(better[item].is_verdict());
            better[item] = Mark::Right;
            let after = decide(&incumbent, &better, &bar);
            prop_assert!(!before.verdict.ships() || after.verdict.ships());
        }

        #[test]
        fn whoever_stands_in_for_itself_ships(marks in any_marks(50)) {
            prop_assume!(marks.iter().any(|mark| mark.is_verdict()));
            let found = decide(&marks, &marks, &Bar { margin: 0.0, max_errors: 1.0 });
            prop_assert_eq!(found.verdict, SwapVerdict::Shipped);
        }
    }
}
