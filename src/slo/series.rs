//! What was measured second by second, so that any span of whole seconds has a value.

use super::assertion::{Op, Side};
use super::unit::{Amount, Value};
use crate::event::Micros;
use std::ops::Range;

/// A measurement kept per second of the drill.
pub(crate) trait Series {
    /// Seconds from the start to the last sample.
    fn seconds(&self) -> usize;
    /// Samples in a span of seconds.
    fn samples(&self, span: Range<usize>) -> u64;
    /// The value of a span, if it has one.
    fn value(&self, span: Range<usize>) -> Option<Value>;
    /// Whether a span has samples enough to be judged.
    fn enough(&self, span: Range<usize>) -> bool;
}

/// The second that `at` is in. Capped at a year: a log with absurd times must not cost absurd memory.
pub(crate) fn second(at: Micros) -> usize {
    usize::try_from(at.0 / 1_000_000).unwrap_or(usize::MAX).min(31_536_000)
}

/// The start of a second.
pub(crate) fn start_of(second: usize) -> Micros {
    Micros(second as u64 * 1_000_000)
}

/// A comparison with its limit and its good side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar {
    pub(crate) op: Op,
    pub(crate) limit: Amount,
    pub(crate) good: Side,
}

impl Bar {
    /// Whether a value satisfies it. What never happened satisfies nothing.
    pub(crate) fn holds(self, value: Value) -> bool {
        value != Value::Never && self.op.holds(value.compare(self.limit))
    }

    /// Whether `a` is worse than `b`: one that violates than one that does not, else the one on the bad side.
    pub(crate) fn worse(self, a: Value, b: Value) -> bool {
        match (self.holds(a), self.holds(b)) {
            (false, true) => true,
            (true, false) => false,
            _ => match self.good {
                Side::Low => a.against(b).is_gt(),
                Side::High => a.against(b).is_lt(),
            },
        }
    }
}

const BUCKET: usize = 5;

/// The worst of the drill's 5-second spans, the earliest of equals. Spans with less than a tenth of the samples of the
/// fullest are passed over, so that one slow request while the load drains is not the story of the drill.
pub(crate) fn worst_bucket(series: &dyn Series, bar: Bar) -> Option<(Range<usize>, Value)> {
    let buckets = || (0..series.seconds()).step_by(BUCKET).map(|s| s..s + BUCKET);
    let fullest = buckets().map(|b| series.samples(b)).max().unwrap_or(0);
    let mut worst: Option<(Range<usize>, Value)> = None;
    for bucket in buckets().filter(|b| series.samples(b.clone()) * 10 >= fullest) {
        if let Some(value) = series.value(bucket.clone())
            && worst.as_ref().is_none_or(|(_, w)| bar.worse(value, *w))
        {
            worst = Some((bucket, value));
        }
    }
    worst
}
