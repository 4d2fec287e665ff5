//! What the answers cost, by the price list that the router was given, in dollars.
//!
//! - `cost`: the cost of all HTTP calls.
//! - `wasted_cost`: the cost of the calls whose answer was not served: they failed, were given up, or lost against a
//!   hedge.
//! - `cost_per_request`: the cost of all HTTP calls ÷ requests. With `{target=…}`, the cost of the calls to it ÷ the
//!   requests that ended with it.
//!
//! A call belongs to the phase of its dispatch, a request to that of its intended arrival. Where a provider does not say
//! what it counted, the router's estimate is in these sums; what a call that it did not hear to its end cost comes with the
//! bill, when the drill is over.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::event::{Class, Nanodollars};
use crate::slo::unit::Unit;

pub(super) static COST: Family = Family {
    name: "cost",
    takes: Takes::Nothing,
    unit: Unit::Money,
    labels: Labels::RequestAndTarget,
    windows: true,
    hears: &[Kind::Judged, Kind::Billed],
    example: "cost <= $0.50",
    meter: |_, _| {
        Meter::Spent(Box::new(|note| match note.heard {
            Heard::Judged { target, dispatched, cost, .. } | Heard::Billed { target, dispatched, cost } => {
                Some(Sample::spent(dispatched, cost, 1)?.at(target))
            }
            _ => None,
        }))
    },
};

pub(super) static WASTED_COST: Family = Family {
    name: "wasted_cost",
    takes: Takes::Nothing,
    unit: Unit::Money,
    labels: Labels::RequestAndTarget,
    windows: true,
    hears: &[Kind::Judged, Kind::Billed],
    example: "wasted_cost <= $0.02",
    meter: |_, _| {
        Meter::Spent(Box::new(|note| match note.heard {
            Heard::Judged { target, dispatched, class, cost, .. } => {
                let wasted = if class == Class::Ok { Nanodollars::default() } else { cost };
                Some(Sample::spent(dispatched, wasted, 1)?.at(target))
            }
            Heard::Billed { target, dispatched, cost } => Some(Sample::spent(dispatched, cost, 0)?.at(target)),
            _ => None,
        }))
    },
};

pub(super) static COST_PER_REQUEST: Family = Family {
    name: "cost_per_request",
    takes: Takes::Nothing,
    unit: Unit::Money,
    labels: Labels::RequestAndTarget,
    windows: true,
    hears: &[Kind::Judged, Kind::Billed, Kind::Ended],
    example: "cost_per_request <= $0.002",
    meter: |_, _| {
        Meter::SpentEach(Box::new(|note| match note.heard {
            Heard::Judged { target, dispatched, cost, .. } | Heard::Billed { target, dispatched, cost } => {
                Some(Sample::spent(dispatched, cost, 0)?.at(target))
            }
            Heard::Ended(end) => {
                let sample = Sample::spent(end.intended, Nanodollars::default(), 1)?;
                Some(Sample { target: end.target, ..sample })
            }
            _ => None,
        }))
    },
};
