//! The tool calls can be carried out.

use super::kind::{Flaw, Judges, Kind, Refused};
use super::{Answer, Asked, Call};

pub(super) static KIND: Kind = Kind {
    name: "tool_calls",
    about: "Every tool that is called was offered, its arguments fit its parameters, none is called twice alike, and one \
            is called where one must be.",
    example: "tool_calls",
    judges: Judges::Whole,
    takes: &[],
    concerns: |asked| !asked.tools.is_empty(),
    check: |_, asked, answer| {
        fit(asked, answer)?;
        once(answer.calls)
    },
};

/// Were the tools offered, do the arguments fit, and is there a call where there must be one?
pub(super) fn fit(asked: &Asked<'_>, answer: &Answer<'_>) -> Result<(), Refused> {
    for &(name, arguments) in answer.calls {
        let tool = asked.tools.iter().find(|tool| *tool.name == *name);
        let tool = tool.ok_or_else(|| Refused::schema(format!("the tool {name:?} was not offered")))?;
        tool.parameters.check(arguments).map_err(|why| match why {
            Some(why) => Refused::schema(format!("{name}: {why}")),
            None => Refused::schema(format!("the arguments of {name} are not JSON")).with(Flaw::Parse),
        })?;
    }
    if asked.must_call && answer.calls.is_empty() {
        return Err(Refused::schema("no tool was called"));
    }
    Ok(())
}

/// What is done twice may be done to somebody.
fn once(calls: &[Call<'_>]) -> Result<(), Refused> {
    match calls.iter().enumerate().find(|(i, call)| calls[..*i].contains(call)) {
        Some((_, (name, _))) => Err(Refused::schema(format!("{name} is called twice with the same arguments"))),
        None => Ok(()),
    }
}
