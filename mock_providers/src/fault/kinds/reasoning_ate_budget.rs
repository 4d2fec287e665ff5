//! The model thinks until its token cap is reached.

use crate::dialect::{Answer, Ask, Finish, Format};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make};
use crate::luck::Draw;
use std::sync::Arc;

/// What it thinks where nothing is capped.
const TOKENS: u32 = 1024;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "reasoning_ate_budget",
    family: Family::Content,
    about: "The text is empty, the finish reason says that the token cap was reached, and the usage that all of it \
            went into reasoning. It takes as long as so many tokens take.",
    example: "reasoning_ate_budget",
    takes: &[],
    make: Make::Act(|_| Arc::new(ReasoningAteBudget)),
};

#[derive(Debug)]
struct ReasoningAteBudget;

impl Act for ReasoningAteBudget {
    fn say(&self, answer: &mut Answer, ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        answer.say_instead("");
        answer.finish = Finish::Length;
        answer.reasoning_tokens = ask.max_tokens.unwrap_or(TOKENS);
        true
    }
}
