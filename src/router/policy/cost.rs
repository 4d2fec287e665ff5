//! What a call costs, by the price list that the router was given: tokens × price, in dollars per million tokens
//! (`PRICE.of`), to the billionth of a dollar. An estimate of the tokens makes an estimate of the cost.

use crate::event::{Nanodollars, Usage};
use mock_providers::model::Price;

/// The price of this usage. What is not a price (negative, not a number) costs nothing.
#[must_use]
pub fn of(price: &Price, usage: &Usage) -> Nanodollars {
    Nanodollars((price.of(usage.prompt, usage.cached, usage.answer) * 1e9).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_costs_its_tokens_at_their_prices() {
        let price = Price { input: 2.5, cached: 1.25, output: 10.0 };
        let usage = |prompt, cached, answer| Usage { prompt, cached, answer, estimated: false };
        assert_eq!(of(&price, &usage(1000, 0, 0)), Nanodollars(2_500_000));
        assert_eq!(of(&price, &usage(1000, 400, 100)), Nanodollars(1_500_000 + 500_000 + 1_000_000));
        assert_eq!(of(&Price::default(), &usage(1000, 0, 1000)), Nanodollars(0));
        assert_eq!(of(&Price { input: -1.0, ..price }, &usage(1000, 0, 0)), Nanodollars(0));
        assert_eq!(
            of(&Price { input: 0.15, ..price }, &usage(7, 0, 0)),
            Nanodollars(1_050),
            "no binary fraction shows"
        );
    }
}
