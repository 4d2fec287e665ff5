//! Waiting for a place: the one part of this folder that awaits.
//!
//! Rules:
//! - Whatever changes the room is followed by one look at it, under one lock: who gets a place is woken, in the order
//!   of the queue, and then the new head of the queue, which alone waits for the next change that time brings.
//! - A future that is dropped leaves the queue, and gives back a place that it had been granted.
//! - Nothing is spawned. In the virtual world the order of wakeups follows from the order of calls alone.

use super::capacity::{Arrival, Background, Capacity, Gauges, OnHangup, Room, Ticket};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The places of a provider or model. Clones are the same pool.
#[derive(Debug, Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    room: Room,
    /// How to wake those who wait, or who have been granted a place and have not picked it up.
    notices: BTreeMap<Ticket, Arc<Notify>>,
}

/// What becomes of somebody who wants a place.
#[derive(Debug)]
pub enum Entry {
    /// Here it is.
    Admitted(Place),
    /// All are taken, and the queue is full.
    QueueFull,
    /// None came free within the time that one may wait.
    WaitedTooLong,
}

/// A place, free again when this is dropped.
#[derive(Debug)]
#[must_use = "the place is free as soon as this is dropped"]
pub struct Place {
    pool: Pool,
    waited: Duration,
    slowdown: f64,
    /// Somebody else sees to the place.
    left: bool,
}

impl Pool {
    /// An empty one; `start` is offset zero of the drill.
    #[must_use]
    pub fn new(capacity: Capacity, start: Instant) -> Self {
        let state = State { room: Room::new(capacity), notices: BTreeMap::new() };
        Self { inner: Arc::new(Inner { start, state: Mutex::new(state) }) }
    }

    /// Takes a place, waiting in the queue for it if need be. Dropping the future leaves the queue.
    pub async fn enter(&self) -> Entry {
        let now = self.now();
        let (ticket, notice, most) = {
            let mut state = self.lock();
            state.refresh(now);
            match state.room.arrive(now) {
                Arrival::Admitted => return Entry::Admitted(self.place(&state, Duration::ZERO)),
                Arrival::Full => return Entry::QueueFull,
                Arrival::Queued(ticket) => {
                    let notice = Arc::new(Notify::new());
                    state.notices.insert(ticket, notice.clone());
                    (ticket, notice, state.room.capacity().queue_wait)
                }
            }
        };
        let waiting = Waiting { pool: self, ticket };
        let deadline = most.map(|most| now + most);
        loop {
            let now = self.now();
            let change = {
                let mut state = self.lock();
                state.refresh(now);
                if let Some(waited) = state.room.claim(ticket) {
                    // The notice goes with `waiting`; nothing is left to withdraw.
                    return Entry::Admitted(self.place(&state, waited));
                }
                let leads = state.room.head() == Some(ticket);
                leads.then(|| state.room.next_change(now)).flatten()
            };
            if deadline.is_some_and(|deadline| deadline <= now) {
                drop(waiting);
                return Entry::WaitedTooLong;
            }
            match deadline.into_iter().chain(change).min() {
                None => notice.notified().await,
                Some(at) => {
                    let at = tokio::time::sleep_until(self.inner.start + at);
                    tokio::select! { biased; () = notice.notified() => {}, () = at => {} }
                }
            }
        }
    }

    /// Changes what other customers take.
    pub fn set_background(&self, background: Background) {
        self.change(|room, _| room.set_background(background));
    }

    /// How much slower than alone the work at a place goes now, 1 or more.
    #[must_use]
    pub fn slowdown(&self) -> f64 {
        let mut state = self.lock();
        state.refresh(self.now());
        state.room.slowdown()
    }

    /// Who is there now.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let mut state = self.lock();
        state.refresh(self.now());
        state.room.gauges()
    }

    fn place(&self, state: &State, waited: Duration) -> Place {
        Place { pool: self.clone(), waited, slowdown: state.room.slowdown(), left: false }
    }

    fn change(&self, change: impl FnOnce(&mut Room, Duration)) {
        let now = self.now();
        let mut state = self.lock();
        change(&mut state.room, now);
        state.refresh(now);
        state.wake_head();
    }

    fn now(&self) -> Duration {
        Instant::now().saturating_duration_since(self.inner.start)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives what is free to the queue, and wakes who got it and who is now the first to wait.
    fn refresh(&mut self, now: Duration) {
        let admitted = self.room.update(now);
        for ticket in &admitted {
            self.wake(*ticket);
        }
        if !admitted.is_empty() {
            self.wake_head();
        }
    }

    fn wake_head(&self) {
        if let Some(head) = self.room.head() {
            self.wake(head);
        }
    }

    fn wake(&self, ticket: Ticket) {
        if let Some(notice) = self.notices.get(&ticket) {
            notice.notify_one();
        }
    }
}

/// Somebody in the queue, whose end is the end of the wait.
struct Waiting<'p> {
    pool: &'p Pool,
    ticket: Ticket,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pool.lock().notices.remove(&self.ticket);
        self.pool.change(|room, _| room.withdraw(self.ticket));
    }
}

impl Place {
    /// How long it took to get it.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// How much slower than alone the work goes, as of the instant of entry; 1 or more.
    #[must_use]
    pub fn slowdown(&self) -> f64 {
        self.slowdown
    }

    /// The client has hung up on work that would have been done at `end`. The place is free now, or with
    /// [`OnHangup::Finish`] only then.
    pub fn hung_up_until(mut self, end: Duration) {
        self.left = true;
        self.pool.change(|room, now| match room.capacity().on_hangup {
            OnHangup::Free => room.leave(),
            OnHangup::Finish => room.linger(now, end),
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.left {
            self.pool.change(|room, _| room.leave());
        }
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
