//! The last row: the keys, or what there is to say instead.
//!
//! ```text
//!  q quit   ? help   space pause   . step   + faster   - slower   f flat out
//!  ✗ FAIL: 1 of 4 SLOs violated                                   q quit   ? help
//! ```
//!
//! A verdict fills the row until the end. A notice (why a key did nothing) takes the place of the keys until the next
//! key. Keys that do not fit are left out; the help has them all.

use super::panel::{self, Row};
use crate::engine::World;
use crate::stats::snapshot::Standing;
use crate::tui::input::{BINDINGS, Binding};
use crate::tui::model::{Action, Model};
use crate::tui::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the footer.
pub(super) fn draw(buf: &mut Buffer, area: Rect, model: &Model) {
    let theme = &model.theme;
    let width = usize::from(area.width);
    if let Some(verdict) = &model.verdict {
        let (glyph, style) = match model.standing() {
            Standing::Violated => (theme.glyphs.no, theme.bad.patch(theme.banner)),
            Standing::Pending => (theme.glyphs.wait, theme.warn.patch(theme.banner)),
            Standing::Holding => (theme.glyphs.yes, theme.good.patch(theme.banner)),
        };
        let keys = "q quit   ? help ";
        let row = Row::new(theme)
            .left(&format!(" {glyph} {verdict}"), width.saturating_sub(keys.len() + 2), style)
            .raw("  ", style)
            .raw(keys, style)
            .line();
        return panel::lines(buf, area, [row]);
    }
    if let Some(notice) = model.notice {
        let row = Row::new(theme).raw(format!(" {} {notice}", theme.glyphs.warning), theme.warn).line();
        return panel::lines(buf, area, [row]);
    }
    let mut row = Row::new(theme).gap(1);
    let mut room = width.saturating_sub(1);
    for (key, word) in BINDINGS.iter().filter_map(|b| words(b, model)) {
        let cells = text::width(key) + text::width(word) + 1;
        if cells > room {
            break;
        }
        room = room.saturating_sub(cells + 3);
        row = row.raw(key, theme.strong).gap(1).raw(word, theme.muted).raw("   ", Style::new());
    }
    panel::lines(buf, area, [row.line()]);
}

fn words(binding: &Binding, model: &Model) -> Option<(&'static str, &'static str)> {
    let (key, word) = binding.footer?;
    match binding.action {
        action if action.is_about_time() && (model.world == World::Real || model.finished()) => None,
        Action::Pause if model.paused => Some((key, "resume")),
        Action::Step if !model.paused => None,
        _ => Some((key, word)),
    }
}
