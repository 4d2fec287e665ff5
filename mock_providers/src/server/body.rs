//! The body of a response: a [`Course`], carried out with one timer.
//!
//! Nothing is rendered before it is due. What falls due together goes out in one write, as separate events. A cut comes
//! one millisecond after what it follows: over HTTP/1 an error raised right behind a chunk would swallow the chunk.

use super::exchange::Exchange;
use crate::course::{Course, CueAct, Ending, SoFar, partial, take_cue};
use crate::dialect::{Mark, Piece};
use crate::ledger::End;
use crate::text::first_token;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The most that one write gathers.
const WRITE: usize = 16 * 1024;
/// How long after the last byte a cut comes.
const FLUSH: Duration = Duration::from_millis(1);

/// The connection is to break here, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the script breaks the connection here")]
pub(crate) struct Broken;

/// Tells a connection to end with a reset; a flag of its own for each.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResetFlag(Arc<AtomicBool>);

impl ResetFlag {
    pub(crate) fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The body of one response.
pub(crate) struct Planned {
    exchange: Exchange,
    timer: Option<Pin<Box<Sleep>>>,
    promised: Option<u64>,
    /// Gone once the body has ended.
    sending: Option<Box<Sending>>,
}

/// How far a body has come, and what is left of it.
struct Sending {
    course: Course,
    reset: Option<ResetFlag>,
    at: At,
    /// How the body ends, once that is known; it does when the buffer is empty.
    ending: Option<Ending>,
    /// Not before this.
    hold: Option<Instant>,
    /// By how much pauses have put off what follows.
    paused: Duration,
    /// When the next filler is due.
    filler: Option<Instant>,
    /// When the next drop may be written.
    drop: Option<Instant>,
    /// Rendered and not yet written.
    buffer: BytesMut,
}

/// A place in a course.
#[derive(Default)]
struct At {
    piece: usize,
    /// Bytes of the current run that have been rendered.
    byte: usize,
    so_far: SoFar,
    /// When the next token is due, once asked.
    due: Option<Instant>,
    /// What happens to the next piece.
    twice: bool,
    garble: bool,
}

/// What a body does next.
enum Step {
    Send(Bytes),
    SendLast(Bytes, End),
    Break,
    EndNow(End),
    WaitUntil(Instant),
    WaitForEver,
}

/// How a wait stands.
enum Wait {
    Until(Instant),
    /// Something was sent to fill it.
    Filled,
    Over,
}

impl Planned {
    pub(crate) fn new(exchange: Exchange, course: Course, reset: Option<ResetFlag>) -> Self {
        let promised = course.promised();
        let (cues, end) = (course.cues.len(), course.end);
        let filler = course.filler.as_ref().map(|filler| exchange.inner().instant(course.head_ms) + filler.every);
        let sending = Sending {
            course,
            reset,
            at: At::default(),
            ending: None,
            hold: None,
            paused: Duration::ZERO,
            filler,
            drop: None,
            buffer: BytesMut::new(),
        };
        let mut planned = Self { exchange, timer: None, promised, sending: Some(Box::new(sending)) };
        if promised == Some(0) && cues == 0 {
            // hyper never asks for a body of which the head says that there is none.
            planned.finish(end);
        }
        planned
    }

    fn finish(&mut self, end: End) {
        self.sending = None;
        self.timer = None;
        self.exchange.end(end);
    }
}

/// Waits for an instant with the body's one timer.
fn wait(timer: &mut Option<Pin<Box<Sleep>>>, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
    match timer {
        Some(timer) => {
            if timer.deadline() != until {
                timer.as_mut().reset(until);
            }
            timer.as_mut().poll(cx)
        }
        None => timer.insert(Box::pin(tokio::time::sleep_until(until))).as_mut().poll(cx),
    }
}

impl Body for Planned {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        loop {
            let Some(sending) = &mut this.sending else { return Poll::Ready(None) };
            let step = sending.step(Instant::now(), &this.exchange);
            this.exchange.tokens(sending.at.so_far.tokens);
            match step {
                Step::WaitUntil(due) => ready!(wait(&mut this.timer, due, cx)),
                Step::WaitForEver => return Poll::Pending,
                Step::Send(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Step::SendLast(bytes, end) => {
                    this.finish(end);
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Step::Break => {
                    this.finish(End::Cut);
                    return Poll::Ready(Some(Err(Broken)));
                }
                Step::EndNow(end) => {
                    this.finish(end);
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.sending.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.sending, self.promised) {
            (None, _) => SizeHint::with_exact(0),
            (Some(_), Some(promised)) => SizeHint::with_exact(promised),
            (Some(_), None) => SizeHint::default(),
        }
    }
}

impl Sending {
    fn step(&mut self, now: Instant, exchange: &Exchange) -> Step {
        let due = if self.ending.is_none() { self.render(now, exchange) } else { None };
        if !self.buffer.is_empty() {
            return self.write(now);
        }
        match &mut self.ending {
            None => due.map_or(Step::WaitForEver, Step::WaitUntil),
            Some(Ending::Tail(_, end)) => Step::EndNow(*end),
            Some(Ending::Stall) => Step::WaitForEver,
            Some(Ending::Cut { .. }) => {
                let at = *self.hold.get_or_insert(now + FLUSH);
                if at > now { Step::WaitUntil(at) } else { Step::Break }
            }
        }
    }

    /// Renders what is due; says when the next piece is.
    fn render(&mut self, now: Instant, exchange: &Exchange) -> Option<Instant> {
        // What is not yet due to leave is not rendered: the ledger would count tokens that nobody got.
        let most = if self.course.drip.is_some() { 1 } else { WRITE };
        while self.buffer.len() < most {
            if let Some(hold) = self.hold {
                match self.wait_for(hold, now) {
                    Wait::Until(at) => return Some(at),
                    Wait::Filled => continue,
                    Wait::Over => self.hold = None,
                }
            }
            let next = self.course.frames.piece(self.at.piece);
            if !self.course.cues.is_empty()
                && let Some(act) = take_cue(&mut self.course.cues, &self.at.so_far, next)
            {
                self.obey(act, now);
                if self.ending.is_some() {
                    return None;
                }
                continue;
            }
            let Some(next) = next else {
                self.ending = Some(Ending::Tail(Vec::new(), self.course.end));
                return None;
            };
            // What opens a body is there at once; all else waits for the first token.
            if !matches!(next, Piece::Event { mark: Mark::Opening, .. }) {
                let due = match self.at.due {
                    Some(due) => due,
                    None => {
                        let ms = self.course.timetable.advance_to(self.at.so_far.tokens);
                        *self.at.due.insert(exchange.inner().instant(ms) + self.paused)
                    }
                };
                let waits = matches!(next, Piece::Run(_)) || self.at.so_far.tokens == 0;
                if waits {
                    match self.wait_for(due, now) {
                        Wait::Until(at) => return Some(at),
                        Wait::Filled => continue,
                        Wait::Over => {}
                    }
                }
            }
            self.push_next();
        }
        None
    }

    /// Waits for an instant, and fills the time if it is to be filled. What was due before is sent even if it is late, so
    /// that a slow machine sends no less.
    fn wait_for(&mut self, due: Instant, now: Instant) -> Wait {
        let Some(filler) = self.course.filler.as_ref().filter(|_| self.at.so_far.tokens == 0) else {
            return if due > now { Wait::Until(due) } else { Wait::Over };
        };
        let next = self.filler.unwrap_or(now);
        if next < due && next <= now {
            self.buffer.extend_from_slice(&filler.bytes);
            self.filler = Some(next + filler.every.max(FLUSH));
            Wait::Filled
        } else if due > now {
            Wait::Until(due.min(next))
        } else {
            Wait::Over
        }
    }

    /// Does what a cue says.
    fn obey(&mut self, act: CueAct, now: Instant) {
        match act {
            CueAct::End(inside, ending) => {
                let whole = self.course.frames.in_one_piece();
                let (from, tokens) = (self.buffer.len(), self.at.so_far.tokens);
                self.push_piece();
                let piece = self.buffer.split_off(from);
                self.buffer.extend_from_slice(&partial(&piece, inside, whole));
                if let Ending::Tail(tail, _) = &ending {
                    self.buffer.extend_from_slice(tail);
                }
                self.at.so_far.tokens = match whole && tokens == 0 {
                    true => self.at.so_far.tokens / 2,
                    false => tokens,
                };
                if let (Ending::Cut { reset: true }, Some(flag)) = (&ending, &self.reset) {
                    flag.raise();
                }
                self.hold = None;
                self.ending = Some(ending);
            }
            CueAct::Pause(wait) => {
                self.hold = Some(now + wait);
                self.paused += wait;
                self.at.due = self.at.due.map(|due| due + wait);
            }
            CueAct::Twice => self.at.twice = true,
            CueAct::Garble => self.at.garble = true,
        }
    }

    /// Renders the next piece, as often and as well as the cues want it.
    fn push_next(&mut self) {
        let from = self.buffer.len();
        self.push_piece();
        if self.buffer.len() == from {
            // Nothing was said: what was to happen to it happens to what comes next.
            return;
        }
        if std::mem::take(&mut self.at.twice) {
            let piece = self.buffer[from..].to_vec();
            self.buffer.extend_from_slice(&piece);
        }
        if std::mem::take(&mut self.at.garble) {
            let whole = self.buffer.len() - from;
            self.buffer.truncate(from + whole * 2 / 3);
            self.buffer.extend_from_slice(self.course.frames.gap);
        }
    }

    /// Renders the next event or token and moves on behind it.
    fn push_piece(&mut self) {
        let Self { course, at, buffer, .. } = self;
        let Some(piece) = course.frames.piece(at.piece) else { return };
        let from = buffer.len();
        match piece {
            Piece::Event { mark, bytes } => {
                buffer.extend_from_slice(course.frames.bytes().get(bytes.clone()).unwrap_or_default());
                if *mark == Mark::Whole {
                    at.so_far.tokens = course.frames.whole_tokens();
                }
                at.piece += 1;
            }
            Piece::Run(run) => {
                let rest = &run.text[at.byte..];
                let token = &rest[..first_token(rest)];
                if !token.is_empty() {
                    at.so_far.tokens += 1;
                    at.so_far.of_run += 1;
                    run.template.push(buffer, token, at.so_far.tokens);
                    at.byte += token.len();
                }
                if at.byte == run.text.len() {
                    at.piece += 1;
                    at.byte = 0;
                    at.so_far.of_run = 0;
                }
                at.due = None;
            }
        }
        at.so_far.events += u32::from(buffer.len() > from);
    }

    /// Whether there is nothing left to render or to do.
    fn is_all(&self) -> bool {
        self.course.cues.is_empty() && self.course.frames.piece(self.at.piece).is_none()
    }

    /// Hands over what has been rendered, all of it or the next drop.
    fn write(&mut self, now: Instant) -> Step {
        let bytes = match self.course.drip {
            None => self.buffer.split().freeze(),
            Some(drip) => {
                if let Some(at) = self.drop.filter(|at| *at > now) {
                    return Step::WaitUntil(at);
                }
                self.drop = Some(now + drip.every.max(FLUSH));
                let size = drip.bytes.clamp(1, self.buffer.len());
                self.buffer.split_to(size).freeze()
            }
        };
        match &self.ending {
            Some(Ending::Tail(_, end)) if self.buffer.is_empty() => Step::SendLast(bytes, *end),
            // Where a length was told, nobody asks for more once it is reached: the end has to come with the last bytes.
            None if self.buffer.is_empty() && self.is_all() => Step::SendLast(bytes, self.course.end),
            _ => Step::Send(bytes),
        }
    }
}
