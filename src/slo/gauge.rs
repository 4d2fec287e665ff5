//! One assertion while it is being measured: which samples it takes, what they come to, and how it stands. The final
//! word is `judge`'s.

use super::assertion::{Interval, Op, Side, Slo};
use super::explain::{Offenders, Verdict};
use super::facts::Facts;
use super::metric::{Ground, Hear, Lap, Meter, Note, Reading, Sample, Stopwatch, Targets};
use super::series::{Bar, Series};
use super::tally::{Shape, Tally};
use super::times::Times;
use super::unit::{Amount, Value};
use super::window::Windows;
use crate::event::Micros;
use crate::stats::snapshot::{SloView, Standing};

pub(crate) struct Gauge {
    pub(super) slo: Slo,
    pub(super) bar: Bar,
    interval: Interval,
    targets: Option<Targets>,
    pub(super) measure: Measure,
    pub(super) windows: Option<Windows>,
    pub(super) broke_at: Option<Micros>,
    pub(super) offenders: Offenders,
}

pub(super) enum Measure {
    Tally(Hear, Tally),
    Times(Hear, Times),
    Clock(Box<dyn Stopwatch>),
}

impl Gauge {
    pub(crate) fn new(slo: &Slo, facts: &Facts) -> Self {
        let interval = facts.interval(&slo.scope.part);
        let ground = Ground {
            targets: &facts.targets,
            places: &facts.places,
            causes: &facts.causes,
            budgets: &facts.budgets,
            interval,
        };
        let limit = match slo.limit.amount {
            Amount::Time(t) => t,
            Amount::Billionths(_) => Micros(0),
        };
        let measure = match (slo.metric.family.meter)(&slo.metric.argument, &ground) {
            Meter::Ratio(hear) => Measure::Tally(hear, Tally::new(Shape::Ratio)),
            Meter::Count(hear) => Measure::Tally(hear, Tally::new(Shape::Count)),
            Meter::Spent(hear) => Measure::Tally(hear, Tally::new(Shape::Spent)),
            Meter::SpentEach(hear) => Measure::Tally(hear, Tally::new(Shape::SpentEach)),
            Meter::Times(percentile, hear) => Measure::Times(hear, Times::new(percentile, limit)),
            Meter::Clock(stopwatch) => Measure::Clock(stopwatch),
        };
        let covered = |subject: &super::assertion::Subject| facts.targets.iter().map(|t| subject.covers(t)).collect();
        Self {
            slo: slo.clone(),
            bar: Bar { op: slo.op, limit: slo.limit.amount, good: slo.good_side() },
            interval,
            targets: slo.filter.target.as_ref().map(|s| Targets(covered(s))),
            measure,
            windows: slo.scope.window.map(|seconds| Windows::new(seconds, interval.until(facts.end()))),
            broke_at: None,
            offenders: Offenders::default(),
        }
    }

    pub(crate) fn slo(&self) -> &Slo {
        &self.slo
    }

    /// Takes note of an event; `ours` says whether its request has the labels asked for. A meter hears of strangers
    /// too, because what it remembers of a target does not depend on labels.
    pub(crate) fn hear(&mut self, note: &Note<'_>, ours: bool) {
        let sample = match &mut self.measure {
            Measure::Clock(stopwatch) => return stopwatch.hear(note),
            Measure::Tally(hear, _) | Measure::Times(hear, _) => hear(note),
        };
        if let Some(sample) = sample
            && ours
            && self.interval.contains(sample.when)
            && self.concerns(&sample)
        {
            self.add(note, &sample);
        }
    }

    fn concerns(&self, sample: &Sample) -> bool {
        self.targets.as_ref().is_none_or(|targets| sample.target.is_some_and(|t| targets.contains(t)))
    }

    fn add(&mut self, note: &Note<'_>, sample: &Sample) {
        let bar = self.bar;
        let (offence, holds) = match (&mut self.measure, sample.reading) {
            (Measure::Tally(_, tally), Reading::Part { part, of, weight }) => {
                tally.add(sample.when, part, of);
                let offends = match bar.good {
                    Side::High => part < u64::from(of),
                    Side::Low => part > 0,
                };
                (offends.then_some(weight), tally.total().is_none_or(|v| bar.holds(v)))
            }
            (Measure::Times(_, times), Reading::Time(time)) => {
                times.add(sample.when, time);
                let offends = !bar.holds(Value::Time(time));
                let weight = if bar.good == Side::Low { time.0 } else { u64::MAX - time.0 };
                (offends.then_some(weight), times.to_limit().is_none_or(|o| bar.op.holds(o)))
            }
            _ => return,
        };
        if let (Some(weight), Some(request)) = (offence, note.request) {
            self.offenders.add(weight, request);
        }
        if holds {
            self.broke_at = None;
        } else if self.broke_at.is_none() {
            self.broke_at = Some(note.at);
        }
        if let Some(windows) = &mut self.windows {
            match &self.measure {
                Measure::Tally(_, tally) => windows.settle(note.at, tally, bar),
                Measure::Times(_, times) => windows.settle(note.at, times, bar),
                Measure::Clock(_) => {}
            }
        }
    }

    /// How it stands now; `over` says that the log is complete.
    pub(crate) fn view(&self, now: Micros, over: bool) -> SloView {
        let (value, standing) = match &self.measure {
            Measure::Clock(stopwatch) => self.clock_standing(&stopwatch.read(now, over), now),
            _ if over => {
                let (value, verdict, _) = self.judge();
                let standing = match verdict {
                    Verdict::Pass => Standing::Holding,
                    Verdict::Fail => Standing::Violated,
                    Verdict::Inconclusive => Standing::Pending,
                };
                (value, standing)
            }
            Measure::Tally(_, tally) => {
                let value = self.windows_so_far(tally, now).unwrap_or_else(|| tally.total());
                (value, value.map_or(Standing::Pending, |v| self.tally_standing(tally, v)))
            }
            Measure::Times(_, times) => match self.windows_so_far(times, now) {
                Some(value) => (value, value.map_or(Standing::Pending, |v| standing(self.bar.holds(v)))),
                None => {
                    let enough = times.percentile().enough(times.count());
                    let side = times.to_limit().filter(|_| enough);
                    (times.roughly(), side.map_or(Standing::Pending, |o| standing(self.bar.op.holds(o))))
                }
            },
        };
        SloView {
            text: self.slo.text.clone(),
            value: value.map(|v| v.show(&self.slo.limit)),
            limit: self.slo.limit.text.clone(),
            standing,
        }
    }

    /// The value of the worst window that is over, if it is about windows.
    fn windows_so_far(&self, series: &dyn Series, now: Micros) -> Option<Option<Value>> {
        let windows = self.windows.as_ref()?;
        Some(windows.so_far(now, series, self.bar).window.map(|(_, value)| value))
    }

    /// A sum can still grow, so one that is too small has not failed yet.
    fn tally_standing(&self, tally: &Tally, value: Value) -> Standing {
        if self.bar.holds(value) {
            return Standing::Holding;
        }
        let may_grow = match self.bar.op {
            Op::Ge | Op::Gt | Op::Ne => true,
            Op::Eq => value.compare(self.bar.limit).is_lt(),
            Op::Le | Op::Lt => false,
        };
        if tally.is_sum() && may_grow && self.windows.is_none() { Standing::Pending } else { Standing::Violated }
    }

    pub(super) fn clock_standing(&self, lap: &Lap, now: Micros) -> (Option<Value>, Standing) {
        match *lap {
            Lap::Idle(_) => (None, Standing::Pending),
            Lap::Took { took, .. } => {
                let value = Value::Time(took);
                (Some(value), standing(self.bar.holds(value)))
            }
            Lap::Never { .. } => (Some(Value::Never), Standing::Violated),
            Lap::Refuted { .. } => (None, Standing::Violated),
            Lap::Running { since } => {
                let value = Value::Time(now.since(since));
                let hopeless = matches!(self.bar.op, Op::Lt | Op::Le | Op::Eq) && value.compare(self.bar.limit).is_gt()
                    || self.bar.op == Op::Lt && value.compare(self.bar.limit).is_eq();
                (Some(value), if hopeless { Standing::Violated } else { Standing::Pending })
            }
        }
    }
}

fn standing(holds: bool) -> Standing {
    if holds { Standing::Holding } else { Standing::Violated }
}

#[cfg(test)]
#[path = "gauge_tests.rs"]
mod tests;
