//! What a drill never uses is probably not meant, nor what is told of its chains before it runs.

use crate::scenario::advice::{Advice, advise, reached};
use crate::scenario::plan::Plan;
use crate::scenario::reader::Sink;
use crate::scenario::spec::Spec;
use std::collections::BTreeSet;

pub(super) fn warn(spec: &Spec, plan: &Plan, sink: &Sink<'_>) {
    let used: BTreeSet<usize> = plan.router.targets.iter().map(|t| t.provider).collect();
    for (index, provider) in spec.providers.iter().flatten().enumerate() {
        if !used.contains(&index) {
            let message = format!("no chain uses `{}`", provider.name.value);
            sink.warning(&provider.name.at, message, Some("name one of its models in a chain".to_owned()));
        }
    }
    let reached: BTreeSet<usize> =
        plan.load.iter().flat_map(|stream| reached(stream, &plan.router)).map(|(chain, _)| chain).collect();
    for (index, chain) in spec.router.iter().flat_map(|r| &r.chains).enumerate() {
        if !reached.contains(&index) {
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
}
