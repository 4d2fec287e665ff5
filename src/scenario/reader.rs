//! Reads typed values out of the located tree and collects every problem on the way.
//!
//! Rules: a reader that finds something wrong reports it once and yields `None`; whoever gets `None` for a value that
//! is there stays quiet. The keys that a mapping may have are those its reader asks for, so the list in the message
//! cannot go stale.

use super::problem::{Problem, Severity};
use super::source::{At, Source, Span};
use super::units::{self, Wrong};
use super::yaml::{Entry, Node, Value};
use crate::event::Nanodollars;
use crate::words;
use mock_providers::Distribution;
use mock_providers::limits::Limit;
use std::cell::RefCell;
use std::time::Duration;

/// Where problems are collected.
pub(crate) struct Sink<'s> {
    pub(crate) source: &'s Source,
    problems: RefCell<Vec<Problem>>,
    /// How many of them were there before anything was read.
    of_form: usize,
}

impl<'s> Sink<'s> {
    /// Starts with the problems of form that the tree came with.
    pub(crate) fn new(source: &'s Source, problems: Vec<Problem>) -> Self {
        Self { source, of_form: problems.len(), problems: RefCell::new(problems) }
    }

    /// What has the wrong form has no sense to complain about.
    pub(crate) fn push(&self, problem: Problem) {
        let mut problems = self.problems.borrow_mut();
        if !problems.iter().take(self.of_form).any(|p| p.start() == problem.start()) {
            problems.push(problem);
        }
    }

    pub(crate) fn error(&self, at: &Span, message: impl Into<String>, help: impl Into<Option<String>>) {
        let mut problem = Problem::error(self.source, at, message);
        problem.help = help.into();
        self.push(problem);
    }

    pub(crate) fn warning(&self, at: &Span, message: impl Into<String>, help: impl Into<Option<String>>) {
        let mut problem = Problem::warning(self.source, at, message);
        problem.help = help.into();
        self.push(problem);
    }

    pub(crate) fn failed(&self) -> bool {
        self.problems.borrow().iter().any(|p| p.severity == Severity::Error)
    }

    /// All problems in the order of the file.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(Problem::start);
        problems
    }

    fn expected(&self, node: &Node, what: &str, help: impl Into<Option<String>>) {
        self.error(&node.at, format!("expected {what}, found {}", node.value.kind()), help);
    }

    fn unit<T>(&self, node: &Node, what: &str, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<At<T>> {
        let text = match &node.value {
            Value::Text(text) => text.as_str(),
            Value::Int(_) | Value::Float(_) => self.source.slice(&node.at),
            _ => {
                self.expected(node, what, None);
                return None;
            }
        };
        match parse(text) {
            Ok(value) => Some(At::new(value, node.at.clone())),
            Err(wrong) => {
                self.error(&node.at, wrong.message, wrong.help);
                None
            }
        }
    }

    pub(crate) fn duration(&self, node: &Node) -> Option<At<Duration>> {
        self.unit(node, "a duration such as `5s`", units::duration)
    }

    /// A duration above zero.
    pub(crate) fn positive_duration(&self, node: &Node) -> Option<At<Duration>> {
        self.unit(node, "a duration such as `5s`", |text| match units::duration(text)? {
            Duration::ZERO => Err(Wrong::new("this must be longer than zero", "write `250ms`, `5s`, `2m` or `1h`")),
            duration => Ok(duration),
        })
    }

    pub(crate) fn rate(&self, node: &Node) -> Option<At<f64>> {
        self.unit(node, "a rate such as `20/s`", |text| units::rate(text, units::MAX_RATE))
    }

    /// So many requests or tokens per window.
    pub(crate) fn limit(&self, node: &Node) -> Option<At<Limit>> {
        self.unit(node, "a limit such as `3000/min`", units::limit)
    }

    /// So much money.
    pub(crate) fn money(&self, node: &Node) -> Option<At<Nanodollars>> {
        self.unit(node, "an amount such as `$5`", units::money)
    }

    /// So much money per window.
    pub(crate) fn budget(&self, node: &Node) -> Option<At<(Nanodollars, Duration)>> {
        self.unit(node, "a budget such as `$5/h`", units::budget)
    }

    pub(crate) fn share(&self, node: &Node) -> Option<At<f64>> {
        self.unit(node, "a share such as `50%`", units::share)
    }

    /// A share above zero.
    pub(crate) fn positive_share(&self, node: &Node) -> Option<At<f64>> {
        self.unit(node, "a share such as `50%`", |text| match units::share(text)? {
            share if share <= 0.0 => Err(Wrong::new("this must be more than zero", "write a share as `50%`")),
            share => Ok(share),
        })
    }

    /// A share, or a number from 0 to 1.
    pub(crate) fn score(&self, node: &Node) -> Option<At<f64>> {
        match node.value {
            Value::Float(n) if (0.0..=1.0).contains(&n) => Some(At::new(n, node.at.clone())),
            Value::Int(n @ 0..=1) => Some(At::new(n as f64, node.at.clone())),
            Value::Float(_) | Value::Int(_) => {
                self.error(&node.at, "this must lie between 0 and 1", Some("write `0.93` or `93%`".to_owned()));
                None
            }
            _ => self.share(node),
        }
    }

    pub(crate) fn size(&self, node: &Node) -> Option<At<u32>> {
        self.unit(node, "a size such as `128k`", units::size)
    }

    pub(crate) fn distribution(&self, node: &Node) -> Option<At<Distribution>> {
        self.unit(node, "a duration or a distribution of durations", units::distribution)
    }

    /// A size, or a distribution of sizes.
    pub(crate) fn sizes(&self, node: &Node) -> Option<At<Distribution>> {
        self.unit(node, "a size or a distribution of sizes", units::sizes)
    }

    /// A number between two bounds, both included.
    pub(crate) fn number(&self, node: &Node, low: f64, high: f64) -> Option<At<f64>> {
        let n = match node.value {
            Value::Int(n) => n as f64,
            Value::Float(n) => n,
            _ => {
                self.expected(node, "a number", None);
                return None;
            }
        };
        if (low..=high).contains(&n) {
            return Some(At::new(n, node.at.clone()));
        }
        self.error(&node.at, format!("this must lie between {low} and {high}"), None);
        None
    }

    /// A whole number between two bounds, both included.
    pub(crate) fn count(&self, node: &Node, low: u64, high: u64) -> Option<At<u64>> {
        let Value::Int(n) = node.value else {
            self.expected(node, "a whole number", None);
            return None;
        };
        match u64::try_from(n) {
            Ok(n) if (low..=high).contains(&n) => Some(At::new(n, node.at.clone())),
            _ => {
                self.error(&node.at, format!("this must lie between {low} and {high}"), None);
                None
            }
        }
    }

    /// As [`Sink::count`], for counts that fit 32 bits.
    pub(crate) fn count32(&self, node: &Node, low: u32, high: u32) -> Option<At<u32>> {
        let n = self.count(node, low.into(), high.into())?;
        Some(At::new(u32::try_from(n.value).unwrap_or(high), n.at))
    }

    /// As [`Sink::count`], for counts that fit 16 bits.
    pub(crate) fn count16(&self, node: &Node, low: u16, high: u16) -> Option<At<u16>> {
        let n = self.count(node, low.into(), high.into())?;
        Some(At::new(u16::try_from(n.value).unwrap_or(high), n.at))
    }

    pub(crate) fn boolean(&self, node: &Node) -> Option<At<bool>> {
        match node.value {
            Value::Bool(b) => Some(At::new(b, node.at.clone())),
            _ => {
                self.expected(node, "`true` or `false`", None);
                None
            }
        }
    }

    /// Any scalar, as it was written.
    pub(crate) fn text(&self, node: &Node) -> Option<At<String>> {
        let text = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => self.source.slice(&node.at).to_owned(),
            _ => {
                self.expected(node, "a text", None);
                return None;
            }
        };
        Some(At::new(text, node.at.clone()))
    }

    /// A name: of a phase, a tenant, a chain.
    pub(crate) fn name(&self, node: &Node) -> Option<At<String>> {
        let name = self.text(node)?;
        self.checked_name(&name.value, &name.at).then_some(name)
    }

    /// One name or a list of them, each once.
    pub(crate) fn names(&self, node: &Node) -> Vec<At<String>> {
        let mut names: Vec<At<String>> = Vec::new();
        for name in self.one_or_more(node).iter().filter_map(|n| self.name(n)) {
            if names.iter().any(|known| known.value == name.value) {
                let message = format!("`{}` is there twice", name.value);
                self.error(&name.at, message, Some("keep one of the two".to_owned()));
            } else {
                names.push(name);
            }
        }
        names
    }

    /// Whether a text can be a name; reports it otherwise.
    pub(crate) fn checked_name(&self, name: &str, at: &Span) -> bool {
        let fits = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b));
        if !fits {
            let help = "a name has up to 64 letters, digits and `_-.:`, and starts with a letter or digit";
            self.error(at, format!("{} cannot be a name", units::shown(name)), Some(help.to_owned()));
        }
        fits
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<At<T>> {
        let names = || words.iter().map(|(name, _)| *name);
        let Value::Text(text) = &node.value else {
            let names: Vec<&str> = names().collect();
            self.expected(node, what, Some(format!("one of: {}", words::list(names.iter().copied()))));
            return None;
        };
        if let Some((_, value)) = words.iter().find(|(name, _)| name == text) {
            return Some(At::new(*value, node.at.clone()));
        }
        self.error(&node.at, format!("{} is not {what}", units::shown(text)), words::help(text, names()));
        None
    }

    pub(crate) fn list<'n>(&self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(list) => Some(list),
            _ => {
                self.expected(node, &format!("a list of {what}"), None);
                None
            }
        }
    }

    /// One scalar or a list of them.
    pub(crate) fn one_or_more<'n>(&self, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(list) => list,
            _ => std::slice::from_ref(node),
        }
    }

    /// The lines of a mapping; nothing at all counts as an empty one.
    pub(crate) fn entries<'n>(&self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        match &node.value {
            Value::Map(entries) => Some(entries),
            Value::Null => Some(&[]),
            _ => {
                self.expected(node, &format!("{what}, a mapping"), None);
                None
            }
        }
    }

    /// A mapping with known keys.
    pub(crate) fn fields<'n>(&'n self, node: &'n Node, what: &'static str) -> Option<Fields<'n>> {
        let entries = self.entries(node, what)?;
        Some(Fields { sink: self, what, entries, at: node.at.clone(), known: Vec::new() })
    }
}

/// A mapping being read, key by key.
pub(crate) struct Fields<'n> {
    sink: &'n Sink<'n>,
    what: &'static str,
    entries: &'n [Entry],
    /// Where the mapping stands.
    pub(crate) at: Span,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Points complaints about the mapping as a whole somewhere else, as to its name.
    pub(crate) fn named(mut self, at: &Span) -> Self {
        self.at = at.clone();
        self
    }

    fn entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.known.push(key);
        self.entries.iter().find(|e| e.key.value == key)
    }

    /// The value of a key, if it is there.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'n Node> {
        self.entry(key).map(|e| &e.value)
    }

    /// The key itself, if it is there.
    pub(crate) fn key(&self, key: &str) -> Option<Span> {
        self.entries.iter().find(|e| e.key.value == key).map(|e| e.key.at.clone())
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&mut self, key: &'static str, example: &str) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("`{key}` is missing in {}", self.what);
            self.sink.error(&self.at, message, Some(format!("add `{example}`")));
        }
        found
    }

    /// Complains about every key that nobody asked for; whether there was none.
    pub(crate) fn finish(self) -> bool {
        let unknown = || self.entries.iter().filter(|e| !self.known.contains(&e.key.value.as_str()));
        for entry in unknown() {
            let written = &entry.key.value;
            let message = format!("{} does not have a key {}", self.what, units::shown(written));
            let mut problem = Problem::error(self.sink.source, &entry.key.at, message);
            let guess = if written.len() <= 64 { words::closest(written, self.known.iter().copied()) } else { None };
            problem.help = guess.map(|guess| format!("did you mean `{guess}`?"));
            self.sink.push(problem.note(format!("its keys are {}", words::list(self.known.iter().copied()))));
        }
        unknown().next().is_none()
    }
}
