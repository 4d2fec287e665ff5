//! The vendor's event stream: binary frames under two checksums.
//!
//! ```text
//! total length u32 | headers' length u32 | CRC-32 of the 8 bytes | headers | payload | CRC-32 of all before
//! ```
//!
//! A header is the length of its name in a byte, the name, 7 for "string", the length of the value in two bytes, the
//! value. All numbers are big-endian.

use crate::dialect::wire::{self, Template};
use bytes::BytesMut;
use serde::Serialize;

/// The two lengths and their checksum.
const PRELUDE: usize = 12;
/// The checksum at the end.
const CHECKSUM: usize = 4;

/// Appends a frame with an event.
pub(super) fn push_event(out: &mut Vec<u8>, name: &str, payload: &impl Serialize) {
    push(out, [":event-type", name, "event"], payload);
}

/// Appends the frame that ends a stream in which something went wrong.
pub(super) fn push_exception(out: &mut Vec<u8>, name: &str, payload: &impl Serialize) {
    push(out, [":exception-type", name, "exception"], payload);
}

/// Frames of this event, whose payload was rendered with the mark of a token in it.
pub(super) fn around_token(name: &str, payload: &[u8]) -> Template {
    let (prefix, suffix) = wire::split_at_token(payload);
    let mut before = Vec::with_capacity(192);
    let headers = open(&mut before, [":event-type", name, "event"]);
    before.extend_from_slice(&prefix);
    Template::Own(Box::new(move |out: &mut BytesMut, token: &str, _| {
        let from = out.len();
        out.reserve(before.len() + token.len() + suffix.len() + 64);
        out.extend_from_slice(&before);
        wire::push_escaped(out, token);
        out.extend_from_slice(&suffix);
        let checksum = seal(&mut out[from..], headers);
        out.extend_from_slice(&checksum);
    }))
}

fn push(out: &mut Vec<u8>, kind: [&str; 3], payload: &impl Serialize) {
    let from = out.len();
    let headers = open(out, kind);
    wire::push_json(out, payload);
    let checksum = seal(&mut out[from..], headers);
    out.extend_from_slice(&checksum);
}

/// Appends room for the prelude and the headers of a frame; gives the length of these. A kind is the name of the header
/// that names it, that name, and what sort of message it is.
fn open(out: &mut Vec<u8>, [header, name, message]: [&str; 3]) -> usize {
    out.extend_from_slice(&[0; PRELUDE]);
    let from = out.len();
    for (name, value) in [(header, name), (":content-type", wire::JSON), (":message-type", message)] {
        out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(name.as_bytes());
        out.push(7);
        out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(value.as_bytes());
    }
    out.len() - from
}

/// Fills in the prelude of a frame that lacks but its last checksum, and gives that.
fn seal(frame: &mut [u8], headers: usize) -> [u8; CHECKSUM] {
    let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let total = number(frame.len() + CHECKSUM);
    frame[..4].copy_from_slice(&total);
    frame[4..8].copy_from_slice(&number(headers));
    let checksum = crc32fast::hash(&frame[..8]).to_be_bytes();
    frame[8..PRELUDE].copy_from_slice(&checksum);
    crc32fast::hash(frame).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_byte_for_byte_what_the_format_says() {
        let mut frame = Vec::new();
        push_event(&mut frame, "x", &serde_json::json!({}));
        assert_eq!(frame[..8], [0, 0, 0, 89, 0, 0, 0, 71]);
        assert_eq!(frame[PRELUDE..PRELUDE + 16], *b"\x0b:event-type\x07\0\x01x");
        assert_eq!(frame[83..85], *b"{}");
        assert_eq!(frame.len(), 89);
    }

    #[test]
    fn a_token_in_a_template_and_in_a_frame_of_its_own_are_the_same_bytes() {
        let event = |text: &str| serde_json::json!({ "delta": { "text": text } });
        for token in ["one", " \"two\"\n", "drei ß"] {
            let mut frame = Vec::new();
            push_event(&mut frame, "contentBlockDelta", &event(token));
            let mut out = BytesMut::new();
            around_token("contentBlockDelta", &wire::json(&event(wire::TOKEN))).push(&mut out, token, 1);
            assert_eq!(out[..], frame);
        }
    }
}
