//! What the tools that watch production are given of a drill is what its event log says, no more and no less.

use crate::drills::{drill, play};
use hopdrill::engine::{Finished, World};
use hopdrill::event::{AlertKind, Class, DriftCause, Event, EventKind, RequestId};
use hopdrill::observe::{Prometheus, audit, otlp};
use hopdrill::scenario::{self, library};
use hopdrill::slo::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
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
    for name in ["primary-outage", "rate-limit-storm", "total-blackout", "model-swap"] {
        let done = bundled(name);
        let metrics = parse(&scrape(&done));
        let arrived: BTreeMap<RequestId, (&str, &str)> = done
            .events
            .iter()
            .filter_map(|e| match &e.kind {
                EventKind::Arrived { request, tenant, chain, .. } => Some((*request, (&**tenant, &**chain))),
                _ => None,
            })
            .collect();
        let of = |request: &RequestId| format!("tenant=\"{}\"", arrived[request].0);
        let route = |request: &RequestId| format!("route=\"{}\"", arrived[request].1);
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
                EventKind::Alert { target, kind, .. } => {
                    Some(format!("hopdrill_alert_total{{kind=\"{}\",target=\"{target}\"}}", kind.as_str()))
                }
                _ => None,
            }),
        );
        expected.insert(
            "hopdrill_swap_total",
            count(&done.events, |kind| match kind {
                EventKind::Swap { chain, from, to, verdict, .. } => Some(format!(
                    "hopdrill_swap_total{{route=\"{chain}\",source=\"{from}\",target=\"{to}\",verdict=\"{}\"}}",
                    verdict.as_str()
                )),
                _ => None,
            }),
        );
        let mut items = BTreeMap::<String, f64>::new();
        for event in &done.events {
            let EventKind::Evaluated { chain, target, marks } = &event.kind else { continue };
            let form = [("parse", marks.parse), ("format", marks.format), ("length", marks.length)];
            let rest = [("right", marks.right), ("wrong", marks.wrong), ("error", marks.errors)];
            for (mark, n) in form.into_iter().chain(rest) {
                let labels = format!("mark=\"{mark}\",route=\"{chain}\",target=\"{target}\"");
                *items.entry(format!("hopdrill_eval_item_total{{{labels}}}")).or_default() += f64::from(n);
            }
        }
        let sent = count(&done.events, |kind| match kind {
            EventKind::Ended { request, .. } if request.is_eval() => Some(String::new()),
            _ => None,
        });
        assert_eq!(items.values().sum::<f64>(), sent.values().sum::<f64>(), "{name}: every item is counted once");
        expected.insert("hopdrill_eval_item_total", items);
        let (mut tokens, mut cost) = (BTreeMap::<String, f64>::new(), BTreeMap::<String, u64>::new());
        for event in &done.events {
            let EventKind::AttemptEnded { request, target, usage, cost: price, .. } = &event.kind else { continue };
            let labels = format!("{},target=\"{target}\",{}", route(request), of(request));
            let usage = usage.unwrap_or_default();
            for (kind, n) in [("prompt", usage.prompt), ("cached", usage.cached), ("answer", usage.answer)] {
                let series = format!("hopdrill_token_total{{kind=\"{kind}\",{labels}}}");
                *tokens.entry(series).or_default() += f64::from(n);
            }
            *cost.entry(format!("hopdrill_cost_dollars_total{{{labels}}}")).or_default() += price.0;
        }
        assert!(tokens.values().sum::<f64>() > 1000.0 && cost.values().sum::<u64>() > 0, "{name}");
        expected.insert("hopdrill_token_total", tokens);
        let dollars =
            cost.into_iter().map(|(series, n)| (series, format!("{}.{:09}", n / 1_000_000_000, n % 1_000_000_000)));
        let dollars = dollars.map(|(series, n)| (series, n.parse().expect("a number"))).collect();
        expected.insert("hopdrill_cost_dollars_total", dollars);
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
fn the_rows_of_the_audit_log_are_the_hops_skips_transitions_and_swaps_one_to_one() {
    for (name, swaps) in [("primary-outage", 0), ("total-blackout", 0), ("flapping", 0), ("model-swap", 3)] {
        let done = bundled(name);
        let mut rows = audit::document(&done.events);
        assert_eq!(rows.pop(), Some('\n'));
        let rows: Vec<serde_json::Value> = rows.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        let mut arrived: BTreeMap<RequestId, (&str, &str)> = BTreeMap::new();
        let mut expected = Vec::new();
        for Event { seq, at, kind } in &done.events {
            let mut route = None;
            let (event, request, target, from, to, reason) = match kind {
                EventKind::Arrived { request, tenant, chain, .. } => {
                    arrived.insert(*request, (tenant, chain));
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
                EventKind::Swap { chain, from, to, verdict, .. } => {
                    route = Some(&**chain);
                    ("swap", None, None, Some(&**from), Some(&**to), verdict.as_str())
                }
                _ => continue,
            };
            expected.push(serde_json::json!({
                "seq": seq, "at_us": at, "event": event, "request": request,
                "tenant": request.map(|r| arrived[r].0), "route": route.or(request.map(|r| arrived[r].1)), "target": target,
                "from": from, "to": to, "reason": reason,
            }));
        }
        let told = expected.iter().filter(|row| row["event"] == "swap").count();
        assert_eq!(told, swaps, "{name}");
        assert!(swaps > 0 || expected.len() > 50, "{name}: {}", expected.len());
        assert!(rows == expected, "{name}");
    }
}

/// Two tenants meet a refused key, a quota that is used up, a model that is announced to go and goes, and an outage.
const TROUBLES: &str = "
version: 1
name: troubles
summary: Everything that a person should be told of, one after the other.
providers:
  openai:
    keys: { acme: {}, globex: { expires: 20s } }
    models: { gpt-4o: {}, gpt-4o-mini: { retires: { announced: 40s, gone: 60s } } }
  mistral: { models: { mistral-large-latest: {} } }
  anthropic: { models: { claude-sonnet-4: {} } }
router:
  chains:
    chat: { targets: [openai/gpt-4o, anthropic/claude-sonnet-4], deadline: 20s }
    triage: { targets: [openai/gpt-4o-mini, anthropic/claude-sonnet-4], deadline: 20s }
    extract: { targets: [mistral/mistral-large-latest, anthropic/claude-sonnet-4], deadline: 20s }
load:
  - { tenant: acme, task: chat, rate: 5/s }
  - { tenant: globex, task: chat, rate: 5/s }
  - { tenant: acme, task: triage, rate: 5/s }
  - { tenant: acme, task: extract, rate: 10/s }
phases: [{ name: all, for: 100s }]
faults:
  - { on: mistral, at: 30s, for: 20s, inject: quota_exhausted }
  - { on: anthropic, at: 70s, for: 20s, inject: { status: 503 } }
slos:
  - alerts_within(openai/gpt-4o, auth) <= 2s
  - alerts_within(openai/gpt-4o-mini, retirement) <= 2s
  - alerts_within(mistral, quota) <= 2s
  - alerts_within(anthropic, breaker_open) <= 10s
";

/// Target and kind of every alert.
fn alerts(done: &Finished) -> Vec<(&str, AlertKind)> {
    let alert = |e| match e {
        &Event { kind: EventKind::Alert { ref target, kind, .. }, .. } => Some((&**target, kind)),
        _ => None,
    };
    done.events.iter().filter_map(alert).collect()
}

#[test]
fn each_trouble_is_told_once_an_episode_and_within_its_time() {
    let done = drill(TROUBLES);
    for result in &done.board.results() {
        assert_eq!(result.verdict, Verdict::Pass, "{result:?}");
    }
    let all = alerts(&done);
    let times = |target: &str, kind| all.iter().filter(|a| **a == (target, kind)).count();
    assert_eq!(times("openai/gpt-4o", AlertKind::Auth), 1, "{all:?}");
    assert_eq!(times("openai/gpt-4o-mini", AlertKind::Retirement), 2, "announced, and gone: {all:?}");
    assert_eq!(times("mistral/mistral-large-latest", AlertKind::Quota), 1, "{all:?}");
    assert_eq!(times("anthropic/claude-sonnet-4", AlertKind::BreakerOpen), 1, "{all:?}");
    assert!(all.len() < 15, "{all:?}");
}

#[test]
fn a_healthy_drill_raises_no_alert() {
    assert_eq!(alerts(&bundled("steady")), []);
}

/// Takes one HTTP request in; returns its first line and its body.
fn receive(listener: &TcpListener) -> (String, serde_json::Value) {
    let (stream, _) = listener.accept().expect("somebody calls");
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    };
    let first = line();
    let headers: Vec<String> = std::iter::from_fn(|| Some(line()).filter(|l| !l.is_empty())).collect();
    let length = headers.iter().find_map(|h| h.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.expect("a length")];
    reader.read_exact(&mut body).expect("a body");
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("an answer");
    (first, serde_json::from_slice(&body).expect("JSON"))
}

/// `check` on a scenario that revokes a key, with these rules; returns its exit code and what it said on standard error.
fn check_with(rules: &str, more: &[&str]) -> (i32, String) {
    let dir = tempfile::tempdir().expect("temp dir");
    let file = dir.path().join("told.yaml");
    let revoked = library::list().find(|s| s.name == "revoked-key").expect("bundled");
    std::fs::write(&file, format!("{}\nalerts: {rules}\n", revoked.text)).expect("writable");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hopdrill"));
    command.arg("check").arg(&file).args(more).stdin(Stdio::null());
    let output = command.output().expect("starts");
    (output.status.code().expect("not killed"), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn a_webhook_and_the_log_are_told_of_the_alerts_they_want() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let receiver = std::thread::spawn(move || receive(&listener));
    let rules = format!(
        "[{{ when: auth, to: {{ webhook: 'http://127.0.0.1:{port}/alerts' }} }}, {{ when: [auth, quota], to: log }}]"
    );
    let (code, said) = check_with(&rules, &["--deliver-alerts"]);
    assert_eq!(code, 0, "{said}");
    let logged: Vec<&str> = said.lines().filter(|l| l.starts_with("ALERT")).collect();
    assert!(logged.len() == 1 && logged[0].contains("openai/gpt-4o auth: the key of acme is refused"), "{said}");
    let (line, body) = receiver.join().expect("was called");
    assert_eq!(line, "POST /alerts HTTP/1.1");
    assert_eq!((&body["kind"], &body["target"]), (&"auth".into(), &"openai/gpt-4o".into()));
    assert!((20_000_000..22_000_000).contains(&body["at_us"].as_u64().expect("a time")), "{body}");
}

#[test]
fn nothing_of_a_scenario_is_carried_out_unless_it_is_asked_for() {
    let dir = tempfile::tempdir().expect("temp dir");
    let mark = dir.path().join("mark");
    let rules = format!("[{{ when: auth, to: {{ command: 'touch {}' }} }}, {{ when: auth, to: log }}]", mark.display());
    let (code, said) = check_with(&rules, &[]);
    assert!(code == 0 && !mark.exists() && !said.contains("ALERT"), "{said}");
    let (code, said) = check_with(&rules, &["--deliver-alerts"]);
    assert!(code == 0 && mark.exists() && said.contains("ALERT"), "{said}");
}

#[test]
fn an_alert_that_reaches_nobody_is_told_and_changes_no_verdict() {
    let port = {
        let gone = TcpListener::bind("127.0.0.1:0").expect("a port");
        gone.local_addr().expect("bound").port()
    };
    let rules = format!(
        "[{{ when: auth, to: {{ webhook: 'http://127.0.0.1:{port}/' }} }}, {{ when: auth, to: {{ command: /nowhere/at/all }} }}]"
    );
    let (code, said) = check_with(&rules, &["--deliver-alerts"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(said.matches("alert not delivered to").count(), 2, "{said}");
    assert!(said.contains("connection refused") && said.contains("the key of acme is refused"), "{said}");
}

#[test]
fn each_drift_is_told_once_with_its_cause() {
    for (name, cause, says) in [
        ("drift-errors", DriftCause::Errors, "most with server_error"),
        ("drift-prompt", DriftCause::Prompt, "answers to triage fail their gates for every tenant"),
        ("drift-attack", DriftCause::Attack, "mallory sends"),
    ] {
        let done = bundled(name);
        let told: Vec<(Option<DriftCause>, &str)> = done
            .events
            .iter()
            .filter_map(|e| match &e.kind {
                EventKind::Alert { kind: AlertKind::Drift, drift, cause, .. } => Some((*drift, &**cause)),
                _ => None,
            })
            .collect();
        let [(found, shown)] = told[..] else { panic!("{name}: {told:?}") };
        assert_eq!(found, Some(cause), "{name}: {shown}");
        assert!(shown.contains(says), "{name}: {shown}");
        for result in done.board.results() {
            assert_eq!(result.verdict, Verdict::Pass, "{name}: {result:?}");
        }
    }
}

fn traces(done: &Finished) -> otlp::Drill<'_> {
    otlp::Drill { scenario: &done.plan.name, seed: done.seed, dialects: done.plan.dialects() }
}

/// The value of an attribute of a span, as text.
fn attribute(span: &serde_json::Value, key: &str) -> Option<String> {
    let found = span["attributes"].as_array()?.iter().find(|a| a["key"] == key)?;
    let value = found["value"].as_object()?.values().next()?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[test]
fn every_request_is_a_span_and_every_call_one_below_it() {
    let done = bundled("primary-outage");
    let document: serde_json::Value = serde_json::from_str(&traces(&done).document(&done.events)).expect("JSON");
    let spans = document["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans");
    let (roots, calls): (Vec<_>, Vec<_>) = spans.iter().partition(|s| s["parentSpanId"].is_null());
    let number = |wanted: fn(&EventKind) -> bool| done.events.iter().filter(|e| wanted(&e.kind)).count();
    assert_eq!(roots.len(), number(|kind| matches!(kind, EventKind::Ended { .. })));
    assert_eq!(calls.len(), number(|kind| matches!(kind, EventKind::AttemptEnded { .. })));
    let ids: BTreeSet<&str> = spans.iter().filter_map(|s| s["spanId"].as_str()).collect();
    assert_eq!(ids.len(), spans.len(), "no two spans share an id");
    let parents: BTreeMap<&str, &str> =
        roots.iter().map(|r| (r["spanId"].as_str().expect("an id"), r["traceId"].as_str().expect("a trace"))).collect();
    for call in &calls {
        assert_eq!(parents[call["parentSpanId"].as_str().expect("a parent")], call["traceId"]);
        let time = |key: &str| call[key].as_str().and_then(|t| t.parse::<u64>().ok()).expect("nanoseconds");
        assert!(time("startTimeUnixNano") <= time("endTimeUnixNano"));
        for key in ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"] {
            assert!(attribute(call, key).is_some(), "{key}: {call}");
        }
        assert_eq!(call["kind"], 3);
    }
    let failed = number(|kind| matches!(kind, EventKind::AttemptEnded { class, .. } if *class != Class::Ok));
    let with_error = calls.iter().filter(|c| attribute(c, "error.type").is_some() && c["status"]["code"] == 2).count();
    assert_eq!(with_error, failed);
    let sources: BTreeSet<String> = calls.iter().filter_map(|c| attribute(c, "gen_ai.provider.name")).collect();
    assert_eq!(sources, ["anthropic".to_owned(), "openai".to_owned()].into());
    let moves: usize = roots.iter().filter_map(|r| r["events"].as_array()).flatten().count();
    let told = |kind: &EventKind| {
        matches!(kind, EventKind::FellBack { .. } | EventKind::Skipped { .. } | EventKind::Retried { .. })
    };
    assert_eq!(moves, number(told));
}

#[test]
fn the_same_drill_has_the_same_trace_and_another_seed_another_one() {
    let (one, again) = (bundled("steady"), bundled("steady"));
    assert!(traces(&one).document(&one.events) == traces(&again).document(&again.events));
    let other = play(&one.plan, one.seed + 1, World::Virtual);
    let ids = |done: &Finished| -> BTreeSet<String> {
        traces(done).spans(&done.events).iter().map(|s| s["traceId"].to_string()).collect()
    };
    assert!(ids(&one).is_disjoint(&ids(&other)));
}

#[test]
fn a_collector_gets_every_span_over_http() {
    let done = drill(TROUBLES);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let spans = traces(&done).spans(&done.events);
    let batches = spans.len().div_ceil(1000);
    assert!(batches > 1);
    let receiver = std::thread::spawn(move || (0..batches).map(|_| receive(&listener)).collect::<Vec<_>>());
    traces(&done).send(&url, &done.events).expect("sent");
    let mut received = Vec::new();
    for (line, body) in receiver.join().expect("was called") {
        assert_eq!(line, "POST /v1/traces HTTP/1.1");
        assert_eq!(attribute(&body["resourceSpans"][0]["resource"], "service.name").as_deref(), Some("hopdrill"));
        received.extend(body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone());
    }
    assert!(received == spans);
}

#[test]
fn a_collector_that_is_not_there_is_an_error() {
    let done = bundled("revoked-key");
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let why = traces(&done).send(&format!("http://{gone}"), &done.events).expect_err("nobody listens");
    assert!(why.contains("connection refused"), "{why}");
}

#[test]
fn what_is_left_of_a_budget_is_what_the_calls_of_its_window_have_not_cost() {
    let done = bundled("tenant-budgets");
    let (amount, per) = (0.10, 60_000_000);
    let mut fold = Prometheus::new(done.plan.known());
    let mut spent: BTreeMap<u64, f64> = BTreeMap::new();
    let mut acme = BTreeSet::new();
    let mut lowest = f64::MAX;
    for (i, event) in done.events.iter().enumerate() {
        fold.apply(event);
        match &event.kind {
            EventKind::Arrived { request, tenant, .. } if &**tenant == "acme" => drop(acme.insert(*request)),
            EventKind::AttemptEnded { request, dispatched, cost, .. } if acme.contains(request) => {
                *spent.entry(dispatched.0 / per).or_default() += cost.as_dollars_f64();
            }
            _ => {}
        }
        if i % 997 == 0 {
            let left = parse(&fold.text())["hopdrill_budget_left_dollars"].series["hopdrill_budget_left_dollars{payer=\"tenant acme\"}"];
            let expected = amount - spent.get(&(event.at.0 / per)).copied().unwrap_or_default();
            assert!((left - expected.max(0.0)).abs() < 1e-7, "at {:?}: {left} and {expected}", event.at);
            lowest = lowest.min(left);
        }
    }
    assert!(lowest < 0.02, "it runs low: {lowest}");
}
