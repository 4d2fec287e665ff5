//! What is left of budgets: of each, its amount less what the calls dispatched in its present window cost. Windows are
//! aligned, as those of the purses (`router/policy/purse.rs`): the n-th one begins n × `per` after the start.

use crate::event::{Micros, Name, Nanodollars, Payer};

/// A budget that a plan knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Whose.
    pub payer: Payer,
    /// What may be spent in a window.
    pub amount: Nanodollars,
    /// The length of a window.
    pub per: Micros,
}

/// A budget, and how it stands.
#[derive(Debug)]
pub(super) struct Spending {
    budget: Budget,
    window: u64,
    spent: u64,
}

impl Spending {
    pub(super) fn new(budget: Budget) -> Self {
        Self { budget, window: 0, spent: 0 }
    }

    pub(super) fn payer(&self) -> &Payer {
        &self.budget.payer
    }

    /// A call of this tenant and tier cost so much.
    pub(super) fn spend(&mut self, (tenant, tier): (&Name, &Name), dispatched: Micros, cost: Nanodollars) {
        let pays = match &self.budget.payer {
            Payer::Tenant(name) => name == tenant,
            Payer::Tier(name) => name == tier,
        };
        let window = self.window_of(dispatched);
        if !pays || window < self.window {
            return;
        }
        if window > self.window {
            (self.window, self.spent) = (window, 0);
        }
        self.spent = self.spent.saturating_add(cost.0);
    }

    /// What is left at that time.
    pub(super) fn left(&self, now: Micros) -> u64 {
        let spent = if self.window_of(now) > self.window { 0 } else { self.spent };
        self.budget.amount.0.saturating_sub(spent)
    }

    fn window_of(&self, at: Micros) -> u64 {
        at.0 / self.budget.per.0.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_count_in_the_window_of_their_dispatch_and_for_who_pays() {
        let amount = Nanodollars(100);
        let mut spending = Spending::new(Budget { payer: Payer::Tier("gold".into()), amount, per: Micros(1000) });
        let (acme, gold, free): (Name, Name, Name) = ("acme".into(), "gold".into(), "free".into());
        spending.spend((&acme, &gold), Micros(999), Nanodollars(30));
        spending.spend((&acme, &free), Micros(999), Nanodollars(30));
        assert_eq!(spending.left(Micros(999)), 70);
        assert_eq!(spending.left(Micros(1000)), 100, "a new window has the whole amount");
        spending.spend((&acme, &gold), Micros(1000), Nanodollars(250));
        spending.spend((&acme, &gold), Micros(999), Nanodollars(1));
        assert_eq!(spending.left(Micros(1999)), 0, "what is overspent is not owed by the next");
        assert_eq!(spending.left(Micros(2000)), 100);
    }
}
