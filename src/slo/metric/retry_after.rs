//! `retry_after_ignored`: HTTP calls dispatched to a target after a `rate_limited` answer with a Retry-After was judged
//! there and before it expired. Of several such answers the latest expiry holds. Counted among the answers that asked
//! for a pause; a drill without any says nothing.
//!
//! A pause is taken for the target, and where keys of a pool are used for the one that it was told to.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes, TargetId};
use crate::event::{Class, Micros, Name};
use crate::slo::unit::Unit;
use std::collections::BTreeMap;

pub(super) static FAMILY: Family = Family {
    name: "retry_after_ignored",
    takes: Takes::Nothing,
    unit: Unit::Count,
    labels: Labels::RequestAndTarget,
    windows: true,
    hears: &[Kind::Dispatched, Kind::Judged],
    example: "retry_after_ignored == 0",
    meter: |_, _| {
        let mut pauses: BTreeMap<(TargetId, Option<Name>), Micros> = BTreeMap::new();
        Meter::Count(Box::new(move |note| match note.heard {
            Heard::Judged { target, dispatched, class: Class::RateLimited, retry_after: Some(wait), key, .. } => {
                let until = pauses.entry((target, key.cloned())).or_default();
                *until = (*until).max(Micros(note.at.0.saturating_add(wait.0)));
                Some(Sample::part(dispatched, 0, 1, 0)?.at(target))
            }
            Heard::Dispatched { target, key, .. } => {
                pauses.get(&(target, key.cloned())).filter(|until| note.at < **until)?;
                Some(Sample::part(note.at, 1, 0, 1)?.at(target))
            }
            _ => None,
        }))
    },
};
