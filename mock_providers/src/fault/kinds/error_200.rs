//! An error with HTTP 200.

use crate::course::{Course, Cue, Ending, Inside, Point};
use crate::dialect::Problem;
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Cause, Scenery};
use crate::ledger::End;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "error_200",
    family: Family::Transfer,
    about: "The vendor's error object with HTTP 200; in a stream it is the only event.",
    example: "{ error_200: rate_limited }",
    takes: &[Param::new("cause", Takes::Word(&Cause::NAMES), Some(Arg::Word("overloaded")), "what it says")],
    make: Make::Act(|args| Arc::new(Error200(Cause::named(args.word("cause")).unwrap_or(Cause::Overloaded)))),
};

#[derive(Debug)]
struct Error200(Cause);

impl Act for Error200 {
    fn is_an_error(&self) -> bool {
        true
    }

    fn carry(&self, course: &mut Course, scenery: &Scenery<'_>) -> bool {
        let Scenery { format, reply, scene, head_ms, .. } = scenery;
        if course.in_one_piece() {
            let failure = format.failure(&Problem::Cause(self.0), scene);
            course.answer_instead(failure.content_type, failure.body, *head_ms);
        } else {
            let event = format.error_event(reply.ask, self.0, scene);
            course.cue(Cue::ending(Point::Events(0), Inside::Nothing, Ending::Tail(event, End::Complete)));
        }
        true
    }
}
