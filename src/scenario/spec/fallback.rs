//! `fallback:`, the block that gateways already read: the same content as `router:` in other words.
//!
//! ```yaml
//! fallback:
//!   chains:
//!     - name: "premium-reasoning"
//!       models: [{ provider: "openai", model: "gpt-4-turbo", priority: 1 }]
//!       triggers: [{ type: "latency", threshold_ms: 5000 }]
//!       retry: { max_attempts: 3, backoff: "exponential" }
//! ```
//!
//! A request takes the chain named after its task, else the first. Models go by ascending priority, those without one
//! last, in the order of the file. Providers that the file does not describe are taken from the catalogue.

use super::router::{Chain, Router};
use super::triggers;
use crate::router::config;
use crate::router::policy::backoff::{self, Jitter};
use crate::router::policy::order::Pick;
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::yaml::{Entry, Node, Value};

/// Ways to grow, by the word that gateways use for them.
const BACKOFFS: &[(&str, Jitter)] = &[("exponential", Jitter::Full), ("exponential_no_jitter", Jitter::None)];

/// Reads the block.
pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Option<Router> {
    let mut fields = sink.fields(node, "the fallback")?;
    let chains = fields.need("chains", "chains: [{ name: main, models: [{ provider: openai, model: gpt-4o }] }]");
    let chains = chains.and_then(|n| sink.list(n, "chains"));
    fields.finish();
    let chains: Vec<Chain> = chains?.iter().filter_map(|n| chain(n, sink)).collect();
    if chains.is_empty() {
        sink.error(&node.at, "there are no chains", Some("add one with a `name` and its `models`".to_owned()));
        return None;
    }
    Some(Router { chains, ..Router::default() })
}

fn chain(node: &Node, sink: &Sink<'_>) -> Option<Chain> {
    let mut fields = sink.fields(node, "a chain")?;
    let name = fields.need("name", "name: main").and_then(|n| sink.name(n));
    let models = fields.need("models", "models: [{ provider: openai, model: gpt-4o }]");
    let models = models.and_then(|n| sink.list(n, "models")).unwrap_or_default();
    let mut targets: Vec<(u32, At<String>)> = models.iter().filter_map(|n| model(n, sink)).collect();
    targets.sort_by_key(|(priority, _)| *priority);
    let mut chain = Chain::named(name.as_ref().unwrap_or(&At::new("unnamed".to_owned(), node.at.clone())));
    chain.targets.push(Pick::Ordered, targets.into_iter().map(|(_, target)| (target, 1.0)).collect());
    if let Some(node) = fields.get("retry") {
        retry(node, &mut chain.config.retry, sink);
    }
    if let Some(node) = fields.get("triggers") {
        triggers::read(node, &mut chain.config, &mut chain.breaker, sink);
    }
    fields.finish();
    name.map(|_| chain)
}

fn model(node: &Node, sink: &Sink<'_>) -> Option<(u32, At<String>)> {
    let mut fields = sink.fields(node, "a model of a chain")?;
    let provider = fields.need("provider", "provider: openai").and_then(|n| sink.name(n));
    let model = fields.need("model", "model: gpt-4o").and_then(|n| sink.text(n));
    let priority = fields.get("priority").and_then(|n| sink.count32(n, 0, 1000));
    fields.finish();
    let (provider, model) = (provider?, model?);
    let target = At::new(format!("{}/{}", provider.value, model.value), model.at);
    Some((priority.map_or(u32::MAX, |p| p.value), target))
}

fn retry(node: &Node, retry: &mut config::Retry, sink: &Sink<'_>) {
    let Some(mut fields) = sink.fields(node, "a retry") else { return };
    if let Some(most) = fields.get("max_attempts").and_then(|n| sink.count32(n, 1, 100)) {
        retry.max_attempts = most.value;
    }
    if let Some(jitter) = fields.get("backoff").and_then(|n| sink.word(n, "a backoff", BACKOFFS)) {
        retry.backoff = backoff::Params { jitter: jitter.value, ..retry.backoff };
    }
    fields.finish();
}

/// The providers that the block names, as a `providers:` block would describe them.
pub(super) fn providers(node: &Node) -> Option<Node> {
    let mut found: Vec<(At<String>, Vec<At<String>>)> = Vec::new();
    for chain in list(get(node, "chains")?) {
        for model in get(chain, "models").map_or(&[][..], list) {
            let (Some(provider), Some(name)) = (text(get(model, "provider")), text(get(model, "model"))) else {
                continue;
            };
            let place = found.iter().position(|(known, _)| known.value == provider.value);
            let place = place.unwrap_or_else(|| {
                found.push((provider, Vec::new()));
                found.len() - 1
            });
            if !found[place].1.iter().any(|known| known.value == name.value) {
                found[place].1.push(name);
            }
        }
    }
    let map = |entries: Vec<Entry>, at: &Span| Node { value: Value::Map(entries), at: at.clone() };
    let provider = |(name, models): (At<String>, Vec<At<String>>)| {
        let models = models.into_iter().map(|model| Entry { value: map(Vec::new(), &model.at), key: model }).collect();
        let at = name.at.clone();
        let models = Entry { key: At::new("models".to_owned(), at.clone()), value: map(models, &at) };
        Entry { key: name, value: map(vec![models], &at) }
    };
    (!found.is_empty()).then(|| map(found.into_iter().map(provider).collect(), &node.at))
}

fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|e| e.key.value == key).map(|e| &e.value)
}

fn list(node: &Node) -> &[Node] {
    if let Value::List(list) = &node.value { list } else { &[] }
}

fn text(node: Option<&Node>) -> Option<At<String>> {
    let node = node?;
    if let Value::Text(text) = &node.value { Some(At::new(text.clone(), node.at.clone())) } else { None }
}
