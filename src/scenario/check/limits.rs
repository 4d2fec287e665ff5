//! Keys, quotas and capacities of a provider, as its mock needs them.

use super::resolve;
use crate::scenario::plan::Phase;
use crate::scenario::reader::Sink;
use crate::scenario::source::At;
use crate::scenario::spec::limits::{Background, Key, Room};
use crate::scenario::spec::providers::Provider;
use mock_providers::limits::{self, Capacity, Limits, Quotas};
use std::time::Duration;

/// `phases` is `None` where the phases could not be read.
pub(super) fn check(provider: &Provider, phases: Option<&[Phase]>, sink: &Sink<'_>) -> Limits {
    let models = || provider.models.iter().flatten();
    for instant in provider.keys.iter().flat_map(|key| &key.instants) {
        warn_if_late(instant, phases, sink);
    }
    let own = |key: &Key| Some((key.key.name.clone(), key.quota.clone()?));
    Limits {
        keys: provider.keys.iter().map(|key| key.key.clone()).collect(),
        quotas: Quotas {
            provider: provider.quota.clone(),
            models: models().filter_map(|m| Some((m.name.value.as_str().into(), m.quota.clone()?))).collect(),
            keys: provider.keys.iter().filter_map(own).collect(),
        },
        capacity: provider.capacity.as_ref().map(|room| capacity(room, phases, sink)),
        model_capacities: models()
            .filter_map(|m| Some((m.name.value.as_str().into(), capacity(m.capacity.as_ref()?, phases, sink))))
            .collect(),
    }
}

/// Points out an instant at which the drill is over.
pub(super) fn warn_if_late(instant: &At<Duration>, phases: Option<&[Phase]>, sink: &Sink<'_>) {
    if let Some(end) = phases.and_then(<[Phase]>::last).map(|last| last.until)
        && instant.value >= end
    {
        let help = "name an earlier instant, counted from the start of the drill, or leave it out";
        sink.warning(&instant.at, format!("the drill ends at {end:?}, before this happens"), Some(help.to_owned()));
    }
}

fn capacity(room: &Room, phases: Option<&[Phase]>, sink: &Sink<'_>) -> Capacity {
    let background = match &room.background {
        Background::Always(share) if *share <= 0.0 => limits::Background::default(),
        Background::Always(share) => limits::Background::always(*share),
        Background::ByPhase(shares) => {
            phases.map_or_else(limits::Background::default, |phases| by_phase(shares, phases, sink))
        }
    };
    Capacity { background, ..room.capacity.clone() }
}

/// A share for each phase; none for those that are not named.
fn by_phase(shares: &[(At<String>, f64)], phases: &[Phase], sink: &Sink<'_>) -> limits::Background {
    let names: Vec<&str> = phases.iter().map(|phase| &*phase.name).collect();
    let mut steps: Vec<(Duration, f64)> = phases.iter().map(|phase| (phase.from, 0.0)).collect();
    for (name, share) in shares {
        if let Some(index) = resolve(name, "phase", names.iter().copied(), sink)
            && let Some((_, slot)) = steps.get_mut(index)
        {
            *slot = *share;
        }
    }
    limits::Background::steps(steps)
}
