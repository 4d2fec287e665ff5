//! The body ends cleanly and too early.

use crate::course::{Course, Cue, Ending};
use crate::fault::kind::{Args, Family, Kind, Make};
use crate::fault::{Act, Scenery, point};
use crate::ledger::End;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "early_end",
    family: Family::Transfer,
    about: "The body ends cleanly and too early: a stream without finish reason and terminator, a plain body with a \
            Content-Length that fits its half.",
    example: "{ early_end: { at: finish } }",
    takes: &[point::AFTER_TOKENS, point::AFTER_EVENTS, point::AT, point::INSIDE],
    make: Make::Act(|args| Arc::new(EarlyEnd(args.clone()))),
};

#[derive(Debug)]
struct EarlyEnd(Args);

impl Act for EarlyEnd {
    fn label(&self) -> Option<String> {
        Some(point::label("early end", &self.0))
    }

    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        let ending = Ending::Tail(Vec::new(), End::EarlyEnd);
        course.cue(Cue::ending(point::point(&self.0), point::inside(&self.0), ending));
        true
    }
}
