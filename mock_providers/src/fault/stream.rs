//! The stream family: bodies that do not reach their end as they should.
//!
//! Three endings look alike and are not: a reset before the head (no body at all), a cut (the connection breaks inside
//! the body) and an early end (the body is well framed, only too short). A fault that would come after the last token
//! comes right after the last token instead: it always bites, and never after the finish reason.

use super::Injection;

/// How a body is broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// The connection breaks.
    Cut,
    /// The body ends, well framed.
    EarlyEnd,
    /// Nothing more comes.
    Stall,
    /// The vendor's error event comes, then a clean end.
    Error,
}

/// Where and how this injection breaks the body of an answer with `tokens` tokens; `None` if it leaves it whole.
pub(crate) fn broken(injection: Option<&Injection>, tokens: u32) -> Option<(u32, Break)> {
    let (after, kind) = match injection? {
        Injection::Cut { after_tokens } => (*after_tokens, Break::Cut),
        Injection::EarlyEnd { after_tokens } => (*after_tokens, Break::EarlyEnd),
        Injection::Stall { after_tokens } => (*after_tokens, Break::Stall),
        Injection::StreamError { after_tokens } => (*after_tokens, Break::Error),
        _ => return None,
    };
    Some((after.min(tokens), kind))
}
