//! All active terminal faults on a provider share one partition of its requests, so at no instant may they add up to
//! more than all of them.
//!
//! Shares run linearly between a few instants (start, end, ups and downs), so the sum is greatest at one of these. A
//! sweep over them keeps the sum as value and slope. Faults for different models, keys or endpoints, or for streamed
//! and plain requests, do not meet.

use crate::scenario::plan::{PlannedFault, Provider};
use crate::scenario::problem::Problem;
use crate::scenario::reader::Sink;
use crate::scenario::source::Span;
use mock_providers::fault::{Effect, Endpoint, Fault, Pick, Shape, Whom};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Room for the rounding of sums of shares.
const SLACK: f64 = 1e-6;

/// Sets of faults that are looked at before the check leaves a provider as it is; no honest scenario comes near.
const MOST_SETS: usize = 20_000;

pub(super) fn check(faults: &[(PlannedFault, Span)], providers: &[Provider], sink: &Sink<'_>) {
    for (index, provider) in providers.iter().enumerate() {
        let shares_the_partition = |(planned, _): &&(PlannedFault, Span)| {
            planned.providers.contains(&index)
                && matches!(planned.fault.effect, Effect::Mix(_))
                && planned.fault.pick == Pick::Request
        };
        let here: Vec<&(PlannedFault, Span)> = faults.iter().filter(shares_the_partition).collect();
        let fault_of = |i: &usize| here.get(*i).map(|(planned, _)| &planned.fault);
        let models: Vec<&str> = provider.models.iter().map(|m| &*m.name).collect();
        let found = meeting(here.len(), &fault_of, &sides(&models, &here));
        if let Some((set, (when, sum))) = found {
            let set: Vec<&(PlannedFault, Span)> = set.iter().filter_map(|i| here.get(*i).copied()).collect();
            report(&set, when, sum, &provider.name, sink);
            return;
        }
    }
}

/// What a request has one of: a model, a key, ….
enum Trait<'a> {
    Model(&'a str),
    Stream(bool),
    Key(&'a str),
    Endpoint(Endpoint),
}

impl Trait<'_> {
    fn is_meant_by(&self, whom: &Whom) -> bool {
        let among = |names: &[Arc<str>], name: &str| names.is_empty() || names.iter().any(|n| **n == *name);
        match self {
            Self::Model(model) => among(&whom.models, model),
            Self::Stream(stream) => whom.stream.is_none_or(|s| s == *stream),
            Self::Key(key) => among(&whom.keys, key),
            Self::Endpoint(Endpoint::Models) if whom.endpoints.is_empty() => false,
            Self::Endpoint(endpoint) => whom.endpoints.is_empty() || whom.endpoints.contains(endpoint),
        }
    }
}

/// The ways in which requests differ, and the values that the faults tell apart. A key that no fault names meets fewer
/// faults than any that is named, and a long prompt meets all that a short one does, so neither is a case of its own.
fn sides<'a>(models: &[&'a str], faults: &[&'a (PlannedFault, Span)]) -> Vec<Vec<Trait<'a>>> {
    let keys: BTreeSet<&str> = faults.iter().flat_map(|(p, _)| &p.fault.whom.keys).map(|key| &**key).collect();
    let mut sides = vec![
        models.iter().map(|model| Trait::Model(model)).collect(),
        vec![Trait::Stream(true), Trait::Stream(false)],
        Endpoint::ALL.iter().map(|(_, endpoint)| Trait::Endpoint(*endpoint)).collect(),
    ];
    if !keys.is_empty() {
        sides.push(keys.into_iter().map(Trait::Key).collect());
    }
    sides
}

/// The first set of faults that one request can meet and that is overfull. What is not overfull as a whole is not in
/// any part either, so only sets that are get divided further.
fn meeting<'a>(
    count: usize,
    fault_of: &impl Fn(&usize) -> Option<&'a Fault>,
    sides: &[Vec<Trait<'_>>],
) -> Option<(Vec<usize>, (Duration, f64))> {
    let mut looked_at: BTreeSet<(usize, Vec<usize>)> = BTreeSet::new();
    let mut open = vec![(0, (0..count).collect::<Vec<usize>>())];
    while let Some((depth, set)) = open.pop() {
        if set.len() < 2 || looked_at.len() >= MOST_SETS || !looked_at.insert((depth, set.clone())) {
            continue;
        }
        let Some(full) = overfull(set.iter().filter_map(fault_of)) else { continue };
        let Some(side) = sides.get(depth) else { return Some((set, full)) };
        // The last that is pushed is the next that is looked at.
        for value in side.iter().rev() {
            let meets = |i: &usize| fault_of(i).is_some_and(|fault| value.is_meant_by(&fault.whom));
            open.push((depth + 1, set.iter().copied().filter(meets).collect()));
        }
    }
    None
}

/// A stretch of time in which a share runs linearly: start, end, share at the start, share at the end.
type Stretch = (Duration, Duration, f64, f64);

fn stretches(fault: &Fault) -> Vec<Stretch> {
    let Effect::Mix(parts) = &fault.effect else { return Vec::new() };
    let full: f64 = parts.iter().map(|(_, share)| share).sum();
    let (from, until) = (fault.from, fault.until);
    match fault.shape {
        Shape::Step => vec![(from, until, full, full)],
        Shape::Ramp => vec![(from, until, 0.0, full)],
        Shape::Decay => vec![(from, until, full, 0.0)],
        Shape::Flap { up, down } => {
            let mut list = Vec::new();
            let mut at = from;
            while at < until && !down.is_zero() {
                list.push((at, (at + down).min(until), full, full));
                at += down + up;
            }
            list
        }
        Shape::Sawtooth { period } => {
            let mut list = Vec::new();
            let mut at = from;
            while at < until && !period.is_zero() {
                let end = (at + period).min(until);
                list.push((at, end, 0.0, full * (end - at).div_duration_f64(period)));
                at += period;
            }
            list
        }
        // Its rise is not a straight line, so its noon is taken for the whole day.
        Shape::Diurnal { .. } => vec![(from, until, full, full)],
    }
}

/// The first instant at which the shares exceed all requests, and their sum there.
fn overfull<'a>(faults: impl Iterator<Item = &'a Fault>) -> Option<(Duration, f64)> {
    // At an instant, first what ends is taken away, then what starts is added.
    let mut changes: Vec<(Duration, bool, f64, f64)> = Vec::new();
    for (from, until, start, end) in faults.flat_map(stretches) {
        let slope = (end - start) / (until - from).as_secs_f64();
        changes.push((from, true, start, slope));
        changes.push((until, false, end, slope));
    }
    changes.sort_by_key(|(at, starts, ..)| (*at, *starts));
    let (mut sum, mut slope, mut now) = (0.0, 0.0, Duration::ZERO);
    for (at, starts, share, rise) in changes {
        sum += slope * (at - now).as_secs_f64();
        now = at;
        // Just before this instant, before anything that ends here is taken away.
        if sum > 1.0 + SLACK {
            return Some((at, sum));
        }
        let sign = if starts { 1.0 } else { -1.0 };
        sum += sign * share;
        slope += sign * rise;
        if starts && sum > 1.0 + SLACK {
            return Some((at, sum));
        }
    }
    None
}

/// Names the first two faults that are active at that instant, or end there.
fn report(cell: &[&(PlannedFault, Span)], when: Duration, sum: f64, provider: &str, sink: &Sink<'_>) {
    let active: Vec<&Span> =
        cell.iter().filter(|(p, _)| p.fault.from <= when && p.fault.until >= when).map(|(_, at)| at).collect();
    let (Some(first), Some(last)) = (active.first(), active.last()) else { return };
    let percent = libm::round(sum * 1e3) / 10.0;
    let message = format!("at {when:?} the faults on `{provider}` add up to {percent}% of its requests");
    let other = sink.source.position(first.start).0;
    sink.push(
        Problem::error(sink.source, last, message)
            .related(sink.source, first, "together with this")
            .help(format!("lower the shares here or in line {other}, or let them take turns")),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use mock_providers::fault::Injection;

    fn fault(from: u64, until: u64, share: f64, shape: Shape) -> Fault {
        Fault {
            id: 0,
            from: Duration::from_secs(from),
            until: Duration::from_secs(until),
            whom: Whom::default(),
            pick: Pick::Request,
            shape,
            effect: Effect::Mix(vec![(Injection::word("silence").unwrap(), share)]),
        }
    }

    fn when(faults: &[Fault]) -> Option<u64> {
        overfull(faults.iter()).map(|(at, _)| at.as_secs())
    }

    #[test]
    fn full_faults_that_take_turns_fit_and_those_that_meet_do_not() {
        assert_eq!(when(&[fault(0, 10, 1.0, Shape::Step), fault(10, 20, 1.0, Shape::Step)]), None);
        assert_eq!(when(&[fault(0, 10, 0.6, Shape::Step), fault(9, 20, 0.5, Shape::Step)]), Some(9));
    }

    #[test]
    fn a_ramp_and_a_decay_cross_without_exceeding_the_whole() {
        assert_eq!(when(&[fault(0, 10, 1.0, Shape::Ramp), fault(0, 10, 1.0, Shape::Decay)]), None);
        assert_eq!(when(&[fault(0, 10, 1.0, Shape::Ramp), fault(0, 10, 0.1, Shape::Step)]), Some(10));
    }

    #[test]
    fn flaps_may_interlock() {
        let five = Duration::from_secs(5);
        let flap = Shape::Flap { up: five, down: five };
        assert_eq!(when(&[fault(0, 60, 1.0, flap), fault(5, 60, 1.0, flap)]), None);
        assert_eq!(when(&[fault(0, 60, 1.0, flap), fault(14, 60, 1.0, flap)]), Some(14));
    }
    fn meet(whoms: Vec<Whom>) -> bool {
        let planned = |whom| {
            let fault = Fault { whom, ..fault(0, 10, 0.6, Shape::Step) };
            (PlannedFault { label: "".into(), providers: vec![0], fault }, 0..0)
        };
        let faults: Vec<(PlannedFault, Span)> = whoms.into_iter().map(planned).collect();
        let faults: Vec<&(PlannedFault, Span)> = faults.iter().collect();
        let fault_of = |i: &usize| faults.get(*i).map(|(planned, _)| &planned.fault);
        meeting(faults.len(), &fault_of, &sides(&["gpt-4o"], &faults)).is_some()
    }

    #[test]
    fn faults_for_different_keys_or_endpoints_do_not_meet_and_sizes_do() {
        let key = |name: &str| Whom { keys: vec![name.into()], ..Whom::default() };
        let at = |endpoint| Whom { endpoints: vec![endpoint], ..Whom::default() };
        let size = |tokens| Whom { larger_than: Some(tokens), ..Whom::default() };
        assert!(!meet(vec![key("acme"), key("beta")]));
        assert!(meet(vec![key("acme"), Whom::default()]));
        assert!(meet(vec![key("acme"), key("beta"), key("acme")]));
        assert!(!meet(vec![at(Endpoint::Chat), at(Endpoint::Embeddings)]));
        assert!(!meet(vec![at(Endpoint::Models), Whom::default()]));
        assert!(meet(vec![at(Endpoint::Chat), key("acme")]));
        assert!(meet(vec![size(1_000), size(2_000)]));
    }

    #[test]
    fn many_faults_that_never_meet_are_told_apart_without_trying_all_combinations() {
        let one = |i: usize| Whom {
            keys: vec![format!("key{}", i % 50).into()],
            endpoints: vec![if i < 50 { Endpoint::Chat } else { Endpoint::Embeddings }],
            ..Whom::default()
        };
        assert!(!meet((0..100).map(one).collect()));
    }
}
