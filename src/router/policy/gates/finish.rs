//! The answer says that it is whole.

use super::always;
use super::kind::{Judges, Kind};

pub(super) static KIND: Kind = Kind {
    name: "finish",
    about: "The answer ended by itself: no token cap, no failed tool call, no reason that nobody knows. Belongs to \
            every list.",
    example: "finish",
    judges: Judges::End,
    takes: &[],
    concerns: always,
    check: |_, _, answer| answer.ended.map_err(Clone::clone),
};
