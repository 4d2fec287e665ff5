//! `faults:`: on whom, when, what, and in which shape.

use super::inject;
use crate::scenario::reader::{Fields, Sink};
use crate::scenario::source::{At, Span};
use crate::scenario::yaml::{Node, Value};
use mock_providers::fault::{Effect, Endpoint, Pick, Shape};
use std::time::Duration;

/// A fault as it was typed.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) at: Span,
    pub(crate) on: Option<Selector>,
    pub(crate) during: Option<At<String>>,
    pub(crate) start: Option<At<Duration>>,
    pub(crate) length: Option<At<Duration>>,
    /// With its label.
    pub(crate) effect: Option<At<(Effect, String)>>,
    pub(crate) shape: At<Shape>,
    /// Which of the requests it hits, if said.
    pub(crate) pick: Option<At<Pick>>,
    /// It ends for one provider or model after the other, so far apart.
    pub(crate) staggered: Option<At<Duration>>,
}

/// Whom a fault concerns: all conditions hold, each for one of its names; an empty one always holds.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    pub(crate) at: Span,
    pub(crate) providers: Vec<At<String>>,
    pub(crate) vendors: Vec<At<String>>,
    pub(crate) regions: Vec<At<String>>,
    pub(crate) models: Vec<At<String>>,
    pub(crate) stream: Option<bool>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) keys: Vec<At<String>>,
    pub(crate) larger_than: Option<u32>,
    /// A name in it could not be read, so that matching would mislead.
    pub(crate) broken: bool,
}

pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Option<Fault> {
    let mut fields = sink.fields(node, "a fault")?;
    let on = fields.need("on", "on: openai").and_then(|n| selector(n, sink));
    let during = fields.get("during").and_then(|n| sink.text(n));
    let start = fields.get("at").and_then(|n| sink.duration(n));
    let length = fields.get("for").and_then(|n| sink.positive_duration(n));
    if let (Some(at), Some(_)) = (fields.key("at").or_else(|| fields.key("for")), fields.key("during")) {
        let help = "keep `during`, or write `at` and `for`";
        sink.error(&at, "a fault has a phase or a time, not both", Some(help.to_owned()));
    } else if let (Some(at), None) = (fields.key("for"), fields.key("at")) {
        sink.error(&at, "`for` needs `at`", Some("add `at: 20s`, counted from the start".to_owned()));
    }
    let share = fields.get("share").and_then(|n| sink.positive_share(n));
    let inject = fields.get("inject");
    let mix = fields.get("mix");
    let sequence = fields.get("sequence");
    let repeat = fields.get("repeat").and_then(|n| sink.boolean(n)).is_some_and(|b| b.value);
    if let (Some(at), None) = (fields.key("repeat"), sequence) {
        sink.error(&at, "`repeat` belongs to a `sequence`", None);
    }
    let effect = match (inject, mix, sequence) {
        (Some(n), None, None) => inject::inject(n, share.as_ref(), sink).map(|e| At::new(e, n.at.clone())),
        (None, Some(n), None) => {
            if let Some(at) = fields.key("share") {
                sink.error(&at, "a `mix` has its own shares", Some("remove `share`".to_owned()));
            }
            inject::mix(n, sink).map(|e| At::new(e, n.at.clone()))
        }
        (None, None, Some(n)) => {
            if let Some(at) = fields.key("share") {
                sink.error(&at, "a `sequence` takes all requests in turn", Some("remove `share`".to_owned()));
            }
            inject::sequence(n, repeat, sink).map(|e| At::new(e, n.at.clone()))
        }
        (None, None, None) => {
            let help = "add `inject: { status: 503 }` or `mix: { status_503: 20% }`";
            sink.error(&fields.at, "this fault does nothing", Some(help.to_owned()));
            None
        }
        _ => {
            let at = fields.key("sequence").or_else(|| fields.key("mix")).unwrap_or_default();
            let help = "make two faults of it";
            sink.error(&at, "a fault has one of `inject`, `mix` and `sequence`", Some(help.to_owned()));
            None
        }
    };
    let shape = fields.get("shape").and_then(|n| shape(n, sink)).unwrap_or(At::new(Shape::Step, node.at.clone()));
    let door = matches!(effect, Some(At { value: (Effect::Listener(_), _), .. }));
    if door && !matches!(shape.value, Shape::Step | Shape::Flap { .. }) {
        let help = "it is all or nothing; it can `flap`";
        sink.error(&shape.at, "a fault of the whole listener has no such shape", Some(help.to_owned()));
    }
    let counted = matches!(effect, Some(At { value: (Effect::Sequence { .. }, _), .. }));
    if counted && !matches!(shape.value, Shape::Step | Shape::Flap { .. }) {
        let help = "it takes every request in turn; it can `flap`";
        sink.error(&shape.at, "a sequence has no such shape", Some(help.to_owned()));
    }
    let pick = pick(&mut fields, sink);
    if let (Some(pick), Some(At { value: (effect, _), .. })) = (&pick, &effect)
        && !matches!(effect, Effect::Mix(_))
    {
        let help = "it goes with what is done to single requests, such as `status`";
        sink.error(&pick.at, "this fault does not pick requests", Some(help.to_owned()));
    }
    let staggered = fields.get("staggered").and_then(|n| sink.positive_duration(n));
    let at = fields.at.clone();
    fields.finish();
    Some(Fault { at, on, during, start, length, effect, shape, pick, staggered })
}

/// Which of the requests a fault hits: `sticky`, `slice`, `first` or `every`.
fn pick(fields: &mut Fields<'_>, sink: &Sink<'_>) -> Option<At<Pick>> {
    let mut picks: Vec<At<Pick>> = Vec::new();
    if let Some(sticky) = fields.get("sticky").and_then(|n| sink.boolean(n)).filter(|b| b.value) {
        picks.push(At::new(Pick::Client, sticky.at));
    }
    if let Some(slice) = fields.get("slice").and_then(|n| sink.positive_duration(n)) {
        picks.push(At::new(Pick::Slice { length: slice.value, schedule: 0 }, slice.at));
    }
    for (key, make) in [("first", Pick::First as fn(u32) -> Pick), ("every", Pick::Every)] {
        if let Some(n) = fields.get(key).and_then(|n| sink.count32(n, 1, 1_000_000)) {
            picks.push(At::new(make(n.value), n.at));
        }
    }
    if let Some(second) = picks.get(1) {
        let help = "keep one of `sticky`, `slice`, `first` and `every`";
        sink.error(&second.at, "a fault picks its requests in one way", Some(help.to_owned()));
    }
    picks.into_iter().next()
}

fn selector(node: &Node, sink: &Sink<'_>) -> Option<Selector> {
    let mut selector = Selector { at: node.at.clone(), ..Selector::default() };
    let Value::Map(_) = &node.value else {
        selector.providers = names(node, &mut selector.broken, sink);
        if let (Value::Text(_), [target]) = (&node.value, selector.providers.as_slice())
            && let Some((provider, model)) = target.value.split_once('/')
        {
            let slash = target.at.start + sink.source.slice(&target.at).find('/').unwrap_or(0);
            let at = (target.at.start..slash, slash + 1..target.at.end);
            let (provider, model) = (At::new(provider.to_owned(), at.0), At::new(model.to_owned(), at.1));
            (selector.providers, selector.models) = (vec![provider], vec![model]);
        }
        return Some(selector);
    };
    let mut fields = sink.fields(node, "whom a fault concerns")?;
    let broken = &mut selector.broken;
    selector.providers = fields.get("provider").map_or(Vec::new(), |n| names(n, broken, sink));
    selector.vendors = fields.get("vendor").map_or(Vec::new(), |n| names(n, broken, sink));
    selector.regions = fields.get("region").map_or(Vec::new(), |n| names(n, broken, sink));
    selector.models = fields.get("model").map_or(Vec::new(), |n| names(n, broken, sink));
    selector.stream = fields.get("stream").and_then(|n| sink.boolean(n)).map(|b| b.value);
    selector.keys = fields.get("key").map_or(Vec::new(), |n| names(n, broken, sink));
    if let Some(n) = fields.get("endpoint") {
        let nodes = sink.one_or_more(n);
        if nodes.is_empty() {
            sink.error(&n.at, "this list is empty, so nobody is meant", Some("name at least one".to_owned()));
        }
        let read = nodes.iter().filter_map(|n| sink.word(n, "an endpoint", &Endpoint::ALL));
        selector.endpoints = read.map(|endpoint| endpoint.value).collect();
        *broken |= selector.endpoints.len() < nodes.len().max(1);
    }
    selector.larger_than = fields.get("larger_than").and_then(|n| sink.size(n)).map(|size| size.value);
    fields.finish();
    Some(selector)
}

fn names(node: &Node, broken: &mut bool, sink: &Sink<'_>) -> Vec<At<String>> {
    let nodes = sink.one_or_more(node);
    let names: Vec<At<String>> = nodes.iter().filter_map(|n| sink.text(n)).collect();
    if nodes.is_empty() {
        sink.error(&node.at, "this list is empty, so nobody is meant", Some("name at least one".to_owned()));
    }
    *broken |= nodes.is_empty() || names.len() < nodes.len();
    names
}

fn shape(node: &Node, sink: &Sink<'_>) -> Option<At<Shape>> {
    if let Value::Map(_) = &node.value {
        let mut fields = sink.fields(node, "a shape")?;
        let sawtooth = fields.get("sawtooth").map(|n| (n, Shape::sawtooth as fn(Duration) -> Shape));
        let diurnal = fields.get("diurnal").map(|n| (n, Shape::diurnal as fn(Duration) -> Shape));
        if let (Some(_), Some((second, _))) = (&sawtooth, &diurnal) {
            sink.error(&second.at, "a fault has one shape", Some("make two faults of it".to_owned()));
        }
        if let Some((n, make)) = sawtooth.or(diurnal) {
            if let Some(flap) = fields.get("flap") {
                sink.error(&flap.at, "a fault has one shape", Some("make two faults of it".to_owned()));
            }
            fields.finish();
            return Some(At::new(make(sink.positive_duration(n)?.value), node.at.clone()));
        }
        let flap = fields.need("flap", "flap: { up: 5s, down: 5s }");
        fields.finish();
        let mut flap = sink.fields(flap?, "a flap")?;
        let up = flap.need("up", "up: 5s").and_then(|n| sink.positive_duration(n));
        let down = flap.need("down", "down: 5s").and_then(|n| sink.positive_duration(n));
        flap.finish();
        return Some(At::new(Shape::Flap { up: up?.value, down: down?.value }, node.at.clone()));
    }
    if let Value::Text(word) = &node.value
        && (word == "sawtooth" || word == "diurnal")
    {
        sink.error(&node.at, format!("a {word} needs its period"), Some(format!("write `shape: {{ {word}: 30s }}`")));
        return None;
    }
    if let Value::Text(word) = &node.value
        && word == "flap"
    {
        let help = "write `shape: { flap: { up: 5s, down: 5s } }`";
        sink.error(&node.at, "a flap needs its times", Some(help.to_owned()));
        return None;
    }
    sink.word(node, "a shape", &[("ramp", Shape::Ramp), ("decay", Shape::Decay), ("step", Shape::Step)])
}
