//! The connection is reset before any response byte.

use crate::dialect::{Ask, Format};
use crate::fault::kind::{Family, Kind, Make};
use crate::fault::{Act, Instead};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "reset",
    family: Family::Transfer,
    about: "The connection is reset before any byte of a response.",
    example: "reset",
    takes: &[],
    make: Make::Act(|_| Arc::new(Reset)),
};

#[derive(Debug)]
struct Reset;

impl Act for Reset {
    fn instead(&self, _ask: &Ask<'_>, _format: &dyn Format) -> Option<Instead> {
        Some(Instead::Reset)
    }
}
