//! The text exposition format of Prometheus, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
//!
//! Series are kept and written in the order of their labels. The number of labels is part of the type, so every series
//! of a metric has the same ones.

use crate::event::{Micros, Name};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a metric is called and what it is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<const N: usize> {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    /// In alphabetical order.
    pub(super) labels: [&'static str; N],
}

impl<const N: usize> About<N> {
    fn head(&self, kind: &str, out: &mut String) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "# HELP {} {}\n# TYPE {} {kind}", self.name, self.help, self.name);
    }

    /// `{a="x",b="y"}`, with `le` last where there is one; nothing at all without labels.
    fn labels(&self, values: &[Name; N], le: Option<&str>) -> String {
        let own = self.labels.iter().zip(values).map(|(label, value)| (*label, &**value));
        let pairs: Vec<String> = own
            .chain(le.map(|le| ("le", le)))
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
            .collect();
        if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// Counts that only grow.
#[derive(Debug)]
pub(super) struct Counter<const N: usize> {
    about: About<N>,
    /// Digits of a count that stand behind the point.
    decimals: usize,
    series: BTreeMap<[Name; N], u64>,
}

impl<const N: usize> Counter<N> {
    pub(super) fn new(about: About<N>) -> Self {
        Self { about, decimals: 0, series: BTreeMap::new() }
    }

    /// What is added is so many billionths of the unit.
    pub(super) fn of_billionths(about: About<N>) -> Self {
        Self { decimals: 9, ..Self::new(about) }
    }

    pub(super) fn add(&mut self, labels: [Name; N], n: u64) {
        *self.series.entry(labels).or_default() += n;
    }

    pub(super) fn write(&self, out: &mut String) {
        self.about.head("counter", out);
        for (labels, n) in &self.series {
            let n = decimal(*n, self.decimals);
            let _ = writeln!(out, "{}{} {n}", self.about.name, self.about.labels(labels, None));
        }
    }
}

/// Values that go up and down.
#[derive(Debug)]
pub(super) struct Gauge<const N: usize> {
    about: About<N>,
    decimals: usize,
    series: BTreeMap<[Name; N], u64>,
}

impl<const N: usize> Gauge<N> {
    pub(super) fn new(about: About<N>) -> Self {
        Self { about, decimals: 0, series: BTreeMap::new() }
    }

    pub(super) fn of_billionths(about: About<N>) -> Self {
        Self { decimals: 9, ..Self::new(about) }
    }

    pub(super) fn set(&mut self, labels: [Name; N], value: u64) {
        self.series.insert(labels, value);
    }

    pub(super) fn write(&self, out: &mut String) {
        self.about.head("gauge", out);
        for (labels, value) in &self.series {
            let value = decimal(*value, self.decimals);
            let _ = writeln!(out, "{}{} {value}", self.about.name, self.about.labels(labels, None));
        }
    }
}

/// How times are distributed. They are added up in microseconds, so that no order of adding matters.
#[derive(Debug)]
pub(super) struct Histogram<const N: usize> {
    about: About<N>,
    /// Upper bounds in milliseconds, included, ascending.
    bounds: &'static [u64],
    series: BTreeMap<[Name; N], Times>,
}

#[derive(Debug, Clone)]
struct Times {
    /// One more than there are bounds: the last is for what is longer than all of them.
    buckets: Vec<u64>,
    sum: Micros,
}

impl<const N: usize> Histogram<N> {
    pub(super) fn new(about: About<N>, bounds: &'static [u64]) -> Self {
        Self { about, bounds, series: BTreeMap::new() }
    }

    pub(super) fn observe(&mut self, labels: [Name; N], time: Micros) {
        let bounds = self.bounds;
        let empty = || Times { buckets: vec![0; bounds.len() + 1], sum: Micros(0) };
        let times = self.series.entry(labels).or_insert_with(empty);
        times.buckets[bounds.partition_point(|ms| ms * 1000 < time.0)] += 1;
        times.sum.0 += time.0;
    }

    pub(super) fn write(&self, out: &mut String) {
        self.about.head("histogram", out);
        let name = self.about.name;
        for (labels, times) in &self.series {
            let mut count = 0;
            let bounds = self.bounds.iter().map(|ms| seconds(Micros(ms * 1000))).chain(["+Inf".to_owned()]);
            for (n, bound) in times.buckets.iter().zip(bounds) {
                count += n;
                let _ = writeln!(out, "{name}_bucket{} {count}", self.about.labels(labels, Some(&bound)));
            }
            let labels = self.about.labels(labels, None);
            let _ = writeln!(out, "{name}_sum{labels} {}\n{name}_count{labels} {count}", seconds(times.sum));
        }
    }
}

/// Exactly so many seconds: `0.25`, `12`.
fn seconds(time: Micros) -> String {
    decimal(time.0, 6)
}

/// A whole number with its last digits behind the point, and none of them there for nothing.
fn decimal(n: u64, decimals: usize) -> String {
    if decimals == 0 {
        return n.to_string();
    }
    let digits = format!("{n:0width$}", width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    format!("{whole}.{rest}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About<1> = About { name: "x_seconds", help: "Time.", labels: ["who"] };

    #[test]
    fn a_time_counts_in_its_own_bucket_and_in_all_above() {
        let mut histogram = Histogram::new(ABOUT, &[10, 250]);
        for us in [10_000, 10_001, 250_000, 250_001] {
            histogram.observe(["me".into()], Micros(us));
        }
        let mut text = String::new();
        histogram.write(&mut text);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "x_seconds_bucket{who=\"me\",le=\"0.01\"} 1",
                "x_seconds_bucket{who=\"me\",le=\"0.25\"} 3",
                "x_seconds_bucket{who=\"me\",le=\"+Inf\"} 4",
                "x_seconds_sum{who=\"me\"} 0.520002",
                "x_seconds_count{who=\"me\"} 4",
            ]
        );
    }

    #[test]
    fn money_is_written_to_the_last_billionth() {
        let written: Vec<String> = [0, 1, 250_000_000, 12_000_000_000].map(|n| decimal(n, 9)).to_vec();
        assert_eq!(written, ["0", "0.000000001", "0.25", "12"]);
    }

    #[test]
    fn what_stands_in_a_label_cannot_break_out_of_it() {
        let mut counter = Counter::new(About { name: "x_total", ..ABOUT });
        counter.add(["a\"b\\c\nd".into()], 2);
        let mut text = String::new();
        counter.write(&mut text);
        assert_eq!(text.lines().last(), Some(r#"x_total{who="a\"b\\c\nd"} 2"#));
    }
}
