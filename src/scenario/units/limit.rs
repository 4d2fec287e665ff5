//! Limits, as `3000/min`, `2M/min`, `10000/day` or `500/10s`: so many per window.
//!
//! A limit is no rate: `600/min` and `10/s` let the same through in a day, and not in a second.

use super::{Decimal, Wrong, duration, multiple, shown, split};
use mock_providers::limits::{Limit, Unusable};
use std::time::Duration;

const FORMS: &str = "write `3000/min`, `2M/min`, `10000/day` or `500/10s`";

/// Reads a limit.
///
/// # Errors
/// Any other form, a fraction of one, nothing at all, and more than a million million.
pub fn limit(text: &str) -> Result<Limit, Wrong> {
    let text = text.trim();
    let Some((count, per)) = text.split_once('/') else {
        let help =
            if Decimal::parse(text).is_some() { format!("write `{text}/min` or `{text}/day`") } else { FORMS.into() };
        return Err(Wrong::new(format!("{} has no window", shown(text)), help));
    };
    let (number, suffix) = split(count.trim_end());
    let factor = match suffix {
        "G" => Some(1_000_000_000),
        _ => multiple(suffix),
    };
    let (Some(number), Some(factor), Some(window)) = (Decimal::parse(number), factor, window(per.trim())) else {
        return Err(Wrong::new(format!("{} is not a limit", shown(text)), FORMS));
    };
    let Some(amount) = number.times(factor.into()) else {
        return Err(Wrong::new(format!("{} is not whole", shown(text)), "choose a longer window, as `90/min`"));
    };
    Limit::try_new(u64::try_from(amount).unwrap_or(u64::MAX), window).map_err(|unusable| {
        let (message, help) = match unusable {
            Unusable::Nothing => ("lets nothing through", "for that, inject `{ error: quota_exhausted }`"),
            Unusable::TooMuch => ("is too much", "leave the limit out"),
            Unusable::Window => ("has no window", FORMS),
        };
        Wrong::new(format!("{} {message}", shown(text)), help)
    })
}

pub(super) fn window(text: &str) -> Option<Duration> {
    match text {
        "s" | "sec" => Some(Duration::from_secs(1)),
        "m" | "min" => Some(Duration::from_secs(60)),
        "h" | "hour" => Some(Duration::from_secs(3600)),
        "d" | "day" => Some(Duration::from_secs(86_400)),
        _ => duration(text).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_so_many_per_window() {
        for (text, amount, seconds) in [
            ("3000/min", 3000, 60),
            ("2M/min", 2_000_000, 60),
            ("1.5k/m", 1500, 60),
            ("2G/day", 2_000_000_000, 86_400),
            ("10000/d", 10_000, 86_400),
            ("10/s", 10, 1),
            ("5/h", 5, 3600),
            ("500/10s", 500, 10),
            ("7 / min", 7, 60),
        ] {
            assert_eq!(limit(text), Ok(Limit::try_new(amount, Duration::from_secs(seconds)).unwrap()), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for (text, message) in [
            ("3000", "`3000` has no window"),
            ("3000/0s", "`3000/0s` has no window"),
            ("3000/fortnight", "`3000/fortnight` is not a limit"),
            ("3000/48h", "`3000/48h` is not a limit"),
            ("-1/min", "`-1/min` is not a limit"),
            ("2T/min", "`2T/min` is not a limit"),
            ("many/min", "`many/min` is not a limit"),
            ("/min", "`/min` is not a limit"),
            ("0.5/min", "`0.5/min` is not whole"),
            ("0/min", "`0/min` lets nothing through"),
            ("9999G/min", "`9999G/min` is too much"),
            ("99999999999999999G/min", "`99999999999999999G/min` is too much"),
        ] {
            assert_eq!(limit(text).unwrap_err().message, message);
        }
        assert_eq!(limit("60").unwrap_err().help.as_deref(), Some("write `60/min` or `60/day`"));
    }
}
