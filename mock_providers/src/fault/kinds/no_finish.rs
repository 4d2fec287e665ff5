//! The finish reason is missing.

use crate::course::Course;
use crate::dialect::Mark;
use crate::fault::kind::{Family, Kind, Make};
use crate::fault::{Act, Scenery};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "no_finish",
    family: Family::Transfer,
    about: "A stream never tells why the answer ends, yet ends as it should otherwise; plain answers are left alone.",
    example: "no_finish",
    takes: &[],
    make: Make::Act(|_| Arc::new(NoFinish)),
};

#[derive(Debug)]
struct NoFinish;

impl Act for NoFinish {
    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        course.omit(Mark::Finish)
    }
}
