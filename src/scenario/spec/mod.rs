//! What was typed: one type for each block of the YAML, with places. Every value is valid by itself; whether the names
//! in it mean anything and whether the blocks fit together is found out by `check`.
//!
//! `None` in a place where something is required means: it was missing or wrong, and that has been reported.

mod alerts;
pub(crate) mod breaks;
mod classes;
mod degraded;
pub(crate) mod evals;
mod fallback;
pub(crate) mod faults;
mod gates;
mod inject;
pub(crate) mod limits;
pub(crate) mod load;
mod oversight;
mod preset;
pub(crate) mod prices;
pub(crate) mod providers;
pub(crate) mod require;
pub(crate) mod router;
pub(crate) mod routes;
mod targets;
pub(crate) mod tenants;
mod triggers;

use super::reader::Sink;
use super::source::{At, Span};
use super::yaml::{Node, Value};
use crate::observe::alerts::Rule;
use std::time::Duration;

/// A scenario as it was typed.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) name: Option<At<String>>,
    pub(crate) summary: String,
    pub(crate) seed: u64,
    /// `None`: the block is missing or unreadable, so nobody can say which names there are.
    pub(crate) providers: Option<Vec<providers::Provider>>,
    pub(crate) router: Option<router::Router>,
    pub(crate) load: Vec<load::Stream>,
    /// As with the providers.
    pub(crate) phases: Option<Vec<Phase>>,
    pub(crate) faults: Vec<faults::Fault>,
    pub(crate) slos: Vec<At<String>>,
    pub(crate) breaks: Vec<breaks::Breaks>,
    pub(crate) alerts: Vec<Rule>,
    /// Where to point when the scenario as a whole is meant.
    pub(crate) load_at: Option<Span>,
}

/// A named span of time.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) name: Option<At<String>>,
    pub(crate) length: Option<At<Duration>>,
}

/// Reads a scenario; what is wrong goes to the sink.
pub(crate) fn read(root: &Node, sink: &Sink<'_>) -> Option<Spec> {
    let Value::Map(entries) = &root.value else {
        let help = "a scenario starts with `version: 1`; `hopdrill show primary-outage` prints one";
        let message = format!("a scenario is a mapping, this is {}", root.value.kind());
        sink.error(&root.at, message, Some(help.to_owned()));
        return None;
    };
    // What is missing at the top is told at the first line rather than under the whole file.
    let top = entries.first().map_or(0..0, |e| e.key.at.clone());
    let mut fields = sink.fields(root, "a scenario")?.named(&top);
    if let Some(version) = fields.need("version", "version: 1")
        && version.value != Value::Int(1)
    {
        sink.error(&version.at, "this version is not known", Some("write `version: 1`".to_owned()));
    }
    let name = fields.need("name", "name: my-drill").and_then(|n| sink.name(n));
    let summary = fields.get("summary").and_then(|n| sink.text(n)).map_or(String::new(), |s| s.value);
    let seed = fields.get("seed").and_then(|n| sink.count(n, 0, u64::MAX)).map_or(42, |s| s.value);
    let block = fields.get("fallback");
    let named = block.or_else(|| within(root, "router", "fallback")).and_then(fallback::providers);
    let providers = match (&named, fields.key("providers")) {
        (Some(named), None) => Some(named),
        _ => fields.need("providers", "providers: { openai: {} }"),
    };
    let providers = providers.and_then(|n| providers::read(n, sink));
    let router = match block {
        Some(block) => {
            if let Some(at) = fields.key("router") {
                let help = "write `fallback` under `router:`, or keep one of the two".to_owned();
                sink.error(&at, "there is a `fallback` block as well", Some(help));
                let _ = fields.get("router");
            }
            fallback::read(block, sink)
        }
        None => {
            let router = fields.need("router", "router: { chains: { main: { targets: [openai/gpt-4o] } } }");
            router.and_then(|n| router::read(n, sink))
        }
    };
    let load = fields.need("load", "load: [{ task: chat, rate: 10/s }]");
    let load_at = fields.key("load");
    let load = load.and_then(|n| sink.list(n, "streams of requests")).unwrap_or_default();
    let load = load.iter().filter_map(|n| load::read(n, sink)).collect();
    let phases = fields.need("phases", "phases: [{ name: steady, for: 60s }]");
    let phases = phases.and_then(|n| read_phases(n, sink));
    let faults = fields.get("faults").and_then(|n| if n.value == Value::Null { None } else { sink.list(n, "faults") });
    let faults = faults.unwrap_or_default().iter().filter_map(|n| faults::read(n, sink)).collect();
    let slos = fields.get("slos").and_then(|n| if n.value == Value::Null { None } else { sink.list(n, "assertions") });
    let slos = slos.unwrap_or_default().iter().filter_map(|n| read_slo(n, sink)).collect();
    let breaks = fields.get("breaks").map_or_else(Vec::new, |n| breaks::read(n, sink));
    let alerts = fields.get("alerts").filter(|n| n.value != Value::Null).and_then(|n| sink.list(n, "alert rules"));
    let alerts = alerts.unwrap_or_default().iter().filter_map(|n| alerts::read(n, sink)).collect();
    fields.finish();
    Some(Spec { name, summary, seed, providers, router, load, phases, faults, slos, breaks, alerts, load_at })
}

fn read_phases(node: &Node, sink: &Sink<'_>) -> Option<Vec<Phase>> {
    let list = sink.list(node, "phases")?;
    if list.is_empty() {
        sink.error(&node.at, "there are no phases", Some("write `- { name: steady, for: 60s }`".to_owned()));
        return None;
    }
    let read = |node: &Node| {
        let mut fields = sink.fields(node, "a phase")?;
        let name = fields.need("name", "name: steady").and_then(|n| sink.name(n));
        let length = fields.need("for", "for: 60s").and_then(|n| sink.positive_duration(n));
        fields.finish();
        Some(Phase { name, length })
    };
    Some(list.iter().filter_map(read).collect())
}

fn read_slo(node: &Node, sink: &Sink<'_>) -> Option<At<String>> {
    match &node.value {
        Value::Text(text) => Some(At::new(text.clone(), node.at.clone())),
        Value::Map(_) => {
            let help = "YAML takes `: ` for a mapping and `{` at the start too; put the line into quotes";
            sink.error(&node.at, "an assertion is one line of text, this is a mapping", Some(help.to_owned()));
            None
        }
        _ => sink.text(node),
    }
}

/// What stands under a key of a key, wrong or right.
fn within<'n>(root: &'n Node, key: &str, inner: &str) -> Option<&'n Node> {
    let get = |node: &'n Node, key: &str| match &node.value {
        Value::Map(entries) => entries.iter().find(|e| e.key.value == key).map(|e| &e.value),
        _ => None,
    };
    get(get(root, key)?, inner)
}

/// Takes over what was given and keeps the default of the rest.
fn set<T>(slot: &mut T, given: Option<At<T>>) -> Option<Span> {
    let At { value, at } = given?;
    *slot = value;
    Some(at)
}
