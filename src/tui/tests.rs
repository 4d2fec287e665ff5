//! Screens, as a person sees them, without colour.

use super::fixtures;
use super::input::BINDINGS;
use super::model::{Action, Model};
use super::text;
use super::theme::Theme;
use super::view::view;
use crate::engine::World;
use crate::stats::snapshot::Snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, CellWidth};
use std::sync::Arc;

fn rendered(model: &Model, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view(frame, model)).unwrap();
    terminal.backend().buffer().clone()
}

/// The rows of a screen; the cell behind a wide character does not count twice.
fn rows(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width);
    buffer
        .content
        .chunks(width)
        .map(|row| {
            let mut skip = 0;
            let mut out = String::new();
            for cell in row {
                if skip == 0 {
                    out.push_str(cell.symbol());
                    skip = usize::from(cell.symbol().cell_width());
                }
                skip = skip.saturating_sub(1);
            }
            out
        })
        .collect()
}

fn screen(model: &Model, width: u16, height: u16) -> String {
    let rows: Vec<String> = rows(&rendered(model, width, height)).iter().map(|r| r.trim_end().to_owned()).collect();
    rows.join("\n")
}

fn with_help() -> Model {
    let mut model = fixtures::model(fixtures::outage());
    model.on(Action::Help);
    model
}

fn with_verdict() -> Model {
    let mut model = fixtures::model(fixtures::finished());
    model.verdict = Some("FAIL: availability 99.29%, wanted >= 99.9%; broke at 00:20.3 in outage".into());
    model
}

#[test]
fn screens_at_80x24() {
    insta::assert_snapshot!("steady_80x24", screen(&fixtures::model(fixtures::steady()), 80, 24));
    insta::assert_snapshot!("outage_80x24", screen(&fixtures::model(fixtures::outage()), 80, 24));
    insta::assert_snapshot!("half_open_80x24", screen(&fixtures::model(fixtures::half_open()), 80, 24));
    insta::assert_snapshot!("finished_80x24", screen(&with_verdict(), 80, 24));
    insta::assert_snapshot!("help_80x24", screen(&with_help(), 80, 24));
}

#[test]
fn screens_at_160x50() {
    insta::assert_snapshot!("steady_160x50", screen(&fixtures::model(fixtures::steady()), 160, 50));
    insta::assert_snapshot!("outage_160x50", screen(&fixtures::model(fixtures::outage()), 160, 50));
    insta::assert_snapshot!("half_open_160x50", screen(&fixtures::model(fixtures::half_open()), 160, 50));
    insta::assert_snapshot!("finished_160x50", screen(&with_verdict(), 160, 50));
    insta::assert_snapshot!("help_160x50", screen(&with_help(), 160, 50));
}

#[test]
fn screens_at_60x15() {
    insta::assert_snapshot!("steady_60x15", screen(&fixtures::model(fixtures::steady()), 60, 15));
    insta::assert_snapshot!("outage_60x15", screen(&fixtures::model(fixtures::outage()), 60, 15));
    insta::assert_snapshot!("half_open_60x15", screen(&fixtures::model(fixtures::half_open()), 60, 15));
    insta::assert_snapshot!("finished_60x15", screen(&with_verdict(), 60, 15));
    insta::assert_snapshot!("help_60x15", screen(&with_help(), 60, 15));
}

#[test]
fn long_and_wide_names_end_in_an_ellipsis() {
    insta::assert_snapshot!("crowded_80x24", screen(&fixtures::crowded(), 80, 24));
    insta::assert_snapshot!("crowded_160x50", screen(&fixtures::crowded(), 160, 50));
}

#[test]
fn a_crowded_row_never_spills_over_its_edge() {
    for (width, height) in [(60, 15), (80, 24), (133, 37), (200, 60)] {
        for row in rows(&rendered(&fixtures::crowded(), width, height)) {
            assert_eq!(text::width(&row), usize::from(width), "{row:?}");
        }
    }
}

#[test]
fn every_size_draws_without_a_panic_whether_empty_or_full() {
    let mut empty = fixtures::model(Arc::new(Snapshot::default()));
    let mut plan = fixtures::plan();
    (plan.phases, plan.faults, plan.slos) = (vec![], vec![], vec![]);
    plan.router.targets.clear();
    let bare = Model::new(Arc::new(plan), 0, World::Real, 1.0, Theme::new(true, true));
    let mut full = fixtures::crowded();
    let outage = fixtures::model(fixtures::outage());
    for _ in 0..2 {
        for width in (1..=200).step_by(13).chain([59, 60, 80, 200]) {
            for height in (1..=60).step_by(6).chain([14, 15, 24, 60]) {
                for model in [&empty, &bare, &full, &outage] {
                    rendered(model, width, height);
                }
            }
        }
        (empty.help, full.help, full.feed_scroll) = (true, true, 999);
        full.verdict = Some("FAIL".repeat(99));
    }
}

#[test]
fn every_panel_is_there_at_80x24() {
    let outage = screen(&fixtures::model(fixtures::outage()), 80, 24);
    for words in [
        "Faults",
        "Breakers",
        "Hop flow",
        "Latency",
        "SLOs",
        "Events",
        "p50",
        "p95",
        "p99",
        "max",
        "OPEN",
        "closed",
        "probe in 2.4s",
        "breaker_open",
        "overloaded",
        "degraded",
        "phase 2/3 outage",
        "00:34.2 of 02:00.0",
        "seed 42",
        "virtual",
        "684 arrived",
        "14 in flight",
        "97.45% answered",
    ] {
        assert!(outage.contains(words), "{words:?} is missing:\n{outage}");
    }
    let crowded = screen(&fixtures::crowded(), 60, 15);
    for title in ["Faults", "Breakers", "Hop flow", "Latency", "SLOs", "Events"] {
        assert!(crowded.contains(title), "{title} is missing:\n{crowded}");
    }
}

#[test]
fn a_small_terminal_is_told_what_is_needed() {
    assert!(screen(&fixtures::model(fixtures::outage()), 59, 15).contains("terminal too small: need 60x15"));
    assert!(screen(&fixtures::model(fixtures::outage()), 60, 14).contains("have 60x14"));
    assert!(screen(&fixtures::model(fixtures::outage()), 20, 5).contains("need 60x15"));
}

#[test]
fn the_help_lists_every_key() {
    for (width, height) in [(60, 15), (80, 24)] {
        let help = screen(&with_help(), width, height);
        for binding in &BINDINGS {
            assert!(help.contains(binding.label) && help.contains(binding.words), "{} at {width}", binding.label);
        }
    }
}

#[test]
fn the_footer_says_what_space_does_and_why_a_key_did_nothing() {
    let mut model = fixtures::model(fixtures::outage());
    let footer = |m: &Model| screen(m, 80, 24).lines().last().unwrap_or_default().to_owned();
    assert_eq!(footer(&model), " q quit   ? help   space pause   + faster   - slower   f flat out   Up scroll");
    model.on(Action::Step);
    assert_eq!(footer(&model), " ! pause first, then step");
    model.on(Action::Pause);
    assert!(footer(&model).contains("space resume   . step"));
    assert!(screen(&model, 80, 24).contains("‖ PAUSED"));
}

#[test]
fn an_ascii_terminal_gets_nothing_but_ascii() {
    for mut model in [fixtures::model(fixtures::outage()), with_verdict(), with_help()] {
        model.theme = Theme::new(false, false);
        for (width, height) in [(80, 24), (160, 50)] {
            let screen = screen(&model, width, height);
            assert!(screen.is_ascii(), "{screen}");
        }
    }
}

#[test]
fn without_colour_nothing_is_coloured() {
    let buffer = rendered(&fixtures::model(fixtures::outage()), 160, 50);
    use ratatui::style::Color;
    assert!(buffer.content.iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset));
}
