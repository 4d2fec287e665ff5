//! Classify a support ticket.

use super::Said;
use super::judge::{self, Given};
use crate::event::Judged;
use mock_providers::luck::Draw;
use rand::RngExt;
use serde_json::{Value, json};

const SYSTEM: &str = "You sort support tickets. Reply in JSON: label is one of billing, bug, account, \
feature; urgent is true only if the customer says so.";

const LABELS: [&str; 4] = ["billing", "bug", "account", "feature"];

/// Sentences, by the index of their label.
const TICKETS: [(&str, usize); 12] = [
    ("I was charged twice for March.", 0),
    ("The invoice shows the wrong VAT number.", 0),
    ("Please refund the unused seats.", 0),
    ("The export button does nothing since yesterday.", 1),
    ("The app closes whenever I rotate the phone.", 1),
    ("Search finds nothing with an umlaut in it.", 1),
    ("I cannot sign in after changing my address.", 2),
    ("Please move the workspace to my colleague.", 2),
    ("The second factor no longer reaches me.", 2),
    ("A dark theme would spare our night shift.", 3),
    ("Could reports be sent on a schedule?", 3),
    ("We would like to tag customers by region.", 3),
];

const URGENT: &str = "This is urgent. ";

pub(super) struct Job;

impl super::Job for Job {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn schema(&self) -> Option<Value> {
        Some(json!({
            "type": "object",
            "properties": { "label": { "type": "string", "enum": LABELS }, "urgent": { "type": "boolean" } },
            "required": ["label", "urgent"],
            "additionalProperties": false,
        }))
    }

    fn prompt(&self, draw: &mut Draw) -> String {
        let number: u32 = draw.random_range(1000..100_000);
        let (text, _) = TICKETS[draw.random_range(0..TICKETS.len())];
        let urgent = if draw.random_bool(0.2) { URGENT } else { "" };
        format!("Ticket #{number}: {urgent}{text}")
    }

    fn answer(&self, prompt: &str, right: bool) -> Option<Said> {
        let (_, said) = prompt[prompt.rfind("Ticket #")?..].split_once(": ")?;
        let (urgent, said) = said.strip_prefix(URGENT).map_or((false, said), |rest| (true, rest));
        let (_, label) = TICKETS.iter().find(|(text, _)| *text == said.trim_end())?;
        let label = if right { *label } else { (label + 1) % LABELS.len() };
        Some(Said::Text(format!(r#"{{"label":"{}","urgent":{urgent}}}"#, LABELS[label])))
    }

    fn judge(&self, prompt: &str, given: &Given, _model: Option<&str>) -> Judged {
        judge::json(self, prompt, given)
    }
}
