//! `triggers:` of a chain: `{ type: latency, threshold: 5s }`, or the bare word.

use super::tenants::SOFT;
use crate::router::config::{self, Timeouts};
use crate::router::policy::breaker;
use crate::router::policy::triggers::{Trigger, table, uncovered};
use crate::scenario::reader::{Fields, Sink};
use crate::scenario::source::{At, Span};
use crate::scenario::yaml::{Node, Value};
use crate::words;
use std::time::Duration;

/// What triggers set on the breaker of each target, and on whom a chain passes over.
#[derive(Debug, Default)]
pub(super) struct OnBreaker {
    max_in_flight: Option<u32>,
    ahead: Option<bool>,
    failure_rate: Option<At<f64>>,
    slow: Option<At<(f64, Duration)>>,
    window: Option<Duration>,
    min_calls: Option<u32>,
}

/// The span over which an `error_rate` counts, and the calls it needs, unless it says otherwise.
const WINDOW: Duration = Duration::from_secs(60);
const MIN_CALLS: u32 = 20;

/// The breaker of a target whose rate of errors does not matter.
const NEVER: f64 = 1.0;

/// Reads the list into the chain's table, its timeouts and the breaker of its targets.
pub(super) fn read(
    node: &Node,
    config: &mut config::Chain,
    breaker: &mut Option<At<breaker::Params>>,
    sink: &Sink<'_>,
) {
    let Some(list) = sink.list(node, "triggers") else { return };
    let mut enabled = Vec::new();
    let mut on_breaker = OnBreaker::default();
    for entry in list {
        if let Some(trigger) = trigger(entry, config, &mut on_breaker, sink)
            && !enabled.contains(&trigger)
        {
            enabled.push(trigger);
        }
    }
    config.max_in_flight = on_breaker.max_in_flight.or(config.max_in_flight);
    config.ahead = on_breaker.ahead.unwrap_or(config.ahead);
    config.table = table(&enabled);
    let idle = uncovered(&enabled);
    if !idle.is_empty() {
        let names = words::list(idle.iter().map(|class| class.as_str()));
        let message = "not everything moves a request on here";
        let help = format!("no trigger covers {names}: these are retried and then end the request; `all` covers them");
        sink.warning(&node.at, message, Some(help));
    }
    on_breaker.apply(breaker, &node.at, sink);
}

impl OnBreaker {
    fn apply(self, breaker: &mut Option<At<breaker::Params>>, at: &Span, sink: &Sink<'_>) {
        let Some(set) = self.failure_rate.as_ref().map(|r| &r.at).or(self.slow.as_ref().map(|s| &s.at)) else { return };
        if breaker.is_some() {
            let message = "this chain also has a `breaker`, which says the same thing";
            let help = "keep the threshold in one place: here, or as `failure_rate` and `slow_rate` of the breaker";
            sink.error(set, message, Some(help.to_owned()));
            return;
        }
        let (slow_rate, slow_after) = self.slow.map(|s| s.value).unzip();
        let params = breaker::Params {
            window: self.window.unwrap_or(WINDOW),
            min_calls: self.min_calls.unwrap_or(MIN_CALLS),
            failure_rate: self.failure_rate.map_or(NEVER, |r| r.value),
            slow_rate,
            slow_after,
            ..breaker::Params::default()
        };
        *breaker = Some(At::new(params, at.clone()));
    }
}

fn trigger(node: &Node, config: &mut config::Chain, on_breaker: &mut OnBreaker, sink: &Sink<'_>) -> Option<Trigger> {
    if let Value::Text(_) = node.value {
        let word = sink.word(node, "a trigger", &Trigger::NAMES)?;
        if word.value == Trigger::Cost {
            config.downshift = Some(SOFT);
        }
        return Some(word.value);
    }
    let mut fields = sink.fields(node, "a trigger")?;
    let kind = fields.need("type", "type: rate_limit").and_then(|n| sink.word(n, "a trigger", &Trigger::NAMES));
    let enabled = fields.get("enabled").and_then(|n| sink.boolean(n)).is_none_or(|e| e.value);
    let Some(kind) = kind else {
        for key in KEYS {
            let _ = fields.get(key);
        }
        fields.finish();
        return None;
    };
    let mut ignored = (Timeouts::default(), OnBreaker::default());
    let (timeouts, on_breaker) =
        if enabled { (&mut config.timeouts, on_breaker) } else { (&mut ignored.0, &mut ignored.1) };
    match kind.value {
        Trigger::Latency => latency(&mut fields, &kind.at, timeouts, on_breaker, sink),
        Trigger::ErrorRate => {
            let threshold = fields.get("threshold").and_then(|n| sink.score(n));
            let threshold = threshold.filter(|t| {
                let usable = t.value > 0.0;
                if !usable {
                    sink.error(&t.at, "a threshold of zero trips without errors", Some("write `5%`".to_owned()));
                }
                usable
            });
            on_breaker.failure_rate = Some(threshold.unwrap_or_else(|| At::new(0.5, kind.at.clone())));
            window(&mut fields, on_breaker, sink);
        }
        Trigger::Load => {
            let most = fields.get("max_in_flight").and_then(|n| sink.count32(n, 1, 1_000_000));
            on_breaker.max_in_flight = most.map(|n| n.value);
        }
        Trigger::RateLimit => {
            on_breaker.ahead = fields.get("ahead").and_then(|n| sink.boolean(n)).map(|n| n.value);
        }
        Trigger::Cost => {
            let share = fields.get("share").and_then(|n| sink.positive_share(n)).map_or(SOFT, |share| share.value);
            let rise = fields.get("price_change").and_then(|n| sink.positive_share(n));
            if enabled {
                config.downshift = Some(share);
                config.price_change = rise.map(|rise| rise.value);
            }
        }
        _ => {}
    }
    fields.finish();
    enabled.then_some(kind.value)
}

const KEYS: [&str; 13] = [
    "share",
    "price_change",
    "threshold",
    "threshold_ms",
    "ttft",
    "inter_token",
    "total",
    "percentile",
    "slow_rate",
    "window",
    "min_calls",
    "max_in_flight",
    "ahead",
];

fn window(fields: &mut Fields<'_>, on_breaker: &mut OnBreaker, sink: &Sink<'_>) {
    on_breaker.window = fields.get("window").and_then(|n| sink.positive_duration(n)).map(|d| d.value);
    on_breaker.min_calls = fields.get("min_calls").and_then(|n| sink.count32(n, 1, 1_000_000)).map(|n| n.value);
}

/// A limit for each request, and with `percentile` or `slow_rate` one for the target as well: the p95 of a window is over
/// a limit exactly when 5 % of its calls are.
fn latency(fields: &mut Fields<'_>, at: &Span, timeouts: &mut Timeouts, on_breaker: &mut OnBreaker, sink: &Sink<'_>) {
    let ms = fields.get("threshold_ms").and_then(|n| sink.count32(n, 1, 3_600_000));
    let ms = ms.map(|ms| At::new(Duration::from_millis(ms.value.into()), ms.at));
    let threshold = fields.get("threshold").and_then(|n| sink.positive_duration(n)).or(ms);
    let mut limit = |key| fields.get(key).and_then(|n| sink.positive_duration(n)).map(|d| d.value);
    let (ttft, idle, total) = (limit("ttft"), limit("inter_token"), limit("total"));
    let percentile = fields.get("percentile").and_then(|n| percentile(n, sink));
    let share = fields.get("slow_rate").and_then(|n| sink.positive_share(n)).map(|s| s.value).or(percentile);
    window(fields, on_breaker, sink);
    match (share, &threshold) {
        (Some(share), Some(threshold)) => {
            on_breaker.slow = Some(At::new((share, threshold.value), threshold.at.clone()));
        }
        (Some(_), None) => {
            sink.error(at, "a share of slow calls needs to know what slow is", Some("add `threshold: 5s`".to_owned()));
        }
        (None, Some(threshold)) => {
            timeouts.first_token = threshold.value;
            timeouts.headers = threshold.value;
        }
        (None, None) => {}
    }
    if let Some(ttft) = ttft {
        timeouts.first_token = ttft;
    }
    if let Some(idle) = idle {
        timeouts.idle = idle;
    }
    timeouts.total = total.or(timeouts.total);
}

/// The share of calls that may be slower than a percentile: 5 % of `p95`.
fn percentile(node: &Node, sink: &Sink<'_>) -> Option<f64> {
    let text = sink.text(node)?;
    let digits = text.value.strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok());
    let found = digits.filter(|p| (1.0..100.0).contains(p));
    if found.is_none() {
        let help = "write `p50`, `p95` or `p99`".to_owned();
        sink.error(&text.at, format!("`{}` is not a percentile", text.value), Some(help));
    }
    found.map(|p| (100.0 - p) / 100.0)
}
