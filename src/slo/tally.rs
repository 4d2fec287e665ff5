//! Sums for ratios, counts and money: over everything, and per second.

use super::series::{Series, second};
use super::unit::Value;
use crate::event::Micros;
use std::ops::Range;

/// What the sums mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `part` ÷ `of`.
    Ratio,
    /// `part`; `of` only says that somebody looked.
    Count,
    /// `part` in billionths of a dollar; `of` as in a count.
    Spent,
    /// Such a `part` ÷ `of`.
    SpentEach,
}

/// Sums of `part` and `of`.
#[derive(Debug)]
pub(crate) struct Tally {
    shape: Shape,
    part: u64,
    of: u64,
    seconds: Vec<(u64, u64)>,
}

impl Tally {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, part: 0, of: 0, seconds: Vec::new() }
    }

    pub(crate) fn add(&mut self, when: Micros, part: u64, of: u32) {
        let of = u64::from(of);
        self.part += part;
        self.of += of;
        let second = second(when);
        if second >= self.seconds.len() {
            self.seconds.resize(second + 1, (0, 0));
        }
        if let Some(sums) = self.seconds.get_mut(second) {
            sums.0 += part;
            sums.1 += of;
        }
    }

    /// The value over everything.
    pub(crate) fn total(&self) -> Option<Value> {
        self.value_of(self.part, self.of)
    }

    fn value_of(&self, part: u64, of: u64) -> Option<Value> {
        match self.shape {
            Shape::Ratio => (of > 0).then_some(Value::Ratio { part, of }),
            Shape::Count => (part + of > 0).then_some(Value::Count(part)),
            Shape::Spent => (part + of > 0).then_some(Value::Money { nanodollars: part, of: 1 }),
            Shape::SpentEach => (of > 0).then_some(Value::Money { nanodollars: part, of }),
        }
    }

    /// Whether more samples can only make it greater.
    pub(crate) fn is_sum(&self) -> bool {
        matches!(self.shape, Shape::Count | Shape::Spent)
    }

    fn sums(&self, span: Range<usize>) -> (u64, u64) {
        let end = span.end.min(self.seconds.len());
        let sums = self.seconds.get(span.start.min(end)..end).unwrap_or_default();
        sums.iter().fold((0, 0), |(p, o), (part, of)| (p + part, o + of))
    }
}

impl Series for Tally {
    fn seconds(&self) -> usize {
        self.seconds.len()
    }

    fn samples(&self, span: Range<usize>) -> u64 {
        let (part, of) = self.sums(span);
        match self.shape {
            Shape::Ratio | Shape::SpentEach => of,
            // A sum's worst moment is where most of it is, however few looked.
            Shape::Count | Shape::Spent => part,
        }
    }

    fn value(&self, span: Range<usize>) -> Option<Value> {
        let (part, of) = self.sums(span);
        self.value_of(part, of)
    }

    fn enough(&self, span: Range<usize>) -> bool {
        self.value(span).is_some()
    }
}
