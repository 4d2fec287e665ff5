//! `evals:` and `swaps:` of the router: who is measured when, and who is to take whose place.

use super::set;
use crate::router::policy::evals::{Bar, Pace};
use crate::scenario::reader::{Fields, Sink};
use crate::scenario::source::{At, Span};
use crate::scenario::yaml::Node;
use std::time::Duration;

/// The most items of one eval.
const MOST: u32 = 100_000;

/// So many evals, and so many swaps, are more than anybody means.
const MOST_OF_A_KIND: usize = 100;

/// An eval as it was typed.
#[derive(Debug)]
pub(crate) struct Eval {
    pub(crate) chain: Option<At<String>>,
    pub(crate) pace: Pace,
    pub(crate) at: Span,
}

/// A swap as it was typed.
#[derive(Debug)]
pub(crate) struct Swap {
    pub(crate) chain: Option<At<String>>,
    pub(crate) from: Option<At<String>>,
    pub(crate) to: Option<At<String>>,
    pub(crate) pace: Pace,
    pub(crate) bar: Bar,
    pub(crate) at: Span,
}

pub(super) fn evals(node: &Node, sink: &Sink<'_>) -> Vec<Eval> {
    few(node, "evals", sink).iter().filter_map(|n| eval(n, sink)).collect()
}

pub(super) fn swaps(node: &Node, sink: &Sink<'_>) -> Vec<Swap> {
    few(node, "swaps", sink).iter().filter_map(|n| swap(n, sink)).collect()
}

fn few<'n>(node: &'n Node, what: &str, sink: &Sink<'_>) -> &'n [Node] {
    let list = sink.list(node, what).unwrap_or_default();
    if list.len() > MOST_OF_A_KIND {
        sink.error(&node.at, format!("there are more than {MOST_OF_A_KIND} {what}"), None);
    }
    list.get(..MOST_OF_A_KIND).unwrap_or(list)
}

fn eval(node: &Node, sink: &Sink<'_>) -> Option<Eval> {
    let mut fields = sink.fields(node, "an eval")?;
    let chain = fields.need("chain", "chain: main").and_then(|n| sink.name(n));
    let mut pace = Pace { at: Duration::ZERO, items: 100, rate: 10.0 };
    set(&mut pace.at, fields.get("at").and_then(|n| sink.duration(n)));
    rest_of(&mut pace, &mut fields, sink);
    fields.finish();
    Some(Eval { chain, pace, at: node.at.clone() })
}

fn swap(node: &Node, sink: &Sink<'_>) -> Option<Swap> {
    let mut fields = sink.fields(node, "a swap")?;
    let chain = fields.need("chain", "chain: main").and_then(|n| sink.name(n));
    let from = fields.need("from", "from: openai/gpt-4o").and_then(|n| sink.text(n));
    let to = fields.need("to", "to: openai/gpt-4.1").and_then(|n| sink.text(n));
    let mut pace = Pace { at: Duration::ZERO, items: 200, rate: 10.0 };
    set(&mut pace.at, fields.need("at", "at: 60s").and_then(|n| sink.duration(n)));
    rest_of(&mut pace, &mut fields, sink);
    let mut bar = Bar::default();
    set(&mut bar.margin, fields.get("margin").and_then(|n| sink.share(n)));
    set(&mut bar.max_errors, fields.get("max_errors").and_then(|n| sink.share(n)));
    fields.finish();
    Some(Swap { chain, from, to, pace, bar, at: node.at.clone() })
}

fn rest_of(pace: &mut Pace, fields: &mut Fields<'_>, sink: &Sink<'_>) {
    set(&mut pace.items, fields.get("items").and_then(|n| sink.count32(n, 1, MOST)));
    let rate = fields.get("rate").and_then(|n| {
        let rate = sink.rate(n)?;
        if rate.value <= 0.0 {
            sink.error(&rate.at, "no item would ever be sent", Some("write `rate: 10/s`".to_owned()));
            return None;
        }
        Some(rate)
    });
    set(&mut pace.rate, rate);
}
