//! Explain a thing in a paragraph.

use super::Said;
use super::judge::{self, Given};
use crate::event::Judged;
use mock_providers::luck::Draw;
use rand::RngExt;

const SYSTEM: &str = "You explain reliability engineering to new colleagues, in one short paragraph.";

/// Topics and what is said of them.
const TOPICS: [(&str, &str); 6] = [
    (
        "circuit breakers",
        "A circuit breaker watches the calls to one dependency. When too many of them fail it opens and turns further \
         calls away at once, so that callers stop waiting and the dependency gets room to breathe. After a while it \
         lets a few probes through, and closes again when they succeed.",
    ),
    (
        "retry budgets",
        "A retry budget ties the number of retries to the number of ordinary requests. While few calls fail, every one \
         of them may be tried again. When most of them fail the budget runs dry, and retries can no longer multiply \
         the load on something that is already struggling.",
    ),
    (
        "jitter",
        "Jitter is a random part added to every wait. Clients that failed at the same moment would otherwise come back \
         at the same moment, and the second wave would knock the server over just as the first one did. Spread out \
         over time, the same requests are merely traffic.",
    ),
    (
        "deadlines",
        "A deadline is the instant after which an answer is worth nothing. It travels with the request, so every step \
         on the way knows how much time is left and can decline work that cannot be finished. A timeout per call knows \
         nothing of the calls that came before.",
    ),
    (
        "tail latency",
        "The tail is what the slowest few requests feel. One page needs many calls, so even a rare delay is met by most \
         visitors sooner or later. Averages hide this entirely, which is why percentiles such as the ninety-ninth are \
         watched instead.",
    ),
    (
        "error budgets",
        "An error budget is the amount of failure that an objective leaves room for. While some of it is left, a team \
         may take risks and ship. Once it is spent, work on stability comes first. It turns an argument about caution \
         into a number that both sides agreed on beforehand.",
    ),
];

pub(super) struct Job;

impl super::Job for Job {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn prompt(&self, draw: &mut Draw) -> String {
        format!("Explain {}, please.", TOPICS[draw.random_range(0..TOPICS.len())].0)
    }

    fn answer(&self, prompt: &str, right: bool) -> Option<Said> {
        let asked = &prompt[prompt.rfind("Explain ")? + 8..];
        let asked = TOPICS.iter().position(|(topic, _)| asked.starts_with(topic))?;
        Some(Said::Text(TOPICS[(asked + usize::from(!right)) % TOPICS.len()].1.to_owned()))
    }

    fn judge(&self, prompt: &str, given: &Given, _model: Option<&str>) -> Judged {
        // A provider may have begun to explain another thing than either known answer does.
        let begun = |said: &str| TOPICS.iter().any(|(_, whole)| said.len() < whole.len() && whole.starts_with(said));
        match judge::text(self, prompt, given, |_| true) {
            Judged::Wrong if begun(&given.text) => Judged::Truncated,
            judged => judged,
        }
    }
}
