//! All limits of one provider, ready to be asked.

use super::capacity::{Background, Capacity};
use super::keys::{Found, Keys};
use super::meter::{Meter, Quotas};
use super::pool::Pool;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What limits a provider. The default limits nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Its keys; none: every secret is good.
    pub keys: Keys,
    /// Its quotas.
    pub quotas: Quotas,
    /// What it can do at once.
    pub capacity: Option<Capacity>,
    /// What single models can do at once, by name. They have places of their own and use none of the provider's.
    pub model_capacities: BTreeMap<Arc<str>, Capacity>,
}

/// The limits of a provider in a drill. It is asked in this order: [`key`](Self::key), [`meter`](Self::meter),
/// [`pool`](Self::pool).
#[derive(Debug)]
pub struct Limiter {
    keys: Keys,
    meter: Option<Meter>,
    /// With the customers that are always there.
    pool: Option<(Pool, Background)>,
    model_pools: BTreeMap<Arc<str>, (Pool, Background)>,
}

impl Limiter {
    /// Limits of which nothing has been used; `start` is offset zero of the drill.
    #[must_use]
    pub fn new(limits: Limits, start: Instant) -> Self {
        let Limits { keys, quotas, capacity, model_capacities } = limits;
        let pool = |capacity: Capacity| {
            let usual = capacity.background.clone();
            (Pool::new(capacity, start), usual)
        };
        Self {
            keys,
            meter: (!quotas.is_empty()).then(|| Meter::new(quotas)),
            pool: capacity.map(pool),
            model_pools: model_capacities.into_iter().map(|(model, capacity)| (model, pool(capacity))).collect(),
        }
    }

    /// What a secret is at `now`.
    #[must_use]
    pub fn key<'a>(&'a self, secret: &'a str, now: Duration) -> Found<'a> {
        self.keys.find(secret, now)
    }

    /// Other customers, besides those that are always there, take this share of every capacity; it changes at these
    /// instants.
    pub fn crowd(&self, instants: &[Duration], others: impl Fn(Duration) -> f64) {
        for (pool, usual) in self.pools() {
            pool.set_background(usual.and(instants, &others));
        }
    }

    fn pools(&self) -> impl Iterator<Item = (&Pool, &Background)> {
        self.pool.iter().chain(self.model_pools.values()).map(|(pool, usual)| (pool, usual))
    }

    /// The quotas, if there are any.
    #[must_use]
    pub fn meter(&self) -> Option<&Meter> {
        self.meter.as_ref()
    }

    /// The places for a model's requests, if they are limited.
    #[must_use]
    pub fn pool(&self, model: &str) -> Option<&Pool> {
        self.model_pools.get(model).or(self.pool.as_ref()).map(|(pool, _)| pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_not_limited_has_no_meter_and_no_pool() {
        let limiter = Limiter::new(Limits::default(), Instant::now());
        assert!(limiter.meter().is_none() && limiter.pool("m").is_none());
        assert_eq!(limiter.key("anything", Duration::ZERO), Found::Known("anything"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_with_places_of_its_own_uses_none_of_the_providers() {
        let limits = Limits {
            capacity: Some(Capacity::new(1, 0)),
            model_capacities: BTreeMap::from([(Arc::from("own"), Capacity::new(1, 0))]),
            ..Limits::default()
        };
        let limiter = Limiter::new(limits, Instant::now());
        let own = limiter.pool("own").unwrap().enter().await;
        assert_eq!(limiter.pool("m").unwrap().gauges().in_flight, 0);
        drop(own);
        assert_eq!(limiter.pool("own").unwrap().gauges().in_flight, 0);
    }
}
