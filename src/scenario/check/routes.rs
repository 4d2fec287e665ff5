//! Routes: where they lead, what they ask of the targets there, and whether anybody takes them.

use super::reach::{self, reached};
use super::resolve;
use crate::event::Name;
use crate::router::Stakes;
use crate::router::config::{Config, Route, Target};
use crate::router::policy::route::When;
use crate::scenario::plan::Plan;
use crate::scenario::problem::Problem;
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::spec::require::Require;
use crate::scenario::spec::{self, Spec};
use crate::words;
use std::collections::BTreeSet;

/// The routes; `chains` are the chains in the order of the file.
pub(super) fn check(routes: &[spec::routes::Route], chains: &[&str], sink: &Sink<'_>) -> Vec<Route> {
    let one = |route: &spec::routes::Route| {
        let chain = resolve(route.chain.as_ref()?, "chain", chains.iter().copied(), sink)?;
        Some(Route { when: when(&route.when), chain })
    };
    routes.iter().filter_map(one).collect()
}

fn when(when: &spec::routes::When) -> When {
    let name = |text: &Option<At<String>>| text.as_ref().map(|text| Name::from(text.value.as_str()));
    let names = |list: &[At<String>]| list.iter().map(|text| text.value.as_str().into()).collect();
    When {
        task: when.task.as_ref().map(|task| task.value.as_str().into()),
        tenant: name(&when.tenant),
        tier: name(&when.tier),
        stream: when.stream.as_ref().map(|stream| stream.value),
        tags: names(&when.tags),
        data_class: name(&when.data_class),
        residency: names(&when.residency),
        high_stakes: when.stakes.as_ref().map(|stakes| stakes.value == Stakes::High),
        batch: when.batch.as_ref().map(|batch| batch.value),
        larger_than: when.larger_than.as_ref().map(|size| size.value),
        up_to: when.up_to.as_ref().map(|size| size.value),
    }
}

/// What a chain asks of its targets, or a route of those it leads to. `members` are the targets of the chain, each with
/// the place where it was named.
pub(super) fn require(require: &Require, members: &[(&Span, &Target)], sink: &Sink<'_>) {
    let lacks = |at: &Span, message: String, required: &Span| {
        let problem = Problem::error(sink.source, at, message).help("leave it out of this chain, or require less");
        sink.push(problem.related(sink.source, required, "required here"));
    };
    for (at, target) in members {
        for capability in require.capabilities.iter().filter(|c| !target.capabilities.contains(&c.value)) {
            let message = format!("`{}` does not have the capability `{}`", target.name, capability.value.name());
            lacks(at, message, &capability.at);
        }
        if let Some(context) = require.min_context.as_ref().filter(|context| target.context < context.value) {
            let message = format!("the context window of `{}` has {} tokens", target.name, target.context);
            lacks(at, message, &context.at);
        }
    }
}

/// Routes that no request takes, and words in their conditions that no load stream uses. Returns the chains that such
/// routes lead to.
pub(super) fn warn(spec: &Spec, plan: &Plan, sink: &Sink<'_>) -> BTreeSet<usize> {
    let taken: BTreeSet<usize> =
        plan.load.iter().flat_map(|s| reached(s, &plan.router)).filter_map(|r| r.route).collect();
    let mut idle = BTreeSet::new();
    let typed = spec.router.iter().flat_map(|router| &router.routes);
    for (index, (typed, route)) in typed.zip(&plan.router.routes).enumerate() {
        if taken.contains(&index) {
            continue;
        }
        idle.insert(route.chain);
        if !warn_of_words(&typed.when, spec, sink) {
            let message = "no request takes this route";
            let help = match hidden_by(index, &plan.router) {
                Some(earlier) => format!("route {} comes first and takes all that this one would", earlier + 1),
                None => "no load stream sends what its condition asks for".to_owned(),
            };
            sink.warning(&typed.at, message, Some(help));
        }
    }
    idle
}

/// An earlier route with the same condition, or with none.
fn hidden_by(index: usize, router: &Config) -> Option<usize> {
    let this = &router.routes.get(index)?.when;
    router.routes.iter().take(index).position(|earlier| earlier.when == When::ALWAYS || earlier.when == *this)
}

/// Whether there was a word to complain about.
fn warn_of_words(when: &spec::routes::When, spec: &Spec, sink: &Sink<'_>) -> bool {
    let mut found = false;
    let mut unknown = |what: &str, word: &At<String>, known: Vec<&str>| {
        if !known.contains(&word.value.as_str()) {
            found = true;
            sink.warning(
                &word.at,
                format!("no load stream has the {what} `{}`", word.value),
                words::help(&word.value, known),
            );
        }
    };
    let streams = || spec.load.iter();
    for tag in &when.tags {
        unknown("tag", tag, reach::distinct(streams().flat_map(|s| &s.tags).map(|tag| tag.value.as_str())));
    }
    if let Some(class) = &when.data_class {
        unknown(
            "data class",
            class,
            reach::distinct(streams().filter_map(|s| Some(s.data_class.as_ref()?.value.as_str()))),
        );
    }
    if let Some(tenant) = &when.tenant {
        unknown("tenant", tenant, reach::distinct(streams().map(|s| s.tenant.as_str())));
    }
    if let Some(tier) = &when.tier {
        unknown("tier", tier, reach::distinct(streams().map(|s| s.tier.as_str())));
    }
    found
}
