//! Where the panels go. One skeleton at every size, so that nobody has to learn two screens:
//!
//! ```text
//!  header                                    2 rows
//!  Faults ──────────────────────────────
//!  Breakers ────────────────────────────
//!  Hop flow ────────────── Latency ─────
//!  Events ──────────────── SLOs ────────
//!  footer                                    1 row
//! ```
//!
//! Rules: every panel is there from 60×15 up; below that a message says what is needed. Rows are dealt out in the order
//! of [`deal`]'s table: first what every panel cannot do without, then what an incident turns on, then comfort.

use super::panel;
use crate::tui::model::Model;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// The least width in cells.
pub const MIN_WIDTH: u16 = 60;
/// The least height in rows.
pub const MIN_HEIGHT: u16 = 15;

/// A rectangle for each panel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panels {
    pub(super) header: Rect,
    pub(super) faults: Rect,
    pub(super) breakers: Rect,
    pub(super) flow: Rect,
    pub(super) latency: Rect,
    pub(super) events: Rect,
    pub(super) slos: Rect,
    pub(super) footer: Rect,
}

/// The panels of a screen, or `None` if it is too small for them.
pub(super) fn panels(area: Rect, model: &Model) -> Option<Panels> {
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        return None;
    }
    let [faults, breakers, middle, bottom] = deal(area.height - 3, &Needs::of(model));
    let right = (area.width * 2 / 5).clamp(24, 76);
    let left = area.width - right;
    let mut y = area.y;
    let mut band = |height: u16| {
        let rect = Rect { y, height, ..area };
        y += height;
        rect
    };
    let split = |row: Rect| (Rect { width: left - 1, ..row }, Rect { x: row.x + left, width: right, ..row });
    let header = band(2);
    let (faults, breakers) = (band(faults), band(breakers));
    let ((flow, latency), (events, slos)) = (split(band(middle)), split(band(bottom)));
    Some(Panels { header, faults, breakers, flow, latency, events, slos, footer: band(1) })
}

/// How many rows the content of a drill would fill.
struct Needs {
    faults: u16,
    targets: u16,
    flows: u16,
    slos: u16,
}

impl Needs {
    fn of(model: &Model) -> Self {
        let rows = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).min(500);
        Self {
            faults: rows(model.plan.faults.len()),
            targets: rows(model.plan.router.targets.len().max(model.snapshot.targets.len())),
            flows: rows(model.snapshot.flows.len()),
            slos: rows(model.plan.slos.len().max(model.snapshot.slos.len())),
        }
    }
}

/// Deals `rows` to faults, breakers, the middle band and the bottom band.
fn deal(rows: u16, needs: &Needs) -> [u16; 4] {
    let Needs { faults, targets, flows, slos } = *needs;
    const FAULTS: usize = 0;
    const BREAKERS: usize = 1;
    const MIDDLE: usize = 2;
    const BOTTOM: usize = 3;
    // A title is a row; the faults also have the row of the phases, then failures, an axis and arrivals.
    let wishes = [
        (FAULTS, 2),
        (BREAKERS, 1 + targets.clamp(1, 2)),
        (MIDDLE, 4),
        (BOTTOM, 3),
        (FAULTS, 2 + faults.min(1)),
        (BREAKERS, 1 + targets.min(3)),
        (MIDDLE, 6),
        (BOTTOM, 5),
        (FAULTS, 2 + faults.min(2)),
        (BREAKERS, 1 + targets.min(5)),
        (MIDDLE, 7),
        (BOTTOM, 6),
        (MIDDLE, 8),
        (FAULTS, 3 + faults.min(4)),
        (BREAKERS, 1 + targets.min(8)),
        (BOTTOM, 1 + slos.clamp(5, 8)),
        (FAULTS, 5 + faults.min(12)),
        (MIDDLE, (3 + flows).clamp(9, 18)),
        (BREAKERS, 1 + targets.min(20)),
        (BOTTOM, 1 + slos.clamp(8, 30)),
    ];
    let mut dealt = [0; 4];
    let mut left = rows;
    for (panel, wish) in wishes {
        let more = wish.saturating_sub(dealt[panel]).min(left);
        dealt[panel] += more;
        left -= more;
    }
    let comfort = (left / 3).min(6);
    dealt[MIDDLE] += comfort;
    dealt[BOTTOM] += left - comfort;
    dealt
}

/// Says what is needed, in as much as fits.
pub(super) fn too_small(buf: &mut Buffer, area: Rect, theme: &Theme) {
    let (what, need) = ("terminal too small:", format!("need {MIN_WIDTH}x{MIN_HEIGHT}"));
    let have = format!("have {}x{}", area.width, area.height);
    let one = format!("{what} {need}");
    let said: Vec<String> =
        if one.len() <= usize::from(area.width) { vec![one, have] } else { vec![what.to_owned(), need, have] };
    let below = area.height.saturating_sub(said.len() as u16) / 2;
    let room = Rect { y: area.y + below, height: area.height - below, ..area };
    let centred = said.into_iter().map(|s| {
        let pad = usize::from(area.width).saturating_sub(s.len()) / 2;
        Line::styled(format!("{}{s}", " ".repeat(pad)), theme.strong)
    });
    panel::lines(buf, room, centred);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_are_dealt_and_every_panel_has_content() {
        for rows in 12..200 {
            for n in [0, 1, 3, 7, 40] {
                let dealt = deal(rows, &Needs { faults: n, targets: n, flows: n * 3, slos: n });
                assert_eq!(dealt.iter().sum::<u16>(), rows);
                assert!(dealt.iter().zip([2, 2, 4, 3]).all(|(got, least)| *got >= least), "{rows} rows: {dealt:?}");
            }
        }
    }
}
