//! What all dialects need to lay out a body and to put JSON on the wire quickly.
//!
//! The token events of a stream differ only in their token. So one event is rendered from the dialect's own types with
//! a marker in the token's place, and cut there: every token then costs two copies and one escape.

use crate::text::tokens;
use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

pub(crate) const JSON: &str = "application/json";
pub(crate) const SSE: &str = "text/event-stream; charset=utf-8";

/// Stands for the token in the event that is cut up; no model says it.
pub(super) const TOKEN: &str = "\u{1}";
const TOKEN_JSON: &[u8] = br"\u0001";

/// Stands for the number of the event that is cut up.
pub(super) const NUMBER: u32 = u32::MAX;

/// What a piece of a stream is there for, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// Before the answer.
    Opening,
    /// The answer itself, and what stands between its parts.
    Answer,
    /// It tells why the answer ends.
    Finish,
    /// It tells what was used, and nothing else.
    Usage,
    /// It ends the stream.
    Terminator,
    /// There is no piece any more.
    End,
    /// The body in one piece.
    Whole,
}

/// A piece of a body.
#[derive(Debug)]
pub(crate) enum Piece {
    /// An event, by the place of its bytes.
    Event { mark: Mark, bytes: Range<usize> },
    /// A text that is sent token by token, an event each.
    Run(Run),
}

/// A text that is sent token by token.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) text: String,
    pub(crate) template: Template,
    /// The text is the arguments of a tool call.
    pub(crate) tool: bool,
}

/// Writes the event of a token, given the token and how many there have been, this one included.
pub(super) type PushToken = Box<dyn Fn(&mut BytesMut, &str, u32) + Send + Sync>;

/// How a token becomes an event.
pub(crate) enum Template {
    /// Between two texts, as the inside of a JSON string.
    Json { prefix: Vec<u8>, suffix: Suffix },
    /// In a way of its own.
    Own(PushToken),
}

/// What comes after each token.
#[derive(Debug)]
pub(crate) enum Suffix {
    /// Always the same.
    Fixed(Vec<u8>),
    /// With the number of tokens so far, and that number plus the prompt's, between three pieces.
    Counted { pieces: [Vec<u8>; 3], prompt: u32 },
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Template")
    }
}

impl Template {
    /// Cuts up an event that was rendered with [`TOKEN`] in the token's place.
    pub(super) fn around_token(event: &[u8]) -> Self {
        let (prefix, suffix) = split_at_token(event);
        Self::Json { prefix, suffix: Suffix::Fixed(suffix) }
    }

    /// Cuts up an event that was rendered with [`TOKEN`] in the token's place and, before it, [`NUMBER`] in that of the
    /// event's number: the `n`-th token of the answer has number `before_first + n`.
    pub(super) fn numbered(event: &[u8], before_first: u32) -> Self {
        let (before, rest) = split(event, NUMBER.to_string().as_bytes());
        let (between, after) = split_at_token(&rest);
        Self::Own(Box::new(move |out, token, n| {
            out.reserve(before.len() + between.len() + token.len() + after.len() + 32);
            out.extend_from_slice(&before);
            push_number(out, before_first.saturating_add(n));
            out.extend_from_slice(&between);
            push_escaped(out, token);
            out.extend_from_slice(&after);
        }))
    }

    /// Appends the event of a token, the `n`-th of the answer, counted from 1.
    pub(crate) fn push(&self, out: &mut BytesMut, token: &str, n: u32) {
        let (prefix, suffix) = match self {
            Self::Own(push) => return push(out, token, n),
            Self::Json { prefix, suffix } => (prefix, suffix),
        };
        out.reserve(prefix.len() + token.len() + 256);
        out.extend_from_slice(prefix);
        push_escaped(out, token);
        match suffix {
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
}

/// A body, laid out in pieces.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    /// What ends an event.
    pub(crate) gap: &'static [u8],
    /// Tokens of a body in one piece.
    whole_tokens: u32,
}

impl Frames {
    pub(super) fn new(gap: &'static [u8]) -> Self {
        Self { bytes: Vec::with_capacity(1024), pieces: Vec::with_capacity(8), gap, whole_tokens: 0 }
    }

    /// A body in one piece, which holds so many tokens of an answer.
    pub(crate) fn whole(bytes: Vec<u8>, whole_tokens: u32) -> Self {
        let piece = Piece::Event { mark: Mark::Whole, bytes: 0..bytes.len() };
        Self { bytes, pieces: vec![piece], gap: b"", whole_tokens }
    }

    /// Adds an event.
    pub(super) fn event(&mut self, mark: Mark, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.bytes.len();
        write(&mut self.bytes);
        self.pieces.push(Piece::Event { mark, bytes: from..self.bytes.len() });
    }

    /// Adds a text that is sent token by token.
    pub(super) fn run(&mut self, text: &str, template: Template) {
        self.pieces.push(Piece::Run(Run { text: text.to_owned(), template, tool: false }));
    }

    /// Adds the arguments of a tool call, sent token by token.
    pub(super) fn tool_run(&mut self, arguments: &str, template: Template) {
        self.pieces.push(Piece::Run(Run { text: arguments.to_owned(), template, tool: true }));
    }

    /// Adds a tool call that is sent whole, when the last token of its arguments is due.
    pub(super) fn whole_call(&mut self, arguments: &str, event: impl FnOnce(&mut Vec<u8>, u32)) {
        let before = self.tokens();
        let last = before.saturating_add(u32::try_from(tokens(arguments).count()).unwrap_or(u32::MAX));
        if last == before {
            return self.event(Mark::Answer, |out| event(out, last));
        }
        let mut bytes = Vec::with_capacity(256);
        event(&mut bytes, last);
        let push = move |out: &mut BytesMut, _: &str, n: u32| {
            if n == last {
                out.extend_from_slice(&bytes);
            }
        };
        self.tool_run(arguments, Template::Own(Box::new(push)));
    }

    pub(crate) fn piece(&self, index: usize) -> Option<&Piece> {
        self.pieces.get(index)
    }

    /// The bytes of all events.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Tokens of a body in one piece; 0 of a stream.
    pub(crate) fn whole_tokens(&self) -> u32 {
        self.whole_tokens
    }

    /// How many tokens its runs have.
    pub(crate) fn tokens(&self) -> u32 {
        let runs = self.pieces.iter().map(|piece| match piece {
            Piece::Run(run) => tokens(&run.text).count(),
            Piece::Event { .. } => 0,
        });
        u32::try_from(runs.sum::<usize>()).unwrap_or(u32::MAX)
    }

    pub(crate) fn in_one_piece(&self) -> bool {
        matches!(self.pieces.as_slice(), [Piece::Event { mark: Mark::Whole, .. }])
    }

    /// Leaves out all events of this kind. Says whether there were any.
    pub(crate) fn omit(&mut self, omitted: Mark) -> bool {
        let before = self.pieces.len();
        self.pieces.retain(|piece| !matches!(piece, Piece::Event { mark, .. } if *mark == omitted));
        self.pieces.len() < before
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

/// The arguments of a tool call as a JSON object in one line; `None` where they are none.
pub(super) fn object(arguments: &str) -> Option<Cow<'_, RawValue>> {
    let raw: &RawValue = serde_json::from_str(arguments).ok().filter(|raw: &&RawValue| raw.get().starts_with('{'))?;
    if !raw.get().contains(['\n', '\r']) {
        return Some(Cow::Borrowed(raw));
    }
    let parsed: serde_json::Value = serde_json::from_str(raw.get()).ok()?;
    serde_json::value::to_raw_value(&parsed).ok().map(Cow::Owned)
}

/// The same, or an empty object.
pub(super) fn object_or_empty(arguments: &str) -> Cow<'_, RawValue> {
    let empty = || serde_json::from_str::<&RawValue>("{}").map_or_else(|_| Cow::Owned(Box::default()), Cow::Borrowed);
    object(arguments).unwrap_or_else(empty)
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
pub(super) fn push_escaped(out: &mut BytesMut, text: &str) {
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let before = out.len();
    let written = serde_json::to_writer(out.writer(), text);
    debug_assert!(written.is_ok(), "a string failed to serialize");
    let after = out.len();
    out.copy_within(before + 1..after - 1, before);
    out.truncate(after - 2);
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
