//! What the tools that watch production are given of a drill is what its event log says, no more and no less.

use crate::drills::play;
use hopdrill::engine::{Finished, World};
use hopdrill::event::{Event, EventKind, RequestId};
use hopdrill::observe::{OTHER, Prometheus, audit};
use hopdrill::scenario::{self, library};
use std::collections::BTreeMap;
use std::sync::Arc;

fn bundled(name: &str) -> Finished {
    let found = library::list().find(|s| s.name == name).expect("bundled");
    let plan = Arc::new(scenario::load(found.name, found.text.as_bytes()).expect("valid").plan);
    play(&plan, plan.seed, World::Virtual)
}

fn scrape(done: &Finished) -> String {
    let mut fold = Prometheus::new(done.plan.known());
    done.events.iter().for_each(|event| fold.apply(event));
    fold.text()
}

/// A metric: its type, and its series by what stands before the value.
#[derive(Debug, Default)]
struct Metric {
    kind: String,
    series: BTreeMap<String, f64>,
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The names of the labels, in order.
fn labels(braced: &str) -> Vec<String> {
    let inside = braced.strip_prefix('{').and_then(|l| l.strip_suffix('}')).expect("braces");
    let pairs: Vec<(&str, &str)> = inside.split("\",").map(|p| p.split_once("=\"").expect("a pair")).collect();
    assert!(pairs.iter().all(|(name, _)| is_name(name)), "{braced}");
    pairs.iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// Reads the text format as strictly as it is written down: help and type first and once, all series of a metric
/// together and each once, every line ended, every value a number, one set of labels a name.
fn parse(text: &str) -> BTreeMap<String, Metric> {
    assert!(text.ends_with('\n') && !text.contains("\n\n"));
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    let mut sets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(help) = lines.next() {
        let (name, _) = help.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')).expect("help first");
        let kind = lines.next().and_then(|l| l.strip_prefix(&format!("# TYPE {name} ")[..])).expect("then the type");
        assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
        let mut metric = Metric { kind: kind.to_owned(), ..Metric::default() };
        while let Some(line) = lines.next_if(|l| !l.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let (own, braced) = series.split_once('{').map_or((series, ""), |(n, _)| (n, &series[n.len()..]));
            let suffix = own.strip_prefix(name).expect("below its own name");
            let fits = if kind == "histogram" { &["_bucket", "_sum", "_count"][..] } else { &[""] };
            assert!(is_name(own) && fits.contains(&suffix), "{line}");
            let set = labels(braced);
            assert_eq!(*sets.entry(own.to_owned()).or_insert_with(|| set.clone()), set, "{line}");
            let value: f64 = value.parse().expect("a number");
            assert!(metric.series.insert(series.to_owned(), value).is_none(), "twice: {series}");
        }
        assert!(metrics.insert(name.to_owned(), metric).is_none(), "twice: {name}");
    }
    metrics
}

/// Counts events by the series they belong to.
fn count(events: &[Event], series: impl Fn(&EventKind) -> Option<String>) -> BTreeMap<String, f64> {
    let mut counts = BTreeMap::new();
    for name in events.iter().filter_map(|e| series(&e.kind)) {
        *counts.entry(name).or_default() += 1.0;
    }
    counts
}

#[test]
fn every_counter_is_a_count_of_the_raw_events() {
    for name in ["primary-outage", "rate-limit-storm", "total-blackout"] {
        let done = bundled(name);
        let metrics = parse(&scrape(&done));
        let tenants: BTreeMap<RequestId, &str> = done
            .events
            .iter()
            .filter_map(|e| match &e.kind {
                EventKind::Arrived { request, tenant, .. } => Some((*request, &**tenant)),
                _ => None,
            })
            .collect();
        let of = |request: &RequestId| format!("tenant=\"{}\"", tenants[request]);
        let route = |_: &RequestId| format!("route=\"{OTHER}\"");
        let mut expected = BTreeMap::new();
        expected.insert(
            "hopdrill_fallback_total",
            count(&done.events, |kind| match kind {
                EventKind::FellBack { request, from, to, reason } => Some(format!(
                    "hopdrill_fallback_total{{reason=\"{}\",{},source=\"{from}\",target=\"{to}\",{}}}",
                    reason.as_str(),
                    route(request),
                    of(request)
                )),
                _ => None,
            }),
        );
        expected.insert(
            "hopdrill_skip_total",
            count(&done.events, |kind| match kind {
                EventKind::Skipped { request, target, reason } => Some(format!(
                    "hopdrill_skip_total{{reason=\"{}\",{},target=\"{target}\",{}}}",
                    reason.as_str(),
                    route(request),
                    of(request)
                )),
                _ => None,
            }),
        );
        expected.insert(
            "hopdrill_retry_total",
            count(&done.events, |kind| match kind {
                EventKind::Retried { request, target, reason, .. } => Some(format!(
                    "hopdrill_retry_total{{reason=\"{reason}\",{},target=\"{target}\",{}}}",
                    route(request),
                    of(request)
                )),
                _ => None,
            }),
        );
        expected.insert(
            "hopdrill_attempt_total",
            count(&done.events, |kind| match kind {
                EventKind::AttemptEnded { target, class, .. } => {
                    Some(format!("hopdrill_attempt_total{{class=\"{class}\",target=\"{target}\"}}"))
                }
                _ => None,
            }),
        );
        expected.insert(
            "hopdrill_request_total",
            count(&done.events, |kind| match kind {
                EventKind::Ended { request, outcome, .. } => Some(format!(
                    "hopdrill_request_total{{outcome=\"{}\",{},{}}}",
                    outcome.as_str(),
                    route(request),
                    of(request)
                )),
                _ => None,
            }),
        );
        expected.insert(
            "hopdrill_alert_total",
            count(&done.events, |kind| match kind {
                EventKind::Alert { target, class } => {
                    Some(format!("hopdrill_alert_total{{kind=\"{class}\",target=\"{target}\"}}"))
                }
                _ => None,
            }),
        );
        let counters: Vec<&str> = metrics.iter().filter(|(_, m)| m.kind == "counter").map(|(n, _)| &**n).collect();
        assert_eq!(counters, expected.keys().copied().collect::<Vec<_>>(), "no counter goes unchecked");
        for (metric, series) in expected {
            assert_eq!(metrics[metric].series, series, "{name}: {metric}");
        }
    }
}

#[test]
fn the_counts_of_histograms_are_those_of_the_events_and_their_buckets_only_grow() {
    let done = bundled("primary-outage");
    let metrics = parse(&scrape(&done));
    let total = |metric: &str, suffix: &str| -> f64 {
        let own = format!("{metric}{suffix}{{");
        metrics[metric].series.iter().filter(|(s, _)| s.starts_with(&own)).map(|(_, v)| v).sum()
    };
    let mut attempts = (0.0, 0.0);
    let mut requests = (0.0, 0.0);
    let mut first_tokens = (0.0, 0.0);
    for event in &done.events {
        match &event.kind {
            EventKind::AttemptEnded { dispatched, .. } => {
                attempts = (attempts.0 + 1.0, attempts.1 + event.at.since(*dispatched).as_secs_f64());
            }
            EventKind::Ended { latency, ttft, .. } => {
                requests = (requests.0 + 1.0, requests.1 + latency.as_secs_f64());
                if let Some(ttft) = ttft {
                    first_tokens = (first_tokens.0 + 1.0, first_tokens.1 + ttft.as_secs_f64());
                }
            }
            _ => {}
        }
    }
    for (metric, (count, sum)) in [
        ("hopdrill_attempt_duration_seconds", attempts),
        ("hopdrill_request_duration_seconds", requests),
        ("hopdrill_time_to_first_token_seconds", first_tokens),
    ] {
        assert!(count > 100.0, "{metric}");
        assert!((total(metric, "_count") - count).abs() < 0.5, "{metric}");
        assert!((total(metric, "_sum") - sum).abs() < 1e-3, "{metric}: {sum}");
    }
    let mut buckets: BTreeMap<(&str, String), Vec<(f64, f64)>> = BTreeMap::new();
    for (name, metric) in &metrics {
        for (series, value) in metric.series.iter().filter(|(s, _)| s.contains("_bucket{")) {
            let (rest, le) = series.split_once("le=\"").expect("a bound");
            let le = le.trim_end_matches("\"}").parse().unwrap_or(f64::INFINITY);
            buckets.entry((name, rest.to_owned())).or_default().push((le, *value));
        }
    }
    for ((name, rest), mut of_one) in buckets {
        of_one.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(of_one.is_sorted_by(|a, b| a.1 <= b.1), "{name} {rest}");
        let whole = rest.replacen("_bucket", "_count", 1);
        let count = metrics[name].series[&format!("{}}}", whole.trim_end_matches(','))];
        assert_eq!(of_one.last(), Some(&(f64::INFINITY, count)), "{name} {rest}");
    }
}

#[test]
fn the_same_drill_is_scraped_the_same_twice() {
    assert_eq!(scrape(&bundled("primary-outage")), scrape(&bundled("primary-outage")));
}

#[test]
fn the_rows_of_the_audit_log_are_the_hops_skips_and_transitions_one_to_one() {
    for name in ["primary-outage", "total-blackout", "flapping"] {
        let done = bundled(name);
        let mut rows = audit::document(&done.events);
        assert_eq!(rows.pop(), Some('\n'));
        let rows: Vec<serde_json::Value> = rows.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        let mut tenants: BTreeMap<RequestId, &str> = BTreeMap::new();
        let mut expected = Vec::new();
        for Event { seq, at, kind } in &done.events {
            let (event, request, target, from, to, reason) = match kind {
                EventKind::Arrived { request, tenant, .. } => {
                    tenants.insert(*request, tenant);
                    continue;
                }
                EventKind::FellBack { request, from, to, reason } => {
                    ("hop", Some(request), None, Some(&**from), Some(&**to), reason.as_str())
                }
                EventKind::Skipped { request, target, reason } => {
                    ("skip", Some(request), None, Some(&**target), None, reason.as_str())
                }
                EventKind::BreakerChanged { target, from, to, cause, .. } => {
                    ("transition", None, Some(&**target), Some(from.as_str()), Some(to.as_str()), &**cause)
                }
                _ => continue,
            };
            expected.push(serde_json::json!({
                "seq": seq, "at_us": at, "event": event, "request": request,
                "tenant": request.map(|r| tenants[r]), "route": null, "target": target,
                "from": from, "to": to, "reason": reason,
            }));
        }
        assert!(expected.len() > 50, "{name}: {}", expected.len());
        assert!(rows == expected, "{name}");
    }
}
