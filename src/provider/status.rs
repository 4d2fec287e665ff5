//! What a status means where a vendor's body does not say more, and the waits that headers ask for.

use super::Complaint;
use crate::event::Class;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use std::time::{Duration, UNIX_EPOCH};

/// The class of a bare status, as the decision table lists them.
pub(super) fn by_status(status: StatusCode) -> Class {
    match status.as_u16() {
        401 | 403 => Class::Auth,
        402 => Class::QuotaExhausted,
        404 | 410 => Class::ModelGone,
        408 | 409 | 425 => Class::ServerError,
        429 => Class::RateLimited,
        503 | 529 => Class::Overloaded,
        // Whoever reads a 499 has not hung up.
        499 => Class::ServerError,
        400..=498 => Class::BadRequest,
        200..=299 => Class::Malformed,
        _ => Class::ServerError,
    }
}

/// A complaint with the class of the bare status and the provider's own words, if it had any.
pub(super) fn plain(status: StatusCode, message: &str) -> Complaint {
    Complaint::new(by_status(status), detail(status, message))
}

/// The status and the beginning of the provider's words.
pub(super) fn detail(status: StatusCode, message: &str) -> String {
    let message: String = message.chars().take(80).collect();
    if message.is_empty() { status.as_u16().to_string() } else { format!("{} {message}", status.as_u16()) }
}

/// The wait that the headers ask for, in seconds: `retry-after-ms`, else `retry-after` as seconds (also fractional) or
/// as an HTTP date. A date is read against the response's own `Date`: a drill has no wall clock, and the provider's
/// clock is the one it meant.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<f64> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let millis = text("retry-after-ms").and_then(|v| v.parse::<f64>().ok()).filter(|&ms| ms > 0.0);
    if let Some(ms) = millis {
        return Some(ms / 1e3);
    }
    let value = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = value.parse() {
        return Some(seconds);
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(text(DATE.as_str())?).ok()?;
    until.duration_since(now).ok().map(|wait| wait.as_secs_f64())
}

/// The end of the year 9999, in seconds since 1970: HTTP dates go no further.
const LAST_DATE: u64 = 253_402_300_799;

/// What the headers say of the end of what was asked for: `Sunset` (RFC 8594) says when it goes, `Deprecation` (RFC 9745,
/// `@` and the seconds since 1970; `true` and dates in drafts before it) only that it will.
pub(super) fn retirement(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let sunset = text("sunset").filter(|value| httpdate::parse_http_date(value).is_ok());
    if let Some(date) = sunset {
        return Some(format!("sunset {date}"));
    }
    let deprecation = text("deprecation").filter(|value| !value.is_empty() && *value != "false")?;
    let since = deprecation.strip_prefix('@').and_then(|s| s.parse().ok()).filter(|s| *s <= LAST_DATE);
    let since = since.map(|s| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(s)));
    Some(since.map_or_else(|| "deprecated".to_owned(), |since| format!("deprecated since {since}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[("deprecation", "@784111777"), ("sunset", "Mon, 07 Nov 1994 08:49:37 GMT")], Some("sunset Mon, 07 Nov 1994 08:49:37 GMT"))]
    #[case(&[("deprecation", "@784111777")], Some("deprecated since Sun, 06 Nov 1994 08:49:37 GMT"))]
    #[case(&[("deprecation", "true"), ("sunset", "some day")], Some("deprecated"))]
    #[case(&[("deprecation", "@99999999999999")], Some("deprecated"))]
    #[case(&[("deprecation", "false")], None)]
    #[case(&[("retry-after", "2")], None)]
    fn the_end_of_a_model_is_read_off_the_headers(
        #[case] headers: &[(&'static str, &'static str)],
        #[case] said: Option<&str>,
    ) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, http::HeaderValue::from_static(value));
        }
        assert_eq!(retirement(&map).as_deref(), said);
    }

    #[rstest]
    #[case(&[("retry-after", "2")], Some(2.0))]
    #[case(&[("retry-after", "7.66")], Some(7.66))]
    #[case(&[("retry-after", "2"), ("retry-after-ms", "250")], Some(0.25))]
    #[case(&[("retry-after", "2"), ("retry-after-ms", "0")], Some(2.0))]
    #[case(&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")], Some(10.0))]
    #[case(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")], None)]
    #[case(&[("retry-after", "soon")], None)]
    #[case(&[], None)]
    fn waits_are_read_in_every_form_seen_in_the_wild(
        #[case] headers: &[(&'static str, &'static str)],
        #[case] seconds: Option<f64>,
    ) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, http::HeaderValue::from_static(value));
        }
        assert_eq!(retry_after(&map), seconds);
    }
}
