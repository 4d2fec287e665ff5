//! The connection family: a listener that fares badly.
//!
//! It concerns the whole listener for a time, never a share of requests, so of the shapes only `Flap` means something
//! here; the others last all the time. Of several at once the first in the file holds.

use super::{Door, Effect, Fault, Shape};
use std::time::Duration;

/// How the listener fares at `now`; `None` is well.
pub(crate) fn door(faults: &[Fault], now: Duration) -> Option<Door> {
    doors(faults).find(|(fault, _)| fault.active(now) && is_down(fault, now)).map(|(_, door)| door)
}

/// The first instant after `now` at which [`door`] changes.
pub(crate) fn next_edge(faults: &[Fault], now: Duration) -> Option<Duration> {
    let before = door(faults, now);
    let mut at = now;
    loop {
        at = doors(faults).filter_map(|(fault, _)| next_change(fault, at)).min()?;
        if door(faults, at) != before {
            return Some(at);
        }
    }
}

fn doors(faults: &[Fault]) -> impl Iterator<Item = (&Fault, Door)> {
    faults.iter().filter(|fault| fault.from < fault.until).filter_map(|fault| match fault.effect {
        Effect::Listener(door) => Some((fault, door)),
        _ => None,
    })
}

fn is_down(fault: &Fault, now: Duration) -> bool {
    match fault.shape {
        Shape::Flap { .. } => fault.strength(now) > 0.0,
        _ => true,
    }
}

/// The first instant after `now` at which one fault may begin or stop to bite.
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
