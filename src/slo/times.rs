//! A percentile of times.
//!
//! Whether it is below, at or above the limit is counted exactly and in constant time per sample. The value shown
//! while the drill runs comes from a histogram (3 significant digits); the final one from the samples themselves, which
//! are kept per second (4 bytes each) for windows and worst moments.

use super::metric::Percentile;
use super::series::{Series, second};
use super::unit::Value;
use crate::event::Micros;
use hdrhistogram::Histogram;
use std::cmp::Ordering;
use std::ops::Range;

/// Longer times count as this long: an hour.
const LONGEST: u64 = 3_600_000_000;

/// Times, and one percentile of them.
#[derive(Debug)]
pub(crate) struct Times {
    percentile: Percentile,
    limit: Micros,
    count: u64,
    below: u64,
    at_most: u64,
    histogram: Option<Histogram<u32>>,
    seconds: Vec<Vec<u32>>,
}

impl Times {
    pub(crate) fn new(percentile: Percentile, limit: Micros) -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST, 3).ok();
        Self { percentile, limit, count: 0, below: 0, at_most: 0, histogram, seconds: Vec::new() }
    }

    pub(crate) fn add(&mut self, when: Micros, time: Micros) {
        self.count += 1;
        self.below += u64::from(time < self.limit);
        self.at_most += u64::from(time <= self.limit);
        if let Some(histogram) = &mut self.histogram {
            histogram.saturating_record(time.0);
        }
        let second = second(when);
        if second >= self.seconds.len() {
            self.seconds.resize(second + 1, Vec::new());
        }
        if let Some(times) = self.seconds.get_mut(second) {
            times.push(time.0.min(LONGEST) as u32);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn percentile(&self) -> Percentile {
        self.percentile
    }

    /// How the percentile of everything compares with the limit.
    pub(crate) fn to_limit(&self) -> Option<Ordering> {
        if self.count == 0 {
            return None;
        }
        let rank = self.percentile.rank(self.count);
        Some(if self.below >= rank {
            Ordering::Less
        } else if self.at_most >= rank {
            Ordering::Equal
        } else {
            Ordering::Greater
        })
    }

    /// The percentile of everything, to 3 digits, at once. Never on another side of the limit than the exact one.
    pub(crate) fn roughly(&self) -> Option<Value> {
        let side = self.to_limit()?;
        let rough = self.histogram.as_ref().map_or(0, |h| h.value_at_quantile(self.percentile.fraction()));
        Some(Value::Time(Micros(match side {
            Ordering::Less => rough.min(self.limit.0.saturating_sub(1)),
            Ordering::Equal => self.limit.0,
            Ordering::Greater => rough.max(self.limit.0.saturating_add(1)),
        })))
    }
}

impl Series for Times {
    fn seconds(&self) -> usize {
        self.seconds.len()
    }

    fn samples(&self, span: Range<usize>) -> u64 {
        let end = span.end.min(self.seconds.len());
        let times = self.seconds.get(span.start.min(end)..end).unwrap_or_default();
        times.iter().map(|s| s.len() as u64).sum()
    }

    fn value(&self, span: Range<usize>) -> Option<Value> {
        let end = span.end.min(self.seconds.len());
        let mut times = self.seconds.get(span.start.min(end)..end)?.concat();
        if times.is_empty() {
            return None;
        }
        let rank = usize::try_from(self.percentile.rank(times.len() as u64)).ok()?;
        let (_, time, _) = times.select_nth_unstable(rank.saturating_sub(1));
        Some(Value::Time(Micros(u64::from(*time))))
    }

    fn enough(&self, span: Range<usize>) -> bool {
        self.percentile.enough(self.samples(span))
    }
}
