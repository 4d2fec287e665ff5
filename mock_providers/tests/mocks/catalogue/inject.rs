//! What stands after `inject:`, read by the registry, as scenarios write it on one line.

use mock_providers::Distribution;
use mock_providers::fault::{Arg, Effect, Kind, Takes, effect, registry};
use std::time::Duration;

/// The kind and the values that a line says.
pub(crate) fn said(line: &str) -> (&'static Kind, Vec<(&'static str, Arg)>) {
    let Some(flow) = line.strip_prefix("{ ").and_then(|rest| rest.strip_suffix(" }")) else {
        let (kind, main) = registry::named(line).unwrap_or_else(|| panic!("{line}"));
        let given = main.map(|arg| (kind.takes[0].name, arg));
        return (kind, given.into_iter().collect());
    };
    let (name, rest) = flow.split_once(": ").unwrap_or_else(|| panic!("{line}"));
    let kind = registry::kind(name).unwrap_or_else(|| panic!("{line}"));
    let pairs = match rest.strip_prefix("{ ").and_then(|rest| rest.strip_suffix(" }")) {
        Some(inner) => inner.to_owned(),
        None => format!("{}: {rest}", kind.takes[0].name),
    };
    let given = pairs.split(", ").map(|pair| {
        let (name, value) = pair.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        let param = kind.param(name).unwrap_or_else(|| panic!("{line}: {name}"));
        (param.name, value_of(param.takes, value).unwrap_or_else(|| panic!("{line}: {value}")))
    });
    (kind, given.collect())
}

/// What a line does to a provider.
pub(crate) fn done(line: &str) -> Effect {
    let (kind, given) = said(line);
    effect(kind, &given, 1.0)
}

fn value_of(takes: Takes, value: &str) -> Option<Arg> {
    let in_range = |number: f64, least: f64, most: f64| (least..=most).contains(&number).then_some(number);
    Some(match takes {
        Takes::Count(least, most) => Arg::Count(value.parse().ok().filter(|n| (least..=most).contains(n))?),
        Takes::Number(least, most) => Arg::Number(in_range(value.parse().ok()?, least, most)?),
        Takes::Share => Arg::Number(in_range(value.strip_suffix('%')?.parse::<f64>().ok()? / 100.0, 0.0, 1.0)?),
        Takes::Wait => Arg::Wait(wait(value)?),
        Takes::Distribution => Arg::Distribution(Distribution::fixed(wait(value)?)),
        Takes::Word(words) => Arg::Word(words.iter().find(|word| **word == value)?),
    })
}

fn wait(value: &str) -> Option<Duration> {
    match value.strip_suffix("ms") {
        Some(ms) => ms.parse().ok().map(Duration::from_millis),
        None => value.strip_suffix('s')?.parse().ok().map(Duration::from_secs),
    }
}
