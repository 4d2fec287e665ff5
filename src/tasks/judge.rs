//! Holding what was served against what is known.
//!
//! In this order: the known answer is right; the beginning of the right or of the wrong answer is truncated; what is not
//! of the shape that was asked for is a violation; all else is wrong.

use super::{Job, Said};
use crate::event::Judged;
use serde_json::Value;

/// What a client was served.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// Text.
    pub text: String,
    /// Tool calls: names, and arguments as they came.
    pub calls: Vec<(String, String)>,
    /// A vector.
    pub vector: Option<Vec<f32>>,
}

impl Given {
    /// Text and nothing else.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// Judges an answer that is to be text of some shape.
pub(super) fn text(job: &dyn Job, prompt: &str, given: &Given, well_formed: impl FnOnce(&str) -> bool) -> Judged {
    let known = |right| match job.answer(prompt, right) {
        Some(Said::Text(text)) => text,
        _ => String::new(),
    };
    let (said, right) = (given.text.as_str(), known(true));
    if !given.calls.is_empty() || given.vector.is_some() {
        return Judged::SchemaViolation;
    }
    if said == right {
        return Judged::Right;
    }
    if said.is_empty() || right.starts_with(said) {
        return Judged::Truncated;
    }
    let wrong = known(false);
    if said.len() < wrong.len() && wrong.starts_with(said) {
        return Judged::Truncated;
    }
    if well_formed(said) { Judged::Wrong } else { Judged::SchemaViolation }
}

/// Judges an answer that is to be JSON with the task's schema.
pub(super) fn json(job: &dyn Job, prompt: &str, given: &Given) -> Judged {
    text(job, prompt, given, |said| {
        let value = serde_json::from_str::<Value>(said);
        value.is_ok_and(|value| job.schema().is_none_or(|schema| fits(&schema, &value)))
    })
}

/// Whether a value keeps a schema. It is compiled every time: only answers that are not the known one get here.
pub(super) fn fits(schema: &Value, value: &Value) -> bool {
    jsonschema::is_valid(schema, value)
}
