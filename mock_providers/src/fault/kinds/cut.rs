//! The connection breaks inside the body.
//!
//! Three endings look alike and are not: a reset (no response at all), a cut (the body breaks off, and its framing
//! shows it) and an early end (the body is well framed, only too short).

use crate::course::{Course, Cue, Ending};
use crate::fault::kind::{Arg, Args, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Scenery, point};
use std::sync::Arc;

const HOW: Param = Param {
    name: "how",
    takes: Takes::Word(&["fin", "rst"]),
    default: Some(Arg::Word("fin")),
    about: "whether the connection is closed or reset",
};

pub(in crate::fault) static KIND: Kind = Kind {
    name: "cut",
    family: Family::Transfer,
    about: "The connection breaks inside the body: a stream at this point, a plain body halfway.",
    example: "{ cut: { after_tokens: 5, inside: character } }",
    takes: &[point::AFTER_TOKENS, point::AFTER_EVENTS, point::AT, point::INSIDE, HOW],
    make: Make::Act(|args| Arc::new(Cut(args.clone()))),
};

#[derive(Debug)]
struct Cut(Args);

impl Act for Cut {
    fn label(&self) -> Option<String> {
        Some(point::label("cut", &self.0))
    }

    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        let reset = self.0.word("how") == "rst";
        course.cue(Cue::ending(point::point(&self.0), point::inside(&self.0), Ending::Cut { reset }));
        true
    }
}
