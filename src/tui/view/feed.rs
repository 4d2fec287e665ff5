//! What happened, newest at the bottom.
//!
//! ```text
//!  Events ─────────────────────────── 4 newer below ─
//!  00:22.4 ! openai/gpt-4o → anthropic/claude: overloaded
//!  00:24.1 ✗ openai/gpt-4o breaker opened: 60% of 10 calls failed
//!  00:24.1 · …
//! ```
//!
//! The symbols are those of the other panels: ✗ broke, ! fell back or was degraded, ✓ recovered, · worth knowing. The
//! title says when newer lines are out of sight.

use super::panel::{self, Row};
use crate::stats::snapshot::{FeedLine, Level};
use crate::tui::model::Model;
use crate::tui::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// Draws the panel.
pub(super) fn draw(buf: &mut Buffer, area: Rect, model: &Model) {
    let theme = &model.theme;
    let feed = &model.snapshot.feed;
    let room = usize::from(area.height).saturating_sub(1);
    let end = feed.len().saturating_sub(model.feed_scroll).max(room.min(feed.len()));
    let note = match feed.len() - end {
        0 => String::new(),
        below => format!("{below} newer below"),
    };
    let inner = panel::titled(buf, area, theme, "Events", &note);
    if feed.is_empty() {
        return panel::lines(buf, inner, [Row::new(theme).raw("nothing yet", theme.muted).line()]);
    }
    let width = usize::from(inner.width);
    panel::lines(buf, inner, feed[end.saturating_sub(room)..end].iter().map(|line| row(line, model, width)));
}

fn row(line: &FeedLine, model: &Model, width: usize) -> Line<'static> {
    let theme = &model.theme;
    let g = theme.glyphs;
    let (glyph, style) = match line.level {
        Level::Info => (g.dot, theme.muted),
        Level::Good => (g.yes, theme.good),
        Level::Warning => (g.warning, theme.warn),
        Level::Bad => (g.no, theme.bad),
    };
    let clock = text::clock(line.at);
    let room = width.saturating_sub(text::width(&clock) + 3);
    Row::new(theme).raw(clock, theme.muted).gap(1).raw(glyph, style).gap(1).left(&line.text, room, Style::new()).line()
}
