//! What a target costs, as the router is told: a price list that is updated now and then.
//!
//! No answer of a vendor says what it costs per token, so a price that rises is noticed when the list is updated and not a
//! moment before. From then on everything goes by the new price: estimates, picks, accounts.

use mock_providers::model::Price;
use std::time::Duration;

/// The prices of one target over time.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceList {
    first: Price,
    /// By when they are known; ascending.
    updates: Vec<(Duration, Price)>,
}

impl PriceList {
    /// A price that stays what it is.
    #[must_use]
    pub fn new(price: Price) -> Self {
        Self { first: price, updates: Vec::new() }
    }

    /// The price in the beginning.
    #[must_use]
    pub fn first(&self) -> &Price {
        &self.first
    }

    /// Another price from then on. Of two at one instant the later one counts.
    pub fn update(&mut self, at: Duration, price: Price) {
        let place = self.updates.partition_point(|(other, _)| *other <= at);
        self.updates.insert(place, (at, price));
    }

    /// Forgets all updates.
    pub fn freeze(&mut self) {
        self.updates.clear();
    }

    /// The price as it is known then.
    #[must_use]
    pub fn at(&self, now: Duration) -> &Price {
        let known = self.updates.partition_point(|(at, _)| *at <= now);
        known.checked_sub(1).map_or(&self.first, |last| &self.updates[last].1)
    }

    /// Whether so many tokens cost more now than in the beginning, by this share or more.
    #[must_use]
    pub fn has_risen(&self, now: Duration, by: f64, (prompt, answer): (u32, u32)) -> bool {
        let cost = |price: &Price| price.of(prompt, 0, answer);
        let (first, then) = (cost(&self.first), cost(self.at(now)));
        // A sum of prices in floats may miss the share by a hair.
        then > first && then >= first * (1.0 + by) * (1.0 - 1e-9)
    }

    /// The updates that change anything: when, what it cost before, and what it costs then.
    pub fn changes(&self) -> impl Iterator<Item = (Duration, Price, Price)> {
        let before = std::iter::once(&self.first).chain(self.updates.iter().map(|(_, price)| price));
        let changes = before.zip(&self.updates).map(|(before, (at, price))| (*at, *before, *price));
        changes.filter(|(_, before, after)| before != after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Price = Price { input: 1.0, cached: 0.5, output: 4.0 };
    const DEAR: Price = Price { input: 1.2, cached: 0.5, output: 4.8 };

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn list() -> PriceList {
        let mut list = PriceList::new(CHEAP);
        list.update(s(60), CHEAP);
        list.update(s(30), DEAR);
        list
    }

    #[test]
    fn a_price_holds_from_the_moment_it_is_known() {
        let at = |seconds| list().at(Duration::from_millis(seconds)).input;
        assert_eq!([0, 29_999, 30_000, 59_999, 60_000].map(at), [1.0, 1.0, 1.2, 1.2, 1.0]);
        let mut frozen = list();
        frozen.freeze();
        assert_eq!(frozen.at(s(45)), &CHEAP);
    }

    #[test]
    fn a_rise_counts_against_what_it_cost_in_the_beginning() {
        let risen = |at, by| list().has_risen(s(at), by, (1000, 250));
        assert!(risen(30, 0.2) && risen(30, 0.1) && !risen(30, 0.21));
        assert!(!risen(29, 0.0) && !risen(60, 0.0), "as cheap as ever");
    }

    #[test]
    fn an_update_that_changes_nothing_is_no_change() {
        let mut list = list();
        list.update(s(40), DEAR);
        assert_eq!(list.changes().collect::<Vec<_>>(), [(s(30), CHEAP, DEAR), (s(60), DEAR, CHEAP)]);
        assert_eq!(PriceList::new(DEAR).changes().count(), 0);
    }
}
