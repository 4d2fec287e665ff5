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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut parser = Parser::default();
        let mut seen = Vec::new();
        for piece in pieces {
            parser
                .feed(piece, |message| {
                    seen.push((message.name.to_owned(), message.data.to_owned()));
                    Ok(())
                })
                .expect("well formed");
        }
        seen
    }

    const WHOLE: &[u8] =
        "event: a\ndata: {\"x\":\"é\"}\n\n: comment\r\ndata:1\r\ndata: 2\r\n\r\nid: 7\n\ndata: [DONE]\n\n".as_bytes();

    #[test]
    fn names_data_comments_and_both_line_ends_are_understood() {
        let expected = [("a", "{\"x\":\"é\"}"), ("", "1\n2"), ("", "[DONE]")];
        assert_eq!(parse(&[WHOLE]), expected.map(|(e, d)| (e.to_owned(), d.to_owned())));
    }

    #[test]
    fn an_event_without_its_blank_line_is_not_an_event() {
        assert!(parse(&[b"data: x\n"]).is_empty());
    }

    proptest! {
        #[test]
        fn the_cuts_between_pieces_do_not_matter(mut cuts in proptest::collection::vec(0..WHOLE.len(), 0..12)) {
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts { pieces.push(&WHOLE[from..cut]); from = cut; }
            pieces.push(&WHOLE[from..]);
            prop_assert_eq!(parse(&pieces), parse(&[WHOLE]));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Parser::default().feed(&bytes, |_| Ok(()));
        }
    }
}
