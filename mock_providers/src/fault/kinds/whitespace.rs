//! A success that consists of blanks.

use crate::dialect::{Answer, Ask, Format};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make};
use crate::luck::Draw;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "whitespace",
    family: Family::Content,
    about: "A complete 200 with a normal finish whose text is nothing but white space.",
    example: "whitespace",
    takes: &[],
    make: Make::Act(|_| Arc::new(Whitespace)),
};

#[derive(Debug)]
struct Whitespace;

impl Act for Whitespace {
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        answer.say_instead(" \n\n \n");
        true
    }
}
