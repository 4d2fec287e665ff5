//! `breaks:`: which assertions must fail when a part of the router is missing.

use super::read_slo;
use crate::router::ablate::{self, CONTROL, PARTS, Part};
use crate::scenario::reader::Sink;
use crate::scenario::source::At;
use crate::scenario::units::shown;
use crate::scenario::yaml::{Entry, Node, Value};
use crate::words;

/// A part of the router and the assertions that fail without it, as they were typed.
#[derive(Debug)]
pub(crate) struct Breaks {
    pub(crate) part: &'static Part,
    pub(crate) slos: Vec<At<String>>,
}

/// A list is about the router as a whole; a mapping names parts.
pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Vec<Breaks> {
    match &node.value {
        Value::Null => Vec::new(),
        Value::List(_) => ablate::find(CONTROL).and_then(|part| breaks(part, node, sink)).into_iter().collect(),
        Value::Map(entries) => entries.iter().filter_map(|entry| of_part(entry, sink)).collect(),
        other => {
            let message = format!("expected a list of assertions, or such a list by part, found {}", other.kind());
            sink.error(&node.at, message, Some("write `breaks: { control: [availability >= 99%] }`".to_owned()));
            Vec::new()
        }
    }
}

fn of_part(entry: &Entry, sink: &Sink<'_>) -> Option<Breaks> {
    let name = &entry.key.value;
    let found = ablate::find(name);
    if found.is_none() {
        let message = format!("{} is not a part that a router can be without", shown(name));
        sink.error(&entry.key.at, message, words::help(name, PARTS.iter().map(|part| part.name)));
    }
    breaks(found?, &entry.value, sink)
}

fn breaks(part: &'static Part, node: &Node, sink: &Sink<'_>) -> Option<Breaks> {
    let slos = sink.list(node, "assertions")?.iter().filter_map(|n| read_slo(n, sink)).collect();
    Some(Breaks { part, slos })
}
