//! Latencies in an HDR histogram: microseconds, three significant digits, up to an hour.

use super::snapshot::LatencyView;
use crate::event::Micros;
use hdrhistogram::Histogram;

const HOUR_US: u64 = 3_600_000_000;

/// Buckets per power of ten in what is shown.
const PER_DECADE: f64 = 8.0;

/// Recorded latencies.
#[derive(Debug, Clone)]
pub struct Latencies {
    histogram: Option<Histogram<u64>>,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { histogram: Histogram::new_with_bounds(1, HOUR_US, 3).ok() }
    }
}

impl Latencies {
    /// Records one latency; what is longer than an hour counts as an hour.
    pub fn record(&mut self, latency: Micros) {
        if let Some(histogram) = &mut self.histogram {
            histogram.saturating_record(latency.0.clamp(1, HOUR_US));
        }
    }

    /// Reduced to what is shown.
    #[must_use]
    pub fn view(&self) -> LatencyView {
        let Some(h) = self.histogram.as_ref().filter(|h| !h.is_empty()) else { return LatencyView::default() };
        let ms = |us: u64| us as f64 / 1e3;
        LatencyView {
            count: h.len(),
            p50: ms(h.value_at_quantile(0.5)),
            p95: ms(h.value_at_quantile(0.95)),
            p99: ms(h.value_at_quantile(0.99)),
            max: ms(h.max()),
            buckets: Self::buckets(h),
        }
    }

    fn buckets(h: &Histogram<u64>) -> Vec<(f64, u64)> {
        let place = |us: u64| libm::floor(libm::log10(us.max(1) as f64) * PER_DECADE) as i32;
        let upper = |place: i32| libm::exp10(f64::from(place + 1) / PER_DECADE) / 1e3;
        let mut buckets: Vec<(f64, u64)> = (place(h.min())..=place(h.max())).map(|p| (upper(p), 0)).collect();
        let first = place(h.min());
        for value in h.iter_recorded() {
            let at = (place(value.value_iterated_to()) - first).clamp(0, buckets.len() as i32 - 1);
            buckets[at as usize].1 += value.count_at_value();
        }
        buckets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_thousandth_of_the_samples() {
        let mut l = Latencies::default();
        for ms in 1..=1000u64 {
            l.record(Micros(ms * 1000));
        }
        let view = l.view();
        for (found, expected) in [(view.p50, 500.0), (view.p95, 950.0), (view.p99, 990.0), (view.max, 1000.0)] {
            assert!((found - expected).abs() <= expected / 1000.0 * 1.01, "{found} {expected}");
        }
    }

    #[test]
    fn the_buckets_hold_every_sample_once_and_without_a_gap() {
        let mut l = Latencies::default();
        for us in [900, 1_000, 1_000, 250_000, 9_000_000, HOUR_US * 2] {
            l.record(Micros(us));
        }
        let view = l.view();
        assert_eq!(view.buckets.iter().map(|b| b.1).sum::<u64>(), 6);
        assert!(view.buckets.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn without_samples_there_is_nothing_to_show() {
        assert_eq!(Latencies::default().view(), LatencyView::default());
    }
}
