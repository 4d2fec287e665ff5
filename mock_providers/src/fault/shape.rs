//! When a fault is active, for whom, and how strong it is.

use super::{Fault, Shape};
use std::time::Duration;

impl Shape {
    /// A sawtooth of this period.
    #[must_use]
    pub fn sawtooth(period: Duration) -> Self {
        Self::Sawtooth { period }
    }

    /// A day of this length.
    #[must_use]
    pub fn diurnal(period: Duration) -> Self {
        Self::Diurnal { period }
    }
}

impl Fault {
    /// Whether `now` lies between its start (included) and its end.
    #[must_use]
    pub fn active(&self, now: Duration) -> bool {
        self.from <= now && now < self.until
    }

    /// Its strength at `now`, from 0 (nothing at all) to 1; 0 while it is not active.
    #[must_use]
    pub fn strength(&self, now: Duration) -> f64 {
        if !self.active(now) {
            return 0.0;
        }
        let into = now - self.from;
        match self.shape {
            Shape::Step => 1.0,
            Shape::Ramp => into.div_duration_f64(self.until - self.from),
            Shape::Decay => 1.0 - into.div_duration_f64(self.until - self.from),
            Shape::Flap { up, down } => {
                let cycle = (up + down).as_nanos();
                let down_now = cycle > 0 && into.as_nanos() % cycle < down.as_nanos();
                if down_now { 1.0 } else { 0.0 }
            }
            Shape::Sawtooth { period } => turn(into, period),
            Shape::Diurnal { period } => 0.5 - 0.5 * libm::cos(std::f64::consts::TAU * turn(into, period)),
        }
    }
}

/// How far into its current period, from 0 to 1; a period of nothing never moves.
fn turn(into: Duration, period: Duration) -> f64 {
    match period.as_nanos() {
        0 => 0.0,
        period => (into.as_nanos() % period) as f64 / period as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Effect, Pick, Whom};

    fn strengths(shape: Shape, at_ms: &[u64]) -> Vec<f64> {
        let (from, until) = (Duration::from_millis(1000), Duration::from_millis(3000));
        let (whom, pick) = (Whom::default(), Pick::Request);
        let fault = Fault { id: 0, from, until, whom, pick, shape, effect: Effect::Mix(vec![]) };
        at_ms.iter().map(|ms| fault.strength(Duration::from_millis(*ms))).collect()
    }

    #[test]
    fn every_shape_follows_its_table_and_is_nothing_outside_its_time() {
        let at = [999, 1000, 1500, 2000, 2999, 3000];
        let flap = Shape::Flap { up: Duration::from_millis(500), down: Duration::from_millis(250) };
        assert_eq!(strengths(Shape::Step, &at), [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
        assert_eq!(strengths(Shape::Ramp, &at), [0.0, 0.0, 0.25, 0.5, 0.9995, 0.0]);
        assert_eq!(strengths(Shape::Decay, &[999, 1000, 1500, 2000, 3000]), [0.0, 1.0, 0.75, 0.5, 0.0]);
        assert_eq!(
            strengths(flap, &[999, 1000, 1249, 1250, 1749, 1750, 2000, 3000]),
            [0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
        );
        let second = Duration::from_secs(1);
        assert_eq!(
            strengths(Shape::Sawtooth { period: second }, &[999, 1000, 1500, 1750, 2000, 3000]),
            [0.0, 0.0, 0.5, 0.75, 0.0, 0.0]
        );
        let day = strengths(Shape::Diurnal { period: 2 * second }, &[1000, 1500, 2000, 2500]);
        assert!(day.iter().zip([0.0, 0.5, 1.0, 0.5]).all(|(seen, wanted)| (seen - wanted).abs() < 1e-12), "{day:?}");
    }

    #[test]
    fn a_flap_that_never_moves_does_not_divide_by_zero() {
        let still = Shape::Flap { up: Duration::ZERO, down: Duration::ZERO };
        assert_eq!(strengths(still, &[1500]), [0.0]);
    }
}
