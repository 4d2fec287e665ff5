//! `degraded:` of a chain: what is served when no target is left.

use crate::router::config;
use crate::router::policy::cache;
use crate::scenario::reader::Sink;
use crate::scenario::yaml::Node;

pub(super) fn read(node: &Node, config: &mut config::Chain, sink: &Sink<'_>) {
    let Some(mut fields) = sink.fields(node, "a degraded answer") else { return };
    config.cache = fields.get("cache").and_then(|n| cache(n, sink));
    let template = match fields.key("cache") {
        Some(_) => fields.get("template"),
        None => fields.need("template", "template: 'Please try again later.'"),
    };
    config.degraded = template.and_then(|n| sink.text(n)).map(|t| t.value.into());
    fields.finish();
}

fn cache(node: &Node, sink: &Sink<'_>) -> Option<cache::Params> {
    let mut params = cache::Params::default();
    let mut fields = sink.fields(node, "a cache")?;
    if let Some(age) = fields.get("max_age").and_then(|n| sink.positive_duration(n)) {
        params.max_age = age.value;
    }
    if let Some(entries) = fields.get("entries").and_then(|n| sink.count32(n, 1, 1_000_000)) {
        params.entries = entries.value;
    }
    fields.finish();
    Some(params)
}
