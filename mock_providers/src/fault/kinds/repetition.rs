//! The model repeats itself.

use crate::dialect::{Answer, Ask, Format};
use crate::fault::Act;
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::luck::Draw;
use crate::text::tokens;
use std::sync::Arc;

/// The tokens that come again and again.
const LOOP: usize = 3;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "repetition",
    family: Family::Content,
    about: "The answer's last words come again and again, up to the token cap if it comes to that.",
    example: "{ repetition: 200 }",
    takes: &[Param::new("times", Takes::Count(1, 100_000), Some(Arg::Count(50)), "how often they come again")],
    make: Make::Act(|args| Arc::new(Repetition(args.count("times")))),
};

#[derive(Debug)]
struct Repetition(u64);

impl Act for Repetition {
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        answer.text_mut().is_some_and(|text| {
            let said = repeat_last(text, self.0);
            text.push_str(&said);
            !said.is_empty()
        })
    }
}

/// The last words of a text so many times, each time with a blank before them.
pub(super) fn repeat_last(text: &str, times: u64) -> String {
    let all: Vec<&str> = tokens(text).collect();
    let last = all[all.len().saturating_sub(LOOP)..].concat();
    let last = last.trim();
    if last.is_empty() {
        return String::new();
    }
    format!(" {last}").repeat(usize::try_from(times).unwrap_or(usize::MAX))
}
