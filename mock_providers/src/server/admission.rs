//! Whether a request may come in: its key, the quotas, a place to be worked on; and what is due when it is over.

use super::Inner;
use crate::dialect::Ask;
use crate::fault::Cause;
use crate::limits::{Entry, Figures, Found, Grant, Lie, Outcome, Place, estimate};
use crate::luck::key_hash;
use std::time::Duration;

/// What a request holds while it is worked on.
#[derive(Debug, Default)]
pub(super) struct Admission {
    grant: Option<Grant>,
    place: Option<Place>,
    /// Whether work on it has begun.
    begun: bool,
    /// When the answer is done if nobody hangs up.
    pub(super) done: Duration,
}

/// A request that is turned away.
#[derive(Debug)]
pub(super) struct TurnedAway {
    pub(super) cause: Cause,
    pub(super) figures: Option<Box<Figures>>,
}

impl Inner {
    /// The name of the key with this secret, if it opens anything now.
    pub(super) fn key_name<'a>(&'a self, secret: &'a str) -> Option<&'a str> {
        match self.limiter.key(secret, self.now()) {
            Found::Known(name) => Some(name),
            Found::Unknown | Found::NotAnymore { .. } => None,
        }
    }

    /// Charges the quotas for a request. Says what the response is to tell of them, whichever way it goes.
    pub(super) fn charge(
        &self,
        ask: &Ask<'_>,
        key: &str,
        request: &str,
        lie: Option<Lie>,
    ) -> Result<(Admission, Option<Box<Figures>>), TurnedAway> {
        let Some(meter) = self.limiter.meter() else { return Ok((Admission::default(), None)) };
        let mut ruling = meter.admit(self.now(), &ask.model, key, estimate(ask.prompt_tokens, ask.max_tokens));
        ruling.lies = lie.or(ruling.lies);
        let unit = self.setup.luck.unit("lie", &[&self.setup.name], &[key_hash(request)]);
        let figures = Some(Box::new(ruling.told(unit)));
        match ruling.outcome {
            Outcome::Admitted(grant) => Ok((Admission { grant: Some(grant), ..Admission::default() }, figures)),
            Outcome::Refused => Err(TurnedAway { cause: Cause::RateLimited, figures }),
            Outcome::TooLarge => Err(TurnedAway { cause: Cause::PromptOverTpm, figures }),
        }
    }

    /// Waits for a place to be worked on.
    pub(super) async fn enter(&self, ask: &Ask<'_>) -> Result<Option<Place>, TurnedAway> {
        let Some(pool) = self.limiter.pool(&ask.model) else { return Ok(None) };
        match pool.enter().await {
            Entry::Admitted(place) => Ok(Some(place)),
            Entry::QueueFull | Entry::WaitedTooLong => Err(TurnedAway { cause: Cause::Overloaded, figures: None }),
        }
    }

    /// The work is over, or nobody waits for it any more; so many tokens were used.
    pub(super) fn leave(&self, admission: Admission, used: u64, hung_up: bool) {
        let Admission { grant, place, begun, done } = admission;
        if let (Some(meter), Some(grant)) = (self.limiter.meter(), grant) {
            meter.settle(self.now(), grant, if begun { used } else { 0 });
        }
        match place {
            Some(place) if hung_up => place.hung_up_until(done),
            place => drop(place),
        }
    }
}

impl Admission {
    /// Work on it begins, at a place if places are limited.
    pub(super) fn begin(&mut self, place: Option<Place>) {
        self.place = place;
        self.begun = true;
    }

    /// Whether it is worked on at a place.
    pub(super) fn has_a_place(&self) -> bool {
        self.place.is_some()
    }

    /// How much slower than alone the work goes, 1 or more.
    pub(super) fn slowdown(&self) -> f64 {
        self.place.as_ref().map_or(1.0, Place::slowdown)
    }
}
