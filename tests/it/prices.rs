//! Prices that change, end to end: the router hears of them from its price list and goes by them from then on.

use crate::drills::drill;
use hopdrill::engine::Finished;
use hopdrill::event::{AlertKind, EventKind};

/// A minute of one request a second; the first target costs two dollars, the other three, until the list says otherwise.
fn priced(chain: &str, updates: &str) -> Finished {
    drill(&format!(
        "
version: 1
name: priced
seed: 7
providers:
  first: {{ dialect: openai, models: {{ a: {{ ttft: 200ms, tokens_per_second: 1000, context: 8k, price: {{ input: 2, output: 2 }} }} }} }}
  other: {{ dialect: anthropic, models: {{ b: {{ ttft: 200ms, tokens_per_second: 1000, context: 8k, price: {{ input: 3, output: 3 }} }} }} }}
router: {{ price_updates: [{updates}], chains: {{ main: {{ {chain} }} }} }}
load: [{{ task: triage, rate: 1/s, arrivals: constant }}]
phases: [{{ name: all, for: 60s }}]
slos: [answered >= 0%]
"
    ))
}

/// The seconds in which the first target was called.
fn called(done: &Finished) -> Vec<u64> {
    let is = |kind: &EventKind| matches!(kind, EventKind::AttemptStarted { target, attempt: 1, .. } if &**target == "first/a");
    done.events.iter().filter(|e| is(&e.kind)).map(|e| e.at.0 / 1_000_000).collect()
}

fn told(done: &Finished) -> Vec<(u64, String)> {
    let of = |kind: &EventKind| match kind {
        EventKind::Alert { target, kind: AlertKind::PriceChange, cause, .. } => Some(format!("{target}: {cause}")),
        _ => None,
    };
    done.events.iter().filter_map(|e| Some((e.at.0 / 1_000_000, of(&e.kind)?))).collect()
}

const UP_AND_DOWN: &str = "{ at: 40s, target: first/a, price: { input: 2, output: 2 } }, \
                           { at: 20s, target: first/a, price: { input: 4, output: 4 } }";

#[test]
fn the_cheapest_is_whoever_is_so_by_the_price_list_of_the_moment() {
    let chain = "targets: [{ pick: cheapest, of: [other/b, first/a] }]";
    let seconds = called(&priced(chain, UP_AND_DOWN));
    assert!(seconds.iter().all(|second| !(20..40).contains(second)) && seconds.len() == 40, "{seconds:?}");
    assert_eq!(called(&priced(chain, "")).len(), 60);
}

#[test]
fn a_target_whose_price_has_risen_by_the_share_of_the_trigger_comes_last_and_a_smaller_rise_changes_nothing() {
    let chain =
        |share: &str| format!("targets: [first/a, other/b], triggers: [all, {{ type: cost, price_change: {share} }}]");
    let seconds = called(&priced(&chain("100%"), UP_AND_DOWN));
    assert!(seconds.iter().all(|second| !(20..40).contains(second)) && seconds.len() == 40, "{seconds:?}");
    let smaller = UP_AND_DOWN.replace("input: 4, output: 4", "input: 3.9, output: 3.9");
    assert_eq!(called(&priced(&chain("100%"), &smaller)).len(), 60);
    assert_eq!(called(&priced("targets: [first/a, other/b]", UP_AND_DOWN)).len(), 60, "no trigger, no move");
}

#[test]
fn each_change_of_the_list_is_told_once_and_what_changes_nothing_is_not() {
    let same = "{ at: 5s, target: other/b, price: { input: 3 } }";
    let told = told(&priced("targets: [first/a, other/b]", &format!("{UP_AND_DOWN}, {same}")));
    let up = "first/a: prices per million tokens: $2 → $4 of the prompt, $2 → $4 of the answer";
    let down = "first/a: prices per million tokens: $4 → $2 of the prompt, $4 → $2 of the answer";
    assert_eq!(told, [(20, up.to_owned()), (40, down.to_owned())]);
}

#[test]
fn calls_are_charged_by_the_price_that_was_known_when_they_were_made() {
    let done = priced("targets: [first/a, other/b]", UP_AND_DOWN);
    for event in &done.events {
        let EventKind::AttemptEnded { target, dispatched, usage: Some(usage), cost, .. } = &event.kind else {
            continue;
        };
        let dollars = match dispatched.0 / 1_000_000 {
            _ if &**target == "other/b" => 3,
            20..40 => 4,
            _ => 2,
        };
        assert_eq!(cost.0, u64::from(usage.prompt + usage.answer) * dollars * 1000, "at {dispatched:?}");
    }
}
