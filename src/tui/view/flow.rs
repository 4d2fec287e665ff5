//! Who sends to whom, and why: the way of the requests through the chain.
//!
//! ```text
//!  Hop flow ──────────────────────── fallbacks: 412 ─
//!  client    ━━━━━━━━► openai     812  first try
//!  openai    ━━━─────► anthropic  380  breaker_open
//!  openai    ━───────► anthropic   32  overloaded
//!  openai    ━━━─────► client     398  answered
//!  anthropic ━━━─────► client     396  answered
//!  anthropic ━───────► client       4  degraded
//! ```
//!
//! The heavy part of a shaft is the flow's share of the largest one; a flow that exists has at least one heavy cell.
//! In first, then from target to target, then out; rows keep their order while counts change.

use super::names::Naming;
use super::panel::{self, Row};
use crate::event::{Name, Outcome};
use crate::stats::snapshot::{Flow, FlowEnd};
use crate::tui::model::Model;
use crate::tui::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

const CLIENT: &str = "client";
/// Cells for the reason: `quota_exhausted` where there is room, at least `breaker_open`.
const WHY: std::ops::RangeInclusive<usize> = 12..=16;

/// Where a flow stands in the life of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    In,
    Moved,
    Out,
}

fn stage(flow: &Flow) -> Stage {
    match (&flow.from, &flow.to) {
        (_, FlowEnd::Client(_)) => Stage::Out,
        (None, FlowEnd::Target(_)) => Stage::In,
        (Some(_), FlowEnd::Target(_)) => Stage::Moved,
    }
}

/// Draws the panel.
pub(super) fn draw(buf: &mut Buffer, area: Rect, model: &Model) {
    let theme = &model.theme;
    let room = usize::from(area.height).saturating_sub(1);
    let flows = in_order(model);
    let shown = choose(&flows, room);
    let moved: u64 = flows.iter().filter(|f| stage(f) == Stage::Moved).map(|f| f.count).sum();
    let note = if flows.is_empty() { String::new() } else { format!("fallbacks: {}", text::compact(moved)) };
    let note = panel::hidden(note, flows.len() - shown.len());
    let inner = panel::titled(buf, area, theme, "Hop flow", &note);
    if flows.is_empty() {
        return panel::lines(buf, inner, [Row::new(theme).raw("no requests yet", theme.muted).line()]);
    }

    let columns = Columns::new(model, &flows, usize::from(inner.width));
    let mut rows = Vec::with_capacity(room);
    let stages = shown.chunk_by(|&a, &b| stage(flows[a]) == stage(flows[b])).count();
    let airy = shown.len() + stages <= room;
    let mut before = None;
    for i in shown {
        let flow = flows[i];
        if airy && before.is_some_and(|b| b != stage(flow)) {
            rows.push(Line::default());
        }
        before = Some(stage(flow));
        rows.push(columns.row(flow));
    }
    panel::lines(buf, inner, rows);
}

/// The flows in an order that does not depend on their counts.
fn in_order(model: &Model) -> Vec<&Flow> {
    let place = |name: &Name| model.snapshot.targets.iter().position(|t| t.name == *name);
    let mut flows: Vec<&Flow> = model.snapshot.flows.iter().filter(|f| f.count > 0).collect();
    flows.sort_by_cached_key(|f| {
        let to = match &f.to {
            FlowEnd::Target(name) => (place(name), None),
            FlowEnd::Client(outcome) => (None, Some(*outcome)),
        };
        (stage(f), f.from.as_ref().map(place), to, f.reason)
    });
    flows
}

/// The largest flows of each kind. What moved and what ended badly weighs double: it is what the panel is for.
fn choose(flows: &[&Flow], room: usize) -> Vec<usize> {
    let kind = |flow: &Flow| (stage(flow), is_bad(flow));
    let rank = |i: usize| {
        let of_kind = flows.iter().enumerate().filter(|(_, f)| kind(f) == kind(flows[i]));
        let larger = of_kind.filter(|&(j, f)| (f.count, i) > (flows[i].count, j)).count();
        let weight = if stage(flows[i]) == Stage::Moved || is_bad(flows[i]) { larger } else { larger * 2 };
        (weight, std::cmp::Reverse(flows[i].count))
    };
    panel::most_important(flows.len(), room, rank)
}

fn is_bad(flow: &Flow) -> bool {
    matches!(flow.to, FlowEnd::Client(Outcome::Degraded | Outcome::Failed))
}

struct Columns<'a> {
    model: &'a Model,
    naming: Naming,
    name: usize,
    count: usize,
    arrow: usize,
    why: usize,
    share: bool,
    largest: u64,
}

impl<'a> Columns<'a> {
    fn new(model: &'a Model, flows: &[&Flow], width: usize) -> Self {
        let largest = flows.iter().map(|f| f.count).max().unwrap_or(1).max(1);
        let count = text::compact(largest).len().max(3);
        let share = width >= 70;
        let rest = width.saturating_sub(count + 5 + if share { 6 } else { 0 });
        let why = if width >= 60 { *WHY.end() } else { *WHY.start() };
        let least = if width < 40 { 2 } else { 5 };
        let names = rest.saturating_sub(why + least) / 2;
        let naming = Naming::within(model, names);
        let name = naming.longest(model).max(CLIENT.len()).min(names);
        let arrow = rest.saturating_sub(why + 2 * name).clamp(2, 40);
        Self { model, naming, name, count, arrow, why, share, largest }
    }

    fn row(&self, flow: &Flow) -> Line<'static> {
        let theme = &self.model.theme;
        let g = theme.glyphs;
        let (why, style) = self.why(flow);
        let shaft = self.arrow - 1;
        let part = (u128::from(flow.count) * shaft as u128).div_ceil(u128::from(self.largest)) as usize;
        let heavy = part.min(shaft);
        let from = flow.from.as_ref().map_or(CLIENT, |f| self.naming.of(f));
        let to = match &flow.to {
            FlowEnd::Target(name) => self.naming.of(name),
            FlowEnd::Client(_) => CLIENT,
        };
        let row = Row::new(theme)
            .left(from, self.name, Style::new())
            .gap(1)
            .raw(g.heavy.repeat(heavy), style)
            .raw(g.light.repeat(shaft - heavy), theme.muted)
            .raw(g.head, style)
            .gap(1)
            .left(to, self.name, Style::new())
            .gap(1)
            .right(&text::compact(flow.count), self.count, theme.strong);
        let row = if self.share { row.gap(1).right(&self.share(flow), 5, theme.muted) } else { row };
        row.gap(2).left(why, self.why, style).line()
    }

    /// The flow's share of all requests.
    fn share(&self, flow: &Flow) -> String {
        match self.model.snapshot.arrived {
            0 => String::new(),
            all => text::percent(flow.count as f64 / all as f64),
        }
    }

    fn why(&self, flow: &Flow) -> (&'static str, Style) {
        let theme = &self.model.theme;
        match (&flow.to, flow.reason) {
            (FlowEnd::Client(Outcome::Answered), _) => ("answered", theme.good),
            (FlowEnd::Client(Outcome::Cached), _) => ("cached", theme.warn),
            (FlowEnd::Client(Outcome::Degraded), _) => ("degraded", theme.warn),
            (FlowEnd::Client(Outcome::Surfaced), _) => ("client's error", theme.muted),
            (FlowEnd::Client(Outcome::Failed), _) => ("failed", theme.bad),
            (FlowEnd::Target(_), Some(reason)) => (reason.as_str(), theme.warn),
            (FlowEnd::Target(_), None) => ("first try", theme.accent),
        }
    }
}
