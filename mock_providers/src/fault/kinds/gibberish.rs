//! The answer makes no sense.

use crate::dialect::{Answer, Ask, Format};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make};
use crate::luck::Draw;
use crate::text::tokens;
use rand::RngExt;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "gibberish",
    family: Family::Content,
    about: "The answer's tokens come in an order that luck decides on.",
    example: "gibberish",
    takes: &[],
    make: Make::Act(|_| Arc::new(Gibberish)),
};

#[derive(Debug)]
struct Gibberish;

impl Act for Gibberish {
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, draw: &mut Draw) -> bool {
        answer.text_mut().is_some_and(|text| {
            let mut all: Vec<&str> = tokens(text).collect();
            // At least the first and the last change places, so that no luck leaves it as it was.
            for last in (1..all.len()).rev() {
                all.swap(last, draw.random_range(0..last));
            }
            let scrambled = all.concat();
            let changed = scrambled != *text;
            *text = scrambled;
            changed
        })
    }
}
