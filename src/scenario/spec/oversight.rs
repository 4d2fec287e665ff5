//! How the quality of answers is watched: `grader:` of the router.

use super::set;
use crate::router::policy::grading;
use crate::scenario::reader::Sink;
use crate::scenario::source::At;
use crate::scenario::units::shown;
use crate::scenario::yaml::{Node, Value};

/// The most that one verdict may cost, in dollars.
const MOST: f64 = 1000.0;

pub(super) fn grader(node: &Node, sink: &Sink<'_>) -> Option<grading::Params> {
    let mut params = grading::Params::default();
    let mut fields = sink.fields(node, "a grader")?;
    set(&mut params.sample, fields.get("sample").and_then(|n| sink.positive_share(n)));
    set(&mut params.delay, fields.get("delay").and_then(|n| sink.duration(n)));
    set(&mut params.cost, fields.get("cost").and_then(|n| dollars(n, sink)));
    set(&mut params.false_bad, fields.get("false_bad").and_then(|n| sink.share(n)));
    set(&mut params.false_good, fields.get("false_good").and_then(|n| sink.share(n)));
    fields.finish();
    Some(params)
}

/// `$0.002`, or a bare number.
fn dollars(node: &Node, sink: &Sink<'_>) -> Option<At<f64>> {
    let Value::Text(text) = &node.value else { return sink.number(node, 0.0, MOST) };
    let amount = text.strip_prefix('$').and_then(|number| number.parse::<f64>().ok());
    let amount = amount.filter(|amount| (0.0..=MOST).contains(amount));
    if amount.is_none() {
        let help = "write dollars, as `$0.002`, at most 1000 of them";
        sink.error(&node.at, format!("{} is not an amount of money", shown(text)), Some(help.to_owned()));
    }
    amount.map(|amount| At::new(amount, node.at.clone()))
}
