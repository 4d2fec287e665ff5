//! How the body of a stream is cut into messages. The dialects differ in this and share what is here: bytes in pieces of
//! any size go in, whole messages come out, and a message that has not ended is none.

use super::{Complaint, event_stream, lines, sse};

/// No message of any vendor comes near this many bytes.
pub(super) const MAX_MESSAGE: usize = 4 << 20;

/// What a stream is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Server-sent events.
    Sse,
    /// A line of JSON each.
    Lines,
    /// AWS's binary frames.
    EventStream,
}

/// A whole message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// Its name, where the framing gives it one; may be empty.
    pub(super) name: &'a str,
    /// The framing says that it is an error.
    pub(super) is_error: bool,
    /// What it says.
    pub(super) data: &'a str,
}

/// An incremental parser of one stream.
#[derive(Debug)]
pub(super) enum Parser {
    Sse(sse::Parser),
    Lines(lines::Parser),
    EventStream(event_stream::Parser),
}

impl Framing {
    /// What the content type of such a stream begins with.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::Lines => "application/x-ndjson",
            Self::EventStream => "application/vnd.amazon.eventstream",
        }
    }

    pub(super) fn parser(self) -> Parser {
        match self {
            Self::Sse => Parser::Sse(sse::Parser::default()),
            Self::Lines => Parser::Lines(lines::Parser::default()),
            Self::EventStream => Parser::EventStream(event_stream::Parser::default()),
        }
    }
}

impl Parser {
    /// Takes in bytes and hands every message that they complete to `each`.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        each: impl FnMut(Message<'_>) -> Result<(), Complaint>,
    ) -> Result<(), Complaint> {
        match self {
            Self::Sse(parser) => parser.feed(bytes, each),
            Self::Lines(parser) => parser.feed(bytes, each),
            Self::EventStream(parser) => parser.feed(bytes, each),
        }
    }
}
