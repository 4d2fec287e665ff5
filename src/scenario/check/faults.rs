//! Faults: whom they concern, and when.

use super::{partition, resolve};
use crate::scenario::catalogue;
use crate::scenario::plan::{Phase, PlannedFault, Provider};
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::spec::faults::{Fault, Selector};
use crate::scenario::units::shown;
use crate::words;
use mock_providers::fault;
use std::sync::Arc;
use std::time::Duration;

/// The most faults a scenario may have.
const MAX_FAULTS: usize = 200;

/// The most ups and downs of all flapping faults together.
const MAX_FLAPS: u128 = 20_000;

pub(super) fn check(faults: &[Fault], providers: &[Provider], phases: &[Phase], sink: &Sink<'_>) -> Vec<PlannedFault> {
    if let Some(first) = faults.get(MAX_FAULTS) {
        sink.error(&first.at, format!("there are more than {MAX_FAULTS} faults"), None);
        return Vec::new();
    }
    let mut flaps = 0;
    let mut planned: Vec<(PlannedFault, Span)> = Vec::new();
    for (id, fault) in (0..).zip(faults) {
        let concerned = fault.on.as_ref().and_then(|on| concerned(on, providers, sink));
        let time = time(fault, phases, sink);
        let (Some(providers), Some((from, until)), Some(effect)) = (concerned, time, &fault.effect) else { continue };
        if let fault::Shape::Flap { up, down } = fault.shape.value {
            flaps += (until - from).as_millis() / (up + down).as_millis().max(1) * 2;
            if flaps > MAX_FLAPS {
                let help = "use longer `up` and `down`, or a `share`";
                sink.error(&fault.shape.at, format!("this flaps more than {MAX_FLAPS} times"), Some(help.to_owned()));
                return Vec::new();
            }
        }
        let on = fault.on.as_ref();
        let (ref effect, ref label) = effect.value;
        let models = on.map_or(Vec::new(), |on| on.models.iter().map(|m| Arc::from(m.value.as_str())).collect());
        let stream = on.and_then(|on| on.stream);
        let fault_ = fault::Fault { id, from, until, models, stream, shape: fault.shape.value, effect: effect.clone() };
        let planned_fault = PlannedFault { label: label.as_str().into(), providers, fault: fault_ };
        planned.push((planned_fault, fault.effect.as_ref().map_or(fault.at.clone(), |e| e.at.clone())));
    }
    if !sink.failed() {
        partition::check(&planned, providers, sink);
    }
    planned.into_iter().map(|(fault, _)| fault).collect()
}

/// The providers that all conditions hold for.
fn concerned(on: &Selector, providers: &[Provider], sink: &Sink<'_>) -> Option<Vec<usize>> {
    let all = |names: &[At<String>], what: &str, candidates: Vec<&str>| {
        let known = names.iter().filter(|name| resolve(name, what, candidates.clone(), sink).is_some());
        known.count() == names.len()
    };
    let mut fine = all(&on.providers, "provider", providers.iter().map(|p| &*p.name).collect());
    let vendors: Vec<&str> = providers.iter().map(|p| &*p.vendor).collect();
    for name in &on.vendors {
        if !vendors.contains(&catalogue::vendor(&name.value)) {
            let message = format!("no provider is run by {}", shown(&name.value));
            sink.error(&name.at, message, words::help(&name.value, vendors.iter().copied()));
            fine = false;
        }
    }
    fine &= all(&on.regions, "region", providers.iter().filter_map(|p| p.region.as_deref()).collect());
    fine &= all(&on.models, "model", providers.iter().flat_map(|p| &p.models).map(|m| &*m.name).collect());
    if !fine || on.broken {
        return None;
    }
    let any =
        |names: &[At<String>], holds: &dyn Fn(&str) -> bool| names.is_empty() || names.iter().any(|n| holds(&n.value));
    let holds = |p: &Provider| {
        any(&on.providers, &|name| name == &*p.name)
            && any(&on.vendors, &|name| catalogue::vendor(name) == &*p.vendor)
            && any(&on.regions, &|name| Some(name) == p.region.as_deref())
            && any(&on.models, &|name| p.models.iter().any(|m| &*m.name == name))
    };
    let concerned: Vec<usize> = providers.iter().enumerate().filter(|(_, p)| holds(p)).map(|(i, _)| i).collect();
    if concerned.is_empty() {
        let help = "all conditions must hold for the same provider";
        sink.error(&on.at, "this fault concerns no provider", Some(help.to_owned()));
        return None;
    }
    Some(concerned)
}

/// From when until when a fault is active.
fn time(fault: &Fault, phases: &[Phase], sink: &Sink<'_>) -> Option<(Duration, Duration)> {
    let end = phases.last().map_or(Duration::ZERO, |p| p.until);
    if let Some(during) = &fault.during {
        let phase = resolve(during, "phase", phases.iter().map(|p| &*p.name).collect::<Vec<_>>(), sink);
        return phase.and_then(|i| phases.get(i)).map(|p| (p.from, p.until));
    }
    let Some(start) = &fault.start else { return Some((Duration::ZERO, end)) };
    if start.value >= end {
        sink.error(&start.at, format!("the drill ends at {end:?}, before this fault starts"), None);
        return None;
    }
    let Some(length) = &fault.length else { return Some((start.value, end)) };
    let until = start.value + length.value;
    if until > end {
        let help = "leave `for` out for a fault that lasts to the end";
        sink.error(
            &length.at,
            format!("this fault ends after the drill, which ends at {end:?}"),
            Some(help.to_owned()),
        );
        return None;
    }
    Some((start.value, until))
}
