//! An empty success.

use crate::dialect::{Answer, Ask, Format};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make};
use crate::luck::Draw;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "empty",
    family: Family::Content,
    about: "A complete 200 with a normal finish and no text at all.",
    example: "empty",
    takes: &[],
    make: Make::Act(|_| Arc::new(Empty)),
};

#[derive(Debug)]
struct Empty;

impl Act for Empty {
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        answer.say_instead("");
        true
    }
}
