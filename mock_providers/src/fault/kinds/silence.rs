//! The request is taken and never answered.

use crate::dialect::{Ask, Format};
use crate::fault::kind::{Family, Kind, Make};
use crate::fault::{Act, Instead};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "silence",
    family: Family::Latency,
    about: "The request is taken and never answered; the connection stays open.",
    example: "silence",
    takes: &[],
    make: Make::Act(|_| Arc::new(Silence)),
};

#[derive(Debug)]
struct Silence;

impl Act for Silence {
    fn instead(&self, _ask: &Ask<'_>, _format: &dyn Format) -> Option<Instead> {
        Some(Instead::Silence)
    }
}
