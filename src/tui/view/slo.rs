//! What the drill is judged by, and where each assertion stands.
//!
//! ```text
//!  SLOs ───────────────── 2 hold, 1 broken ─
//!  ✓ holds   availability >= 99.9%    99.98%
//!  ✗ BROKEN  p95(latency) < 4s         4.31s
//!  … waits   opens_within(openai) <…       –
//! ```
//!
//! Narrow panels leave the words to the title. Where rows do not fit, broken assertions stay.

use super::panel::{self, Row};
use crate::stats::snapshot::{SloView, Standing};
use crate::tui::model::Model;
use crate::tui::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// The width from which each row has its word.
const WORDY: usize = 44;

/// Draws the panel.
pub(super) fn draw(buf: &mut Buffer, area: Rect, model: &Model) {
    let theme = &model.theme;
    let slos = &model.snapshot.slos;
    let room = usize::from(area.height).saturating_sub(1);
    let shown = panel::most_important(slos.len(), room, |i| match slos[i].standing {
        Standing::Violated => 0,
        Standing::Pending => 1,
        Standing::Holding => 2,
    });
    let note = panel::hidden(note(slos), slos.len() - shown.len());
    let inner = panel::titled(buf, area, theme, "SLOs", &note);
    if slos.is_empty() {
        return panel::lines(buf, inner, [Row::new(theme).raw("none judged yet", theme.muted).line()]);
    }
    let value = shown.iter().filter_map(|&i| slos[i].value.as_deref()).map(text::width).max().unwrap_or(1).min(10);
    let width = usize::from(inner.width);
    panel::lines(buf, inner, shown.into_iter().map(|i| row(&slos[i], model, width, value)));
}

fn note(slos: &[SloView]) -> String {
    let of = |standing| slos.iter().filter(|s| s.standing == standing).count();
    let parts = [(of(Standing::Violated), "broken"), (of(Standing::Holding), "hold"), (of(Standing::Pending), "wait")];
    let said: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    said.join(", ")
}

fn row(slo: &SloView, model: &Model, width: usize, value: usize) -> Line<'static> {
    let theme = &model.theme;
    let g = theme.glyphs;
    let (glyph, word, style) = match slo.standing {
        Standing::Holding => (g.yes, "holds", theme.good),
        Standing::Violated => (g.no, "BROKEN", theme.bad),
        Standing::Pending => (g.wait, "waits", theme.muted),
    };
    let row = Row::new(theme).raw(glyph, style).gap(1);
    let row = if width >= WORDY { row.left(word, 8, style) } else { row };
    let used = if width >= WORDY { 10 } else { 2 };
    let figure = slo.value.as_deref().unwrap_or(g.none);
    let figure_style = if slo.standing == Standing::Holding { Style::new() } else { style };
    row.left(&slo.text, width.saturating_sub(used + value + 1), Style::new())
        .gap(1)
        .right(figure, value, figure_style)
        .line()
}
