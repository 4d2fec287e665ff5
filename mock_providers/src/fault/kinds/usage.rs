//! The usage is not told, or told to be nothing.

use crate::dialect::{Answer, Ask, Format, Told};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make, Param, Takes};
use crate::luck::Draw;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "usage",
    family: Family::Content,
    about: "The answer is right, and what it says of the tokens it used is not.",
    example: "{ usage: missing }",
    takes: &[Param::new("usage", Takes::Word(&["missing", "zero"]), None, "it is left out, or all its numbers are 0")],
    make: Make::Act(|args| Arc::new(Usage(if args.word("usage") == "zero" { Told::AsZero } else { Told::NotAtAll }))),
};

#[derive(Debug)]
struct Usage(Told);

impl Act for Usage {
    fn name(&self) -> Option<&'static str> {
        Some(if self.0 == Told::AsZero { "usage_zero" } else { "usage_missing" })
    }

    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        answer.usage = self.0;
        true
    }
}
