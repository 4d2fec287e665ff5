//! The content type is another.

use crate::course::Course;
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Scenery};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "wrong_content_type",
    family: Family::Transfer,
    about: "A right answer under a content type that it is not.",
    example: "{ wrong_content_type: text_html }",
    takes: &[Param::new(
        "is",
        Takes::Word(&["text_plain", "text_html", "json", "event_stream"]),
        Some(Arg::Word("text_plain")),
        "what the head says that it is",
    )],
    make: Make::Act(|args| {
        Arc::new(WrongContentType(match args.word("is") {
            "text_html" => "text/html; charset=utf-8",
            "json" => "application/json",
            "event_stream" => "text/event-stream",
            _ => "text/plain; charset=utf-8",
        }))
    }),
};

#[derive(Debug)]
struct WrongContentType(&'static str);

impl Act for WrongContentType {
    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        std::mem::replace(&mut course.content_type, self.0) != self.0
    }
}
