//! The content family: answers that are complete and break the schema that was asked for.
//!
//! It works on the answer's text. A text that is not a JSON object is left alone. The field that suffers is chosen by
//! luck, among the required ones if the schema names any that the answer has.

use crate::dialect::{Answer, Ask, Format};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make, Param, Takes};
use crate::luck::Draw;
use rand::RngExt;
use serde_json::{Map, Value};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "schema",
    family: Family::Content,
    about: "A complete 200 whose answer breaks the schema that was asked for; requests without a schema are left \
            alone, but for what is no JSON at all where JSON was asked for.",
    example: "{ schema: missing }",
    takes: &[Param::new(
        "schema",
        Takes::Word(&["missing", "renamed", "wrong_type", "wrong_value", "fenced", "prose", "not_json", "echo"]),
        None,
        "a required field is left out, has another name, another type or a value that is not among those allowed; the \
         JSON stands in a code fence or amid prose; there is prose and no JSON; the schema itself is the answer",
    )],
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
    WrongValue,
    NotJson,
    Echo,
}

impl SchemaBreak {
    /// The lapses of a model with a schema adherence of less than 1, in the order in which luck picks one: another
    /// order, or more of them, would be other luck for every drill so far.
    pub(crate) const LAPSES: [Self; 5] = [Self::Missing, Self::Renamed, Self::WrongType, Self::Fenced, Self::Prose];

    const ALL: [Self; 8] = [
        Self::Missing,
        Self::Renamed,
        Self::WrongType,
        Self::Fenced,
        Self::Prose,
        Self::WrongValue,
        Self::NotJson,
        Self::Echo,
    ];

    /// Its short name, as it stands in the ledger.
    pub(crate) fn ledger_name(self) -> &'static str {
        match self {
            Self::Missing => "schema_missing",
            Self::Renamed => "schema_renamed",
            Self::WrongType => "schema_wrong_type",
            Self::Fenced => "schema_fenced",
            Self::Prose => "schema_prose",
            Self::WrongValue => "schema_wrong_value",
            Self::NotJson => "schema_not_json",
            Self::Echo => "schema_echo",
        }
    }

    fn word(self) -> &'static str {
        self.ledger_name().trim_start_matches("schema_")
    }

    /// JSON in a code fence.
    pub(crate) fn fence(text: &str) -> String {
        format!("```json\n{text}\n```")
    }

    /// JSON amid prose.
    pub(crate) fn amid_prose(text: &str) -> String {
        format!("Sure! Here is the JSON you asked for:\n\n{text}\n\nLet me know if you need anything else.")
    }

    /// Breaks the answer, if there is something to break.
    pub(crate) fn spoil(self, answer: &mut Answer, ask: &Ask<'_>, draw: &mut Draw) -> bool {
        let wraps = matches!(self, Self::Fenced | Self::Prose | Self::NotJson);
        let free = (ask.json && wraps).then_some("{}");
        let schema = ask.schema.as_ref().map(|schema| schema.get()).or(free);
        let Some((schema, text)) = schema.zip(answer.text_mut()) else { return false };
        let broken = self.broken(text, schema, draw);
        broken.is_some_and(|broken| {
            *text = broken;
            true
        })
    }

    /// The JSON object with its schema broken, or `None` where there is nothing to break.
    pub(super) fn broken(self, text: &str, schema: &str, draw: &mut Draw) -> Option<String> {
        let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
        let parsed: Value = serde_json::from_str(schema).ok()?;
        match self {
            Self::Fenced => return Some(Self::fence(text)),
            Self::Prose => return Some(Self::amid_prose(text)),
            Self::NotJson => return Some(told(&fields)),
            Self::Echo => return Some(schema.to_owned()),
            Self::Missing | Self::Renamed | Self::WrongType | Self::WrongValue => {}
        }
        let mut candidates: Vec<&String> = fields.keys().filter(|name| self.may_suffer(name, &parsed)).collect();
        if candidates.is_empty() && self != Self::WrongValue {
            candidates = fields.keys().collect();
        }
        if candidates.is_empty() {
            return None;
        }
        let victim = candidates.swap_remove(draw.random_range(0..candidates.len())).clone();
        let broken = fields.into_iter().filter_map(|(name, value)| match self {
            _ if name != victim => Some((name, value)),
            Self::Missing => None,
            Self::Renamed => Some((format!("{name}_value"), value)),
            Self::WrongValue => Some((name, "something_else".into())),
            _ => Some((name, retyped(value))),
        });
        serde_json::to_string(&broken.collect::<Map<_, _>>()).ok()
    }

    /// Whether this field is one that suffers, if there are any.
    fn may_suffer(self, name: &str, schema: &Value) -> bool {
        match self {
            Self::WrongValue => schema["properties"][name]["enum"].is_array(),
            _ => schema["required"].as_array().is_some_and(|all| all.iter().any(|required| required == name)),
        }
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

/// An object as prose tells it.
fn told(fields: &Map<String, Value>) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let told: Vec<String> = fields.iter().map(|(name, value)| format!("the {name} is {}", plain(value))).collect();
    format!("In my opinion {}.", told.join(", and "))
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

    fn schema() -> String {
        let label = json!({"type": "string", "enum": ["billing", "bug"]});
        json!({"type": "object", "properties": {"label": label}, "required": ["label", "score"]}).to_string()
    }

    fn broken(text: &str, kind: SchemaBreak, seed: u64) -> Option<String> {
        kind.broken(text, &schema(), &mut Luck::new(seed).draw("schema", &[], &[]))
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
            let other = fields(SchemaBreak::WrongValue);
            assert!(other["label"] == "something_else" && other.len() == 3);
        }
        assert_eq!(broken(ANSWER, SchemaBreak::Echo, 1), Some(schema()));
        let prose = broken(ANSWER, SchemaBreak::NotJson, 1).unwrap();
        assert_eq!(prose, "In my opinion the label is billing, and the score is 0.5, and the urgent is true.");
        assert_eq!(broken(r#"{"score":1}"#, SchemaBreak::WrongValue, 1), None);
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
