//! Prices change.

use crate::fault::kind::{Args, Family, Kind, Make, Param, Takes};
use crate::fault::{Effect, PriceChange};

const fn dollars(name: &'static str, about: &'static str) -> Param {
    Param::new(name, Takes::Number(0.0, 1e6), None, about)
}

pub(in crate::fault) static KIND: Kind = Kind {
    name: "price",
    family: Family::Provider,
    about: "Prices become what is said here, in dollars per million tokens. No client sees it: the ledger does.",
    example: "{ price: { input: 5, output: 20 } }",
    takes: &[
        dollars("input", "of the prompt"),
        dollars("cached", "of the part of the prompt that was cached"),
        dollars("output", "of the answer"),
    ],
    make: Make::Effect(effect),
};

fn effect(args: &Args) -> Effect {
    Effect::Price(PriceChange {
        input: args.number("input"),
        cached: args.number("cached"),
        output: args.number("output"),
    })
}
