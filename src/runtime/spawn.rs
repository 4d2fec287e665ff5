//! The one way to start a task, so that somebody counts the polls.
//!
//! Under a paused clock a task that never waits for time keeps the drill at one instant for ever. So every poll of every
//! task is counted, and when [`MAX_IDLE_POLLS`] of them pass without the clock moving, the drill is declared stuck.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Polls at one instant after which a drill counts as stuck.
pub const MAX_IDLE_POLLS: u64 = 100_000;

/// The clock is only looked at once in so many polls.
const LOOK_EVERY: u64 = 1_000;

#[derive(Debug)]
struct Pulse {
    start: Instant,
    polls: AtomicU64,
    /// Microseconds since `start` when the clock was last seen to move, and the polls until then.
    moved_at: AtomicU64,
    polls_then: AtomicU64,
    stuck: Notify,
}

impl Pulse {
    fn beat(&self) {
        let polls = self.polls.fetch_add(1, Relaxed) + 1;
        if !polls.is_multiple_of(LOOK_EVERY) {
            return;
        }
        let now = self.start.elapsed().as_micros() as u64;
        if self.moved_at.swap(now, Relaxed) != now {
            self.polls_then.store(polls, Relaxed);
        } else if polls - self.polls_then.load(Relaxed) >= MAX_IDLE_POLLS {
            self.stuck.notify_one();
        }
    }
}

/// Starts tasks and counts their polls.
#[derive(Debug, Clone)]
pub struct Spawner {
    pulse: Option<Arc<Pulse>>,
}

impl Spawner {
    /// For the virtual world. Must be called inside the drill's runtime.
    #[must_use]
    pub fn watched() -> Self {
        Self {
            pulse: Some(Arc::new(Pulse {
                start: Instant::now(),
                polls: AtomicU64::new(0),
                moved_at: AtomicU64::new(0),
                polls_then: AtomicU64::new(0),
                stuck: Notify::new(),
            })),
        }
    }

    /// For the real world, where time moves by itself.
    #[must_use]
    pub fn unwatched() -> Self {
        Self { pulse: None }
    }

    /// Starts a task.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.pulse {
            Some(pulse) => tokio::spawn(Watched { pulse: Arc::clone(pulse), future: Box::pin(future) }),
            None => tokio::spawn(future),
        }
    }

    /// Ends when the drill is stuck at one instant; in the real world never.
    pub async fn stuck(&self) {
        match &self.pulse {
            Some(pulse) => pulse.stuck.notified().await,
            None => std::future::pending().await,
        }
    }
}

impl<F> hyper::rt::Executor<F> for Spawner
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        drop(self.spawn(future));
    }
}

struct Watched<F> {
    pulse: Arc<Pulse>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.pulse.beat();
        self.future.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_spins_at_one_instant_is_noticed() {
        let spawner = Spawner::watched();
        let spinning = spawner.spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        spawner.stuck().await;
        spinning.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn many_polls_spread_over_time_are_not_stuck() {
        let spawner = Spawner::watched();
        let busy = spawner.spawn(async {
            for _ in 0..200u32 {
                for _ in 0..1_000u32 {
                    tokio::task::yield_now().await;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        tokio::select! {
            biased;
            () = spawner.stuck() => panic!("called stuck"),
            done = busy => done.expect("runs to its end"),
        }
    }
}
