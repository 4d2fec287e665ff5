//! The model that answered is the one that was asked.

use super::kind::{Judges, Kind, Refused};
use super::{Answer, Asked, always};

pub(super) static KIND: Kind = Kind {
    name: "model",
    about: "The response names the model that was asked, or a dated snapshot of it. A response that names none passes.",
    example: "model",
    judges: Judges::Head,
    takes: &[],
    concerns: always,
    check: |_, asked, answer| check(asked, answer),
};

fn check(asked: &Asked<'_>, answer: &Answer<'_>) -> Result<(), Refused> {
    match answer.model.filter(|model| !is_the_same(asked.model, model)) {
        Some(model) => Err(Refused::malformed(format!("{model} answered for {}", asked.model))),
        None => Ok(()),
    }
}

/// Vendors answer to a name with a version of it (`gpt-4o` with `gpt-4o-2024-08-06`, `x-latest` with `x-001`), and some
/// with a path before it (`models/…`). Groups of one or two digits are no date: `claude-sonnet-4-5` is not
/// `claude-sonnet-4`.
fn is_the_same(asked: &str, said: &str) -> bool {
    let bare = |name: &str| name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let (asked, said) = (bare(asked), bare(said));
    let asked = asked.strip_suffix("-latest").unwrap_or(&asked);
    match said.strip_prefix(asked) {
        None => false,
        Some("") => true,
        Some(version) => version.strip_prefix(['-', '@']).is_some_and(|version| {
            let first = version.split('-').next().unwrap_or_default();
            first.len() >= 3 && version.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("gpt-4o", "gpt-4o", true)]
    #[case("gpt-4o", "gpt-4o-2024-08-06", true)]
    #[case("gpt-4", "gpt-4-0613", true)]
    #[case("gemini-2.5-flash", "models/gemini-2.5-flash-001", true)]
    #[case("mistral-large-latest", "mistral-large-2411", true)]
    #[case("meta-llama/Llama-3.1-8B", "llama-3.1-8b", true)]
    #[case("gpt-4o", "gpt-4o-mini", false)]
    #[case("gpt-4o", "gpt-4o-lite", false)]
    #[case("gpt-4o", "gpt-4", false)]
    #[case("gpt-4", "gpt-4o", false)]
    #[case("claude-sonnet-4", "claude-sonnet-4-5", false)]
    #[case("claude-sonnet-4", "claude-sonnet-4-20250514", true)]
    #[case("gpt-4o", "", false)]
    fn a_model_is_known_by_its_name_and_its_snapshots(#[case] asked: &str, #[case] said: &str, #[case] same: bool) {
        assert_eq!(is_the_same(asked, said), same);
    }
}
