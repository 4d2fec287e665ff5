//! A cause, with the status and body that the vendor gives it.

use super::status::{RETRY_AFTER, with_wait};
use crate::dialect::{Answer, Ask, Format};
use crate::fault::kind::{Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Cause, Instead};
use crate::luck::Draw;
use std::sync::Arc;
use std::time::Duration;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "error",
    family: Family::Error,
    about: "The vendor's answer to this cause; status and shape differ from vendor to vendor.",
    example: "{ error: rate_limited, retry_after: 20s }",
    takes: &[
        Param { name: "error", takes: Takes::Word(&Cause::NAMES), default: None, about: "the cause" },
        RETRY_AFTER,
    ],
    make: Make::Act(|args| {
        let cause = Cause::named(args.word("error")).unwrap_or(Cause::ServerError);
        Arc::new(Error { cause, retry_after: args.wait("retry_after") })
    }),
};

#[derive(Debug)]
struct Error {
    cause: Cause,
    retry_after: Option<Duration>,
}

impl Act for Error {
    fn name(&self) -> Option<&'static str> {
        Some(self.cause.name())
    }

    fn label(&self) -> Option<String> {
        Some(with_wait(&self.cause.name().replace('_', " "), self.retry_after))
    }

    fn instead(&self, _ask: &Ask<'_>, format: &dyn Format) -> Option<Instead> {
        let answered = self.cause == Cause::ContentPolicy && format.blocks_prompts_with_200().is_some();
        (!answered).then_some(Instead::Error(self.cause, self.retry_after))
    }

    /// Some vendors say with HTTP 200 that a prompt was blocked.
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, format: &dyn Format, _draw: &mut Draw) -> bool {
        let finish = format.blocks_prompts_with_200();
        finish.is_some_and(|finish| {
            answer.fall_silent(finish);
            true
        })
    }
}
