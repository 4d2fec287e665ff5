//! There is something in the answer.

use super::always;
use super::kind::{Flaw, Judges, Kind, Refused};

pub(super) static KIND: Kind = Kind {
    name: "not_empty",
    about: "There is something in the answer besides white space. Belongs to every list.",
    example: "not_empty",
    judges: Judges::End,
    takes: &[],
    concerns: always,
    check: |_, _, answer| {
        let empty = answer.calls.is_empty() && answer.text.trim().is_empty();
        if empty { Err(Refused::malformed("an empty answer").with(Flaw::Length)) } else { Ok(()) }
    },
};
