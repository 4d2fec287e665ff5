//! A purse: what may be spent in a window of time.
//!
//! Rules:
//! - Windows are aligned: the n-th one begins n × `per` after the start of the drill, and each has the whole amount. A
//!   bill is closed the same way, and anybody can add it up again from the calls and their times.
//! - Money is reserved before a call, by an estimate, and settled after it with what the call cost. What is reserved
//!   counts as spent, so calls in flight cannot spend the same money twice.
//! - A call counts in the window in which it was reserved, however late it ends.
//! - What an estimate was too low by is the only way to overspend. What costs nothing is never refused.

use crate::event::{BudgetLevel, Nanodollars};
use std::time::Duration;

/// What a purse does when the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnLimit {
    /// From the soft share on what is cheapest comes first; the limit holds.
    Downshift,
    /// The limit holds.
    #[default]
    Reject,
    /// It is told, and money goes on being spent.
    Alert,
}

/// What a purse is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// What may be spent in a window.
    pub amount: Nanodollars,
    /// The length of a window, more than zero.
    pub per: Duration,
    /// The share of the amount from which on money is short, 0 to 1.
    pub soft: f64,
    /// What is done about it.
    pub on_limit: OnLimit,
}

/// Money that a call may cost. It has to be given back: to [`Purse::settle`].
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Reservation {
    window: u64,
    estimate: Nanodollars,
}

/// There is not enough left in this window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the budget is spent")]
pub struct Spent;

/// See the module.
#[derive(Debug, Clone)]
pub struct Purse {
    params: Params,
    window: u64,
    spent: u64,
    reserved: u64,
    /// The most that was spent and reserved at once. What is given back does not move traffic to and fro.
    most: u64,
    /// A call did not fit.
    refused: bool,
}

impl Purse {
    /// A full purse.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self { params, window: 0, spent: 0, reserved: 0, most: 0, refused: false }
    }

    /// What it was told.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// What was spent in the present window.
    #[must_use]
    pub fn spent(&self) -> Nanodollars {
        Nanodollars(self.spent)
    }

    /// What is neither spent nor reserved in the present window.
    #[must_use]
    pub fn left(&self) -> Nanodollars {
        Nanodollars(self.params.amount.0.saturating_sub(self.committed()))
    }

    fn committed(&self) -> u64 {
        self.spent.saturating_add(self.reserved)
    }

    /// How it stands in the present window; it gets no better before the next.
    #[must_use]
    pub fn level(&self) -> BudgetLevel {
        match self.refused {
            true => BudgetLevel::Empty,
            false if self.used_up_to(self.params.soft) => BudgetLevel::Short,
            false => BudgetLevel::Full,
        }
    }

    /// Whether this share of the amount was spent or reserved in the present window.
    #[must_use]
    pub fn used_up_to(&self, share: f64) -> bool {
        self.most as f64 >= self.params.amount.0 as f64 * share
    }

    /// Whether a call of this estimate would be let through, without reserving anything.
    #[must_use]
    pub fn covers(&self, now: Duration, estimate: Nanodollars) -> bool {
        let committed = if self.index(now) > self.window { 0 } else { self.committed() };
        let holds = self.params.on_limit != OnLimit::Alert && estimate.0 > 0;
        !holds || committed.saturating_add(estimate.0) <= self.params.amount.0
    }

    /// Opens the window of `now`. Returns whether this filled a purse that was short.
    pub fn turn(&mut self, now: Duration) -> bool {
        let window = self.index(now);
        if window <= self.window {
            return false;
        }
        let was_short = self.level() > BudgetLevel::Full;
        *self = Self { window, ..Self::new(self.params) };
        was_short
    }

    /// Sets money aside for a call.
    ///
    /// # Errors
    /// The limit holds and there is not so much left.
    pub fn reserve(&mut self, now: Duration, estimate: Nanodollars) -> Result<Reservation, Spent> {
        self.turn(now);
        let fits = estimate.0 == 0 || self.committed().saturating_add(estimate.0) <= self.params.amount.0;
        self.refused |= !fits;
        if !self.covers(now, estimate) {
            return Err(Spent);
        }
        self.reserved = self.reserved.saturating_add(estimate.0);
        self.most = self.most.max(self.committed());
        Ok(Reservation { window: self.window, estimate })
    }

    /// The call is over and cost this much; nothing, if it was given up before it could.
    pub fn settle(&mut self, reservation: Reservation, actual: Nanodollars) {
        if reservation.window != self.window {
            return;
        }
        self.reserved -= reservation.estimate.0;
        self.spent = self.spent.saturating_add(actual.0);
        self.most = self.most.max(self.committed());
    }

    fn index(&self, now: Duration) -> u64 {
        (now.as_millis() / self.params.per.as_millis().max(1)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn purse(amount: u64, on_limit: OnLimit) -> Purse {
        Purse::new(Params { amount: Nanodollars(amount), per: HOUR, soft: 0.8, on_limit })
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn money_in_flight_cannot_be_spent_twice() {
        let mut purse = purse(100, OnLimit::Reject);
        let first = purse.reserve(at(1), Nanodollars(60)).unwrap();
        assert_eq!(purse.reserve(at(1), Nanodollars(60)), Err(Spent));
        purse.settle(first, Nanodollars(30));
        assert_eq!((purse.spent(), purse.left()), (Nanodollars(30), Nanodollars(70)));
        assert!(purse.reserve(at(2), Nanodollars(60)).is_ok());
    }

    #[test]
    fn what_costs_nothing_is_never_refused() {
        let mut purse = purse(0, OnLimit::Reject);
        assert_eq!(purse.reserve(at(0), Nanodollars(1)), Err(Spent));
        assert!(purse.reserve(at(0), Nanodollars(0)).is_ok());
    }

    #[test]
    fn the_soft_share_makes_it_short_until_the_window_is_over() {
        let mut purse = purse(100, OnLimit::Downshift);
        let most = purse.reserve(at(0), Nanodollars(80)).unwrap();
        assert_eq!(purse.level(), BudgetLevel::Short);
        purse.settle(most, Nanodollars(0));
        assert_eq!((purse.level(), purse.left()), (BudgetLevel::Short, Nanodollars(100)));
        assert!(!purse.turn(at(3599)));
        assert!(purse.turn(at(3600)));
        assert_eq!(purse.level(), BudgetLevel::Full);
        assert!(!purse.turn(at(7200)), "a purse that was full is not filled");
    }

    #[test]
    fn an_alert_tells_and_lets_money_go() {
        let mut purse = purse(100, OnLimit::Alert);
        let call = purse.reserve(at(0), Nanodollars(150)).unwrap();
        purse.settle(call, Nanodollars(150));
        assert_eq!(
            (purse.level(), purse.spent(), purse.left()),
            (BudgetLevel::Empty, Nanodollars(150), Nanodollars(0))
        );
    }

    #[test]
    fn a_call_counts_where_it_was_reserved() {
        let mut purse = purse(100, OnLimit::Reject);
        let late = purse.reserve(at(3599), Nanodollars(50)).unwrap();
        let next = purse.reserve(at(3601), Nanodollars(100)).unwrap();
        purse.settle(late, Nanodollars(90));
        assert_eq!(purse.left(), Nanodollars(0));
        purse.settle(next, Nanodollars(10));
        assert_eq!(purse.spent(), Nanodollars(10));
    }

    proptest! {
        /// Random calls, which begin and end in any order and cost more or less than was thought.
        #[test]
        fn nothing_is_overspent_beyond_what_estimates_were_too_low_by(
            amount in 0u64..1000,
            steps in prop::collection::vec((0u64..900, any::<bool>(), 0u64..300, 0u64..300), 1..80),
        ) {
            let mut purse = purse(amount, OnLimit::Reject);
            let mut now = 0;
            let mut flying: Vec<(Reservation, u64, u64)> = Vec::new();
            let mut windows: std::collections::BTreeMap<u64, (u64, u64)> = std::collections::BTreeMap::new();
            for (wait, begins, estimate, actual) in steps {
                now += wait;
                if begins {
                    let covered = purse.covers(at(now), Nanodollars(estimate));
                    let reserved = purse.reserve(at(now), Nanodollars(estimate));
                    prop_assert_eq!(reserved.is_ok(), covered);
                    flying.extend(reserved.ok().map(|r| (r, estimate, actual)));
                } else if !flying.is_empty() {
                    let (reservation, estimate, actual) = flying.remove(actual as usize % flying.len());
                    let (spent, error) = windows.entry(reservation.window).or_default();
                    *spent += actual;
                    *error += actual.saturating_sub(estimate);
                    purse.settle(reservation, Nanodollars(actual));
                }
            }
            for (spent, error) in windows.values() {
                prop_assert!(*spent <= amount + error, "{} of {} with an error of {}", spent, amount, error);
            }
            let here = purse.window;
            for (reservation, _, _) in flying.into_iter() {
                purse.settle(reservation, Nanodollars(0));
            }
            let spent = windows.get(&here).map_or(0, |(spent, _)| *spent);
            prop_assert_eq!((purse.spent().0, purse.reserved), (spent, 0), "nothing stays reserved");
        }
    }
}
