//! What a fault injects: the words of `inject:`, `mix:` and `sequence:`.
//!
//! The mock providers' registry of faults is the vocabulary: it says which kinds there are, what each takes, and what
//! holds when nothing is said. This file only knows how such a thing is written.

use crate::scenario::reader::{Fields, Sink};
use crate::scenario::source::{At, Span};
use crate::scenario::units::shown;
use crate::scenario::yaml::{Entry, Node, Value};
use crate::words;
use mock_providers::fault::{self, Arg, Effect, Injection, Kind, Param, Takes, registry};

/// What is injected, and how it is called in labels.
pub(super) type Labelled = (Effect, String);

fn percent(share: f64) -> String {
    format!("{}%", libm::round(share * 1e4) / 1e2)
}

/// Shares of injections in a few words.
fn label_of_mix(parts: &[(Injection, f64)]) -> String {
    match parts {
        [(injection, share)] if *share >= 1.0 => injection.label(),
        parts => {
            parts.iter().map(|(i, share)| format!("{} {}", i.label(), percent(*share))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A kind with its values in a few words.
fn label_of_kind(kind: &Kind, given: &[(&str, Arg)]) -> String {
    let value = |arg: &Arg| match arg {
        Arg::Count(count) => count.to_string(),
        Arg::Number(number) => number.to_string(),
        Arg::Wait(wait) => format!("{wait:?}"),
        Arg::Distribution(distribution) => format!("+{}ms", libm::round(distribution.median_ms())),
        Arg::Word(word) => word.replace('_', " "),
    };
    let name = kind.name.replace('_', " ");
    let values: Vec<String> =
        given.iter().map(|(param, arg)| format!("{} {}", param.replace('_', " "), value(arg))).collect();
    if values.is_empty() { name } else { format!("{name}: {}", values.join(", ")) }
}

/// Reads `inject:`; `share` applies to what can take one.
pub(super) fn inject(node: &Node, share: Option<&At<f64>>, sink: &Sink<'_>) -> Option<Labelled> {
    let (kind, given) = said(node, sink)?;
    if let Some(share) = share.filter(|_| !kind.takes_a_share()) {
        let help = format!("remove `share`: `{}` concerns the provider as a whole for a time", kind.name);
        sink.error(&share.at, "this fault does not take a share", Some(help));
    }
    let effect = fault::effect(kind, &given, share.map_or(1.0, |s| s.value));
    let label = match &effect {
        Effect::Mix(parts) => label_of_mix(parts),
        _ => label_of_kind(kind, &given),
    };
    Some((effect, label))
}

/// One injection, for a request that stands at a certain place.
fn injection(node: &Node, sink: &Sink<'_>) -> Option<Injection> {
    let (kind, given) = said(node, sink)?;
    let injection = Injection::new(kind, &given);
    if injection.is_none() {
        let help = format!("`{}` concerns the provider as a whole; write it as a fault of its own", kind.name);
        sink.error(&node.at, "this cannot happen to a single request", Some(help));
    }
    injection
}

type Said = (&'static Kind, Vec<(&'static str, Arg)>);

/// What a word or a long form says.
fn said(node: &Node, sink: &Sink<'_>) -> Option<Said> {
    match &node.value {
        Value::Text(word) => in_a_word(word, &node.at, sink),
        Value::Int(code) => {
            let help = format!("write `inject: {{ status: {code} }}`");
            sink.error(&node.at, "a bare number is nothing to inject", Some(help));
            None
        }
        _ => {
            let mut fields = sink.fields(node, "what is injected")?;
            let given: Vec<&'static Kind> =
                registry::ALL.iter().copied().filter(|kind| fields.key(kind.name).is_some()).collect();
            let said = match given.as_slice() {
                [kind] => long_form(kind, &mut fields, sink),
                [] => {
                    let help = "write `{ status: 503 }` or a word such as `silence`";
                    sink.error(&node.at, "this injects nothing", Some(help.to_owned()));
                    None
                }
                [_, second, ..] => {
                    let at = fields.key(second.name).unwrap_or_else(|| node.at.clone());
                    sink.error(&at, "a fault injects one thing", Some("use `mix`, or two faults".to_owned()));
                    for kind in &given {
                        fields.get(kind.name);
                    }
                    None
                }
            };
            fields.finish();
            said
        }
    }
}

fn in_a_word(word: &str, at: &Span, sink: &Sink<'_>) -> Option<Said> {
    let Some((kind, main)) = registry::named(word) else {
        let words: Vec<String> = registry::words().collect();
        let help = words::help(word, words.iter().map(String::as_str));
        sink.error(at, format!("{} is nothing to inject", shown(word)), help);
        return None;
    };
    let param = kind.takes.first();
    if main.is_none() && param.is_some_and(|param| needed(kind, param)) {
        sink.error(
            at,
            format!("{} is nothing to inject", shown(word)),
            Some(format!("write `{{ {word}: … }}` and say how")),
        );
        return None;
    }
    Some((kind, param.zip(main).map(|(param, arg)| (param.name, arg)).into_iter().collect()))
}

/// Whether a kind says nothing without this parameter. One that takes several and needs none in particular, such as a
/// latency, still wants one of them.
fn needed(kind: &Kind, param: &Param) -> bool {
    let itself = param.name == kind.name;
    let any = !kind.takes_a_share() && kind.takes.iter().all(|param| param.default.is_none());
    param.default.is_none() && (itself || any)
}

/// Reads `{ KIND: value, param: value }` and `{ KIND: { param: value } }`.
fn long_form(kind: &'static Kind, fields: &mut Fields<'_>, sink: &Sink<'_>) -> Option<Said> {
    let node = fields.get(kind.name)?;
    let at = fields.key(kind.name).unwrap_or_else(|| node.at.clone());
    let mut given = Vec::new();
    let mut complete = true;
    let mut take = |param: &'static Param, node: &Node| match arg(param, kind, node, sink) {
        Some(arg) => given.push((param.name, arg)),
        None => complete = false,
    };
    if let Value::Map(_) = &node.value {
        let mut inner = sink.fields(node, "what is injected")?;
        for param in kind.takes {
            if let Some(node) = inner.get(param.name) {
                take(param, node);
            }
        }
        inner.finish();
    } else if let Some(main) = kind.takes.first() {
        take(main, node);
        for param in &kind.takes[1..] {
            if let Some(node) = fields.get(param.name) {
                take(param, node);
            }
        }
    } else if !matches!(node.value, Value::Null | Value::Bool(true)) {
        sink.error(&node.at, format!("`{}` takes nothing", kind.name), Some(format!("write `inject: {}`", kind.name)));
        return None;
    }
    if complete && given.is_empty() && kind.takes.first().is_some_and(|param| needed(kind, param)) {
        let names = words::list(kind.takes.iter().map(|param| param.name));
        sink.error(&at, format!("this `{}` says nothing", kind.name), Some(format!("it takes {names}")));
        return None;
    }
    complete.then_some((kind, given))
}

/// The value of one parameter.
fn arg(param: &Param, kind: &Kind, node: &Node, sink: &Sink<'_>) -> Option<Arg> {
    Some(match param.takes {
        Takes::Count(least, most) => Arg::Count(sink.count(node, least, most)?.value),
        Takes::Number(least, most) => Arg::Number(sink.number(node, least, most)?.value),
        Takes::Share => Arg::Number(sink.share(node)?.value),
        Takes::Wait => Arg::Wait(sink.duration(node)?.value),
        Takes::Distribution => Arg::Distribution(sink.distribution(node)?.value),
        Takes::Word(words) => {
            let words: Vec<(&str, &'static str)> = words.iter().map(|word| (*word, *word)).collect();
            let what = match param.name == kind.name {
                true => format!("a value of `{}`", kind.name),
                false => format!("a value of `{}` in `{}`", param.name, kind.name),
            };
            Arg::Word(sink.word(node, &what, &words)?.value)
        }
    })
}

/// Reads `sequence:`, what happens to one request after the other.
pub(super) fn sequence(node: &Node, repeat: bool, sink: &Sink<'_>) -> Option<Labelled> {
    let nodes = sink.list(node, "what happens to one request after the other")?;
    let mut steps = Vec::new();
    let mut complete = true;
    for node in nodes {
        match &node.value {
            Value::Text(word) if word == "ok" => steps.push(None),
            _ => match injection(node, sink) {
                Some(injection) => steps.push(Some(injection)),
                None => complete = false,
            },
        }
    }
    if complete && steps.iter().all(Option::is_none) {
        sink.error(&node.at, "this sequence injects nothing", Some("write `[status_503, status_503, ok]`".to_owned()));
        return None;
    }
    let words: Vec<String> = steps.iter().map(|s| s.as_ref().map_or("ok".to_owned(), Injection::label)).collect();
    let label = format!("{}{}", words.join(", "), if repeat { ", again" } else { "" });
    complete.then_some((Effect::Sequence { steps, repeat }, label))
}

/// Reads `mix:`, a partition of the requests.
pub(super) fn mix(node: &Node, sink: &Sink<'_>) -> Option<Labelled> {
    let entries = sink.entries(node, "a mix")?;
    let mut parts = Vec::new();
    let mut ok = None;
    let mut total = 0.0;
    let mut complete = true;
    for Entry { key, value } in entries {
        let share = sink.share(value);
        complete &= share.is_some();
        let share = share.map_or(0.0, |s| s.value);
        total += share;
        if key.value == "ok" {
            ok = Some(share);
        } else if let Some((kind, given)) = part(&key.value, &key.at, sink) {
            match Injection::new(kind, &given) {
                Some(injection) => parts.push((injection, share)),
                None => {
                    complete = false;
                    let help =
                        format!("`{}` concerns the provider as a whole; write it as a fault of its own", kind.name);
                    sink.error(&key.at, format!("{} is nothing to mix in", shown(&key.value)), Some(help));
                }
            }
        } else {
            complete = false;
        }
    }
    if complete && total > 1.0 + 1e-9 {
        sink.error(
            &node.at,
            format!("this mix adds up to {}", percent(total)),
            Some("the shares make at most 100%".to_owned()),
        );
    } else if complete && ok.is_some() && total < 1.0 - 1e-9 {
        let help = "with `ok` the shares make exactly 100%; without it the rest is well";
        sink.error(&node.at, format!("this mix adds up to {}", percent(total)), Some(help.to_owned()));
    } else if complete && parts.is_empty() {
        sink.error(&node.at, "this mix injects nothing", Some("add `status_503: 20%`".to_owned()));
    }
    let label = label_of_mix(&parts);
    Some((Effect::Mix(parts), label))
}

/// A word of a mix; a kind for the whole provider needs no value here, since it is refused anyway.
fn part(word: &str, at: &Span, sink: &Sink<'_>) -> Option<Said> {
    match registry::kind(word) {
        Some(kind) if !kind.takes_a_share() => Some((kind, Vec::new())),
        _ if registry::named(word).is_none() => {
            let words: Vec<String> = registry::words().chain(["ok".to_owned()]).collect();
            let help = words::help(word, words.iter().map(String::as_str));
            sink.error(at, format!("{} is nothing to mix in", shown(word)), help);
            None
        }
        _ => in_a_word(word, at, sink),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_label_says_what_a_fault_does_in_a_few_words() {
        let word = |word| Injection::word(word).unwrap();
        let limited = Injection::word_with("status_429", &[("retry_after", Arg::Wait(Duration::from_secs(2)))]);
        assert_eq!(label_of_mix(&[(word("status_503"), 1.0)]), "503");
        assert_eq!(label_of_mix(&[(limited.unwrap(), 1.0)]), "429 (retry after 2s)");
        assert_eq!(label_of_mix(&[(word("silence"), 0.3)]), "silence 30%");
        assert_eq!(label_of_mix(&[(word("silence"), 0.3), (word("reset"), 0.005)]), "silence 30%, reset 0.5%");
    }
}
