//! A complete 200 whose body is not JSON.

use crate::course::{Course, Cue, Point};
use crate::fault::kind::{Family, Kind, Make};
use crate::fault::{Act, Scenery};
use std::sync::Arc;

/// What a broken proxy says under HTTP 200.
const NOT_JSON: &[u8] =
    b"upstream connect error or disconnect/reset before headers. reset reason: connection termination";

pub(in crate::fault) static KIND: Kind = Kind {
    name: "malformed",
    family: Family::Transfer,
    about: "A complete 200 whose body is not JSON; of a stream, the first event breaks off inside its JSON.",
    example: "malformed",
    takes: &[],
    make: Make::Act(|_| Arc::new(Malformed)),
};

#[derive(Debug)]
struct Malformed;

impl Act for Malformed {
    fn carry(&self, course: &mut Course, scenery: &Scenery<'_>) -> bool {
        if scenery.reply.ask.stream {
            course.cue(Cue::garble(Point::Tokens(0)));
        } else {
            course.replace_body(NOT_JSON.to_vec(), 0);
        }
        true
    }
}
