//! Did-you-mean, for every name that a person can mistype.

/// The candidate nearest to a mistyped name, if one is near enough to be what was meant.
#[must_use]
pub fn did_you_mean<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(typed, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count().min(typed.chars().count()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_nonsense_is_not() {
        let names = ["openai", "anthropic", "gemini"];
        assert_eq!(did_you_mean("opneai", names), Some("openai"));
        assert_eq!(did_you_mean("antropic", names), Some("anthropic"));
        assert_eq!(did_you_mean("mistral", names), None);
    }
}
