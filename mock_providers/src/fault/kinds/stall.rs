//! The body stops, with the connection left open.

use crate::course::{Course, Cue, Ending};
use crate::fault::kind::{Args, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Scenery, point};
use std::sync::Arc;

const FOR: Param =
    Param { name: "for", takes: Takes::Wait, default: None, about: "then it goes on; without it, it never does" };

pub(in crate::fault) static KIND: Kind = Kind {
    name: "stall",
    family: Family::Latency,
    about: "The body stops at this point (a plain body halfway, or before its first byte if it goes on later) and the \
            connection stays open.",
    example: "{ stall: { after_tokens: 5, for: 30s } }",
    takes: &[point::AFTER_TOKENS, point::AFTER_EVENTS, point::AT, point::INSIDE, FOR],
    make: Make::Act(|args| Arc::new(Stall(args.clone()))),
};

#[derive(Debug)]
struct Stall(Args);

impl Act for Stall {
    fn label(&self) -> Option<String> {
        Some(match self.0.wait("for") {
            None => point::label("stall", &self.0),
            Some(wait) => point::label(&format!("stall of {wait:?}"), &self.0),
        })
    }

    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        let point = point::point(&self.0);
        course.cue(match self.0.wait("for") {
            None => Cue::ending(point, point::inside(&self.0), Ending::Stall),
            Some(wait) => Cue::pause(point, wait),
        });
        true
    }
}
