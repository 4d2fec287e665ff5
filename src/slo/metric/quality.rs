//! `quality`: right answers ÷ answers that were judged. With `{target=…}`, of those that it served.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::event::Judged;
use crate::slo::unit::Unit;

pub(super) static FAMILY: Family = Family {
    name: "quality",
    takes: Takes::Nothing,
    unit: Unit::Share,
    labels: Labels::RequestAndTarget,
    windows: true,
    hears: &[Kind::Ended],
    example: "quality >= 90%",
    meter: |_, _| {
        Meter::Ratio(Box::new(|note| {
            let Heard::Ended(end) = &note.heard else { return None };
            let right = end.judged? == Judged::Right;
            Sample::of(end, right, 0)
        }))
    },
};
