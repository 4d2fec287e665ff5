//! Server-sent events, as far as the vendors use them (WHATWG HTML, section 9.2): `event:` and `data:` fields, comments
//! ignored, LF or CRLF, any fragmentation. An event longer than [`MAX_EVENT`] is refused.

use super::Complaint;
use crate::event::Class;

/// No event of any vendor comes near this many bytes.
const MAX_EVENT: usize = 4 << 20;

/// An incremental parser.
#[derive(Debug, Default)]
pub(super) struct Parser {
    /// Bytes of a line that has not ended yet.
    partial: Vec<u8>,
    event: String,
    data: String,
    has_data: bool,
}

impl Parser {
    /// Takes in bytes and hands every complete event's name (may be empty) and data to `each`.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&str, &str) -> Result<(), Complaint>,
    ) -> Result<(), Complaint> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&b| b == b'\n') {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            rest = after;
            if self.partial.is_empty() {
                self.line(line, &mut each)?;
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(line);
                self.line(&whole, &mut each)?;
                whole.clear();
                self.partial = whole;
            }
        }
        self.partial.extend_from_slice(rest);
        if self.partial.len() + self.data.len() > MAX_EVENT {
            return Err(Complaint::new(Class::Malformed, "an event of the stream is too long"));
        }
        Ok(())
    }

    fn line(
        &mut self,
        line: &[u8],
        each: &mut impl FnMut(&str, &str) -> Result<(), Complaint>,
    ) -> Result<(), Complaint> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line =
            std::str::from_utf8(line).map_err(|_| Complaint::new(Class::Malformed, "the stream is not UTF-8"))?;
        if line.is_empty() {
            let outcome = if self.has_data { each(&self.event, &self.data) } else { Ok(()) };
            self.event.clear();
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
            }
            "event" => value.clone_into(&mut self.event),
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
                .feed(piece, |e, d| {
                    seen.push((e.to_owned(), d.to_owned()));
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
            let _ = Parser::default().feed(&bytes, |_, _| Ok(()));
        }
    }
}
