//! Helpers: drills from YAML text, and what one request went through, in words.

use hopdrill::engine::{self, Finished, Options, World};
use hopdrill::event::{Event, EventKind, RequestId};
use hopdrill::scenario::{self, plan::Plan};
use std::sync::{Arc, mpsc};

pub(crate) fn plan(yaml: &str) -> Arc<Plan> {
    match scenario::load("test.yaml", yaml.as_bytes()) {
        Ok(loaded) => Arc::new(loaded.plan),
        Err(invalid) => panic!("{invalid}"),
    }
}

pub(crate) fn options(seed: u64, world: World) -> Options {
    let (_, commands) = mpsc::channel();
    Options { seed, world, speed: f64::INFINITY, record: None, keep_events: true, commands, snapshots: None }
}

pub(crate) fn play(plan: &Arc<Plan>, seed: u64, world: World) -> Finished {
    engine::run(Arc::clone(plan), options(seed, world)).expect("the drill runs to its end")
}

pub(crate) fn drill(yaml: &str) -> Finished {
    let plan = plan(yaml);
    play(&plan, plan.seed, World::Virtual)
}

/// The log as it would be recorded, without the header.
pub(crate) fn lines(events: &[Event]) -> Vec<String> {
    events.iter().map(|e| serde_json::to_string(e).expect("events serialize")).collect()
}

/// What one request went through: one line each for calls, retries, moves, skips and the end.
pub(crate) fn story(events: &[Event], id: &str) -> Vec<String> {
    let id: RequestId = id.parse().expect("a request id");
    events.iter().filter_map(|e| line(&e.kind, id)).collect()
}

fn line(kind: &EventKind, id: RequestId) -> Option<String> {
    match kind {
        EventKind::AttemptEnded { request, target, attempt, class, .. } if *request == id => {
            Some(format!("{target} #{attempt} {class}"))
        }
        EventKind::Retried { request, target, .. } if *request == id => Some(format!("retry {target}")),
        EventKind::ClientRetried { request, class, .. } if *request == id => Some(format!("asks again ({class})")),
        EventKind::FellBack { request, from, to, reason } if *request == id => {
            Some(format!("{from} -> {to} ({})", reason.as_str()))
        }
        EventKind::Skipped { request, target, reason } if *request == id => {
            Some(format!("skip {target} ({})", reason.as_str()))
        }
        EventKind::Ended { request, outcome, class, judged, .. } if *request == id => {
            let class = class.map(|c| format!(" {c}")).unwrap_or_default();
            let judged = judged.map(|j| format!(" {j:?}").to_lowercase()).unwrap_or_default();
            Some(format!("{}{class}{judged}", format!("{outcome:?}").to_lowercase()))
        }
        _ => None,
    }
}

/// Every request's story, for assertions about all of them.
pub(crate) fn stories(events: &[Event]) -> Vec<Vec<String>> {
    let ids = events.iter().filter_map(|e| match &e.kind {
        EventKind::Arrived { request, .. } => Some(*request),
        _ => None,
    });
    ids.map(|id| story(events, &id.to_string())).collect()
}
