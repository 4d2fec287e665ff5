//! JSON Schemas, compiled once, and the tools that have one.

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

    /// Does this text keep the schema?
    ///
    /// # Errors
    /// The first reason why not; `None`: it is not JSON.
    pub fn check(&self, text: &str) -> Result<(), Option<String>> {
        let value: Value = serde_json::from_str(text).map_err(|_| None)?;
        self.inner.validator.validate(&value).map_err(|e| Some(e.to_string()))
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
