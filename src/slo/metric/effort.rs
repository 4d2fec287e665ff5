//! How hard the router worked for its answers.
//!
//! - `attempts_per_request(X)`: HTTP calls to X ÷ requests that called it at least once, per target (a request that
//!   used two targets of a provider counts twice below the line). Without X, over all targets. It shows retries.
//! - `amplification`: HTTP calls ÷ requests. It shows what an outage does to the load on everybody.
//! - `client_retries`: times that clients asked again ÷ requests. Each is a new call of the router, so that it
//!   multiplies with the router's own retries.
//! - `hops`: mean targets used per request.
//! - `fallback_share`: requests that moved from one target to another, also from a skipped one, ÷ requests. A hedge counts
//!   if it won.
//! - `hedged_share`: requests for which a target was called while another one was awaited ÷ requests.
//!
//! Calls and retries belong to the phase in which they are made, requests to that of their intended arrival, so the two halves of
//! `amplification during outage` need not be about the same requests.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::slo::unit::Unit;

pub(super) static ATTEMPTS_PER_REQUEST: Family = Family {
    name: "attempts_per_request",
    takes: Takes::MaybeSubject,
    unit: Unit::Number,
    labels: Labels::Request,
    windows: true,
    hears: &[Kind::Dispatched],
    example: "attempts_per_request(openai) < 1.5",
    meter: |argument, ground| {
        let targets = ground.targets_of(argument);
        Meter::Ratio(Box::new(move |note| match note.heard {
            Heard::Dispatched { target, attempt, .. } if targets.contains(target) => {
                Sample::part(note.at, 1, u32::from(attempt == 1), u64::from(attempt))
            }
            _ => None,
        }))
    },
};

pub(super) static AMPLIFICATION: Family = Family {
    name: "amplification",
    takes: Takes::Nothing,
    unit: Unit::Number,
    labels: Labels::Request,
    windows: true,
    hears: &[Kind::Arrived, Kind::Dispatched],
    example: "amplification < 1.3",
    meter: |_, _| {
        Meter::Ratio(Box::new(|note| match note.heard {
            Heard::Arrived { intended, .. } => Sample::part(intended, 0, 1, 0),
            Heard::Dispatched { attempt, .. } => Sample::part(note.at, 1, 0, u64::from(attempt)),
            _ => None,
        }))
    },
};

pub(super) static CLIENT_RETRIES: Family = Family {
    name: "client_retries",
    takes: Takes::Nothing,
    unit: Unit::Number,
    labels: Labels::Request,
    windows: true,
    hears: &[Kind::Arrived, Kind::ClientRetried],
    example: "client_retries < 0.1",
    meter: |_, _| {
        Meter::Ratio(Box::new(|note| match note.heard {
            Heard::Arrived { intended, .. } => Sample::part(intended, 0, 1, 0),
            Heard::ClientRetried { retry } => Sample::part(note.at, 1, 0, u64::from(retry)),
            _ => None,
        }))
    },
};

pub(super) static HOPS: Family = Family {
    name: "hops",
    takes: Takes::Nothing,
    unit: Unit::Number,
    labels: Labels::Request,
    windows: true,
    hears: &[Kind::Ended],
    example: "hops < 1.2",
    meter: |_, _| {
        Meter::Ratio(Box::new(|note| match note.heard {
            Heard::Ended(end) => Sample::part(end.intended, end.hops, 1, u64::from(end.attempts)),
            _ => None,
        }))
    },
};

pub(super) static FALLBACK_SHARE: Family = Family {
    name: "fallback_share",
    takes: Takes::Nothing,
    unit: Unit::Share,
    labels: Labels::Request,
    windows: true,
    hears: &[Kind::Ended],
    example: "fallback_share < 1% during steady",
    meter: |_, _| {
        Meter::Ratio(Box::new(|note| match note.heard {
            Heard::Ended(end) => Sample::part(end.intended, u32::from(end.fell_back), 1, end.latency.0),
            _ => None,
        }))
    },
};

pub(super) static HEDGED_SHARE: Family = Family {
    name: "hedged_share",
    takes: Takes::Nothing,
    unit: Unit::Share,
    labels: Labels::Request,
    windows: true,
    hears: &[Kind::Ended],
    example: "hedged_share < 5%",
    meter: |_, _| {
        Meter::Ratio(Box::new(|note| match note.heard {
            Heard::Ended(end) => Sample::part(end.intended, u32::from(end.hedged), 1, end.latency.0),
            _ => None,
        }))
    },
};
