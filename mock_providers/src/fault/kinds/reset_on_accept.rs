//! Whoever connects is reset.

use crate::fault::Door;
use crate::fault::kind::{Family, Kind, Make};

pub(in crate::fault) static KIND: Kind = Kind {
    name: "reset_on_accept",
    family: Family::Connection,
    about: "New connections are accepted and reset at once, and idle ones closed, for all requests alike.",
    example: "reset_on_accept",
    takes: &[],
    make: Make::Door(Door::Reset),
};
