//! The final judgement of a gauge: pass, fail or inconclusive, and why.

use super::assertion::{Op, Part, Side};
use super::explain::{Explanation, Moment, SloResult, Verdict};
use super::gauge::{Gauge, Measure};
use super::metric::{Lap, Stopwatch};
use super::series::{Series, start_of, worst_bucket};
use super::unit::{Amount, Limit, Value};
use super::window::Worst;
use crate::event::Micros;
use crate::stats::snapshot::Standing;
use std::ops::Range;

/// A value, what it means, and why if it does not pass.
pub(super) type Judgement = (Option<Value>, Verdict, Option<Explanation>);

impl Gauge {
    /// What became of it.
    pub(crate) fn result(&self, now: Micros, over: bool) -> SloResult {
        let (value, verdict, why) = match &self.measure {
            Measure::Clock(stopwatch) => self.judge_clock(stopwatch.as_ref(), now, over),
            _ => self.judge(),
        };
        SloResult {
            text: self.slo.text.clone(),
            verdict,
            value: value.map(|v| v.show(&self.slo.limit)),
            limit: self.slo.limit.text.clone(),
            why,
        }
    }

    /// Judges what is not a span of time.
    pub(super) fn judge(&self) -> Judgement {
        let series: &dyn Series = match &self.measure {
            Measure::Tally(_, tally) => tally,
            Measure::Times(_, times) => times,
            Measure::Clock(_) => return (None, Verdict::Inconclusive, None),
        };
        let (worst, value) = match &self.windows {
            Some(windows) => {
                let worst = windows.finally(series, self.bar);
                let value = worst.window.as_ref().map(|(_, v)| *v);
                (Some(worst), value)
            }
            None => (None, series.value(0..series.seconds())),
        };
        let inconclusive = |value, why: String| (value, Verdict::Inconclusive, Some(Explanation::sentence(why)));
        let Some(found) = value else {
            return inconclusive(None, self.no_samples(series));
        };
        if let Measure::Times(_, times) = &self.measure
            && self.windows.is_none()
            && !times.percentile().enough(times.count())
        {
            let (n, needed) = (times.count(), times.percentile().needed());
            return inconclusive(value, format!("{needed} samples are needed for this percentile, there are {n}"));
        }
        if self.bar.holds(found) {
            return (value, Verdict::Pass, None);
        }
        (value, Verdict::Fail, Some(self.explain(found, series, worst)))
    }

    fn no_samples(&self, series: &dyn Series) -> String {
        if self.windows.is_some() && series.seconds() > 0 {
            return "no window had samples enough to be judged".to_owned();
        }
        let place = match &self.slo.scope.part {
            Part::Whole => "in this drill".to_owned(),
            Part::During(phase) => format!("during {phase}"),
            Part::After(phase) => format!("after {phase}"),
        };
        format!("no samples: nothing to measure it on happened {place}")
    }

    fn explain(&self, value: Value, series: &dyn Series, windows: Option<Worst>) -> Explanation {
        let limit = &self.slo.limit;
        let span = |r: Range<usize>| (start_of(r.start), start_of(r.end));
        let moment = |(range, value): (Range<usize>, Value)| {
            let (from, until) = span(range);
            Moment { from, until, value: value.show(limit) }
        };
        let (broke_at, worst) = match windows {
            Some(windows) => (windows.first_bad.map(|w| span(w).1), windows.window),
            None => (self.broke_at, worst_bucket(series, self.bar)),
        };
        // Too few of something has no worst moment.
        let missing = matches!(&self.measure, Measure::Tally(_, t) if t.is_sum()) && self.bar.good == Side::High;
        Explanation {
            summary: wanted(value, self.slo.op, limit),
            broke_at: broke_at.filter(|_| !missing),
            worst: worst.filter(|_| !missing).map(moment),
            requests: self.offenders.list(),
        }
    }

    fn judge_clock(&self, stopwatch: &dyn Stopwatch, now: Micros, over: bool) -> Judgement {
        let (value, since) = match stopwatch.read(now, over) {
            Lap::Idle(why) => return (None, Verdict::Inconclusive, Some(Explanation::sentence(why))),
            Lap::Refuted { at, what } => {
                let why = Explanation { broke_at: Some(at), ..Explanation::sentence(what) };
                return (None, Verdict::Fail, Some(why));
            }
            Lap::Took { since, took } => (Value::Time(took), since),
            Lap::Never { since } => (Value::Never, since),
            Lap::Running { since } => {
                let elapsed = Value::Time(now.since(since));
                if self.clock_standing(&Lap::Running { since }, now).1 == Standing::Pending {
                    let why = Explanation::sentence("the drill was cut off before this could be known");
                    return (Some(elapsed), Verdict::Inconclusive, Some(why));
                }
                (elapsed, since)
            }
        };
        if self.bar.holds(value) {
            return (Some(value), Verdict::Pass, None);
        }
        let deadline = match self.slo.limit.amount {
            Amount::Time(limit) if self.bar.good == Side::Low => Some(Micros(since.0.saturating_add(limit.0))),
            _ => None,
        };
        let why = Explanation {
            summary: wanted(value, self.slo.op, &self.slo.limit),
            broke_at: deadline,
            worst: None,
            requests: stopwatch.requests(),
        };
        (Some(value), Verdict::Fail, Some(why))
    }
}

fn wanted(value: Value, op: Op, limit: &Limit) -> String {
    format!("{}, wanted {} {}", value.show(limit), op.as_str(), limit.text)
}
