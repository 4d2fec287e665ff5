//! Money, as `$5` or `$0.25`, and money per window, as `$5/h`.

use super::{Decimal, Wrong, limit::window, shown};
use crate::event::Nanodollars;
use std::time::Duration;

/// The largest amount, in dollars.
const MOST: u64 = 1_000_000_000;

/// Reads `$5` or `$0.25`.
///
/// # Errors
/// Anything else, less than a billionth of a dollar, and more than a thousand million dollars.
pub fn money(text: &str) -> Result<Nanodollars, Wrong> {
    let text = text.trim();
    let Some(number) = text.strip_prefix('$').map(str::trim_start).and_then(Decimal::parse) else {
        let help =
            if Decimal::parse(text).is_some() { format!("write `${text}`") } else { "write `$5` or `$0.25`".into() };
        return Err(Wrong::new(format!("{} is not an amount of money", shown(text)), help));
    };
    let amount = number.times(1_000_000_000).and_then(|nanodollars| u64::try_from(nanodollars).ok());
    match amount {
        Some(amount) if amount <= MOST * 1_000_000_000 => Ok(Nanodollars(amount)),
        Some(_) => Err(Wrong::new(format!("{} is too much", shown(text)), "leave the budget out")),
        None => Err(Wrong::new(format!("{} is too fine or too much", shown(text)), "write `$5` or `$0.25`")),
    }
}

/// Reads `$5/h` or `$0.25/10s`.
///
/// # Errors
/// Any other form, and what [`money`] refuses.
pub fn budget(text: &str) -> Result<(Nanodollars, Duration), Wrong> {
    let help = "write `$5/h`, `$100/day` or `$0.25/10s`";
    let Some((amount, per)) = text.split_once('/') else {
        return Err(Wrong::new(format!("{} has no window", shown(text)), help));
    };
    match window(per.trim()).filter(|per| !per.is_zero()) {
        Some(per) => Ok((money(amount)?, per)),
        None => Err(Wrong::new(format!("{} has no window", shown(text)), help)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_to_the_billionth_of_a_dollar() {
        assert_eq!(money("$5"), Ok(Nanodollars(5_000_000_000)));
        assert_eq!(money("$ 0.000000001"), Ok(Nanodollars(1)));
        assert_eq!(budget("$5/h"), Ok((Nanodollars(5_000_000_000), Duration::from_secs(3600))));
        assert_eq!(budget("$0.25 / 10s"), Ok((Nanodollars(250_000_000), Duration::from_secs(10))));
    }

    #[test]
    fn what_is_no_money_is_refused_in_words() {
        for (text, message) in [
            ("5/h", "`5` is not an amount of money"),
            ("$-1/h", "`$-1` is not an amount of money"),
            ("$5", "`$5` has no window"),
            ("$5/0s", "`$5/0s` has no window"),
            ("$5/fortnight", "`$5/fortnight` has no window"),
            ("$0.0000000001/h", "`$0.0000000001` is too fine or too much"),
            ("$9999999999/h", "`$9999999999` is too much"),
        ] {
            assert_eq!(budget(text).unwrap_err().message, message);
        }
        assert_eq!(money("5").unwrap_err().help.as_deref(), Some("write `$5`"));
    }
}
