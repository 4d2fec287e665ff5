//! One call, or two that race for the client where the chain hedges. The rules are those of `policy/hedge.rs`.

use super::flight::Flight;
use super::{Landed, Leave, Walk};
use crate::event::{Class, Reason};
use crate::provider::ToolCall;
use crate::router::attempt::{self, Call, Judgement, OUTRUN};
use crate::router::client::Client;
use crate::router::policy::hedge::{TIE, ends_race};
use crate::runtime::Clock;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

impl<'a> Walk<'a> {
    /// Makes a call, and where the chain hedges and it takes too long another one to the next target. Returns the one that
    /// came first, else the one that failed last.
    pub(super) async fn race<C: Client>(
        &mut self,
        place: usize,
        leave: Leave,
        stricter: bool,
        client: &mut C,
    ) -> Landed {
        let given = std::mem::take(&mut self.given);
        let flight = self.depart(place, &leave, stricter);
        let call = self.call(&flight, &given);
        let hedge = self.chain.hedge.filter(|_| !self.delivered && !self.ahead.is_empty());
        let landed = match hedge {
            None => {
                let verdict = attempt::run(call, self.router.clock, client, &mut &flight).await;
                self.land(&flight, leave, &verdict)
            }
            Some(hedge) => {
                let due = flight.dispatched + hedge.after;
                self.hedged(Racer::new(call, self.router.clock, &flight, leave), due, client).await
            }
        };
        self.last = Some(landed.place);
        self.given.insert_str(0, &given);
        landed
    }

    /// Makes another call beside the first when it is due.
    async fn hedged<C: Client>(&mut self, mut first: Racer<'_, 'a>, due: Duration, client: &mut C) -> Landed {
        let clock = self.router.clock;
        let early = first.hear_until(clock, due).await;
        let other = if early.is_none() { self.hedge(first.flight.place) } else { None };
        let Some((place, leave)) = other else {
            return self.finish(first, early, client).await;
        };
        let flight = self.depart(place, &leave, false);
        let mut second = Racer::new(self.call(&flight, ""), clock, &flight, leave);
        let (by_first, heard) = tokio::select! {
            biased;
            heard = first.hear() => (true, heard),
            heard = second.hear() => (false, heard),
        };
        let heard = match self.decides(heard) {
            Ok(heard) => heard,
            Err(failed) => {
                let (out, other) = if by_first { (first, second) } else { (second, first) };
                self.falls_out(out, &failed);
                return self.finish(other, None, client).await;
            }
        };
        let tied = if by_first { None } else { first.hear_until(clock, clock.now() + TIE).await };
        match tied.map(|tied| self.decides(tied)) {
            None => {
                let (winner, loser) = if by_first { (first, second) } else { (second, first) };
                self.outrun(loser).await;
                self.finish(winner, Some(heard), client).await
            }
            Some(Ok(tied)) => {
                self.outrun(second).await;
                self.finish(first, Some(tied), client).await
            }
            Some(Err(failed)) => {
                self.falls_out(first, &failed);
                self.finish(second, Some(heard), client).await
            }
        }
    }

    /// Leave to call the next target that admits one, besides the one that is awaited. Who cannot pay is not asked: a target
    /// that admits a call counts it as made.
    fn hedge(&mut self, awaited: usize) -> Option<(usize, Leave)> {
        let now = self.now();
        let (index, leave) = self.ahead.iter().enumerate().find_map(|(index, &place)| {
            let paid = self.health(place).covers_retry(now);
            Some((index, paid.then(|| self.admit(place, false, None).ok()).flatten()?))
        })?;
        let place = self.ahead.remove(index)?;
        self.health(place).spend_retry(now);
        self.left = Some((awaited, Reason::Hedge));
        self.arrive_at(place);
        Some((place, leave))
    }

    /// `Ok` if what was heard decides the race; else how the call failed, which leaves it to the other.
    fn decides(&self, heard: Heard) -> Result<Heard, Box<Judgement>> {
        match heard {
            Heard::Over(verdict) if !ends_race(self.chain.table.row(verdict.class)) => Err(verdict),
            heard => Ok(heard),
        }
    }

    /// Waits for the end of a call, and gives the client what comes.
    async fn finish<C: Client>(&mut self, racer: Racer<'_, 'a>, heard: Option<Heard>, client: &mut C) -> Landed {
        let (flight, leave) = (racer.flight, racer.leave);
        let verdict = racer.lane.lead(heard, client).await;
        self.land(flight, leave, &verdict)
    }

    /// A call failed while another one is awaited.
    fn falls_out(&mut self, racer: Racer<'_, 'a>, verdict: &Judgement) {
        let landed = self.land(racer.flight, racer.leave, verdict);
        self.failed(&landed);
    }

    /// Hangs up on a call, because another one came first.
    async fn outrun(&mut self, racer: Racer<'_, 'a>) {
        let verdict = racer.lane.stop().await;
        self.land(racer.flight, racer.leave, &verdict);
    }
}

/// A call in a race.
struct Racer<'f, 'a> {
    flight: &'f Flight<'a>,
    leave: Leave,
    lane: Lane<'f>,
}

impl<'f, 'a> Racer<'f, 'a> {
    fn new(mut call: Call<'f>, clock: Clock, flight: &'f Flight<'a>, leave: Leave) -> Self
    where
        'a: 'f,
    {
        let (door, pieces) = mpsc::channel(1);
        let (bell, outrun) = oneshot::channel();
        call.outrun = Some(outrun);
        let run = Box::pin(async move { attempt::run(call, clock, &mut Door(door), &mut &*flight).await });
        Self { flight, leave, lane: Lane { run, pieces, bell, over: None } }
    }

    async fn hear(&mut self) -> Heard {
        self.lane.hear().await
    }

    async fn hear_until(&mut self, clock: Clock, until: Duration) -> Option<Heard> {
        tokio::select! {
            biased;
            heard = self.hear() => Some(heard),
            () = clock.sleep_until(until) => None,
        }
    }
}

/// A call, with its answer held at the door until it is known whether it is wanted.
struct Lane<'f> {
    run: Pin<Box<dyn Future<Output = Judgement> + Send + 'f>>,
    pieces: mpsc::Receiver<Piece>,
    bell: oneshot::Sender<()>,
    /// How it ended, while its last piece is still at the door.
    over: Option<Judgement>,
}

/// A sign of a call in a race.
enum Heard {
    Piece(Piece),
    Over(Box<Judgement>),
}

impl Lane<'_> {
    /// The next sign. Nothing is lost if it is not awaited to the end.
    async fn hear(&mut self) -> Heard {
        if let Some(verdict) = self.over.take() {
            return Heard::Over(Box::new(verdict));
        }
        tokio::select! {
            biased;
            Some(piece) = self.pieces.recv() => Heard::Piece(piece),
            verdict = &mut self.run => match self.pieces.try_recv() {
                Ok(piece) => {
                    self.over = Some(verdict);
                    Heard::Piece(piece)
                }
                Err(_) => Heard::Over(Box::new(verdict)),
            },
        }
    }

    async fn lead<C: Client>(mut self, heard: Option<Heard>, client: &mut C) -> Judgement {
        let mut next = heard;
        loop {
            match match next.take() {
                Some(heard) => heard,
                None => self.hear().await,
            } {
                Heard::Piece(Piece::Text(text)) => client.token(&text).await,
                Heard::Piece(Piece::Call(call)) => client.call(&call).await,
                Heard::Piece(Piece::Vector(vector)) => client.vector(&vector).await,
                Heard::Over(verdict) => return *verdict,
            }
        }
    }

    /// Hangs up. Nothing of the answer has reached the client, whatever was on its way.
    async fn stop(self) -> Judgement {
        drop(self.pieces);
        // An answer that came whole in this very instant has nobody left to hear the bell.
        let _ = self.bell.send(());
        let verdict = match self.over {
            Some(verdict) => verdict,
            None => self.run.await,
        };
        Judgement { class: Class::Cancelled, detail: OUTRUN.into(), delivered: false, given: String::new(), ..verdict }
    }
}

/// A part of an answer.
enum Piece {
    Text(String),
    Call(ToolCall),
    Vector(Vec<f32>),
}

/// The client as a call in a race sees it: whoever is let in has won.
struct Door(mpsc::Sender<Piece>);

impl Door {
    async fn hand_in(&self, piece: Piece) {
        // Nobody is there to take it when the race is lost.
        let _ = self.0.send(piece).await;
    }
}

impl Client for Door {
    async fn token(&mut self, text: &str) {
        self.hand_in(Piece::Text(text.to_owned())).await;
    }

    async fn call(&mut self, call: &ToolCall) {
        self.hand_in(Piece::Call(call.clone())).await;
    }

    async fn vector(&mut self, vector: &[f32]) {
        self.hand_in(Piece::Vector(vector.to_vec())).await;
    }
}
