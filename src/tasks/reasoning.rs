//! Work out a puzzle of several steps.

use super::Said;
use super::judge::{self, Given};
use crate::event::Judged;
use mock_providers::luck::Draw;
use rand::RngExt;
use std::fmt::Write as _;

const SYSTEM: &str = "You solve puzzles. Work step by step, one line for each step, and end with a line `Answer: N`.";

/// What happens to the stock of a depot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    Receive(u32),
    Send(u32),
    Double,
    Triple,
    Split(u32),
}

impl Move {
    /// A move that leaves a sensible stock.
    fn draw(stock: u32, draw: &mut Draw) -> Self {
        let amount = draw.random_range(3..60);
        match draw.random_range(0..5) {
            0 if stock > amount + 10 => Self::Send(amount),
            1 if stock < 1000 => Self::Double,
            2 if stock < 1000 => Self::Triple,
            3 => {
                let halls = (2..=7).rev().find(|halls| stock.is_multiple_of(*halls) && stock / halls > 10);
                halls.map_or(Self::Receive(amount), Self::Split)
            }
            _ => Self::Receive(amount),
        }
    }

    fn told(self) -> String {
        match self {
            Self::Receive(n) => format!("It receives {n} crates."),
            Self::Send(n) => format!("It sends off {n} crates."),
            Self::Double => "It doubles its stock.".to_owned(),
            Self::Triple => "It triples its stock.".to_owned(),
            Self::Split(n) => format!("It deals its stock out evenly to {n} halls and keeps one hall."),
        }
    }

    fn read(told: &str) -> Option<Self> {
        let number = || told.split(' ').find_map(|word| word.parse::<u32>().ok());
        match told {
            "It doubles its stock" => Some(Self::Double),
            "It triples its stock" => Some(Self::Triple),
            _ if told.starts_with("It receives ") => number().map(Self::Receive),
            _ if told.starts_with("It sends off ") => number().map(Self::Send),
            _ if told.starts_with("It deals ") => number().filter(|halls| *halls > 0).map(Self::Split),
            _ => None,
        }
    }

    fn apply(self, stock: u32) -> u32 {
        match self {
            Self::Receive(n) => stock.saturating_add(n),
            Self::Send(n) => stock.saturating_sub(n),
            Self::Double => stock.saturating_mul(2),
            Self::Triple => stock.saturating_mul(3),
            Self::Split(n) => stock / n.max(1),
        }
    }

    fn sum(self, stock: u32) -> String {
        match self {
            Self::Receive(n) => format!("{stock} + {n}"),
            Self::Send(n) => format!("{stock} - {n}"),
            Self::Double => format!("{stock} x 2"),
            Self::Triple => format!("{stock} x 3"),
            Self::Split(n) => format!("{stock} / {n}"),
        }
    }
}

pub(super) struct Job;

impl super::Job for Job {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn prompt(&self, draw: &mut Draw) -> String {
        let number: u32 = draw.random_range(1000..100_000);
        let mut stock: u32 = draw.random_range(20..200);
        let mut prompt = format!("Puzzle {number}: A depot holds {stock} crates.");
        for _ in 0..draw.random_range(4..8) {
            let step = Move::draw(stock, draw);
            stock = step.apply(stock);
            let _ = write!(prompt, " {}", step.told());
        }
        prompt + " How many crates does it hold now?"
    }

    fn answer(&self, prompt: &str, right: bool) -> Option<Said> {
        let (_, puzzle) = prompt[prompt.rfind("Puzzle ")?..].split_once(": A depot holds ")?;
        let (stock, steps) = puzzle.split_once(" crates. ")?;
        let (steps, _) = steps.split_once(". How many crates")?;
        let steps = steps.split(". ").map(Move::read).collect::<Option<Vec<Move>>>()?;
        let mut stock: u32 = stock.parse().ok()?;
        let mut said = String::new();
        for (i, step) in steps.iter().enumerate() {
            let sum = step.sum(stock);
            stock = step.apply(stock);
            if !right && i + 1 == steps.len() {
                // A ten too many: the slip of somebody who carries in his head.
                stock = stock.saturating_add(10);
            }
            let _ = writeln!(said, "Step {}: {sum} = {stock}", i + 1);
        }
        let _ = write!(said, "Answer: {stock}");
        Some(Said::Text(said))
    }

    fn judge(&self, prompt: &str, given: &Given, _model: Option<&str>) -> Judged {
        judge::text(self, prompt, given, |said| {
            let (steps, last) = said.rsplit_once('\n').unwrap_or(("", said));
            let ends = last.strip_prefix("Answer: ").is_some_and(|n| n.parse::<u32>().is_ok());
            ends && steps.starts_with("Step 1: ")
        })
    }
}
