//! The delay family: answers that come later than usual.
//!
//! Delays of several faults add up; a shape scales each delay, not the share of requests that meet it.

use crate::dist::Distribution;
use crate::luck::Draw;
use std::time::Duration;

/// The extra wait before each token after the first, as the sum of what all active faults ask for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slowness {
    parts: Vec<(Distribution, f64, Draw)>,
}

impl Slowness {
    /// Adds what one fault asks for, scaled by its strength and drawn from its own luck.
    pub fn add(&mut self, distribution: Distribution, strength: f64, draw: Draw) {
        self.parts.push((distribution, strength, draw));
    }

    /// The wait before the next token in milliseconds, not rounded.
    pub fn next_ms(&mut self) -> f64 {
        self.parts.iter_mut().map(|(distribution, strength, draw)| distribution.sample_ms(draw) * *strength).sum()
    }
}

/// One delay, scaled and rounded to whole milliseconds.
pub(crate) fn sample(distribution: Option<&Distribution>, strength: f64, draw: &mut Draw) -> Duration {
    distribution.map_or(Duration::ZERO, |d| Duration::from_millis(libm::round(d.sample_ms(draw) * strength) as u64))
}
