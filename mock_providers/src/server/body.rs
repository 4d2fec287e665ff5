//! The body of a response: an absolute plan, carried out with one timer.
//!
//! Nothing is rendered before it is due. What falls due together goes out in one write, as separate events. A cut comes
//! one millisecond after what it follows: over HTTP/1 an error raised right behind a chunk would swallow the chunk.

use super::exchange::Exchange;
use crate::dialect::Frames;
use crate::fault::delay::Slowness;
use crate::ledger::End;
use crate::text::first_token;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
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

/// What comes after all that is to be sent has been sent.
#[derive(Debug)]
pub(crate) enum Ending {
    /// These bytes, then a well-framed end.
    Tail(Vec<u8>, End),
    /// The connection breaks.
    Cut,
    /// Nothing, ever.
    Stall,
}

/// When the tokens of a stream are due.
#[derive(Debug)]
pub(crate) struct Timetable {
    /// When the first is due, in milliseconds from the start of the drill.
    pub(crate) first_ms: u64,
    /// Time per token.
    pub(crate) per_token_ms: f64,
    pub(crate) slowness: Option<Slowness>,
    /// What slowness has added so far.
    pub(crate) slowed_ms: f64,
}

impl Timetable {
    /// Moves on to token `index`, counted from 0, and says when it is due.
    pub(crate) fn advance_to(&mut self, index: u32) -> u64 {
        if let Some(slowness) = &mut self.slowness
            && index > 0
        {
            self.slowed_ms += slowness.next_ms();
        }
        self.first_ms.saturating_add(libm::round(f64::from(index) * self.per_token_ms + self.slowed_ms) as u64)
    }
}

impl Timetable {
    /// When all of `tokens` tokens are done, for an answer that is sent in one piece.
    pub(crate) fn end(&mut self, tokens: u32) -> u64 {
        for _ in 1..tokens {
            self.slowed_ms += self.slowness.as_mut().map_or(0.0, Slowness::next_ms);
        }
        self.slowness = None;
        self.advance_to(tokens)
    }
}

/// A streamed answer.
pub(crate) struct Streamed {
    pub(crate) frames: Frames,
    pub(crate) text: String,
    pub(crate) timetable: Timetable,
    /// How many tokens are to be sent.
    pub(crate) limit: u32,
    pub(crate) ending: Ending,
    pub(crate) progress: Progress,
}

/// How far a stream has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    opened: bool,
    /// Bytes of the text that have been sent.
    at: usize,
    /// Tokens that have been sent.
    sent: u32,
    /// When the next token, or the ending if none is left, is due.
    due: Option<Instant>,
    buffer: BytesMut,
}

/// A body in one piece, or its beginning.
pub(crate) struct Whole {
    pub(crate) bytes: Option<Bytes>,
    /// What the head promises.
    pub(crate) promised: u64,
    pub(crate) ending: Ending,
    pub(crate) cut_at: Option<Instant>,
}

enum Plan {
    Whole(Whole),
    Stream(Box<Streamed>),
    Over,
}

/// The body of one response.
pub(crate) struct Planned {
    exchange: Exchange,
    plan: Plan,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Planned {
    pub(crate) fn whole(exchange: Exchange, whole: Whole) -> Self {
        Self { exchange, plan: Plan::Whole(whole), timer: None }
    }

    pub(crate) fn stream(exchange: Exchange, stream: Streamed) -> Self {
        Self { exchange, plan: Plan::Stream(Box::new(stream)), timer: None }
    }

    fn finish(&mut self, end: End) {
        self.plan = Plan::Over;
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

/// What a plan does next.
enum Step {
    Send(Bytes),
    SendLast(Bytes, End),
    Break,
    EndNow(End),
}

impl Body for Planned {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        let step = match &mut this.plan {
            Plan::Over => return Poll::Ready(None),
            Plan::Whole(whole) => ready!(whole.poll(&mut this.timer, cx)),
            Plan::Stream(stream) => ready!(stream.poll(&mut this.timer, &mut this.exchange, cx)),
        };
        Poll::Ready(match step {
            Step::Send(bytes) => Some(Ok(Frame::data(bytes))),
            Step::SendLast(bytes, end) => {
                this.finish(end);
                Some(Ok(Frame::data(bytes)))
            }
            Step::Break => {
                this.finish(End::Cut);
                Some(Err(Broken))
            }
            Step::EndNow(end) => {
                this.finish(end);
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.plan, Plan::Over)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.plan {
            Plan::Over => SizeHint::with_exact(0),
            Plan::Whole(whole) => SizeHint::with_exact(whole.promised),
            Plan::Stream(_) => SizeHint::default(),
        }
    }
}

impl Whole {
    fn poll(&mut self, timer: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<Step> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(match &self.ending {
                Ending::Tail(_, end) => Step::SendLast(bytes, *end),
                Ending::Cut | Ending::Stall => Step::Send(bytes),
            });
        }
        match &self.ending {
            Ending::Stall => Poll::Pending,
            Ending::Tail(_, end) => Poll::Ready(Step::EndNow(*end)),
            Ending::Cut => {
                let at = *self.cut_at.get_or_insert_with(|| Instant::now() + FLUSH);
                wait(timer, at, cx).map(|()| Step::Break)
            }
        }
    }
}

impl Streamed {
    fn poll(
        &mut self,
        timer: &mut Option<Pin<Box<Sleep>>>,
        exchange: &mut Exchange,
        cx: &mut Context<'_>,
    ) -> Poll<Step> {
        let Self { frames, text, timetable, limit, ending, progress } = self;
        if !progress.opened {
            progress.opened = true;
            progress.due = Some(exchange.inner().instant(timetable.advance_to(0)));
            progress.buffer.extend_from_slice(&frames.opening);
        }
        let now = Instant::now();
        while progress.sent < *limit && progress.buffer.len() < WRITE && progress.due.is_none_or(|due| due <= now) {
            let rest = &text[progress.at..];
            let token = &rest[..first_token(rest)];
            progress.sent += 1;
            progress.at += token.len();
            frames.push_token(&mut progress.buffer, token, progress.sent);
            if progress.sent < *limit {
                progress.due = Some(exchange.inner().instant(timetable.advance_to(progress.sent)));
            }
        }
        exchange.tokens(progress.sent);
        let over = progress.sent == *limit && progress.due.is_none_or(|due| due <= now);
        if over && let Ending::Tail(tail, end) = ending {
            progress.buffer.extend_from_slice(tail);
            let bytes = progress.buffer.split().freeze();
            return Poll::Ready(if bytes.is_empty() { Step::EndNow(*end) } else { Step::SendLast(bytes, *end) });
        }
        if !progress.buffer.is_empty() {
            if progress.sent == *limit && matches!(ending, Ending::Cut) {
                progress.due = progress.due.max(Some(now + FLUSH));
            }
            return Poll::Ready(Step::Send(progress.buffer.split().freeze()));
        }
        match (over, &ending, progress.due) {
            (true, Ending::Cut, _) => Poll::Ready(Step::Break),
            (true, _, _) | (_, _, None) => Poll::Pending,
            (false, _, Some(due)) => {
                ready!(wait(timer, due, cx));
                self.poll(timer, exchange, cx)
            }
        }
    }
}
