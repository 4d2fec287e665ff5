//! Nothing at all, with HTTP 200.

use crate::course::Course;
use crate::fault::kind::{Family, Kind, Make};
use crate::fault::{Act, Scenery};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "empty_body",
    family: Family::Transfer,
    about: "A 200 with Content-Length 0 and nothing in it, streamed or not.",
    example: "empty_body",
    takes: &[],
    make: Make::Act(|_| Arc::new(EmptyBody)),
};

#[derive(Debug)]
struct EmptyBody;

impl Act for EmptyBody {
    fn carry(&self, course: &mut Course, scenery: &Scenery<'_>) -> bool {
        course.answer_instead(course.content_type, Vec::new(), scenery.head_ms);
        true
    }
}
