//! The screen as a pure function of the model: one file a panel, each handed its rectangle.
//!
//! Rules:
//! - The same model and size give the same cells. Nothing here is remembered from frame to frame.
//! - Order on the screen is the order of the plan, so that rows do not jump about while figures change. Where rows do
//!   not fit, those that matter most stay, and the panel's title says how many are hidden.
//! - Every size down to 1×1 draws something and nothing outside.

mod breakers;
mod feed;
mod flow;
mod footer;
mod header;
mod help;
mod latency;
mod layout;
mod names;
mod panel;
mod slo;
mod timeline;

pub use layout::{MIN_HEIGHT, MIN_WIDTH};

use super::model::Model;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the screen.
pub fn view(frame: &mut Frame<'_>, model: &Model) {
    let area = frame.area();
    paint(frame.buffer_mut(), area, model);
}

fn paint(buf: &mut Buffer, area: Rect, model: &Model) {
    let Some(panels) = layout::panels(area, model) else {
        return layout::too_small(buf, area, &model.theme);
    };
    header::draw(buf, panels.header, model);
    timeline::draw(buf, panels.faults, model);
    breakers::draw(buf, panels.breakers, model);
    flow::draw(buf, panels.flow, model);
    latency::draw(buf, panels.latency, model);
    feed::draw(buf, panels.events, model);
    slo::draw(buf, panels.slos, model);
    footer::draw(buf, panels.footer, model);
    if model.help {
        help::draw(buf, area, model);
    }
}
