//! The answer does not go round in circles.

use super::kind::{Arg, Args, Judges, Kind, Param, Refused, Takes};
use super::{Answer, Asked, always, prose};

/// The longest loop that is looked for, in words.
const LONGEST: usize = 32;

pub(super) static KIND: Kind = Kind {
    name: "repetition",
    about: "The same up to 32 words do not come so many times in a row. Of JSON, its texts are looked at.",
    example: "{ repetition: 6 }",
    judges: Judges::Whole,
    takes: &[Param {
        name: "times",
        takes: Takes::Count(2, 1000),
        default: Some(Arg::Count(6)),
        about: "how many times in a row are a loop",
    }],
    concerns: always,
    check,
};

fn check(args: &Args, _: &Asked<'_>, answer: &Answer<'_>) -> Result<(), Refused> {
    let times = args.count("times").and_then(|times| usize::try_from(times).ok()).unwrap_or(usize::MAX);
    let prose = prose::of(answer.text);
    let words: Vec<&str> = prose.split_whitespace().collect();
    match find_loop(&words, times) {
        Some(words) => Err(Refused::malformed(format!("a loop: {words:?} again and again"))),
        None => Ok(()),
    }
}

/// The first n-gram, shortest first, that comes `times` times in a row. With a period of n words, that is a run of
/// `n * (times - 1)` words each of which is the one n words before it.
fn find_loop(words: &[&str], times: usize) -> Option<String> {
    (1..=LONGEST.min(words.len())).find_map(|period| {
        let enough = period.saturating_mul(times.saturating_sub(1));
        let mut run = 0;
        (period..words.len()).find_map(|i| {
            run = if words[i] == words[i - period] { run + 1 } else { 0 };
            (run >= enough).then(|| words[i + 1 - period..=i].join(" "))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("so so so", 3, Some("so"))]
    #[case("so so", 3, None)]
    #[case("well, a b a b a b and on", 3, Some("a b"))]
    #[case("a b c a b c a b d", 3, None)]
    #[case("a b c a b c a b c", 3, Some("a b c"))]
    #[case("", 2, None)]
    #[case("one two three", 2, None)]
    fn a_loop_is_the_same_words_so_many_times_in_a_row(
        #[case] text: &str,
        #[case] times: usize,
        #[case] found: Option<&str>,
    ) {
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(find_loop(&words, times).as_deref(), found);
    }
}
