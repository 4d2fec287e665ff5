//! One event is broken, and the stream goes on.

use crate::course::{Course, Cue, Point};
use crate::fault::kind::{Args, Family, Kind, Make};
use crate::fault::{Act, Scenery, point};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "malformed_event",
    family: Family::Transfer,
    about: "One event of a stream breaks off inside its JSON, and the stream goes on; plain answers are left alone.",
    example: "{ malformed_event: { at: tool_arguments } }",
    takes: &[point::AFTER_TOKENS, point::AFTER_EVENTS, point::BEFORE],
    make: Make::Act(|args| Arc::new(MalformedEvent(args.clone()))),
};

#[derive(Debug)]
struct MalformedEvent(Args);

impl Act for MalformedEvent {
    fn label(&self) -> Option<String> {
        Some(point::label("malformed event", &self.0))
    }

    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        let point = point::point(&self.0);
        let there = course.events_before(point) < course.events_before(Point::End);
        if course.in_one_piece() || !there {
            return false;
        }
        course.cue(Cue::garble(point));
        true
    }
}
