//! Styles by meaning, and the glyphs that carry the same meaning without colour.
//!
//! Rules:
//! - A panel asks for a meaning (`good`, `bad`), never for a colour. Only the 16 terminal colours are used, so that
//!   light and dark palettes both stay legible.
//! - Red is for what is broken now. Everything that a colour says, a word or a symbol says as well: with `NO_COLOR`
//!   only bold, dim and reverse remain.
//! - Every glyph is one cell wide. Where the locale is not UTF-8, plain ASCII stands in.
//!
//! It does not look at what the terminal can do beyond these variables.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// How things look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    /// Works, holds, recovered.
    pub good: Style,
    /// Broken now.
    pub bad: Style,
    /// Needs an eye: half-open, degraded, fallen back.
    pub warn: Style,
    /// There to be looked up, not to be read: units, captions, rules.
    pub muted: Style,
    /// Bars and other shapes.
    pub accent: Style,
    /// Names of panels, current figures.
    pub strong: Style,
    /// A banner over a whole row.
    pub banner: Style,
    /// What shapes are made of.
    pub glyphs: &'static Glyphs,
}

impl Theme {
    /// Colour where `color` is set, ASCII where `unicode` is not.
    #[must_use]
    pub fn new(color: bool, unicode: bool) -> Self {
        let plain = Style::new();
        let tint = |c: Color| if color { plain.fg(c) } else { plain };
        Self {
            good: tint(Color::Green),
            bad: tint(Color::Red).add_modifier(Modifier::BOLD),
            warn: tint(Color::Yellow),
            muted: plain.add_modifier(Modifier::DIM),
            accent: tint(Color::Cyan),
            strong: plain.add_modifier(Modifier::BOLD),
            banner: plain.add_modifier(Modifier::REVERSED),
            glyphs: if unicode { &UNICODE } else { &ASCII },
        }
    }

    /// As the environment asks: `NO_COLOR`, and the locale in `LC_ALL`, `LC_CTYPE`, `LANG`.
    #[must_use]
    pub fn from_env() -> Self {
        let var = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(var);
        Self::new(var("NO_COLOR").is_none(), is_utf8(locale.as_deref()))
    }
}

/// Whether a locale can show more than ASCII. An unset one says nothing, and today's terminals can.
fn is_utf8(locale: Option<&str>) -> bool {
    locale.is_none_or(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8")
    })
}

/// What shapes are made of. Each is one cell wide, except `border`, which is a set of such.
#[derive(Debug, PartialEq)]
pub struct Glyphs {
    /// Ends a text that was cut.
    pub ellipsis: &'static str,
    /// Between facts on one line.
    pub dot: &'static str,
    /// Before a speed, after a number of times.
    pub times: &'static str,
    /// Instead of a value that is not there.
    pub none: &'static str,
    /// The rule after a panel's name.
    pub rule: &'static str,
    /// Around the help.
    pub border: border::Set<'static>,
    /// Eighths of a cell, from nothing to full, rising.
    pub levels: [&'static str; 9],
    /// The filled part of a horizontal bar.
    pub filled: &'static str,
    /// The rest of it.
    pub unfilled: &'static str,
    /// The value at which a breaker trips, on its bar.
    pub threshold: &'static str,
    /// The heavy part of an arrow's shaft.
    pub heavy: &'static str,
    /// The light part of it.
    pub light: &'static str,
    /// Its head.
    pub head: &'static str,
    /// A closed breaker.
    pub closed: &'static str,
    /// A half-open one.
    pub half: &'static str,
    /// Holds, is well.
    pub yes: &'static str,
    /// Broken.
    pub no: &'static str,
    /// Not known yet.
    pub wait: &'static str,
    /// A warning in the feed.
    pub warning: &'static str,
    /// Time stands still.
    pub pause: &'static str,
    /// Before the name of the current phase.
    pub current: &'static str,
    /// The first cell of a phase.
    pub phase: &'static str,
    /// Now, in the row of the phases.
    pub now: &'static str,
    /// Now, in the rows below.
    pub cursor: &'static str,
    /// A fault that is over.
    pub spent: &'static str,
    /// The part of an active fault that has passed.
    pub burning: &'static str,
    /// The part of an active fault that is left.
    pub left: &'static str,
    /// A fault that is still to come.
    pub planned: &'static str,
    /// A mark on an axis, to the left of its label.
    pub tick: &'static str,
    /// A mark that points up at a value.
    pub up: &'static str,
}

/// For UTF-8 terminals. No glyph here has an emoji form, which some terminals draw two cells wide.
pub static UNICODE: Glyphs = Glyphs {
    ellipsis: "…",
    dot: "·",
    times: "×",
    none: "–",
    rule: "─",
    border: border::ROUNDED,
    levels: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    filled: "█",
    unfilled: "░",
    threshold: "╎",
    heavy: "━",
    light: "─",
    head: "►",
    closed: "●",
    half: "◐",
    yes: "✓",
    no: "✗",
    wait: "…",
    warning: "!",
    pause: "‖",
    current: "▸",
    phase: "├",
    now: "▼",
    cursor: "┃",
    spent: "░",
    burning: "█",
    left: "▒",
    planned: "┄",
    tick: "╵",
    up: "▴",
};

/// For everything else.
pub static ASCII: Glyphs = Glyphs {
    ellipsis: "~",
    dot: "|",
    times: "x",
    none: "-",
    rule: "-",
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    levels: [" ", ".", ".", ":", ":", "i", "i", "I", "#"],
    filled: "#",
    unfilled: ".",
    threshold: ":",
    heavy: "=",
    light: "-",
    head: ">",
    closed: "o",
    half: "%",
    yes: "+",
    no: "X",
    wait: "?",
    warning: "!",
    pause: "=",
    current: ">",
    phase: "|",
    now: "V",
    cursor: "|",
    spent: ":",
    burning: "#",
    left: "=",
    planned: ".",
    tick: "'",
    up: "^",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_locale_that_says_it_is_not_utf8_gets_ascii() {
        assert!(is_utf8(None));
        assert!(is_utf8(Some("en_GB.UTF-8")) && is_utf8(Some("C.utf8")));
        assert!(!is_utf8(Some("C")) && !is_utf8(Some("de_DE.ISO-8859-1")));
    }

    #[test]
    fn without_colour_no_style_has_one() {
        let t = Theme::new(false, true);
        for style in [t.good, t.bad, t.warn, t.muted, t.accent, t.strong, t.banner] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }
}
