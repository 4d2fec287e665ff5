//! Answers come later than usual.

use crate::fault::Effect;
use crate::fault::kind::{Args, Family, Kind, Make, Param, Takes};

const fn wait(name: &'static str, about: &'static str) -> Param {
    Param { name, takes: Takes::Distribution, default: None, about }
}

pub(in crate::fault) static KIND: Kind = Kind {
    name: "latency",
    family: Family::Latency,
    about: "Every answer comes later by what is drawn; a shape scales the delay.",
    example: "{ latency: { first_token: 2s, between_tokens: 50ms } }",
    takes: &[
        wait("headers", "before the response head"),
        wait(
            "first_token",
            "between the head and the first token of a stream; a plain answer waits as long for its head",
        ),
        wait("between_tokens", "before every token after the first"),
    ],
    make: Make::Effect(effect),
};

fn effect(args: &Args) -> Effect {
    Effect::Delay {
        headers: args.distribution("headers"),
        first_token: args.distribution("first_token"),
        between_tokens: args.distribution("between_tokens"),
    }
}
