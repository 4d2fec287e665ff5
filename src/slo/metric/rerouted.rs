//! What must not be tried again: `policy_blocks_rerouted` counts requests that were called for again after an attempt
//! of class `content_policy`, `client_errors_retried` likewise after `bad_request`. Each request counts once, among the
//! requests that had such an attempt; a drill without any says nothing.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::event::{Class, Micros};
use crate::slo::unit::Unit;
use std::collections::BTreeMap;

pub(super) static POLICY_BLOCKS: Family =
    family("policy_blocks_rerouted", "policy_blocks_rerouted == 0", |_, _| tried_after(Class::ContentPolicy));

pub(super) static CLIENT_ERRORS: Family =
    family("client_errors_retried", "client_errors_retried == 0", |_, _| tried_after(Class::BadRequest));

/// Requests in flight that had an attempt of `class`: the dispatch of it, and whether they were counted.
fn tried_after(wanted: Class) -> Meter {
    let mut marked: BTreeMap<crate::event::RequestId, (Micros, bool)> = BTreeMap::new();
    Meter::Count(Box::new(move |note| {
        let request = note.request?;
        match note.heard {
            Heard::Judged { dispatched, class, .. } if class == wanted => {
                if marked.contains_key(&request) {
                    return None;
                }
                marked.insert(request, (dispatched, false));
                Sample::part(dispatched, 0, 1, 0)
            }
            Heard::Dispatched { .. } => {
                let (dispatched, counted) = marked.get_mut(&request)?;
                if std::mem::replace(counted, true) { None } else { Sample::part(*dispatched, 1, 0, 1) }
            }
            Heard::Ended(_) => {
                marked.remove(&request);
                None
            }
            _ => None,
        }
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
        labels: Labels::Request,
        windows: true,
        hears: &[Kind::Dispatched, Kind::Judged, Kind::Ended],
        example,
        meter,
    }
}
