//! Why a target can never serve a request, however healthy it is.
//!
//! The contract survives fallback: what a request needs of its first target it needs of every other. The order of the
//! checks is that of gravity: what must not happen (where the data goes, what for) before what cannot.

use crate::event::{Name, SkipReason};
use mock_providers::model::Capability;
use std::collections::BTreeSet;

/// What a request needs.
#[derive(Debug, Clone, Default)]
pub struct Needs<'a> {
    /// Regions in which it may be processed; empty: anywhere.
    pub residency: &'a [Name],
    /// What kind of data it carries, if any that needs approval.
    pub data_class: Option<&'a Name>,
    /// No answer is better than a bad one: it falls back to nobody of whom it is not known how good they are.
    pub high_stakes: bool,
    /// What the model must be able to do.
    pub capabilities: Vec<Capability>,
    /// Whether vectors are wanted.
    pub embedding: bool,
    /// Whose vectors they must compare with.
    pub space: Option<&'a Name>,
    /// The length of its prompt in tokens.
    pub prompt_tokens: u32,
}

/// What a target has to offer.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// Where it is, if that is known.
    pub region: Option<&'a Name>,
    /// The kinds of data it is approved for.
    pub approved_for: &'a BTreeSet<Name>,
    /// Whether high stakes may be trusted to it: requests are meant for it, or it is proven to be good enough.
    pub trusted: bool,
    /// What it can do.
    pub capabilities: &'a BTreeSet<Capability>,
    /// Whether its API has words for all that is asked of the model beside the question.
    pub obeys: bool,
    /// Whether its API answers with vectors.
    pub embeds: bool,
    /// Whose vectors its vectors compare with.
    pub space: &'a Name,
    /// Context window in tokens.
    pub context: u32,
}

/// Why not, if not. A prompt that is too long comes last, since another window may hold it.
#[must_use]
pub fn unfit(needs: &Needs<'_>, offer: &Offer<'_>) -> Option<SkipReason> {
    let allowed = needs.residency.is_empty() || offer.region.is_some_and(|region| needs.residency.contains(region));
    if !allowed {
        return Some(SkipReason::Residency);
    }
    if needs.data_class.is_some_and(|class| !offer.approved_for.contains(class)) {
        return Some(SkipReason::DataClass);
    }
    if needs.high_stakes && !offer.trusted {
        return Some(SkipReason::Stakes);
    }
    let able = needs.capabilities.iter().all(|c| offer.capabilities.contains(c));
    if !able || !offer.obeys || (needs.embedding && !offer.embeds) {
        return Some(SkipReason::Capability);
    }
    if needs.embedding && needs.space != Some(offer.space) {
        return Some(SkipReason::VectorSpace);
    }
    (needs.prompt_tokens > offer.context).then_some(SkipReason::Context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn names(names: &[&str]) -> Vec<Name> {
        names.iter().map(|n| Name::from(*n)).collect()
    }

    #[rstest]
    #[case::nothing_asked(&[], None, &[], 10, None)]
    #[case::in_the_region(&["eu-west", "eu-north"], None, &[], 10, None)]
    #[case::elsewhere(&["us-east"], None, &[], 10, Some(SkipReason::Residency))]
    #[case::approved(&[], Some("pii"), &[], 10, None)]
    #[case::not_approved(&[], Some("health"), &[], 10, Some(SkipReason::DataClass))]
    #[case::able(&[], None, &[Capability::Tools], 10, None)]
    #[case::not_able(&[], None, &[Capability::Tools, Capability::Vision], 10, Some(SkipReason::Capability))]
    #[case::it_just_fits(&[], None, &[], 1000, None)]
    #[case::too_long(&[], None, &[], 1001, Some(SkipReason::Context))]
    #[case::where_it_may_not_go_counts_before_what_it_cannot(&["us-east"], Some("health"), &[Capability::Vision], 2000,
        Some(SkipReason::Residency))]
    fn a_target_serves_what_it_may_and_can(
        #[case] residency: &[&str],
        #[case] data_class: Option<&str>,
        #[case] capabilities: &[Capability],
        #[case] prompt_tokens: u32,
        #[case] reason: Option<SkipReason>,
    ) {
        let (region, space): (Name, Name) = ("eu-west".into(), "m".into());
        let (approved_for, able) = (BTreeSet::from(["pii".into()]), BTreeSet::from([Capability::Tools]));
        let offer = Offer {
            region: Some(&region),
            approved_for: &approved_for,
            trusted: true,
            capabilities: &able,
            obeys: true,
            embeds: false,
            space: &space,
            context: 1000,
        };
        let (residency, data_class) = (names(residency), data_class.map(Name::from));
        let needs = Needs {
            residency: &residency,
            data_class: data_class.as_ref(),
            capabilities: capabilities.to_vec(),
            prompt_tokens,
            ..Needs::default()
        };
        assert_eq!(unfit(&needs, &offer), reason);
        let deaf = unfit(&needs, &Offer { obeys: false, ..offer });
        assert_eq!(deaf, reason.filter(|r| *r != SkipReason::Context).or(Some(SkipReason::Capability)));
        let high = Needs { high_stakes: true, ..needs.clone() };
        assert_eq!(unfit(&high, &offer), reason, "what is at stake does not matter to who is trusted");
        let second = unfit(&high, &Offer { trusted: false, ..offer });
        let forbidden = matches!(reason, Some(SkipReason::Residency | SkipReason::DataClass));
        assert_eq!(second, if forbidden { reason } else { Some(SkipReason::Stakes) });
        let nowhere = Offer { region: None, ..offer };
        let known = residency.is_empty();
        assert_eq!(unfit(&needs, &nowhere) == Some(SkipReason::Residency), !known, "an unknown region is none");
    }

    #[test]
    fn a_vector_comes_from_the_same_model_or_not_at_all() {
        let (here, there): (Name, Name) = ("embed-3".into(), "embed-4".into());
        let (none, able) = (BTreeSet::new(), BTreeSet::new());
        let offer = Offer {
            region: None,
            approved_for: &none,
            trusted: true,
            capabilities: &able,
            obeys: true,
            embeds: true,
            space: &there,
            context: 10,
        };
        let needs = Needs { embedding: true, space: Some(&here), ..Needs::default() };
        assert_eq!(unfit(&needs, &offer), Some(SkipReason::VectorSpace));
        assert_eq!(unfit(&Needs { space: Some(&there), ..needs.clone() }, &offer), None);
        assert_eq!(unfit(&needs, &Offer { embeds: false, ..offer }), Some(SkipReason::Capability));
        assert_eq!(unfit(&Needs { space: None, ..needs }, &offer), Some(SkipReason::VectorSpace));
    }
}
