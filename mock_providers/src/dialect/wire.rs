//! What all dialects need to put JSON and server-sent events on the wire quickly.
//!
//! The events of a stream differ only in their token. So one event is rendered from the dialect's own types with a
//! marker in the token's place, and cut there: every token then costs two copies and one escape.

use bytes::{BufMut, BytesMut};
use serde::Serialize;

pub(crate) const JSON: &str = "application/json";
pub(crate) const SSE: &str = "text/event-stream; charset=utf-8";

/// Stands for the token in the event that is cut up; no model says it.
pub(super) const TOKEN: &str = "\u{1}";
const TOKEN_JSON: &[u8] = br"\u0001";

/// A streamed answer, ready to be sent token by token.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// What comes before the first token.
    pub(crate) opening: Vec<u8>,
    /// What comes before each token.
    pub(crate) prefix: Vec<u8>,
    /// What comes after each token.
    pub(crate) suffix: Suffix,
    /// What ends an event.
    pub(crate) gap: &'static [u8],
    /// What comes after the last token.
    pub(crate) closing: Vec<u8>,
}

/// What comes after each token.
#[derive(Debug)]
pub(crate) enum Suffix {
    /// Always the same.
    Fixed(Vec<u8>),
    /// With the number of tokens so far, and that number plus the prompt's, between three pieces.
    Counted { pieces: [Vec<u8>; 3], prompt: u32 },
}

impl Default for Suffix {
    fn default() -> Self {
        Self::Fixed(Vec::new())
    }
}

impl Frames {
    /// Appends the event of the `n`-th token, counted from 1.
    pub(crate) fn push_token(&self, out: &mut BytesMut, token: &str, n: u32) {
        out.reserve(self.prefix.len() + token.len() + 256);
        out.extend_from_slice(&self.prefix);
        push_escaped(out, token);
        match &self.suffix {
            Suffix::Fixed(suffix) => out.extend_from_slice(suffix),
            Suffix::Counted { pieces: [before, between, after], prompt } => {
                out.extend_from_slice(before);
                push_number(out, n);
                out.extend_from_slice(between);
                push_number(out, prompt.saturating_add(n));
                out.extend_from_slice(after);
            }
        }
    }

    /// An event that breaks off inside its JSON.
    pub(crate) fn broken_event(&self) -> Vec<u8> {
        [&self.prefix, self.gap].concat()
    }
}

/// Splits rendered JSON at the place of the token, quotes included.
pub(super) fn split_at_token(event: &[u8]) -> (Vec<u8>, Vec<u8>) {
    split(event, TOKEN_JSON)
}

/// Splits at the first occurrence of `mark`, which is left out.
pub(super) fn split(text: &[u8], mark: &[u8]) -> (Vec<u8>, Vec<u8>) {
    match text.windows(mark.len()).position(|window| window == mark) {
        Some(at) => (text[..at].to_vec(), text[at + mark.len()..].to_vec()),
        None => (text.to_vec(), Vec::new()),
    }
}

/// Serializes one of the dialects' own types, none of which can fail to.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    push_json(&mut out, value);
    out
}

/// Appends one of the dialects' own types.
pub(super) fn push_json(out: &mut Vec<u8>, value: &impl Serialize) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "a wire type failed to serialize");
}

fn push_number(out: &mut BytesMut, number: u32) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a text as it stands inside a JSON string, without the quotes.
fn push_escaped(out: &mut BytesMut, text: &str) {
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let before = out.len();
    let written = serde_json::to_writer(out.writer(), text);
    debug_assert!(written.is_ok(), "a string failed to serialize");
    let quoted = out.split_off(before);
    out.extend_from_slice(&quoted[1..quoted.len() - 1]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_escaped_token_is_the_same_string_to_any_json_reader(text in any::<String>()) {
            let mut out = BytesMut::from(&b"\""[..]);
            push_escaped(&mut out, &text);
            out.extend_from_slice(b"\"");
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn a_number_is_written_in_decimal(number in any::<u32>()) {
            let mut out = BytesMut::new();
            push_number(&mut out, number);
            let written = String::from_utf8(out.to_vec()).unwrap();
            prop_assert_eq!(written, number.to_string());
        }
    }
}
