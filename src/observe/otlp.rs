//! Traces: a span for every request and one below it for every HTTP call, as OTLP in JSON
//! (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>), with the attributes of OpenTelemetry's semantic
//! conventions for generative AI (<https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/>).
//!
//! | span | kind | its own attributes | its events |
//! | --- | --- | --- | --- |
//! | `hopdrill TASK` | server | `hopdrill.request`, `.tenant`, `.tier`, `.task`, `.route`, `.stream`, `.outcome`, `.hops` | skips, fallbacks, retries |
//! | `OPERATION MODEL` | client | `gen_ai.operation.name`, `gen_ai.provider.name`, `gen_ai.request.model`, `gen_ai.usage.input_tokens`, `.output_tokens`, `http.response.status_code`, `hopdrill.target`, `.attempt` | first token |
//!
//! What failed has `error.type`, the class, and an error status. A request begins at its intended arrival.
//!
//! Ids are hashes of scenario, seed, request and call, and times count from [`EPOCH_SECS`] rather than from any wall
//! clock, so a drill gives the same trace each time. What was in flight when a drill was cut off has no span.

use super::post;
use crate::event::{Class, Event, EventKind, Micros, Name, Outcome, RequestId};
use mock_providers::Dialect;
use serde_json::{Value, json};
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::collections::BTreeMap;
use std::hash::Hasher as _;
use std::time::Duration;

/// When a drill starts in its traces, in seconds since 1970: the same instant that the mock providers' `Date` starts
/// from.
pub const EPOCH_SECS: u64 = mock_providers::EPOCH;

/// Spans in one request to a collector; a collector takes some megabytes.
const BATCH: usize = 1000;

/// How long a collector may take for one.
const PATIENCE: Duration = Duration::from_secs(10);

const SERVER: u8 = 2;
const CLIENT: u8 = 3;
const ERROR: u8 = 2;

/// What the spans of a drill must know beside its log.
#[derive(Debug, Clone)]
pub struct Drill<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// The seed.
    pub seed: u64,
    /// The API of each target.
    pub dialects: BTreeMap<Name, Dialect>,
}

/// `gen_ai.provider.name`: the conventions' word, where they have one.
fn provider(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "openai",
        Dialect::Anthropic => "anthropic",
        Dialect::Gemini => "gcp.gemini",
        Dialect::Azure => "azure.ai.openai",
        Dialect::Bedrock => "aws.bedrock",
        Dialect::Mistral => "mistral_ai",
        Dialect::Ollama => "ollama",
        Dialect::Vllm => "vllm",
    }
}

/// What a request is known by until it ends.
struct Flight {
    intended: Micros,
    tenant: Name,
    tier: Name,
    task: Name,
    chain: Name,
    stream: bool,
    events: Vec<Value>,
    /// First tokens by target and call.
    first_tokens: BTreeMap<(Name, u32), Micros>,
}

fn attribute(key: &str, value: &Value) -> Value {
    json!({ "key": key, "value": value })
}

fn text(key: &str, value: &str) -> Value {
    attribute(key, &json!({ "stringValue": value }))
}

/// Whole numbers of 64 bits are texts in this encoding.
fn number(key: &str, value: impl Into<u64>) -> Value {
    attribute(key, &json!({ "intValue": value.into().to_string() }))
}

fn nanos(at: Micros) -> String {
    ((EPOCH_SECS * 1_000_000 + at.0) * 1000).to_string()
}

impl Drill<'_> {
    /// A hash that no other part of any drill has.
    fn hash(&self, request: RequestId, part: &str) -> u128 {
        let mut hash = SipHasher13::new_with_keys(self.seed, 0);
        for text in [self.scenario, &request.to_string(), part] {
            hash.write(text.as_bytes());
            hash.write_u8(0xff);
        }
        // Zero is no id.
        hash.finish128().as_u128().max(1)
    }

    fn trace(&self, request: RequestId) -> String {
        format!("{:032x}", self.hash(request, "trace"))
    }

    fn span(&self, request: RequestId, part: &str) -> String {
        format!("{:016x}", (self.hash(request, part) as u64).max(1))
    }

    /// Every span of a log, in the order in which they ended.
    #[must_use]
    pub fn spans(&self, events: &[Event]) -> Vec<Value> {
        let mut flights: BTreeMap<RequestId, Flight> = BTreeMap::new();
        let mut spans = Vec::new();
        for event in events {
            let at = event.at;
            let mut note = |request: &RequestId, name: &str, attributes: Vec<Value>| {
                if let Some(flight) = flights.get_mut(request) {
                    flight.events.push(json!({ "timeUnixNano": nanos(at), "name": name, "attributes": attributes }));
                }
            };
            match &event.kind {
                EventKind::Arrived { request, intended, tenant, tier, task, chain, stream, .. } => {
                    let flight = Flight {
                        intended: *intended,
                        tenant: tenant.clone(),
                        tier: tier.clone(),
                        task: task.clone(),
                        chain: chain.clone(),
                        stream: *stream,
                        events: Vec::new(),
                        first_tokens: BTreeMap::new(),
                    };
                    flights.insert(*request, flight);
                }
                EventKind::Skipped { request, target, reason } => {
                    let about = vec![text("hopdrill.target", target), text("hopdrill.reason", reason.as_str())];
                    note(request, "hopdrill.skip", about);
                }
                EventKind::FellBack { request, from, to, reason } => {
                    let places = [text("hopdrill.source", from), text("hopdrill.target", to)];
                    let about = places.into_iter().chain([text("hopdrill.reason", reason.as_str())]).collect();
                    note(request, "hopdrill.fallback", about);
                }
                EventKind::Retried { request, target, reason, .. } => {
                    let about = vec![text("hopdrill.target", target), text("hopdrill.reason", reason.as_str())];
                    note(request, "hopdrill.retry", about);
                }
                EventKind::FirstToken { request, target, attempt } => {
                    if let Some(flight) = flights.get_mut(request) {
                        flight.first_tokens.insert((target.clone(), *attempt), at);
                    }
                }
                EventKind::AttemptEnded { request, target, attempt, dispatched, class, status, usage, .. } => {
                    let Some(flight) = flights.get_mut(request) else { continue };
                    let first = flight.first_tokens.remove(&(target.clone(), *attempt));
                    let operation = if &*flight.task == "embedding" { "embeddings" } else { "chat" };
                    let model = target.split_once('/').map_or(&**target, |(_, model)| model);
                    let mut attributes = vec![
                        text("gen_ai.operation.name", operation),
                        text("gen_ai.request.model", model),
                        text("hopdrill.target", target),
                        number("hopdrill.attempt", *attempt),
                    ];
                    attributes.extend(usage.iter().flat_map(|usage| {
                        [
                            number("gen_ai.usage.input_tokens", usage.prompt),
                            number("gen_ai.usage.output_tokens", usage.answer),
                        ]
                    }));
                    attributes.extend(self.dialects.get(target).map(|d| text("gen_ai.provider.name", provider(*d))));
                    attributes.extend(status.map(|status| number("http.response.status_code", status)));
                    let first = first.map(|at| json!({ "timeUnixNano": nanos(at), "name": "gen_ai.first_token" }));
                    spans.push(span(Span {
                        trace: self.trace(*request),
                        id: self.span(*request, &format!("{target}#{attempt}")),
                        parent: Some(self.span(*request, "request")),
                        name: format!("{operation} {model}"),
                        kind: CLIENT,
                        from: *dispatched,
                        until: at,
                        attributes,
                        events: first.into_iter().collect(),
                        error: Some(*class).filter(|class| *class != Class::Ok),
                    }));
                }
                EventKind::Ended { request, outcome, class, hops, .. } => {
                    let Some(flight) = flights.remove(request) else { continue };
                    let attributes = vec![
                        text("hopdrill.request", &request.to_string()),
                        text("hopdrill.tenant", &flight.tenant),
                        text("hopdrill.tier", &flight.tier),
                        text("hopdrill.task", &flight.task),
                        text("hopdrill.route", &flight.chain),
                        attribute("hopdrill.stream", &json!({ "boolValue": flight.stream })),
                        text("hopdrill.outcome", outcome.as_str()),
                        number("hopdrill.hops", *hops),
                    ];
                    spans.push(span(Span {
                        trace: self.trace(*request),
                        id: self.span(*request, "request"),
                        parent: None,
                        name: format!("hopdrill {}", flight.task),
                        kind: SERVER,
                        from: flight.intended,
                        until: at,
                        attributes,
                        events: flight.events,
                        error: class.filter(|_| matches!(outcome, Outcome::Failed | Outcome::Surfaced)),
                    }));
                }
                _ => {}
            }
        }
        spans
    }

    fn envelope(&self, spans: &[Value]) -> Value {
        json!({ "resourceSpans": [{
            "resource": { "attributes": [
                text("service.name", "hopdrill"),
                text("service.version", env!("CARGO_PKG_VERSION")),
                text("hopdrill.scenario", self.scenario),
                number("hopdrill.seed", self.seed),
            ] },
            "scopeSpans": [{ "scope": { "name": "hopdrill", "version": env!("CARGO_PKG_VERSION") }, "spans": spans }],
        }] })
    }

    /// All spans of a log as one document.
    #[must_use]
    pub fn document(&self, events: &[Event]) -> String {
        format!("{}\n", self.envelope(&self.spans(events)))
    }

    /// Sends the spans of a log to a collector, some thousand at a time. `url` is its base, as `http://127.0.0.1:4318`.
    ///
    /// # Errors
    /// Why not all of them arrived.
    pub fn send(&self, url: &str, events: &[Event]) -> Result<(), String> {
        let url = format!("{}/v1/traces", url.trim_end_matches('/'));
        for batch in self.spans(events).chunks(BATCH) {
            let body = self.envelope(batch).to_string().into_bytes();
            post::json(&url, body, PATIENCE).map_err(|why| format!("traces were not sent to {url}: {why}"))?;
        }
        Ok(())
    }
}

struct Span {
    trace: String,
    id: String,
    parent: Option<String>,
    name: String,
    kind: u8,
    from: Micros,
    until: Micros,
    attributes: Vec<Value>,
    events: Vec<Value>,
    error: Option<Class>,
}

fn span(span: Span) -> Value {
    let mut attributes = span.attributes;
    let mut status = json!({});
    if let Some(class) = span.error {
        attributes.push(text("error.type", class.as_str()));
        status = json!({ "code": ERROR, "message": class.as_str() });
    }
    let mut all = json!({
        "traceId": span.trace,
        "spanId": span.id,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": nanos(span.from),
        "endTimeUnixNano": nanos(span.until),
        "attributes": attributes,
        "events": span.events,
        "status": status,
    });
    if let (Some(parent), Some(map)) = (span.parent, all.as_object_mut()) {
        map.insert("parentSpanId".to_owned(), parent.into());
    }
    all
}
