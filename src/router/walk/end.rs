//! The end of the chain: nothing is left to try.

use super::Walk;
use crate::event::{Class, Outcome, Reason, SkipReason};
use crate::router::client::{Client, Served};
use crate::router::config::AllOpen;

impl Walk<'_> {
    /// Nothing is left to try.
    pub(super) async fn exhausted<C: Client>(&mut self, client: &mut C) -> Served {
        if self.failure == Some(Class::Cancelled) {
            return self.served(Outcome::Surfaced, Some(Class::Cancelled));
        }
        if self.delivered {
            return self.served(Outcome::Failed, self.failure);
        }
        if self.places.iter().all(|p| p.too_small) {
            return self.served(Outcome::Surfaced, Some(Class::ContextLength));
        }
        if (0..self.places.len()).all(|place| self.unfit(place).is_some()) {
            // No template stands for a vector, and that the chain cannot do it is no fault of the client.
            return self.served(Outcome::Failed, Some(Class::BadRequest));
        }
        let class = self.failure.or(match self.left {
            Some((_, Reason::Skip(SkipReason::SetAside))) => Some(Class::RateLimited),
            Some((_, Reason::Skip(SkipReason::Budget))) => Some(Class::QuotaExhausted),
            Some((_, Reason::Skip(SkipReason::Deadline))) => Some(Class::Timeout),
            Some((_, Reason::Skip(SkipReason::KeyClosed))) => Some(Class::Auth),
            _ => Some(Class::Overloaded),
        });
        if self.chain.all_open == AllOpen::FailFast && self.all_open() {
            return self.served(Outcome::Failed, class);
        }
        if let Some(given) = self.router.kept(self.request).filter(|_| !self.needs.high_stakes) {
            given.give(client).await;
            return self.served(Outcome::Cached, class);
        }
        let stands_in = self.request.embedding.is_none() && !self.needs.high_stakes;
        match self.chain.degraded.as_ref().filter(|_| stands_in) {
            Some(template) => {
                client.token(template).await;
                self.served(Outcome::Degraded, class)
            }
            None => self.served(Outcome::Failed, class),
        }
    }
}
