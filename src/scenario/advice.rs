//! What a plan shows before anything runs: which chains stand on one leg, and which breakers will never trip or never
//! close.
//!
//! Rules, each a question about the plan alone:
//! - *Redundant?* A chain whose members share provider (with its keys and quota), vendor or region fails as one.
//! - *Closest skipped?* A chain that leaves out the very model of its first member where another provider serves it falls
//!   back to a stranger.
//! - *Measured?* A floor of quality is nothing as long as nobody has measured who is above it. A grader sees only who
//!   answers, so a member that high stakes are to fall back to must be measured by an eval. Where some chains have
//!   evals, the others are asked for theirs.
//! - *In vain?* Batch requests yield in a chain that none takes.
//! - *Blind?* A breaker judges no rate on fewer than `min_calls` calls in its window. If all requests of all chains that
//!   name the target would not make so many, retries aside, it never trips. One that trips on failures in a row does.
//! - *Credulous?* A health check that asks for the list of models can lie. One whose key the provider does not know
//!   learns nothing.
//! - *Impatient?* A probe that is out for longer than `probe_for` counts as a failure. Where answers typically take longer,
//!   a healed target stays locked out.

use super::check::ways;
use super::plan::{Plan, Provider};
use crate::event::CheckKind;
use crate::load::Stream;
use crate::router::Stakes;
use crate::router::checks::TENANT;
use crate::router::config::{Chain, Config, Target};
use crate::tasks::{self, Said, Task};
use mock_providers::text::tokens;
use mock_providers::{Luck, Model};
use std::collections::BTreeSet;
use std::time::Duration;

/// Something that is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Index of the chain it is about.
    pub chain: usize,
    /// What is wrong, in a sentence without its end.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// All that is found in a plan, in the order of its chains.
#[must_use]
pub fn advise(plan: &Plan) -> Vec<Advice> {
    let mut found = Vec::new();
    let mut judged = BTreeSet::new();
    for (index, chain) in plan.router.chains.iter().enumerate() {
        let mut tell = |(message, help): (String, String)| found.push(Advice { chain: index, message, help });
        not_redundant(plan, chain).map(&mut tell);
        closest_skipped(plan, chain).map(&mut tell);
        unmeasured(plan, index, chain).map(&mut tell);
        yields_in_vain(plan, index).map(&mut tell);
        for &target in &chain.targets {
            // One breaker for all chains that name the target: said once.
            if judged.insert(target) {
                blind(plan, target).map(&mut tell);
                impatient(plan, target).map(&mut tell);
                credulous(plan, target).map(&mut tell);
                keyless(plan, target).map(&mut tell);
            }
        }
    }
    found
}

/// The chains that requests of a stream take, each with the share of them that it takes at most.
pub(super) fn reached(stream: &Stream, router: &Config) -> Vec<(usize, f64)> {
    if router.chains.is_empty() {
        return Vec::new();
    }
    let mut reached = Vec::new();
    for (streamed, share) in [(true, stream.streamed), (false, 1.0 - stream.streamed)] {
        if share > 0.0 {
            let chains: BTreeSet<usize> = ways(stream, streamed, router).iter().map(|way| way.chain).collect();
            reached.extend(chains.into_iter().map(|chain| (chain, share)));
        }
    }
    reached
}

/// The tasks whose requests a chain takes.
#[must_use]
pub fn tasks_of(plan: &Plan, chain: usize) -> BTreeSet<Task> {
    let takes = |stream: &&Stream| reached(stream, &plan.router).iter().any(|(taken, _)| *taken == chain);
    plan.load.iter().filter(takes).map(|stream| stream.task).collect()
}

/// The most requests a second that these chains take at any instant.
#[must_use]
pub fn peak_rate(plan: &Plan, chains: &BTreeSet<usize>) -> f64 {
    let share = |stream: &Stream| -> f64 {
        reached(stream, &plan.router).iter().filter(|(chain, _)| chains.contains(chain)).map(|(_, share)| share).sum()
    };
    let streams: Vec<(&Stream, f64)> = plan.load.iter().map(|stream| (stream, share(stream))).collect();
    // Rates are linear between the edges of the segments, so the sum of them is greatest at an edge.
    let edges = plan.load.iter().flat_map(|stream| &stream.rate).flat_map(|s| [(s.from, false), (s.until, true)]);
    let rate_at = |(at, before): (Duration, bool)| -> f64 {
        let of = |(stream, share): &(&Stream, f64)| {
            let holds = |s: &&crate::load::Segment| match before {
                true => s.from < at && at <= s.until,
                false => s.from <= at && at < s.until,
            };
            stream.rate.iter().find(holds).map_or(0.0, |s| {
                let along = (at - s.from).as_secs_f64() / (s.until - s.from).as_secs_f64();
                (s.start_rate + (s.end_rate - s.start_rate) * along) * share
            })
        };
        streams.iter().map(of).sum()
    };
    edges.map(rate_at).fold(0.0, f64::max)
}

fn target(plan: &Plan, index: usize) -> (&Target, &Provider) {
    let target = &plan.router.targets[index];
    (target, &plan.providers[target.provider])
}

/// How a model of the plan is described.
#[must_use]
pub fn model<'p>(plan: &'p Plan, target: &Target) -> Option<&'p Model> {
    plan.providers.get(target.provider)?.models.iter().find(|model| *model.name == *target.model)
}

fn not_redundant(plan: &Plan, chain: &Chain) -> Option<(String, String)> {
    let members: Vec<&Provider> = chain.targets.iter().map(|&index| target(plan, index).1).collect();
    let (first, rest) = members.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let all = |same: &dyn Fn(&Provider) -> bool| rest.iter().all(|provider| same(provider));
    let shared = if all(&|p| p.name == first.name) {
        format!("the provider `{}`, with its keys and its quota", first.name)
    } else if all(&|p| p.vendor == first.vendor) {
        format!("the vendor `{}`", first.vendor)
    } else if first.region.is_some() && all(&|p| p.region == first.region) {
        format!("the region `{}`", first.region.as_deref().unwrap_or_default())
    } else {
        return None;
    };
    let message = format!("the chain `{}` is not redundant: all its members share {shared}", chain.name);
    Some((message, "add a member that fails for other reasons".to_owned()))
}

fn closest_skipped(plan: &Plan, chain: &Chain) -> Option<(String, String)> {
    let members: Vec<&Target> = chain.targets.iter().map(|&index| target(plan, index).0).collect();
    let first = members.first().filter(|_| members.len() > 1)?;
    let identity = &model(plan, first)?.identity;
    let same = |t: &&&Target| model(plan, t).is_some_and(|model| model.identity == *identity);
    if members.iter().filter(same).count() > 1 {
        return None;
    }
    let elsewhere = plan.providers.iter().enumerate().filter(|(index, _)| *index != first.provider);
    let (provider, twin) =
        elsewhere.flat_map(|(_, p)| p.models.iter().map(move |m| (p, m))).find(|(_, m)| m.identity == *identity)?;
    let message = format!(
        "the chain `{}` skips the closest candidate: `{}/{}` is the same model",
        chain.name, provider.name, twin.name
    );
    Some((message, format!("add it after `{}`", first.name)))
}

fn unmeasured(plan: &Plan, index: usize, chain: &Chain) -> Option<(String, String)> {
    let oversight = &plan.router.oversight;
    if oversight.evals.iter().any(|eval| eval.chain == index) || plan.eval_set(index).is_empty() {
        return None;
    }
    let comes_here = |stream: &&Stream| reached(stream, &plan.router).iter().any(|(taken, _)| *taken == index);
    let at_stake = plan.load.iter().filter(comes_here).any(|stream| stream.traits.stakes == Stakes::High);
    let (floor, graded) = (chain.min_quality.is_some(), oversight.grader.is_some());
    let name = &chain.name;
    let message = if floor && at_stake && chain.targets.len() > 1 {
        format!("nobody has measured the members of the chain `{name}` before high stakes fall back to them")
    } else if floor && !graded {
        format!("nothing measures whether the members of the chain `{name}` reach its floor of quality")
    } else if !oversight.evals.is_empty() && !graded {
        format!("the members of the chain `{name}` are not measured, those of others are")
    } else {
        return None;
    };
    Some((
        message,
        format!(
            "add `evals: [{{ chain: {name} }}]` to the router; what a scenario calls `quality` is what the mock is"
        ),
    ))
}

fn yields_in_vain(plan: &Plan, index: usize) -> Option<(String, String)> {
    let chain = &plan.router.chains[index];
    let mut batch = plan.load.iter().filter(|stream| stream.traits.batch);
    let takes = |stream: &Stream| reached(stream, &plan.router).iter().any(|(taken, _)| *taken == index);
    if chain.batch_in_flight.is_none() || batch.any(takes) {
        return None;
    }
    let message = format!("the chain `{}` has a `batch_in_flight`, and takes no batch requests", chain.name);
    Some((message, "a load stream is in no hurry if it says `mode: batch`".to_owned()))
}

fn blind(plan: &Plan, index: usize) -> Option<(String, String)> {
    let (target, _) = target(plan, index);
    let chains = &plan.router.chains;
    let naming: BTreeSet<usize> = (0..chains.len()).filter(|&i| chains[i].targets.contains(&index)).collect();
    let (breaker, rate) = (&target.breaker, peak_rate(plan, &naming));
    let calls = rate * breaker.window.as_secs_f64();
    if !breaker.trips || breaker.consecutive.is_some() || rate == 0.0 || calls >= f64::from(breaker.min_calls) {
        return None;
    }
    let message = format!(
        "the breaker of `{}` is blind: at most {calls:.1} calls come in its window of {:?}, and it judges none below {}",
        target.name, breaker.window, breaker.min_calls
    );
    Some((message, "give it a longer `window`, fewer `min_calls`, or `consecutive`".to_owned()))
}

fn impatient(plan: &Plan, index: usize) -> Option<(String, String)> {
    let (target, _) = target(plan, index);
    let given = target.breaker.probe_for?;
    let model = model(plan, target)?;
    let chains = plan.router.chains.iter().enumerate().filter(|(_, chain)| chain.targets.contains(&index));
    let tasks: BTreeSet<Task> = chains.flat_map(|(chain, _)| tasks_of(plan, chain)).collect();
    // The task with the quickest answers: probes are whatever requests come.
    let took = tasks.into_iter().map(|task| typical(model, task)).min()?;
    if took <= given {
        return None;
    }
    let message = format!(
        "the breaker of `{}` gives a probe {:?}, and answers typically take {:.1}s: once open, it never closes again",
        target.name,
        given,
        took.as_secs_f64()
    );
    Some((message, "make `probe_for` longer than an answer, or leave it out".to_owned()))
}

fn credulous(plan: &Plan, index: usize) -> Option<(String, String)> {
    let (target, _) = target(plan, index);
    target.checks.filter(|checks| checks.kind == CheckKind::Models)?;
    let message = format!(
        "the health checks of `{}` can lie: its list of models may be served while completions fail, and the other way round",
        target.name
    );
    let help = "`kind: completion` asks for what counts; a healthy list never ends what live traffic has found";
    Some((message, help.to_owned()))
}

fn keyless(plan: &Plan, index: usize) -> Option<(String, String)> {
    let (target, provider) = target(plan, index);
    let pooled = plan.router.pools.iter().any(|pool| pool.provider == target.provider);
    let known = provider.limits.keys.is_empty() || provider.limits.keys.iter().any(|key| *key.name == *TENANT);
    if target.checks.is_none() || pooled || known {
        return None;
    }
    let message =
        format!("the health checks of `{}` learn nothing: `{}` does not know their key", target.name, provider.name);
    Some((message, format!("add `{TENANT}: {{}}` to its `keys`")))
}

/// How long a model typically takes for a whole answer of a task.
#[must_use]
pub fn typical(model: &Model, task: Task) -> Duration {
    let prompt = task.prompt(Luck::new(0), crate::event::RequestId { stream: 0, number: 0 });
    let length = match tasks::answer(&prompt, true) {
        Said::Text(text) | Said::Call { arguments: text, .. } if task.dimensions().is_none() => tokens(&text).count(),
        _ => 0,
    };
    let speed = model.tokens_per_second;
    let said = if speed > 0.0 { length as f64 / speed } else { 0.0 };
    Duration::from_millis((model.ttft.median_ms() + said * 1e3) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load;
    use rstest::rstest;

    const SOUND: &str = "
version: 1
name: sound
summary: Nothing to say.
providers:
  one: { dialect: openai, vendor: openai, region: us, models: { gpt-4o: { ttft: 500ms, tokens_per_second: 100 } } }
  two: { dialect: azure, vendor: microsoft, region: eu, models: { gpt-4o: { ttft: 500ms, tokens_per_second: 100 } } }
  six: { dialect: anthropic, vendor: anthropic, region: us, models: { claude-sonnet-4: {} } }
router:
  chains:
    main:
      targets: [one/gpt-4o, two/gpt-4o, six/claude-sonnet-4]
      breaker: { window: 10s, min_calls: 20, open_for: 5s }
load:
  - { task: triage, rate: 2/s }
phases:
  - { name: all, for: 60s }
";

    fn messages(from: &str, to: &str) -> Vec<String> {
        assert!(SOUND.contains(from), "{from}");
        let loaded = load("t.yaml", SOUND.replace(from, to).as_bytes()).expect("valid");
        advise(&loaded.plan).into_iter().map(|advice| advice.message).collect()
    }

    #[rstest]
    #[case::nothing("one", "one", &[])]
    #[case::one_vendor("vendor: microsoft", "vendor: openai", &[])]
    #[case::all_of_one_vendor(
        "two/gpt-4o, six/claude-sonnet-4]\n", "two/gpt-4o]\n      deadline: 9s\n", &[]
    )]
    #[case::one_region(
        "[one/gpt-4o, two/gpt-4o, six/claude-sonnet-4]", "[one/gpt-4o, six/claude-sonnet-4]",
        &["is not redundant: all its members share the region `us`", "skips the closest candidate: `two/gpt-4o` is"],
    )]
    #[case::credulous("breaker: {", "health_checks: { kind: models }\n      breaker: {", &["of `one/gpt-4o` can lie", "of `two/gpt-4o` can lie", "of `six/claude-sonnet-4` can lie"])]
    #[case::honest("breaker: {", "health_checks: { kind: completion }\n      breaker: {", &[])]
    #[case::in_vain("breaker: {", "batch_in_flight: 5\n      breaker: {", &["takes no batch requests"])]
    #[case::blind("rate: 2/s", "rate: 1/s", &["at most 10.0 calls", "at most 10.0 calls", "at most 10.0 calls"])]
    #[case::just_seeing("min_calls: 20", "min_calls: 21", &["at most 20.0", "at most 20.0", "at most 20.0"])]
    #[case::by_a_row("min_calls: 20", "min_calls: 99, consecutive: 3", &[])]
    #[case::at_its_peak("rate: 2/s", "rate: 1/s, phases: { all: { ramp: { from: 0/s, to: 2/s } } }", &[])]
    #[case::slow("gpt-4o: { ttft: 500ms, tokens_per_second: 100 } } }\n  six", "gpt-4o: { ttft: 6s } } }\n  six", &[])]
    #[case::impatient("open_for: 5s", "open_for: 5s, probe_for: 100ms", &["of `one/gpt-4o` gives a probe 100ms", "of `two/gpt-4o` gives", "of `six/claude-sonnet-4` gives"])]
    fn what_is_told_of_a_plan(#[case] from: &str, #[case] to: &str, #[case] expected: &[&str]) {
        let found = messages(from, to);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn checks_need_a_key_that_the_provider_knows() {
        let checked = SOUND.replace("breaker: {", "health_checks: { kind: completion }\n      breaker: {");
        let said = |keys: &str| {
            let text = checked.replace("vendor: anthropic, ", &format!("vendor: anthropic, keys: {{ {keys} }}, "));
            let loaded = load("t.yaml", text.as_bytes()).expect("valid");
            advise(&loaded.plan).into_iter().map(|advice| advice.message).collect::<Vec<_>>()
        };
        let found = said("acme: {}");
        assert!(
            found.len() == 1 && found[0].starts_with("the health checks of `six/claude-sonnet-4` learn nothing"),
            "{found:?}"
        );
        assert_eq!(said("acme: {}, health-check: {}"), [""; 0]);
    }

    #[test]
    fn two_members_of_one_vendor_are_one() {
        let text = SOUND.replace("vendor: microsoft", "vendor: openai").replace(", six/claude-sonnet-4]", "]");
        let text = text.replace(
            "  six: { dialect: anthropic, vendor: anthropic, region: us, models: { claude-sonnet-4: {} } }\n",
            "",
        );
        let loaded = load("t.yaml", text.as_bytes()).expect("valid");
        assert_eq!(loaded.warnings.len(), 1);
        assert!(
            loaded.warnings[0].one_line("t").starts_with(
                "t:10:5: warning: the chain `main` is not redundant: all its \
            members share the vendor `openai`"
            ),
            "{}",
            loaded.warnings[0].one_line("t")
        );
    }
}
