//! What was typed: one type for each block of the YAML, with places. Every value is valid by itself; whether the names
//! in it mean anything and whether the blocks fit together is found out by `check`.
//!
//! `None` in a place where something is required means: it was missing or wrong, and that has been reported.

pub(crate) mod faults;
mod gates;
mod inject;
pub(crate) mod limits;
pub(crate) mod load;
mod oversight;
pub(crate) mod providers;
pub(crate) mod router;

use super::reader::{Fields, Sink};
use super::source::{At, Span};
use super::yaml::{Node, Value};
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
    let providers = fields.need("providers", "providers: { openai: {} }");
    let providers = providers.and_then(|n| providers::read(n, sink));
    let router = fields.need("router", "router: { chains: { main: { targets: [openai/gpt-4o] } } }");
    let router = router.and_then(|n| router::read(n, sink));
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
    refuse_fallback(&mut fields, sink);
    fields.finish();
    Some(Spec { name, summary, seed, providers, router, load, phases, faults, slos, load_at })
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

/// The block `fallback:` that gateways use has the same content in other words.
fn refuse_fallback(fields: &mut Fields<'_>, sink: &Sink<'_>) {
    if let Some(at) = fields.key("fallback") {
        let _ = fields.get("fallback");
        let help = "write it as `router: { chains: { NAME: { targets: [provider/model, …] } } }`";
        sink.error(&at, "the `fallback:` block is not supported yet", Some(help.to_owned()));
    }
}

/// Takes over what was given and keeps the default of the rest.
fn set<T>(slot: &mut T, given: Option<At<T>>) -> Option<Span> {
    let At { value, at } = given?;
    *slot = value;
    Some(at)
}
