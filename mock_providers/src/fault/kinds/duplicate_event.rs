//! One event comes twice.

use crate::course::{Course, Cue, Point};
use crate::fault::kind::{Args, Family, Kind, Make};
use crate::fault::{Act, Scenery, point};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "duplicate_event",
    family: Family::Transfer,
    about: "One event of a stream comes twice; plain answers are left alone.",
    example: "{ duplicate_event: { after_tokens: 5 } }",
    takes: &[point::AFTER_TOKENS, point::AFTER_EVENTS, point::BEFORE],
    make: Make::Act(|args| Arc::new(DuplicateEvent(args.clone()))),
};

#[derive(Debug)]
struct DuplicateEvent(Args);

impl Act for DuplicateEvent {
    fn label(&self) -> Option<String> {
        Some(point::label("duplicate event", &self.0))
    }

    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        let point = point::point(&self.0);
        let there = course.events_before(point) < course.events_before(Point::End);
        if course.in_one_piece() || !there {
            return false;
        }
        course.cue(Cue::twice(point));
        true
    }
}
