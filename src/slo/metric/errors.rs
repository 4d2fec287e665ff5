//! `errors(CLASS)`: requests whose client got an error of this class, surfaced or failed. `errors`: requests that
//! failed, of whatever class; what was rightly surfaced is not among them. Attempts that the router made good are not
//! errors.

use super::{Argument, Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::event::Outcome;
use crate::slo::unit::Unit;

pub(super) static FAMILY: Family = Family {
    name: "errors",
    takes: Takes::MaybeClass,
    unit: Unit::Count,
    labels: Labels::RequestAndTarget,
    windows: true,
    hears: &[Kind::Ended],
    example: "errors(server_error) == 0",
    meter: |argument, _| {
        let wanted = match argument {
            Argument::Class(class) => Some(*class),
            _ => None,
        };
        Meter::Count(Box::new(move |note| {
            let Heard::Ended(end) = &note.heard else { return None };
            let hit = match wanted {
                None => end.outcome == Outcome::Failed,
                Some(_) => matches!(end.outcome, Outcome::Failed | Outcome::Surfaced) && end.class == wanted,
            };
            Sample::of(end, hit, end.latency.0)
        }))
    },
};
