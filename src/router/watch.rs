//! What every request that is over tells of its chain: whether its first target slowly serves less of it.

use super::Router;
use super::client::{Request, Served};
use super::config::Chain;
use super::policy::drift::Seen;
use crate::event::{AlertKind, Class, EventKind, Outcome};
use std::sync::{Arc, PoisonError};

impl Router {
    /// Takes note of a request that is over. What is the client's own says nothing, and neither does a request that came
    /// while the first target's breaker was not closed: that has been told already.
    pub(super) fn watch(&self, (index, chain): (usize, &Chain), request: &Request, served: &Served) {
        let health = &self.replicas[usize::from(self.replica(request))];
        let Some(first) = chain.targets.first().map(|&target| &health[target]) else { return };
        if served.outcome == Outcome::Surfaced || !first.is_closed() {
            return;
        }
        let seen = Seen {
            tenant: &request.tenant,
            task: &request.task,
            tokens: request.prompt_tokens(),
            // A request that goes on after a cancelled call was hedged, and that call took too long.
            class: served.first.map(|class| if class == Class::Cancelled { Class::Timeout } else { class }),
            served: served.outcome == Outcome::Answered && served.target.as_ref() == Some(&first.name),
        };
        let mut drift = self.drift[index].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((cause, shown)) = drift.observe(&seen) {
            let (target, kind) = (Arc::clone(&first.name), AlertKind::Drift);
            self.log.record(EventKind::Alert { target, kind, drift: Some(cause), cause: shown.into() });
        }
    }
}
