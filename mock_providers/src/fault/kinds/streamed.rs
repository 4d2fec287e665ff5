//! A stream, although none was asked for.

use crate::course::{Course, Length};
use crate::fault::kind::{Family, Kind, Make};
use crate::fault::{Act, Endpoint, Scenery};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "streamed",
    family: Family::Transfer,
    about: "A stream in answer to a plain request; requests for a stream are left alone.",
    example: "streamed",
    takes: &[],
    make: Make::Act(|_| Arc::new(Streamed)),
};

#[derive(Debug)]
struct Streamed;

impl Act for Streamed {
    fn carry(&self, course: &mut Course, scenery: &Scenery<'_>) -> bool {
        let lists = matches!(scenery.reply.ask.endpoint, Endpoint::Embeddings | Endpoint::Models);
        if !course.in_one_piece() || lists {
            return false;
        }
        course.frames = scenery.format.frames(scenery.reply);
        course.content_type = scenery.format.stream_type(scenery.reply.ask);
        course.length = Length::Chunked;
        course.head_ms = scenery.head_ms;
        course.timetable = scenery.timetable.clone();
        true
    }
}
