//! Distributions of durations, sampled with keyed luck and rounded to the drill's quantum of 1 ms.

use crate::luck::Draw;
use rand_distr::{Distribution as _, StandardNormal, Uniform};
use std::time::Duration;

/// The quantile of the standard normal distribution at 0.99, which ties a lognormal's p99 to its sigma.
const Z99: f64 = 2.326_347_874_040_841;

/// How a duration varies from draw to draw. All parameters are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Fixed {
        /// The value.
        ms: f64,
    },
    /// Evenly between two bounds.
    Uniform {
        /// Lower bound, included.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// The bell curve, cut off at zero.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// The usual shape of latency: a bulk around the median and a long tail, `exp(N(ln median, σ))`.
    LogNormal {
        /// Median.
        median: f64,
        /// 99th percentile.
        p99: f64,
    },
}

impl Distribution {
    /// A duration that never varies.
    #[must_use]
    pub fn fixed(value: Duration) -> Self {
        Self::Fixed { ms: value.as_secs_f64() * 1e3 }
    }

    /// One draw in milliseconds, not rounded and never negative.
    pub fn sample_ms(&self, draw: &mut Draw) -> f64 {
        match *self {
            Self::Fixed { ms } => ms,
            Self::Uniform { low, high } => Uniform::new(low, high).map_or(low, |u| u.sample(draw)),
            Self::Normal { mean, sd } => {
                let z: f64 = StandardNormal.sample(draw);
                (mean + sd * z).max(0.0)
            }
            Self::LogNormal { median, p99 } => {
                let z: f64 = StandardNormal.sample(draw);
                let sigma = libm::log(p99 / median) / Z99;
                median * libm::exp(sigma * z)
            }
        }
    }

    /// One draw, rounded to whole milliseconds.
    pub fn sample(&self, draw: &mut Draw) -> Duration {
        Duration::from_millis(libm::round(self.sample_ms(draw)) as u64)
    }

    /// The middle of the distribution in milliseconds.
    #[must_use]
    pub fn median_ms(&self) -> f64 {
        match *self {
            Self::Fixed { ms } => ms,
            Self::Uniform { low, high } => f64::midpoint(low, high),
            Self::Normal { mean, .. } => mean,
            Self::LogNormal { median, .. } => median,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::luck::Luck;

    fn quantiles(d: Distribution) -> (f64, f64) {
        let luck = Luck::new(7);
        let mut drawn: Vec<f64> = (0..20_000).map(|i| d.sample_ms(&mut luck.draw("t", &[], &[i]))).collect();
        drawn.sort_by(f64::total_cmp);
        (drawn[10_000], drawn[19_800])
    }

    #[test]
    fn a_lognormal_has_the_median_and_the_p99_it_was_given() {
        let (median, p99) = quantiles(Distribution::LogNormal { median: 350.0, p99: 1200.0 });
        assert!((median - 350.0).abs() < 10.0, "median {median}");
        assert!((p99 - 1200.0).abs() < 100.0, "p99 {p99}");
    }

    #[test]
    fn a_uniform_stays_inside_its_bounds_and_a_fixed_one_never_varies() {
        let (median, p99) = quantiles(Distribution::Uniform { low: 100.0, high: 200.0 });
        assert!((median - 150.0).abs() < 3.0 && p99 < 200.0);
        assert_eq!(quantiles(Distribution::Fixed { ms: 5.0 }), (5.0, 5.0));
    }

    #[test]
    fn a_normal_is_cut_off_at_zero() {
        let d = Distribution::Normal { mean: 1.0, sd: 50.0 };
        let luck = Luck::new(7);
        assert!((0..1000).all(|i| d.sample_ms(&mut luck.draw("t", &[], &[i])) >= 0.0));
    }
}
