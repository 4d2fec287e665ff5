//! The sentences of an answer: of prose all of it, of JSON its texts of several words.

use serde_json::Value;
use std::borrow::Cow;

/// What an answer says in words.
pub(super) fn of(text: &str) -> Cow<'_, str> {
    let json = text.trim_start().starts_with(['{', '[', '"']);
    match json.then(|| serde_json::from_str::<Value>(text)) {
        Some(Ok(value)) => {
            let mut sentences = String::new();
            collect(&value, &mut sentences);
            Cow::Owned(sentences)
        }
        _ => Cow::Borrowed(text),
    }
}

fn collect(value: &Value, out: &mut String) {
    match value {
        Value::String(text) if text.trim().contains(char::is_whitespace) || !text.is_ascii() => {
            out.push_str(text);
            out.push('\n');
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, out)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, out)),
        _ => {}
    }
}
