//! The model will not, and says so in prose.

use crate::dialect::{Answer, Ask, Format};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make};
use crate::luck::Draw;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "refusal_text",
    family: Family::Content,
    about: "A refusal in prose, with HTTP 200 and a normal finish: only its words tell.",
    example: "refusal_text",
    takes: &[],
    make: Make::Act(|_| Arc::new(RefusalText)),
};

#[derive(Debug)]
struct RefusalText;

impl Act for RefusalText {
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        answer.say_instead("I'm sorry, but I can't help with that request.");
        true
    }
}
