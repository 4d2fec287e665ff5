//! When what was planned goes wrong, and what came of it, on one axis of time.
//!
//! ```text
//!  Faults ──────────────────────────────────────────────────────── 1 of 2 active ─
//!  phases          ├steady────├▸outage──▼───────────├recovery─────  25.8s left
//!  openai 503                 █████████┃▒▒▒▒▒▒▒▒▒▒▒                25.8s left
//!  anthropic 429                       ┃             ┄┄┄┄┄         in 30.0s
//!  failed/degraded            ▂▁      ▁┃                           peak 3/s
//!                  ╵00:00     ╵00:20                 ╵01:00
//! ```
//!
//! A fault's past is solid and its future hatched; one still to come is dotted, one that is over is pale, and the words
//! at the end say the same. A flapping fault shows its gaps where a cell is finer than they are. Arrivals and failures
//! share one scale, so their heights compare.

use super::panel::{self, Row};
use crate::event::Micros;
use crate::scenario::plan::{Plan, PlannedFault};
use crate::tui::model::Model;
use crate::tui::text;
use mock_providers::fault::Shape;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// Cells for the words at the end of a row.
const STATUS: usize = 11;
/// The row of what was not answered.
const UNANSWERED: &str = "failed/degraded";
/// Distances between marks on the axis, in seconds.
const STEPS: [u64; 14] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1800, 3600, 14_400];

/// Draws the panel.
pub(super) fn draw(buf: &mut Buffer, area: Rect, model: &Model) {
    let plan = &model.plan;
    let now = model.snapshot.now;
    let room = usize::from(area.height).saturating_sub(2);
    let shown = panel::most_important(plan.faults.len(), room, |i| match standing(&plan.faults[i], now) {
        Span::Active => 0,
        Span::Planned => 1,
        Span::Over => 2,
    });
    let active: Vec<&PlannedFault> = plan.faults.iter().filter(|f| standing(f, now) == Span::Active).collect();
    let note = match (plan.faults.len(), active.as_slice()) {
        (0, _) => "none planned".to_owned(),
        (_, [only]) if shown.is_empty() => format!("active: {}", label(plan, only)),
        (n, active) => panel::hidden(format!("{} of {n} active", active.len()), n - shown.len()),
    };
    let inner = panel::titled(buf, area, &model.theme, "Faults", &note);

    let axis = Axis::new(model, usize::from(inner.width));
    let spare = room - shown.len();
    let mut rows = vec![axis.phases()];
    rows.extend(shown.into_iter().map(|i| axis.fault(&plan.faults[i])));
    let peak = model.snapshot.per_second.iter().map(|&(all, bad)| all.max(bad)).max().unwrap_or(0);
    if spare >= 3 {
        rows.push(axis.levels("arrived", peak, model.theme.accent, |&(all, _)| all));
    }
    if spare >= 1 {
        rows.push(axis.levels(UNANSWERED, peak, model.theme.bad, |&(_, bad)| bad));
    }
    if spare >= 2 {
        rows.push(axis.marks());
    }
    panel::lines(buf, inner, rows);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    Over,
    Active,
    Planned,
}

fn standing(fault: &PlannedFault, now: Micros) -> Span {
    if now < Micros::from(fault.fault.from) {
        Span::Planned
    } else if now < Micros::from(fault.fault.until) {
        Span::Active
    } else {
        Span::Over
    }
}

fn label(plan: &Plan, fault: &PlannedFault) -> String {
    let on: Vec<&str> = fault.providers.iter().filter_map(|&i| plan.providers.get(i)).map(|p| &*p.name).collect();
    format!("{} {}", on.join("+"), fault.label)
}

/// Time laid out over the cells between the labels and the words at the end.
struct Axis<'a> {
    model: &'a Model,
    label: usize,
    cells: usize,
    end: u64,
    cursor: usize,
}

impl<'a> Axis<'a> {
    fn new(model: &'a Model, width: usize) -> Self {
        let longest = model.plan.faults.iter().map(|f| text::width(&label(&model.plan, f))).max().unwrap_or(0);
        let label = longest.clamp(UNANSWERED.len(), (width / 4).max(UNANSWERED.len() + 4));
        let cells = width.saturating_sub(label + STATUS + 3).max(1);
        let end = Micros::from(model.plan.end()).0.max(1);
        let mut axis = Self { model, label, cells, end, cursor: 0 };
        axis.cursor = axis.cell(model.snapshot.now);
        axis
    }

    /// The cell that a moment falls into.
    fn cell(&self, at: Micros) -> usize {
        let cell = u128::from(at.0) * self.cells as u128 / u128::from(self.end);
        (cell as usize).min(self.cells - 1)
    }

    /// The moment in the middle of a cell.
    fn middle(&self, cell: usize) -> Micros {
        Micros(((cell as u128 * 2 + 1) * u128::from(self.end) / (self.cells as u128 * 2)) as u64)
    }

    /// The cells of a span that ends before `until`.
    fn range(&self, from: Micros, until: Micros) -> std::ops::Range<usize> {
        let start = self.cell(from);
        let last = u128::from(until.0.min(self.end)) * self.cells as u128;
        let stop = last.div_ceil(u128::from(self.end)) as usize;
        start..stop.clamp(start + 1, self.cells.max(start + 1))
    }

    fn row(&self, label: &str, label_style: Style, cells: &[(&'static str, Style)], status: (&str, Style)) -> Line<'a> {
        let mut row = Row::new(&self.model.theme).left(label, self.label, label_style).gap(1);
        for run in cells.chunk_by(|a, b| a.1 == b.1) {
            row = row.raw(run.iter().map(|c| c.0).collect::<String>(), run[0].1);
        }
        row.gap(1).left(status.0, STATUS, status.1).line()
    }

    fn blank(&self) -> Vec<(&'static str, Style)> {
        vec![(" ", Style::new()); self.cells]
    }

    fn with_cursor(&self, mut cells: Vec<(&'static str, Style)>) -> Vec<(&'static str, Style)> {
        cells[self.cursor] = (self.model.theme.glyphs.cursor, self.model.theme.strong);
        cells
    }

    fn phases(&self) -> Line<'a> {
        let theme = &self.model.theme;
        let g = theme.glyphs;
        let mut row = Row::new(theme).left("phases", self.label, theme.muted).gap(1);
        let mut drawn = 0;
        let mut status = String::new();
        for (i, phase) in self.model.plan.phases.iter().enumerate() {
            let is_current = self.model.snapshot.phase == Some(i);
            let cells = self.range(phase.from.into(), phase.until.into());
            let stop = self.model.plan.phases.get(i + 1).map_or(self.cells, |next| self.cell(next.from.into()));
            let room = stop.saturating_sub(drawn.max(cells.start));
            if room == 0 {
                continue;
            }
            drawn = stop;
            let style = if is_current { theme.strong } else { theme.muted };
            let name = match (is_current, room) {
                (true, 3..) => text::cut(&format!("{}{}", g.current, phase.name), room - 1, g),
                (_, 4..) => text::cut(&phase.name, room - 1, g),
                _ => String::new(),
            };
            let mut band = format!("{}{name}", g.phase);
            let used = 1 + text::width(&name);
            let start = stop - room;
            for cell in start + used..stop {
                band.push_str(if cell == self.cursor { g.now } else { g.light });
            }
            row = row.raw(band, style);
            if is_current {
                let left = Micros::from(phase.until).since(self.model.snapshot.now);
                status = format!("{} left", text::wait(left));
            }
        }
        row.gap(self.cells - drawn + 1).left(&status, STATUS, Style::new()).line()
    }

    fn fault(&self, fault: &PlannedFault) -> Line<'a> {
        let theme = &self.model.theme;
        let g = theme.glyphs;
        let now = self.model.snapshot.now;
        let (from, until) = (Micros::from(fault.fault.from), Micros::from(fault.fault.until));
        let standing = standing(fault, now);
        let (style, status) = match standing {
            Span::Over => (theme.muted, "over".to_owned()),
            Span::Active => (theme.bad, format!("{} left", text::wait(until.since(now)))),
            Span::Planned => (theme.muted, format!("in {}", text::wait(from.since(now)))),
        };
        let mut cells = self.blank();
        for cell in self.range(from, until) {
            if self.is_on(&fault.fault.shape, from, cell) {
                let glyph = match standing {
                    Span::Over => g.spent,
                    Span::Active if cell <= self.cursor => g.burning,
                    Span::Active => g.left,
                    Span::Planned => g.planned,
                };
                cells[cell] = (glyph, style);
            }
        }
        let label_style = if standing == Span::Active { Style::new() } else { theme.muted };
        self.row(&label(&self.model.plan, fault), label_style, &self.with_cursor(cells), (&status, style))
    }

    fn is_on(&self, shape: &Shape, from: Micros, cell: usize) -> bool {
        let Shape::Flap { up, down } = *shape else { return true };
        let (up, down) = (Micros::from(up).0, Micros::from(down).0);
        let too_fine = self.end / self.cells as u64 > up.min(down) || up + down == 0;
        too_fine || self.middle(cell).since(from).0 % (up + down) < down
    }

    /// A figure a second, as heights; `peak` is the full height.
    fn levels(&self, label: &str, peak: u32, style: Style, of: impl Fn(&(u32, u32)) -> u32) -> Line<'a> {
        let theme = &self.model.theme;
        let seconds = &self.model.snapshot.per_second;
        let mut cells = self.blank();
        for (i, cell) in cells.iter_mut().enumerate() {
            let span = |c: usize| c as u128 * u128::from(self.end) / (self.cells as u128 * 1_000_000);
            let (first, last) = (span(i) as usize, span(i + 1) as usize);
            let highest = seconds.iter().take(last.max(first + 1)).skip(first).map(&of).max().unwrap_or(0);
            let level = (u64::from(highest) * 8).div_ceil(u64::from(peak.max(1)));
            *cell = (theme.glyphs.levels[(level as usize).min(8)], style);
        }
        let highest = seconds.iter().map(&of).max().unwrap_or(0);
        let status = if highest == 0 { "none".to_owned() } else { format!("peak {}/s", text::count(highest.into())) };
        self.row(label, theme.muted, &self.with_cursor(cells), (&status, theme.muted))
    }

    fn marks(&self) -> Line<'a> {
        let theme = &self.model.theme;
        let seconds = (self.end / 1_000_000).max(1);
        let apart = |step: u64| self.cells as u64 * step / seconds;
        let step = STEPS.into_iter().find(|&s| apart(s) >= 10).unwrap_or(seconds);
        let mut marks = String::new();
        let mut used = 0;
        for at in (0..=seconds).step_by(step as usize) {
            let at = Micros(at * 1_000_000);
            let (cell, mark) = (self.cell(at), format!("{}{}", theme.glyphs.tick, text::clock_short(at)));
            if cell >= used && cell + text::width(&mark) <= self.cells {
                marks.push_str(&" ".repeat(cell - used));
                used = cell + text::width(&mark);
                marks.push_str(&mark);
            }
        }
        Row::new(theme).gap(self.label + 1).raw(marks, theme.muted).line()
    }
}
