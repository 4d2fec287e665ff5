//! No stream, although one was asked for.

use crate::course::Course;
use crate::dialect::JSON;
use crate::fault::kind::{Family, Kind, Make};
use crate::fault::{Act, Scenery};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "unstreamed",
    family: Family::Transfer,
    about: "A plain JSON answer to a request for a stream, as proxies give that do not know streams; plain requests \
            are left alone.",
    example: "unstreamed",
    takes: &[],
    make: Make::Act(|_| Arc::new(Unstreamed)),
};

#[derive(Debug)]
struct Unstreamed;

impl Act for Unstreamed {
    fn carry(&self, course: &mut Course, scenery: &Scenery<'_>) -> bool {
        if course.in_one_piece() {
            return false;
        }
        course.replace_body(scenery.format.plain(scenery.reply), scenery.reply.answer.tokens());
        course.content_type = JSON;
        true
    }
}
