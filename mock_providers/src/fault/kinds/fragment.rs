//! The body comes in small writes.

use crate::course::{Course, Drip};
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Scenery};
use std::sync::Arc;
use std::time::Duration;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "fragment",
    family: Family::Transfer,
    about: "The body comes whole, but in small writes that split events, fields and characters anywhere; where they \
            cannot keep up with the model, later.",
    example: "{ fragment: { bytes: 1, gap: 1ms } }",
    takes: &[
        Param::new("bytes", Takes::Count(1, 1_000_000), Some(Arg::Count(5)), "the most bytes of a write"),
        Param::new("gap", Takes::Wait, Some(Arg::Wait(Duration::from_millis(1))), "between two writes; at least 1ms"),
    ],
    make: Make::Act(|args| {
        let bytes = usize::try_from(args.count("bytes")).unwrap_or(usize::MAX);
        Arc::new(Fragment { bytes, every: args.wait("gap").unwrap_or_default() })
    }),
};

#[derive(Debug)]
struct Fragment {
    bytes: usize,
    every: Duration,
}

impl Act for Fragment {
    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        course.drip = Some(Drip { bytes: self.bytes, every: self.every });
        true
    }
}
