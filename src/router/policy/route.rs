//! For which requests a route is. All that its condition says must hold.
//!
//! | condition | holds for requests |
//! | --- | --- |
//! | task, tenant, tier, stream, data class, stakes, mode | that are of that kind |
//! | tags | that carry all of them |
//! | residency | that may be processed in these regions only, or in some of them |
//! | larger than, up to | whose prompt has more tokens than the one, and no more than the other |

use crate::event::Name;

/// The condition of a route; what it does not say does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// Only this task.
    pub task: Option<Name>,
    /// Only this tenant.
    pub tenant: Option<Name>,
    /// Only this tier.
    pub tier: Option<Name>,
    /// Only streamed, or only plain, requests.
    pub stream: Option<bool>,
    /// Only with all of these tags.
    pub tags: Vec<Name>,
    /// Only with this kind of data.
    pub data_class: Option<Name>,
    /// Only what must stay within these regions; empty: anything.
    pub residency: Vec<Name>,
    /// Only with high stakes, or only without.
    pub high_stakes: Option<bool>,
    /// Only batch, or only interactive, requests.
    pub batch: Option<bool>,
    /// Only prompts of more tokens.
    pub larger_than: Option<u32>,
    /// Only prompts of no more tokens.
    pub up_to: Option<u32>,
}

/// What of a request matters to routes.
#[derive(Debug, Clone, Copy)]
pub struct Traveller<'a> {
    /// What kind of job it is.
    pub task: &'a str,
    /// Whose it is.
    pub tenant: &'a str,
    /// The tenant's tier.
    pub tier: &'a str,
    /// Whether a stream is wanted.
    pub stream: bool,
    /// Its tags.
    pub tags: &'a [Name],
    /// What kind of data is in it, if that was said.
    pub data_class: Option<&'a Name>,
    /// The regions it may be processed in; empty: anywhere.
    pub residency: &'a [Name],
    /// Whether no answer is better than a bad one.
    pub high_stakes: bool,
    /// Whether it is in no hurry.
    pub batch: bool,
    /// The length of its prompt in tokens.
    pub prompt_tokens: u32,
}

impl When {
    /// The condition that always holds.
    pub const ALWAYS: Self = Self {
        task: None,
        tenant: None,
        tier: None,
        stream: None,
        tags: Vec::new(),
        data_class: None,
        residency: Vec::new(),
        high_stakes: None,
        batch: None,
        larger_than: None,
        up_to: None,
    };

    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, request: &Traveller<'_>) -> bool {
        let same = |wanted: &Option<Name>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let within = |regions: &[Name]| !regions.is_empty() && regions.iter().all(|r| self.residency.contains(r));
        same(&self.task, request.task)
            && same(&self.tenant, request.tenant)
            && same(&self.tier, request.tier)
            && self.stream.is_none_or(|wanted| wanted == request.stream)
            && self.tags.iter().all(|tag| request.tags.contains(tag))
            && self.data_class.as_ref().is_none_or(|wanted| Some(wanted) == request.data_class)
            && (self.residency.is_empty() || within(request.residency))
            && self.high_stakes.is_none_or(|wanted| wanted == request.high_stakes)
            && self.batch.is_none_or(|wanted| wanted == request.batch)
            && self.larger_than.is_none_or(|limit| request.prompt_tokens > limit)
            && self.up_to.is_none_or(|limit| request.prompt_tokens <= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn names(names: &[&str]) -> Vec<Name> {
        names.iter().map(|n| Name::from(*n)).collect()
    }

    #[rstest]
    #[case::nothing(When::ALWAYS, true)]
    #[case::its_task(When { task: Some("chat".into()), ..When::ALWAYS }, true)]
    #[case::another_task(When { task: Some("triage".into()), ..When::ALWAYS }, false)]
    #[case::another_tenant(When { tenant: Some("globex".into()), ..When::ALWAYS }, false)]
    #[case::another_tier(When { task: Some("chat".into()), tier: Some("free".into()), ..When::ALWAYS }, false)]
    #[case::streamed(When { stream: Some(true), ..When::ALWAYS }, true)]
    #[case::plain(When { stream: Some(false), ..When::ALWAYS }, false)]
    #[case::one_of_its_tags(When { tags: names(&["beta"]), ..When::ALWAYS }, true)]
    #[case::one_tag_too_many(When { tags: names(&["beta", "new"]), ..When::ALWAYS }, false)]
    #[case::its_data(When { data_class: Some("pii".into()), ..When::ALWAYS }, true)]
    #[case::other_data(When { data_class: Some("health".into()), ..When::ALWAYS }, false)]
    #[case::all_its_regions(When { residency: names(&["eu-west", "eu-north", "uk"]), ..When::ALWAYS }, true)]
    #[case::it_may_go_elsewhere_too(When { residency: names(&["eu-west"]), ..When::ALWAYS }, false)]
    #[case::its_stakes(When { high_stakes: Some(true), ..When::ALWAYS }, true)]
    #[case::lower_stakes(When { high_stakes: Some(false), ..When::ALWAYS }, false)]
    #[case::interactive(When { batch: Some(false), ..When::ALWAYS }, true)]
    #[case::batch(When { batch: Some(true), ..When::ALWAYS }, false)]
    #[case::just_not_larger(When { larger_than: Some(8000), ..When::ALWAYS }, false)]
    #[case::just_larger(When { larger_than: Some(7999), ..When::ALWAYS }, true)]
    #[case::just_fits(When { up_to: Some(8000), ..When::ALWAYS }, true)]
    #[case::too_large(When { up_to: Some(7999), ..When::ALWAYS }, false)]
    fn a_route_is_for_requests_of_which_all_holds_that_it_says(#[case] when: When, #[case] expected: bool) {
        let (tags, regions, class) = (names(&["beta", "eval"]), names(&["eu-north", "eu-west"]), "pii".into());
        let request = Traveller {
            task: "chat",
            tenant: "acme",
            tier: "gold",
            stream: true,
            tags: &tags,
            data_class: Some(&class),
            residency: &regions,
            high_stakes: true,
            batch: false,
            prompt_tokens: 8000,
        };
        assert_eq!(when.holds(&request), expected);
    }

    #[test]
    fn what_may_go_anywhere_is_not_bound_to_any_region() {
        let anywhere = Traveller {
            task: "chat",
            tenant: "acme",
            tier: "gold",
            stream: false,
            tags: &[],
            data_class: None,
            residency: &[],
            high_stakes: false,
            batch: false,
            prompt_tokens: 1,
        };
        assert!(!When { residency: names(&["eu-west"]), ..When::ALWAYS }.holds(&anywhere));
    }
}
