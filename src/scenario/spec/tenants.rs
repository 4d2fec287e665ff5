//! `tenants:` and `tiers:`: what each may spend, and on which targets.

use crate::event::Nanodollars;
use crate::router::policy::purse::{self, OnLimit};
use crate::scenario::reader::Sink;
use crate::scenario::source::At;
use crate::scenario::yaml::{Entry, Node, Value};
use std::time::Duration;

const ON_LIMIT: &[(&str, OnLimit)] =
    &[("downshift", OnLimit::Downshift), ("reject", OnLimit::Reject), ("alert", OnLimit::Alert)];

/// From when on money is short, unless it is said.
pub(super) const SOFT: f64 = 0.8;

/// A tenant or a tier as it was typed.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: At<String>,
    pub(crate) budget: Option<purse::Params>,
    /// `None`: all.
    pub(crate) targets: Option<Vec<At<String>>>,
}

pub(super) fn read(node: &Node, what: &'static str, sink: &Sink<'_>) -> Vec<Account> {
    let entries = sink.entries(node, what).unwrap_or_default();
    let named = entries.iter().filter(|e| sink.checked_name(&e.key.value, &e.key.at));
    named.filter_map(|entry| account(entry, sink)).collect()
}

fn account(entry: &Entry, sink: &Sink<'_>) -> Option<Account> {
    let mut fields = sink.fields(&entry.value, "what one may spend")?;
    let budget = fields.get("budget").and_then(|n| budget(n, sink));
    let soft = fields.get("soft").and_then(|n| sink.positive_share(n)).map_or(SOFT, |soft| soft.value);
    let on_limit = fields.get("on_limit").and_then(|n| sink.word(n, "what is done at the limit", ON_LIMIT));
    for key in ["soft", "on_limit"] {
        if let (Some(at), None) = (fields.key(key), fields.key("budget")) {
            sink.error(&at, format!("`{key}` does nothing without a `budget`"), Some("add `budget: $5/h`".to_owned()));
        }
    }
    let targets = fields.get("targets").and_then(|n| {
        let targets: Vec<At<String>> = sink.list(n, "targets")?.iter().filter_map(|n| sink.text(n)).collect();
        if targets.is_empty() {
            sink.error(&n.at, "there is no target left", Some("name some, or leave `targets` out for all".to_owned()));
        }
        Some(targets)
    });
    fields.finish();
    let on_limit = on_limit.map_or_else(OnLimit::default, |word| word.value);
    let budget = budget.map(|(amount, per)| purse::Params { amount, per, soft, on_limit });
    Some(Account { name: entry.key.clone(), budget, targets })
}

fn budget(node: &Node, sink: &Sink<'_>) -> Option<(Nanodollars, Duration)> {
    let Value::Map(_) = node.value else { return sink.budget(node).map(|budget| budget.value) };
    let mut fields = sink.fields(node, "a budget")?;
    let amount = fields.need("amount", "amount: $5").and_then(|n| sink.money(n));
    let per = fields.need("per", "per: 1h").and_then(|n| sink.positive_duration(n));
    fields.finish();
    Some((amount?.value, per?.value))
}
