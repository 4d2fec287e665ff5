//! Evals and swaps: that there is such a chain, who is in it by then, and who may come in.

use super::resolve;
use crate::event::EVAL_TENANT;
use crate::load::Stream;
use crate::router::config::{Chain, Config, Eval, Swap};
use crate::scenario::advice::reached;
use crate::scenario::plan::Plan;
use crate::scenario::reader::Sink;
use crate::scenario::source::At;
use crate::scenario::spec::{self, Spec};
use crate::scenario::units::shown;
use crate::words;
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) fn evals(typed: &[spec::evals::Eval], chains: &[&str], sink: &Sink<'_>) -> Vec<Eval> {
    let one = |eval: &spec::evals::Eval| {
        let chain = resolve(eval.chain.as_ref()?, "chain", chains.iter().copied(), sink)?;
        Some(Eval { chain, pace: eval.pace })
    };
    typed.iter().filter_map(one).collect()
}

/// The swaps in the order in which they begin. `find` knows targets, and takes up those that are new.
pub(super) fn swaps(
    router: &spec::router::Router,
    chains: &[Chain],
    sink: &Sink<'_>,
    mut find: impl FnMut(&At<String>, usize) -> Option<usize>,
) -> Vec<Swap> {
    let names: Vec<&str> = router.chains.iter().map(|c| c.name.value.as_str()).collect();
    let mut typed: Vec<&spec::evals::Swap> = router.swaps.iter().collect();
    typed.sort_by_key(|swap| swap.pace.at);
    // Who is in each chain if every swap so far has shipped, and who has ever been.
    let mut now: Vec<Vec<usize>> = chains.iter().map(|chain| chain.targets.clone()).collect();
    let mut ever = now.clone();
    let mut found = Vec::new();
    for swap in typed {
        let (Some(chain), Some(from), Some(to)) = (&swap.chain, &swap.from, &swap.to) else { continue };
        let Some(chain) = resolve(chain, "chain", names.iter().copied(), sink) else { continue };
        let (Some(incumbent), Some(candidate)) = (find(from, chain), find(to, chain)) else { continue };
        let (Some(now), Some(ever)) = (now.get_mut(chain), ever.get_mut(chain)) else { continue };
        if !ever.contains(&incumbent) {
            let message = format!("{} is not in the chain `{}`", shown(&from.value), names[chain]);
            let members = router.chains[chain].targets.names.iter().map(|name| name.value.as_str());
            sink.error(&from.at, message, words::help(&from.value, members));
            continue;
        }
        if incumbent == candidate || now.contains(&candidate) && now.contains(&incumbent) {
            let message = format!("{} is in the chain `{}` already", shown(&to.value), names[chain]);
            sink.error(&to.at, message, Some("name a target that is not".to_owned()));
            continue;
        }
        if let Some(place) = now.iter().position(|target| *target == incumbent) {
            now[place] = candidate;
        }
        ever.push(candidate);
        found.push(Swap { chain, from: incumbent, to: candidate, pace: swap.pace, bar: Some(swap.bar) });
    }
    found
}

/// What cannot come of them.
pub(super) fn warn(spec: &Spec, plan: &Plan, sink: &Sink<'_>) {
    let typed = spec.router.as_ref();
    let evals = typed.iter().flat_map(|router| &router.evals).map(|eval| (eval.chain.as_ref(), eval.pace, &eval.at));
    let swaps = typed.iter().flat_map(|router| &router.swaps).map(|swap| (swap.chain.as_ref(), swap.pace, &swap.at));
    for (chain, pace, at) in evals.chain(swaps) {
        if pace.end() > plan.end() {
            let (sent, end) = (seconds(pace.end()), seconds(plan.end()));
            let message = format!("the last of its items is sent at {sent}, and the load stops at {end}");
            sink.warning(at, message, Some("begin earlier, or give it fewer `items` or a higher `rate`".to_owned()));
        }
        let chain = chain.and_then(|name| plan.router.chains.iter().position(|c| *c.name == *name.value));
        for provider in chain.into_iter().flat_map(|chain| locked(plan, chain)) {
            let message =
                format!("`{provider}` has no key for the tenant `{EVAL_TENANT}`, so nobody there can be measured");
            sink.warning(at, message, Some(format!("add `{EVAL_TENANT}: {{}}` to its `keys`")));
        }
        if chain.is_some_and(|chain| plan.eval_set(chain).is_empty()) {
            let help = "the items of an eval are those of the tasks that reach the chain; vectors are not measured";
            sink.warning(at, "there is nothing to measure with", Some(help.to_owned()));
        }
    }
}

/// The providers of a chain that the tenant of evals has no key to.
fn locked(plan: &Plan, chain: usize) -> BTreeSet<&str> {
    let joins = |target: usize| plan.router.oversight.swaps.iter().any(|s| s.chain == chain && s.to == target);
    let targets = plan.router.targets.iter().enumerate();
    let here = targets.filter(|(index, _)| plan.router.chains[chain].targets.contains(index) || joins(*index));
    let providers = here.map(|(_, target)| target.provider).filter(|provider| {
        let keys = &plan.providers[*provider].limits.keys;
        let pooled = plan.router.pools.iter().any(|pool| pool.provider == *provider);
        !keys.is_empty() && !pooled && keys.iter().all(|key| *key.name != *EVAL_TENANT)
    });
    providers.map(|provider| &*plan.providers[provider].name).collect()
}

/// The tenant whose requests the items are is nobody else's.
pub(super) fn reserve(spec: &Spec, sink: &Sink<'_>) {
    let measures = spec.router.as_ref().is_some_and(|router| !router.evals.is_empty() || !router.swaps.is_empty());
    for stream in spec.load.iter().filter(|stream| measures && stream.tenant == EVAL_TENANT) {
        let message = format!("the tenant `{EVAL_TENANT}` is that of the items of evals");
        sink.error(&stream.at, message, Some("give this stream another tenant".to_owned()));
    }
}

/// Where vectors come from a chain, nobody takes the place of another model: what was stored would compare with nothing.
pub(super) fn keep_vectors(spec: &Spec, router: &Config, load: &[Stream], sink: &Sink<'_>) {
    let of_vectors = load.iter().filter(|stream| stream.task.dimensions().is_some());
    let chains: BTreeSet<usize> = of_vectors.flat_map(|stream| reached(stream, router)).map(|(c, _)| c).collect();
    for swap in spec.router.iter().flat_map(|typed| &typed.swaps) {
        let (Some(chain), Some(from), Some(to)) = (&swap.chain, &swap.from, &swap.to) else { continue };
        let identity = |name: &At<String>| {
            router.targets.iter().find(|target| *target.name == *name.value).map(|target| &target.identity)
        };
        let place = router.chains.iter().position(|c| *c.name == *chain.value);
        if place.is_some_and(|place| chains.contains(&place)) && identity(from) != identity(to) {
            let message =
                format!("the chain `{}` makes vectors, and those of another model compare with none", chain.value);
            sink.error(&to.at, message, Some("route the task `embedding` to a chain of its own".to_owned()));
        }
    }
}

fn seconds(at: Duration) -> String {
    format!("{}s", at.as_secs_f64())
}
