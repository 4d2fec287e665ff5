//! Targets, chains and routes.
//!
//! A target has one breaker, one retry budget and one quality window, shared by all chains that name it. What a chain
//! says explicitly wins over the default; two chains that say different things of one target are an error.

use super::providers::price;
use super::{evals, resolve, routes};
use crate::event::Name;
use crate::router::config::{Account, Chain, Config, Oversight, Pool, Target};
use crate::router::policy::breaker::Group;
use crate::router::policy::keyring::Key;
use crate::scenario::plan::Provider;
use crate::scenario::problem::Problem;
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::spec;
use crate::scenario::units::shown;
use crate::words;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(super) fn check(
    router: &spec::router::Router,
    providers: &[Provider],
    end: Option<Duration>,
    sink: &Sink<'_>,
) -> Config {
    let mut targets = Targets { providers, sink, list: Vec::new() };
    let mut chains = Vec::new();
    for chain in &router.chains {
        let indices = targets.of_chain(chain);
        chains.push(Chain {
            steps: chain.targets.steps.clone(),
            weights: chain.targets.weights.clone(),
            targets: indices,
            ..chain.config.clone()
        });
    }
    let names: Vec<&str> = router.chains.iter().map(|c| c.name.value.as_str()).collect();
    let routes = routes::check(&router.routes, &names, sink);
    let swaps = evals::swaps(router, &chains, sink, |name, chain| {
        let index = targets.find(name)?;
        targets.apply(index, &router.chains[chain]);
        Some(index)
    });
    let oversight = Oversight { grader: router.grader, evals: evals::evals(&router.evals, &names, sink), swaps };
    let fleet = router.fleet;
    targets.settle_groups();
    let pools = router.keys.iter().filter_map(|(provider, keys)| pool(provider, keys, providers, sink)).collect();
    let mut targets: Vec<Target> = targets.list.into_iter().map(|t| t.target).collect();
    update_prices(&mut targets, &router.price_updates, end, sink);
    for (name, prompt) in &router.prompts {
        if let Some(index) = target_named(name, &targets, sink) {
            targets[index].prompt = Some(prompt.as_str().into());
        }
    }
    let (tenants, tiers) = (accounts(&router.tenants, &targets, sink), accounts(&router.tiers, &targets, sink));
    let mut config = Config { targets, chains, routes, pools, fleet, oversight, tenants, tiers };
    require(router, &mut config, sink);
    config
}

/// The index of a target that some chain has.
fn target_named(name: &At<String>, targets: &[Target], sink: &Sink<'_>) -> Option<usize> {
    let found = targets.iter().position(|target| *target.name == *name.value);
    if found.is_none() {
        let help = words::help(&name.value, targets.iter().map(|target| &*target.name));
        sink.error(&name.at, format!("no chain has the target {}", shown(&name.value)), help);
    }
    found
}

/// What tenants or tiers may use and spend.
fn accounts(typed: &[spec::tenants::Account], targets: &[Target], sink: &Sink<'_>) -> BTreeMap<Name, Account> {
    let index = |name: &At<String>| target_named(name, targets, sink);
    let account = |account: &spec::tenants::Account| {
        let allowed = |names: &Vec<At<String>>| names.iter().filter_map(index).collect::<BTreeSet<usize>>();
        (
            account.name.value.as_str().into(),
            Account { budget: account.budget, targets: account.targets.as_ref().map(allowed) },
        )
    };
    typed.iter().map(account).collect()
}

/// When the price lists of targets say something else.
fn update_prices(targets: &mut [Target], typed: &[spec::prices::PriceUpdate], end: Option<Duration>, sink: &Sink<'_>) {
    let mut updates: Vec<_> = typed.iter().collect();
    updates.sort_by_key(|update| update.at.value);
    for update in updates {
        let at = update.at.value;
        if let Some(end) = end.filter(|end| at >= *end) {
            let message = format!("this comes after the drill, which ends at {end:?}");
            sink.error(&update.at.at, message, Some("let it come earlier".to_owned()));
        }
        let Some(index) = target_named(&update.target, targets, sink) else { continue };
        let prices = &mut targets[index].prices;
        prices.update(at, price(&update.price, *prices.at(at), sink));
    }
}

/// What chains and routes ask of targets. A chain some of whose targets do not exist is left alone.
fn require(router: &spec::router::Router, config: &mut Config, sink: &Sink<'_>) {
    for (typed, chain) in router.chains.iter().zip(&mut config.chains) {
        let leads_here =
            |route: &&spec::routes::Route| route.chain.as_ref().is_some_and(|chain| chain.value == *typed.name.value);
        let of_routes = router.routes.iter().filter(leads_here).filter_map(|route| route.require.as_ref());
        let named = typed.targets.names.iter().map(|name| &name.at);
        let mut members: Vec<(&Span, &Target)> =
            named.zip(&chain.targets).map(|(at, target)| (at, &config.targets[*target])).collect();
        let comes_here = |swap: &&spec::evals::Swap| swap.chain.as_ref().is_some_and(|c| c.value == *typed.name.value);
        let candidates = router.swaps.iter().filter(comes_here).filter_map(|swap| swap.to.as_ref());
        members
            .extend(candidates.filter_map(|name| {
                Some((&name.at, config.targets.iter().find(|target| *target.name == *name.value)?))
            }));
        for required in typed.require.iter().chain(of_routes) {
            if typed.targets.names.len() == chain.targets.len() {
                routes::require(required, &members, sink);
            }
            if let Some(floor) = &required.min_quality {
                chain.min_quality = Some(chain.min_quality.map_or(floor.value, |other| other.max(floor.value)));
            }
        }
    }
}

/// The keys of a pool, which are among those that the provider knows.
fn pool(provider: &At<String>, keys: &[At<String>], providers: &[Provider], sink: &Sink<'_>) -> Option<Pool> {
    let names: Vec<&str> = providers.iter().map(|p| &*p.name).collect();
    let index = resolve(provider, "provider", names, sink)?;
    let known = &providers.get(index)?.limits.keys;
    if known.is_empty() {
        let message = format!("`{}` has no keys to choose from", provider.value);
        let help = "add `keys: { key-a: {}, key-b: {} }` to the provider".to_owned();
        sink.error(&provider.at, message, Some(help));
        return None;
    }
    let mut pool: Vec<Key> = Vec::new();
    for key in keys {
        let names: Vec<&str> = known.iter().map(|k| &*k.name).collect();
        let what = format!("key of `{}`", provider.value);
        let Some(found) = resolve(key, &what, names, sink).and_then(|i| known.iter().nth(i)) else { continue };
        if pool.iter().any(|k| k.name == found.name) {
            let help = "keep one of the two".to_owned();
            sink.error(&key.at, format!("the key {} is in the pool twice", shown(&key.value)), Some(help));
            continue;
        }
        pool.push(Key { name: Arc::clone(&found.name), secret: Arc::clone(&found.secret) });
    }
    (!pool.is_empty()).then_some(Pool { provider: index, keys: pool, rotates: true })
}

/// A target, and where its parts were said explicitly.
struct Known {
    target: Target,
    breaker_at: Option<Span>,
    budget_at: Option<Span>,
    quality_at: Option<Span>,
    checks_at: Option<Span>,
}

struct Targets<'a> {
    providers: &'a [Provider],
    sink: &'a Sink<'a>,
    list: Vec<Known>,
}

impl Targets<'_> {
    fn of_chain(&mut self, chain: &spec::router::Chain) -> Vec<usize> {
        let mut indices: Vec<usize> = Vec::new();
        let mut places: Vec<&Span> = Vec::new();
        for name in &chain.targets.names {
            let Some(index) = self.find(name) else { continue };
            if let Some(first) = indices.iter().position(|i| *i == index) {
                let message = format!("the chain has {} twice", shown(&name.value));
                let problem = Problem::error(self.sink.source, &name.at, message).help("keep one of the two");
                let problem = match places.get(first) {
                    Some(first) => problem.related(self.sink.source, first, "the first"),
                    None => problem,
                };
                self.sink.push(problem);
                continue;
            }
            indices.push(index);
            places.push(&name.at);
            self.apply(index, chain);
        }
        indices
    }

    /// The index of a target, added if it is new.
    fn find(&mut self, name: &At<String>) -> Option<usize> {
        if let Some(index) = self.list.iter().position(|known| *known.target.name == *name.value) {
            return Some(index);
        }
        let Some((provider, model)) = name.value.split_once('/') else {
            let serving = self.providers.iter().find(|p| p.models.iter().any(|m| *m.name == *name.value));
            let help = match serving {
                Some(provider) => format!("did you mean `{}/{}`?", provider.name, name.value),
                None => "write `provider/model`".to_owned(),
            };
            self.sink.error(&name.at, format!("{} is not a target", shown(&name.value)), Some(help));
            return None;
        };
        let (provider_at, model_at) = match crate::scenario::yaml::verbatim(self.sink.source, &name.at, &name.value) {
            Some(at) => (at..at + provider.len(), at + provider.len() + 1..at + name.value.len()),
            None => (name.at.clone(), name.at.clone()),
        };
        let provider = At::new(provider.to_owned(), provider_at);
        let model = At::new(model.to_owned(), model_at);
        let names: Vec<&str> = self.providers.iter().map(|p| &*p.name).collect();
        let index = resolve(&provider, "provider", names, self.sink)?;
        let provider = self.providers.get(index)?;
        let Some(place) = provider.models.iter().position(|m| *m.name == *model.value) else {
            // A provider without models has been reported.
            if !provider.models.is_empty() {
                let names = provider.models.iter().map(|m| &*m.name);
                let message = format!("`{}` does not serve {}", provider.name, shown(&model.value));
                self.sink.error(&model.at, message, words::help(&model.value, names));
            }
            return None;
        };
        let target = provider.target(index, place)?;
        self.list.push(Known { target, breaker_at: None, budget_at: None, quality_at: None, checks_at: None });
        Some(self.list.len() - 1)
    }

    /// A breaker that several targets share is one, so they cannot say different things of it.
    fn settle_groups(&self) {
        for (index, known) in self.list.iter().enumerate() {
            let Some(at) = &known.breaker_at else { continue };
            let (group, target) = (known.target.breaker.group, &known.target);
            if group == Group::Region && target.region.is_none() {
                let message = format!("nobody says in which region `{}` is", target.name);
                let help = "add `region: us-east` to its provider, or choose `provider` or `vendor`".to_owned();
                self.sink.error(at, message, Some(help));
            }
            let shares = |other: &&Known| {
                let other = &other.target;
                other.breaker.group == group
                    && match group {
                        Group::Target => false,
                        Group::Provider => other.provider == target.provider,
                        Group::Vendor => other.vendor == target.vendor,
                        Group::Region => target.region.is_some() && other.region == target.region,
                    }
            };
            let different = |other: &&Known| shares(other) && other.target.breaker != target.breaker;
            if let Some((other, first)) =
                self.list[..index].iter().find(different).and_then(|o| Some((o, o.breaker_at.as_ref()?)))
            {
                let message = format!("`{}` and `{}` share a breaker", other.target.name, target.name);
                let problem = Problem::error(self.sink.source, at, message);
                let problem = problem.related(self.sink.source, first, "which is another one here");
                self.sink.push(problem.help("say the same in both"));
            }
        }
    }

    fn apply(&mut self, index: usize, chain: &spec::router::Chain) {
        let sink = self.sink;
        let Some(known) = self.list.get_mut(index) else { return };
        let Known { target, breaker_at, budget_at, quality_at, checks_at } = known;
        let name = target.name.clone();
        settle(&mut target.breaker, breaker_at, chain.breaker.as_ref(), ("breaker", &name), sink);
        settle(&mut target.budget, budget_at, chain.budget.as_ref(), ("budget", &name), sink);
        settle(&mut target.quality, quality_at, chain.quality.as_ref(), ("quality window", &name), sink);
        settle(&mut target.checks, checks_at, chain.checks.as_ref(), ("kind of health check", &name), sink);
    }
}

/// Takes over an explicit block; a different one that came before is an error.
fn settle<T: Copy + PartialEq>(
    slot: &mut T,
    slot_at: &mut Option<Span>,
    given: Option<&At<T>>,
    (what, target): (&str, &str),
    sink: &Sink<'_>,
) {
    let Some(given) = given else { return };
    match slot_at {
        Some(first) if *slot != given.value => {
            let message = format!("`{target}` has one {what}, and another chain says something else of it");
            let problem = Problem::error(sink.source, &given.at, message);
            sink.push(problem.related(sink.source, first, "said here").help("say the same in both, or in one only"));
        }
        Some(_) => {}
        None => {
            *slot = given.value;
            *slot_at = Some(given.at.clone());
        }
    }
}
