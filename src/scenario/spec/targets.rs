//! `targets:` of a chain: `[a, { pick: weighted, of: { b: 70%, c: 30% } }, d]`, and `pick:` for all of them at once.

use crate::router::policy::order::{Pick, Step};
use crate::scenario::reader::{Fields, Sink};
use crate::scenario::source::At;
use crate::scenario::yaml::{Node, Value};

const PICKS: &[(&str, Pick)] = &[
    ("ordered", Pick::Ordered),
    ("weighted", Pick::Weighted),
    ("cheapest", Pick::Cheapest),
    ("fastest", Pick::Fastest),
    ("least_loaded", Pick::LeastLoaded),
    ("same_model", Pick::SameModel),
];

const ODDS: &str = "write `targets: [{ pick: weighted, of: { openai/gpt-4o: 70%, anthropic/claude-sonnet-4: 30% } }]`";

/// The targets of a chain as they were typed.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    pub(crate) names: Vec<At<String>>,
    /// How they are grouped; the lengths add up to their number.
    pub(crate) steps: Vec<Step>,
    /// The odds of each in a weighted step.
    pub(crate) weights: Vec<f64>,
}

impl Targets {
    pub(super) fn push(&mut self, pick: Pick, members: Vec<(At<String>, f64)>) {
        match self.steps.last_mut() {
            Some(last) if last.pick == Pick::Ordered && pick == Pick::Ordered => last.len += members.len(),
            _ => self.steps.push(Step { len: members.len(), pick }),
        }
        let (names, weights): (Vec<_>, Vec<_>) = members.into_iter().unzip();
        self.names.extend(names);
        self.weights.extend(weights);
    }
}

/// Reads `targets`, `pick` and `fallback` of a chain.
pub(super) fn read(fields: &mut Fields<'_>, sink: &Sink<'_>) -> Targets {
    let mut targets = Targets::default();
    let list = fields.need("targets", "targets: [openai/gpt-4o]").and_then(|n| {
        let list = sink.list(n, "targets")?;
        if list.is_empty() {
            let help = "name at least one, as `[openai/gpt-4o]`";
            sink.error(&n.at, "this chain has no targets", Some(help.to_owned()));
        }
        Some(list)
    });
    for node in list.unwrap_or_default() {
        if let Value::Map(_) = node.value {
            step(node, &mut targets, sink);
        } else if let Some(name) = sink.text(node) {
            targets.push(Pick::Ordered, vec![(name, 1.0)]);
        }
    }
    if let Some(pick) = fields.get("pick").and_then(|n| sink.word(n, "a way to pick", PICKS)) {
        if pick.value == Pick::Weighted {
            sink.error(&pick.at, "a weighted pick needs odds", Some(ODDS.to_owned()));
        } else if targets.steps.iter().any(|step| step.pick != Pick::Ordered) {
            let help = "leave one of the two out";
            sink.error(&pick.at, "some of the targets say themselves how they are picked", Some(help.to_owned()));
        } else {
            targets.steps = vec![Step { len: targets.names.len(), pick: pick.value }];
        }
    }
    if let Some(none) = fields.get("fallback").and_then(|n| sink.word(n, "a fallback", &[("none", ())])) {
        if targets.steps.first().is_some_and(|first| first.pick != Pick::Ordered) {
            let help = "without a fallback there is one target; name it first";
            sink.error(&none.at, "nothing says which of these targets is the only one", Some(help.to_owned()));
        }
        targets.names.truncate(1);
        targets.weights.truncate(1);
        targets.steps = vec![Step { len: targets.names.len(), pick: Pick::Ordered }];
    }
    targets
}

/// A few targets that are as good as each other.
fn step(node: &Node, targets: &mut Targets, sink: &Sink<'_>) {
    let Some(mut fields) = sink.fields(node, "a step of a chain") else { return };
    let pick = fields.need("pick", "pick: cheapest").and_then(|n| sink.word(n, "a way to pick", PICKS));
    let of = fields.need("of", "of: [openai/gpt-4o, anthropic/claude-sonnet-4]");
    fields.finish();
    let (Some(pick), Some(of)) = (pick, of) else { return };
    let members = if pick.value == Pick::Weighted { weighted(of, sink) } else { plain(of, sink) };
    if let Some(members) = members {
        if members.is_empty() {
            sink.error(&of.at, "there is nothing to pick from", Some("name some targets".to_owned()));
        }
        targets.push(pick.value, members);
    }
}

fn plain(node: &Node, sink: &Sink<'_>) -> Option<Vec<(At<String>, f64)>> {
    let list = sink.list(node, "targets")?;
    Some(list.iter().filter_map(|n| sink.text(n)).map(|name| (name, 1.0)).collect())
}

fn weighted(node: &Node, sink: &Sink<'_>) -> Option<Vec<(At<String>, f64)>> {
    if let Value::List(_) = node.value {
        sink.error(&node.at, "a weighted pick needs odds", Some(ODDS.to_owned()));
        return None;
    }
    let entries = sink.entries(node, "the odds of each target")?;
    let odds: Vec<Option<(At<String>, f64)>> =
        entries.iter().map(|e| Some((e.key.clone(), sink.share(&e.value)?.value))).collect();
    let odds: Vec<(At<String>, f64)> = odds.into_iter().collect::<Option<_>>()?;
    let total: f64 = odds.iter().map(|(_, share)| share).sum();
    if !odds.is_empty() && (total - 1.0).abs() > 1e-6 {
        let help = format!("they make {:.4}%", total * 100.0).replace(".0000", "");
        sink.error(&node.at, "the odds do not make 100%", Some(help));
    }
    Some(odds)
}
