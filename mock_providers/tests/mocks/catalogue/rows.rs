//! The table: what is injected, what is asked for, what a client sees and what the ledger says.

use super::view::{End as Ends, View};
use super::world::{How, PER_TOKEN, TTFT};
use crate::bench::{OBJECT, TEXT};
use mock_providers::Dialect;
use mock_providers::ledger::End;
use mock_providers::limits::{Capacity, Limit, Limits, Per, Policy, Quota, Quotas};
use serde_json::{Map, Value};
use std::time::Duration;

type Sees = fn(&View, &View) -> Result<(), String>;

/// One row. A client asks so many times; what it saw the last time is looked at, beside what it would have seen without
/// the fault.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) inject: &'static str,
    pub(crate) how: How,
    pub(crate) times: u32,
    pub(crate) limits: fn() -> Limits,
    pub(crate) sees: Sees,
}

const PLAIN: How = How { stream: false, schema: false, tools: false, prefill: None, max_tokens: None };
const STREAM: How = How { stream: true, ..PLAIN };
const SCHEMA: How = How { schema: true, ..PLAIN };
const TOOLS: How = How { tools: true, ..PLAIN };
/// When a plain answer comes.
const DONE: u64 = TTFT + 5 * PER_TOKEN;
/// When the last token of a stream comes.
const LAST: u64 = TTFT + 4 * PER_TOKEN;

macro_rules! holds {
    ($condition:expr) => {
        if !$condition {
            return Err(format!("not {}", stringify!($condition)));
        }
    };
    ($left:expr, $right:expr) => {
        match (&$left, &$right) {
            (left, right) if *left == *right => {}
            (left, right) => return Err(format!("{} is {left:?}, not {right:?}", stringify!($left))),
        }
    };
}

fn row(inject: &'static str, how: How, sees: Sees) -> Row {
    Row { inject, how, times: 1, limits: Limits::default, sees }
}

/// A 200 that is framed well and came to its end.
fn complete(v: &View) -> Result<(), String> {
    holds!(v.status(), 200);
    holds!(v.well_framed());
    holds!(v.end, Ends::Closed);
    Ok(())
}

/// The right answer, whole.
fn right(v: &View) -> Result<(), String> {
    complete(v)?;
    holds!(v.text(), TEXT);
    holds!(v.finished());
    Ok(())
}

/// As if nothing had been injected.
fn untouched(v: &View, healthy: &View) -> Result<(), String> {
    complete(v)?;
    holds!(v.body_text(), healthy.body_text());
    // Some heads tell how long it took.
    holds!(!v.exact || v.head() == healthy.head());
    let entry = v.entry.as_ref().ok_or("no entry")?;
    holds!((entry.fault, entry.injected, entry.end), (None, None, End::Complete));
    Ok(())
}

/// The ledger says this: what was injected, the status, how it ended, how many tokens.
fn noted(v: &View, injected: &str, status: u16, end: End, tokens: u32) -> Result<(), String> {
    let status = (status > 0).then_some(status);
    holds!(v.ledger(), Some((injected, status, end, tokens)));
    Ok(())
}

/// A 200 that says this and finishes as if that were all.
fn says(v: &View, text: &str) -> Result<(), String> {
    complete(v)?;
    holds!(v.text(), text);
    holds!(v.finished());
    Ok(())
}

fn object(v: &View) -> Result<Map<String, Value>, String> {
    complete(v)?;
    serde_json::from_str(&v.text()).map_err(|error| format!("{error}: {}", v.text()))
}

/// A body that breaks off where the connection ends in this way.
fn cut_off(v: &View, end: Ends) -> Result<(), String> {
    holds!(v.status(), 200);
    holds!(!v.well_framed());
    holds!(v.end, end);
    Ok(())
}

/// How often a filler came. Gemini's client takes nothing but blank lines.
fn fillers(v: &View, filler: &str) -> usize {
    match v.dialect {
        Dialect::Gemini => {
            let body = v.body_text();
            (body.len() - body.replace("\r\n", "").len()) / 2 - v.events().len() * 2
        }
        _ => v.body_text().matches(filler).count(),
    }
}

fn one_request_per_minute() -> Limits {
    let minute = Limit::try_new(1, Duration::from_secs(60)).unwrap().at_once();
    let quota = Quota { requests: vec![minute], tokens: vec![] };
    let provider = Some(Policy { quota, per: Per::Provider, lies: None });
    Limits { quotas: Quotas { provider, ..Quotas::default() }, ..Limits::default() }
}

fn one_place() -> Limits {
    Limits { capacity: Some(Capacity::new(1, 0)), ..Limits::default() }
}

/// All rows, family by family.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for family in [connection(), latency(), errors(), transfer(), content(), tools(), provider()] {
        rows.extend(family);
    }
    rows
}

fn connection() -> Vec<Row> {
    vec![
        row("refused", PLAIN, |v, _| {
            holds!((v.end, v.bytes.len(), v.entry.is_none()), (Ends::Refused, 0, true));
            Ok(())
        }),
        row("reset_on_accept", PLAIN, |v, _| {
            holds!((v.end, v.bytes.len(), v.entry.is_none()), (Ends::Reset, 0, true));
            Ok(())
        }),
        row("deaf", PLAIN, |v, _| {
            holds!((v.end, v.bytes.len(), v.entry.is_none()), (Ends::Open, 0, true));
            Ok(())
        }),
    ]
}

fn latency() -> Vec<Row> {
    vec![
        row("{ latency: { headers: 30ms } }", PLAIN, |v, _| {
            right(v)?;
            holds!(v.head_at(30 + DONE));
            Ok(())
        }),
        row("{ latency: { headers: 5ms, first_token: 30ms, between_tokens: 3ms } }", STREAM, |v, _| {
            right(v)?;
            holds!(v.head_at(5) && v.last_at(35 + LAST + 4 * 3));
            Ok(())
        }),
        row("silence", PLAIN, |v, _| {
            holds!((v.bytes.len(), v.end), (0, Ends::Open));
            noted(v, "silence", 0, End::HungUp, 0)
        }),
        row("{ stall: 2 }", STREAM, |v, _| {
            cut_off(v, Ends::Open)?;
            holds!(v.text(), "one two");
            noted(v, "stall", 200, End::HungUp, 2)
        }),
        row("{ stall: { at: terminator } }", STREAM, |v, _| {
            cut_off(v, Ends::Open)?;
            holds!(v.text(), TEXT);
            holds!(v.finished() && !v.events().contains(&"[DONE]".to_owned()));
            noted(v, "stall", 200, End::HungUp, 5)
        }),
        row("stall", PLAIN, |v, healthy| {
            cut_off(v, Ends::Open)?;
            holds!(v.body(), healthy.body()[..healthy.body().len() / 2]);
            noted(v, "stall", 200, End::HungUp, 2)
        }),
        row("{ stall: { after_tokens: 2, for: 40ms } }", STREAM, |v, _| {
            right(v)?;
            holds!(v.last_at(40 + LAST));
            noted(v, "stall", 200, End::Complete, 5)
        }),
        row("{ stall: { for: 40ms } }", PLAIN, |v, _| {
            right(v)?;
            holds!(v.last_at(40 + DONE));
            Ok(())
        }),
        row("{ keep_alive: { every: 10ms, for: 55ms } }", STREAM, |v, _| {
            right(v)?;
            let fillers = fillers(v, ": keep-alive\n\n");
            holds!(if v.exact { fillers == 7 } else { fillers > 0 });
            holds!(v.head_at(0) && v.last_at(55 + LAST));
            noted(v, "keep_alive", 200, End::Complete, 5)
        }),
        row("{ keep_alive: { what: ping, every: 10ms, for: 25ms } }", STREAM, |v, healthy| {
            let ping = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
            holds!(v.text(), TEXT);
            holds!(fillers(v, ping) > fillers(healthy, ping));
            Ok(())
        }),
        row("{ keep_alive: { what: blank, every: 10ms, for: 25ms } }", STREAM, |v, healthy| {
            right(v)?;
            holds!(fillers(v, "\n") > fillers(healthy, "\n"));
            Ok(())
        }),
        row("{ keep_alive: { every: 10ms, for: 25ms } }", PLAIN, |v, healthy| {
            right(v)?;
            holds!(v.promised(), None);
            holds!(v.header("content-type"), healthy.header("content-type"));
            let body = v.body_text();
            let (blank, json) = body.split_at(body.find('{').unwrap_or_default());
            holds!(blank.len() > 1 && blank.bytes().all(|b| b == b'\n'));
            holds!(json, healthy.body_text());
            holds!(v.head_at(0) || !v.exact);
            holds!(v.last_at(25 + DONE));
            noted(v, "keep_alive", 200, End::Complete, 5)
        }),
        row("{ keep_alive: { every: 10ms, for: 35ms, then: end } }", STREAM, |v, _| {
            complete(v)?;
            holds!((v.text(), v.finish()), (String::new(), None));
            holds!(fillers(v, ": keep-alive\n\n") > 0);
            noted(v, "keep_alive", 200, End::EarlyEnd, 0)
        }),
        row("{ keep_alive: { every: 10ms, for: 35ms, then: end } }", PLAIN, |v, _| {
            complete(v)?;
            holds!(!v.body().is_empty() && v.body().iter().all(|b| *b == b'\n'));
            noted(v, "keep_alive", 200, End::EarlyEnd, 0)
        }),
        row("{ trickle: { bytes: 64, every: 3ms } }", STREAM, |v, healthy| {
            right(v)?;
            holds!(v.chunks().0.iter().all(|chunk| chunk.len() <= 64));
            holds!(v.body_text(), healthy.body_text());
            holds!(v.last_at(LAST) || v.times.last().is_some_and(|(_, at)| *at > LAST));
            noted(v, "trickle", 200, End::Complete, 5)
        }),
        row("{ trickle: { bytes: 64, every: 3ms } }", PLAIN, |v, healthy| {
            right(v)?;
            let drops = healthy.body().len().div_ceil(64) as u64;
            holds!(v.head_at(DONE) && v.last_at(DONE + (drops - 1) * 3));
            holds!(v.promised(), healthy.promised());
            noted(v, "trickle", 200, End::Complete, 5)
        }),
    ]
}

fn errors() -> Vec<Row> {
    vec![
        row("status_503", STREAM, |v, _| {
            holds!((v.status(), v.well_framed(), v.events().len()), (503, true, 0));
            noted(v, "status", 503, End::Complete, 0)
        }),
        row("{ status: { status: 429, retry_after: 2s } }", PLAIN, |v, _| {
            holds!((v.status(), v.well_framed()), (429, true));
            holds!(v.header("retry-after").as_deref() == Some("2") || v.body_text().contains("\"2s\""));
            noted(v, "status", 429, End::Complete, 0)
        }),
        row("rate_limited", PLAIN, |v, _| {
            holds!((v.status(), v.well_framed()), (429, true));
            noted(v, "rate_limited", 429, End::Complete, 0)
        }),
        row("{ error: overloaded }", STREAM, |v, _| {
            let status = if v.dialect == Dialect::Anthropic { 529 } else { 503 };
            holds!(v.status(), status);
            noted(v, "overloaded", status, End::Complete, 0)
        }),
        row("key_revoked", PLAIN, |v, _| {
            let status = if v.dialect == Dialect::Gemini { 400 } else { 401 };
            holds!(v.status(), status);
            noted(v, "key_revoked", status, End::Complete, 0)
        }),
        row("key_expired", STREAM, |v, _| {
            let status = if v.dialect == Dialect::Gemini { 400 } else { 401 };
            noted(v, "key_expired", status, End::Complete, 0)
        }),
    ]
}

fn transfer() -> Vec<Row> {
    let mut rows = breaks();
    rows.extend(streams());
    rows.extend(bodies());
    rows
}

/// Bodies that end where they should not.
fn breaks() -> Vec<Row> {
    vec![
        row("reset", PLAIN, |v, _| {
            holds!((v.bytes.len(), v.end), (0, Ends::Reset));
            noted(v, "reset", 0, End::Reset, 0)
        }),
        row("reset", STREAM, |v, _| {
            holds!((v.bytes.len(), v.end), (0, Ends::Reset));
            noted(v, "reset", 0, End::Reset, 0)
        }),
        row("cut_3", STREAM, |v, _| {
            cut_off(v, Ends::Closed)?;
            holds!((v.text().as_str(), v.finish()), ("one two three", None));
            noted(v, "cut", 200, End::Cut, 3)
        }),
        row("cut", PLAIN, |v, healthy| {
            cut_off(v, Ends::Closed)?;
            holds!(v.promised(), healthy.promised());
            holds!(v.body(), healthy.body()[..healthy.body().len() / 2]);
            noted(v, "cut", 200, End::Cut, 2)
        }),
        row("{ cut: { after_tokens: 3, how: rst } }", STREAM, |v, _| {
            cut_off(v, Ends::Reset)?;
            holds!(v.text(), "one two three");
            noted(v, "cut", 200, End::Cut, 3)
        }),
        row("{ cut: { how: rst } }", PLAIN, |v, _| {
            cut_off(v, Ends::Reset)?;
            noted(v, "cut", 200, End::Cut, 2)
        }),
        row("{ cut: { after_tokens: 2, inside: character } }", STREAM, |v, _| {
            cut_off(v, Ends::Closed)?;
            holds!(v.text(), "one two");
            holds!(std::str::from_utf8(&v.body()).is_err());
            noted(v, "cut", 200, End::Cut, 2)
        }),
        row("{ cut: { inside: character } }", PLAIN, |v, _| {
            cut_off(v, Ends::Closed)?;
            holds!(std::str::from_utf8(&v.body()).is_err());
            Ok(())
        }),
        row("{ cut: { after_tokens: 2, inside: field } }", STREAM, |v, _| {
            cut_off(v, Ends::Closed)?;
            holds!(v.text(), "one two");
            holds!(v.body().ends_with(b"\nda"));
            noted(v, "cut", 200, End::Cut, 2)
        }),
        row("{ cut: { at: first_event } }", STREAM, |v, _| {
            cut_off(v, Ends::Closed)?;
            holds!(v.body().is_empty());
            noted(v, "cut", 200, End::Cut, 0)
        }),
        row("{ cut: { after_events: 1 } }", STREAM, |v, _| {
            cut_off(v, Ends::Closed)?;
            holds!(v.events().len(), 1);
            Ok(())
        }),
        row("{ cut: { at: tool_arguments } }", STREAM, |v, _| {
            cut_off(v, Ends::Closed)?;
            holds!((v.text().as_str(), v.finish()), (TEXT, None));
            Ok(())
        }),
        row("{ cut: { at: finish } }", STREAM, |v, _| {
            cut_off(v, Ends::Closed)?;
            holds!((v.text().as_str(), v.finish()), (TEXT, None));
            noted(v, "cut", 200, End::Cut, 5)
        }),
        row("{ cut: { at: usage } }", STREAM, |v, _| {
            cut_off(v, Ends::Closed)?;
            holds!(v.finished());
            holds!(v.dialect != Dialect::OpenAi || v.usage().is_none());
            Ok(())
        }),
        row("{ cut: { at: terminator } }", STREAM, |v, healthy| {
            cut_off(v, Ends::Closed)?;
            holds!(v.finished() && v.usage() == healthy.usage());
            holds!(["[DONE]", "message_stop"].iter().all(|last| !v.body_text().contains(last)));
            Ok(())
        }),
        row("{ cut: { at: end } }", STREAM, |v, healthy| {
            cut_off(v, Ends::Closed)?;
            holds!(v.body_text(), healthy.body_text());
            noted(v, "cut", 200, End::Cut, 5)
        }),
        row("{ cut: { at: end } }", PLAIN, |v, healthy| {
            cut_off(v, Ends::Closed)?;
            holds!(v.body_text(), healthy.body_text());
            noted(v, "cut", 200, End::Cut, 5)
        }),
        row("{ early_end: 3 }", STREAM, |v, _| {
            complete(v)?;
            holds!((v.text().as_str(), v.finish()), ("one two three", None));
            noted(v, "early_end", 200, End::EarlyEnd, 3)
        }),
        row("early_end", PLAIN, |v, healthy| {
            complete(v)?;
            holds!(v.body(), healthy.body()[..healthy.body().len() / 2]);
            noted(v, "early_end", 200, End::EarlyEnd, 2)
        }),
        row("{ early_end: { at: finish, inside: character } }", STREAM, |v, _| {
            complete(v)?;
            holds!((v.text().as_str(), v.finish()), (TEXT, None));
            holds!(std::str::from_utf8(&v.body()).is_err());
            Ok(())
        }),
        row("no_terminator", STREAM, |v, healthy| {
            if v.dialect == Dialect::Gemini {
                return untouched(v, healthy);
            }
            right(v)?;
            holds!(["[DONE]", "message_stop"].iter().all(|last| !v.body_text().contains(last)));
            noted(v, "no_terminator", 200, End::EarlyEnd, 5)
        }),
        row("no_terminator", PLAIN, untouched),
        row("left_open", STREAM, |v, healthy| {
            cut_off(v, Ends::Open)?;
            holds!(v.body_text(), healthy.body_text());
            noted(v, "left_open", 200, End::HungUp, 5)
        }),
        row("left_open", PLAIN, |v, healthy| {
            cut_off(v, Ends::Open)?;
            holds!(v.body_text(), healthy.body_text());
            noted(v, "left_open", 200, End::HungUp, 5)
        }),
    ]
}

/// Streams of other events than they should have.
fn streams() -> Vec<Row> {
    vec![
        row("{ stream_error: 2 }", STREAM, |v, _| {
            complete(v)?;
            holds!((v.text().as_str(), v.finish()), ("one two", None));
            holds!(v.events().last().is_some_and(|data| data.contains("\"error\"")));
            noted(v, "stream_error", 200, End::Complete, 2)
        }),
        row("{ stream_error: { at: first_event, cause: rate_limited } }", STREAM, |v, _| {
            complete(v)?;
            holds!(v.events().len(), 1);
            Ok(())
        }),
        row("stream_error", PLAIN, |v, _| {
            holds!(v.status() >= 500 && v.well_framed());
            Ok(())
        }),
        row("malformed", STREAM, |v, _| {
            complete(v)?;
            holds!(v.text(), " two three four five");
            noted(v, "malformed", 200, End::Complete, 5)
        }),
        row("malformed", PLAIN, |v, _| {
            complete(v)?;
            holds!(v.json(), None);
            noted(v, "malformed", 200, End::Complete, 0)
        }),
        row("{ malformed_event: 2 }", STREAM, |v, healthy| {
            complete(v)?;
            holds!(v.text(), "one two four five");
            holds!((v.events().len(), v.finished()), (healthy.events().len(), true));
            noted(v, "malformed_event", 200, End::Complete, 5)
        }),
        row("{ malformed_event: { at: finish } }", STREAM, |v, _| {
            complete(v)?;
            holds!((v.text().as_str(), v.finish()), (TEXT, None));
            Ok(())
        }),
        row("malformed_event", PLAIN, untouched),
        row("{ duplicate_event: 1 }", STREAM, |v, _| {
            says(v, "one two two three four five")?;
            noted(v, "duplicate_event", 200, End::Complete, 5)
        }),
        row("{ duplicate_event: { at: terminator } }", STREAM, |v, healthy| {
            right(v)?;
            let twice = u8::from(v.dialect != Dialect::Gemini);
            holds!(v.events().len(), healthy.events().len() + usize::from(twice));
            Ok(())
        }),
        row("duplicate_event", PLAIN, untouched),
        row("no_finish", STREAM, |v, healthy| {
            complete(v)?;
            holds!((v.text().as_str(), v.finish()), (TEXT, None));
            holds!(v.events().len() + 1, healthy.events().len());
            noted(v, "no_finish", 200, End::Complete, 5)
        }),
        row("no_finish", PLAIN, untouched),
        row("{ fragment: { bytes: 3, gap: 1ms } }", STREAM, |v, healthy| {
            right(v)?;
            holds!(v.body_text(), healthy.body_text());
            holds!(v.chunks().0.iter().all(|chunk| chunk.len() <= 3));
            noted(v, "fragment", 200, End::Complete, 5)
        }),
        row("{ fragment: { bytes: 100 } }", PLAIN, |v, healthy| {
            right(v)?;
            holds!(v.body_text(), healthy.body_text());
            holds!(v.times.len() > 1 || !v.exact);
            noted(v, "fragment", 200, End::Complete, 5)
        }),
        row("{ coalesce: 60ms }", STREAM, |v, healthy| {
            right(v)?;
            holds!(v.chunks().0.len() < healthy.chunks().0.len());
            holds!(v.body_text(), healthy.body_text());
            holds!(!v.exact || v.last_at(60));
            noted(v, "coalesce", 200, End::Complete, 5)
        }),
        row("coalesce", PLAIN, untouched),
    ]
}

/// Bodies that are something else.
fn bodies() -> Vec<Row> {
    fn page(v: &View, status: u16) -> Result<(), String> {
        holds!((v.status(), v.well_framed()), (status, true));
        holds!(v.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
        holds!(v.body_text().starts_with("<!DOCTYPE html>") && v.text().is_empty());
        holds!(v.head_at(0));
        noted(v, "html", status, End::Complete, 0)
    }
    fn empty(v: &View) -> Result<(), String> {
        complete(v)?;
        holds!((v.promised(), v.body().len()), (Some(0), 0));
        holds!(v.head_at(0));
        noted(v, "empty_body", 200, End::Complete, 0)
    }
    vec![
        row("html", PLAIN, |v, _| page(v, 200)),
        row("html", STREAM, |v, _| page(v, 200)),
        row("html_502", STREAM, |v, _| page(v, 502)),
        row("html_403", PLAIN, |v, _| page(v, 403)),
        row("error_200", PLAIN, |v, _| {
            complete(v)?;
            holds!(v.json().is_some_and(|json| json["error"].is_object()));
            holds!(v.header("content-type").as_deref(), Some("application/json"));
            noted(v, "error_200", 200, End::Complete, 0)
        }),
        row("{ error_200: rate_limited }", STREAM, |v, healthy| {
            complete(v)?;
            holds!(v.header("content-type"), healthy.header("content-type"));
            holds!(v.all_json().len() == 1 && v.all_json()[0]["error"].is_object());
            noted(v, "error_200", 200, End::Complete, 0)
        }),
        row("empty_body", PLAIN, |v, _| empty(v)),
        row("empty_body", STREAM, |v, _| empty(v)),
        row("wrong_content_type", PLAIN, |v, _| {
            right(v)?;
            holds!(v.header("content-type").as_deref(), Some("text/plain; charset=utf-8"));
            noted(v, "wrong_content_type", 200, End::Complete, 5)
        }),
        row("{ wrong_content_type: text_html }", STREAM, |v, _| {
            right(v)?;
            holds!(v.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
            Ok(())
        }),
        row("wrong_length", PLAIN, |v, healthy| {
            cut_off(v, Ends::Closed)?;
            holds!(v.body_text(), healthy.body_text());
            holds!(v.promised(), healthy.promised().map(|length| length + 20));
            noted(v, "wrong_length", 200, End::Cut, 5)
        }),
        row("{ wrong_length: { is: shorter, by: 7 } }", PLAIN, |v, healthy| {
            complete(v)?;
            holds!(v.body(), healthy.body()[..healthy.body().len() - 7]);
            noted(v, "wrong_length", 200, End::EarlyEnd, 5)
        }),
        row("wrong_length", STREAM, untouched),
        row("unstreamed", STREAM, |v, _| {
            right(v)?;
            holds!(v.json().is_some() && v.promised().is_some());
            holds!(v.header("content-type").as_deref(), Some("application/json"));
            holds!(v.head_at(DONE));
            noted(v, "unstreamed", 200, End::Complete, 5)
        }),
        row("unstreamed", PLAIN, untouched),
        row("streamed", PLAIN, |v, _| {
            right(v)?;
            holds!(v.json().is_none() && v.promised().is_none());
            holds!(v.header("content-type").is_some_and(|is| is.starts_with("text/event-stream")));
            holds!(v.head_at(0) && v.last_at(LAST));
            noted(v, "streamed", 200, End::Complete, 5)
        }),
        row("streamed", STREAM, untouched),
    ]
}

fn content() -> Vec<Row> {
    let mut rows = texts();
    rows.extend(schemas());
    rows.extend(endings());
    rows.extend(continuations());
    rows
}

fn texts() -> Vec<Row> {
    vec![
        row("empty", PLAIN, |v, _| {
            says(v, "")?;
            noted(v, "empty", 200, End::Complete, 0)
        }),
        row("empty", STREAM, |v, _| says(v, "")),
        row("whitespace", PLAIN, |v, _| {
            complete(v)?;
            holds!(!v.text().is_empty() && v.text().trim().is_empty() && v.finished());
            noted(v, "whitespace", 200, End::Complete, 1)
        }),
        row("refusal_text", STREAM, |v, _| {
            says(v, "I'm sorry, but I can't help with that request.")?;
            holds!(v.ledger().map(|told| told.0), Some("refusal_text"));
            Ok(())
        }),
        row("{ repetition: 4 }", PLAIN, |v, _| {
            says(v, &format!("{TEXT}{}", " three four five".repeat(4)))?;
            noted(v, "repetition", 200, End::Complete, 17)
        }),
        row("{ repetition: 400 }", STREAM, |v, _| {
            complete(v)?;
            holds!(v.capped() && v.text().ends_with(" five three four five"));
            noted(v, "repetition", 200, End::Complete, 500)
        }),
        row("{ flood: 200 }", STREAM, |v, _| {
            says(v, &format!("{TEXT}{}", " three four five".repeat(200)))?;
            noted(v, "flood", 200, End::Complete, 605)
        }),
        row("gibberish", PLAIN, |v, _| {
            complete(v)?;
            let sorted = |text: &str| {
                let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
                words.sort_unstable();
                words.concat()
            };
            let said = ["one", "two", "three", "four", "five"].iter().all(|word| v.text().contains(word));
            holds!(said && v.text() != TEXT && v.text().len() == TEXT.len() && sorted(&v.text()) != v.text());
            noted(v, "gibberish", 200, End::Complete, v.entry.as_ref().map_or(0, |entry| entry.tokens))
        }),
        row("wrong_language", PLAIN, |v, _| {
            complete(v)?;
            holds!(v.text().contains("Anfrage"));
            Ok(())
        }),
        row("{ wrong_language: chinese }", STREAM, |v, _| {
            complete(v)?;
            holds!(v.text().starts_with('您') && v.finished());
            holds!(v.ledger().map(|told| told.0), Some("wrong_language"));
            Ok(())
        }),
        row("wrong_language", SCHEMA, untouched),
        row("wrong_model", PLAIN, |v, _| {
            right(v)?;
            holds!(v.model().as_deref(), Some("m-lite"));
            noted(v, "wrong_model", 200, End::Complete, 5)
        }),
        row("wrong_model", STREAM, |v, _| {
            right(v)?;
            holds!(v.model().as_deref(), Some("m-lite"));
            Ok(())
        }),
        row("usage_missing", PLAIN, |v, _| {
            right(v)?;
            holds!(v.usage(), None);
            noted(v, "usage_missing", 200, End::Complete, 5)
        }),
        row("usage_zero", PLAIN, |v, _| {
            right(v)?;
            holds!(v.usage(), Some(0));
            noted(v, "usage_zero", 200, End::Complete, 5)
        }),
        row("reasoning_ate_budget", How { max_tokens: Some(30), ..PLAIN }, |v, _| {
            complete(v)?;
            holds!(v.capped() && v.text().is_empty());
            holds!(v.head_at(TTFT + 30 * PER_TOKEN));
            noted(v, "reasoning_ate_budget", 200, End::Complete, 0)?;
            holds!(v.usage().is_some_and(|tokens| tokens >= 30));
            Ok(())
        }),
    ]
}

fn schemas() -> Vec<Row> {
    vec![
        row("schema_missing", SCHEMA, |v, _| {
            holds!(object(v)?.len(), 1);
            noted(v, "schema_missing", 200, End::Complete, v.entry.as_ref().map_or(0, |entry| entry.tokens))
        }),
        row("schema_missing", PLAIN, untouched),
        row("schema_renamed", SCHEMA, |v, _| {
            holds!(object(v)?.keys().any(|name| name.ends_with("_value")));
            Ok(())
        }),
        row("schema_wrong_type", SCHEMA, |v, _| {
            let object = object(v)?;
            holds!(object["label"].is_array() ^ object["score"].is_string());
            Ok(())
        }),
        row("schema_wrong_value", SCHEMA, |v, _| {
            holds!(object(v)?["label"], "something_else");
            Ok(())
        }),
        row("schema_fenced", How { stream: true, ..SCHEMA }, |v, _| says(v, &format!("```json\n{OBJECT}\n```"))),
        row("schema_prose", SCHEMA, |v, _| {
            complete(v)?;
            holds!(v.text().contains(OBJECT) && v.text().starts_with("Sure!"));
            Ok(())
        }),
        row("schema_not_json", SCHEMA, |v, _| says(v, "In my opinion the label is billing, and the score is 0.5.")),
        row("schema_echo", SCHEMA, |v, _| {
            holds!(object(v)?.contains_key("required"));
            Ok(())
        }),
    ]
}

/// Answers that end otherwise.
fn endings() -> Vec<Row> {
    fn ends(v: &View, words: [&str; 3]) -> Result<(), String> {
        complete(v)?;
        holds!(v.finish().as_deref(), Some(words[v.dialect as usize]));
        Ok(())
    }
    fn blocked(v: &View) -> Result<(), String> {
        ends(v, ["content_filter", "refusal", "SAFETY"])?;
        holds!(v.text(), "");
        Ok(())
    }
    vec![
        row("truncated", PLAIN, |v, _| {
            complete(v)?;
            holds!((v.text().as_str(), v.capped()), ("one two", true));
            noted(v, "truncated", 200, End::Complete, 2)
        }),
        row("{ truncated: 80% }", STREAM, |v, _| {
            complete(v)?;
            holds!((v.text().as_str(), v.capped()), ("one two three four", true));
            Ok(())
        }),
        row("truncated", SCHEMA, |v, _| {
            complete(v)?;
            holds!(v.capped() && OBJECT.starts_with(&v.text()) && v.text().len() < OBJECT.len());
            Ok(())
        }),
        row("refusal", PLAIN, |v, _| {
            blocked(v)?;
            noted(v, "refusal", 200, End::Complete, 0)
        }),
        row("output_blocked", STREAM, |v, _| {
            blocked(v)?;
            noted(v, "output_blocked", 200, End::Complete, 0)
        }),
        row("finish_stop", PLAIN, |v, _| right(v)),
        row("finish_length", PLAIN, |v, _| {
            complete(v)?;
            holds!((v.text().as_str(), v.capped()), (TEXT, true));
            noted(v, "finish", 200, End::Complete, 5)
        }),
        row("finish_window_full", STREAM, |v, _| ends(v, ["length", "model_context_window_exceeded", "MAX_TOKENS"])),
        row("finish_tool_call", PLAIN, |v, _| ends(v, ["tool_calls", "tool_use", "STOP"])),
        row("finish_stop_string", PLAIN, |v, _| ends(v, ["stop", "stop_sequence", "STOP"])),
        row("finish_filtered", PLAIN, |v, _| blocked(v)),
        row("finish_bad_tool_output", PLAIN, |v, _| {
            ends(v, ["stop", "end_turn", "MALFORMED_FUNCTION_CALL"])?;
            holds!(v.text(), "");
            Ok(())
        }),
        row("finish_paused", PLAIN, |v, _| ends(v, ["stop", "pause_turn", "CONTINUATION"])),
    ]
}

fn continuations() -> Vec<Row> {
    const BEGUN: How = How { prefill: Some("one two"), ..PLAIN };
    vec![
        row("continuation_repeats_words", BEGUN, |v, _| {
            says(v, "one two three four five")?;
            holds!(v.ledger().map(|told| told.0), Some("continuation"));
            Ok(())
        }),
        row("continuation_repeats_words", How { prefill: Some("one two three four"), ..STREAM }, |v, _| {
            says(v, "two three four five")
        }),
        row("continuation_restarts", BEGUN, |v, _| says(v, TEXT)),
        row("continuation_preamble", BEGUN, |v, _| says(v, "Here is the rest of the answer:\n\nthree four five")),
        row("continuation_changes_whitespace", BEGUN, |v, _| says(v, "\nthree four five")),
        row("continuation_refuses", BEGUN, |v, _| {
            holds!(v.status(), 400);
            holds!(v.body_text().contains("prefill"));
            noted(v, "continuation", 400, End::Complete, 0)
        }),
        row("continuation_restarts", PLAIN, untouched),
        row("continuation_refuses", STREAM, untouched),
    ]
}

fn tools() -> Vec<Row> {
    /// The only call's name and arguments.
    fn call(v: &View) -> Result<(String, String), String> {
        complete(v)?;
        holds!(v.calls().len(), 1);
        Ok(v.calls().remove(0))
    }
    vec![
        row("wrong_tool", TOOLS, |v, _| {
            holds!(call(v)?.0, "weather_v2");
            Ok(())
        }),
        row("wrong_tool", PLAIN, untouched),
        row("bad_tool_arguments", TOOLS, |v, healthy| {
            holds!(v.status(), 200);
            holds!(healthy.calls().len(), 1);
            // Where arguments are JSON on the wire, what is none cannot be told.
            let told = v.calls().pop().map(|(_, arguments)| arguments).unwrap_or_default();
            holds!(v.dialect != Dialect::OpenAi || serde_json::from_str::<Value>(&told).is_err());
            Ok(())
        }),
        row("{ bad_tool_arguments: missing }", TOOLS, |v, _| {
            holds!(!call(v)?.1.contains("city"));
            Ok(())
        }),
        row("{ bad_tool_arguments: wrong_type }", TOOLS, |v, _| {
            holds!(call(v)?.1.replace(' ', "").contains("\"city\":[\"Oslo\"]"));
            Ok(())
        }),
        row("bad_tool_arguments", PLAIN, untouched),
        row("duplicate_tool_call", TOOLS, |v, _| {
            complete(v)?;
            let calls = v.calls();
            holds!(calls.len() == 2 && calls[0] == calls[1]);
            Ok(())
        }),
        row("duplicate_tool_call", PLAIN, untouched),
    ]
}

fn provider() -> Vec<Row> {
    vec![
        row("{ drift: { quality: 0% } }", PLAIN, |v, _| {
            says(v, "wrong")?;
            let entry = v.entry.as_ref().ok_or("no entry")?;
            holds!((entry.fault, entry.injected), (None, None));
            Ok(())
        }),
        row("{ drift: { schema_adherence: 0% } }", SCHEMA, |v, _| {
            complete(v)?;
            holds!(v.text() != OBJECT);
            holds!(v.ledger().is_some_and(|told| told.0.starts_with("schema_")));
            Ok(())
        }),
        row("{ drift: { instruction_following: 0% } }", PLAIN, |v, _| {
            complete(v)?;
            holds!(v.text().contains("Anfrage"));
            holds!(v.ledger().map(|told| told.0), Some("instruction_wrong_language"));
            Ok(())
        }),
        row("{ drift: { speed: 100 } }", STREAM, |v, _| {
            right(v)?;
            holds!(v.last_at(TTFT + 4 * 10));
            Ok(())
        }),
        row("{ price: { input: 3, output: 10 } }", PLAIN, |v, healthy| {
            untouched(v, healthy)?;
            let cost = |v: &View| v.entry.as_ref().map_or(0.0, |entry| entry.cost);
            holds!(cost(healthy), 0.0);
            holds!((cost(v) * 1e6).round(), 53.0);
            Ok(())
        }),
        row("{ background: 90% }", PLAIN, untouched),
        Row {
            limits: one_place,
            ..row("{ background: 100% }", PLAIN, |v, healthy| {
                right(healthy)?;
                holds!(v.status() >= 500 && v.well_framed());
                let entry = v.entry.as_ref().ok_or("no entry")?;
                holds!((entry.fault, entry.injected), (None, None));
                Ok(())
            })
        },
        Row {
            times: 2,
            limits: one_request_per_minute,
            ..row("{ lie: no_retry_after }", PLAIN, |v, healthy| {
                let waits = |v: &View| v.header("retry-after").is_some() || v.body_text().contains("retryDelay");
                holds!((v.status(), healthy.status()), (429, 429));
                holds!(waits(healthy) && !waits(v));
                Ok(())
            })
        },
    ]
}
