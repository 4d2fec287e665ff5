//! Server-sent events, as far as the vendors use them (WHATWG HTML, section 9.2): `event:` and `data:` fields, comments
//! ignored, LF or CRLF, any fragmentation. An event longer than [`MAX_MESSAGE`] is refused.

use super::Complaint;
use super::framing::{MAX_MESSAGE, Message};
use super::lines::Splitter;
use crate::event::Class;

/// An incremental parser.
#[derive(Debug, Default)]
pub(super) struct Parser {
    lines: Splitter,
    event: Event,
}

/// An event that has not ended yet.
#[derive(Debug, Default)]
struct Event {
    name: String,
    data: String,
    has_data: bool,
}

impl Parser {
    /// Takes in bytes and hands every event that they complete to `each`. Its name may be empty.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Message<'_>) -> Result<(), Complaint>,
    ) -> Result<(), Complaint> {
        let Self { lines, event } = self;
        lines.feed(bytes, |line| event.line(line, &mut each))
    }
}

impl Event {
    fn line(
        &mut self,
        line: &str,
        each: &mut impl FnMut(Message<'_>) -> Result<(), Complaint>,
    ) -> Result<(), Complaint> {
        if line.is_empty() {
            let whole = Message { name: &self.name, is_error: false, data: &self.data };
            let outcome = if self.has_data { each(whole) } else { Ok(()) };
            self.name.clear();
            self.data.clear();
            self.has_data = false;
            return outcome;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
                if self.data.len() > MAX_MESSAGE {
                    return Err(Complaint::new(Class::Malformed, "an event of the stream is too long"));
                }
            }
            "event" => value.clone_into(&mut self.name),
            _ => {}
        }
        Ok(())
    }
}
