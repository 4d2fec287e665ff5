//! Who, when and how much: two rows on top.
//!
//! ```text
//!  primary-outage   phase 2/3 outage                    00:34.2 of 02:00.0   ×1
//!  seed 42 · virtual           812 arrived · 14 in flight · 96.20% answered
//! ```
//!
//! The share is of the requests that are over and were not rightly surfaced to the client. Where not all figures fit,
//! the share stays longest.

use super::panel::{self, Row};
use crate::engine::World;
use crate::event::{Micros, Outcome};
use crate::stats::snapshot::Snapshot;
use crate::tui::model::Model;
use crate::tui::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// Draws the header.
pub(super) fn draw(buf: &mut Buffer, area: Rect, model: &Model) {
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    panel::lines(buf, inner, [first(model, usize::from(inner.width)), second(model, usize::from(inner.width))]);
}

fn first(model: &Model, width: usize) -> Line<'static> {
    let theme = &model.theme;
    let end = Micros::from(model.plan.end());
    let clock = format!("{} of {}", text::clock(model.snapshot.now), text::clock(end));
    let (pace, style) = pace(model);
    let right = text::width(&clock) + 3 + text::width(&pace);
    let left = width.saturating_sub(right + 2);
    let name = text::cut(&model.plan.name, (left / 2).max(left.saturating_sub(22)), theme.glyphs);
    let phase_room = left.saturating_sub(text::width(&name) + 3);
    Row::new(theme)
        .raw(name, theme.strong)
        .gap(3)
        .left(&phase(model), phase_room, Style::new())
        .gap(2)
        .raw(clock, Style::new())
        .gap(3)
        .raw(pace, style)
        .line()
}

fn phase(model: &Model) -> String {
    let phases = &model.plan.phases;
    match model.snapshot.phase.and_then(|i| Some((i, phases.get(i)?))) {
        Some((i, phase)) => format!("phase {}/{} {}", i + 1, phases.len(), phase.name),
        None if model.finished() => "all phases over".to_owned(),
        None if model.snapshot.now >= Micros::from(model.plan.end()) => "draining: load is over".to_owned(),
        None => "about to start".to_owned(),
    }
}

fn pace(model: &Model) -> (String, Style) {
    let theme = &model.theme;
    if model.finished() {
        ("FINISHED".to_owned(), theme.strong)
    } else if model.paused {
        (format!("{} PAUSED", theme.glyphs.pause), theme.warn.patch(theme.strong))
    } else if model.world == World::Real {
        ("real time".to_owned(), theme.strong)
    } else {
        (text::speed(model.speed, theme.glyphs), theme.strong)
    }
}

fn second(model: &Model, width: usize) -> Line<'static> {
    let theme = &model.theme;
    let dot = format!(" {} ", theme.glyphs.dot);
    let run = format!("seed {}{dot}{}", model.seed, model.world.as_str());
    let mut room = width.saturating_sub(text::width(&run) + 2);
    let facts = facts(&model.snapshot, model);
    let mut by_rank: Vec<usize> = (0..facts.len()).collect();
    by_rank.sort_by_key(|&i| facts[i].0);
    let mut kept = vec![false; facts.len()];
    for i in by_rank {
        let cells = text::width(&facts[i].1) + 3;
        if cells > room + 3 {
            break;
        }
        room = room.saturating_sub(cells);
        kept[i] = true;
    }
    let kept: Vec<&(u8, String, Style)> = facts.iter().zip(kept).filter(|(_, k)| *k).map(|(f, _)| f).collect();
    let used: usize = kept.iter().map(|f| text::width(&f.1)).sum::<usize>() + kept.len().saturating_sub(1) * 3;
    let mut row = Row::new(theme).left(&run, width.saturating_sub(used), theme.muted);
    for (i, (_, words, style)) in kept.into_iter().enumerate() {
        if i > 0 {
            row = row.raw(dot.clone(), theme.muted);
        }
        row = row.raw(words.clone(), *style);
    }
    row.line()
}

/// Figures in the order of the screen, each with its rank: the lowest stays longest.
fn facts(s: &Snapshot, model: &Model) -> Vec<(u8, String, Style)> {
    let theme = &model.theme;
    let of = |outcome| s.outcomes.get(&outcome).copied().unwrap_or(0);
    let answered = of(Outcome::Answered) + of(Outcome::Cached);
    let (degraded, failed) = (of(Outcome::Degraded), of(Outcome::Failed));
    let share = match text::fine_percent(answered, answered + degraded + failed) {
        Some(share) => format!("{share} answered"),
        None => "none answered yet".to_owned(),
    };
    let mut facts = vec![
        (1, format!("{} arrived", text::count(s.arrived)), Style::new()),
        (2, format!("{} in flight", text::count(s.in_flight)), Style::new()),
        (0, share, theme.strong),
    ];
    if degraded > 0 {
        facts.push((4, format!("{} degraded", text::count(degraded)), theme.warn));
    }
    if failed > 0 {
        facts.push((3, format!("{} failed", text::count(failed)), theme.bad));
    }
    facts
}
