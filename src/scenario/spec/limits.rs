//! `quota:`, `capacity:` and `keys:`: what a provider can take, and who may ask.

use crate::scenario::problem::Problem;
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::units::shown;
use crate::scenario::yaml::{Entry, Node, Value};
use mock_providers::limits::{ApiKey, Capacity, Lie, Limit, OnHangup, Per, Policy, Quota};
use std::collections::BTreeMap;
use std::time::Duration;

const PER: &[(&str, Per)] = &[("provider", Per::Provider), ("model", Per::Model), ("key", Per::Key)];
/// Who may hold a model's quota.
const PER_OF_MODEL: &[(&str, Per)] = &[("model", Per::Model), ("key", Per::Key)];
const ON_HANGUP: &[(&str, OnHangup)] = &[("free", OnHangup::Free), ("finish", OnHangup::Finish)];
/// How a quota renews; `true`: all of it when a window ends.
const REFILL: &[(&str, bool)] = &[("continuous", false), ("window", true)];

/// Whose quota it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Provider,
    Model,
    Key,
}

/// A capacity as it was typed.
#[derive(Debug)]
pub(crate) struct Room {
    /// Without the background.
    pub(crate) capacity: Capacity,
    pub(crate) background: Background,
}

/// What other customers take.
#[derive(Debug)]
pub(crate) enum Background {
    /// The same share all the time.
    Always(f64),
    /// Shares by phase, nothing in the others.
    ByPhase(Vec<(At<String>, f64)>),
}

/// A key as it was typed.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) key: ApiKey,
    pub(crate) quota: Option<Policy>,
    /// The instants that are named, for those that come too late to matter.
    pub(crate) instants: Vec<At<Duration>>,
}

/// Reads a quota. What of it is wrong has been reported.
pub(super) fn quota(node: &Node, of: Of, sink: &Sink<'_>) -> Option<Policy> {
    let what = match of {
        Of::Provider | Of::Model => "a quota",
        Of::Key => "a key's quota",
    };
    let mut fields = sink.fields(node, what)?;
    let requests = fields.get("requests").map(|n| limits(n, sink));
    let tokens = fields.get("tokens").map(|n| limits(n, sink));
    let burst = fields.get("burst").and_then(|n| sink.positive_duration(n));
    let at_once = fields.get("refill").and_then(|n| sink.word(n, "a way to refill", REFILL)).is_some_and(|r| r.value);
    let per = match of {
        Of::Provider => fields.get("per").and_then(|n| sink.word(n, "a holder of a quota", PER)),
        Of::Model => fields.get("per").and_then(|n| sink.word(n, "a holder of a model's quota", PER_OF_MODEL)),
        Of::Key => None,
    };
    let lies: Vec<(&str, Lie)> = Lie::ALL.iter().map(|lie| (lie.name(), *lie)).collect();
    let lies = fields.get("lies").and_then(|n| sink.word(n, "a lie about limits", &lies));
    if let Some(at) = fields.key("burst")
        && at_once
    {
        let help = "with `refill: window` all of it may be used at once; remove one of the two";
        sink.error(&at, "`burst` does nothing with `refill: window`", Some(help.to_owned()));
    } else if let Some(burst) = &burst {
        check_burst(burst, &requests.iter().chain(&tokens).flatten().collect::<Vec<_>>(), sink);
    }
    let at = fields.at.clone();
    // A key that is not known may well have been meant for one of them.
    if fields.finish() && requests.is_none() && tokens.is_none() {
        let help = "add `requests: 3000/min` or `tokens: 2M/min`";
        sink.error(&at, "this quota limits nothing", Some(help.to_owned()));
    }
    let refilled = |limits: Option<Vec<At<Limit>>>| {
        let refilled = |limit: At<Limit>| match &burst {
            _ if at_once => limit.value.at_once(),
            Some(burst) => limit.value.with_burst(burst.value),
            None => limit.value,
        };
        limits.unwrap_or_default().into_iter().map(refilled).collect()
    };
    let quota = Quota { requests: refilled(requests), tokens: refilled(tokens) };
    let standard = if of == Of::Model { Per::Model } else { Per::Provider };
    Some(Policy { quota, per: per.map_or(standard, |p| p.value), lies: lies.map(|l| l.value) })
}

/// One limit or several, each with a window of its own.
fn limits(node: &Node, sink: &Sink<'_>) -> Vec<At<Limit>> {
    let nodes = sink.one_or_more(node);
    if nodes.is_empty() {
        sink.error(&node.at, "this list is empty, so nothing is limited", Some("name at least one limit".to_owned()));
    }
    let mut limits: Vec<At<Limit>> = Vec::new();
    for limit in nodes.iter().filter_map(|n| sink.limit(n)) {
        match limits.iter().find(|other| other.value.window() == limit.value.window()) {
            Some(first) => {
                let problem = Problem::error(sink.source, &limit.at, "there are two limits for one window");
                sink.push(problem.related(sink.source, &first.at, "the first").help("keep the lower of the two"));
            }
            None => limits.push(limit),
        }
    }
    limits
}

/// A burst belongs to limits that are rates and is no longer than their windows.
fn check_burst(burst: &At<Duration>, limits: &[&At<Limit>], sink: &Sink<'_>) {
    if !limits.is_empty() && limits.iter().all(|limit| limit.value.is_allowance()) {
        let help = "limits per hour or longer may be used up at once; remove `burst`";
        sink.error(&burst.at, "`burst` does nothing here", Some(help.to_owned()));
    }
    let too_short = |limit: &&&At<Limit>| !limit.value.is_allowance() && limit.value.window() < burst.value;
    if let Some(limit) = limits.iter().find(too_short) {
        let message = format!("the burst is longer than the window of {}", shown(sink.source.slice(&limit.at)));
        let help = format!("at most `{:?}`", limit.value.window());
        let problem = Problem::error(sink.source, &burst.at, message).help(help);
        sink.push(problem.related(sink.source, &limit.at, "this limit"));
    }
}

/// Reads a capacity.
pub(super) fn capacity(node: &Node, sink: &Sink<'_>) -> Option<Room> {
    let mut fields = sink.fields(node, "a capacity")?;
    let concurrency = fields.need("concurrency", "concurrency: 64").and_then(|n| sink.count32(n, 1, 1_000_000));
    let queue = fields.get("queue").and_then(|n| sink.count32(n, 0, 1_000_000));
    let mut capacity = Capacity::new(concurrency.map_or(1, |c| c.value), queue.as_ref().map_or(0, |q| q.value));
    capacity.queue_wait = fields.get("queue_wait").and_then(|n| sink.positive_duration(n)).map(|w| w.value);
    let background = fields.get("background").and_then(|n| background(n, sink));
    let contention = fields.get("contention").and_then(|n| sink.number(n, 1.0, 1000.0));
    capacity.contention = contention.map_or(1.0, |c| c.value);
    let on_hangup = fields.get("on_hangup").and_then(|n| sink.word(n, "what becomes of abandoned work", ON_HANGUP));
    capacity.on_hangup = on_hangup.map_or(OnHangup::Free, |o| o.value);
    let nobody_waits = fields.key("queue").is_none() || queue.is_some_and(|q| q.value == 0);
    if let Some(at) = fields.key("queue_wait")
        && nobody_waits
    {
        let help = "add `queue: 128`; without one whoever finds no place is refused at once";
        sink.error(&at, "`queue_wait` does nothing without a queue", Some(help.to_owned()));
    }
    fields.finish();
    Some(Room { capacity, background: background.unwrap_or(Background::Always(0.0)) })
}

fn background(node: &Node, sink: &Sink<'_>) -> Option<Background> {
    let Value::Map(entries) = &node.value else {
        return sink.share(node).map(|share| Background::Always(share.value));
    };
    if entries.is_empty() {
        let help = "write `background: 30%` or `background: { outage: 80% }`";
        sink.error(&node.at, "this background names no phase", Some(help.to_owned()));
    }
    let phase = |e: &Entry| Some((e.key.clone(), sink.share(&e.value)?.value));
    Some(Background::ByPhase(entries.iter().filter_map(phase).collect()))
}

/// With a key's name behind it, its secret unless it has one of its own: what the tenant of that name sends.
const SECRET: &str = "sk-drill-";

/// A pool of keys is short; each takes buckets of its own.
const MAX_KEYS: usize = 1000;

/// Reads the keys of a provider.
pub(super) fn keys(node: &Node, sink: &Sink<'_>) -> Vec<Key> {
    let Some(entries) = sink.entries(node, "the keys") else { return Vec::new() };
    if entries.is_empty() {
        let help = "name one, as `main: {}`, or leave `keys` out to accept any";
        sink.error(&node.at, "there are no keys, so nobody may ask", Some(help.to_owned()));
    }
    if entries.len() > MAX_KEYS {
        sink.error(&node.at, format!("there are more than {MAX_KEYS} keys"), None);
        return Vec::new();
    }
    let mut secrets: BTreeMap<String, Span> = BTreeMap::new();
    let named = entries.iter().filter(|e| sink.checked_name(&e.key.value, &e.key.at));
    named.filter_map(|e| key(&e.key, &e.value, &mut secrets, sink)).collect()
}

fn key(name: &At<String>, node: &Node, secrets: &mut BTreeMap<String, Span>, sink: &Sink<'_>) -> Option<Key> {
    let mut fields = sink.fields(node, "a key")?;
    let secret = match fields.get("secret") {
        Some(node) => sink.text(node).filter(|secret| checked_secret(secret, sink))?,
        None => At::new(format!("{SECRET}{}", name.value), name.at.clone()),
    };
    if let Some(first) = secrets.insert(secret.value.clone(), secret.at.clone()) {
        let problem = Problem::error(sink.source, &secret.at, "two keys have the same secret");
        sink.push(problem.related(sink.source, &first, "the first").help("give each a `secret` of its own"));
    }
    let valid_from = fields.get("valid_from").and_then(|n| sink.duration(n));
    let expires = fields.get("expires").and_then(|n| sink.duration(n));
    let revoked = fields.get("revoked").and_then(|n| sink.duration(n));
    if let (Some(from), Some(until)) = (&valid_from, &expires)
        && from.value >= until.value
    {
        let problem = Problem::error(sink.source, &until.at, "this key expires before it is valid");
        let problem = problem.related(sink.source, &from.at, "it is valid from here on");
        sink.push(problem.help("a key that never works needs only `revoked: 0s`"));
    }
    let quota = fields.get("quota").and_then(|n| quota(n, Of::Key, sink));
    fields.finish();
    let key = ApiKey {
        valid_from: valid_from.as_ref().map_or(Duration::ZERO, |v| v.value),
        expires: expires.as_ref().map(|e| e.value),
        revoked: revoked.as_ref().map(|r| r.value),
        ..ApiKey::new(name.value.as_str(), secret.value)
    };
    Some(Key { key, quota, instants: valid_from.into_iter().chain(expires).chain(revoked).collect() })
}

/// Whether a text can stand in a header as a secret; reports it otherwise, without repeating it.
fn checked_secret(secret: &At<String>, sink: &Sink<'_>) -> bool {
    let fits = (1..=256).contains(&secret.value.len()) && secret.value.bytes().all(|b| b.is_ascii_graphic());
    if !fits {
        let help = "a secret has up to 256 visible ASCII characters and no blank";
        sink.error(&secret.at, "this cannot be a secret", Some(help.to_owned()));
    }
    fits
}
