//! `price_updates:` of the router: when its price list says something else.

use super::providers::{self, Price};
use crate::scenario::reader::Sink;
use crate::scenario::source::At;
use crate::scenario::yaml::Node;
use std::time::Duration;

/// An update as it was typed. What it does not say stays as it was.
#[derive(Debug)]
pub(crate) struct PriceUpdate {
    pub(crate) at: At<Duration>,
    pub(crate) target: At<String>,
    pub(crate) price: Price,
}

pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Option<PriceUpdate> {
    let mut fields = sink.fields(node, "an update of the price list")?;
    let at = fields.need("at", "at: 30s").and_then(|n| sink.duration(n));
    let target = fields.need("target", "target: openai/gpt-4o").and_then(|n| sink.text(n));
    let price = fields.need("price", "price: { input: 5, output: 20 }").and_then(|n| providers::price(n, sink));
    fields.finish();
    Some(PriceUpdate { at: at?, target: target?, price: price? })
}
