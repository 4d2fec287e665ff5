//! Models get worse, or stricter, or slower.

use crate::fault::kind::{Args, Family, Kind, Make, Param, Takes};
use crate::fault::{Drift, Effect};

const fn to(name: &'static str, about: &'static str) -> Param {
    Param::new(name, Takes::Share, None, about)
}

pub(in crate::fault) static KIND: Kind = Kind {
    name: "drift",
    family: Family::Provider,
    about: "The models become what is said here; a shape says how far they have come.",
    example: "{ drift: { quality: 60%, speed: 20 } }",
    takes: &[
        to("quality", "share of right answers"),
        to("schema_adherence", "share of answers that keep their schema"),
        to("instruction_following", "share of answers that keep to the form they were asked for"),
        to("filter", "how strict the filter is"),
        Param::new("speed", Takes::Number(0.001, 1e6), None, "tokens per second"),
    ],
    make: Make::Effect(effect),
};

fn effect(args: &Args) -> Effect {
    Effect::Drift(Drift {
        quality: args.number("quality"),
        schema_adherence: args.number("schema_adherence"),
        instruction_following: args.number("instruction_following"),
        filter: args.number("filter"),
        speed: args.number("speed"),
    })
}
