//! The vendor's filter blocks the answer.

use crate::dialect::{Answer, Ask, Finish, Format};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make};
use crate::luck::Draw;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "refusal",
    family: Family::Content,
    about: "The vendor's filter blocks the answer: a refusal or a filter's finish reason, with HTTP 200.",
    example: "refusal",
    takes: &[],
    make: Make::Act(|_| Arc::new(Refusal)),
};

#[derive(Debug)]
pub(super) struct Refusal;

impl Act for Refusal {
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        answer.fall_silent(Finish::Refused);
        true
    }
}
