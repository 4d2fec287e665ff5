//! `residency_violations`: HTTP calls dispatched to a target that the request must not reach, because it is in a region
//! where the request may not be processed, or nobody knows where, or because it is not approved for the kind of data in
//! it. Counted among the calls for requests that say where they may go or what is in them; a drill without any says
//! nothing.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::event::{Name, RequestId};
use crate::slo::facts::PlaceFact;
use crate::slo::unit::Unit;
use std::collections::BTreeMap;

pub(super) static FAMILY: Family = Family {
    name: "residency_violations",
    takes: Takes::Nothing,
    unit: Unit::Count,
    labels: Labels::RequestAndTarget,
    windows: true,
    hears: &[Kind::Arrived, Kind::Dispatched, Kind::Ended],
    example: "residency_violations == 0",
    meter: |_, ground| {
        let places = ground.places.to_vec();
        let mut bound: BTreeMap<RequestId, Vec<bool>> = BTreeMap::new();
        Meter::Count(Box::new(move |note| {
            let request = note.request?;
            match note.heard {
                Heard::Arrived { residency, data_class, .. } if !residency.is_empty() || data_class.is_some() => {
                    let allowed = places.iter().map(|place| allows(place, residency, data_class)).collect();
                    bound.insert(request, allowed);
                    None
                }
                Heard::Dispatched { target, .. } => {
                    let allowed = bound.get(&request)?.get(target).copied().unwrap_or(false);
                    Some(Sample::part(note.at, u32::from(!allowed), 1, 0)?.at(target))
                }
                Heard::Ended(_) => {
                    bound.remove(&request);
                    None
                }
                _ => None,
            }
        }))
    },
};

fn allows(place: &PlaceFact, residency: &[Name], data_class: Option<&Name>) -> bool {
    let here = residency.is_empty() || place.region.as_ref().is_some_and(|region| residency.contains(region));
    here && data_class.is_none_or(|class| place.approved_for.contains(class))
}
