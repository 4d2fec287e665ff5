//! What targets have in common: the breaker of a group, the keys of a provider.

use super::Health;
use crate::event::Name;
use crate::router::config::{Config, Target};
use crate::router::policy::alerts::Alerts;
use crate::router::policy::breaker::{Breaker, Group, Params};
use crate::router::policy::keyring::Keyring;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A breaker and those who share it.
#[derive(Debug)]
pub(in crate::router) struct Circuit {
    /// What the group is called; `None` for a target by itself.
    pub(in crate::router) group: Option<Name>,
    /// The targets that it stands for.
    pub(in crate::router) members: Vec<Name>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) breaker: Breaker,
    /// Whether its opening has been told.
    pub(super) alerts: Alerts,
}

impl Circuit {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Everything that one router knows of its targets, in their order: nothing yet.
pub(in crate::router) fn unknown(config: &Config) -> Vec<Arc<Health>> {
    let patient = |(index, target): (usize, &Target)| patient(config, index, target);
    let params: Vec<Params> = config.targets.iter().enumerate().map(patient).collect();
    let mut circuits: BTreeMap<String, Circuit> = BTreeMap::new();
    for (target, params) in config.targets.iter().zip(&params) {
        let group = group_of(target);
        let name = group.clone().unwrap_or_else(|| target.name.to_string());
        let circuit = circuits.entry(name).or_insert_with(|| Circuit {
            group: group.map(Name::from),
            members: Vec::new(),
            inner: Mutex::new(Inner { breaker: Breaker::new(*params), alerts: Alerts::default() }),
        });
        circuit.members.push(Arc::clone(&target.name));
    }
    let circuits: BTreeMap<String, Arc<Circuit>> = circuits.into_iter().map(|(name, c)| (name, Arc::new(c))).collect();
    let mut rings: BTreeMap<usize, Arc<Ring>> = BTreeMap::new();
    let known = config.targets.iter().zip(&params).filter_map(|(target, params)| {
        let circuit = circuits.get(&group_of(target).unwrap_or_else(|| target.name.to_string()))?;
        // The open time of a key is that of the first target of its provider.
        let ring = rings.entry(target.provider).or_insert_with(|| Arc::new(Ring(Mutex::new(Keyring::new(*params)))));
        Some(Arc::new(Health::new(target, Arc::clone(circuit), Arc::clone(ring))))
    });
    known.collect()
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
    let chains = config.chains.iter().filter(|chain| chain.targets.contains(&index));
    let longest = chains.map(|c| c.timeouts.total.map_or(c.deadline, |total| total.min(c.deadline))).max();
    let open_for = target.breaker.open_for;
    let probe_for = target.breaker.probe_for.or(longest.map(|longest| longest.max(open_for)));
    Params { probe_for, ..target.breaker }
}
