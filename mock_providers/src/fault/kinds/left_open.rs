//! The end never comes.

use crate::course::{Course, Cue, Ending, Inside, Point};
use crate::fault::kind::{Family, Kind, Make};
use crate::fault::{Act, Scenery};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "left_open",
    family: Family::Transfer,
    about: "Everything is sent, terminator included, and the body never ends: the connection stays open.",
    example: "left_open",
    takes: &[],
    make: Make::Act(|_| Arc::new(LeftOpen)),
};

#[derive(Debug)]
struct LeftOpen;

impl Act for LeftOpen {
    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        course.cue(Cue::ending(Point::End, Inside::Nothing, Ending::Stall));
        true
    }
}
