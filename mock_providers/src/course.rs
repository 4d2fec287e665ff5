//! The course of an answer: what is to be sent, when, and where it goes wrong.
//!
//! A dialect lays out the pieces, the model's speed their times, and a fault may add cues. The server's body carries a
//! course out and knows nothing of faults.

use crate::dialect::{Frames, Mark, Piece};
use crate::fault::delay::Slowness;
use crate::ledger::End;
use crate::text::tokens;
use http::{HeaderName, HeaderValue, StatusCode};
use std::borrow::Cow;
use std::time::Duration;

/// Where in a body something happens: right before the piece that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// After so many events.
    Events(u32),
    /// After so many tokens; of a shorter answer, after the last.
    Tokens(u32),
    /// In the middle of a tool call's arguments; without a call, after the last token.
    ToolArguments,
    /// Before the finish reason.
    Finish,
    /// Before what tells the usage, if that is an event of its own; else before the terminator.
    Usage,
    /// Before what ends the stream, if there is such a thing; else at the end.
    Terminator,
    /// After everything.
    End,
}

/// How far a body goes on into the piece before which it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inside {
    /// Not at all.
    Nothing,
    /// Into the middle of a character of several bytes.
    Character,
    /// Into the middle of the event's field name.
    Field,
}

/// Something that happens at a point.
#[derive(Debug)]
pub(crate) struct Cue {
    pub(crate) point: Point,
    pub(crate) act: CueAct,
}

#[derive(Debug)]
pub(crate) enum CueAct {
    /// The body ends here.
    End(Inside, Ending),
    /// Nothing for so long, then on.
    Pause(Duration),
    /// The next piece twice.
    Twice,
    /// The next piece broken off inside its JSON.
    Garble,
}

impl Cue {
    pub(crate) fn ending(point: Point, inside: Inside, ending: Ending) -> Self {
        Self { point, act: CueAct::End(inside, ending) }
    }

    pub(crate) fn pause(point: Point, wait: Duration) -> Self {
        Self { point, act: CueAct::Pause(wait) }
    }

    pub(crate) fn twice(point: Point) -> Self {
        Self { point, act: CueAct::Twice }
    }

    pub(crate) fn garble(point: Point) -> Self {
        Self { point, act: CueAct::Garble }
    }
}

/// What comes after all that is to be sent has been sent.
#[derive(Debug)]
pub(crate) enum Ending {
    /// These bytes, then a well-framed end.
    Tail(Vec<u8>, End),
    /// The connection breaks.
    Cut {
        /// It is reset rather than closed.
        reset: bool,
    },
    /// Nothing, ever.
    Stall,
}

/// How the length of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// It is not: chunked coding.
    Chunked,
    /// In a header, with this much added to the truth.
    Told(i64),
}

/// When the tokens of a stream are due.
#[derive(Debug, Clone)]
pub(crate) struct Timetable {
    /// When the first is due, in milliseconds from the start of the drill.
    pub(crate) first_ms: u64,
    /// Time per token.
    pub(crate) per_token_ms: f64,
    pub(crate) slowness: Option<Slowness>,
    /// What slowness has added so far.
    pub(crate) slowed_ms: f64,
    /// Tokens come in bursts, so far apart; 0: as they are due.
    pub(crate) burst_ms: u64,
}

impl Timetable {
    /// Moves on to token `index`, counted from 0, and says when it is due.
    pub(crate) fn advance_to(&mut self, index: u32) -> u64 {
        if let Some(slowness) = &mut self.slowness
            && index > 0
        {
            self.slowed_ms += slowness.next_ms();
        }
        let due =
            self.first_ms.saturating_add(libm::round(f64::from(index) * self.per_token_ms + self.slowed_ms) as u64);
        if self.burst_ms == 0 { due } else { due.div_ceil(self.burst_ms).saturating_mul(self.burst_ms) }
    }

    /// When all of `tokens` tokens are done, for an answer that is sent in one piece.
    pub(crate) fn end(&mut self, tokens: u32) -> u64 {
        for _ in 1..tokens {
            self.slowed_ms += self.slowness.as_mut().map_or(0.0, Slowness::next_ms);
        }
        self.slowness = None;
        self.advance_to(tokens)
    }
}

/// Bytes that show the client that somebody is there, and no progress.
#[derive(Debug)]
pub(crate) struct Filler {
    pub(crate) bytes: Vec<u8>,
    pub(crate) every: Duration,
}

/// Writes of at most so many bytes, so far apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drip {
    pub(crate) bytes: usize,
    pub(crate) every: Duration,
}

/// All that is to be sent for one request.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) length: Length,
    /// When the head is due, in milliseconds from the start of the drill.
    pub(crate) head_ms: u64,
    pub(crate) frames: Frames,
    pub(crate) timetable: Timetable,
    pub(crate) cues: Vec<Cue>,
    pub(crate) drip: Option<Drip>,
    /// Sent between the head and the first token.
    pub(crate) filler: Option<Filler>,
    /// What it is called in the ledger that all has been sent.
    pub(crate) end: End,
}

impl Course {
    /// Something is to happen. A body that goes wrong only after its last byte cannot have told its length: its client
    /// would have left by then.
    pub(crate) fn cue(&mut self, cue: Cue) {
        if cue.point == Point::End && matches!(cue.act, CueAct::End(..)) {
            self.length = Length::Chunked;
        }
        self.cues.push(cue);
    }

    /// All pieces of this kind are left out. Says whether there were any.
    pub(crate) fn omit(&mut self, mark: Mark) -> bool {
        self.frames.omit(mark)
    }

    /// Whether the answer goes out in one piece, not as a stream.
    pub(crate) fn in_one_piece(&self) -> bool {
        self.frames.in_one_piece()
    }

    /// Another body, in one piece, due when the whole answer would have been; so many tokens of the answer are in it.
    pub(crate) fn replace_body(&mut self, bytes: Vec<u8>, tokens: u32) {
        let done = match self.frames.in_one_piece() {
            true => self.head_ms,
            // A stream's times are those of its tokens: the whole comes when the last one would have.
            false => self.timetable.end(self.frames.tokens()),
        };
        self.frames = Frames::whole(bytes, tokens);
        self.due_at(done);
    }

    /// Another body, in one piece and without any of the answer, due at this millisecond.
    pub(crate) fn answer_instead(&mut self, content_type: &'static str, bytes: Vec<u8>, ms: u64) {
        self.content_type = content_type;
        self.frames = Frames::whole(bytes, 0);
        self.due_at(ms);
    }

    /// A body in one piece is due at this millisecond, and so is its head, which tells its length.
    fn due_at(&mut self, ms: u64) {
        self.head_ms = ms;
        self.timetable = Timetable::at(ms);
        self.length = Length::Told(0);
    }

    /// How many events come before this point.
    pub(crate) fn events_before(&self, point: Point) -> u32 {
        let mut so_far = SoFar::default();
        for index in 0.. {
            let next = self.frames.piece(index);
            let run = match next {
                Some(Piece::Run(run)) => u32::try_from(tokens(&run.text).count()).unwrap_or(u32::MAX),
                Some(Piece::Event { .. }) | None => 0,
            };
            for _ in 0..run.max(1) {
                if next.is_none() || point.reached(&so_far, next) {
                    return so_far.events;
                }
                so_far.events += 1;
                so_far.tokens += u32::from(run > 0);
                so_far.of_run += u32::from(run > 0);
            }
            so_far.of_run = 0;
        }
        so_far.events
    }

    /// The length the head is to tell, if it tells one. A body in one piece that ends early has that of its part.
    pub(crate) fn promised(&self) -> Option<u64> {
        let Length::Told(more) = self.length else { return None };
        let bytes = self.frames.bytes();
        let early = self.cues.iter().find_map(|cue| match &cue.act {
            CueAct::End(inside, Ending::Tail(tail, _)) => Some(partial(bytes, *inside, true).len() + tail.len()),
            _ => None,
        });
        Some((early.unwrap_or(bytes.len()) as u64).saturating_add_signed(more))
    }
}

impl Course {
    /// When the answer is done if nobody hangs up.
    pub(crate) fn done(&self) -> Duration {
        let mut timetable = Timetable { burst_ms: 0, ..self.timetable.clone() };
        Duration::from_millis(timetable.end(self.frames.tokens()))
    }
}

/// The cue that is due before this piece.
pub(crate) fn take_cue(cues: &mut Vec<Cue>, so_far: &SoFar, next: Option<&Piece>) -> Option<CueAct> {
    let at = cues.iter().position(|cue| cue.point.reached(so_far, next))?;
    Some(cues.remove(at).act)
}

/// What is sent of a piece inside of which the body ends; a body in one piece ends in its middle.
pub(crate) fn partial(piece: &[u8], inside: Inside, whole: bool) -> Cow<'_, [u8]> {
    let middle = piece.len() / 2;
    match inside {
        Inside::Nothing => Cow::Borrowed(if whole { &piece[..middle] } else { &[] }),
        Inside::Field => {
            let field = piece.windows(5).position(|window| window == b"data:").map(|at| at + 2);
            Cow::Borrowed(&piece[..field.unwrap_or(1).min(piece.len())])
        }
        // Most answers have no such character, so one begins here.
        Inside::Character => match piece.iter().position(|byte| *byte >= 0xc0) {
            Some(at) => Cow::Borrowed(&piece[..=at]),
            None if piece.is_empty() => Cow::Borrowed(piece),
            None => Cow::Owned([&piece[..middle], b"\xe2\x80"].concat()),
        },
    }
}

impl Timetable {
    /// Everything at this millisecond.
    pub(crate) fn at(ms: u64) -> Self {
        Self { first_ms: ms, per_token_ms: 0.0, slowness: None, slowed_ms: 0.0, burst_ms: 0 }
    }
}

/// How far a body has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SoFar {
    /// Pieces that stand for an event of the stream, tokens included.
    pub(crate) events: u32,
    pub(crate) tokens: u32,
    /// Tokens of the current run.
    pub(crate) of_run: u32,
}

impl Point {
    /// Whether a body that has come so far, with this piece next, is at the point or beyond it.
    fn reached(self, so_far: &SoFar, next: Option<&Piece>) -> bool {
        let mark = match next {
            Some(Piece::Event { mark, .. }) => *mark,
            Some(Piece::Run(_)) => Mark::Answer,
            None => Mark::End,
        };
        // A body in one piece has no points within it but its middle.
        if mark == Mark::Whole {
            return self != Self::End;
        }
        match self {
            Self::Events(events) => so_far.events >= events || mark == Mark::End,
            Self::Tokens(tokens) => (so_far.tokens >= tokens && mark >= Mark::Answer) || mark >= Mark::Finish,
            Self::ToolArguments => {
                let in_call = matches!(next, Some(Piece::Run(run)) if run.tool && so_far.of_run > 0);
                in_call || mark >= Mark::Finish
            }
            Self::Finish => mark >= Mark::Finish,
            Self::Usage => mark >= Mark::Usage,
            Self::Terminator => mark >= Mark::Terminator,
            Self::End => mark == Mark::End,
        }
    }
}
