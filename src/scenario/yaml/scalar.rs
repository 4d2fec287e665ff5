//! How far a scalar reaches in the source. The YAML parser tells where one starts, not where it ends.

use super::node::Value;
use crate::scenario::source::{Source, Span};

/// The span of the scalar that starts at `start` and was read as `value`.
pub(super) fn extent(source: &Source, start: usize, value: &Value) -> Span {
    let rest = source.from(start);
    let len = match rest.as_bytes().first() {
        Some(b'\'') => single_quoted(rest),
        Some(b'"') => double_quoted(rest),
        Some(_) => match value {
            Value::Null if !["~", "null", "Null", "NULL"].iter().any(|n| rest.starts_with(n)) => 0,
            Value::Text(text) if rest.starts_with(text.as_str()) => text.len(),
            Value::Text(_) => rest.lines().next().map_or(0, |line| line.trim_end().len()),
            _ => rest.find([' ', '\t', '\r', '\n', ',', ']', '}', ':']).unwrap_or(rest.len()),
        },
        None => 0,
    };
    start..start + len
}

/// Where the characters of a text start, if they stand in the source as they were read: not escaped, not folded.
pub(crate) fn verbatim(source: &Source, at: &Span, text: &str) -> Option<usize> {
    let quote = usize::from(source.slice(at).starts_with(['\'', '"']));
    let start = at.start + quote;
    source.from(start).starts_with(text).then_some(start)
}

fn single_quoted(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if c == '\'' && chars.next_if(|(_, c)| *c == '\'').is_none() {
            return i + 1;
        }
    }
    rest.len()
}

fn double_quoted(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => {
                let _ = chars.next();
            }
            '"' => return i + 1,
            _ => {}
        }
    }
    rest.len()
}
