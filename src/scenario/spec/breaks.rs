//! `breaks:`: which assertions must fail when a part of the router is missing, or under a baseline.

use super::read_slo;
use crate::router::ablate::CONTROL;
use crate::router::lesser::Lesser;
use crate::scenario::reader::Sink;
use crate::scenario::source::At;
use crate::scenario::units::shown;
use crate::scenario::yaml::{Entry, Node, Value};
use crate::words;

/// A lesser router and the assertions that fail under it, as they were typed.
#[derive(Debug)]
pub(crate) struct Breaks {
    pub(crate) router: Lesser,
    pub(crate) slos: Vec<At<String>>,
}

/// A list is about the router as a whole; a mapping names parts and baselines.
pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Vec<Breaks> {
    match &node.value {
        Value::Null => Vec::new(),
        Value::List(_) => Lesser::find(CONTROL).and_then(|router| breaks(router, node, sink)).into_iter().collect(),
        Value::Map(entries) => entries.iter().filter_map(|entry| under(entry, sink)).collect(),
        other => {
            let message = format!("expected a list of assertions, or such a list by part, found {}", other.kind());
            sink.error(&node.at, message, Some("write `breaks: { control: [availability >= 99%] }`".to_owned()));
            Vec::new()
        }
    }
}

fn under(entry: &Entry, sink: &Sink<'_>) -> Option<Breaks> {
    let name = &entry.key.value;
    let found = Lesser::find(name);
    if found.is_none() {
        let message = format!("{} is neither a part that a router can be without nor a baseline", shown(name));
        sink.error(&entry.key.at, message, words::help(name, Lesser::names()));
    }
    breaks(found?, &entry.value, sink)
}

fn breaks(router: Lesser, node: &Node, sink: &Sink<'_>) -> Option<Breaks> {
    let slos = sink.list(node, "assertions")?.iter().filter_map(|n| read_slo(n, sink)).collect();
    Some(Breaks { router, slos })
}
