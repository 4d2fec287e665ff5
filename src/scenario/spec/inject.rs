//! What a fault injects: the words of `inject:` and `mix:`.
//!
//! One vocabulary serves both: `status_503`, `silence`, `cut`, the names of the causes, `schema_missing`, …; the long
//! forms of `inject:` only add parameters.

use crate::scenario::reader::{Fields, Sink};
use crate::scenario::source::At;
use crate::scenario::units::shown;
use crate::scenario::yaml::{Entry, Node, Value};
use crate::words;
use mock_providers::fault::{Cause, Effect, Injection, SchemaBreak};

/// Tokens that still arrive before a cut, unless the fault says otherwise.
const AFTER_TOKENS: u32 = 10;

const CAUSES: &[(&str, Cause)] = &[
    ("bad_request", Cause::BadRequest),
    ("context_length", Cause::ContextLength),
    ("auth", Cause::Auth),
    ("permission", Cause::Permission),
    ("model_gone", Cause::ModelGone),
    ("rate_limited", Cause::RateLimited),
    ("quota_exhausted", Cause::QuotaExhausted),
    ("overloaded", Cause::Overloaded),
    ("content_policy", Cause::ContentPolicy),
    ("server_error", Cause::ServerError),
    ("edge_html", Cause::EdgeHtml),
];

const SCHEMA_BREAKS: &[(&str, SchemaBreak)] = &[
    ("missing", SchemaBreak::Missing),
    ("renamed", SchemaBreak::Renamed),
    ("wrong_type", SchemaBreak::WrongType),
    ("fenced", SchemaBreak::Fenced),
    ("prose", SchemaBreak::Prose),
];

const PLAIN: &[&str] = &["silence", "reset", "malformed", "refusal", "cut", "early_end", "stall", "stream_error"];

/// The long forms of `inject:`.
const FORMS: &[&str] = &["status", "error", "cut", "early_end", "stall", "stream_error", "schema", "latency"];

fn plain(word: &str) -> Option<Injection> {
    let after_tokens = AFTER_TOKENS;
    Some(match word {
        "silence" => Injection::Silence,
        "reset" => Injection::Reset,
        "malformed" => Injection::Malformed,
        "refusal" => Injection::Refusal,
        "cut" => Injection::Cut { after_tokens },
        "early_end" => Injection::EarlyEnd { after_tokens },
        "stall" => Injection::Stall { after_tokens },
        "stream_error" => Injection::StreamError { after_tokens },
        _ => return None,
    })
}

/// An injection in one word.
fn injection(word: &str) -> Option<Injection> {
    if let Some(code) = word.strip_prefix("status_") {
        let code = code.parse().ok().filter(|code| (400..=599).contains(code))?;
        return Some(Injection::Status { code, retry_after: None });
    }
    if let Some(kind) = word.strip_prefix("schema_") {
        return SCHEMA_BREAKS.iter().find(|(name, _)| *name == kind).map(|(_, kind)| Injection::Schema(*kind));
    }
    let cause = CAUSES.iter().find(|(name, _)| *name == word);
    plain(word).or_else(|| cause.map(|(_, cause)| Injection::Error { cause: *cause, retry_after: None }))
}

fn words() -> impl Iterator<Item = &'static str> {
    PLAIN
        .iter()
        .copied()
        .chain(["status_503", "status_429", "schema_missing"])
        .chain(CAUSES.iter().map(|(name, _)| *name))
}

/// How an injection is called in labels.
fn label(injection: &Injection) -> String {
    let wait = |retry_after: &Option<std::time::Duration>| {
        retry_after.map_or(String::new(), |wait| format!(" (retry after {wait:?})"))
    };
    match injection {
        Injection::Status { code, retry_after } => format!("{code}{}", wait(retry_after)),
        Injection::Error { cause, retry_after } => {
            let name = CAUSES.iter().find(|(_, c)| c == cause).map_or("error", |(name, _)| name);
            format!("{}{}", name.replace('_', " "), wait(retry_after))
        }
        Injection::Silence => "silence".to_owned(),
        Injection::Reset => "reset".to_owned(),
        Injection::Cut { after_tokens } => format!("cut after {after_tokens} tokens"),
        Injection::EarlyEnd { after_tokens } => format!("early end after {after_tokens} tokens"),
        Injection::Stall { after_tokens } => format!("stall after {after_tokens} tokens"),
        Injection::StreamError { after_tokens } => format!("stream error after {after_tokens} tokens"),
        Injection::Malformed => "malformed".to_owned(),
        Injection::Schema(kind) => {
            let name = SCHEMA_BREAKS.iter().find(|(_, k)| k == kind).map_or("broken", |(name, _)| name);
            format!("schema {}", name.replace('_', " "))
        }
        Injection::Refusal => "refusal".to_owned(),
    }
}

fn percent(share: f64) -> String {
    format!("{}%", libm::round(share * 1e4) / 1e2)
}

/// What a fault does, in a few words.
pub(super) fn describe(effect: &Effect) -> String {
    match effect {
        Effect::Refused => "refused".to_owned(),
        Effect::Delay { headers, first_token, between_tokens } => {
            let parts = [("headers", headers), ("first token", first_token), ("between tokens", between_tokens)];
            let part = |(name, d): (&str, &Option<mock_providers::Distribution>)| {
                d.map(|d| format!("{name} +{}ms", libm::round(d.median_ms())))
            };
            format!("latency: {}", parts.into_iter().filter_map(part).collect::<Vec<_>>().join(", "))
        }
        Effect::Mix(parts) => match parts.as_slice() {
            [(injection, share)] if *share >= 1.0 => label(injection),
            parts => parts
                .iter()
                .map(|(i, share)| format!("{} {}", label(i), percent(*share)))
                .collect::<Vec<_>>()
                .join(", "),
        },
    }
}

/// Reads `inject:`; `share` applies to what can take one.
pub(super) fn inject(node: &Node, share: Option<&At<f64>>, sink: &Sink<'_>) -> Option<Effect> {
    let whole = |what: &str| {
        if let Some(share) = share {
            let help = format!("remove `share`: {what}");
            sink.error(&share.at, "this fault does not take a share", Some(help));
        }
    };
    let one = |injection| Effect::Mix(vec![(injection, share.map_or(1.0, |s| s.value))]);
    match &node.value {
        Value::Text(word) if word == "refused" => {
            whole("`refused` concerns the whole listener for a time");
            Some(Effect::Refused)
        }
        Value::Text(word) => match injection(word) {
            Some(injection) => Some(one(injection)),
            None => {
                let help = match FORMS.iter().find(|form| *form == word) {
                    Some(form) => Some(format!("write `{{ {form}: … }}` and say how")),
                    None => words::help(word, words().chain(["refused"])),
                };
                sink.error(&node.at, format!("{} is nothing to inject", shown(word)), help);
                None
            }
        },
        Value::Int(code) => {
            let help = format!("write `inject: {{ status: {code} }}`");
            sink.error(&node.at, "a bare number is nothing to inject", Some(help));
            None
        }
        _ => {
            let mut fields = sink.fields(node, "what is injected")?;
            let given: Vec<&str> = FORMS.iter().copied().filter(|form| fields.key(form).is_some()).collect();
            if given.len() > 1 {
                let at = given.get(1).and_then(|form| fields.key(form)).unwrap_or_else(|| node.at.clone());
                sink.error(&at, "a fault injects one thing", Some("use `mix`, or two faults".to_owned()));
            } else if given.is_empty() {
                let help = "write `{ status: 503 }` or a word such as `silence`";
                sink.error(&node.at, "this injects nothing", Some(help.to_owned()));
            }
            let effect = long_form(&mut fields, one, sink);
            if fields.key("latency").is_some() {
                whole("a delay meets every request; its distribution says how much");
            }
            let takes_wait = fields.key("status").is_some() || fields.key("error").is_some();
            if let (Some(at), false) = (fields.key("retry_after"), takes_wait) {
                let help = "it belongs beside `status` or `error`";
                sink.error(&at, "`retry_after` does nothing here", Some(help.to_owned()));
            }
            fields.finish();
            effect
        }
    }
}

fn long_form(fields: &mut Fields<'_>, one: impl Fn(Injection) -> Effect, sink: &Sink<'_>) -> Option<Effect> {
    let retry_after = fields.get("retry_after").and_then(|n| sink.duration(n)).map(|d| d.value);
    let mut effect = None;
    if let Some(n) = fields.get("status") {
        effect = sink
            .count32(n, 400, 599)
            .map(|code| one(Injection::Status { code: u16::try_from(code.value).unwrap_or(500), retry_after }));
    }
    if let Some(n) = fields.get("error") {
        effect = sink.word(n, "a cause", CAUSES).map(|cause| one(Injection::Error { cause: cause.value, retry_after }));
    }
    if let Some(n) = fields.get("cut") {
        effect = after_tokens(n, sink).map(|after_tokens| one(Injection::Cut { after_tokens }));
    }
    if let Some(n) = fields.get("early_end") {
        effect = after_tokens(n, sink).map(|after_tokens| one(Injection::EarlyEnd { after_tokens }));
    }
    if let Some(n) = fields.get("stall") {
        effect = after_tokens(n, sink).map(|after_tokens| one(Injection::Stall { after_tokens }));
    }
    if let Some(n) = fields.get("stream_error") {
        effect = after_tokens(n, sink).map(|after_tokens| one(Injection::StreamError { after_tokens }));
    }
    if let Some(n) = fields.get("schema") {
        effect = sink.word(n, "a way to break a schema", SCHEMA_BREAKS).map(|kind| one(Injection::Schema(kind.value)));
    }
    if let Some(n) = fields.get("latency") {
        effect = delay(n, sink);
    }
    effect
}

fn after_tokens(node: &Node, sink: &Sink<'_>) -> Option<u32> {
    let mut fields = sink.fields(node, "an interruption")?;
    let after = fields.get("after_tokens").map_or(Some(AFTER_TOKENS), |n| Some(sink.count32(n, 0, 100_000)?.value));
    fields.finish();
    after
}

fn delay(node: &Node, sink: &Sink<'_>) -> Option<Effect> {
    let mut fields = sink.fields(node, "a latency")?;
    let headers = fields.get("headers").map(|n| sink.distribution(n));
    let first_token = fields.get("first_token").map(|n| sink.distribution(n));
    let between_tokens = fields.get("between_tokens").map(|n| sink.distribution(n));
    if headers.is_none() && first_token.is_none() && between_tokens.is_none() {
        let help = "write `latency: { first_token: 2s }`; also `headers` and `between_tokens`";
        sink.error(&fields.at, "this delays nothing", Some(help.to_owned()));
    }
    fields.finish();
    let value = |d: Option<Option<At<mock_providers::Distribution>>>| d.flatten().map(|d| d.value);
    Some(Effect::Delay {
        headers: value(headers),
        first_token: value(first_token),
        between_tokens: value(between_tokens),
    })
}

/// Reads `mix:`, a partition of the requests.
pub(super) fn mix(node: &Node, sink: &Sink<'_>) -> Option<Effect> {
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
        } else if let Some(injection) = injection(&key.value) {
            parts.push((injection, share));
        } else {
            complete = false;
            let help = match key.value.as_str() {
                "refused" => {
                    Some("`refused` concerns the whole listener, never a share; write `inject: refused`".to_owned())
                }
                "latency" => Some("a delay meets every request; write it as a fault of its own".to_owned()),
                word => words::help(word, words().chain(["ok"])),
            };
            sink.error(&key.at, format!("{} is nothing to mix in", shown(&key.value)), help);
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
    Some(Effect::Mix(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_suggested_can_be_injected() {
        for word in words() {
            assert!(injection(word).is_some(), "{word}");
        }
    }

    #[test]
    fn a_label_says_what_a_fault_does_in_a_few_words() {
        let wait = Some(std::time::Duration::from_secs(2));
        let label = |parts: Vec<(Injection, f64)>| describe(&Effect::Mix(parts));
        assert_eq!(label(vec![(Injection::Status { code: 503, retry_after: None }, 1.0)]), "503");
        assert_eq!(label(vec![(Injection::Status { code: 429, retry_after: wait }, 1.0)]), "429 (retry after 2s)");
        assert_eq!(label(vec![(Injection::Silence, 0.3)]), "silence 30%");
        assert_eq!(label(vec![(Injection::Silence, 0.3), (Injection::Reset, 0.005)]), "silence 30%, reset 0.5%");
    }
}
