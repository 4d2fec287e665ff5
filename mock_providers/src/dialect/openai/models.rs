//! The list of models. It answers whatever becomes of the completions, as the vendor's does.

use crate::dialect::wire;
use serde::Serialize;

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

/// The list of these models.
pub(crate) fn list(names: &[&str], owned_by: &'static str) -> Vec<u8> {
    let item = |id| Item { id, object: "model", created: 1_715_367_049, owned_by };
    wire::json(&List { object: "list", data: names.iter().copied().map(item).collect() })
}
