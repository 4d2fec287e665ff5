//! Read a gauge in a picture.
//!
//! The caption tells what the picture shows, so the answer can be known from the text alone; the picture really shows it.

use super::judge::{self, Given};
use super::png::{base64, png};
use super::{Image, Said};
use crate::event::Judged;
use mock_providers::luck::Draw;
use rand::RngExt;

const SYSTEM: &str = "You read gauges in pictures. Reply in one line: the picture's name, the level, and how far it is \
above or below the red line.";

/// Pixels: a gauge of one row for four percent.
const WIDTH: u8 = 8;
const HEIGHT: u32 = 25;
/// Background, level, red line.
const PALETTE: [[u8; 3]; 3] = [[250, 250, 245], [40, 110, 160], [200, 30, 30]];

/// What a picture shows: its name, the level and the red line in percent.
fn caption(prompt: &str) -> Option<(&str, u32, u32)> {
    let (name, rest) = prompt[prompt.rfind("Picture ")? + 8..].split_once(" shows a gauge, level ")?;
    let (level, rest) = rest.split_once("%, red line ")?;
    let (line, _) = rest.split_once("%.")?;
    Some((name, level.parse().ok()?, line.parse().ok()?))
}

pub(super) struct Job;

impl super::Job for Job {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn image(&self, prompt: &str) -> Option<Image> {
        let (_, level, line) = caption(prompt)?;
        let row = |percent: u32| HEIGHT.saturating_sub(1 + percent.saturating_sub(1) / 4);
        let pixels = (0..HEIGHT).flat_map(|y| {
            let colour = match y {
                _ if y == row(line) => 2,
                _ if level > 0 && y >= row(level) => 1,
                _ => 0,
            };
            std::iter::repeat_n(colour, usize::from(WIDTH))
        });
        let pixels: Vec<u8> = pixels.collect();
        Some(Image { media_type: "image/png", base64: base64(&png(WIDTH, &PALETTE, &pixels)) })
    }

    fn prompt(&self, draw: &mut Draw) -> String {
        let camera: u32 = draw.random_range(100..100_000);
        let level: u32 = draw.random_range(0..101);
        let line: u32 = draw.random_range(50..96);
        format!("Picture cam-{camera} shows a gauge, level {level}%, red line {line}%. What does it say?")
    }

    fn answer(&self, prompt: &str, right: bool) -> Option<Said> {
        let (name, level, line) = caption(prompt)?;
        let level = if right { level } else { (level + 13) % 101 };
        let place = match level.abs_diff(line) {
            0 => "on the red line".to_owned(),
            by => format!("{by} points {} the red line", if level > line { "above" } else { "below" }),
        };
        Some(Said::Text(format!("{name}: the level is {level}%, {place}.")))
    }

    fn judge(&self, prompt: &str, given: &Given, _model: Option<&str>) -> Judged {
        let name = caption(prompt).map_or("", |(name, _, _)| name);
        judge::text(self, prompt, given, |said| {
            said.strip_prefix(name).is_some_and(|rest| rest.starts_with(": the level is ")) && said.ends_with('.')
        })
    }
}
