//! Distributions of durations, or of sizes, as words: `20ms`, `fixed(20ms)`, `uniform(100ms 200ms)`, `normal(100ms sd 20ms)`,
//! `lognormal(350ms p99 1.2s)`.

use super::{Wrong, duration, shown, size};
use mock_providers::Distribution;

/// The largest size that a distribution may name.
pub const MAX_DRAWN: u32 = 1_000_000;

const FORMS: &str = "write `20ms`, `uniform(100ms 200ms)`, `normal(100ms sd 20ms)` or `lognormal(350ms p99 1.2s)`";
const FORMS_OF_SIZES: &str = "write `4k`, `uniform(1k 8k)`, `normal(4k sd 500)` or `lognormal(2k p99 32k)`";

/// Reads a distribution; a bare duration never varies.
///
/// # Errors
/// Any other form, bounds in the wrong order, a median of zero.
pub fn distribution(text: &str) -> Result<Distribution, Wrong> {
    read(text, FORMS, |text| Ok(duration(text)?.as_secs_f64() * 1e3))
}

/// Reads a distribution of sizes (`4k`, `uniform(1k 8k)`): sizes where others have milliseconds.
///
/// # Errors
/// As [`distribution`], and sizes over [`MAX_DRAWN`].
pub fn sizes(text: &str) -> Result<Distribution, Wrong> {
    read(text, FORMS_OF_SIZES, |text| match size(text)? {
        size if size <= MAX_DRAWN => Ok(f64::from(size)),
        _ => Err(Wrong::new(format!("{} is too much", shown(text)), "at most `1M`")),
    })
}

fn read(text: &str, forms: &str, value: fn(&str) -> Result<f64, Wrong>) -> Result<Distribution, Wrong> {
    let text = text.trim();
    let Some((name, rest)) = text.split_once('(') else {
        return match value(text) {
            Ok(ms) => Ok(Distribution::Fixed { ms }),
            Err(wrong) if text.starts_with(|c: char| c.is_ascii_digit()) => Err(wrong),
            Err(_) => Err(Wrong::new(format!("{} is not a distribution", shown(text)), forms)),
        };
    };
    let Some(arguments) = rest.strip_suffix(')') else {
        return Err(Wrong::new(format!("{} lacks its closing bracket", shown(text)), forms));
    };
    if arguments.contains(',') {
        return Err(Wrong::new(format!("{} has a comma in it", shown(text)), "separate with blanks, without commas"));
    }
    let words: Vec<&str> = arguments.split_whitespace().collect();
    match (name.trim(), words.as_slice()) {
        ("fixed", [one]) => Ok(Distribution::Fixed { ms: value(one)? }),
        ("uniform", [low, high]) => {
            let (low, high) = (value(low)?, value(high)?);
            if low > high {
                return Err(Wrong::new(
                    format!("{} runs from high to low", shown(text)),
                    "write the lower bound first",
                ));
            }
            Ok(Distribution::Uniform { low, high })
        }
        ("normal", [mean, "sd", sd]) => Ok(Distribution::Normal { mean: value(mean)?, sd: value(sd)? }),
        ("lognormal", [median, "p99", p99]) => {
            let (median, p99) = (value(median)?, value(p99)?);
            if median <= 0.0 {
                return Err(Wrong::new(
                    format!("{} has a median of zero", shown(text)),
                    "a lognormal starts above zero",
                ));
            }
            if p99 < median {
                let help = "99 % lie below the p99, so it cannot be less than the median";
                return Err(Wrong::new(format!("{} has a p99 below its median", shown(text)), help));
            }
            Ok(Distribution::LogNormal { median, p99 })
        }
        ("fixed" | "uniform" | "normal" | "lognormal", _) => {
            Err(Wrong::new(format!("{} has the wrong parameters", shown(text)), forms))
        }
        _ => Err(Wrong::new(format!("{} is not a distribution", shown(text)), forms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read() {
        assert_eq!(distribution("20ms"), Ok(Distribution::Fixed { ms: 20.0 }));
        assert_eq!(distribution("fixed(20ms)"), Ok(Distribution::Fixed { ms: 20.0 }));
        assert_eq!(distribution("uniform(100ms 200ms)"), Ok(Distribution::Uniform { low: 100.0, high: 200.0 }));
        assert_eq!(distribution("normal(100ms sd 20ms)"), Ok(Distribution::Normal { mean: 100.0, sd: 20.0 }));
        assert_eq!(
            distribution("lognormal(350ms p99 1.2s)"),
            Ok(Distribution::LogNormal { median: 350.0, p99: 1200.0 })
        );
    }

    #[test]
    fn sizes_vary_in_the_same_forms() {
        assert_eq!(sizes("4k"), Ok(Distribution::Fixed { ms: 4000.0 }));
        assert_eq!(sizes("uniform(500 8k)"), Ok(Distribution::Uniform { low: 500.0, high: 8000.0 }));
        assert_eq!(sizes("lognormal(2k p99 32k)"), Ok(Distribution::LogNormal { median: 2000.0, p99: 32_000.0 }));
        assert_eq!(
            sizes("lognormal(2k p99 1k)").unwrap_err().message,
            "`lognormal(2k p99 1k)` has a p99 below its median"
        );
        assert_eq!(sizes("2M").unwrap_err().message, "`2M` is too much");
        let wrong = sizes("long").unwrap_err();
        assert_eq!(wrong.message, "`long` is not a distribution");
        assert!(wrong.help.unwrap().contains("`4k`"));
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for (text, message) in [
            ("lognormal(2s p99 1s)", "`lognormal(2s p99 1s)` has a p99 below its median"),
            ("lognormal(0ms p99 1s)", "`lognormal(0ms p99 1s)` has a median of zero"),
            ("lognormal(2s, 3s)", "`lognormal(2s, 3s)` has a comma in it"),
            ("uniform(2s 1s)", "`uniform(2s 1s)` runs from high to low"),
            ("normal(2s 1s)", "`normal(2s 1s)` has the wrong parameters"),
            ("gamma(2s)", "`gamma(2s)` is not a distribution"),
            ("uniform(2s", "`uniform(2s` lacks its closing bracket"),
            ("20", "the duration `20` has no unit"),
            ("slow", "`slow` is not a distribution"),
        ] {
            assert_eq!(distribution(text).unwrap_err().message, message);
        }
    }
}
