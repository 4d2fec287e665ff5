//! Builds the located tree in one pass over serde_yaml's events.
//!
//! serde_yaml tells positions only in errors: an error that passes through its deserializer gets the place of the
//! value being read. A scalar is consumed before its visitor runs, so a visitor that keeps the scalar and fails yields
//! both value and place, and reading goes on behind it. A seed sees its error as text only, hence [`position`].
//!
//! An alias is expanded before a visitor sees it, but gives itself away: what it yields stands before what was read
//! last. The walk ends there, so no expansion ever multiplies.

use super::node::{Entry, Node, Value};
use super::scalar;
use crate::scenario::problem::Problem;
use crate::scenario::source::{At, Source, Span};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;

/// No scenario needs more levels, and a stack has an end.
const MAX_DEPTH: usize = 32;

/// No scenario needs more values.
const MAX_NODES: usize = 50_000;

/// What one pass over a document carries along.
pub(super) struct Walk<'s> {
    source: &'s Source,
    problems: RefCell<Vec<Problem>>,
    /// Set when the walk was broken off; the error that ended it is then of no interest.
    broken_off: Cell<bool>,
    /// Where the scalar read last starts.
    last: Cell<Option<usize>>,
    depth: Cell<usize>,
    nodes: Cell<usize>,
}

impl<'s> Walk<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self {
            source,
            problems: RefCell::default(),
            broken_off: Cell::new(false),
            last: Cell::new(None),
            depth: Cell::new(0),
            nodes: Cell::new(0),
        }
    }

    pub(super) fn seed(&self) -> Build<'_> {
        Build { walk: self, around: 0..0 }
    }

    pub(super) fn broken_off(&self) -> bool {
        self.broken_off.get()
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    fn complain(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    fn break_off<E: Error>(&self, problem: Problem) -> E {
        self.complain(problem);
        self.broken_off.set(true);
        E::custom("broken off")
    }

    fn scalar<E: Error>(&self, value: Value, error: &E, around: &Span) -> Result<Node, E> {
        let start = position(self.source, &error.to_string());
        let trace = !matches!(value, Value::Null) || !scalar::extent(self.source, start, &value).is_empty();
        if self.last.get().is_some_and(|last| start < last || (trace && start == last)) {
            return Err(self.break_off(self.alias()));
        }
        self.last.set(Some(start));
        let head = self.source.from(start);
        let mark = start..start + head.find([' ', '\t', '\r', '\n', ',', ']', '}']).unwrap_or(head.len());
        if head.starts_with('&') {
            self.complain(Problem::error(self.source, &mark, "anchors are not supported").help("write the value out"));
        } else if head.starts_with('!') {
            self.complain(Problem::error(self.source, &mark, "tags are not supported").help("remove the tag"));
        }
        let mut at = scalar::extent(self.source, start, &value);
        if at.is_empty() {
            at = around.clone();
        }
        if matches!(value, Value::Float(f) if !f.is_finite()) {
            let message = format!("`{}` is not a number to plan with", self.source.slice(&at));
            self.complain(Problem::error(self.source, &at, message).help("write a finite number"));
            return Ok(Node { at, value: Value::Float(0.0) });
        }
        Ok(Node { at, value })
    }

    fn alias(&self) -> Problem {
        let from = self.last.get().unwrap_or(0);
        let rest = self.source.from(from);
        let star = rest.match_indices('*').map(|(i, _)| i).find(|i| {
            let before = rest.get(..*i).and_then(|b| b.chars().next_back());
            before.is_some_and(|c| c.is_whitespace() || "[{,:".contains(c))
        });
        let start = from + star.unwrap_or(0);
        let word = self.source.from(start).split([' ', '\r', '\n', ',', ']', '}']).next().unwrap_or("");
        Problem::error(self.source, &(start..start + word.len()), "aliases (`*name`) are not supported")
            .help("write the value out")
    }

    fn enter<E: Error>(&self, around: &Span) -> Result<(), E> {
        self.depth.set(self.depth.get() + 1);
        if self.depth.get() > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(self.break_off(Problem::error(self.source, around, message)));
        }
        Ok(())
    }

    fn leave(&self) {
        self.depth.set(self.depth.get() - 1);
    }

    /// From the first child to the last, with the brackets around them if there are any.
    fn hull(&self, first: Option<&Span>, last: Option<&Span>, around: &Span) -> Span {
        let (Some(first), Some(last)) = (first, last) else { return around.clone() };
        let before = self.source.text().get(..first.start).unwrap_or("").trim_end();
        let after = self.source.from(last.end);
        let closing = after.trim_start_matches([' ', '\t', ',']);
        if before.ends_with(['{', '[']) && closing.starts_with(['}', ']']) {
            before.len() - 1..last.end + (after.len() - closing.len()) + 1
        } else {
            first.start..last.end.max(first.end)
        }
    }
}

/// The place that serde_yaml appends to an error's text: `… at line 3 column 7`, nothing for the very first byte.
fn position(source: &Source, error: &str) -> usize {
    let place = error.rsplit_once(" at line ").and_then(|(_, place)| place.split_once(" column "));
    let place = place.and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    place.map_or(0, |(line, column)| source.offset(line, column))
}

/// Reads one value. `around` is where to point when the value itself left no trace.
#[derive(Clone)]
pub(super) struct Build<'w> {
    walk: &'w Walk<'w>,
    around: Span,
}

impl<'de> DeserializeSeed<'de> for Build<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let walk = self.walk;
        walk.nodes.set(walk.nodes.get() + 1);
        if walk.nodes.get() > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in one scenario");
            return Err(walk.break_off(Problem::error(walk.source, &self.around, message)));
        }
        let caught = Cell::new(None);
        let around = self.around.clone();
        match deserializer.deserialize_any(Catch { build: self, caught: &caught }) {
            Ok(node) => Ok(node),
            Err(error) => match caught.take() {
                Some(value) => walk.scalar(value, &error, &around),
                None => Err(error),
            },
        }
    }
}

/// Keeps a scalar and fails; reads a list or a mapping through.
struct Catch<'w, 'c> {
    build: Build<'w>,
    caught: &'c Cell<Option<Value>>,
}

impl Catch<'_, '_> {
    fn keep<E: Error>(&self, value: Value) -> Result<Node, E> {
        self.caught.set(Some(value));
        Err(E::custom(""))
    }
}

impl<'de> Visitor<'de> for Catch<'_, '_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        self.keep(Value::Null)
    }

    /// Only an empty document.
    fn visit_none<E: Error>(self) -> Result<Node, E> {
        Ok(Node { at: self.build.around, value: Value::Null })
    }

    fn visit_bool<E: Error>(self, v: bool) -> Result<Node, E> {
        self.keep(Value::Bool(v))
    }

    fn visit_i64<E: Error>(self, v: i64) -> Result<Node, E> {
        self.keep(Value::Int(v.into()))
    }

    fn visit_u64<E: Error>(self, v: u64) -> Result<Node, E> {
        self.keep(Value::Int(v.into()))
    }

    fn visit_i128<E: Error>(self, v: i128) -> Result<Node, E> {
        self.keep(Value::Int(v))
    }

    fn visit_u128<E: Error>(self, v: u128) -> Result<Node, E> {
        self.keep(Value::Int(i128::try_from(v).unwrap_or(i128::MAX)))
    }

    fn visit_f64<E: Error>(self, v: f64) -> Result<Node, E> {
        self.keep(Value::Float(v))
    }

    fn visit_str<E: Error>(self, v: &str) -> Result<Node, E> {
        self.keep(Value::Text(v.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let Build { walk, around } = self.build;
        walk.enter(&around)?;
        let mut list: Vec<Node> = Vec::new();
        while let Some(node) = seq.next_element_seed(Build { walk, around: around.clone() })? {
            list.push(node);
        }
        walk.leave();
        let at = walk.hull(list.first().map(|n| &n.at), list.last().map(|n| &n.at), &around);
        Ok(Node { at, value: Value::List(list) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let Build { walk, around } = self.build;
        walk.enter(&around)?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        while let Some(key) = map.next_key_seed(Build { walk, around: around.clone() })? {
            let value = map.next_value_seed(Build { walk, around: key.at.clone() })?;
            let name = match key.value {
                Value::Text(text) => text,
                Value::Bool(_) | Value::Int(_) | Value::Float(_) => walk.source.slice(&key.at).to_owned(),
                Value::Null | Value::List(_) | Value::Map(_) => {
                    let message = format!("a key must be a word, not {}", key.value.kind());
                    walk.complain(Problem::error(walk.source, &key.at, message));
                    continue;
                }
            };
            if name == "<<" {
                walk.complain(
                    Problem::error(walk.source, &key.at, "merging with `<<` is not supported")
                        .help("write the keys out"),
                );
            } else if let Some(first) = seen.get(&name) {
                walk.complain(
                    Problem::error(walk.source, &key.at, format!("`{name}` is given twice"))
                        .related(walk.source, first, "first given here")
                        .help("keep one of the two"),
                );
            } else {
                seen.insert(name.clone(), key.at.clone());
                entries.push(Entry { key: At::new(name, key.at), value });
            }
        }
        walk.leave();
        let at = walk.hull(entries.first().map(|e| &e.key.at), entries.last().map(|e| &e.value.at), &around);
        Ok(Node { at, value: Value::Map(entries) })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Node, A::Error> {
        let Build { walk, around } = self.build;
        Err(walk.break_off(Problem::error(walk.source, &around, "tags are not supported").help("remove the tag")))
    }
}
