//! Units, limits and values.
//!
//! Rules:
//! - A limit is kept as an exact integer (billionths, or microseconds), so that 999 of 1,000 *is* 99.9%. Billionths of a
//!   dollar are what money is counted in anyway.
//! - A value is shown like its limit, with two decimals or as many as the limit has, and with as many more as it takes
//!   to tell it from the limit: a failed `>= 99.9%` never reads "99.90%".

use crate::event::Micros;
use std::cmp::Ordering;

/// What a metric is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// 0% to 100%.
    Share,
    /// A span of time.
    Time,
    /// Any number.
    Number,
    /// A whole number.
    Count,
    /// Dollars.
    Money,
}

impl Unit {
    /// "… is a share: write 99.9%".
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Share => "is a share: write 99.9%",
            Self::Time => "is a time: write 4s or 250ms",
            Self::Number => "is a plain number: write 1.5",
            Self::Count => "is a count: write a whole number such as 0",
            Self::Money => "is an amount in dollars: write $0.50",
        }
    }

    /// What `text` is as this unit; the error says why it is not.
    pub(super) fn read(self, text: &str) -> Result<Amount, Misread> {
        match self {
            Self::Share => {
                let number = text.strip_suffix('%').ok_or(Misread::Unit)?;
                let billionths = decimal(number, 7).ok_or(Misread::Unit)?;
                if billionths > ONE { Err(Misread::Range) } else { Ok(Amount::Billionths(billionths)) }
            }
            Self::Time => time(text).map(Amount::Time).ok_or(Misread::Unit),
            Self::Number => decimal(text, 9).map(Amount::Billionths).ok_or(Misread::Unit),
            Self::Count => {
                let whole = text.parse::<u32>().map_err(|_| Misread::Unit)?;
                Ok(Amount::Billionths(u64::from(whole) * ONE))
            }
            Self::Money => {
                let dollars = text.strip_prefix('$').unwrap_or(text);
                decimal(dollars, 9).map(Amount::Billionths).ok_or(Misread::Unit)
            }
        }
    }
}

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misread {
    /// It is something else, or of another unit.
    Unit,
    /// A share above 100%.
    Range,
}

const ONE: u64 = 1_000_000_000;

/// An exact limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// Of a share or a number.
    Billionths(u64),
    /// A time.
    Time(Micros),
}

/// A limit as it was written, and what it means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    pub(crate) text: String,
    pub(crate) unit: Unit,
    pub(crate) amount: Amount,
}

impl Limit {
    /// Whether it is 100%.
    pub(crate) fn is_full_share(&self) -> bool {
        self.unit == Unit::Share && self.amount == Amount::Billionths(ONE)
    }

    fn decimals(&self) -> usize {
        let fraction = self.text.split_once('.').map_or("", |(_, f)| f);
        fraction.chars().take_while(char::is_ascii_digit).count()
    }

    /// Digits to drop from microseconds, and the unit's name.
    fn time_unit(&self) -> (f64, &'static str) {
        if self.text.ends_with("us") || self.text.ends_with("µs") {
            (1.0, "us")
        } else if self.text.ends_with("ms") {
            (1e3, "ms")
        } else {
            (1e6, "s")
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value {
    /// A share or a mean; `of` is not 0.
    Ratio { part: u64, of: u64 },
    /// A count.
    Count(u64),
    /// Billionths of a dollar, together (`of` is 1) or on average; `of` is not 0.
    Money { nanodollars: u64, of: u64 },
    /// A time.
    Time(Micros),
    /// It should have happened and did not: worse than any time.
    Never,
}

impl Value {
    /// Compares exactly.
    pub(crate) fn compare(self, limit: Amount) -> Ordering {
        let scaled = |part: u64, of: u64, billionths: u64| {
            (u128::from(part) * u128::from(ONE)).cmp(&(u128::from(billionths) * u128::from(of)))
        };
        match (self, limit) {
            (Self::Ratio { part, of }, Amount::Billionths(b)) => scaled(part, of, b),
            (Self::Count(n), Amount::Billionths(b)) => scaled(n, 1, b),
            (Self::Money { nanodollars, of }, Amount::Billionths(b)) => {
                u128::from(nanodollars).cmp(&(u128::from(b) * u128::from(of)))
            }
            (Self::Time(t), Amount::Time(limit)) => t.cmp(&limit),
            _ => Ordering::Greater,
        }
    }

    /// Compares two values of one metric.
    pub(crate) fn against(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Ratio { part: a, of: b }, Self::Ratio { part: c, of: d })
            | (Self::Money { nanodollars: a, of: b }, Self::Money { nanodollars: c, of: d }) => {
                (u128::from(a) * u128::from(d)).cmp(&(u128::from(c) * u128::from(b)))
            }
            (Self::Count(a), Self::Count(b)) => a.cmp(&b),
            (Self::Time(a), Self::Time(b)) => a.cmp(&b),
            (Self::Never, Self::Never) => Ordering::Equal,
            (Self::Never, _) => Ordering::Greater,
            _ => Ordering::Less,
        }
    }

    /// As text, like the limit.
    pub(crate) fn show(self, limit: &Limit) -> String {
        let wanted = limit.decimals();
        match self {
            Self::Never => "never".to_owned(),
            Self::Count(n) => n.to_string(),
            Self::Ratio { part: 0, .. } if limit.unit == Unit::Share => "0%".to_owned(),
            Self::Ratio { part, of } if limit.unit == Unit::Share && part == of => "100%".to_owned(),
            Self::Ratio { part, of } if limit.unit == Unit::Share => {
                let avoid = [scaled_limit(limit, 1e-7), 0.0, 100.0];
                number(part as f64 / of as f64 * 100.0, wanted.max(2), self.compare(limit.amount).is_eq(), &avoid) + "%"
            }
            Self::Ratio { part, of } => {
                let avoid = [scaled_limit(limit, 1e-9)];
                number(part as f64 / of as f64, wanted.max(2), self.compare(limit.amount).is_eq(), &avoid)
            }
            Self::Money { nanodollars, of } => {
                let dollars = nanodollars as f64 / of as f64 / 1e9;
                let mut avoid = vec![scaled_limit(limit, 1e-9)];
                avoid.extend((nanodollars > 0).then_some(0.0));
                "$".to_owned() + &number(dollars, wanted.max(2), self.compare(limit.amount).is_eq(), &avoid)
            }
            Self::Time(t) => {
                let (divisor, name) = limit.time_unit();
                let shown = t.0 as f64 / divisor;
                let least = if name == "s" || shown < 10.0 && t.0 % 1000 != 0 { 2 } else { 0 };
                let avoid = [scaled_limit(limit, 1.0 / divisor)];
                number(shown, wanted.max(least), self.compare(limit.amount).is_eq(), &avoid) + name
            }
        }
    }
}

fn scaled_limit(limit: &Limit, factor: f64) -> f64 {
    match limit.amount {
        Amount::Billionths(b) => b as f64 * factor,
        Amount::Time(t) => t.0 as f64 * factor,
    }
}

/// `value` with `decimals`, or as many more as tell it from every number in `avoid`, unless it is the limit itself.
fn number(value: f64, decimals: usize, is_limit: bool, avoid: &[f64]) -> String {
    let mut shown = format!("{value:.decimals$}");
    let mut decimals = decimals;
    while !is_limit && decimals < 6 && avoid.iter().any(|a| format!("{a:.decimals$}") == shown) {
        decimals += 1;
        shown = format!("{value:.decimals$}");
    }
    shown
}

/// An unsigned decimal number times 10^`digits`, exactly; `None` if it has more decimals than that, or is no number.
pub(super) fn decimal(text: &str, digits: u32) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || text.ends_with('.') {
        return None;
    }
    let missing = digits.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let whole = whole.parse::<u64>().ok()?.checked_mul(10u64.checked_pow(digits)?)?;
    let fraction = if fraction.is_empty() { 0 } else { fraction.parse::<u64>().ok()? };
    whole.checked_add(fraction.checked_mul(10u64.checked_pow(missing)?)?)
}

/// `250ms`, `4s`, `1.5m`, `1m30s`.
pub(super) fn time(text: &str) -> Option<Micros> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (digits, factor) = match unit {
            "us" | "µs" => (0, 1),
            "ms" => (3, 1),
            "s" => (6, 1),
            "m" => (6, 60),
            "h" => (6, 3600),
            _ => return None,
        };
        total = total.checked_add(decimal(number, digits)?.checked_mul(factor)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(Micros(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(unit: Unit, text: &str) -> Limit {
        Limit { text: text.to_owned(), unit, amount: unit.read(text).unwrap() }
    }

    #[test]
    fn a_limit_of_99_9_percent_equals_999_of_1000() {
        let limit = limit(Unit::Share, "99.9%");
        assert_eq!(Value::Ratio { part: 999, of: 1000 }.compare(limit.amount), Ordering::Equal);
        assert_eq!(Value::Ratio { part: 9989, of: 10000 }.compare(limit.amount), Ordering::Less);
    }

    #[test]
    fn a_value_is_shown_like_its_limit() {
        let share = limit(Unit::Share, "99.9%");
        assert_eq!(Value::Ratio { part: 9921, of: 10000 }.show(&share), "99.21%");
        assert_eq!(Value::Ratio { part: 1, of: 1 }.show(&share), "100%");
        assert_eq!(Value::Time(Micros(1_840_000)).show(&limit(Unit::Time, "4s")), "1.84s");
        assert_eq!(Value::Time(Micros(840_000)).show(&limit(Unit::Time, "900ms")), "840ms");
        assert_eq!(Value::Time(Micros(312)).show(&limit(Unit::Time, "1ms")), "0.31ms");
        assert_eq!(Value::Time(Micros(95_000_000)).show(&limit(Unit::Time, "2m")), "95.00s");
        assert_eq!(Value::Count(3).show(&limit(Unit::Count, "0")), "3");
        assert_eq!(Value::Ratio { part: 21, of: 20 }.show(&limit(Unit::Number, "1.1")), "1.05");
        assert_eq!(Value::Never.show(&limit(Unit::Time, "4s")), "never");
        let money = |nanodollars, of| Value::Money { nanodollars, of };
        assert_eq!(money(123_456_789, 1).show(&limit(Unit::Money, "$0.50")), "$0.12");
        assert_eq!(money(120_000, 1).show(&limit(Unit::Money, "0.5")), "$0.0001");
        assert_eq!(money(0, 7).show(&limit(Unit::Money, "$1")), "$0.00");
        assert_eq!(money(1_503_000_000, 3).show(&limit(Unit::Money, "$0.50")), "$0.501");
    }

    #[test]
    fn a_value_next_to_its_limit_gets_enough_decimals_to_differ() {
        let share = limit(Unit::Share, "99.9%");
        assert_eq!(Value::Ratio { part: 998_999, of: 1_000_000 }.show(&share), "99.8999%");
        assert_eq!(Value::Ratio { part: 99_999, of: 100_000 }.show(&share), "99.999%");
        assert_eq!(Value::Time(Micros(4_001_000)).show(&limit(Unit::Time, "4s")), "4.001s");
        assert_eq!(Value::Time(Micros(4_000_000)).show(&limit(Unit::Time, "4s")), "4.00s");
    }

    #[test]
    fn money_is_read_and_compared_to_the_billionth_of_a_dollar() {
        for text in ["$0.50", "0.5", "$0.500000000"] {
            assert_eq!(limit(Unit::Money, text).amount, Amount::Billionths(500_000_000), "{text}");
        }
        for bad in ["$", "50%", "$-1", "-1", "$0.0000000001", "50c", "0.50$", "€1", "1s"] {
            assert!(Unit::Money.read(bad).is_err(), "{bad}");
        }
        let half = limit(Unit::Money, "$0.50").amount;
        let compared = |nanodollars, of| Value::Money { nanodollars, of }.compare(half);
        assert_eq!([compared(500_000_000, 1), compared(1_000_000_000, 2)], [Ordering::Equal; 2]);
        assert_eq!([compared(500_000_001, 1), compared(1_000_000_001, 2)], [Ordering::Greater; 2]);
    }

    #[test]
    fn times_are_read_exactly() {
        assert_eq!(time("250ms"), Some(Micros(250_000)));
        assert_eq!(time("1.5s"), Some(Micros(1_500_000)));
        assert_eq!(time("1m30s"), Some(Micros(90_000_000)));
        assert_eq!(time("2h"), Some(Micros(7_200_000_000)));
        for bad in ["", "4", "s", "4 s", "4sec", "-4s", "4.s", ".5s", "1e3s", "99999999999999999999s"] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }
}
