//! The text is neither too short nor too long.

use super::kind::{Args, Flaw, Judges, Kind, Param, Refused, Takes};
use super::{Answer, Asked};

const MOST: u64 = 10_000_000;

pub(super) static KIND: Kind = Kind {
    name: "length",
    about: "The text has at least and at most so many characters. Answers that consist of tool calls pass.",
    example: "{ length: { min: 20, max: 4000 } }",
    judges: Judges::Whole,
    takes: &[
        Param { name: "min", takes: Takes::Count(1, MOST), default: None, about: "the fewest characters" },
        Param { name: "max", takes: Takes::Count(1, MOST), default: None, about: "the most characters" },
    ],
    concerns: |_: &Asked<'_>| true,
    check,
};

fn check(args: &Args, _: &Asked<'_>, answer: &Answer<'_>) -> Result<(), Refused> {
    if !answer.calls.is_empty() {
        return Ok(());
    }
    let length = answer.text.chars().count() as u64;
    match (args.count("min"), args.count("max")) {
        (Some(min), _) if length < min => {
            Err(Refused::malformed(format!("{length} characters are too few")).with(Flaw::Length))
        }
        (_, Some(max)) if length > max => {
            Err(Refused::malformed(format!("{length} characters are too many")).with(Flaw::Length))
        }
        _ => Ok(()),
    }
}
