//! The body comes drop by drop.

use crate::course::{Course, Drip};
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Scenery};
use std::sync::Arc;
use std::time::Duration;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "trickle",
    family: Family::Latency,
    about: "The body comes so slowly that no single read times out and the whole takes for ever.",
    example: "{ trickle: { bytes: 8, every: 2s } }",
    takes: &[
        Param::new("bytes", Takes::Count(1, 1_000_000), Some(Arg::Count(16)), "bytes that come at a time"),
        Param::new("every", Takes::Wait, Some(Arg::Wait(Duration::from_millis(500))), "how far apart"),
    ],
    make: Make::Act(|args| {
        let bytes = usize::try_from(args.count("bytes")).unwrap_or(usize::MAX);
        Arc::new(Trickle { bytes, every: args.wait("every").unwrap_or_default() })
    }),
};

#[derive(Debug)]
struct Trickle {
    bytes: usize,
    every: Duration,
}

impl Act for Trickle {
    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        course.drip = Some(Drip { bytes: self.bytes, every: self.every });
        true
    }
}
