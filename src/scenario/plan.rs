//! The plan of a drill: a scenario that has been checked. Nothing in it is optional that a drill needs, every name in
//! it resolves, and it never changes while the drill runs.

use crate::event::Name;
use crate::load;
use crate::router;
use crate::slo::{ChainFact, Facts, FaultFact, Slo};
use mock_providers::limits::Limits;
use mock_providers::{Dialect, Model, fault::Fault};
use siphasher::sip::SipHasher13;
use std::hash::Hasher as _;
use std::sync::Arc;
use std::time::Duration;

/// A checked scenario.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scenario's name.
    pub name: Name,
    /// What it rehearses, in a sentence or two.
    pub summary: Name,
    /// The seed it runs with unless told otherwise.
    pub seed: u64,
    /// The scenario's text, as it was read; recorded logs carry its hash.
    pub source: Arc<str>,
    /// The mock providers.
    pub providers: Vec<Provider>,
    /// The router under test.
    pub router: router::config::Config,
    /// The load.
    pub load: Vec<load::Stream>,
    /// Named spans, ascending and without gaps; the last one's end is the end of the load.
    pub phases: Vec<Phase>,
    /// Scripted faults in file order.
    pub faults: Vec<PlannedFault>,
    /// Assertions in file order.
    pub slos: Vec<Slo>,
}

impl Plan {
    /// A hash of the scenario's text, hexadecimal: tells recordings of different texts apart.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = SipHasher13::new();
        hash.write(self.source.as_bytes());
        format!("{:016x}", hash.finish())
    }

    /// What assertions refer to.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let provider = |i: &usize| self.providers.get(*i).map(|p| p.name.clone());
        let target = |i: &usize| self.router.targets.get(*i).map(|t| t.name.clone());
        Facts {
            phases: self.phases.iter().map(|p| (p.name.clone(), p.from.into(), p.until.into())).collect(),
            targets: self.router.targets.iter().map(|t| t.name.clone()).collect(),
            faults: self
                .faults
                .iter()
                .map(|f| FaultFact {
                    id: f.fault.id,
                    providers: f.providers.iter().filter_map(provider).collect(),
                    from: f.fault.from.into(),
                    until: f.fault.until.into(),
                    label: f.label.clone(),
                })
                .collect(),
            replicas: self.router.fleet.replicas,
            chains: self
                .router
                .chains
                .iter()
                .map(|c| ChainFact { name: c.name.clone(), targets: c.targets.iter().filter_map(target).collect() })
                .collect(),
        }
    }

    /// When the load stops.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.phases.last().map_or(Duration::ZERO, |p| p.until)
    }
}

/// A mock provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its name.
    pub name: Name,
    /// Who runs it; the name unless said otherwise.
    pub vendor: Name,
    /// Where, if said.
    pub region: Option<Name>,
    /// The vendor's HTTP API.
    pub dialect: Dialect,
    /// What it serves.
    pub models: Vec<Model>,
    /// Its keys, quotas and capacity.
    pub limits: Limits,
}

/// A named span of the drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// Its name.
    pub name: Name,
    /// Start.
    pub from: Duration,
    /// End, exclusive.
    pub until: Duration,
}

/// A scripted fault and the providers it is on.
#[derive(Debug, Clone)]
pub struct PlannedFault {
    /// What it does, in a few words: `503`, `429 (retry after 2s)`, `silence 30%`.
    pub label: Name,
    /// Indices into [`Plan::providers`]; several make a correlated failure.
    pub providers: Vec<usize>,
    /// The fault; `id` is its place in the file, from 0.
    pub fault: Fault,
}
