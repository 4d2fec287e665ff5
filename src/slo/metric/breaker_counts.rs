//! `flaps(X)`: times a breaker of X went from closed to open; a failed probe that sends it from half-open back to open
//! prolongs the same opening. `probes(X)`: HTTP calls that probed a half-open breaker. Both add up over the targets of
//! a provider, and both say nothing while nobody calls X.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::event::BreakerState;
use crate::slo::unit::Unit;

pub(super) static FLAPS: Family = Family {
    name: "flaps",
    takes: Takes::Subject,
    unit: Unit::Count,
    labels: Labels::None,
    windows: true,
    hears: &[Kind::Dispatched, Kind::Breaker],
    example: "flaps(openai) <= 1",
    meter: |argument, ground| {
        let targets = ground.targets_of(argument);
        Meter::Count(Box::new(move |note| match note.heard {
            Heard::Dispatched { target, .. } if targets.contains(target) => Sample::part(note.at, 0, 1, 0),
            Heard::Breaker { target, from: BreakerState::Closed, to: BreakerState::Open }
                if targets.contains(target) =>
            {
                Sample::part(note.at, 1, 0, 0)
            }
            _ => None,
        }))
    },
};

pub(super) static PROBES: Family = Family {
    name: "probes",
    takes: Takes::Subject,
    unit: Unit::Count,
    labels: Labels::None,
    windows: true,
    hears: &[Kind::Dispatched],
    example: "probes(openai) >= 1",
    meter: |argument, ground| {
        let targets = ground.targets_of(argument);
        Meter::Count(Box::new(move |note| match note.heard {
            Heard::Dispatched { target, probe, .. } if targets.contains(target) => {
                Sample::part(note.at, u32::from(probe), 1, 0)
            }
            _ => None,
        }))
    },
};
