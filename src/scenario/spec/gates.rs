//! `gates:` of a chain, read by the registry of the gates.
//!
//! A gate is a word, `{ NAME: value }` for its main parameter, or `{ NAME: { param: value } }`; `none` in place of a list
//! lets everything pass.

use crate::router::policy::gates::{ALL, Arg, Gate, Gates, Kind, Param, Takes};
use crate::scenario::reader::Sink;
use crate::scenario::units::shown;
use crate::scenario::yaml::{Node, Value};
use crate::words;

pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Gates {
    if matches!(&node.value, Value::Text(word) if word == "none") {
        return Gates::none();
    }
    let mut seen: Vec<&'static str> = Vec::new();
    let mut gates = Vec::new();
    for node in sink.one_or_more(node) {
        let Some((kind, gate)) = gate(node, sink) else { continue };
        if seen.contains(&kind.name) {
            sink.error(&node.at, format!("`{}` is named twice", kind.name), Some("keep one of the two".to_owned()));
        }
        seen.push(kind.name);
        gates.push(gate);
    }
    Gates::new(&gates)
}

fn gate(node: &Node, sink: &Sink<'_>) -> Option<(&'static Kind, Gate)> {
    let (kind, given, at) = match &node.value {
        Value::Text(word) if word == "none" => {
            let help = "write `gates: none`, or leave it out";
            sink.error(&node.at, "`none` stands alone", Some(help.to_owned()));
            return None;
        }
        Value::Text(_) => {
            let words: Vec<(&str, &'static Kind)> = ALL.into_iter().map(|kind| (kind.name, kind)).collect();
            (sink.word(node, "a gate", &words)?.value, Vec::new(), &node.at)
        }
        _ => {
            let entries = sink.entries(node, "a gate")?;
            let [entry] = entries else {
                let help = "write one gate an item, as `[json_schema, { length: { min: 20 } }]`";
                let at = entries.get(1).map_or(&node.at, |second| &second.key.at);
                sink.error(at, "this is not one gate", Some(help.to_owned()));
                return None;
            };
            let Some(kind) = ALL.into_iter().find(|kind| kind.name == entry.key.value) else {
                let help = words::help(&entry.key.value, ALL.into_iter().map(|kind| kind.name));
                sink.error(&entry.key.at, format!("{} is not a gate", shown(&entry.key.value)), help);
                return None;
            };
            (kind, given(kind, &entry.value, sink)?, &entry.key.at)
        }
    };
    if given.is_empty() && !kind.takes.is_empty() && kind.takes.iter().all(|param| param.default.is_none()) {
        let names = words::list(kind.takes.iter().map(|param| param.name));
        let help = format!("it takes {names}: `{}`", kind.example);
        sink.error(at, format!("`{}` alone says nothing", kind.name), Some(help));
        return None;
    }
    Some((kind, Gate::new(kind, &given)))
}

fn given(kind: &'static Kind, node: &Node, sink: &Sink<'_>) -> Option<Vec<(&'static str, Arg)>> {
    let Some(main) = kind.takes.first() else {
        sink.error(&node.at, format!("`{}` takes nothing", kind.name), Some(format!("write `{}`", kind.name)));
        return None;
    };
    if !matches!(node.value, Value::Map(_)) {
        return Some(vec![(main.name, arg(main, node, sink)?)]);
    }
    let mut fields = sink.fields(node, "a gate")?;
    let mut values = Vec::new();
    for param in kind.takes {
        if let Some(node) = fields.get(param.name) {
            values.push((param.name, arg(param, node, sink)?, &node.at));
        }
    }
    if !fields.finish() {
        return None;
    }
    if let [(_, Arg::Count(min), _), (_, Arg::Count(max), at)] = values.as_slice()
        && max < min
    {
        sink.error(at, "the most is less than the least", Some(format!("the least is {min}")));
        return None;
    }
    Some(values.into_iter().map(|(name, arg, _)| (name, arg)).collect())
}

fn arg(param: &Param, node: &Node, sink: &Sink<'_>) -> Option<Arg> {
    Some(match param.takes {
        Takes::Count(least, most) => Arg::Count(sink.count(node, least, most)?.value),
        Takes::Word(words) => {
            let words: Vec<(&str, &'static str)> = words.iter().map(|word| (*word, *word)).collect();
            Arg::Word(sink.word(node, param.about, &words)?.value)
        }
    })
}
