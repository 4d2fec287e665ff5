//! The vendor's error event inside a stream, under HTTP 200.

use crate::course::{Course, Cue, Ending, Inside};
use crate::dialect::{Ask, Format, Scene};
use crate::fault::kind::{Arg, Args, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Cause, Instead, Scenery, point};
use crate::ledger::End;
use std::sync::Arc;

const CAUSE: Param = Param {
    name: "cause",
    takes: Takes::Word(&Cause::NAMES),
    default: Some(Arg::Word("overloaded")),
    about: "what the event says",
};

pub(in crate::fault) static KIND: Kind = Kind {
    name: "stream_error",
    family: Family::Transfer,
    about: "A stream ends with the vendor's error event under HTTP 200; a plain request gets the vendor's error.",
    example: "{ stream_error: { after_tokens: 5, cause: overloaded } }",
    takes: &[point::AFTER_TOKENS, point::AFTER_EVENTS, point::AT, CAUSE],
    make: Make::Act(|args| Arc::new(StreamError(args.clone()))),
};

#[derive(Debug)]
struct StreamError(Args);

impl StreamError {
    fn cause(&self) -> Cause {
        Cause::named(self.0.word("cause")).unwrap_or(Cause::Overloaded)
    }
}

impl Act for StreamError {
    fn label(&self) -> Option<String> {
        Some(point::label("stream error", &self.0))
    }

    fn instead(&self, ask: &Ask<'_>, _format: &dyn Format) -> Option<Instead> {
        (!ask.stream).then_some(Instead::Error(self.cause(), None))
    }

    fn carry(&self, course: &mut Course, scenery: &Scenery<'_>) -> bool {
        let point = point::point(&self.0);
        let scene = Scene { events: course.events_before(point), ..*scenery.scene };
        let event = scenery.format.error_event(scenery.reply.ask, self.cause(), &scene);
        course.cue(Cue::ending(point, Inside::Nothing, Ending::Tail(event, End::Complete)));
        true
    }
}
