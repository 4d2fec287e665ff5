//! Gates: checks on a complete 200 answer before it may be served.
//!
//! Rules: a gate sees the whole answer, so a streamed request with a gate is buffered. It answers yes, or no with the
//! first reason; it never repairs. JSON in a Markdown fence or between sentences is not JSON.

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;

/// A JSON Schema, compiled once.
#[derive(Clone)]
pub struct Schema {
    inner: Arc<Compiled>,
}

struct Compiled {
    /// The schema as adapters send it.
    document: Box<RawValue>,
    validator: jsonschema::Validator,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Schema").field(&self.inner.document).finish()
    }
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// The schema itself is not valid.
    pub fn new(document: &Value) -> Result<Self, String> {
        let validator = jsonschema::validator_for(document).map_err(|e| e.to_string())?;
        let document = to_raw_value(document).map_err(|e| e.to_string())?;
        Ok(Self { inner: Arc::new(Compiled { document, validator }) })
    }

    /// The schema as adapters send it.
    #[must_use]
    pub fn document(&self) -> &RawValue {
        &self.inner.document
    }

    /// Does the answer keep the schema?
    ///
    /// # Errors
    /// The first reason why not.
    pub fn check(&self, answer: &str) -> Result<(), String> {
        let value: Value = serde_json::from_str(answer).map_err(|_| String::from("the answer is not JSON"))?;
        self.inner.validator.validate(&value).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(r#"{"label":"bug"}"#, true)]
    #[case(r#"{"label":"nonsense"}"#, false)]
    #[case(r#"{"label":7}"#, false)]
    #[case(r#"{"tag":"bug"}"#, false)]
    #[case("```json\n{\"label\":\"bug\"}\n```", false)]
    #[case("Sure! {\"label\":\"bug\"}", false)]
    #[case("", false)]
    #[case(r#"{"label":"bug""#, false)]
    fn only_a_whole_answer_that_keeps_the_schema_passes(#[case] answer: &str, #[case] passes: bool) {
        let schema = Schema::new(&serde_json::json!({
            "type": "object",
            "properties": { "label": { "enum": ["bug", "billing"] } },
            "required": ["label"],
            "additionalProperties": false,
        }))
        .expect("valid");
        assert_eq!(schema.check(answer).is_ok(), passes, "{answer}");
    }
}
