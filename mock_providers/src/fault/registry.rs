//! All kinds of faults.

use super::kind::{Arg, Kind, Takes};
use super::kinds;

/// Every kind, family by family.
pub static ALL: &[&Kind] = &[
    &kinds::refused::KIND,
    &kinds::reset_on_accept::KIND,
    &kinds::deaf::KIND,
    &kinds::latency::KIND,
    &kinds::keep_alive::KIND,
    &kinds::trickle::KIND,
    &kinds::stall::KIND,
    &kinds::silence::KIND,
    &kinds::status::KIND,
    &kinds::error::KIND,
    &kinds::key::KIND,
    &kinds::reset::KIND,
    &kinds::cut::KIND,
    &kinds::early_end::KIND,
    &kinds::stream_error::KIND,
    &kinds::malformed::KIND,
    &kinds::malformed_event::KIND,
    &kinds::duplicate_event::KIND,
    &kinds::no_finish::KIND,
    &kinds::no_terminator::KIND,
    &kinds::left_open::KIND,
    &kinds::fragment::KIND,
    &kinds::coalesce::KIND,
    &kinds::html::KIND,
    &kinds::error_200::KIND,
    &kinds::empty_body::KIND,
    &kinds::wrong_content_type::KIND,
    &kinds::wrong_length::KIND,
    &kinds::unstreamed::KIND,
    &kinds::streamed::KIND,
    &kinds::schema::KIND,
    &kinds::truncated::KIND,
    &kinds::empty::KIND,
    &kinds::whitespace::KIND,
    &kinds::reasoning_ate_budget::KIND,
    &kinds::refusal::KIND,
    &kinds::output_blocked::KIND,
    &kinds::refusal_text::KIND,
    &kinds::finish::KIND,
    &kinds::repetition::KIND,
    &kinds::flood::KIND,
    &kinds::gibberish::KIND,
    &kinds::wrong_language::KIND,
    &kinds::wrong_model::KIND,
    &kinds::usage::KIND,
    &kinds::wrong_tool::KIND,
    &kinds::bad_tool_arguments::KIND,
    &kinds::duplicate_tool_call::KIND,
    &kinds::continuation::KIND,
    &kinds::drift::KIND,
    &kinds::price::KIND,
    &kinds::background::KIND,
    &kinds::lie::KIND,
];

/// The kind of this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.name == name)
}

/// What one word says: a kind, and the value of its main parameter if the word holds one.
#[must_use]
pub fn named(word: &str) -> Option<(&'static Kind, Option<Arg>)> {
    if let Some(kind) = kind(word) {
        return Some((kind, None));
    }
    let joined = ALL.iter().copied().filter_map(|kind| {
        let rest = word.strip_prefix(kind.name)?.strip_prefix('_')?;
        let main = kind.takes.first()?;
        let arg = match main.takes {
            Takes::Count(least, most) => Arg::Count(rest.parse().ok().filter(|n| (least..=most).contains(n))?),
            Takes::Word(words) => Arg::Word(words.iter().find(|word| **word == rest)?),
            _ => return None,
        };
        Some((kind, Some(arg)))
    });
    let causes = kinds::error::KIND.variants().find(|cause| *cause == word);
    joined.into_iter().next().or_else(|| causes.map(|cause| (&kinds::error::KIND, Some(Arg::Word(cause)))))
}

/// All words that [`named`] knows and that need nothing more said; numbers stand as examples.
pub fn words() -> impl Iterator<Item = String> {
    let kinds = ALL.iter().copied();
    let needs_nothing = |kind: &&Kind| kind.takes.first().is_none_or(|main| main.default.is_some());
    let alone = kinds.clone().filter(needs_nothing).map(|kind| kind.name.to_owned());
    let joined = kinds.flat_map(|kind| {
        let bare = std::ptr::eq(kind, &raw const kinds::error::KIND);
        kind.variants().map(move |word| if bare { word.to_owned() } else { format!("{}_{word}", kind.name) })
    });
    alone.chain(joined).chain(["status_429", "status_503"].map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Injection;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_a_kind_is_in_the_registry_once() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/fault/kinds");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("the folder is there")
            .map(|file| file.expect("readable").file_name().into_string().expect("a name"))
            .filter(|name| name != "mod.rs")
            .collect();
        let kinds: BTreeSet<String> = ALL.iter().map(|kind| format!("{}.rs", kind.name)).collect();
        assert_eq!(files, kinds);
        assert_eq!(ALL.len(), kinds.len());
    }

    #[test]
    fn every_word_that_is_offered_says_something() {
        for word in words() {
            let (kind, _) = named(&word).unwrap_or_else(|| panic!("{word}"));
            assert!(!kind.takes_a_share() || Injection::word(&word).is_some(), "{word}");
        }
        for nonsense in ["", "cut_", "status_", "status_99", "schema_nope", "explode"] {
            assert!(named(nonsense).is_none(), "{nonsense}");
        }
    }

    #[test]
    fn a_kind_is_described_in_a_sentence_and_so_is_what_it_takes() {
        for kind in ALL {
            assert!(kind.about.ends_with('.') && kind.about.len() > 20, "{kind:?}");
            for param in kind.takes {
                assert!(!param.about.is_empty() && !param.about.ends_with('.'), "{kind:?} {}", param.name);
            }
        }
    }
}
