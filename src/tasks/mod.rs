//! The jobs that load streams send: their prompts, their schemas and their known answers.
//!
//! Everything is knowable: a prompt is a pure function of luck and request, the right answer can be read off the prompt
//! alone ([`answer`]), and what a client was served can be judged ([`Task::judge`]). The mock providers get [`answer`]
//! as a closure; the router never sees it.
//!
//! To add a task: a file here with its prompts and answers, a variant of [`Task`], and its arms below.

mod chat;
mod extract;
mod triage;

use crate::event::{Judged, RequestId};
use mock_providers::Luck;
use serde_json::Value;

/// A built-in kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Classify a support ticket; the answer is JSON with a label.
    Triage,
    /// Extract the fields of an order; the answer is JSON.
    Extract,
    /// Explain something; the answer is prose.
    Chat,
}

impl Task {
    /// Every task.
    pub const ALL: [Self; 3] = [Self::Triage, Self::Extract, Self::Chat];

    /// The name that scenarios use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Extract => "extract",
            Self::Chat => "chat",
        }
    }

    /// The instructions that go with every prompt.
    #[must_use]
    pub fn system(self) -> &'static str {
        match self {
            Self::Triage => triage::SYSTEM,
            Self::Extract => extract::SYSTEM,
            Self::Chat => chat::SYSTEM,
        }
    }

    /// The shape that answers must have, as a JSON Schema.
    #[must_use]
    pub fn schema(self) -> Option<Value> {
        match self {
            Self::Triage => Some(triage::schema()),
            Self::Extract => Some(extract::schema()),
            Self::Chat => None,
        }
    }

    /// The prompt of one request.
    #[must_use]
    pub fn prompt(self, luck: Luck, request: RequestId) -> String {
        let mut draw = luck.draw("prompt", &[self.as_str()], &[u64::from(request.stream), u64::from(request.number)]);
        match self {
            Self::Triage => triage::prompt(&mut draw),
            Self::Extract => extract::prompt(&mut draw),
            Self::Chat => chat::prompt(&mut draw),
        }
    }

    /// What a client was served as a complete answer, held against the known answer.
    #[must_use]
    pub fn judge(self, prompt: &str, served: &str) -> Judged {
        let known = answer(prompt, true);
        if served == known {
            return Judged::Right;
        }
        if served.len() < known.len() && known.starts_with(served) {
            return Judged::Truncated;
        }
        match self {
            Self::Chat if served.is_empty() || chat::is_beginning(served) => Judged::Truncated,
            Self::Chat => Judged::Wrong,
            Self::Triage | Self::Extract => match serde_json::from_str::<Value>(served) {
                Ok(Value::Object(found)) if self.has_the_fields_of(&known, &found) => Judged::Wrong,
                _ => Judged::SchemaViolation,
            },
        }
    }

    /// Whether an object has the same fields with the same JSON types as the known answer.
    fn has_the_fields_of(self, known: &str, found: &serde_json::Map<String, Value>) -> bool {
        let Ok(Value::Object(known)) = serde_json::from_str::<Value>(known) else { return false };
        let same_type = |a: &Value, b: &Value| std::mem::discriminant(a) == std::mem::discriminant(b);
        known.len() == found.len() && known.iter().all(|(k, v)| found.get(k).is_some_and(|f| same_type(v, f)))
    }
}

/// The answer to any prompt of any task: the right one, or one that is wrong but plausible and keeps the schema.
#[must_use]
pub fn answer(prompt: &str, right: bool) -> String {
    triage::answer(prompt, right)
        .or_else(|| extract::answer(prompt, right))
        .or_else(|| chat::answer(prompt, right))
        .unwrap_or_else(|| "I can only help with the drill's own questions.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::policy::gates::Schema;
    use std::collections::BTreeSet;

    fn prompts(task: Task) -> impl Iterator<Item = String> {
        (0..300).map(move |number| task.prompt(Luck::new(42), RequestId { stream: 0, number }))
    }

    #[test]
    fn the_known_answer_is_right_and_the_other_one_wrong_but_well_formed() {
        for task in Task::ALL {
            let schema = task.schema().map(|s| Schema::new(&s).expect("valid"));
            for prompt in prompts(task) {
                let (right, wrong) = (answer(&prompt, true), answer(&prompt, false));
                assert_eq!(task.judge(&prompt, &right), Judged::Right, "{prompt}");
                assert_eq!(task.judge(&prompt, &wrong), Judged::Wrong, "{prompt} {wrong}");
                if let Some(schema) = &schema {
                    schema.check(&right).expect("right answers keep the schema");
                    schema.check(&wrong).expect("wrong answers keep the schema");
                }
            }
        }
    }

    #[test]
    fn the_beginning_of_an_answer_is_never_taken_for_the_whole() {
        for task in Task::ALL {
            for prompt in prompts(task).take(20) {
                for right in [true, false] {
                    let whole = answer(&prompt, right);
                    for cut in (0..whole.len()).filter(|&i| whole.is_char_boundary(i)) {
                        let judged = task.judge(&prompt, &whole[..cut]);
                        assert!(
                            matches!(judged, Judged::Truncated | Judged::SchemaViolation),
                            "{judged:?} {:?}",
                            &whole[..cut]
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn broken_shapes_are_schema_violations() {
        let prompt = Task::Triage.prompt(Luck::new(42), RequestId { stream: 0, number: 1 });
        let whole = answer(&prompt, true);
        for served in [
            format!("```json\n{whole}\n```"),
            format!("Sure! {whole}"),
            whole.replace("label", "tag"),
            "{\"label\":3,\"urgent\":false}".to_owned(),
            "{\"label\":\"bug\"}".to_owned(),
            "[]".to_owned(),
        ] {
            assert_eq!(Task::Triage.judge(&prompt, &served), Judged::SchemaViolation, "{served}");
        }
    }

    #[test]
    fn prompts_differ_from_request_to_request_and_repeat_for_the_same_one() {
        for task in Task::ALL {
            assert!(prompts(task).collect::<BTreeSet<_>>().len() > 3);
            assert!(prompts(task).eq(prompts(task)));
        }
    }
}
