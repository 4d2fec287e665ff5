//! Prompts that are longer than their question.
//!
//! What is put before a prompt asks nothing and offends nobody, so the right answer stays the same. It reads the same
//! before every prompt, as instructions and documents do.

const NEUTRAL: &str = "What stands here is background and changes nothing. It is as long as such things are. ";

/// The prompt with so many more bytes before it.
#[must_use]
pub fn padded(prompt: &str, bytes: usize) -> String {
    let mut padded = String::with_capacity(bytes + prompt.len());
    while padded.len() < bytes {
        padded.push_str(&NEUTRAL[..NEUTRAL.len().min(bytes - padded.len())]);
    }
    padded + prompt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::RequestId;
    use crate::tasks::{Task, answer, risk};
    use mock_providers::Luck;

    #[test]
    fn a_padded_prompt_is_longer_by_what_was_asked_and_answered_alike() {
        for task in Task::ALL.iter().copied().filter(|task| task.dimensions().is_none()) {
            let prompt = task.prompt(Luck::new(5), RequestId { stream: 0, number: 9 });
            for bytes in [0, 1, 85, 86, 87, 16_000] {
                let longer = padded(&prompt, bytes);
                assert_eq!(longer.len(), prompt.len() + bytes);
                assert_eq!((answer(&longer, true), risk(&longer)), (answer(&prompt, true), 0.0), "{task:?} {bytes}");
            }
        }
    }
}
