//! Quantities with their units: durations, rates, limits, shares, sizes, distributions.
//!
//! Rules: a quantity has a unit, so that nobody has to guess whether `5` is seconds or milliseconds; time is a whole
//! number of milliseconds, the drill's quantum; no scalar contains a comma; what no drill can need is refused here.
//! Decimal numbers are read exactly, not through floating point.

mod distribution;
mod limit;
mod money;

pub use distribution::{MAX_DRAWN, distribution, sizes};
pub use limit::limit;
pub use money::{budget, money};

use std::time::Duration;

/// The longest duration a scenario may name.
pub const MAX_DURATION: Duration = Duration::from_secs(24 * 3600);

/// The highest rate a scenario may name, per second.
pub const MAX_RATE: f64 = 100_000.0;

/// The largest size a scenario may name.
pub const MAX_SIZE: u32 = 100_000_000;

/// Why a quantity cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Wrong {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

/// A decimal number without sign or exponent: `digits / 10^decimals`.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    digits: u128,
    decimals: u32,
}

impl Decimal {
    /// `None` for what is not a plain decimal number of at most 18 digits.
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = format!("{whole}{fraction}");
        let plain = !whole.is_empty() && !fraction.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !plain || digits.len() > 18 {
            return None;
        }
        Some(Self { digits: digits.parse().ok()?, decimals: u32::try_from(fraction.len()).ok()? })
    }

    /// The number times a factor, if that is whole.
    fn times(self, factor: u128) -> Option<u128> {
        let scale = 10u128.pow(self.decimals);
        let product = self.digits * factor;
        product.is_multiple_of(scale).then_some(product / scale)
    }

    fn as_f64(self) -> f64 {
        self.digits as f64 / 10f64.powi(self.decimals.cast_signed())
    }
}

/// Splits `1.5s` into `1.5` and `s`.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

/// A text as it stands in messages: not endless, no control characters.
pub(crate) fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(40).is_some() { format!("`{short}…`") } else { format!("`{short}`") }
}

/// Reads `250ms`, `5s`, `1.5s`, `2m` or `1h`.
///
/// # Errors
/// Anything else, a fraction of a millisecond, and more than [`MAX_DURATION`].
pub fn duration(text: &str) -> Result<Duration, Wrong> {
    let text = text.trim();
    let (number, unit) = split(text);
    let Some(number) = Decimal::parse(number) else {
        let help =
            if text.starts_with('-') { "time does not run backwards" } else { "write `250ms`, `5s`, `2m` or `1h`" };
        return Err(Wrong::new(format!("{} is not a duration", shown(text)), help));
    };
    let factor = match unit {
        "ms" => 1,
        "s" | "sec" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "" => {
            let help = format!("write `{text}s` or `{text}ms`");
            return Err(Wrong::new(format!("the duration {} has no unit", shown(text)), help));
        }
        "us" | "µs" | "ns" => {
            return Err(Wrong::new(
                format!("{} is finer than a millisecond", shown(text)),
                "the quantum of a drill is 1ms",
            ));
        }
        _ => {
            let help = "one number and one unit: `250ms`, `5s`, `2m` or `1h`";
            return Err(Wrong::new(format!("{} is not a duration", shown(text)), help));
        }
    };
    let Some(ms) = number.times(factor) else {
        let message = format!("{} is not a whole number of milliseconds", shown(text));
        return Err(Wrong::new(message, "the quantum of a drill is 1ms"));
    };
    match u64::try_from(ms).map(Duration::from_millis) {
        Ok(duration) if duration <= MAX_DURATION => Ok(duration),
        _ => Err(Wrong::new(format!("{} is longer than a day", shown(text)), "the longest duration is `24h`")),
    }
}

/// Reads `20/s`, `600/min` or `2M/h` into a rate per second.
///
/// # Errors
/// Anything else, and more than `limit` per second.
pub fn rate(text: &str, limit: f64) -> Result<f64, Wrong> {
    let text = text.trim();
    let help = "write `20/s`, `600/min` or `3600/h`";
    let Some((count, per)) = text.split_once('/') else {
        let help =
            if Decimal::parse(text).is_some() { format!("write `{text}/s` or `{text}/min`") } else { help.into() };
        return Err(Wrong::new(format!("{} is not a rate", shown(text)), help));
    };
    let (number, suffix) = split(count.trim_end());
    let seconds = match per.trim() {
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(Wrong::new(format!("{} is not a rate", shown(text)), help)),
    };
    match (Decimal::parse(number), multiple(suffix)) {
        (Some(number), Some(multiple)) => {
            let rate = number.as_f64() * f64::from(multiple) / seconds;
            if rate <= limit {
                Ok(rate)
            } else {
                Err(Wrong::new(format!("{} is too much", shown(text)), format!("at most `{limit}/s`")))
            }
        }
        _ if text.starts_with('-') => Err(Wrong::new(format!("{} is negative", shown(text)), help)),
        _ => Err(Wrong::new(format!("{} is not a rate", shown(text)), help)),
    }
}

/// Reads `50%` or `0.1%` into a number from 0 to 1.
///
/// # Errors
/// Anything else; also a bare number, which could mean either.
pub fn share(text: &str) -> Result<f64, Wrong> {
    let text = text.trim();
    let Some(number) = text.strip_suffix('%') else {
        let help = match text.parse::<f64>() {
            Ok(n) if (0.0..=1.0).contains(&n) => format!("write `{}%`", round(n * 100.0)),
            Ok(n) if (1.0..=100.0).contains(&n) => format!("write `{}%`", round(n)),
            _ => "write a share as `50%`".to_owned(),
        };
        return Err(Wrong::new(format!("{} is not a share", shown(text)), help));
    };
    match Decimal::parse(number.trim_end()).map(Decimal::as_f64) {
        Some(percent) if percent <= 100.0 => Ok(percent / 100.0),
        Some(_) => Err(Wrong::new(format!("{} is more than all", shown(text)), "a share is at most `100%`")),
        None => Err(Wrong::new(format!("{} is not a share", shown(text)), "write a share as `50%`")),
    }
}

/// Reads `128k`, `1M` or `8192`; `k` is a thousand, `M` a million.
///
/// # Errors
/// Anything else, fractions of one, and more than [`MAX_SIZE`].
pub fn size(text: &str) -> Result<u32, Wrong> {
    let text = text.trim();
    let (number, suffix) = split(text);
    let help = "write `8192`, `128k` or `1M`";
    let (Some(number), Some(multiple)) = (Decimal::parse(number), multiple(suffix)) else {
        return Err(Wrong::new(format!("{} is not a size", shown(text)), help));
    };
    let Some(size) = number.times(multiple.into()) else {
        return Err(Wrong::new(format!("{} is not whole", shown(text)), help));
    };
    match u32::try_from(size) {
        Ok(size) if size <= MAX_SIZE => Ok(size),
        _ => Err(Wrong::new(format!("{} is too much", shown(text)), "at most `100M`")),
    }
}

fn multiple(suffix: &str) -> Option<u32> {
    match suffix {
        "" => Some(1),
        "k" | "K" => Some(1000),
        "M" => Some(1_000_000),
        _ => None,
    }
}

/// At most four decimals, so that 0.07 · 100 reads 7.
fn round(n: f64) -> f64 {
    libm::round(n * 1e4) / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn durations_are_whole_milliseconds_with_a_unit() {
        for (text, expected) in [
            ("250ms", 250),
            ("5s", 5000),
            ("1.2s", 1200),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("0ms", 0),
            ("24h", 86_400_000),
        ] {
            assert_eq!(duration(text), Ok(ms(expected)), "{text}");
        }
        for (text, message) in [
            ("0.5ms", "`0.5ms` is not a whole number of milliseconds"),
            ("1.2345s", "`1.2345s` is not a whole number of milliseconds"),
            ("5", "the duration `5` has no unit"),
            ("25h", "`25h` is longer than a day"),
            ("-5s", "`-5s` is not a duration"),
            ("1m30s", "`1m30s` is not a duration"),
            ("5us", "`5us` is finer than a millisecond"),
            ("soon", "`soon` is not a duration"),
            ("", "`` is not a duration"),
            ("99999999999999999999s", "`99999999999999999999s` is not a duration"),
        ] {
            assert_eq!(duration(text).unwrap_err().message, message);
        }
    }

    #[test]
    fn rates_are_per_second() {
        assert_eq!(rate("20/s", MAX_RATE), Ok(20.0));
        assert_eq!(rate("600/min", MAX_RATE), Ok(10.0));
        assert_eq!(rate("2M/min", 1e6), Ok(2e6 / 60.0));
        assert_eq!(rate("20", MAX_RATE).unwrap_err().help.as_deref(), Some("write `20/s` or `20/min`"));
        assert_eq!(rate("200000/s", MAX_RATE).unwrap_err().message, "`200000/s` is too much");
        assert_eq!(rate("-1/s", MAX_RATE).unwrap_err().message, "`-1/s` is negative");
        assert_eq!(rate("20/day", MAX_RATE).unwrap_err().message, "`20/day` is not a rate");
    }

    #[test]
    fn shares_are_percent_and_a_bare_number_is_refused_with_its_translation() {
        assert_eq!(share("50%"), Ok(0.5));
        assert_eq!(share("0.1%"), Ok(0.001));
        assert_eq!(share("0.07").unwrap_err().help.as_deref(), Some("write `7%`"));
        assert_eq!(share("101%").unwrap_err().message, "`101%` is more than all");
        assert_eq!(share("-1%").unwrap_err().message, "`-1%` is not a share");
    }

    #[test]
    fn sizes_count_in_thousands() {
        assert_eq!(size("128k"), Ok(128_000));
        assert_eq!(size("1.5M"), Ok(1_500_000));
        assert_eq!(size("8192"), Ok(8192));
        assert_eq!(size("1.0001k").unwrap_err().message, "`1.0001k` is not whole");
        assert_eq!(size("9999M").unwrap_err().message, "`9999M` is too much");
    }

    proptest! {
        #[test]
        fn no_text_makes_a_unit_panic(text in "[-0-9.%/a-zA-Zµ() ]{0,24}") {
            let _ = (duration(&text), rate(&text, MAX_RATE), share(&text), size(&text), distribution(&text));
        }

        #[test]
        fn every_whole_number_of_milliseconds_is_read_back(n in 0u64..86_400_000) {
            prop_assert_eq!(duration(&format!("{n}ms")), Ok(ms(n)));
            prop_assert_eq!(duration(&format!("{}.{:03}s", n / 1000, n % 1000)), Ok(ms(n)));
        }
    }
}
