//! The answer reaches its token cap.

use crate::dialect::{Answer, Ask, Finish, Format, Part};
use crate::fault::Act;
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::luck::Draw;
use crate::text::{first_tokens, tokens};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "truncated",
    family: Family::Content,
    about: "The answer ends in its middle, and the finish reason says that the token cap was reached: half a sentence, \
            or JSON that does not close.",
    example: "{ truncated: 30% }",
    takes: &[Param::new(
        "kept",
        Takes::Share,
        Some(Arg::Number(0.5)),
        "the share of its tokens that is said; always less than all",
    )],
    make: Make::Act(|args| Arc::new(Truncated(args.number("kept").unwrap_or(0.5)))),
};

#[derive(Debug)]
struct Truncated(f64);

impl Act for Truncated {
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        let Some(Part::Text(text) | Part::Call { arguments: text, .. }) = answer.parts.last_mut() else { return false };
        let all = tokens(text).count();
        if all == 0 {
            return false;
        }
        let kept = libm::floor(all as f64 * self.0) as usize;
        text.truncate(first_tokens(text, u32::try_from(kept.min(all - 1)).unwrap_or(u32::MAX)).len());
        answer.finish = Finish::Length;
        true
    }
}
