//! The model did not decline in words.

use super::kind::{Judges, Kind, Refused};
use super::{Answer, always};
use crate::event::Class;

pub(super) static KIND: Kind = Kind {
    name: "refusal",
    about: "The answer does not begin with the words in which models decline. One that does is a refusal like a \
            filter's: it goes back to the client and nowhere else.",
    example: "refusal",
    judges: Judges::Whole,
    takes: &[],
    concerns: always,
    check: |_, _, answer| check(answer),
};

/// How far into an answer its refusal begins at the latest, in characters.
const WITHIN: usize = 160;

/// Who cannot …
const SUBJECTS: [&str; 4] = ["i", "i am", "we", "we are"];

/// … does not …
const DECLINES: [&str; 10] = [
    "cannot",
    "can not",
    "cant",
    "wont",
    "will not",
    "unable to",
    "not able to",
    "must decline",
    "have to decline",
    "not comfortable",
];

/// … do what was asked. What comes after must be help or an answer: "I cannot see a difference" is one.
const DEEDS: [&str; 19] = [
    "help",
    "assist",
    "comply",
    "provide",
    "fulfill",
    "fulfil",
    "answer",
    "do that",
    "do this",
    "support",
    "engage",
    "create",
    "generate",
    "discuss",
    "share",
    "continue",
    "participate",
    "proceed",
    "complete",
];

fn check(answer: &Answer<'_>) -> Result<(), Refused> {
    if answer.calls.is_empty() && declines(answer.text) {
        return Err(Refused { class: Class::ContentPolicy, why: "the model refused in words".into(), flaw: None });
    }
    Ok(())
}

/// Whether a text begins by declining. JSON never does.
fn declines(text: &str) -> bool {
    let text = text.trim_start();
    if text.starts_with(['{', '[']) {
        return false;
    }
    let opening: String = text.chars().take(WITHIN).collect::<String>().to_lowercase();
    let opening: String = opening.replace("i'm", "i am").replace("i’m", "i am").replace(['\'', '’'], "");
    let opening = opening.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let opening = format!(" {} ", opening.collect::<Vec<_>>().join(" "));
    let said = |subject: &&str| {
        DECLINES.iter().any(|declines| {
            let start = format!(" {subject} {declines} ");
            opening.match_indices(&start).any(|(at, _)| {
                let deed = &opening[at + start.len()..];
                let deed = deed.strip_prefix("with ").or_else(|| deed.strip_prefix("to ")).unwrap_or(deed);
                DEEDS.iter().any(|known| deed.strip_prefix(known).is_some_and(|after| after.starts_with(' ')))
            })
        })
    };
    SUBJECTS.iter().any(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("I'm sorry, but I can't help with that request.", true)]
    #[case("I’m sorry, but I can’t assist with that.", true)]
    #[case("I cannot provide instructions for this.", true)]
    #[case("Sorry! As an AI model, I am unable to comply with your request.", true)]
    #[case("I won't be part of this, and I won't help with it.", true)]
    #[case("We are sorry. We cannot assist with this request.", true)]
    #[case("I must decline to answer.", true)]
    #[case("The server cannot help: it is down.", false)]
    #[case("I cannot see a difference between the two.", false)]
    #[case("Restart the router. If that fails, write to us.", false)]
    #[case(r#"{"reply":"I can't help with that"}"#, false)]
    #[case("", false)]
    fn a_refusal_is_known_by_who_cannot_do_what(#[case] text: &str, #[case] refuses: bool) {
        assert_eq!(declines(text), refuses, "{text}");
    }

    #[test]
    fn words_late_in_an_answer_refuse_nothing() {
        assert!(!declines(&format!("{} I cannot help with the rest.", "A long answer. ".repeat(20))));
    }
}
