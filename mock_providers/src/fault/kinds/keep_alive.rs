//! Bytes that mean nothing keep a connection open until the answer comes.

use crate::course::{Course, Cue, Ending, Filler, Inside, Length, Point};
use crate::dialect::Filling;
use crate::fault::kind::{Arg, Args, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Scenery};
use crate::ledger::End;
use std::sync::Arc;
use std::time::Duration;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "keep_alive",
    family: Family::Latency,
    about: "The head comes at once, then bytes that mean nothing until the answer is there, as busy providers do. A \
            plain answer gets blank lines before its JSON, whatever the word.",
    example: "{ keep_alive: comment, every: 1s, for: 30s }",
    takes: &[
        Param::new(
            "what",
            Takes::Word(&["comment", "ping", "blank"]),
            Some(Arg::Word("comment")),
            "a comment of server-sent events, an event without content, or a blank line; a vendor whose clients take none \
             of these sends what they do take",
        ),
        Param::new("every", Takes::Wait, Some(Arg::Wait(Duration::from_secs(1))), "how far apart they are"),
        Param::new("for", Takes::Wait, Some(Arg::Wait(Duration::from_secs(10))), "how much later the answer comes"),
        Param::new(
            "then",
            Takes::Word(&["answer", "end"]),
            Some(Arg::Word("answer")),
            "whether the answer comes, or a clean end without one",
        ),
    ],
    make: Make::Act(|args| Arc::new(KeepAlive(args.clone()))),
};

#[derive(Debug)]
struct KeepAlive(Args);

impl Act for KeepAlive {
    fn carry(&self, course: &mut Course, scenery: &Scenery<'_>) -> bool {
        let plain = course.in_one_piece();
        let filling = match self.0.word("what") {
            "ping" => Filling::Ping,
            "blank" => Filling::Blank,
            _ => Filling::Comment,
        };
        let bytes = if plain { b"\n".to_vec() } else { scenery.format.filler(filling) };
        course.filler = Some(Filler { bytes, every: self.0.wait("every").unwrap_or_default() });
        course.head_ms = scenery.head_ms;
        course.cue(Cue::pause(Point::Tokens(0), self.0.wait("for").unwrap_or_default()));
        let ends = self.0.word("then") == "end";
        if plain && ends {
            course.replace_body(Vec::new(), 0);
            course.end = End::EarlyEnd;
        } else if ends {
            course.cue(Cue::ending(Point::Tokens(0), Inside::Nothing, Ending::Tail(Vec::new(), End::EarlyEnd)));
        }
        course.length = Length::Chunked;
        true
    }
}
