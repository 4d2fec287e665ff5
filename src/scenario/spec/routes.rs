//! `routes:`: which requests take which chain.

use super::require::{self, Require};
use super::router::tasks;
use crate::router::Stakes;
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::spec::load::STAKES;
use crate::scenario::yaml::Node;
use crate::tasks::Task;

/// A route as it was typed.
#[derive(Debug, Default)]
pub(crate) struct Route {
    pub(crate) at: Span,
    pub(crate) when: When,
    pub(crate) require: Option<Require>,
    pub(crate) chain: Option<At<String>>,
}

/// The condition of a route as it was typed.
#[derive(Debug, Default)]
pub(crate) struct When {
    pub(crate) task: Option<At<Task>>,
    pub(crate) tenant: Option<At<String>>,
    pub(crate) tier: Option<At<String>>,
    pub(crate) stream: Option<At<bool>>,
    pub(crate) tags: Vec<At<String>>,
    pub(crate) data_class: Option<At<String>>,
    pub(crate) residency: Vec<At<String>>,
    pub(crate) stakes: Option<At<Stakes>>,
    pub(crate) batch: Option<At<bool>>,
    pub(crate) larger_than: Option<At<u32>>,
    pub(crate) up_to: Option<At<u32>>,
}

pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Option<Route> {
    let mut fields = sink.fields(node, "a route")?;
    let mut route = Route { at: fields.at.clone(), ..Route::default() };
    route.when = fields.get("when").map_or_else(When::default, |n| when(n, sink));
    route.require = fields.get("require").and_then(|n| require::read(n, sink));
    route.chain = fields.need("chain", "chain: main").and_then(|n| sink.text(n));
    fields.finish();
    Some(route)
}

fn when(node: &Node, sink: &Sink<'_>) -> When {
    let mut when = When::default();
    let Some(mut fields) = sink.fields(node, "the condition of a route") else { return when };
    when.task = fields.get("task").and_then(|n| sink.word(n, "a task", &tasks()));
    when.tenant = fields.get("tenant").and_then(|n| sink.name(n));
    when.tier = fields.get("tier").and_then(|n| sink.name(n));
    when.stream = fields.get("stream").and_then(|n| sink.boolean(n));
    when.tags = fields.get("tags").map_or(Vec::new(), |n| sink.names(n));
    when.data_class = fields.get("data_class").and_then(|n| sink.name(n));
    when.residency = fields.get("residency").map_or(Vec::new(), |n| sink.names(n));
    when.stakes = fields.get("stakes").and_then(|n| sink.word(n, "a kind of stakes", STAKES));
    when.batch = fields.get("mode").and_then(|n| sink.word(n, "a mode", &[("interactive", false), ("batch", true)]));
    when.larger_than = fields.get("larger_than").and_then(|n| sink.size(n));
    when.up_to = fields.get("up_to").and_then(|n| sink.size(n));
    if let (Some(low), Some(high)) = (&when.larger_than, &when.up_to)
        && low.value >= high.value
    {
        let help = format!("nothing is larger than {} tokens and no larger than {}", low.value, high.value);
        sink.error(&high.at, "no prompt is of this size", Some(help));
    }
    fields.finish();
    when
}
