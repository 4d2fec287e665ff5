//! Other customers crowd in.

use crate::fault::Effect;
use crate::fault::kind::{Family, Kind, Make, Param, Takes};

pub(in crate::fault) static KIND: Kind = Kind {
    name: "background",
    family: Family::Provider,
    about: "Other customers take this share of the capacity, beyond those that are always there; without a capacity it \
            means nothing.",
    example: "{ background: 90% }",
    takes: &[Param::new("background", Takes::Share, None, "the share they take")],
    make: Make::Effect(|args| Effect::Background(args.number("background").unwrap_or_default())),
};
