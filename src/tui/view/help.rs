//! The help over everything: the keys, from the table of `input.rs`, and what the symbols mean.
//!
//! ```text
//! ╭ Help ──────────────────────────────────────────────────────╮
//! │ q  Ctrl-C     end the drill and leave                      │
//! │ …                                                          │
//! │ ● closed: traffic flows   ✗ OPEN: skipped   ◐ half-open: … │
//! ╰────────────────────────────────────────── Esc closes this ─╯
//! ```
//!
//! Small screens drop the symbols, never a key.

use super::panel;
use crate::tui::input::BINDINGS;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

/// Cells for the names of keys.
const KEYS: usize = 14;

/// Draws the help in the middle of `screen`.
pub(super) fn draw(buf: &mut Buffer, screen: Rect, model: &Model) {
    let theme = &model.theme;
    let keys: Vec<Line<'_>> = BINDINGS
        .iter()
        .map(|b| Line::from(vec![Span::styled(text::left(b.label, KEYS, theme.glyphs), theme.strong), b.words.into()]))
        .collect();
    let legend = legend(theme);
    let both = keys.len() + 1 + legend.len();
    let content: Vec<Line<'_>> = if both + 2 <= usize::from(screen.height) {
        keys.into_iter().chain([Line::default()]).chain(legend).collect()
    } else {
        keys
    };
    let width = content.iter().map(Line::width).max().unwrap_or(0) as u16 + 4;
    let height = content.len() as u16 + 2;
    let area = Rect {
        x: screen.x + screen.width.saturating_sub(width) / 2,
        y: screen.y + screen.height.saturating_sub(height) / 2,
        width,
        height,
    }
    .intersection(screen);
    Clear.render(area, buf);
    let block = Block::bordered()
        .border_set(theme.glyphs.border)
        .border_style(theme.muted)
        .title(Span::styled(" Help ", theme.strong))
        .title_bottom(Line::styled(" Esc closes this ", theme.muted).right_aligned());
    let inner = block.inner(area);
    block.render(area, buf);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    panel::lines(buf, inner, content);
}

fn legend(theme: &Theme) -> Vec<Line<'static>> {
    let g = theme.glyphs;
    [
        ("breakers", format!("{} closed  {} OPEN: skipped  {} half-open: probing", g.closed, g.no, g.half)),
        (
            "faults",
            format!("{0}{0} so far  {1}{1} left  {2}{2} planned  {3}{3} over", g.burning, g.left, g.planned, g.spent),
        ),
        ("events", format!("{} broke  {} moved  {} recovered  {} other", g.no, g.warning, g.yes, g.dot)),
        ("latency", "~ fewer than 10 samples beyond it".to_owned()),
    ]
    .into_iter()
    .map(|(what, words)| Line::from(vec![Span::styled(text::left(what, KEYS, g), theme.muted), words.into()]))
    .collect()
}
