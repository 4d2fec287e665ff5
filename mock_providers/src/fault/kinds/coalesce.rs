//! Tokens come in bursts.

use crate::course::Course;
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Scenery};
use std::sync::Arc;
use std::time::Duration;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "coalesce",
    family: Family::Transfer,
    about: "The tokens of a stream come in bursts, several events in one write; plain answers are left alone.",
    example: "{ coalesce: 500ms }",
    takes: &[Param::new(
        "every",
        Takes::Wait,
        Some(Arg::Wait(Duration::from_millis(200))),
        "how far apart the bursts are",
    )],
    make: Make::Act(|args| Arc::new(Coalesce(args.wait("every").unwrap_or_default()))),
};

#[derive(Debug)]
struct Coalesce(Duration);

impl Act for Coalesce {
    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        if course.in_one_piece() {
            return false;
        }
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let before = course.timetable.burst_ms;
        course.timetable.burst_ms = before.max(ms);
        before < ms
    }
}
