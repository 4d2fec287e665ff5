//! Whoever connects is never heard.

use crate::fault::Door;
use crate::fault::kind::{Family, Kind, Make};

pub(in crate::fault) static KIND: Kind = Kind {
    name: "deaf",
    family: Family::Connection,
    about: "New connections are accepted and then neither read nor answered; idle ones are closed.",
    example: "deaf",
    takes: &[],
    make: Make::Door(Door::Deaf),
};
