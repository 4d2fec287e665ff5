//! "Did you mean": the nearest of some known words.

/// The candidate nearest to `word`, if one is near enough: at most a third of its letters (but at least one) inserted,
/// left out, changed or swapped. Ties go to the earlier candidate.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let mut best = None;
    for candidate in candidates {
        let distance = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
        let allowed = (candidate.chars().count() / 3).max(1);
        if distance <= allowed && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `a, b, c`, cut short after a dozen.
pub(super) fn listing<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    let shown = words.iter().take(12).copied().collect::<Vec<_>>().join(", ");
    match words.len() {
        0 => "none".to_owned(),
        1..=12 => shown,
        n => format!("{shown} and {} more", n - 12),
    }
}
