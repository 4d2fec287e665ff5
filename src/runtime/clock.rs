//! The drill's clock.

use crate::event::Micros;
use std::time::Duration;
use tokio::time::Instant;

/// Counts from the start of a drill.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts now. Must be called inside the drill's runtime.
    #[must_use]
    pub fn start_now() -> Self {
        Self { start: Instant::now() }
    }

    /// The instant the drill started.
    #[must_use]
    pub fn start(&self) -> Instant {
        self.start
    }

    /// The time since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// The time since the start, as the log has it.
    #[must_use]
    pub fn now_micros(&self) -> Micros {
        self.now().into()
    }

    /// The instant at an offset from the start.
    #[must_use]
    pub fn at(&self, offset: Duration) -> Instant {
        self.start + offset
    }

    /// Sleeps until an offset from the start; returns at once if it has passed.
    pub async fn sleep_until(&self, offset: Duration) {
        tokio::time::sleep_until(self.at(offset)).await;
    }
}
