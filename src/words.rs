//! Did you mean …? One guess, and only if it is close.

/// The candidate that is closest to what was written, if any is close enough to be meant.
#[must_use]
pub fn closest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    let reach = (written.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .take(1000)
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&written, &lower);
            let shared = written.chars().zip(lower.chars()).take_while(|(a, b)| a == b).count();
            let begins = shared >= 3 && shared * 4 >= written.chars().count() * 3;
            (if begins { distance.min(reach) } else { distance }, candidate)
        })
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Help for a name that is none of the candidates: a guess, or the list of what there is.
#[must_use]
pub fn help<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    // Long texts make the guess slow and are never a slip of the pen.
    let guess = if written.len() <= 64 { closest(written, candidates.iter().copied()) } else { None };
    match guess {
        Some(guess) => Some(format!("did you mean `{guess}`?")),
        None if candidates.is_empty() => None,
        None => Some(format!("one of: {}", list(candidates))),
    }
}

/// Names in a row, the first twenty of them.
#[must_use]
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(20).map(|n| format!("`{n}`")).collect();
    let more = if names.len() > 20 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_guessed_and_a_foreign_word_is_not() {
        let names = ["targets", "deadline", "degraded"];
        assert_eq!(closest("tragets", names), Some("targets"));
        assert_eq!(closest("dead", names), Some("deadline"));
        assert_eq!(closest("targeted", names), Some("targets"));
        assert_eq!(closest("colour", names), None);
        assert_eq!(help("colour", names).as_deref(), Some("one of: `targets`, `deadline`, `degraded`"));
    }
}
