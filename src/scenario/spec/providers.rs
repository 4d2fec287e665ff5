//! `providers:`: who answers, and with which models.

use super::limits::{self, Key, Of, Room};
use crate::scenario::catalogue;
use crate::scenario::problem::Problem;
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::units::shown;
use crate::scenario::yaml::Node;
use mock_providers::limits::Policy;
use mock_providers::model::Capability;
use mock_providers::{Dialect, Distribution};
use std::time::Duration;

/// A provider as it was typed.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: At<String>,
    pub(crate) dialect: Option<At<Dialect>>,
    /// Whether a dialect was typed at all, right or wrong.
    pub(crate) dialect_typed: bool,
    pub(crate) vendor: Option<At<String>>,
    pub(crate) region: Option<At<String>>,
    /// The kinds of data that its models are approved for, unless one of them says otherwise.
    pub(crate) approved_for: Vec<At<String>>,
    /// `None`: not given; then it serves what the catalogue has for its dialect.
    pub(crate) models: Option<Vec<Model>>,
    pub(crate) quota: Option<Policy>,
    pub(crate) capacity: Option<Room>,
    pub(crate) connect: Option<Duration>,
    pub(crate) keys: Vec<Key>,
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
    pub(crate) instruction_following: Option<At<f64>>,
    pub(crate) filter: Option<At<f64>>,
    pub(crate) prefill: Option<At<bool>>,
    pub(crate) capabilities: Option<Vec<At<Capability>>>,
    pub(crate) price: Price,
    pub(crate) retires: Option<Retirement>,
    pub(crate) identity: Option<At<String>>,
    /// In place of what its provider is approved for.
    pub(crate) approved_for: Option<Vec<At<String>>>,
    pub(crate) quota: Option<Policy>,
    pub(crate) capacity: Option<Room>,
    /// The keys that were typed, right or wrong: what is wrong is not missing as well.
    pub(crate) typed: Vec<&'static str>,
}

/// Prices as they were typed, in dollars per million tokens.
#[derive(Debug, Default)]
pub(crate) struct Price {
    pub(crate) input: Option<At<f64>>,
    pub(crate) cached: Option<At<f64>>,
    pub(crate) output: Option<At<f64>>,
}

/// The end of a model as it was typed.
#[derive(Debug)]
pub(crate) struct Retirement {
    pub(crate) announced: Option<At<Duration>>,
    pub(crate) gone: At<Duration>,
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
    let mut provider = Provider {
        name: name.clone(),
        dialect: None,
        dialect_typed: true,
        vendor: None,
        region: None,
        approved_for: Vec::new(),
        models: Some(Vec::new()),
        quota: None,
        capacity: None,
        connect: None,
        keys: Vec::new(),
    };
    // Known by name, so that whatever refers to it is not wrong as well.
    let Some(mut fields) = sink.fields(node, "a provider") else { return Some(provider) };
    let dialect = fields.get("dialect");
    provider.dialect_typed = dialect.is_some();
    provider.dialect = dialect.and_then(|n| sink.word(n, "a dialect", catalogue::DIALECTS));
    provider.vendor = fields.get("vendor").and_then(|n| sink.name(n));
    provider.region = fields.get("region").and_then(|n| sink.name(n));
    provider.approved_for = fields.get("approved_for").map_or(Vec::new(), |n| sink.names(n));
    provider.models = fields.get("models").map(|n| models(n, &name.at, sink));
    provider.quota = fields.get("quota").and_then(|n| limits::quota(n, Of::Provider, sink));
    provider.capacity = fields.get("capacity").and_then(|n| limits::capacity(n, sink));
    provider.connect = fields.get("connect").and_then(|n| sink.duration(n)).map(|d| d.value);
    provider.keys = fields.get("keys").map_or(Vec::new(), |n| limits::keys(n, sink));
    fields.finish();
    Some(provider)
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
    if !checked_model(name, "a model", sink) {
        return None;
    }
    let mut model = Model::named(name);
    let Some(mut fields) = sink.fields(node, "a model") else {
        model.typed = vec!["ttft", "tokens_per_second", "context"];
        return Some(model);
    };
    model.ttft = fields.get("ttft").and_then(|n| sink.distribution(n));
    model.tokens_per_second = fields.get("tokens_per_second").and_then(|n| sink.number(n, 0.1, 100_000.0));
    model.price = fields.get("price").and_then(|n| price(n, sink)).unwrap_or_default();
    model.context = fields.get("context").and_then(|n| sink.size(n));
    model.quality = fields.get("quality").and_then(|n| sink.score(n));
    model.schema_adherence = fields.get("schema_adherence").and_then(|n| sink.score(n));
    model.instruction_following = fields.get("instruction_following").and_then(|n| sink.score(n));
    model.filter = fields.get("filter").and_then(|n| sink.score(n));
    model.prefill = fields.get("prefill").and_then(|n| sink.boolean(n));
    model.capabilities = fields.get("capabilities").map(|n| capabilities(n, sink));
    model.retires = fields.get("retires").and_then(|n| retires(n, sink));
    let identity = fields.get("identity").and_then(|n| sink.text(n));
    model.approved_for = fields.get("approved_for").map(|n| sink.names(n));
    model.identity = identity.filter(|identity| checked_model(identity, "the identity of a model", sink));
    model.quota = fields.get("quota").and_then(|n| limits::quota(n, Of::Model, sink));
    model.capacity = fields.get("capacity").and_then(|n| limits::capacity(n, sink));
    let needed = ["ttft", "tokens_per_second", "context"];
    model.typed = needed.into_iter().filter(|key| fields.key(key).is_some()).collect();
    fields.finish();
    Some(model)
}

/// Whether a text can name a model; reports it otherwise.
fn checked_model(name: &At<String>, what: &str, sink: &Sink<'_>) -> bool {
    let text = &name.value;
    let unfit = |c: char| c.is_whitespace() || c.is_control() || c == ',';
    let fits = !text.is_empty() && text.len() <= 128 && !text.contains(unfit);
    if !fits {
        let help = "a model's name has up to 128 characters, none of them a blank or a comma";
        sink.error(&name.at, format!("{} cannot be {what}", shown(text)), Some(help.to_owned()));
    }
    fits
}

pub(super) fn price(node: &Node, sink: &Sink<'_>) -> Option<Price> {
    let mut fields = sink.fields(node, "a price")?;
    let mut dollars = |key| fields.get(key).and_then(|n| sink.number(n, 0.0, 10_000.0));
    let price = Price { input: dollars("input"), cached: dollars("cached"), output: dollars("output") };
    fields.finish();
    Some(price)
}

pub(super) fn capabilities(node: &Node, sink: &Sink<'_>) -> Vec<At<Capability>> {
    let words: Vec<(&str, Capability)> = Capability::ALL.iter().map(|c| (c.name(), *c)).collect();
    let mut all: Vec<At<Capability>> = Vec::new();
    for found in sink.one_or_more(node).iter().filter_map(|n| sink.word(n, "a capability", &words)) {
        match all.iter().find(|other| other.value == found.value) {
            Some(first) => {
                let message = format!("`{}` is named twice", found.value.name());
                let problem = Problem::error(sink.source, &found.at, message).help("keep one of the two");
                sink.push(problem.related(sink.source, &first.at, "the first"));
            }
            None => all.push(found),
        }
    }
    all
}

fn retires(node: &Node, sink: &Sink<'_>) -> Option<Retirement> {
    let mut fields = sink.fields(node, "a retirement")?;
    let announced = fields.get("announced").and_then(|n| sink.duration(n));
    let gone = fields.need("gone", "gone: 90s").and_then(|n| sink.duration(n));
    fields.finish();
    let gone = gone?;
    if let Some(announced) = &announced
        && announced.value > gone.value
    {
        let problem = Problem::error(sink.source, &announced.at, "this is announced after the model is gone");
        sink.push(problem.related(sink.source, &gone.at, "it is gone here").help("announce it earlier"));
    }
    Some(Retirement { announced, gone })
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
            instruction_following: None,
            filter: None,
            prefill: None,
            capabilities: None,
            price: Price::default(),
            retires: None,
            identity: None,
            approved_for: None,
            quota: None,
            capacity: None,
            typed: Vec::new(),
        }
    }
}
