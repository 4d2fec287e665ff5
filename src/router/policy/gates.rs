//! Gates: checks on a complete 200 answer before it may be served.
//!
//! Rules: a gate sees the whole answer, so a streamed request with a gate is buffered. It answers yes, or no with the
//! first reason; it never repairs. JSON in a Markdown fence or between sentences is not JSON. A tool call passes if the
//! tool was offered and the arguments fit its parameters; where tools were called the schema of the text does not apply.

use crate::event::Name;
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

/// A tool that a model may call.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name.
    pub name: Name,
    /// What it is for, to the model.
    pub description: Name,
    /// The shape of its arguments.
    pub parameters: Schema,
}

/// What an answer must keep to be served.
#[derive(Debug, Clone, Copy)]
pub struct Gate<'a> {
    /// The shape of its text.
    pub schema: Option<&'a Schema>,
    /// The tools that were offered.
    pub tools: &'a [Tool],
    /// Whether one of them must be called.
    pub must_call: bool,
}

impl Gate<'_> {
    /// May this answer be served? `calls` are pairs of a tool's name and its arguments.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn check<'c>(&self, text: &str, calls: impl IntoIterator<Item = (&'c str, &'c str)>) -> Result<(), String> {
        let mut called = false;
        for (name, arguments) in calls {
            called = true;
            let tool = self.tools.iter().find(|tool| *tool.name == *name);
            let tool = tool.ok_or_else(|| format!("the tool {name:?} was not offered"))?;
            let arguments: Value =
                serde_json::from_str(arguments).map_err(|_| format!("the arguments of {name} are not JSON"))?;
            tool.parameters.inner.validator.validate(&arguments).map_err(|e| format!("{name}: {e}"))?;
        }
        match self.schema {
            _ if called => Ok(()),
            _ if self.must_call => Err("no tool was called".to_owned()),
            Some(schema) => schema.check(text),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[("add", r#"{"a":1}"#)], "", true)]
    #[case(&[("add", r#"{"a":1}"#)], "I add it up.", true)]
    #[case(&[("add", r#"{"a":1}"#), ("add", r#"{"a":2}"#)], "", true)]
    #[case(&[("add", r#"{"a":1}"#), ("add", r#"{"a":"two"}"#)], "", false)]
    #[case(&[("add", r#"{"a":"one"}"#)], "", false)]
    #[case(&[("add", r#"{"a":1"#)], "", false)]
    #[case(&[("add", "")], "", false)]
    #[case(&[("delete", r#"{"a":1}"#)], "", false)]
    #[case(&[("", r#"{"a":1}"#)], "", false)]
    #[case(&[], "The sum is 1.", false)]
    fn a_tool_call_passes_if_the_tool_was_offered_and_the_arguments_fit(
        #[case] calls: &[(&str, &str)],
        #[case] text: &str,
        #[case] passes: bool,
    ) {
        let parameters = serde_json::json!({
            "type": "object", "properties": { "a": { "type": "integer" } }, "required": ["a"],
        });
        let parameters = Schema::new(&parameters).expect("valid");
        let tools = [Tool { name: "add".into(), description: "Adds.".into(), parameters }];
        let gate = Gate { schema: None, tools: &tools, must_call: true };
        assert_eq!(gate.check(text, calls.iter().copied()).is_ok(), passes);
        let free = Gate { must_call: false, ..gate };
        assert_eq!(free.check(text, calls.iter().copied()).is_ok(), passes || calls.is_empty());
    }

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
