//! What the router thinks of each target.
//!
//! ```text
//!  Breakers ───────────────── failed in window ───── in flight ─ 1 open ─
//!  ✗ OPEN      openai         ██████╎█░  73% of 41           0  probe in 2.4s
//!  ● closed    anthropic      ░░░░░░╎░░   0% of 112         14
//!  ◐ half-open google         ███░░░╎░░  33% of 3            3  probing
//! ```
//!
//! The mark on a bar is where that breaker trips. Wider screens add how long the state has lasted, what was served, how
//! often it opened, the latency of good calls and what goes wrong most. The words at the end are what happens next.

use super::names::Naming;
use super::panel::{self, Row};
use crate::event::{BreakerState, Class, Micros};
use crate::router::config;
use crate::stats::snapshot::TargetView;
use crate::tui::model::Model;
use crate::tui::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// What a column shows of a target.
type Show = fn(&Cell<'_>) -> (String, Style);

struct Column {
    caption: &'static str,
    cells: usize,
    right: bool,
    show: Show,
}

/// Columns that are added while there is room, in this order.
const EXTRA: [(usize, Column); 6] = [
    (0, Column { caption: "for", cells: 6, right: true, show: lasted }),
    (2, Column { caption: "opened", cells: 6, right: true, show: opened }),
    (2, Column { caption: "served", cells: 9, right: true, show: served }),
    (2, Column { caption: "p50", cells: 6, right: true, show: |c| quantile(c, c.target.latency.p50) }),
    (2, Column { caption: "p95", cells: 6, right: true, show: |c| quantile(c, c.target.latency.p95) }),
    (3, Column { caption: "what fails most", cells: 20, right: false, show: fails_most }),
];

/// Cells that the words at the end need.
const NEXT: usize = 15;

struct Cell<'a> {
    target: &'a TargetView,
    config: Option<&'a config::Target>,
    model: &'a Model,
    room: usize,
}

/// Draws the panel.
pub(super) fn draw(buf: &mut Buffer, area: Rect, model: &Model) {
    let theme = &model.theme;
    let targets = &model.snapshot.targets;
    let shown = panel::most_important(targets.len(), usize::from(area.height).saturating_sub(1), |i| {
        match targets[i].breaker {
            BreakerState::Open => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Closed => 2,
        }
    });
    let note = panel::hidden(note(targets), targets.len() - shown.len());
    let inner = panel::titled(buf, area, theme, "Breakers", &note);
    if targets.is_empty() {
        return panel::lines(buf, inner, [Row::new(theme).raw("no calls yet", theme.muted).line()]);
    }

    let width = usize::from(inner.width);
    let bar = if width < 72 { 0 } else { (width / 10).min(14) };
    let (rate_caption, in_flight) = if bar > 0 { ("failed in window", "in flight") } else { ("failed", "active") };
    let fixed = 12 + 1 + bar + usize::from(bar > 0) + 12 + 1 + in_flight.len() + 2;
    let naming = Naming::within(model, width.saturating_sub(fixed + NEXT));
    let name = naming.longest(model).clamp(6, width.saturating_sub(fixed + NEXT).max(6));
    let mut spare = width.saturating_sub(fixed + name + NEXT);
    let extras: Vec<&(usize, Column)> = EXTRA
        .iter()
        .take_while(|(_, c)| {
            let fits = spare >= c.cells + 2;
            spare = spare.saturating_sub(c.cells + 2);
            fits
        })
        .collect();

    let mut offset = 1 + 12 + name + 1;
    let mut captions = vec![(offset, rate_caption)];
    offset += bar + usize::from(bar > 0) + 12 + 1;
    captions.push((offset, in_flight));
    offset += in_flight.len();
    for (_, column) in &extras {
        offset += 2;
        let indent = if column.right { column.cells - column.caption.len() } else { 0 };
        captions.push((offset + indent, column.caption));
        offset += column.cells;
    }
    let note_from = usize::from(area.width).saturating_sub(text::width(&note) + 3);
    for (at, word) in captions {
        if at + word.len() < note_from {
            panel::caption(buf, area, at, word, theme);
        }
    }

    let room = width.saturating_sub(offset + 1);
    let rows = shown.into_iter().map(|i| {
        let target = &targets[i];
        let config = model.plan.router.targets.iter().find(|c| c.name == target.name);
        let cell = Cell { target, config, model, room };
        let (state, style) = state(&cell);
        let (rate, rate_style) = rate(&cell, bar);
        let mut row = Row::new(theme)
            .left(&state, 11, style)
            .gap(1)
            .left(naming.of(&target.name), name, Style::new())
            .gap(1)
            .raw(rate, rate_style)
            .gap(1)
            .right(&text::compact(target.in_flight.into()), in_flight.len(), Style::new());
        for (_, column) in &extras {
            let (words, style) = (column.show)(&cell);
            row = row.gap(2);
            row = if column.right {
                row.right(&words, column.cells, style)
            } else {
                row.left(&words, column.cells, style)
            };
        }
        let (words, style) = next(&cell);
        row.gap(2).left(&words, room, style).line()
    });
    panel::lines(buf, inner, rows);
}

fn note(targets: &[TargetView]) -> String {
    let of = |state| targets.iter().filter(|t| t.breaker == state).count();
    match (of(BreakerState::Open), of(BreakerState::HalfOpen)) {
        (0, 0) if targets.is_empty() => String::new(),
        (0, 0) => "all closed".to_owned(),
        (open, 0) => format!("{open} open"),
        (0, half) => format!("{half} half-open"),
        (open, half) => format!("{open} open, {half} half-open"),
    }
}

fn state(cell: &Cell<'_>) -> (String, Style) {
    let theme = &cell.model.theme;
    let g = theme.glyphs;
    match cell.target.breaker {
        BreakerState::Closed => (format!("{} closed", g.closed), theme.good),
        BreakerState::Open => (format!("{} OPEN", g.no), theme.bad),
        BreakerState::HalfOpen => (format!("{} half-open", g.half), theme.warn),
    }
}

/// The bar, the share of failures and the number of calls it is a share of, in exactly `bar + 1 + 12` cells.
fn rate(cell: &Cell<'_>, bar: usize) -> (String, Style) {
    let theme = &cell.model.theme;
    let g = theme.glyphs;
    let TargetView { failure_rate, calls, .. } = *cell.target;
    let breaker = cell.config.map(|c| c.breaker);
    let at = |share: f64| ((share.clamp(0.0, 1.0) * bar as f64).round() as usize).min(bar);
    let filled = at(failure_rate);
    let threshold = breaker.filter(|_| bar >= 6).map(|b| at(b.failure_rate));
    let mut words = String::new();
    for i in 0..bar {
        let is_filled = i < filled;
        words.push_str(match threshold {
            Some(t) if t == i => g.threshold,
            _ if is_filled => g.filled,
            _ => g.unfilled,
        });
    }
    if bar > 0 {
        words.push(' ');
    }
    let of = if calls == 0 {
        "    no calls".to_owned()
    } else {
        format!("{:>4} of {}", text::percent(failure_rate), text::compact(calls.into()))
    };
    words.push_str(&text::left(&of, 12, g));
    let over = breaker.is_some_and(|b| calls >= b.min_calls && failure_rate >= b.failure_rate);
    (words, if over { theme.bad } else { Style::new() })
}

/// What happens next, or holds for now.
fn next(cell: &Cell<'_>) -> (String, Style) {
    let theme = &cell.model.theme;
    let now = cell.model.snapshot.now;
    let t = cell.target;
    let after = |until: Option<Micros>| until.map(|u| u.since(now)).filter(|left| left.0 > 0);
    let mut said: Vec<String> = Vec::new();
    match t.breaker {
        _ if cell.model.snapshot.replicas > 1 && t.shut > 0 => {
            said.push(format!("{} of {} open", t.shut, cell.model.snapshot.replicas));
        }
        BreakerState::Open => said.push(match after(t.probe_at) {
            Some(left) => format!("probe in {}", text::wait(left)),
            None => "probe due".to_owned(),
        }),
        BreakerState::HalfOpen => {
            let needed = cell.config.map_or(0, |c| c.breaker.half_open_calls);
            let long = format!("probing, {needed} good calls close it");
            said.push(if needed > 0 && long.len() <= cell.room { long } else { "probing".to_owned() });
        }
        BreakerState::Closed => {}
    }
    if let Some(left) = after(t.set_aside_until) {
        said.push(format!("set aside {}", text::wait(left)));
    }
    if let Some(left) = after(t.demoted_until) {
        said.push(format!("demoted {}", text::wait(left)));
    }
    if said.is_empty()
        && let Some(share) = admitted(cell)
    {
        said.push(format!("admits {}", text::percent(share)));
    }
    (said.join(", "), theme.warn)
}

/// The share let through while a breaker that has just closed ramps up.
fn admitted(cell: &Cell<'_>) -> Option<f64> {
    let ramp = Micros::from(cell.config?.breaker.ramp).as_secs_f64();
    let since = cell.model.snapshot.now.since(cell.target.since).as_secs_f64();
    let ramping = cell.target.breaker == BreakerState::Closed && cell.target.opened > 0 && since < ramp;
    ramping.then(|| 0.1 + 0.9 * since / ramp)
}

fn lasted(cell: &Cell<'_>) -> (String, Style) {
    let since = cell.model.snapshot.now.since(cell.target.since);
    (text::wait(since), cell.model.theme.muted)
}

fn opened(cell: &Cell<'_>) -> (String, Style) {
    let theme = &cell.model.theme;
    match cell.target.opened {
        0 => ("never".to_owned(), theme.muted),
        n => (format!("{n}{}", theme.glyphs.times), Style::new()),
    }
}

fn served(cell: &Cell<'_>) -> (String, Style) {
    (text::count(cell.target.served), Style::new())
}

fn quantile(cell: &Cell<'_>, ms: f64) -> (String, Style) {
    let theme = &cell.model.theme;
    if cell.target.latency.count == 0 {
        return (theme.glyphs.none.to_owned(), theme.muted);
    }
    (text::latency(ms, theme.glyphs), Style::new())
}

fn fails_most(cell: &Cell<'_>) -> (String, Style) {
    let theme = &cell.model.theme;
    let failures = cell.target.classes.iter().filter(|(class, n)| **class != Class::Ok && **n > 0);
    // Of equals the first in the order of the decision table.
    match failures.max_by_key(|(class, n)| (**n, std::cmp::Reverse(**class))) {
        Some((class, n)) => (format!("{class} {}", text::compact(*n)), Style::new()),
        None => ("nothing".to_owned(), theme.muted),
    }
}
