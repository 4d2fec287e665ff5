//! What a fault may do to one request, in the order in which the server asks: answer something else, spoil what the
//! model says, spoil how it travels.

use super::Cause;
use crate::course::{Course, Timetable};
use crate::dialect::{Answer, Ask, Failure, Format, Problem, Reply, Scene};
use crate::luck::Draw;
use std::fmt;
use std::time::Duration;

/// What comes in place of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Instead {
    /// Nothing, ever.
    Silence,
    /// The connection is reset.
    Reset,
    /// An error with this status.
    Status(u16, Option<Duration>),
    /// The vendor's error for this cause.
    Error(Cause, Option<Duration>),
    /// The vendor's words for this problem.
    Problem(Problem<'static>),
    /// This response, which is nobody's in particular.
    Page(Failure),
}

/// What a fault that spoils the way of an answer can look at.
pub(crate) struct Scenery<'a> {
    pub(crate) format: &'static dyn Format,
    pub(crate) reply: &'a Reply<'a>,
    pub(crate) scene: &'a Scene<'a>,
    /// When a head could go out at the earliest, in milliseconds from the start of the drill.
    pub(crate) head_ms: u64,
    /// When the tokens would be due in a stream.
    pub(crate) timetable: &'a Timetable,
}

/// A fault at work on one request.
pub(crate) trait Act: fmt::Debug + Send + Sync {
    /// Its name in the ledger, where it says more than the kind's.
    fn name(&self) -> Option<&'static str> {
        None
    }

    /// What it does in a few words, where they say more than the name.
    fn label(&self) -> Option<String> {
        None
    }

    /// Whether the client gets an error where it would have got an answer.
    fn is_an_error(&self) -> bool {
        false
    }

    /// What comes in place of an answer, if this kind of request gets none.
    fn instead(&self, _ask: &Ask<'_>, _format: &dyn Format) -> Option<Instead> {
        None
    }

    /// Spoils what the model says. Says whether it did: there may be nothing to spoil.
    fn say(&self, _answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        false
    }

    /// How the answer goes on from what has been said of it, in place of `rest`; `None`: as it should.
    fn go_on(&self, _said: &str, _rest: &str) -> Option<String> {
        None
    }

    /// Spoils how the answer travels. Says whether it did.
    fn carry(&self, _course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        false
    }
}
