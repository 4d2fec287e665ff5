//! Words and figures for narrow places: text cut to an exact width, and numbers with their units.
//!
//! Rules:
//! - Widths are terminal cells, counted by grapheme as the screen buffer counts them. Control characters vanish.
//! - A cut text ends in an ellipsis; a wide character is never halved.
//! - No rounding across a boundary that means something: a share below 100 % never reads `100%`, one above 0 never
//!   reads `0%`.

use super::theme::Glyphs;
use crate::event::Micros;
use ratatui::buffer::CellWidth;
use ratatui::style::Style;
use ratatui::text::Span;

/// Cells that `text` takes on the screen.
#[must_use]
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).styled_graphemes(Style::new()).map(|g| usize::from(g.symbol.cell_width())).sum()
}

/// `text`, or its beginning and an ellipsis, in at most `cells`.
#[must_use]
pub(super) fn cut(text: &str, cells: usize, glyphs: &Glyphs) -> String {
    let span = Span::raw(text);
    let mut out = String::with_capacity(text.len());
    let (mut used, mut safe, mut safe_used) = (0, 0, 0);
    for g in span.styled_graphemes(Style::new()) {
        let w = usize::from(g.symbol.cell_width());
        if used + w > cells {
            out.truncate(safe);
            let room = cells - safe_used;
            out.extend((room > 0).then_some(glyphs.ellipsis));
            return out;
        }
        out.push_str(g.symbol);
        used += w;
        if used < cells {
            (safe, safe_used) = (out.len(), used);
        }
    }
    out
}

/// `text` in exactly `cells`, to the left.
#[must_use]
pub(super) fn left(text: &str, cells: usize, glyphs: &Glyphs) -> String {
    let mut out = cut(text, cells, glyphs);
    let used = width(&out);
    out.extend(std::iter::repeat_n(' ', cells.saturating_sub(used)));
    out
}

/// `text` in exactly `cells`, to the right.
#[must_use]
pub(super) fn right(text: &str, cells: usize, glyphs: &Glyphs) -> String {
    let cut = cut(text, cells, glyphs);
    let pad = cells.saturating_sub(width(&cut));
    let mut out = " ".repeat(pad);
    out.push_str(&cut);
    out
}

/// A point in the drill: `02:05.3`.
#[must_use]
pub(super) fn clock(at: Micros) -> String {
    let tenths = at.0 / 100_000;
    format!("{:02}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// A point in the drill in whole seconds: `02:05`.
#[must_use]
pub(super) fn clock_short(at: Micros) -> String {
    let seconds = at.0 / 1_000_000;
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

/// A wait: `2.4s`, `1m05s`.
#[must_use]
pub(super) fn wait(span: Micros) -> String {
    let tenths = span.0.div_ceil(100_000);
    match tenths {
        0..600 => format!("{}.{}s", tenths / 10, tenths % 10),
        600..36_000 => format!("{}m{:02}s", tenths / 600, tenths / 10 % 60),
        _ => format!("{}h{:02}m", tenths / 36_000, tenths / 600 % 60),
    }
}

/// A latency: `820ms`, `1.84s`, `12.3s`, `2m05s`.
#[must_use]
pub(super) fn latency(ms: f64, glyphs: &Glyphs) -> String {
    if !ms.is_finite() || ms < 0.0 {
        glyphs.none.to_owned()
    } else if ms < 0.95 {
        format!("{ms:.1}ms")
    } else if ms < 999.5 {
        format!("{ms:.0}ms")
    } else if ms < 9_995.0 {
        format!("{:.2}s", ms / 1e3)
    } else if ms < 99_950.0 {
        format!("{:.1}s", ms / 1e3)
    } else {
        wait(Micros((ms * 1e3) as u64))
    }
}

/// A tick of a latency axis, which is a round number: `500ms`, `2s`.
#[must_use]
pub(super) fn tick(ms: f64) -> String {
    if ms < 1e3 { format!("{ms}ms") } else { format!("{}s", ms / 1e3) }
}

/// A number of things: `1,240`, `12.3M`.
#[must_use]
pub(super) fn count(n: u64) -> String {
    if n >= 10_000_000 {
        return compact(n);
    }
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + 2);
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(d);
    }
    out
}

/// A number of things in at most five cells: `1240`, `41.2k`, `412k`.
#[must_use]
pub(super) fn compact(n: u64) -> String {
    if n < 10_000 {
        return n.to_string();
    }
    let (mut value, mut unit) = (n as f64, "");
    for larger in ["k", "M", "G", "T", "P", "E"] {
        if value < 999.5 {
            break;
        }
        (value, unit) = (value / 1e3, larger);
    }
    if value < 99.95 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

/// A share of 1 in whole percent: `73%`, `<1%`, `>99%`.
#[must_use]
pub(super) fn percent(share: f64) -> String {
    let p = share * 100.0;
    if !p.is_finite() || p <= 0.0 {
        "0%".to_owned()
    } else if p < 1.0 {
        "<1%".to_owned()
    } else if p < 100.0 && p > 99.0 {
        ">99%".to_owned()
    } else {
        format!("{:.0}%", p.min(100.0))
    }
}

/// `part` of `whole` with two decimals towards zero, `99.98%`; nothing of nothing is nothing.
#[must_use]
pub(super) fn fine_percent(part: u64, whole: u64) -> Option<String> {
    let basis_points = (u128::from(part) * 10_000).checked_div(u128::from(whole))?;
    Some(match basis_points {
        0 if part > 0 => "<0.01%".to_owned(),
        bp if bp.is_multiple_of(100) => format!("{}%", bp / 100),
        bp => format!("{}.{:02}%", bp / 100, bp % 100),
    })
}

/// A speed: `×2`, `×0.25`, `flat out`.
#[must_use]
pub(super) fn speed(speed: f64, glyphs: &Glyphs) -> String {
    if speed.is_infinite() {
        return "flat out".to_owned();
    }
    let figure = format!("{speed:.2}");
    format!("{}{}", glyphs.times, figure.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::super::theme::UNICODE as G;
    use super::*;

    #[test]
    fn a_cut_text_ends_in_an_ellipsis_and_never_in_half_a_character() {
        assert_eq!(cut("openai", 6, &G), "openai");
        assert_eq!(cut("openai", 5, &G), "open…");
        assert_eq!(cut("供应商甲", 8, &G), "供应商甲");
        assert_eq!(cut("供应商甲", 7, &G), "供应商…");
        assert_eq!(cut("供应商甲", 6, &G), "供应…");
        assert_eq!(cut("👩‍🚒👩‍🚒", 3, &G), "👩‍🚒…");
        assert_eq!((cut("openai", 1, &G).as_str(), cut("openai", 0, &G).as_str()), ("…", ""));
        assert_eq!(cut("a\u{1b}[31m\nb", 9, &G), "a[31mb");
    }

    #[test]
    fn fitted_text_is_exactly_as_wide_as_asked() {
        for text in ["", "a", "供应商甲", "👩‍🚒 on call", "a long name that does not fit at all"] {
            for cells in 0..20 {
                assert_eq!(width(&left(text, cells, &G)), cells, "{text} in {cells}");
                assert_eq!(width(&right(text, cells, &G)), cells, "{text} in {cells}");
            }
        }
    }

    #[test]
    fn figures_keep_their_units_and_do_not_round_across_a_boundary() {
        assert_eq!(clock(Micros(125_390_000)), "02:05.3");
        assert_eq!(clock(Micros(6_000_000_000)), "100:00.0");
        assert_eq!(
            [0, 2_400_000, 2_400_001, 65_000_000, 3_720_000_000].map(|m| wait(Micros(m))),
            ["0.0s", "2.4s", "2.5s", "1m05s", "1h02m"]
        );
        assert_eq!(
            [0.4, 820.0, 999.7, 1_840.0, 12_340.0, 125_000.0, f64::NAN].map(|ms| latency(ms, &G)),
            ["0.4ms", "820ms", "1.00s", "1.84s", "12.3s", "2m05s", "–"]
        );
        assert_eq!([0, 999, 1_240, 1_234_567, 12_300_000].map(count), ["0", "999", "1,240", "1,234,567", "12.3M"]);
        assert_eq!([9_999, 10_000, 99_960, 999_600, u64::MAX].map(compact), ["9999", "10.0k", "100k", "1.0M", "18.4E"]);
        assert_eq!([0.0, 0.004, 0.734, 0.999, 1.0, f64::NAN].map(percent), ["0%", "<1%", "73%", ">99%", "100%", "0%"]);
        assert_eq!(fine_percent(99_999, 100_000).as_deref(), Some("99.99%"));
        assert_eq!(fine_percent(1, 1_000_000).as_deref(), Some("<0.01%"));
        assert_eq!((fine_percent(3, 3).as_deref(), fine_percent(0, 0)), (Some("100%"), None));
        assert_eq!(
            [0.25, 1.0, 10.0 / 3.0, 100.0, f64::INFINITY].map(|s| speed(s, &G)),
            ["×0.25", "×1", "×3.33", "×100", "flat out"]
        );
    }
}
