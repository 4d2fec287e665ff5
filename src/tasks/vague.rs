//! Prompts that no longer say which form the answer must have: what becomes of a prompt that somebody made worse.
//!
//! A vague prompt begins with a sentence that invites a chat. A model then puts words around what should have been JSON
//! and nothing else, whichever model it is; what does not have to be JSON stays as it was.

use super::{Job, Said};
use crate::event::RequestId;
use mock_providers::Luck;

const SENTENCE: &str = "Tell me in your own words. ";

/// Makes a share of prompts vague.
#[must_use]
pub fn vague(prompt: String, share: f64, luck: Luck, request: RequestId) -> String {
    let ids = [u64::from(request.stream), u64::from(request.number)];
    if luck.unit("vague", &[], &ids) < share { format!("{SENTENCE}{prompt}") } else { prompt }
}

/// What a model says to a prompt that may be vague, where it would say `said` to one that is not.
pub(super) fn answer(job: &dyn Job, prompt: &str, said: Said) -> Said {
    match said {
        Said::Text(text) if job.schema().is_some() && prompt.contains(SENTENCE) => {
            Said::Text(format!("Sure! I would say {text}, all things considered."))
        }
        said => said,
    }
}

#[cfg(test)]
mod tests {
    use crate::event::RequestId;
    use crate::router::policy::gates::Schema;
    use crate::tasks::{Said, Task, answer, vague};
    use mock_providers::Luck;

    #[test]
    fn only_vague_prompts_of_tasks_with_a_schema_are_answered_in_another_form() {
        for task in Task::ALL {
            let request = RequestId { stream: 0, number: 7 };
            let prompt = task.prompt(Luck::new(1), request);
            let worse = vague(prompt.clone(), 1.0, Luck::new(1), request);
            assert_eq!(vague(prompt.clone(), 0.0, Luck::new(1), request), prompt);
            let same = answer(&prompt, true) == answer(&worse, true);
            assert_eq!(same, task.schema().is_none(), "{}", task.as_str());
            if let (Some(schema), Said::Text(text)) = (task.schema(), answer(&worse, true)) {
                assert!(Schema::new(&schema).unwrap().check(&text).is_err(), "{text}");
            }
        }
    }
}
