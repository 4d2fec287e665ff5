//! All active terminal faults on a provider share one partition of its requests, so at no instant may they add up to
//! more than all of them.
//!
//! Shares run linearly between a few instants (start, end, ups and downs), so the sum is greatest at one of these. A
//! sweep over them keeps the sum as value and slope. Faults for different models, or for streamed and plain requests,
//! do not meet.

use crate::scenario::plan::{PlannedFault, Provider};
use crate::scenario::problem::Problem;
use crate::scenario::reader::Sink;
use crate::scenario::source::Span;
use mock_providers::fault::{Effect, Fault, Pick, Shape};
use std::collections::BTreeSet;
use std::time::Duration;

/// Room for the rounding of sums of shares.
const SLACK: f64 = 1e-6;

pub(super) fn check(faults: &[(PlannedFault, Span)], providers: &[Provider], sink: &Sink<'_>) {
    let mut looked_at: BTreeSet<Vec<usize>> = BTreeSet::new();
    for (index, provider) in providers.iter().enumerate() {
        let models = provider.models.iter().map(|m| &*m.name);
        let cells = models.flat_map(|model| [(model, true), (model, false)]);
        for (model, stream) in cells {
            let meets = |(planned, _): &(PlannedFault, Span)| {
                let fault = &planned.fault;
                planned.providers.contains(&index)
                    && matches!(fault.effect, Effect::Mix(_))
                    && fault.pick == Pick::Request
                    && (fault.whom.models.is_empty() || fault.whom.models.iter().any(|m| **m == *model))
                    && fault.whom.stream.is_none_or(|s| s == stream)
            };
            let cell: Vec<usize> = faults.iter().enumerate().filter(|(_, f)| meets(f)).map(|(i, _)| i).collect();
            if cell.len() < 2 || !looked_at.insert(cell.clone()) {
                continue;
            }
            let cell: Vec<&(PlannedFault, Span)> = cell.iter().filter_map(|i| faults.get(*i)).collect();
            if let Some((when, sum)) = overfull(cell.iter().map(|(planned, _)| &planned.fault)) {
                report(&cell, when, sum, &provider.name, sink);
                return;
            }
        }
    }
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
    use mock_providers::fault::{Injection, Whom};

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
}
