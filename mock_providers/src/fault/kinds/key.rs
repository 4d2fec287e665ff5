//! The key that the request bears is no longer good.

use crate::dialect::{Ask, Format};
use crate::fault::kind::{Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Cause, Instead};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "key",
    family: Family::Error,
    about: "The vendor's answer to a key that is no longer good; `on: { key: … }` says which.",
    example: "{ key: revoked }",
    takes: &[Param::new(
        "key",
        Takes::Word(&["revoked", "expired"]),
        None,
        "why; the vendors say the same to both, the ledger does not",
    )],
    make: Make::Act(|args| Arc::new(Key { expired: args.word("key") == "expired" })),
};

#[derive(Debug)]
struct Key {
    expired: bool,
}

impl Act for Key {
    fn name(&self) -> Option<&'static str> {
        Some(if self.expired { "key_expired" } else { "key_revoked" })
    }

    fn instead(&self, _ask: &Ask<'_>, _format: &dyn Format) -> Option<Instead> {
        Some(Instead::Error(Cause::Auth, None))
    }
}
