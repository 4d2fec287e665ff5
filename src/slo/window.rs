//! `over 10s`: every span of that length that begins at a whole second and lies within the load, and within the phases
//! asked for, must satisfy the assertion; the worst one is its value. What is shorter than the window is one window. Windows without samples enough
//! to be judged are passed over; if all are, the assertion is inconclusive.
//!
//! Requests end after they arrive, so a window can still change when its time is over. While the drill runs, windows
//! are settled a minute after their end; the final judgement looks at all of them again.

use super::assertion::Interval;
use super::series::{Bar, Series, second, start_of};
use super::unit::Value;
use crate::event::Micros;
use std::ops::Range;

const SETTLES_AFTER: usize = 60;

#[derive(Debug)]
pub(crate) struct Windows {
    length: usize,
    /// First seconds of windows.
    starts: Range<usize>,
    settled: usize,
    worst_settled: Worst,
}

/// The worst of some windows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Worst {
    /// The worst one and its value.
    pub(crate) window: Option<(Range<usize>, Value)>,
    /// The first that violates.
    pub(crate) first_bad: Option<Range<usize>>,
}

impl Windows {
    pub(crate) fn new(length: u32, within: Interval) -> Self {
        let length = length as usize;
        let first = second(within.from);
        let first = if start_of(first) < within.from { first + 1 } else { first };
        let last = second(within.until).saturating_sub(length).max(first);
        Self { length, starts: first..last + 1, settled: first, worst_settled: Worst::default() }
    }

    /// Settles the windows that nothing is expected in any more.
    pub(crate) fn settle(&mut self, now: Micros, series: &dyn Series, bar: Bar) {
        while self.settled < self.starts.end && self.settled + self.length + SETTLES_AFTER <= second(now) {
            judge(self.settled..self.settled + self.length, series, bar, &mut self.worst_settled);
            self.settled += 1;
        }
    }

    /// The worst window that is over by now.
    pub(crate) fn so_far(&self, now: Micros, series: &dyn Series, bar: Bar) -> Worst {
        let mut worst = self.worst_settled.clone();
        for start in (self.settled..self.starts.end).take_while(|s| s + self.length <= second(now)) {
            judge(start..start + self.length, series, bar, &mut worst);
        }
        worst
    }

    /// The worst of all windows.
    pub(crate) fn finally(&self, series: &dyn Series, bar: Bar) -> Worst {
        let mut worst = Worst::default();
        for start in self.starts.clone() {
            judge(start..start + self.length, series, bar, &mut worst);
        }
        worst
    }
}

fn judge(window: Range<usize>, series: &dyn Series, bar: Bar, worst: &mut Worst) {
    if !series.enough(window.clone()) {
        return;
    }
    let Some(value) = series.value(window.clone()) else { return };
    if !bar.holds(value) && worst.first_bad.is_none() {
        worst.first_bad = Some(window.clone());
    }
    if worst.window.as_ref().is_none_or(|(_, w)| bar.worse(value, *w)) {
        worst.window = Some((window, value));
    }
}
