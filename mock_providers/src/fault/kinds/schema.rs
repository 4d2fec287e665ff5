//! The content family: answers that are complete and break the schema that was asked for.
//!
//! It works on the answer's text. A text that is not a JSON object is left alone. The field that suffers is chosen by
//! luck, among the required ones if the schema names any that the answer has.

use crate::dialect::{Answer, Ask, Format};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make, Param, Takes};
use crate::luck::Draw;
use rand::RngExt;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "schema",
    family: Family::Content,
    about: "A complete 200 whose answer breaks the schema that was asked for; requests without a schema are left alone.",
    takes: &[Param {
        name: "schema",
        takes: Takes::Word(&["missing", "renamed", "wrong_type", "fenced", "prose"]),
        default: None,
        about: "a required field is left out, has another name or another type, or the JSON stands in a code fence or \
                amid prose",
    }],
    make: Make::Act(|args| {
        let word = args.word("schema");
        Arc::new(SchemaBreak::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(SchemaBreak::Missing))
    }),
};

/// How an answer breaks its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SchemaBreak {
    Missing,
    Renamed,
    WrongType,
    Fenced,
    Prose,
}

impl SchemaBreak {
    /// All of them, in the order in which luck picks one.
    pub(crate) const ALL: [Self; 5] = [Self::Missing, Self::Renamed, Self::WrongType, Self::Fenced, Self::Prose];

    /// Its short name, as it stands in the ledger.
    pub(crate) fn ledger_name(self) -> &'static str {
        match self {
            Self::Missing => "schema_missing",
            Self::Renamed => "schema_renamed",
            Self::WrongType => "schema_wrong_type",
            Self::Fenced => "schema_fenced",
            Self::Prose => "schema_prose",
        }
    }

    fn word(self) -> &'static str {
        self.ledger_name().trim_start_matches("schema_")
    }

    /// Breaks the answer, if it has a schema to break.
    pub(crate) fn spoil(self, answer: &mut Answer, ask: &Ask<'_>, draw: &mut Draw) -> bool {
        let Some((schema, text)) = ask.schema.as_deref().zip(answer.text_mut()) else { return false };
        let broken = break_schema(text, self, schema, draw);
        broken.is_some_and(|broken| {
            *text = broken;
            true
        })
    }
}

impl Act for SchemaBreak {
    fn name(&self) -> Option<&'static str> {
        Some(self.ledger_name())
    }

    fn say(&self, answer: &mut Answer, ask: &Ask<'_>, _format: &dyn Format, draw: &mut Draw) -> bool {
        self.spoil(answer, ask, draw)
    }
}

/// The text with its schema broken, or `None` where there is nothing to break.
fn break_schema(text: &str, kind: SchemaBreak, schema: &RawValue, draw: &mut Draw) -> Option<String> {
    let schema: Value = serde_json::from_str(schema.get()).ok()?;
    let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    let (victim, _) = match kind {
        SchemaBreak::Fenced => return Some(format!("```json\n{text}\n```")),
        SchemaBreak::Prose => {
            return Some(format!(
                "Sure! Here is the JSON you asked for:\n\n{text}\n\nLet me know if you need anything else."
            ));
        }
        _ => {
            let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|r| r == name));
            let mut candidates: Vec<_> = fields.iter().filter(|(name, _)| required(name)).collect();
            if candidates.is_empty() {
                candidates = fields.iter().collect();
            }
            if candidates.is_empty() {
                return None;
            }
            candidates.swap_remove(draw.random_range(0..candidates.len()))
        }
    };
    let victim = victim.clone();
    let broken = fields.into_iter().filter_map(|(name, value)| match kind {
        _ if name != victim => Some((name, value)),
        SchemaBreak::Missing => None,
        SchemaBreak::Renamed => Some((format!("{name}_value"), value)),
        _ => Some((name, retyped(value))),
    });
    serde_json::to_string(&broken.collect::<Map<_, _>>()).ok()
}

/// The value as a type it was not, in the way models get it wrong.
fn retyped(value: Value) -> Value {
    match value {
        Value::String(_) | Value::Null => Value::Array(vec![value]),
        Value::Array(_) | Value::Object(_) | Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::luck::Luck;
    use serde_json::json;

    const ANSWER: &str = r#"{"label":"billing","score":0.5,"urgent":true}"#;

    fn broken(text: &str, kind: SchemaBreak, seed: u64) -> Option<String> {
        let schema = json!({"type": "object", "required": ["label", "score"]});
        break_schema(
            text,
            kind,
            &serde_json::value::to_raw_value(&schema).expect("JSON"),
            &mut Luck::new(seed).draw("schema", &[], &[]),
        )
    }

    #[test]
    fn each_break_changes_a_required_field_or_the_wrapping_and_nothing_else() {
        for seed in 0..20 {
            let fields =
                |kind| -> Map<String, Value> { serde_json::from_str(&broken(ANSWER, kind, seed).unwrap()).unwrap() };
            let missing = fields(SchemaBreak::Missing);
            assert!(missing.len() == 2 && missing.contains_key("urgent"));
            let renamed = fields(SchemaBreak::Renamed);
            assert!(renamed.contains_key("label_value") ^ renamed.contains_key("score_value"));
            let retyped = fields(SchemaBreak::WrongType);
            assert!(retyped["label"].is_array() ^ retyped["score"].is_string());
        }
        assert_eq!(broken(ANSWER, SchemaBreak::Fenced, 1).unwrap(), format!("```json\n{ANSWER}\n```"));
        assert!(broken(ANSWER, SchemaBreak::Prose, 1).unwrap().contains(ANSWER));
    }

    #[test]
    fn luck_decides_which_field_suffers() {
        let seen: std::collections::BTreeSet<_> =
            (0..20).map(|seed| broken(ANSWER, SchemaBreak::Missing, seed)).collect();
        assert_eq!(seen.len(), 2);
    }

    #[test]
    fn what_is_not_a_json_object_is_left_alone() {
        for text in ["", "hello", "[1]", "{", "3"] {
            for kind in SchemaBreak::ALL {
                assert_eq!(broken(text, kind, 1), None, "{text} {kind:?}");
            }
        }
        assert_eq!(broken("{}", SchemaBreak::Missing, 1), None);
    }
}
