//! The plan of a drill: a scenario that has been checked. Nothing in it is optional that a drill needs, every name in
//! it resolves, and it never changes while the drill runs.

use crate::event::{AlertKind, EVAL_TENANT, Micros, Name, Payer};
use crate::load;
use crate::observe::alerts::Rule;
use crate::observe::{Budget, Known};
use crate::router;
use crate::router::ablate::{self, Part};
use crate::router::config::{Account, Target};
use crate::router::lesser::Lesser;
use crate::router::policy::prices::PriceList;
use crate::router::policy::{breaker, budget, quality};
use crate::router::preset::Preset;
use crate::slo::{BudgetFact, CauseFact, ChainFact, Facts, FaultFact, PlaceFact, Slo};
use mock_providers::limits::Limits;
use mock_providers::{Dialect, Model, fault::Fault};
use siphasher::sip::SipHasher13;
use std::collections::{BTreeMap, BTreeSet};
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
    /// What must fail under lesser routers.
    pub breaks: Vec<Breaks>,
    /// Who is told of alerts, in file order.
    pub alerts: Vec<Rule>,
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
            places: self
                .router
                .targets
                .iter()
                .map(|t| PlaceFact { region: t.region.clone(), approved_for: t.approved_for.clone() })
                .collect(),
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
            budgets: self.budgets(),
            replicas: self.router.fleet.replicas,
            chains: self
                .router
                .chains
                .iter()
                .map(|c| ChainFact { name: c.name.clone(), targets: c.targets.iter().filter_map(target).collect() })
                .collect(),
            causes: self.router.targets.iter().flat_map(|target| self.causes(target)).collect(),
        }
    }

    fn budgets(&self) -> Vec<BudgetFact> {
        let tenants = self.router.tenants.iter().map(|(name, account)| (Payer::Tenant(name.clone()), account));
        let tiers = self.router.tiers.iter().map(|(name, account)| (Payer::Tier(name.clone()), account));
        let fact = |(payer, account): (Payer, &Account)| {
            account.budget.map(|b| BudgetFact { payer, amount: b.amount, per: b.per.into() })
        };
        tenants.chain(tiers).filter_map(fact).collect()
    }

    /// What will happen to a target without a fault: its model is retired, a key of its provider ends, its
    /// price or the load changes.
    fn causes(&self, target: &Target) -> Vec<CauseFact> {
        let never = Micros(u64::MAX);
        let cause =
            |kind, from: Duration, until| CauseFact { target: target.name.clone(), kind, from: from.into(), until };
        let mut causes = Vec::new();
        let Some(provider) = self.providers.get(target.provider) else { return causes };
        let model = provider.models.iter().find(|model| model.name == target.model);
        if let Some(retires) = model.and_then(|model| model.retires) {
            causes.push(cause(AlertKind::Retirement, retires.announced.unwrap_or(retires.gone), never));
        }
        for key in provider.limits.keys.iter() {
            if !key.valid_from.is_zero() {
                causes.push(cause(AlertKind::Auth, Duration::ZERO, key.valid_from.into()));
            }
            let ends = [key.expires, key.revoked].into_iter().flatten().min();
            causes.extend(ends.map(|at| cause(AlertKind::Auth, at, never)));
        }
        causes.extend(target.prices.changes().map(|(at, ..)| cause(AlertKind::PriceChange, at, never)));
        // The load changes where a rate is not the one it began with.
        let change = |stream: &load::Stream| {
            let first = stream.rate.first()?;
            let ramps = first.start_rate.total_cmp(&first.end_rate).is_ne();
            if ramps { Some(first.from) } else { stream.rate.get(1).map(|next| next.from) }
        };
        causes.extend(self.load.iter().filter_map(change).map(|at| cause(AlertKind::Drift, at, never)));
        causes
    }

    /// The API of each target.
    #[must_use]
    pub fn dialects(&self) -> BTreeMap<Name, Dialect> {
        let of = |target: &Target| Some((target.name.clone(), self.providers.get(target.provider)?.dialect));
        self.router.targets.iter().filter_map(of).collect()
    }

    /// The names that metrics may carry as labels.
    #[must_use]
    pub fn known(&self) -> Known {
        let of_evals = self.measures().then(|| Name::from(EVAL_TENANT));
        let tenants: BTreeSet<&Name> = self.load.iter().map(|stream| &stream.tenant).chain(&of_evals).collect();
        Known {
            targets: self.router.targets.iter().map(|t| t.name.clone()).collect(),
            tenants: tenants.into_iter().cloned().collect(),
            routes: self.router.chains.iter().map(|c| c.name.clone()).collect(),
            budgets: self
                .budgets()
                .into_iter()
                .map(|b| Budget { payer: b.payer, amount: b.amount, per: b.per })
                .collect(),
        }
    }

    /// The same drill with a lesser router.
    #[must_use]
    pub fn routed(&self, lesser: Lesser) -> Self {
        Self { router: lesser.router(self.router.clone()), ..self.clone() }
    }

    /// The same drill with another router over the same targets.
    #[must_use]
    pub fn routed_by(&self, preset: &Preset) -> Self {
        Self { router: preset.router(self.router.clone()), ..self.clone() }
    }

    /// The same drill without parts of its router.
    #[must_use]
    pub fn without(&self, parts: &[&Part]) -> Self {
        let router = parts.iter().fold(self.router.clone(), |router, part| ablate::without(router, part));
        Self { router, ..self.clone() }
    }

    /// The assertions that must fail, and no others, under a baseline or without these parts; `None` if the scenario does
    /// not say. It speaks of single parts and whole baselines only.
    #[must_use]
    pub fn must_break(&self, baseline: Option<&'static Preset>, without: &[&'static Part]) -> Option<&[Name]> {
        let played = match (baseline, without) {
            (None, [part]) => Lesser::Without(part),
            (Some(preset), []) => Lesser::Baseline(preset),
            _ => return None,
        };
        self.breaks.iter().find(|b| b.router == played).map(|b| &*b.slos)
    }

    /// When the load stops.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.phases.last().map_or(Duration::ZERO, |p| p.until)
    }
}

/// What must fail, and nothing else, under a lesser router.
#[derive(Debug, Clone, PartialEq)]
pub struct Breaks {
    /// The router.
    pub router: Lesser,
    /// The assertions, as they stand under `slos`.
    pub slos: Vec<Name>,
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
    /// The kinds of data that each of its models is approved for, in the order of the models.
    pub approvals: Vec<BTreeSet<Name>>,
    /// The vendor's HTTP API.
    pub dialect: Dialect,
    /// What it serves.
    pub models: Vec<Model>,
    /// How long the handshakes of a connection to it take.
    pub connect: Duration,
    /// Its keys, quotas and capacity.
    pub limits: Limits,
}

impl Provider {
    /// One of its models as a place where requests can go; `index` is its own in the plan, `place` that of the model.
    #[must_use]
    pub fn target(&self, index: usize, place: usize) -> Option<Target> {
        let model = self.models.get(place)?;
        Some(Target {
            name: format!("{}/{}", self.name, model.name).into(),
            provider: index,
            vendor: self.vendor.clone(),
            region: self.region.clone(),
            approved_for: self.approvals.get(place).cloned().unwrap_or_default(),
            model: model.name.clone(),
            identity: model.identity.clone(),
            prices: PriceList::new(model.price),
            prompt: None,
            prefill: model.prefill,
            context: model.context,
            capabilities: model.capabilities.clone(),
            breaker: breaker::Params::default(),
            budget: budget::Params::default(),
            quality: quality::Params::default(),
            checks: None,
        })
    }
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
