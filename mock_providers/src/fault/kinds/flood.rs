//! The model does not stop.

use super::repetition::repeat_last;
use crate::dialect::{Answer, Ask, Format};
use crate::fault::Act;
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::luck::Draw;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "flood",
    family: Family::Content,
    about: "The answer goes on and on, past the token cap and past stop texts, and ends as if nothing were wrong.",
    example: "{ flood: 5000 }",
    takes: &[Param::new(
        "times",
        Takes::Count(1, 100_000),
        Some(Arg::Count(10_000)),
        "how often its last words come again",
    )],
    make: Make::Act(|args| Arc::new(Flood(args.count("times")))),
};

#[derive(Debug)]
struct Flood(u64);

impl Act for Flood {
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        let flooded = answer.text_mut().is_some_and(|text| {
            let said = repeat_last(text, self.0);
            text.push_str(&said);
            !said.is_empty()
        });
        answer.endless = flooded;
        flooded
    }
}
