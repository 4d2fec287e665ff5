//! What is told of the limits is not so.

use crate::fault::Effect;
use crate::fault::kind::{Family, Kind, Make, Param, Takes};
use crate::limits::Lie;

const WORDS: [&str; 8] = [
    "reset_zero",
    "day_quota",
    "no_retry_after",
    "one_day",
    "no_headers",
    "minus_one",
    "remaining_high",
    "reset_early",
];

pub(in crate::fault) static KIND: Kind = Kind {
    name: "lie",
    family: Family::Provider,
    about: "What is told of the quotas is not so; who is let in does not change. Without quotas it means nothing.",
    example: "{ lie: no_retry_after }",
    takes: &[Param::new(
        "lie",
        Takes::Word(&WORDS),
        None,
        "a reset in 0 s; a quota per day where it is one per minute; no wait is told; a wait of a day; nothing is \
         told; all figures are -1; all is left where nothing is; resets and waits ten times too early",
    )],
    make: Make::Effect(|args| {
        let word = args.word("lie");
        Effect::Lie(Lie::ALL.into_iter().find(|lie| lie.name() == word).unwrap_or(Lie::NoRetryAfter))
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_names_of_the_lies() {
        assert_eq!(WORDS, Lie::ALL.map(Lie::name));
    }
}
