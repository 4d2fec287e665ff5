//! The answer has the shape that was asked for.

use super::kind::{Flaw, Judges, Kind, Refused};
use super::{Answer, Asked, tool_calls};

pub(super) static KIND: Kind = Kind {
    name: "json_schema",
    about: "The text is JSON and keeps the schema of the request; where tools were called, their arguments do and the \
            text may be anything.",
    example: "json_schema",
    judges: Judges::Whole,
    takes: &[],
    concerns: |asked| asked.schema.is_some() || !asked.tools.is_empty(),
    check: |_, asked, answer| check(asked, answer),
};

fn check(asked: &Asked<'_>, answer: &Answer<'_>) -> Result<(), Refused> {
    tool_calls::fit(asked, answer)?;
    match asked.schema {
        Some(schema) if answer.calls.is_empty() => schema.check(answer.text).map_err(|why| match why {
            Some(why) => Refused::schema(why),
            None => Refused::schema("the answer is not JSON").with(Flaw::Parse),
        }),
        _ => Ok(()),
    }
}
