//! Answer text as a stream of tokens.
//!
//! A token is a run of whitespace and up to eight bytes of what follows it. That is close to what real tokenizers make
//! of English and JSON (about four characters), costs nothing to compute, and loses nothing: the tokens of a text,
//! joined, are the text. Prompts are only ever counted, at four bytes a token.
//!
//! A text as a vector ([`embedding`]) says nothing of its meaning: the same text has the same vector, any other one that
//! is nearly orthogonal.

use crate::luck::Luck;
use rand::RngExt;

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

/// The vector that stands for this text at this model: of length 1, the same in every drill and on every machine.
/// A shorter vector points where the first numbers of a longer one do, as with the vendors that let clients shorten them.
#[must_use]
pub fn embedding(model: &str, text: &str, dimensions: usize) -> Vec<f32> {
    // Only sums, products and a square root, all of which every machine rounds alike.
    let mut draw = Luck::new(0).draw("embedding", &[model, text], &[]);
    let numbers: Vec<f64> = (0..dimensions).map(|_| draw.random::<f64>() * 2.0 - 1.0).collect();
    let length = libm::sqrt(numbers.iter().map(|number| number * number).sum());
    numbers.into_iter().map(|number| (number / length) as f32).collect()
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

    #[test]
    fn a_vector_has_length_one_and_depends_on_model_and_text_alone() {
        let vector = embedding("m", "hello", 1536);
        let length: f64 = vector.iter().map(|number| f64::from(*number).powi(2)).sum();
        assert!((length - 1.0).abs() < 1e-6, "{length}");
        assert_eq!(vector, embedding("m", "hello", 1536));
        for other in [embedding("n", "hello", 1536), embedding("m", "hallo", 1536)] {
            let cosine: f32 = vector.iter().zip(&other).map(|(a, b)| a * b).sum();
            assert!(cosine.abs() < 0.1, "{cosine}");
        }
    }

    #[test]
    fn a_shorter_vector_points_where_the_first_numbers_of_a_longer_one_do() {
        let (long, short) = (embedding("m", "hello", 1536), embedding("m", "hello", 2));
        assert!((long[0] / long[1] - short[0] / short[1]).abs() < 1e-4);
        assert!(embedding("m", "hello", 0).is_empty());
    }

    #[test]
    fn the_vector_of_a_text_is_pinned() {
        let bits: Vec<u32> = embedding("m", "hello", 3).iter().map(|number| number.to_bits()).collect();
        assert_eq!(bits, [1_063_329_856, 3_200_717_138, 3_196_890_265]);
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
