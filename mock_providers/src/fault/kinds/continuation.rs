//! A model that is asked to go on from a partial answer does it badly.

use crate::dialect::{Ask, Format, NO_PREFILL, Problem};
use crate::fault::kind::{Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Instead};
use crate::text::tokens;
use std::sync::Arc;

/// The words of the partial answer that are said again.
const REPEATED: usize = 3;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "continuation",
    family: Family::Content,
    about: "A request to go on from a partial answer is met badly; others are left alone.",
    example: "{ continuation: repeats_words }",
    takes: &[Param::new(
        "continuation",
        Takes::Word(&["repeats_words", "restarts", "preamble", "changes_whitespace", "refuses"]),
        None,
        "its last words come again, the answer starts over, a sentence comes first, the blanks at the seam are others, \
         or the vendor answers 400",
    )],
    make: Make::Act(|args| {
        Arc::new(match args.word("continuation") {
            "restarts" => Continuation::Restarts,
            "preamble" => Continuation::Preamble,
            "changes_whitespace" => Continuation::ChangesWhitespace,
            "refuses" => Continuation::Refuses,
            _ => Continuation::RepeatsWords,
        })
    }),
};

#[derive(Debug, Clone, Copy)]
enum Continuation {
    RepeatsWords,
    Restarts,
    Preamble,
    ChangesWhitespace,
    Refuses,
}

impl Act for Continuation {
    fn instead(&self, ask: &Ask<'_>, _format: &dyn Format) -> Option<Instead> {
        let refused = matches!(self, Self::Refuses) && ask.prefill.is_some();
        refused.then_some(Instead::Problem(Problem::BadShape(NO_PREFILL)))
    }

    fn go_on(&self, said: &str, rest: &str) -> Option<String> {
        Some(match self {
            Self::Refuses => return None,
            Self::Restarts => format!("{said}{rest}"),
            Self::Preamble => format!("Here is the rest of the answer:\n\n{}", rest.trim_start()),
            Self::RepeatsWords => {
                let words: Vec<&str> = tokens(said).collect();
                let again = words[words.len().saturating_sub(REPEATED)..].concat();
                format!("{}{rest}", again.trim_start())
            }
            Self::ChangesWhitespace => match rest.strip_prefix(' ') {
                Some(rest) => format!("\n{rest}"),
                None => format!(" {rest}"),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_go_on_badly_is_the_one_it_says() {
        let table = [
            (Continuation::RepeatsWords, Some("two three four five six")),
            (Continuation::Restarts, Some("one two three four five six")),
            (Continuation::Preamble, Some("Here is the rest of the answer:\n\nfive six")),
            (Continuation::ChangesWhitespace, Some("\nfive six")),
            (Continuation::Refuses, None),
        ];
        for (how, wanted) in table {
            assert_eq!(how.go_on("one two three four", " five six").as_deref(), wanted, "{how:?}");
        }
        assert_eq!(Continuation::ChangesWhitespace.go_on("one tw", "o").unwrap(), " o");
    }
}
