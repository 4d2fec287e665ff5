//! Answers that should never have been served as complete: `truncated_served` (the beginning of an answer) and
//! `schema_violations_served` (not of the shape that was asked for). Counted among the answers that were judged.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::event::Judged;
use crate::slo::unit::Unit;

pub(super) static TRUNCATED: Family =
    family("truncated_served", "truncated_served == 0", |_, _| judged_as(Judged::Truncated));

pub(super) static SCHEMA_VIOLATIONS: Family =
    family("schema_violations_served", "schema_violations_served == 0", |_, _| judged_as(Judged::SchemaViolation));

fn judged_as(wanted: Judged) -> Meter {
    Meter::Count(Box::new(move |note| {
        let Heard::Ended(end) = &note.heard else { return None };
        let hit = end.judged? == wanted;
        Sample::of(end, hit, 0)
    }))
}

const fn family(
    name: &'static str,
    example: &'static str,
    meter: fn(&super::Argument, &super::Ground<'_>) -> Meter,
) -> Family {
    Family {
        name,
        takes: Takes::Nothing,
        unit: Unit::Count,
        labels: Labels::RequestAndTarget,
        windows: true,
        hears: &[Kind::Ended],
        example,
        meter,
    }
}
