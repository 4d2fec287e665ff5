//! Answer text as a stream of tokens.
//!
//! A token is a run of whitespace and up to eight bytes of what follows it. That is close to what real tokenizers make
//! of English and JSON (about four characters), costs nothing to compute, and loses nothing: the tokens of a text,
//! joined, are the text. Prompts are only ever counted, at four bytes a token.

/// The most bytes of a token that are not whitespace.
const WORD: usize = 8;

/// The tokens of `text`, in order. Joined they give `text` again.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (token, tail) = rest.split_at(first_token(rest));
        rest = tail;
        (!token.is_empty()).then_some(token)
    })
}

/// How many tokens a prompt of this many bytes counts for.
pub fn prompt_tokens(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX)
}

/// The length of the first token of `rest` in bytes; 0 only at the end.
pub(crate) fn first_token(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let blank = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let word = bytes[blank..].iter().take(WORD).take_while(|b| !b.is_ascii_whitespace()).count();
    // No character has more than four bytes, so this never steps back over a whole word.
    (blank..=blank + word).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len())
}

/// `text` up to the end of its `count`-th token.
pub(crate) fn first_tokens(text: &str, count: u32) -> &str {
    let end = tokens(text).take(usize::try_from(count).unwrap_or(usize::MAX)).map(str::len).sum();
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_keeps_the_space_before_it() {
        assert_eq!(
            tokens("The refund is on its way. ").collect::<Vec<_>>(),
            ["The", " refund", " is", " on", " its", " way.", " "]
        );
    }

    #[test]
    fn a_long_word_is_several_tokens() {
        assert_eq!(tokens(r#"{"label":"billing"}"#).collect::<Vec<_>>(), [r#"{"label""#, r#":"billin"#, r#"g"}"#]);
    }

    #[test]
    fn no_text_has_no_tokens() {
        assert_eq!(tokens("").count(), 0);
    }

    proptest! {
        #[test]
        fn the_tokens_of_any_text_joined_are_the_text(text in ".*") {
            prop_assert_eq!(tokens(&text).collect::<String>(), text);
        }

        #[test]
        fn cutting_after_n_tokens_gives_n_tokens(text in ".*", n in 0u32..20) {
            let cut: Vec<_> = tokens(first_tokens(&text, n)).collect();
            prop_assert_eq!(cut, tokens(&text).take(n as usize).collect::<Vec<_>>());
        }
    }
}
