//! The same as a refusal, by the name that says what the vendor does.

use super::refusal::Refusal;
use crate::fault::kind::{Family, Kind, Make};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "output_blocked",
    family: Family::Content,
    about: "The vendor's filter blocks the answer, as its filter does that: another name for `refusal`.",
    example: "output_blocked",
    takes: &[],
    make: Make::Act(|_| Arc::new(Refusal)),
};
