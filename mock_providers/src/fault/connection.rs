//! The connection family: a listener that refuses.
//!
//! A refusal concerns the whole listener for a time, never a share of requests, so of the shapes only `Flap` means
//! something here; the others refuse all the time.

use super::{Effect, Fault, Shape};
use std::time::Duration;

/// Whether any fault refuses connections at `now`.
pub(crate) fn refuses(faults: &[Fault], now: Duration) -> bool {
    refusals(faults).any(|fault| fault.active(now) && is_down(fault, now))
}

/// The first instant after `now` at which [`refuses`] changes.
pub(crate) fn next_edge(faults: &[Fault], now: Duration) -> Option<Duration> {
    let before = refuses(faults, now);
    let mut at = now;
    loop {
        at = refusals(faults).filter_map(|fault| next_change(fault, at)).min()?;
        if refuses(faults, at) != before {
            return Some(at);
        }
    }
}

fn refusals(faults: &[Fault]) -> impl Iterator<Item = &Fault> {
    faults.iter().filter(|fault| fault.effect == Effect::Refused && fault.from < fault.until)
}

fn is_down(fault: &Fault, now: Duration) -> bool {
    match fault.shape {
        Shape::Flap { .. } => fault.strength(now) > 0.0,
        Shape::Step | Shape::Ramp | Shape::Decay => true,
    }
}

/// The first instant after `now` at which one fault may begin or stop to refuse.
fn next_change(fault: &Fault, now: Duration) -> Option<Duration> {
    if now < fault.from {
        return Some(fault.from);
    }
    if now >= fault.until {
        return None;
    }
    let toggle = match fault.shape {
        Shape::Flap { up, down } if !up.is_zero() && !down.is_zero() => {
            let cycle = (up + down).as_nanos();
            let into = (now - fault.from).as_nanos() % cycle;
            let left = if into < down.as_nanos() { down.as_nanos() - into } else { cycle - into };
            now.checked_add(Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX)))
        }
        _ => None,
    };
    Some(toggle.map_or(fault.until, |at| at.min(fault.until)))
}
