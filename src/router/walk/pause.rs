//! Waiting: when no target is left but some only asked for a pause.

use super::Walk;
use crate::event::{Class, Reason, SkipReason};
use std::time::Duration;

impl Walk<'_> {
    /// Waits for the first target that may still help once its pause is over. Returns which.
    pub(super) async fn await_pause(&mut self) -> Option<usize> {
        let now = self.now();
        let (until, place) = (0..self.places.len()).filter_map(|p| Some((self.worth_waiting(p, now)?, p))).min()?;
        if self.delivered {
            return None;
        }
        if self.last == Some(place) {
            self.retry(place, self.failure.unwrap_or(Class::RateLimited), until - now);
        } else if self.last.is_none() {
            // Nothing was called yet: waiting for the first choice is no fallback.
            self.left = Some((0, Reason::Skip(SkipReason::SetAside)));
        } else {
            self.comes_from_its_failure();
        }
        if self.gone_while(until).await {
            self.failure = Some(Class::Cancelled);
            return None;
        }
        Some(place)
    }

    /// A request that comes back to a target leaves the one that failed, not the one that it passed over on its way.
    pub(super) fn comes_from_its_failure(&mut self) {
        if let (Some(last), Some(class)) = (self.last, self.failure) {
            self.left = Some((last, Reason::Class(class)));
        }
    }

    /// When this target is worth another call, if it is worth waiting for. Everybody who waits for one pause comes back
    /// at a time of their own.
    fn worth_waiting(&self, place: usize, now: Duration) -> Option<Duration> {
        let here = &self.places[place];
        let pause = self.rests_until(place, now).max(here.again_at.filter(|&at| at > now))?;
        let scatter = (pause - now).mul_f64(self.chain.retry.scatter * self.luck("scatter", place));
        let until = pause + Duration::from_millis(scatter.as_millis() as u64);
        let open = self.is_open_at(place, until);
        let paid = here.tried == 0 || self.health(place).covers_retry(now);
        let may = here.tried < self.chain.retry.max_attempts && paid && !open;
        let may = may && self.affords(place, until) && self.hindrance(place, until).is_none();
        may.then_some(until)
    }
}
