//! Lines, whatever pieces they arrive in: LF or CRLF ends one, and what has no end is none. A line longer than
//! [`MAX_MESSAGE`] is refused.

use super::Complaint;
use super::framing::{MAX_MESSAGE, Message};
use crate::event::Class;

/// Cuts bytes into lines.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// Bytes of a line that has not ended yet.
    partial: Vec<u8>,
}

impl Splitter {
    /// Takes in bytes and hands every line that they complete to `each`, without its end.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&str) -> Result<(), Complaint>,
    ) -> Result<(), Complaint> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&b| b == b'\n') {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            rest = after;
            if self.partial.is_empty() {
                each(text(line)?)?;
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(line);
                each(text(&whole)?)?;
                whole.clear();
                self.partial = whole;
            }
        }
        self.partial.extend_from_slice(rest);
        if self.partial.len() > MAX_MESSAGE {
            return Err(Complaint::new(Class::Malformed, "a line of the stream is too long"));
        }
        Ok(())
    }
}

fn text(line: &[u8]) -> Result<&str, Complaint> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    std::str::from_utf8(line).map_err(|_| Complaint::new(Class::Malformed, "the stream is not UTF-8"))
}

/// A stream in which each line is a message. Blank ones mean nothing.
#[derive(Debug, Default)]
pub(super) struct Parser(Splitter);

impl Parser {
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Message<'_>) -> Result<(), Complaint>,
    ) -> Result<(), Complaint> {
        self.0.feed(bytes, |line| match line.trim_ascii() {
            "" => Ok(()),
            data => each(Message { name: "", is_error: false, data }),
        })
    }
}
