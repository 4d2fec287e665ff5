//! The answer ends for another reason.

use crate::dialect::{Answer, Ask, Finish as Reason, Format};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make, Param, Takes};
use crate::luck::Draw;
use std::sync::Arc;

const WORDS: [&str; 8] =
    ["stop", "length", "window_full", "tool_call", "stop_string", "filtered", "bad_tool_output", "paused"];

const REASONS: [Reason; 8] = [
    Reason::Stop,
    Reason::Length,
    Reason::WindowFull,
    Reason::ToolCall,
    Reason::StopString,
    Reason::Refused,
    Reason::BadToolOutput,
    Reason::Paused,
];

pub(in crate::fault) static KIND: Kind = Kind {
    name: "finish",
    family: Family::Content,
    about: "The answer says that it ended for this reason, in the vendor's word for it. After `filtered` and \
            `bad_tool_output` it says nothing else; otherwise it is whole.",
    example: "{ finish: bad_tool_output }",
    takes: &[Param::new("finish", Takes::Word(&WORDS), None, "the reason")],
    make: Make::Act(|args| {
        let word = args.word("finish");
        let at = WORDS.iter().position(|known| *known == word).unwrap_or_default();
        Arc::new(Finish(REASONS[at]))
    }),
};

#[derive(Debug)]
struct Finish(Reason);

impl Act for Finish {
    fn say(&self, answer: &mut Answer, ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        match self.0 {
            Reason::Refused | Reason::BadToolOutput => answer.fall_silent(self.0),
            reason => answer.finish = reason,
        }
        if self.0 == Reason::StopString {
            answer.stop_string = ask.stop.first().map(|stop| stop.clone().into_owned());
        }
        true
    }
}
