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
    let all = providers;
    for fault in faults {
        let concerned = fault.on.as_ref().and_then(|on| concerned(on, all, sink));
        let time = time(fault, phases, sink);
        let (Some(providers), Some((from, until)), Some(effect)) = (concerned, time, &fault.effect) else { continue };
        let turn = match fault.shape.value {
            fault::Shape::Flap { up, down } => Some(up + down),
            fault::Shape::Sawtooth { period } => Some(period),
            _ => None,
        };
        flaps += turn.map_or(0, |turn| (until - from).as_millis() / turn.as_millis().max(1) * 2);
        if flaps > MAX_FLAPS {
            let help = "use longer periods, or a `share`";
            let message = format!("the faults up to this one turn more than {MAX_FLAPS} times");
            sink.error(&fault.shape.at, message, Some(help.to_owned()));
            return Vec::new();
        }
        let (ref effect, ref label) = effect.value;
        if matches!(effect, fault::Effect::Listener(_) | fault::Effect::Background(_)) {
            whole_provider(fault, &providers, sink);
        }
        let at = fault.effect.as_ref().map_or(fault.at.clone(), |e| e.at.clone());
        let whole = PlannedFault {
            label: label.as_str().into(),
            fault: fault::Fault {
                id: 0,
                from,
                until,
                whom: fault.on.as_ref().map_or_else(fault::Whom::default, whom),
                pick: pick(fault, effect, &providers, &planned),
                shape: fault.shape.value,
                effect: effect.clone(),
            },
            providers,
        };
        let pieces = match &fault.staggered {
            Some(by) => stagger(&whole, by, all, sink),
            None => vec![whole],
        };
        planned.extend(pieces.into_iter().map(|piece| (piece, at.clone())));
    }
    for (id, (planned, _)) in (0..).zip(&mut planned) {
        planned.fault.id = id;
    }
    if !sink.failed() {
        partition::check(&planned, all, sink);
    }
    planned.into_iter().map(|(fault, _)| fault).collect()
}

/// What befalls the whole provider cannot be meant for some of its requests.
fn whole_provider(fault: &Fault, providers: &[usize], sink: &Sink<'_>) {
    let help = "name providers only; it concerns all requests of each";
    if let Some(on) = fault.on.as_ref().filter(|on| whom(on) != fault::Whom::default()) {
        sink.error(&on.at, "this fault cannot be meant for some requests only", Some(help.to_owned()));
    } else if let (Some(by), [_]) = (&fault.staggered, providers) {
        sink.error(&by.at, "this fault cannot end model by model", Some(help.to_owned()));
    }
}

/// How long a time slice is in which correlated faults fail or do not, unless said otherwise.
const SLICE: Duration = Duration::from_secs(1);

/// Which requests are meant.
fn whom(on: &Selector) -> fault::Whom {
    let names = |names: &[At<String>]| names.iter().map(|name| Arc::from(name.value.as_str())).collect();
    fault::Whom {
        models: names(&on.models),
        stream: on.stream,
        endpoints: on.endpoints.clone(),
        keys: names(&on.keys),
        larger_than: on.larger_than,
    }
}

/// Which of them are hit. What befalls a share of the requests of several providers befalls them at the same times.
///
/// Faults of the same slices on a provider in common share a schedule, and so one partition.
fn pick(fault: &Fault, effect: &fault::Effect, providers: &[usize], so_far: &[(PlannedFault, Span)]) -> fault::Pick {
    let shares = match effect {
        fault::Effect::Mix(parts) => parts.iter().map(|(_, share)| share).sum(),
        _ => 1.0,
    };
    let partly = shares < 1.0 - 1e-9 || !matches!(fault.shape.value, fault::Shape::Step | fault::Shape::Flap { .. });
    let length = match &fault.pick {
        Some(At { value: fault::Pick::Slice { length, .. }, .. }) => *length,
        Some(pick) => return pick.value,
        None if partly && providers.len() > 1 && matches!(effect, fault::Effect::Mix(_)) => SLICE,
        None => return fault::Pick::Request,
    };
    let shared = so_far.iter().find_map(|(earlier, _)| match earlier.fault.pick {
        fault::Pick::Slice { length: other, schedule }
            if other == length && earlier.providers.iter().any(|p| providers.contains(p)) =>
        {
            Some(schedule)
        }
        _ => None,
    });
    let schedule = shared.unwrap_or_else(|| u32::try_from(so_far.len()).unwrap_or(u32::MAX));
    fault::Pick::Slice { length, schedule }
}

/// One fault for each provider, or of a single provider for each model; the last of them ends when the whole does.
fn stagger(whole: &PlannedFault, by: &At<Duration>, all: &[Provider], sink: &Sink<'_>) -> Vec<PlannedFault> {
    let mut pieces: Vec<PlannedFault> = match whole.providers.as_slice() {
        [only] => {
            let served = all.get(*only).map_or(Vec::new(), |p| p.models.iter().map(|m| m.name.clone()).collect());
            let models = if whole.fault.whom.models.is_empty() { served } else { whole.fault.whom.models.clone() };
            let piece = |model: Arc<str>| {
                let mut piece = whole.clone();
                piece.label = format!("{} ({model})", whole.label).into();
                piece.fault.whom.models = vec![model];
                piece
            };
            models.into_iter().map(piece).collect()
        }
        several => several.iter().map(|p| PlannedFault { providers: vec![*p], ..whole.clone() }).collect(),
    };
    for (before_last, piece) in (0..).zip(pieces.iter_mut().rev()) {
        let earlier = by.value.saturating_mul(before_last);
        piece.fault.until = whole.fault.until.saturating_sub(earlier);
        if piece.fault.until <= whole.fault.from {
            let help = "use a shorter step, or a longer fault";
            sink.error(&by.at, "the first of them would end before it starts", Some(help.to_owned()));
            break;
        }
    }
    pieces
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
    let keys = providers.iter().flat_map(|p| p.limits.keys.iter()).map(|key| &*key.name);
    fine &= all(&on.keys, "key", keys.collect());
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
