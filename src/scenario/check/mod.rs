//! From what was typed to a plan: names are resolved, blocks fitted together, and all problems told at once.
//!
//! Rules: whatever can be checked is checked even if something before it was wrong; what depends on a block that could
//! not be read is left unchecked, so that one slip is one message. A plan comes out only if no error was found.

mod breaks;
mod evals;
mod faults;
mod limits;
mod load;
mod partition;
mod phases;
mod providers;
mod reach;
pub(super) use reach::ways;
mod router;
mod routes;
mod slos;

use super::plan::Plan;
use super::reader::Sink;
use super::source::At;
use super::spec::Spec;
use super::units::shown;
use crate::words;

/// Fits a scenario together.
pub(crate) fn check(spec: &Spec, sink: &Sink<'_>) -> Option<Plan> {
    let phases = spec.phases.as_deref().map(|phases| phases::check(phases, sink));
    let providers = spec.providers.as_deref().map(|providers| providers::check(providers, phases.as_deref(), sink));
    let router = match (&spec.router, &providers) {
        (Some(router), Some(providers)) => {
            let end = phases.as_ref().and_then(|phases| phases.last()).map(|last| last.until);
            Some(router::check(router, providers, end, sink))
        }
        _ => None,
    };
    let load = load::check(spec, phases.as_deref(), sink);
    let faults = match (&providers, &phases) {
        (Some(providers), Some(phases)) => faults::check(&spec.faults, providers, phases, sink),
        _ => Vec::new(),
    };
    let slos = match (&providers, &phases) {
        (Some(providers), Some(phases)) => slos::check(spec, providers, phases, sink),
        _ => Vec::new(),
    };
    evals::reserve(spec, sink);
    if let Some(router) = &router {
        evals::keep_vectors(spec, router, &load, sink);
    }
    let breaks = breaks::check(&spec.breaks, &spec.slos, sink);
    if sink.failed() {
        return None;
    }
    let plan = Plan {
        name: spec.name.as_ref()?.value.as_str().into(),
        summary: spec.summary.trim().into(),
        seed: spec.seed,
        source: sink.source.shared(),
        providers: providers?,
        router: router?,
        load,
        phases: phases?,
        faults,
        slos,
        breaks,
        alerts: spec.alerts.clone(),
    };
    reach::warn(spec, &plan, sink);
    evals::warn(spec, &plan, sink);
    Some(plan)
}

/// The place of a name among the names there are; reports one that is not.
fn resolve<'a>(
    name: &At<String>,
    what: &str,
    names: impl IntoIterator<Item = &'a str> + Clone,
    sink: &Sink<'_>,
) -> Option<usize> {
    let found = names.clone().into_iter().position(|n| n == name.value);
    if found.is_none() {
        sink.error(&name.at, format!("there is no {what} {}", shown(&name.value)), words::help(&name.value, names));
    }
    found
}
