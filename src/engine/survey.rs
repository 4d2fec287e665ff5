//! A survey: every model of a plan is measured on each task of the chains that have evals, in a virtual world of its own in
//! which nothing goes wrong and nothing is scarce.

use super::{Failure, Options, World, run};
use crate::event::{EventKind, Marks, Name};
use crate::load::Stream;
use crate::router::config::{Eval, Swap, Target};
use crate::router::policy::evals::Pace;
use crate::scenario::advice::tasks_of;
use crate::scenario::plan::Plan;
use crate::scenario::rank::Survey;
use mock_providers::limits::Limits;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// How many items a second are sent to everybody: nobody is in their way.
const RATE: f64 = 100.0;

/// Measures everybody for every chain that has an eval, on so many items for each of its tasks as the eval has.
///
/// # Errors
/// The virtual world could not be built, or got stuck.
pub fn survey(plan: &Plan) -> Result<Vec<Survey>, Failure> {
    let mut surveys = Vec::new();
    for &Eval { chain, pace } in &plan.router.oversight.evals {
        for task in tasks_of(plan, chain).into_iter().filter(|task| task.dimensions().is_none()) {
            if surveys.iter().any(|known: &Survey| known.chain == chain && known.task == task.as_str()) {
                continue;
            }
            let quiet = |stream: &Stream| Stream { rate: Vec::new(), ..stream.clone() };
            let load: Vec<Stream> = plan.load.iter().filter(|stream| stream.task == task).map(quiet).collect();
            let found = measure(&Plan { load, ..plan.clone() }, chain, pace.items)?;
            surveys.push(Survey { chain, task: task.as_str(), found });
        }
    }
    Ok(surveys)
}

fn measure(plan: &Plan, chain: usize, items: u32) -> Result<Vec<(Target, Marks)>, Failure> {
    let targets = everybody(plan);
    let mut alone = plan.clone();
    (alone.faults, alone.slos, alone.alerts) = (Vec::new(), Vec::new(), Vec::new());
    alone.phases.truncate(1);
    for provider in &mut alone.providers {
        provider.limits = Limits::default();
    }
    let router = &mut alone.router;
    router.pools.clear();
    router.tenants.clear();
    router.tiers.clear();
    // The other chains keep the indices of the targets that they name, which come first.
    router.targets.clone_from(&targets);
    router.chains[chain].targets = (0..targets.len()).collect();
    let pace = Pace { at: Duration::ZERO, items, rate: RATE };
    (router.oversight.evals, router.oversight.swaps) = (vec![Eval { chain, pace }], Vec::<Swap>::new());
    for target in &mut router.targets {
        target.breaker.trips = false;
        target.checks = None;
    }
    let (_, commands) = mpsc::channel();
    let (seed, world, speed) = (plan.seed, World::Virtual, f64::INFINITY);
    let options = Options { seed, world, speed, record: None, keep_events: true, commands, snapshots: None };
    let done = run(Arc::new(alone), options)?;
    let marks: BTreeMap<Name, Marks> = done
        .events
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Evaluated { target, marks, .. } => Some((target, marks)),
            _ => None,
        })
        .collect();
    Ok(targets.into_iter().filter_map(|target| Some((target.clone(), *marks.get(&target.name)?))).collect())
}

/// The targets of the router, and whatever else its providers serve.
fn everybody(plan: &Plan) -> Vec<Target> {
    let mut all = plan.router.targets.clone();
    for (index, provider) in plan.providers.iter().enumerate() {
        for target in (0..provider.models.len()).filter_map(|place| provider.target(index, place)) {
            if all.iter().all(|known| known.name != target.name) {
                all.push(target);
            }
        }
    }
    all
}
