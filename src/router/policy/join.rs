//! Going on with an answer that broke off: proof that its second half begins where the first one ended.
//!
//! The client has the beginning of an answer; another target is to say the rest. Whoever is asked may go on exactly, say
//! the last words again, start over, put a sentence in front, or go on with something else. Trusting the first case glues
//! the others together. So the last words that the client has, the *anchor*, are kept from the target: it is given the
//! answer up to them and has to say them itself. Where they come, the answers meet; what follows them is the rest.
//!
//! ```text
//! given to the client      one two three four
//! given to the target      one two            (nothing, if it does not go on from partial answers)
//! anchor                           three four
//! the target says                  three four five       → " five"
//!                              two three four five       → " five"   its last words again
//!                          one two three four five       → " five"   all over
//!                Of course:\n      three four five       → " five"   a sentence in front
//!                                  3, 4, 5               → no join
//! ```
//!
//! Rules:
//! - The anchor starts at a word, is at least [`SHORTEST`] bytes long if there is that much, and occurs only once in what
//!   was given.
//! - Before the anchor may come: blanks; the end of what the target was given; and before these a sentence that ends with
//!   its line. Anything else is no proof.
//! - Blanks before the anchor may differ; within it and after it nothing is touched.

/// The least length of an anchor, in bytes.
pub const SHORTEST: usize = 24;

/// The longest sentence in front, in bytes.
const PREAMBLE: usize = 240;

/// Where the anchor starts in what was given: what stands before it is what the target gets to see.
#[must_use]
pub fn anchor(given: &str) -> usize {
    let mut starts = given.char_indices().rev().filter_map(|(at, c)| {
        let before = given[..at].chars().next_back()?;
        (c.is_whitespace() && !before.is_whitespace()).then_some(at)
    });
    let fits =
        |&at: &usize| given.len() - at >= SHORTEST && given.find(given[at..].trim_start()) == Some(blanks(given, at));
    starts.find(fits).unwrap_or(0)
}

/// The place after the blanks at `at`.
fn blanks(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start().len()
}

/// The two halves do not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what comes does not go on from what the client has")]
pub struct Unjoined;

/// Listens to a target that goes on until it has said the anchor.
#[derive(Debug)]
pub struct Join {
    given: String,
    /// Where the anchor starts, its blanks passed over.
    anchor: usize,
    /// What was said so far; `None` once the halves have met.
    said: Option<String>,
}

impl Join {
    /// The client has `given`; the target was shown `given[..shown]`.
    #[must_use]
    pub fn new(given: &str, shown: usize) -> Self {
        Self { given: given.to_owned(), anchor: blanks(given, shown), said: Some(String::new()) }
    }

    /// What the client has.
    #[must_use]
    pub fn given(&self) -> &str {
        &self.given
    }

    /// Takes in what the target says. What is returned is the client's.
    ///
    /// # Errors
    /// It will not meet what the client has.
    pub fn hear(&mut self, text: &str) -> Result<String, Unjoined> {
        let Some(said) = &mut self.said else { return Ok(text.to_owned()) };
        said.push_str(text);
        let anchor = &self.given[self.anchor..];
        let Some(at) = said.find(anchor) else {
            let enough = self.given.len() + PREAMBLE;
            return if said.len() > enough { Err(Unjoined) } else { Ok(String::new()) };
        };
        if !leads_up(&self.given[..self.anchor], &said[..at]) {
            return Err(Unjoined);
        }
        let rest = said[at + anchor.len()..].to_owned();
        self.said = None;
        Ok(rest)
    }

    /// The target has nothing more to say.
    ///
    /// # Errors
    /// The halves never met.
    pub fn end(&self) -> Result<(), Unjoined> {
        if self.said.is_none() { Ok(()) } else { Err(Unjoined) }
    }
}

/// Whether what came before the anchor is no part of an answer, or one that the client has.
fn leads_up(known: &str, before: &str) -> bool {
    let repeats = |said: &str| known.trim_end().ends_with(said.trim());
    let mut lines = before.match_indices('\n').map(|(at, _)| at + 1).filter(|&at| at <= PREAMBLE);
    repeats(before) || lines.any(|at| repeats(&before[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const GIVEN: &str = "The first thing to know about a breaker is that it";
    const REST: &str = " opens before it is asked twice.";

    /// What the client gets, the pieces of `said` being `size` bytes long.
    fn joined(given: &str, shown: usize, said: &str, size: usize) -> Result<String, Unjoined> {
        let mut join = Join::new(given, shown);
        let mut all = String::new();
        let chars: Vec<char> = said.chars().collect();
        for piece in chars.chunks(size) {
            all.push_str(&join.hear(&piece.iter().collect::<String>())?);
        }
        join.end().map(|()| all)
    }

    #[test]
    fn the_anchor_is_some_whole_words() {
        assert_eq!(&GIVEN[anchor(GIVEN)..], " about a breaker is that it");
        assert_eq!(anchor("short"), 0);
        let twice = "to be or not to be, that is the question: to be or not to be, that";
        assert!(anchor(twice) <= "to be or not to be, that is the".len(), "{}", &twice[anchor(twice)..]);
    }

    #[rstest]
    #[case::exactly("{a}{r}", Ok(REST))]
    #[case::its_last_words_again("first thing to know{a}{r}", Ok(REST))]
    #[case::all_over("{p}{a}{r}", Ok(REST))]
    #[case::a_sentence_in_front("Here is the rest of the answer:\n\n{a}{r}", Ok(REST))]
    #[case::a_sentence_and_all_over("Sure! Here it is.\n{p}{a}{r}", Ok(REST))]
    #[case::another_blank("\n{t}{r}", Ok(REST))]
    #[case::no_blank("{t}{r}", Ok(REST))]
    #[case::nothing_more("{a}", Ok(""))]
    #[case::a_sentence_in_the_same_line("Sure: {t}{r}", Err(Unjoined))]
    #[case::its_last_words_from_the_middle_of_one("now{a}{r}", Ok(REST))]
    #[case::other_words("then{a}{r}", Err(Unjoined))]
    #[case::something_else("Breakers are for the wall.", Err(Unjoined))]
    #[case::silence("", Err(Unjoined))]
    fn halves_meet_or_are_kept_apart(#[case] said: &str, #[case] rest: Result<&str, Unjoined>) {
        let shown = anchor(GIVEN);
        let (known, anchor) = GIVEN.split_at(shown);
        let said = said.replace("{p}", known).replace("{a}", anchor).replace("{t}", anchor.trim_start());
        let said = said.replace("{r}", REST);
        for size in [1, 3, 1000] {
            assert_eq!(joined(GIVEN, shown, &said, size).as_deref(), rest.as_ref().map(|r| *r), "{size}");
        }
    }

    #[test]
    fn without_a_partial_answer_the_whole_must_come_again() {
        assert_eq!(joined(GIVEN, 0, &format!("{GIVEN}{REST}"), 4).as_deref(), Ok(REST));
        assert_eq!(joined(GIVEN, 0, "The first thing to say about a breaker is this.", 4), Err(Unjoined));
    }

    #[test]
    fn it_does_not_listen_for_ever() {
        let mut join = Join::new(GIVEN, anchor(GIVEN));
        let heard = (0..1000).take_while(|_| join.hear("blah ").is_ok()).count();
        assert!(heard < 100, "{heard}");
    }

    proptest! {
        #[test]
        fn wherever_an_answer_of_words_is_cut_the_two_halves_make_the_whole(
            words in proptest::collection::vec("(a|b|the|to|not|or|Größe|naïve|日本)[,.]?", 1..60), cut in any::<prop::sample::Index>(),
            size in 1usize..9, again in 0usize..6,
        ) {
            let whole = words.join(" ");
            let cuts: Vec<usize> = whole.char_indices().map(|(at, _)| at).chain([whole.len()]).collect();
            let given = &whole[..cuts[cut.index(cuts.len())]];
            let shown = anchor(given);
            // Some of the words shown come again.
            let mut start = shown;
            for _ in 0..again {
                start = given[..start].trim_end().rfind(' ').map_or(0, |at| at);
            }
            let rest = joined(given, shown, &whole[start..], size);
            prop_assert_eq!(rest.as_deref(), Ok(&whole[given.len()..]));
        }
    }
}
