//! A short question with a short answer, as a shop's assistant gets them all day.

use super::Said;
use super::judge::{self, Given};
use crate::event::Judged;
use mock_providers::luck::Draw;
use rand::RngExt;

const SYSTEM: &str = "You answer for a shop, in a few words. Begin with the number of the question.";

const QUESTIONS: [(&str, &str); 8] = [
    ("When do you open on Sundays?", "At ten; we close at four."),
    ("Do you ship to Norway?", "Yes, in five to seven days."),
    ("Can I pay by invoice?", "From the second order on, yes."),
    ("Is the blue mug dishwasher safe?", "Yes, but not the lid."),
    ("How long can I return things?", "Thirty days from delivery."),
    ("Do you wrap gifts?", "Yes, for two euros each."),
    ("Is there a shop in Porto?", "Not yet; Lisbon is nearest."),
    ("Can I change my address?", "Until the parcel is packed."),
];

/// The number of a question, and which it is.
fn asked(prompt: &str) -> Option<(&str, usize)> {
    let (number, rest) = prompt[prompt.rfind("Q#")? + 2..].split_once(' ')?;
    let which = QUESTIONS.iter().position(|(question, _)| rest.starts_with(question))?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some((number, which))
}

pub(super) struct Job;

impl super::Job for Job {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn prompt(&self, draw: &mut Draw) -> String {
        let number: u32 = draw.random_range(1000..1_000_000);
        format!("Q#{number} {}", QUESTIONS[draw.random_range(0..QUESTIONS.len())].0)
    }

    fn answer(&self, prompt: &str, right: bool) -> Option<Said> {
        let (number, asked) = asked(prompt)?;
        let (_, said) = QUESTIONS[(asked + usize::from(!right)) % QUESTIONS.len()];
        Some(Said::Text(format!("#{number}: {said}")))
    }

    fn judge(&self, prompt: &str, given: &Given, _model: Option<&str>) -> Judged {
        let begins = asked(prompt).map_or_else(String::new, |(number, _)| format!("#{number}: "));
        judge::text(self, prompt, given, |said| said.starts_with(&begins) && said.len() > begins.len())
    }
}
