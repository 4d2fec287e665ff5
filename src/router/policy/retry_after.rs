//! How long a provider asked us to stay away.
//!
//! Providers say it in seconds, fractional seconds, milliseconds, as an HTTP date, or in the error body. Adapters hand
//! over what they found as [`Hint`]; here it becomes a wait.
//!
//! Rules: zero, negative, past and unreadable hints are no hint (backoff decides). A hint is clamped to 100 ms … 60 s:
//! a lie in either direction cannot make the router hammer or sleep through the drill. Up to 10 % of jitter is added on
//! top, so a fleet that was turned away together does not come back together.

use std::time::Duration;

/// The shortest wait a hint can ask for.
pub const MIN: Duration = Duration::from_millis(100);
/// The longest wait a hint can ask for.
pub const MAX: Duration = Duration::from_secs(60);

/// A wait as a provider expressed it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Hint {
    /// Seconds from now, possibly fractional.
    Seconds(f64),
    /// Milliseconds from now.
    Millis(f64),
}

/// Reads the value of a `retry-after` header: seconds (also fractional) or an HTTP date. `date` is the response's own
/// `Date`, against which an HTTP date is read: a drill has no wall clock, and the provider's clock is the one it meant.
#[must_use]
pub fn from_header(value: &str, date: Option<&str>) -> Option<Hint> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Some(Hint::Seconds(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(date?.trim()).ok()?;
    until.duration_since(now).ok().map(|wait| Hint::Seconds(wait.as_secs_f64()))
}

/// Turns a hint into a wait; `luck` in `[0, 1)` scatters it.
#[must_use]
pub fn wait(hint: Hint, luck: f64) -> Option<Duration> {
    let ms = match hint {
        Hint::Seconds(s) => s * 1e3,
        Hint::Millis(ms) => ms,
    };
    if !(ms.is_finite() && ms > 0.0) {
        return None;
    }
    let clamped = ms.clamp(MIN.as_secs_f64() * 1e3, MAX.as_secs_f64() * 1e3);
    Some(Duration::from_millis(libm::ceil(clamped * (1.0 + 0.1 * luck)) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: Option<&str> = Some("Sun, 06 Nov 1994 08:49:37 GMT");

    #[test]
    fn headers_are_read_in_every_form_seen_in_the_wild() {
        for (value, expected) in [
            ("2", Some(Hint::Seconds(2.0))),
            ("7.66", Some(Hint::Seconds(7.66))),
            (" 3 ", Some(Hint::Seconds(3.0))),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(Hint::Seconds(10.0))),
            ("Sun, 06 Nov 1994 08:49:00 GMT", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(from_header(value, DATE), expected, "{value:?}");
        }
    }

    #[test]
    fn waits_are_clamped_and_nonsense_is_no_wait() {
        for (hint, expected) in [
            (Hint::Seconds(2.0), Some(2_000)),
            (Hint::Millis(250.0), Some(250)),
            (Hint::Millis(1.0), Some(100)),
            (Hint::Seconds(86_400.0), Some(60_000)),
            (Hint::Seconds(0.0), None),
            (Hint::Seconds(-3.0), None),
            (Hint::Seconds(f64::NAN), None),
            (Hint::Seconds(f64::INFINITY), None),
        ] {
            assert_eq!(wait(hint, 0.0), expected.map(Duration::from_millis), "{hint:?}");
        }
    }

    #[test]
    fn jitter_only_ever_lengthens_the_wait_by_at_most_a_tenth() {
        assert_eq!(wait(Hint::Seconds(2.0), 0.999_999), Some(Duration::from_millis(2200)));
    }
}
