//! An HTTP status, with the body the vendor has been seen to send with it.

use crate::dialect::{Ask, Format};
use crate::fault::kind::{Args, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Instead};
use std::sync::Arc;
use std::time::Duration;

pub(super) const RETRY_AFTER: Param = Param {
    name: "retry_after",
    takes: Takes::Wait,
    default: None,
    about: "the wait that is asked for, said as the vendor says it: in a header or in the body",
};

pub(in crate::fault) static KIND: Kind = Kind {
    name: "status",
    family: Family::Error,
    about: "An error answer with this HTTP status and the vendor's body for it.",
    example: "{ status: 503, retry_after: 2s }",
    takes: &[
        Param { name: "status", takes: Takes::Count(400, 599), default: None, about: "the status code" },
        RETRY_AFTER,
    ],
    make: Make::Act(|args| Arc::new(Status::new(args))),
};

#[derive(Debug)]
struct Status {
    code: u16,
    retry_after: Option<Duration>,
}

impl Status {
    fn new(args: &Args) -> Self {
        Self { code: u16::try_from(args.count("status")).unwrap_or(500), retry_after: args.wait("retry_after") }
    }
}

/// A wait in brackets, if there is one.
pub(super) fn with_wait(what: &str, wait: Option<Duration>) -> String {
    wait.map_or_else(|| what.to_owned(), |wait| format!("{what} (retry after {wait:?})"))
}

impl Act for Status {
    fn label(&self) -> Option<String> {
        Some(with_wait(&self.code.to_string(), self.retry_after))
    }

    fn instead(&self, _ask: &Ask<'_>, _format: &dyn Format) -> Option<Instead> {
        Some(Instead::Status(self.code, self.retry_after))
    }
}
