//! `swaps_shipped`, `swaps_refused`: candidates that took the place of another target, and those that did not, for
//! whatever reason. A swap belongs to the phase in which it was decided. How good a target was found is
//! `quality{tenant=eval}{target=X}`.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::slo::unit::Unit;

pub(super) static SHIPPED: Family = Family {
    name: "swaps_shipped",
    takes: Takes::Nothing,
    unit: Unit::Count,
    labels: Labels::None,
    windows: false,
    hears: &[Kind::Swap],
    example: "swaps_shipped == 1",
    meter: |_, _| count(true),
};

pub(super) static REFUSED: Family = Family {
    name: "swaps_refused",
    takes: Takes::Nothing,
    unit: Unit::Count,
    labels: Labels::None,
    windows: false,
    hears: &[Kind::Swap],
    example: "swaps_refused == 0",
    meter: |_, _| count(false),
};

fn count(wanted: bool) -> Meter {
    Meter::Count(Box::new(move |note| match note.heard {
        Heard::Swap { shipped } => Sample::part(note.at, u32::from(shipped == wanted), 1, 0),
        _ => None,
    }))
}
