//! Nobody listens.

use crate::fault::Door;
use crate::fault::kind::{Family, Kind, Make};

pub(in crate::fault) static KIND: Kind = Kind {
    name: "refused",
    family: Family::Connection,
    about: "New connections are refused and idle ones closed, for all requests alike.",
    example: "refused",
    takes: &[],
    make: Make::Door(Door::Refused),
};
