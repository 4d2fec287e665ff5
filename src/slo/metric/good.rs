//! `good(latency < 4s)`, `good(ttft < 1s)`: the share of requests that were available *and* fast enough, among the
//! same requests as availability. Failures are bad however fast they were. An answer without a time to first token
//! is not within any.

use super::outcomes::available;
use super::{Argument, Family, Heard, Kind, Labels, Meter, Sample, Source, Takes};
use crate::event::Micros;
use crate::slo::unit::Unit;

pub(super) static FAMILY: Family = Family {
    name: "good",
    takes: Takes::Bound,
    unit: Unit::Share,
    labels: Labels::RequestAndTarget,
    windows: true,
    hears: &[Kind::Ended],
    example: "good(latency < 4s) >= 99%",
    meter: |argument, _| {
        let (source, strictly, within) = match argument {
            Argument::Within { source, strictly, within } => (*source, *strictly, *within),
            _ => (Source::Latency, false, Micros(u64::MAX)),
        };
        Meter::Ratio(Box::new(move |note| {
            let Heard::Ended(end) = &note.heard else { return None };
            let good = available(end.outcome, end.judged)?;
            let time = if source == Source::Ttft { end.ttft } else { Some(end.latency) };
            let fast = time.is_some_and(|t| t < within || !strictly && t == within);
            Sample::of(end, good && fast, end.latency.0)
        }))
    },
};
