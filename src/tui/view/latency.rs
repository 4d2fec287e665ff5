//! How long answers took, from the moment the client wanted to ask.
//!
//! ```text
//!  Latency ──────────────── 796 answers ─
//!  p50  820ms      p95  2.31s
//!  p99 ~4.10s      max  12.3s
//!           ▂▅█▇▄▂▁
//!       ▁▂▄▇███████▅▃▂▁▁        ▁▂▁
//!      ╵200ms   ╵1s       ╵5s
//! ```
//!
//! Time is logarithmic, height linear; a bucket that was hit shows at least an eighth of a cell. `~` marks a percentile
//! with fewer than ten samples beyond it, which the verdict would call inconclusive. Tall panels point out the
//! percentiles under the bars.

use super::panel::{self, Row};
use crate::stats::snapshot::LatencyView;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Samples beyond a percentile without which it means little.
const ENOUGH: f64 = 10.0;
/// The widest bar in cells.
const WIDEST: usize = 4;

/// Draws the panel.
pub(super) fn draw(buf: &mut Buffer, area: Rect, model: &Model) {
    let theme = &model.theme;
    let view = &model.snapshot.latency;
    let note = if view.count == 0 { String::new() } else { format!("{} answers", text::count(view.count)) };
    let inner = panel::titled(buf, area, theme, "Latency", &note);
    if view.count == 0 {
        return panel::lines(buf, inner, [Row::new(theme).raw("no answers yet", theme.muted).line()]);
    }
    let mut rows = figures(view, theme, usize::from(inner.width));
    let room = usize::from(inner.height).saturating_sub(rows.len());
    let bars = Bars::new(view, usize::from(inner.width));
    let (marks, axis) = (room >= 6, room >= 2);
    if marks {
        rows.push(Line::default());
    }
    let height = room.saturating_sub(usize::from(axis) + 2 * usize::from(marks));
    rows.extend(bars.draw(height, theme));
    if marks {
        rows.push(bars.percentiles(view, theme));
    }
    if axis {
        rows.push(bars.axis(theme));
    }
    panel::lines(buf, inner, rows);
}

fn figures(view: &LatencyView, theme: &Theme, width: usize) -> Vec<Line<'static>> {
    let beyond = |share: f64| view.count as f64 * (1.0 - share);
    let figure = |name: &str, ms: f64, sure: bool| {
        let doubt = if sure || !ms.is_finite() { "" } else { "~" };
        (format!("{name} "), format!("{doubt}{}", text::latency(ms, theme.glyphs)))
    };
    let all = [
        figure("p50", view.p50, beyond(0.5) >= ENOUGH),
        figure("p95", view.p95, beyond(0.95) >= ENOUGH),
        figure("p99", view.p99, beyond(0.99) >= ENOUGH),
        figure("max", view.max, true),
    ];
    let per_row = if width >= 46 { 4 } else { 2 };
    all.chunks(per_row)
        .map(|chunk| {
            chunk
                .iter()
                .fold(Row::new(theme), |row, (name, value)| {
                    row.raw(name.clone(), theme.muted).left(value, (width / per_row).clamp(8, 14) - 4, theme.strong)
                })
                .line()
        })
        .collect()
}

/// Buckets laid out over cells.
struct Bars {
    /// `(upper bound, samples)` of each bar.
    bars: Vec<(f64, u64)>,
    /// Cells of a bar.
    wide: usize,
    /// Cells of the panel.
    width: usize,
}

impl Bars {
    fn new(view: &LatencyView, width: usize) -> Self {
        let merged = view.buckets.len().div_ceil(width.max(1)).max(1);
        let bars: Vec<(f64, u64)> = view
            .buckets
            .chunks(merged)
            .map(|c| (c[c.len() - 1].0, c.iter().fold(0, |sum: u64, b| sum.saturating_add(b.1))))
            .collect();
        let wide = (width / bars.len().max(1)).clamp(1, WIDEST);
        Self { bars, wide, width }
    }

    fn draw(&self, height: usize, theme: &Theme) -> Vec<Line<'static>> {
        let most = self.bars.iter().map(|b| b.1).max().unwrap_or(0).max(1);
        let eighths = |n: u64| (u128::from(n) * height as u128 * 8).div_ceil(u128::from(most)) as usize;
        (0..height)
            .rev()
            .map(|row| {
                let cells: String = self
                    .bars
                    .iter()
                    .map(|b| theme.glyphs.levels[eighths(b.1).saturating_sub(row * 8).min(8)].repeat(self.wide))
                    .collect();
                Line::styled(cells, theme.accent)
            })
            .collect()
    }

    /// The first cell of the bar that a value falls into.
    fn cell(&self, ms: f64) -> usize {
        self.bars.partition_point(|b| b.0 < ms).min(self.bars.len().saturating_sub(1)) * self.wide
    }

    fn percentiles(&self, view: &LatencyView, theme: &Theme) -> Line<'static> {
        let marks = [("p50", view.p50), ("p95", view.p95), ("p99", view.p99)];
        self.labelled(marks.into_iter().map(|(name, ms)| (self.cell(ms), format!("{}{name}", theme.glyphs.up))), theme)
    }

    fn axis(&self, theme: &Theme) -> Line<'static> {
        let (Some(first), Some(last)) = (self.bars.first(), self.bars.last()) else { return Line::default() };
        let decades = || (-1..=6).map(|e| libm::exp10(f64::from(e)));
        let within = |t: &f64| *t >= first.0 && *t <= last.0;
        let fine: Vec<f64> = decades().flat_map(|d| [d, 2.0 * d, 5.0 * d]).filter(within).collect();
        let round: Vec<f64> = decades().filter(within).collect();
        let ticks = if fine.len() * 8 <= self.bars.len() * self.wide || round.is_empty() { fine } else { round };
        self.labelled(
            ticks.into_iter().map(|t| (self.cell(t), format!("{}{}", theme.glyphs.tick, text::tick(t)))),
            theme,
        )
    }

    /// Labels at their cells; one that would touch its neighbour is left out.
    fn labelled(&self, labels: impl Iterator<Item = (usize, String)>, theme: &Theme) -> Line<'static> {
        let mut line = String::new();
        let mut used = 0;
        for (cell, label) in labels {
            let wide = text::width(&label);
            if cell >= used && cell + wide <= self.width {
                line.push_str(&" ".repeat(cell - used));
                line.push_str(&label);
                line.push(' ');
                used = cell + wide + 1;
            }
        }
        Line::styled(line, theme.muted)
    }
}
