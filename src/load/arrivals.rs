//! When requests arrive.
//!
//! With `Λ(t)` the cumulative rate of a stream, its *i*-th request arrives at `Λ⁻¹(uᵢ)`, where `uᵢ` is `i + ½` for
//! constant arrivals and a sum of `i + 1` exponential draws for Poisson ones. Within a segment `Λ` is quadratic, so its
//! inverse is the root of a quadratic equation. Instants are rounded to whole milliseconds.

use super::{Arrivals, Segment, Stream};
use crate::event::RequestId;
use mock_providers::Luck;
use rand_distr::{Distribution as _, Exp1};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// One planned arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// When.
    pub at: Duration,
    /// Which request.
    pub request: RequestId,
}

/// All arrivals of all streams in order of time, then stream.
#[derive(Debug)]
pub struct Timetable {
    plans: Vec<Plan>,
    next: BinaryHeap<Reverse<Arrival>>,
}

impl Timetable {
    /// The timetable of these streams under this luck.
    #[must_use]
    pub fn new(streams: &[Stream], luck: Luck) -> Self {
        let mut plans: Vec<Plan> = streams.iter().enumerate().map(|(i, s)| Plan::new(i as u16, s, luck)).collect();
        let next = plans.iter_mut().filter_map(Plan::next).map(Reverse).collect();
        Self { plans, next }
    }

    /// When the next request arrives.
    #[must_use]
    pub fn peek(&self) -> Option<Arrival> {
        self.next.peek().map(|next| next.0)
    }
}

impl Iterator for Timetable {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let Reverse(arrival) = self.next.pop()?;
        self.next.extend(self.plans[usize::from(arrival.request.stream)].next().map(Reverse));
        Some(arrival)
    }
}

/// The arrivals of one stream.
#[derive(Debug)]
struct Plan {
    stream: u16,
    number: u32,
    arrivals: Arrivals,
    luck: Luck,
    /// Where the unit-rate process stands.
    unit: f64,
    segments: Vec<Segment>,
    /// The segment the process is in, and the cumulative rate at its start.
    current: usize,
    before: f64,
}

impl Plan {
    fn new(stream: u16, spec: &Stream, luck: Luck) -> Self {
        Self {
            stream,
            number: 0,
            arrivals: spec.arrivals,
            luck,
            unit: 0.0,
            segments: spec.rate.clone(),
            current: 0,
            before: 0.0,
        }
    }

    fn next(&mut self) -> Option<Arrival> {
        let request = RequestId { stream: self.stream, number: self.number };
        self.unit = match self.arrivals {
            Arrivals::Constant => f64::from(self.number) + 0.5,
            Arrivals::Poisson => {
                let ids = [u64::from(request.stream), u64::from(request.number)];
                let gap: f64 = Exp1.sample(&mut self.luck.draw("arrival", &[], &ids));
                self.unit + gap
            }
        };
        self.number += 1;
        loop {
            let segment = self.segments.get(self.current)?;
            let inside = self.unit - self.before;
            match segment.when(inside) {
                Some(at) => return Some(Arrival { at, request }),
                None => {
                    self.before += segment.total();
                    self.current += 1;
                }
            }
        }
    }
}

impl Segment {
    fn seconds(&self) -> f64 {
        (self.until - self.from).as_secs_f64()
    }

    /// Requests expected within it.
    #[must_use]
    pub fn total(&self) -> f64 {
        f64::midpoint(self.start_rate, self.end_rate) * self.seconds()
    }

    /// The instant at which the cumulative rate since the start of the segment reaches `unit`; `None` if it does not.
    fn when(&self, unit: f64) -> Option<Duration> {
        if unit >= self.total() {
            return None;
        }
        let slope = (self.end_rate - self.start_rate) / self.seconds();
        // unit = rate·t + slope·t²/2, solved in the form that does not cancel when the slope is small.
        let root = libm::sqrt((self.start_rate * self.start_rate + 2.0 * slope * unit).max(0.0));
        let offset_ms = libm::floor(2.0 * unit / (self.start_rate + root) * 1e3) as u64;
        Some(self.from + Duration::from_millis(offset_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::Task;
    use proptest::prelude::*;

    fn segment(from: u64, until: u64, start_rate: f64, end_rate: f64) -> Segment {
        Segment { from: Duration::from_secs(from), until: Duration::from_secs(until), start_rate, end_rate }
    }

    fn stream(arrivals: Arrivals, rate: Vec<Segment>) -> Stream {
        Stream {
            tenant: "t".into(),
            tier: "t".into(),
            task: Task::Chat,
            traits: std::sync::Arc::default(),
            prompt_tokens: None,
            prompts: None,
            streamed: 0.0,
            risky: 0.0,
            vague: 0.0,
            patience: None,
            sdk: super::super::Sdk::single(),
            arrivals,
            rate,
        }
    }

    fn times(arrivals: Arrivals, rate: Vec<Segment>) -> Vec<u64> {
        Timetable::new(&[stream(arrivals, rate)], Luck::new(1)).map(|a| a.at.as_millis() as u64).collect()
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced_and_stop_at_the_end() {
        assert_eq!(times(Arrivals::Constant, vec![segment(0, 2, 2.0, 2.0)]), [250, 750, 1250, 1750]);
    }

    #[test]
    fn a_step_changes_the_rate_at_the_very_instant() {
        let times = times(Arrivals::Constant, vec![segment(0, 10, 1.0, 1.0), segment(10, 20, 10.0, 10.0)]);
        assert_eq!(times.iter().filter(|&&t| t < 10_000).count(), 10);
        assert_eq!(times.len(), 110);
    }

    #[test]
    fn a_ramp_puts_a_quarter_of_its_requests_into_its_first_half() {
        let times = times(Arrivals::Constant, vec![segment(0, 100, 0.0, 20.0)]);
        assert_eq!(times.len(), 1000);
        assert_eq!(times.iter().filter(|&&t| t < 50_000).count(), 250);
    }

    #[test]
    fn poisson_arrivals_have_the_rate_they_were_given_and_scatter() {
        let times = times(Arrivals::Poisson, vec![segment(0, 1000, 10.0, 10.0)]);
        assert!((9_700..10_300).contains(&times.len()), "{}", times.len());
        let gaps: Vec<f64> = times.windows(2).map(|w| (w[1] - w[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let sd = (gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
        assert!((sd / mean - 1.0).abs() < 0.05, "an exponential's deviation is its mean: {sd} {mean}");
    }

    #[test]
    fn a_pause_in_the_load_sends_nothing() {
        let times = times(Arrivals::Constant, vec![segment(0, 1, 0.0, 0.0), segment(1, 2, 1.0, 1.0)]);
        assert_eq!(times, [1500]);
    }

    #[test]
    fn streams_are_merged_in_order_of_time() {
        let streams = [
            stream(Arrivals::Poisson, vec![segment(0, 10, 20.0, 20.0)]),
            stream(Arrivals::Constant, vec![segment(0, 10, 7.0, 7.0)]),
        ];
        let merged: Vec<Arrival> = Timetable::new(&streams, Luck::new(3)).collect();
        assert!(merged.is_sorted() && merged.len() > 200);
    }

    proptest! {
        #[test]
        fn arrivals_never_go_backwards_nor_leave_their_span(
            rates in proptest::collection::vec((0.0f64..50.0, 0.0f64..50.0), 1..5), poisson in any::<bool>(),
        ) {
            let segments: Vec<Segment> = rates.iter().enumerate()
                .map(|(i, &(a, b))| segment(i as u64 * 5, i as u64 * 5 + 5, a, b)).collect();
            let end = segments.len() as u64 * 5_000;
            let arrivals = if poisson { Arrivals::Poisson } else { Arrivals::Constant };
            let times = times(arrivals, segments);
            prop_assert!(times.is_sorted() && times.iter().all(|&t| t < end));
        }
    }
}
