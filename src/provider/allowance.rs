//! What the headers of a response say is left of a limit, in each vendor's units.
//!
//! | vendor | headers | resets |
//! | --- | --- | --- |
//! | OpenAI, Groq, vLLM behind a gateway | `x-ratelimit-remaining-requests`, `…-tokens` | as Go writes durations: `6m0s`, `120ms` |
//! | Azure | the same | whole seconds |
//! | Anthropic | `anthropic-ratelimit-requests-remaining`, `…-tokens-…`, `…-input-tokens-…`, `…-output-tokens-…` | instants (RFC 3339), read against the response's own `Date` |
//! | Mistral | `x-ratelimit-remaining-req-minute`, `x-ratelimit-remaining-tokens-minute` | – |
//! | Gemini, Bedrock, Ollama | – | – |
//!
//! Rules: what is no whole number from zero to the limit that is told beside it says nothing (a `-1` was seen). Of several
//! that count one thing the tightest holds. A reset that cannot be read is none.

use crate::event::{Allowance, Left};
use http::HeaderMap;
use http::header::DATE;
use std::time::Duration;

/// Names of what is left, of when that changes, and of the limit.
type Names = [&'static str; 3];

const REQUESTS: &[Names] = &[
    ["x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", "x-ratelimit-limit-requests"],
    [
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
        "anthropic-ratelimit-requests-limit",
    ],
    ["x-ratelimit-remaining-req-minute", "", "x-ratelimit-limit-req-minute"],
];

const TOKENS: &[Names] = &[
    ["x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", "x-ratelimit-limit-tokens"],
    ["anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset", "anthropic-ratelimit-tokens-limit"],
    [
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
        "anthropic-ratelimit-input-tokens-limit",
    ],
    [
        "anthropic-ratelimit-output-tokens-remaining",
        "anthropic-ratelimit-output-tokens-reset",
        "anthropic-ratelimit-output-tokens-limit",
    ],
    ["x-ratelimit-remaining-tokens-minute", "", "x-ratelimit-limit-tokens-minute"],
];

/// Reads the headers of a response; the names tell the vendors apart.
pub(super) fn read(headers: &HeaderMap) -> Allowance {
    let tightest = |names: &[Names]| {
        let told = names.iter().filter_map(|names| left(headers, names));
        told.min_by_key(|left| left.remaining)
    };
    Allowance { requests: tightest(REQUESTS), tokens: tightest(TOKENS) }
}

fn left(headers: &HeaderMap, [remaining, reset, limit]: &Names) -> Option<Left> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let remaining = text(remaining)?.parse::<u64>().ok()?;
    let possible = match text(limit) {
        Some(limit) => limit.parse::<u64>().is_ok_and(|limit| remaining <= limit),
        None => true,
    };
    let reset = text(reset).and_then(|reset| {
        let instant = || {
            let now = httpdate::parse_http_date(text(DATE.as_str())?).ok()?;
            let now = now.duration_since(std::time::UNIX_EPOCH).ok()?;
            Some(Duration::from_secs(rfc3339(reset)?).saturating_sub(now))
        };
        seconds(reset).or_else(|| go_duration(reset)).or_else(instant)
    });
    possible.then_some(Left { remaining, reset })
}

/// Whole or broken seconds.
fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
}

/// A duration as Go writes it: numbers with units, the largest first.
fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let unit = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit).ok()?;
        sum = sum.checked_add(part)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}

/// Seconds since 1970 of an instant such as `2026-01-01T00:00:05Z`; the days by Hinnant's `days_from_civil`.
fn rfc3339(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time.split('.').next()?, ':')?;
    let sane = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !sane || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year / 400, year % 400);
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1;
    Some(((days.checked_sub(719_468)? * 24 + hour) * 60 + minute) * 60 + second)
}

fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let mut parts = text.split(separator).map(|part| part.parse().ok());
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};
    use rstest::rstest;

    fn left(remaining: u64, reset_ms: Option<u64>) -> Option<Left> {
        Some(Left { remaining, reset: reset_ms.map(Duration::from_millis) })
    }

    #[rstest]
    #[case::openai(
        &[("x-ratelimit-limit-requests", "500"), ("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0.5s"),
          ("x-ratelimit-limit-tokens", "30000"), ("x-ratelimit-remaining-tokens", "29970"), ("x-ratelimit-reset-tokens", "60ms")],
        left(0, Some(360_500)), left(29_970, Some(60)))]
    #[case::azure(
        &[("x-ratelimit-limit-requests", "5"), ("x-ratelimit-remaining-requests", "4"), ("x-ratelimit-reset-requests", "12"),
          ("x-ratelimit-limit-tokens", "5000"), ("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "0")],
        left(4, Some(12_000)), left(0, Some(0)))]
    #[case::azure_minus_one(
        &[("x-ratelimit-limit-requests", "-1"), ("x-ratelimit-remaining-requests", "-1"), ("x-ratelimit-reset-requests", "0")],
        None, None)]
    #[case::groq(
        &[("x-ratelimit-remaining-requests", "14370"), ("x-ratelimit-reset-requests", "2m59.56s")], left(14_370, Some(179_560)), None)]
    #[case::anthropic(
        &[("date", "Thu, 01 Jan 2026 00:00:00 GMT"), ("anthropic-ratelimit-requests-limit", "50"),
          ("anthropic-ratelimit-requests-remaining", "49"), ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:01Z"),
          ("anthropic-ratelimit-tokens-limit", "30000"), ("anthropic-ratelimit-tokens-remaining", "7000"),
          ("anthropic-ratelimit-tokens-reset", "2026-01-01T00:01:00Z"),
          ("anthropic-ratelimit-output-tokens-remaining", "0"), ("anthropic-ratelimit-output-tokens-reset", "2026-03-01T00:00:00Z")],
        left(49, Some(1000)), left(0, Some(59 * 86_400_000)))]
    #[case::anthropic_without_a_date(
        &[("anthropic-ratelimit-requests-remaining", "0"), ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:01Z")],
        left(0, None), None)]
    #[case::mistral(
        &[("x-ratelimit-limit-req-minute", "60"), ("x-ratelimit-remaining-req-minute", "3"), ("x-ratelimit-remaining-tokens-minute", "0")],
        left(3, None), left(0, None))]
    #[case::nobody_says(&[("content-type", "application/json")], None, None)]
    #[case::garbage(
        &[("x-ratelimit-remaining-requests", "lots"), ("x-ratelimit-remaining-tokens", "12"), ("x-ratelimit-reset-tokens", "soon")],
        None, left(12, None))]
    #[case::more_than_there_is(&[("x-ratelimit-limit-requests", "10"), ("x-ratelimit-remaining-requests", "99")], None, None)]
    fn each_vendor_is_read_in_its_own_units(
        #[case] pairs: &[(&'static str, &'static str)],
        #[case] requests: Option<Left>,
        #[case] tokens: Option<Left>,
    ) {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = pairs.iter().map(header).collect();
        assert_eq!(read(&headers), Allowance { requests, tokens });
    }

    #[rstest]
    #[case("0s", Some(0))]
    #[case("1h0m2.5s", Some(3_602_500))]
    #[case("120ms", Some(120))]
    #[case("5", None)]
    #[case("5 s", None)]
    #[case("-1s", None)]
    #[case("1e300h", None)]
    #[case("", None)]
    fn durations_are_read_as_go_writes_them(#[case] text: &str, #[case] ms: Option<u64>) {
        assert_eq!(go_duration(text), ms.map(Duration::from_millis));
    }

    #[rstest]
    #[case("1970-01-01T00:00:00Z", Some(0))]
    #[case("2000-02-29T12:00:00.5Z", Some(951_825_600))]
    #[case("2026-01-01T00:00:00Z", Some(1_767_225_600))]
    #[case("2026-13-01T00:00:00Z", None)]
    #[case("2026-01-01", None)]
    #[case("99999999999999999999-01-01T00:00:00Z", None)]
    fn instants_are_read_by_the_calendar(#[case] text: &str, #[case] seconds: Option<u64>) {
        assert_eq!(rfc3339(text), seconds);
    }
}
