//! Who could stand in for the first target of a chain, the closest first.
//!
//! Rules, each of which decides only where those before it leave a tie:
//! 1. As good as the first: right on as large a share of the eval set, less the margin of a swap. Of those that are not,
//!    whoever is right more often.
//! 2. More of what the first can do: capabilities in common.
//! 3. More independent: see [`Independence`].
//! 4. Cheaper, by the price of its answers.
//!
//! What was measured counts, never what a scenario declares. Who gave no answer is worse than everybody who did.

use super::plan::Plan;
use crate::event::Marks;
use crate::router::config::Target;
use crate::router::policy::evals::Bar;
use std::cmp::Reverse;

/// What was found when every model of a plan was measured on one task of a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// Index of the chain.
    pub chain: usize,
    /// The task, as scenarios call it.
    pub task: &'static str,
    /// Everybody, with what came of the items.
    pub found: Vec<(Target, Marks)>,
}

/// How little a target has in common with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Independence {
    /// The same provider, with its keys and its quota.
    SameProvider,
    /// Another provider of the same vendor.
    SameVendor,
    /// Another vendor in the same region.
    SameRegion,
    /// Another vendor, and nobody says that it is in the same region.
    Full,
}

impl Independence {
    /// What this target has in common with another one.
    #[must_use]
    pub fn of(target: &Target, other: &Target) -> Self {
        if target.provider == other.provider {
            Self::SameProvider
        } else if target.vendor == other.vendor {
            Self::SameVendor
        } else if target.region.is_some() && target.region == other.region {
            Self::SameRegion
        } else {
            Self::Full
        }
    }

    /// In a few words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameProvider => "same provider, keys and quota",
            Self::SameVendor => "same vendor",
            Self::SameRegion => "same region",
            Self::Full => "independent",
        }
    }
}

/// Somebody who could stand in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<'a> {
    /// Who.
    pub target: &'a Target,
    /// What was found.
    pub marks: Marks,
    /// Whether that is as good as the first target.
    pub as_good: bool,
    /// How many of the capabilities of the first it has.
    pub overlap: usize,
    /// What it has in common with the first besides.
    pub independence: Independence,
    /// Its place in the chain, from 0; `None`: it is not in it.
    pub place: Option<usize>,
}

/// Right answers in ten thousand.
fn quality(marks: &Marks) -> Option<u32> {
    let verdicts = u64::from(marks.verdicts());
    u32::try_from((u64::from(marks.right) * 10_000).checked_div(verdicts)?).ok()
}

/// The first target of the surveyed chain, and everybody else in the order in which they could stand in for it. `None`
/// if the survey does not have the first.
#[must_use]
pub fn rank<'a>(plan: &Plan, survey: &'a Survey) -> Option<(Candidate<'a>, Vec<Candidate<'a>>)> {
    let members = &plan.router.chains.get(survey.chain)?.targets;
    let place = |target: &Target| members.iter().position(|&member| plan.router.targets[member].name == target.name);
    let (first, marks) = survey.found.iter().find(|(target, _)| place(target) == Some(0))?;
    let allowance = (Bar::default().margin * 10_000.0) as u32;
    let candidate = |(target, found): &'a (Target, Marks)| Candidate {
        target,
        marks: *found,
        as_good: quality(found).is_some_and(|q| q + allowance >= quality(marks).unwrap_or_default()),
        overlap: first.capabilities.intersection(&target.capabilities).count(),
        independence: Independence::of(target, first),
        place: place(target),
    };
    let mut others: Vec<Candidate<'a>> =
        survey.found.iter().filter(|(t, _)| t.name != first.name).map(candidate).collect();
    others.sort_by(|a, b| {
        let key = |c: &Candidate<'_>| {
            let short = if c.as_good { 0 } else { 10_001 - quality(&c.marks).unwrap_or_default() };
            (short, Reverse(c.overlap), Reverse(c.independence))
        };
        let price = |c: &Candidate<'_>| c.target.prices.first().output;
        key(a).cmp(&key(b)).then(price(a).total_cmp(&price(b))).then_with(|| a.target.name.cmp(&b.target.name))
    });
    Some((candidate(survey.found.iter().find(|(t, _)| t.name == first.name)?), others))
}

/// The closest of all, if the chain falls back to others only.
#[must_use]
pub fn skipped<'a>(others: &[Candidate<'a>]) -> Option<Candidate<'a>> {
    let falls_back = others.iter().any(|candidate| candidate.place.is_some());
    others.first().filter(|closest| falls_back && closest.place.is_none() && closest.as_good).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::policy::prices::PriceList;
    use crate::scenario::load;
    use mock_providers::model::{Capability, Price};

    const PLAN: &str = "
version: 1
name: rank
providers:
  one: { dialect: openai, vendor: openai, region: us, models: { gpt-4o: {}, gpt-4o-mini: {} } }
  two: { dialect: azure, vendor: microsoft, region: eu, models: { gpt-4o: {} } }
  six: { dialect: anthropic, vendor: anthropic, region: us, models: { claude-sonnet-4: {} } }
router:
  evals: [{ chain: main }]
  chains: { main: { targets: [one/gpt-4o, six/claude-sonnet-4], breaker: { min_calls: 5 } } }
load: [{ task: triage, rate: 20/s }]
phases: [{ name: all, for: 60s }]
";

    fn plan() -> Plan {
        load("rank", PLAN.as_bytes()).expect("valid").plan
    }

    /// Everybody in the plan, right on so many of 100 items, in the order of the file.
    fn survey(plan: &Plan, right: [u32; 4]) -> Survey {
        let all = plan.providers.iter().enumerate();
        let all = all.flat_map(|(index, p)| (0..p.models.len()).filter_map(move |place| p.target(index, place)));
        let marks = right.map(|right| Marks { right, wrong: 100 - right, ..Marks::default() });
        Survey { chain: 0, task: "triage", found: all.zip(marks).collect() }
    }

    fn order(survey: &Survey) -> Vec<String> {
        let (first, others) = rank(&plan(), survey).expect("the first is there");
        assert_eq!(&*first.target.name, "one/gpt-4o");
        others.iter().map(|candidate| candidate.target.name.to_string()).collect()
    }

    #[test]
    fn among_those_that_are_as_good_it_is_what_they_can_do_then_independence_then_the_price() {
        let mut found = survey(&plan(), [95, 94, 93, 97]);
        for (target, _) in &mut found.found {
            target.capabilities = Capability::ALL.into();
            target.prices = PriceList::new(Price { input: 1.0, cached: 1.0, output: 10.0 });
        }
        assert_eq!(order(&found), ["two/gpt-4o", "six/claude-sonnet-4", "one/gpt-4o-mini"]);
        found.found[2].0.region = found.found[0].0.region.clone();
        found.found[3].0.prices = PriceList::new(Price { input: 1.0, cached: 1.0, output: 5.0 });
        assert_eq!(order(&found)[0], "six/claude-sonnet-4");
        found.found[3].0.capabilities.clear();
        assert_eq!(order(&found), ["two/gpt-4o", "one/gpt-4o-mini", "six/claude-sonnet-4"]);
    }

    #[test]
    fn who_is_not_as_good_comes_after_all_who_are_and_who_said_nothing_last() {
        let mut found = survey(&plan(), [95, 80, 92, 94]);
        assert_eq!(order(&found), ["six/claude-sonnet-4", "two/gpt-4o", "one/gpt-4o-mini"]);
        found.found[2].1 = Marks { errors: 100, ..Marks::default() };
        assert_eq!(order(&found), ["six/claude-sonnet-4", "one/gpt-4o-mini", "two/gpt-4o"]);
    }

    #[test]
    fn a_chain_skips_the_closest_if_it_falls_back_to_others_only() {
        let plan = plan();
        let told = |right| {
            let found = survey(&plan, right);
            let (_, others) = rank(&plan, &found).expect("some");
            skipped(&others).map(|candidate| candidate.target.name.to_string())
        };
        assert_eq!(told([95, 50, 95, 95]), Some("two/gpt-4o".to_owned()));
        assert_eq!(told([95, 50, 60, 95]), None, "the closest is in the chain");
        assert_eq!(told([95, 50, 80, 70]), None, "nobody is as good");
    }
}
