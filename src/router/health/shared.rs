//! What targets have in common: the breaker of a group, the keys of a provider; and what the replicas of a router tell each
//! other of a breaker.

use super::Health;
use crate::event::{BreakerState, EventKind, Micros, Name};
use crate::router::config::{Config, Target};
use crate::router::policy::alerts::Alerts;
use crate::router::policy::breaker::{Breaker, Group, Params, Transition};
use crate::router::policy::keyring::Keyring;
use crate::router::policy::shared::Notices;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the replicas of a router tell each other of one breaker.
type Told = Arc<Mutex<Notices>>;

/// A breaker of one replica and the targets that share it.
#[derive(Debug)]
pub(in crate::router) struct Circuit {
    /// What the group is called; `None` for a target by itself.
    pub(in crate::router) group: Option<Name>,
    /// The targets that it stands for.
    pub(in crate::router) members: Vec<Name>,
    pub(super) replica: u16,
    told: Option<Told>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) breaker: Breaker,
    /// Whether its opening has been told.
    pub(super) alerts: Alerts,
    /// The last decision of another replica that was taken over.
    heard: u64,
}

impl Circuit {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A change of the breaker, as it is told: once for each target that shares it.
    pub(in crate::router) fn events(&self, transition: &Transition) -> impl Iterator<Item = EventKind> {
        self.members.iter().map(|target| EventKind::BreakerChanged {
            target: Arc::clone(target),
            group: self.group.clone(),
            from: transition.from,
            to: transition.to,
            cause: transition.cause.into(),
            probe_at: transition.probe_at.map(Micros::from),
            replica: self.replica,
        })
    }

    /// Takes over what other replicas have decided.
    pub(super) fn catch_up(&self, inner: &mut Inner, now: Duration, luck: f64) -> Option<Transition> {
        let notices = self.told.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let news = notices.news(self.replica, now, &mut inner.heard)?;
        inner.breaker.learn(now, news.bad_until, luck)
    }

    /// Lets the other replicas know that the breaker opened or closed.
    pub(super) fn spread(&self, transition: &Transition, now: Duration) {
        if let Some(told) = self.told.as_ref().filter(|_| transition.to != BreakerState::HalfOpen) {
            let mut notices = told.lock().unwrap_or_else(PoisonError::into_inner);
            notices.tell(self.replica, now, transition.probe_at);
        }
    }
}

/// The keys of one provider.
#[derive(Debug)]
pub(super) struct Ring(Mutex<Keyring>);

impl Ring {
    pub(super) fn lock(&self) -> MutexGuard<'_, Keyring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that each replica of a router knows of its targets, in their order: nothing yet.
pub(in crate::router) fn unknown(config: &Config) -> Vec<Vec<Arc<Health>>> {
    let lag = config.fleet.lag.filter(|_| config.fleet.replicas > 1);
    let told = |target: &Target| Some((circuit_of(target), Arc::new(Mutex::new(Notices::new(lag?)))));
    let told: BTreeMap<String, Told> = config.targets.iter().filter_map(told).collect();
    (0..config.fleet.replicas.max(1)).map(|replica| of_replica(config, replica, &told)).collect()
}

fn of_replica(config: &Config, replica: u16, told: &BTreeMap<String, Told>) -> Vec<Arc<Health>> {
    let patient = |(index, target): (usize, &Target)| patient(config, index, target);
    let params: Vec<Params> = config.targets.iter().enumerate().map(patient).collect();
    let mut circuits: BTreeMap<String, Circuit> = BTreeMap::new();
    for (target, params) in config.targets.iter().zip(&params) {
        let name = circuit_of(target);
        let circuit = circuits.entry(name).or_insert_with_key(|name| Circuit {
            group: group_of(target).map(Name::from),
            members: Vec::new(),
            replica,
            told: told.get(name).map(Arc::clone),
            inner: Mutex::new(Inner { breaker: Breaker::new(*params), alerts: Alerts::default(), heard: 0 }),
        });
        circuit.members.push(Arc::clone(&target.name));
    }
    let circuits: BTreeMap<String, Arc<Circuit>> = circuits.into_iter().map(|(name, c)| (name, Arc::new(c))).collect();
    let mut rings: BTreeMap<usize, Arc<Ring>> = BTreeMap::new();
    let known = config.targets.iter().zip(&params).filter_map(|(target, params)| {
        let circuit = circuits.get(&circuit_of(target))?;
        // The open time of a key is that of the first target of its provider.
        let ring = rings.entry(target.provider).or_insert_with(|| Arc::new(Ring(Mutex::new(Keyring::new(*params)))));
        Some(Arc::new(Health::new(target, Arc::clone(circuit), Arc::clone(ring))))
    });
    known.collect()
}

/// The name of the breaker of a target.
fn circuit_of(target: &Target) -> String {
    group_of(target).unwrap_or_else(|| target.name.to_string())
}

/// What the target shares its breaker with; a name with a blank is no target's.
fn group_of(target: &Target) -> Option<String> {
    match target.breaker.group {
        Group::Target => None,
        Group::Provider => target.name.split_once('/').map(|(provider, _)| format!("provider {provider}")),
        Group::Vendor => Some(format!("vendor {}", target.vendor)),
        Group::Region => target.region.as_ref().map(|region| format!("region {region}")),
    }
}

/// Its breaker, with the patience that probes need unless somebody has said it: what the slowest call may take.
fn patient(config: &Config, index: usize, target: &Target) -> Params {
    let longest =
        config.chains_with(index).map(|c| c.timeouts.total.map_or(c.deadline, |total| total.min(c.deadline))).max();
    let open_for = target.breaker.open_for;
    let probe_for = target.breaker.probe_for.or(longest.map(|longest| longest.max(open_for)));
    Params { probe_for, ..target.breaker }
}
