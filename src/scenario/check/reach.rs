//! What a drill never uses is probably not meant, nor what is told of its chains before it runs.

use super::routes;
use crate::load::Stream;
use crate::router::Stakes;
use crate::router::config::{Config, Way};
use crate::router::policy::fit::{Needs, unfit};
use crate::router::policy::route::Traveller;
use crate::scenario::advice::{Advice, advise};
use crate::scenario::plan::Plan;
use crate::scenario::reader::Sink;
use crate::scenario::spec::Spec;
use crate::words;
use mock_providers::Distribution;
use std::collections::BTreeSet;

pub(super) fn warn(spec: &Spec, plan: &Plan, sink: &Sink<'_>) {
    let used: BTreeSet<usize> = plan.router.targets.iter().map(|t| t.provider).collect();
    for (index, provider) in spec.providers.iter().flatten().enumerate() {
        if !used.contains(&index) {
            let message = format!("no chain uses `{}`", provider.name.value);
            sink.warning(&provider.name.at, message, Some("name one of its models in a chain".to_owned()));
        }
    }
    let of_idle_routes = routes::warn(spec, plan, sink);
    let ways = plan.load.iter().flat_map(|stream| reached(stream, &plan.router));
    let reached: BTreeSet<usize> = ways.map(|way| way.chain).collect();
    for (index, chain) in spec.router.iter().flat_map(|r| &r.chains).enumerate() {
        if !reached.contains(&index) && !of_idle_routes.contains(&index) {
            let message = format!("no request reaches the chain `{}`", chain.name.value);
            let help = "no load stream matches a route to it, and none has its name as task";
            sink.warning(&chain.name.at, message, Some(help.to_owned()));
        }
    }
    for Advice { chain, message, help } in advise(plan) {
        if let Some(chain) = spec.router.as_ref().and_then(|router| router.chains.get(chain)) {
            sink.warning(&chain.name.at, message, Some(help));
        }
    }
    warn_of_nowhere(spec, plan, sink);
}

/// Streams that a chain cannot serve because of what is in them or where they may be processed.
fn warn_of_nowhere(spec: &Spec, plan: &Plan, sink: &Sink<'_>) {
    for (typed, stream) in spec.load.iter().zip(&plan.load) {
        let (regions, class) = (&*stream.traits.residency, stream.traits.data_class.as_ref());
        let Some(at) = typed.residency.first().or(typed.data_class.as_ref()).map(|first| &first.at) else { continue };
        for chain in reached(stream, &plan.router).iter().map(|way| way.chain).collect::<BTreeSet<_>>() {
            let chain = &plan.router.chains[chain];
            let nobody = |residency, data_class| {
                let needs = Needs { residency, data_class, ..Needs::default() };
                chain.targets.iter().all(|target| unfit(&needs, &plan.router.targets[*target].offer()).is_some())
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

/// The prompts of all tasks are shorter, in tokens, if nothing makes them longer.
const NATURAL: u32 = 1000;

/// The ways that requests of a stream take.
pub(super) fn reached(stream: &Stream, router: &Config) -> BTreeSet<Way> {
    let plain = (stream.streamed < 1.0).then_some(false);
    let streamed = (stream.streamed > 0.0).then_some(true);
    plain.into_iter().chain(streamed).flat_map(|streamed| ways(stream, streamed, router)).collect()
}

/// The ways that its streamed, or its plain, requests take.
pub(in crate::scenario) fn ways(stream: &Stream, streamed: bool, router: &Config) -> BTreeSet<Way> {
    let way = |prompt_tokens| {
        router.way_of(&Traveller {
            task: stream.task.as_str(),
            tenant: &stream.tenant,
            tier: &stream.tier,
            stream: streamed,
            tags: &stream.traits.tags,
            data_class: stream.traits.data_class.as_ref(),
            residency: &stream.traits.residency,
            high_stakes: stream.traits.stakes == Stakes::High,
            batch: stream.traits.batch,
            prompt_tokens,
        })
    };
    sizes(stream, router).into_iter().map(way).collect()
}

/// Sizes of prompts between which no route makes a difference, as far as this stream may have them.
fn sizes(stream: &Stream, router: &Config) -> Vec<u32> {
    let (low, high) = match stream.prompt_tokens {
        None => (0, NATURAL),
        Some(Distribution::Fixed { ms }) => (ms as u32, NATURAL.max(ms as u32)),
        Some(Distribution::Uniform { low, high }) => (low as u32, NATURAL.max(high as u32)),
        Some(_) => (0, u32::MAX),
    };
    let limits = router.routes.iter().flat_map(|route| [route.when.larger_than, route.when.up_to]).flatten();
    let mut sizes: Vec<u32> = limits.flat_map(|limit| [limit, limit.saturating_add(1)]).collect();
    sizes.retain(|size| (low..=high).contains(size));
    sizes.extend([low, high]);
    sizes
}

/// Each of some words once.
pub(super) fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    words.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::RequestId;
    use crate::tasks::Task;
    use mock_providers::Luck;

    #[test]
    fn no_prompt_is_longer_by_itself_than_is_taken_for_natural() {
        let picture = 85;
        for task in Task::ALL {
            let tools = task.tools();
            let tools = tools.iter().map(|t| t.name.len() + t.description.len() + t.parameters.to_string().len());
            let around = task.system().len() + tools.sum::<usize>();
            for number in 0..50 {
                let prompt = task.prompt(Luck::new(1), RequestId { stream: 0, number });
                assert!((around + prompt.len()) / 4 + picture < NATURAL as usize, "{task:?}");
            }
        }
    }
}
