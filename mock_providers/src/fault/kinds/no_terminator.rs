//! What ends a stream is missing.

use crate::course::Course;
use crate::dialect::Mark;
use crate::fault::kind::{Family, Kind, Make};
use crate::fault::{Act, Scenery};
use crate::ledger::End;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "no_terminator",
    family: Family::Transfer,
    about: "A stream ends cleanly after its finish reason, without what ends it (`[DONE]`, \
            `message_stop`); plain answers, and vendors whose streams end without it, are left alone.",
    example: "no_terminator",
    takes: &[],
    make: Make::Act(|_| Arc::new(NoTerminator)),
};

#[derive(Debug)]
struct NoTerminator;

impl Act for NoTerminator {
    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        let omitted = course.omit(Mark::Terminator);
        if omitted {
            course.end = End::EarlyEnd;
        }
        omitted
    }
}
