//! What panels share: the title rule, rows of fixed columns, and the choice of rows where not all fit.
//!
//! ```text
//!  Name ───────────────────── note ─
//!  content, below the name
//! ```

use crate::tui::text;
use crate::tui::theme::{Glyphs, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Draws a panel's title, with a note at its right end, and gives the room for its content.
pub(super) fn titled(buf: &mut Buffer, area: Rect, theme: &Theme, name: &str, note: &str) -> Rect {
    let width = usize::from(area.width);
    let g = theme.glyphs;
    let name = text::cut(name, width.saturating_sub(2), g);
    let room = width.saturating_sub(text::width(&name) + 6);
    let note = if room < 6 { String::new() } else { text::cut(note, room, g) };
    let after = if note.is_empty() { 0 } else { text::width(&note) + 3 };
    let rule = width.saturating_sub(text::width(&name) + 2 + after);
    let mut spans = vec![Span::raw(" "), Span::styled(name, theme.strong), Span::raw(" ")];
    spans.push(Span::styled(g.rule.repeat(rule), theme.muted));
    if !note.is_empty() {
        spans.push(Span::styled(format!(" {note} "), theme.muted));
        spans.push(Span::styled(g.rule, theme.muted));
    }
    lines(buf, area, [Line::from(spans)]);
    Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(1), height: area.height.saturating_sub(1) }
        .intersection(area)
}

/// Writes a word into a title rule, above the column it names.
pub(super) fn caption(buf: &mut Buffer, area: Rect, offset: usize, word: &str, theme: &Theme) {
    let width = usize::from(area.width);
    if !word.is_empty() && offset + text::width(word) < width {
        let x = area.x + offset as u16;
        buf.set_string(x.saturating_sub(1).max(area.x), area.y, format!(" {word} "), theme.muted);
    }
}

/// Draws lines from the top of a rectangle; what is below or beyond it is left out.
pub(super) fn lines<'a>(buf: &mut Buffer, area: Rect, lines: impl IntoIterator<Item = Line<'a>>) {
    for (row, line) in area.intersection(buf.area).rows().zip(lines) {
        buf.set_line(row.x, row.y, &line, row.width);
    }
}

/// A row under construction: cells of exact widths.
#[derive(Debug)]
pub(super) struct Row {
    line: Line<'static>,
    glyphs: &'static Glyphs,
}

impl Row {
    pub(super) fn new(theme: &Theme) -> Self {
        Self { line: Line::default(), glyphs: theme.glyphs }
    }

    /// Text as it is.
    pub(super) fn raw(mut self, text: impl Into<String>, style: Style) -> Self {
        self.line.push_span(Span::styled(text.into(), style));
        self
    }

    /// Text in exactly `cells`, to the left.
    pub(super) fn left(self, text: &str, cells: usize, style: Style) -> Self {
        let fitted = text::left(text, cells, self.glyphs);
        self.raw(fitted, style)
    }

    /// Text in exactly `cells`, to the right.
    pub(super) fn right(self, text: &str, cells: usize, style: Style) -> Self {
        let fitted = text::right(text, cells, self.glyphs);
        self.raw(fitted, style)
    }

    pub(super) fn gap(self, cells: usize) -> Self {
        self.raw(" ".repeat(cells), Style::new())
    }

    pub(super) fn line(self) -> Line<'static> {
        self.line
    }
}

/// The `room` rows of lowest rank, in their own order. Of equals the earlier ones stay.
pub(super) fn most_important<K: Ord>(rows: usize, room: usize, rank: impl Fn(usize) -> K) -> Vec<usize> {
    let mut all: Vec<usize> = (0..rows).collect();
    if rows > room {
        all.sort_by_key(|&i| rank(i));
        all.truncate(room);
        all.sort_unstable();
    }
    all
}

/// `note`, and how many rows did not fit.
pub(super) fn hidden(note: String, hidden: usize) -> String {
    match (hidden, note.is_empty()) {
        (0, _) => note,
        (n, true) => format!("{n} hidden"),
        (n, false) => format!("{note}, {n} hidden"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_stays_and_keeps_its_place() {
        let rank = [2, 0, 2, 1, 0];
        assert_eq!(most_important(5, 3, |i| rank[i]), [1, 3, 4]);
        assert_eq!(most_important(5, 4, |i| rank[i]), [0, 1, 3, 4]);
        assert_eq!(most_important(5, 9, |i| rank[i]), [0, 1, 2, 3, 4]);
        assert_eq!(most_important(5, 0, |i| rank[i]), [0_usize; 0]);
    }
}
