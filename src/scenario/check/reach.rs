//! What a drill never uses is probably not meant.

use crate::load::Stream;
use crate::router::config::Config;
use crate::router::policy::fit::{Needs, unfit};
use crate::scenario::plan::Plan;
use crate::scenario::reader::Sink;
use crate::scenario::spec::Spec;
use crate::words;
use std::collections::BTreeSet;

pub(super) fn warn(spec: &Spec, plan: &Plan, sink: &Sink<'_>) {
    let used: BTreeSet<usize> = plan.router.targets.iter().map(|t| t.provider).collect();
    for (index, provider) in spec.providers.iter().flatten().enumerate() {
        if !used.contains(&index) {
            let message = format!("no chain uses `{}`", provider.name.value);
            sink.warning(&provider.name.at, message, Some("name one of its models in a chain".to_owned()));
        }
    }
    let reached: BTreeSet<usize> = plan.load.iter().flat_map(|stream| reached(stream, &plan.router)).collect();
    for (index, chain) in spec.router.iter().flat_map(|r| &r.chains).enumerate() {
        if !reached.contains(&index) {
            let message = format!("no request reaches the chain `{}`", chain.name.value);
            let help = "no load stream matches a route to it, and none has its name as task";
            sink.warning(&chain.name.at, message, Some(help.to_owned()));
        }
    }
    warn_of_nowhere(spec, plan, sink);
}

/// Streams that a chain cannot serve because of what is in them or where they may be processed.
fn warn_of_nowhere(spec: &Spec, plan: &Plan, sink: &Sink<'_>) {
    for (typed, stream) in spec.load.iter().zip(&plan.load) {
        let (regions, class) = (&*stream.traits.residency, stream.traits.data_class.as_ref());
        let Some(at) = typed.residency.first().or(typed.data_class.as_ref()).map(|first| &first.at) else { continue };
        for chain in reached(stream, &plan.router).into_iter().collect::<BTreeSet<_>>() {
            let chain = &plan.router.chains[chain];
            let nobody = |residency, data_class| {
                let needs = Needs { residency, data_class, ..Needs::default() };
                chain.targets.iter().all(|target| unfit(&needs, &plan.router.targets[*target].offer(true)).is_some())
            };
            let region = words::list(regions.iter().map(|region| &**region));
            let class_name = class.map_or("", |class| class);
            let name = &chain.name;
            let (at, message) = if nobody(regions, None) {
                (at, format!("no target of the chain `{name}` is in {region}"))
            } else if nobody(&[], class) {
                let at = typed.data_class.as_ref().map_or(at, |class| &class.at);
                (at, format!("no target of the chain `{name}` is approved for `{class_name}`"))
            } else if nobody(regions, class) {
                (at, format!("no target of the chain `{name}` is in {region} and approved for `{class_name}`"))
            } else {
                continue;
            };
            let help = "every request of this stream will fail; providers say `region: …` and `approved_for: […]`";
            sink.warning(at, message, Some(help.to_owned()));
        }
    }
}

/// The chains that requests of a stream take.
fn reached(stream: &Stream, router: &Config) -> Vec<usize> {
    let mut kinds = Vec::new();
    if stream.streamed > 0.0 {
        kinds.push(true);
    }
    if stream.streamed < 1.0 {
        kinds.push(false);
    }
    kinds.into_iter().filter_map(|streamed| chain_of(stream, streamed, router)).collect()
}

fn chain_of(stream: &Stream, streamed: bool, router: &Config) -> Option<usize> {
    let task = stream.task.as_str();
    let route = router.routes.iter().find(|route| {
        route.task.as_deref().is_none_or(|t| t == task)
            && route.tenant.as_deref().is_none_or(|t| t == &*stream.tenant)
            && route.tier.as_deref().is_none_or(|t| t == &*stream.tier)
            && route.stream.is_none_or(|s| s == streamed)
    });
    let named = || router.chains.iter().position(|chain| &*chain.name == task);
    route.map(|route| route.chain).or_else(named).or_else(|| (!router.chains.is_empty()).then_some(0))
}
