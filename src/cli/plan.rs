//! `plan`: what a scenario will do, without running it.
//!
//! Pure: a plan, and how good everybody was found → lines of at most 80 columns, without colour, so that a pipe gets what a terminal gets.

use crate::router::config::{Chain, Target};
use crate::scenario::Plan;
use crate::scenario::advice::{self, Advice};
use crate::scenario::rank::{Candidate, Independence, Survey, rank, skipped};
use std::collections::BTreeSet;
use std::time::Duration;

const WIDTH: usize = 80;

/// The report.
pub(super) fn lines(plan: &Plan, surveys: &[Survey]) -> Vec<String> {
    let mut out = vec![format!("{} · {} · seed {}", plan.name, secs(plan.end()), plan.seed)];
    wrapped(&plan.summary, "", &mut out);
    timeline(plan, &mut out);
    let advice = advice::advise(plan);
    for (index, chain) in plan.router.chains.iter().enumerate() {
        out.push(String::new());
        describe(plan, index, chain, &mut out);
        surveys.iter().filter(|survey| survey.chain == index).for_each(|survey| ranking(plan, survey, &mut out));
        for Advice { message, help, .. } in advice.iter().filter(|advice| advice.chain == index) {
            wrapped(&format!("! {message}: {help}."), "    ", &mut out);
        }
    }
    out
}

fn timeline(plan: &Plan, out: &mut Vec<String>) {
    out.push(String::new());
    for phase in &plan.phases {
        let requests = requests(plan, phase.from, phase.until);
        let length = secs(phase.until - phase.from);
        out.push(format!("{:>6}  {:<20} {length:>6} {requests:>8.0} requests", secs(phase.from), cut(&phase.name, 20)));
    }
    let total = requests(plan, Duration::ZERO, plan.end());
    out.push(format!("{:>6}  {:<20} {:>6} {total:>8.0} requests", secs(plan.end()), "the load stops", ""));
    for planned in &plan.faults {
        let on: Vec<&str> = planned.providers.iter().map(|&p| &*plan.providers[p].name).collect();
        let span = format!("{}–{}", secs(planned.fault.from), secs(planned.fault.until));
        let text = format!("fault {}  {span}  {}: {}", planned.fault.id + 1, on.join(", "), planned.label);
        wrapped(&text, "        ", out);
    }
}

/// Requests expected between two instants.
fn requests(plan: &Plan, from: Duration, until: Duration) -> f64 {
    let segments = plan.load.iter().flat_map(|stream| &stream.rate);
    let inside = segments.filter_map(|s| {
        let (begin, end) = (s.from.max(from), s.until.min(until));
        let length = end.checked_sub(begin)?.as_secs_f64();
        let slope = (s.end_rate - s.start_rate) / (s.until - s.from).as_secs_f64();
        let middle = (begin - s.from).as_secs_f64() + length / 2.0;
        Some((s.start_rate + slope * middle) * length)
    });
    inside.sum()
}

fn describe(plan: &Plan, index: usize, chain: &Chain, out: &mut Vec<String>) {
    let tasks: Vec<&str> = advice::tasks_of(plan, index).iter().map(|task| task.as_str()).collect();
    let tasks = if tasks.is_empty() { "no request".to_owned() } else { tasks.join(", ") };
    let rate = advice::peak_rate(plan, &BTreeSet::from([index]));
    let text = format!("{} · {tasks} · up to {rate:.1}/s · deadline {}", chain.name, secs(chain.deadline));
    wrapped(&text, "", out);
    let members: Vec<&Target> = chain.targets.iter().map(|&target| &plan.router.targets[target]).collect();
    for (place, target) in members.iter().enumerate() {
        member(plan, (index, place), target, members[0], out);
    }
    if let [only] = members.as_slice() {
        out.push(format!("    {} stands alone: there is no fallback.", only.name));
    }
    match &chain.degraded {
        Some(_) => out.push("    then a template".to_owned()),
        None => out.push("    then an error".to_owned()),
    }
}

/// One member: where it is, what it costs and can do, and what it has in common with the first.
fn member(plan: &Plan, (chain, place): (usize, usize), target: &Target, first: &Target, out: &mut Vec<String>) {
    let provider = &plan.providers[target.provider];
    let region = provider.region.as_deref().unwrap_or("no region");
    let Some(model) = advice::model(plan, target) else { return };
    let price = format!("${}/${}", money(model.price.input), money(model.price.output));
    let name = cut(&target.name, 34);
    out.push(format!("  {} {name:<34} {price:>14} {:>6}  {}", place + 1, size(model.context), cut(region, 18)));
    let can: Vec<&str> = model.capabilities.iter().map(|capability| capability.name()).collect();
    let can = if can.is_empty() { "text only".to_owned() } else { can.join(" ") };
    let oversight = &plan.router.oversight;
    let floor = match oversight.grader {
        _ if oversight.evals.iter().any(|eval| eval.chain == chain) => "measured by evals",
        Some(_) => "graded in the drill",
        None => "quality unmeasured",
    };
    let mut facts = vec![format!("{} · {can} · {floor}", provider.vendor)];
    if place > 0 {
        facts.extend(compared(plan, target, first));
    }
    wrapped(&facts.join(" · "), "    ", out);
}

/// What a member has in common with the first, and what it lacks.
fn compared(plan: &Plan, target: &Target, first: &Target) -> Vec<String> {
    let mut facts = vec![Independence::of(target, first).as_str().to_owned()];
    let lacks: Vec<&str> = first.capabilities.difference(&target.capabilities).map(|c| c.name()).collect();
    if !lacks.is_empty() {
        facts.push(format!("lacks {}", lacks.join(" ")));
    }
    if target.context < first.context {
        facts.push(format!("a window of {:.0}%", 100.0 * f64::from(target.context) / f64::from(first.context)));
    }
    if let (Some(here), Some(there)) = (advice::model(plan, target), advice::model(plan, first)) {
        if here.identity == there.identity {
            facts.push("the same model".to_owned());
        }
        if there.price.output > 0.0 {
            facts.push(format!("{:.2}× the price", here.price.output / there.price.output));
        }
    }
    facts
}

/// Who could stand in for the first target, by what was measured on one task.
fn ranking(plan: &Plan, survey: &Survey, out: &mut Vec<String>) {
    let Some((first, others)) = rank(plan, survey) else { return };
    let known = first.target.capabilities.len();
    wrapped(&format!("closest to {} on {}, by measured quality:", first.target.name, survey.task), "    ", out);
    out.push(format!("      {} {}", cut(&format!("{:<34}", first.target.name), 34), measured(&first)));
    for candidate in &others {
        let place = candidate.place.map_or("not in the chain".to_owned(), |place| format!("member {}", place + 1));
        let name = cut(&format!("{:<34}", candidate.target.name), 34);
        out.push(format!("      {name} {}  {place}", measured(candidate)));
        let overlap = format!("{} of {known} capabilities", candidate.overlap);
        let price = candidate.target.prices.first().output;
        wrapped(
            &format!("{overlap} · {} · ${} per million tokens out", candidate.independence.as_str(), money(price)),
            "        ",
            out,
        );
    }
    if let Some(closest) = skipped(&others) {
        let chain = &plan.router.chains[survey.chain].name;
        let text = format!(
            "! the chain `{chain}` skips the closest candidate for {}: `{}` is as good as the first and in no place.",
            survey.task, closest.target.name
        );
        wrapped(&text, "    ", out);
    }
}

fn measured(candidate: &Candidate<'_>) -> String {
    match candidate.marks.verdicts() {
        0 => format!("{:>7}", "no data"),
        verdicts => format!("{:>6.1}%", 100.0 * f64::from(candidate.marks.right) / f64::from(verdicts)),
    }
}

/// Breaks a text at blanks, and what is longer than a line anywhere.
fn wrapped(text: &str, indent: &str, out: &mut Vec<String>) {
    let room = WIDTH - indent.len();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word: &str = word;
        let fits = |line: &str, word: &str| line.chars().count() + 1 + word.chars().count() <= room;
        if !line.is_empty() && !fits(&line, word) {
            out.push(format!("{indent}{}", std::mem::take(&mut line)));
        }
        while let Some((at, _)) = word.char_indices().nth(room) {
            out.push(format!("{indent}{}", &word[..at]));
            word = &word[at..];
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        out.push(format!("{indent}{line}"));
    }
}

fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some(_) => text.chars().take(width - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

fn secs(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}

fn money(dollars: f64) -> String {
    if dollars.fract() == 0.0 { format!("{dollars:.0}") } else { format!("{dollars:.2}") }
}

fn size(tokens: u32) -> String {
    match tokens {
        1_000_000.. if tokens.is_multiple_of(1_000_000) => format!("{}M", tokens / 1_000_000),
        1_000.. => format!("{}k", tokens / 1_000),
        _ => tokens.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{library, load};

    fn report(text: &str) -> String {
        let plan = load("t.yaml", text.as_bytes()).expect("valid").plan;
        lines(&plan, &crate::engine::survey(&plan).expect("it plays")).join("\n")
    }

    const LAME: &str = "
version: 1
name: lame
summary: Everything about this chain is wrong, and the plan says so before anything runs.
providers:
  openai: { region: us-east, models: { gpt-4o: { ttft: 4s, tokens_per_second: 10 }, gpt-4o-mini: { context: 8k } } }
  azure: { dialect: azure, region: eu, models: { gpt-4o-eu: { identity: gpt-4o, ttft: 1s, tokens_per_second: 50, context: 128k } } }
router:
  chains:
    main:
      targets: [openai/gpt-4o, openai/gpt-4o-mini]
      breaker: { window: 10s, min_calls: 20, open_for: 2s, probe_for: 2s }
    alone: { targets: [azure/gpt-4o-eu] }
  routes:
    - { when: { task: triage }, chain: alone }
load:
  - { task: chat, rate: 1/s, stream: 50% }
  - { task: triage, rate: 30/s }
phases:
  - { name: all, for: 60s }
";

    #[test]
    fn a_plan_tells_the_timeline_the_chains_and_what_is_wrong_with_them() {
        insta::assert_snapshot!("lame", report(LAME));
        insta::assert_snapshot!("weak_stand_in", report(library::find("weak-stand-in").expect("bundled").text));
        insta::assert_snapshot!("primary_outage", report(library::find("primary-outage").expect("bundled").text));
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let long = LAME.replace("name: lame", &format!("name: {}", "x".repeat(64)));
        let texts = library::list().map(|s| s.text.to_owned()).chain([LAME.to_owned(), long]);
        for text in texts {
            for line in report(&text).lines() {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
        }
    }

    #[test]
    fn the_loads_of_the_phases_add_up() {
        let plan = load("t.yaml", LAME.as_bytes()).expect("valid").plan;
        assert_eq!(requests(&plan, Duration::ZERO, Duration::from_secs(60)), 31.0 * 60.0);
        assert_eq!(requests(&plan, Duration::from_secs(10), Duration::from_secs(20)), 310.0);
    }
}
