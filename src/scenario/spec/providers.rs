//! `providers:`: who answers, and with which models.

use crate::scenario::catalogue;
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::yaml::Node;
use mock_providers::{Dialect, Distribution};

/// A provider as it was typed.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: At<String>,
    pub(crate) dialect: Option<At<Dialect>>,
    /// Whether a dialect was typed at all, right or wrong.
    pub(crate) dialect_typed: bool,
    pub(crate) vendor: Option<At<String>>,
    pub(crate) region: Option<At<String>>,
    /// `None`: not given; then it serves what the catalogue has for its dialect.
    pub(crate) models: Option<Vec<Model>>,
}

/// A model as it was typed; the catalogue supplies the rest.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: At<String>,
    pub(crate) ttft: Option<At<Distribution>>,
    pub(crate) tokens_per_second: Option<At<f64>>,
    pub(crate) context: Option<At<u32>>,
    pub(crate) quality: Option<At<f64>>,
    pub(crate) schema_adherence: Option<At<f64>>,
    /// The keys that were typed, right or wrong: what is wrong is not missing as well.
    pub(crate) typed: Vec<&'static str>,
}

/// A mock takes a listener, a task and memory.
const MAX_PROVIDERS: usize = 64;

pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Option<Vec<Provider>> {
    let entries = sink.entries(node, "the providers")?;
    if entries.is_empty() {
        sink.error(&node.at, "there are no providers", Some("write `openai: {}`".to_owned()));
        return None;
    }
    if entries.len() > MAX_PROVIDERS {
        sink.error(&node.at, format!("there are more than {MAX_PROVIDERS} providers"), None);
        return None;
    }
    let read = |e: &crate::scenario::yaml::Entry| {
        if !sink.checked_name(&e.key.value, &e.key.at) {
            return None;
        }
        provider(&e.key, &e.value, sink)
    };
    Some(entries.iter().filter_map(read).collect())
}

fn provider(name: &At<String>, node: &Node, sink: &Sink<'_>) -> Option<Provider> {
    let Some(mut fields) = sink.fields(node, "a provider") else {
        // Known by name, so that whatever refers to it is not wrong as well.
        let (dialect, vendor, region) = (None, None, None);
        return Some(Provider {
            name: name.clone(),
            dialect,
            dialect_typed: true,
            vendor,
            region,
            models: Some(Vec::new()),
        });
    };
    let dialect = fields.get("dialect");
    let dialect_typed = dialect.is_some();
    let dialect = dialect.and_then(|n| sink.word(n, "a dialect", catalogue::DIALECTS));
    let vendor = fields.get("vendor").and_then(|n| sink.name(n));
    let region = fields.get("region").and_then(|n| sink.name(n));
    let models = fields.get("models").map(|n| models(n, &name.at, sink));
    if let Some(mut quota) = fields.get("quota").and_then(|n| sink.fields(n, "a quota")) {
        for key in ["requests", "tokens"] {
            if let Some(n) = quota.get(key) {
                let _ = sink.quota(n);
            }
        }
        quota.finish();
    }
    if let Some(mut capacity) = fields.get("capacity").and_then(|n| sink.fields(n, "a capacity")) {
        for key in ["concurrency", "queue"] {
            if let Some(n) = capacity.get(key) {
                let _ = sink.count(n, 0, 1_000_000);
            }
        }
        capacity.finish();
    }
    for key in ["quota", "capacity"] {
        if let Some(at) = fields.key(key) {
            let help = format!("the drill runs as if there were no {key}");
            sink.warning(&at, format!("`{key}` is not simulated yet"), Some(help));
        }
    }
    fields.finish();
    Some(Provider { name: name.clone(), dialect, dialect_typed, vendor, region, models })
}

fn models(node: &Node, provider: &Span, sink: &Sink<'_>) -> Vec<Model> {
    let Some(entries) = sink.entries(node, "the models") else { return Vec::new() };
    if entries.is_empty() {
        let help = "name one, as `gpt-4o: {}`, or leave `models` out to serve the built-in ones";
        sink.error(provider, "this provider has no models", Some(help.to_owned()));
    }
    entries.iter().filter_map(|e| model(&e.key, &e.value, sink)).collect()
}

fn model(name: &At<String>, node: &Node, sink: &Sink<'_>) -> Option<Model> {
    let text = &name.value;
    if text.is_empty() || text.len() > 128 || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',') {
        let help = "a model's name has up to 128 characters, none of them a blank or a comma";
        sink.error(
            &name.at,
            format!("{} cannot be a model", crate::scenario::units::shown(text)),
            Some(help.to_owned()),
        );
        return None;
    }
    let Some(mut fields) = sink.fields(node, "a model") else {
        let typed = vec!["ttft", "tokens_per_second", "context"];
        return Some(Model { typed, ..Model::named(name) });
    };
    let ttft = fields.get("ttft").and_then(|n| sink.distribution(n));
    let tokens_per_second = fields.get("tokens_per_second").and_then(|n| sink.number(n, 0.1, 100_000.0));
    if let Some(mut price) = fields.get("price").and_then(|n| sink.fields(n, "a price")) {
        for key in ["input", "output"] {
            if let Some(n) = price.get(key) {
                let _ = sink.number(n, 0.0, 10_000.0);
            }
        }
        price.finish();
    }
    let context = fields.get("context").and_then(|n| sink.size(n));
    let quality = fields.get("quality").and_then(|n| sink.score(n));
    let schema_adherence = fields.get("schema_adherence").and_then(|n| sink.score(n));
    let typed = ["ttft", "tokens_per_second", "context"].into_iter().filter(|key| fields.key(key).is_some()).collect();
    fields.finish();
    Some(Model { ttft, tokens_per_second, context, quality, schema_adherence, typed, ..Model::named(name) })
}

impl Model {
    fn named(name: &At<String>) -> Self {
        Self {
            name: name.clone(),
            ttft: None,
            tokens_per_second: None,
            context: None,
            quality: None,
            schema_adherence: None,
            typed: Vec::new(),
        }
    }
}
