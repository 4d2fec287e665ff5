//! A tool is called with arguments it cannot take.

use super::schema::SchemaBreak;
use crate::dialect::{Answer, Ask, Format, Part};
use crate::fault::Act;
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::luck::Draw;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "bad_tool_arguments",
    family: Family::Content,
    about: "A tool is called with arguments that it cannot take; answers that call none are left alone.",
    example: "{ bad_tool_arguments: wrong_type }",
    takes: &[Param::new(
        "how",
        Takes::Word(&["invalid_json", "wrong_type", "missing"]),
        Some(Arg::Word("invalid_json")),
        "they break off inside their JSON, or a required field has another type or is left out",
    )],
    make: Make::Act(|args| {
        Arc::new(match args.word("how") {
            "wrong_type" => BadToolArguments(Some(SchemaBreak::WrongType)),
            "missing" => BadToolArguments(Some(SchemaBreak::Missing)),
            _ => BadToolArguments(None),
        })
    }),
};

/// How the schema of the arguments is broken; `None`: they are no JSON.
#[derive(Debug)]
struct BadToolArguments(Option<SchemaBreak>);

impl Act for BadToolArguments {
    fn name(&self) -> Option<&'static str> {
        Some(match self.0 {
            None => "bad_tool_arguments_invalid_json",
            Some(SchemaBreak::Missing) => "bad_tool_arguments_missing",
            Some(_) => "bad_tool_arguments_wrong_type",
        })
    }

    fn say(&self, answer: &mut Answer, ask: &Ask<'_>, _format: &dyn Format, draw: &mut Draw) -> bool {
        let call = answer.parts.iter_mut().find_map(|part| match part {
            Part::Call { name, arguments } => Some((name, arguments)),
            Part::Text(_) => None,
        });
        let Some((name, arguments)) = call else { return false };
        let Some(kind) = self.0 else {
            let most = arguments.len() * 2 / 3;
            let at = (0..=most).rev().find(|at| arguments.is_char_boundary(*at));
            arguments.truncate(at.unwrap_or_default());
            return true;
        };
        let tool = ask.tools.iter().find(|tool| tool.name == *name);
        let schema = tool.and_then(|tool| tool.parameters.as_ref()).map_or("{}", |schema| schema.get());
        let broken = kind.broken(arguments, schema, draw);
        broken.is_some_and(|broken| {
            *arguments = broken;
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Dialect, Finish, Tool};
    use crate::luck::Luck;
    use serde_json::Value;

    const ARGUMENTS: &str = r#"{"city":"Tromsø","units":"celsius"}"#;

    fn spoilt(how: Option<SchemaBreak>, arguments: &str) -> Option<String> {
        let schema = serde_json::value::RawValue::from_string(r#"{"required":["city"]}"#.into()).unwrap();
        let ask = Ask { tools: vec![Tool { name: "weather".into(), parameters: Some(&schema) }], ..Ask::default() };
        let call = Part::Call { name: "weather".into(), arguments: arguments.into() };
        let mut answer = Answer::new(vec![call], Finish::ToolCall);
        let mut draw = Luck::new(1).draw("schema", &[], &[]);
        let spoilt = BadToolArguments(how).say(&mut answer, &ask, Dialect::OpenAi.format(), &mut draw);
        spoilt.then(|| answer.parts[0].text().to_owned())
    }

    #[test]
    fn the_arguments_are_what_the_word_says() {
        let parsed = |how| serde_json::from_str::<Value>(&spoilt(how, ARGUMENTS).unwrap());
        assert!(parsed(None).is_err());
        let missing = parsed(Some(SchemaBreak::Missing)).unwrap();
        assert!(missing["city"].is_null() && missing["units"].is_string());
        assert!(parsed(Some(SchemaBreak::WrongType)).unwrap()["city"].is_array());
    }

    #[test]
    fn arguments_without_fields_have_none_to_spoil() {
        assert_eq!(spoilt(Some(SchemaBreak::Missing), "{}"), None);
    }
}
