//! Evals and swaps: what is said of them, what is wrong with that, and what nobody may have thought of.

use crate::router::config::{Eval, Swap};
use crate::router::policy::evals::{Bar, Pace};
use crate::scenario::{Loaded, load};
use std::time::Duration;

const TEXT: &str = "version: 1
name: evals
providers:
  openai: { region: us-east, models: { gpt-4o: {}, gpt-4.1: {}, gpt-3.5-turbo: {} } }
  anthropic: { models: { claude-sonnet-4: {} } }
router:
  EVALS
  chains:
    main: { targets: [openai/gpt-4o, anthropic/claude-sonnet-4] }
    spare: { targets: [anthropic/claude-sonnet-4, openai/gpt-4o] }
load:
  - { task: triage, rate: 10/s }
  - { task: spare, rate: 10/s }
phases:
  - { name: all, for: 60s }
";

fn text(evals: &str) -> String {
    TEXT.replace("EVALS", evals).replace("task: spare", "task: chat, stream: 60%")
}

fn loaded(text: &str) -> Loaded {
    load("evals.yaml", text.as_bytes()).unwrap_or_else(|invalid| panic!("{invalid}"))
}

fn warnings(text: &str) -> Vec<String> {
    let ours = |line: &String| !line.contains("no request reaches");
    loaded(text).warnings.iter().map(|w| w.one_line("w")).filter(ours).collect()
}

#[test]
fn what_is_said_arrives_and_the_rest_has_defaults() {
    let evals = "evals: [{ chain: spare }, { chain: main, at: 2s, items: 50, rate: 20/s }]
  swaps:
    - { chain: main, from: openai/gpt-4.1, to: openai/gpt-4o, at: 50s, items: 20 }
    - { chain: main, from: openai/gpt-4o, to: openai/gpt-4.1, at: 20s, rate: 10/s, margin: 0%, max_errors: 10% }";
    let plan = loaded(&text(evals)).plan;
    let (secs, oversight) = (Duration::from_secs, &plan.router.oversight);
    let pace = |at, items, rate| Pace { at: secs(at), items, rate };
    assert_eq!(
        oversight.evals,
        [Eval { chain: 1, pace: pace(0, 100, 10.0) }, Eval { chain: 0, pace: pace(2, 50, 20.0) }]
    );
    let bar = Some(Bar { margin: 0.0, max_errors: 0.1 });
    let there = Swap { chain: 0, from: 0, to: 2, pace: pace(20, 200, 10.0), bar };
    let back = Swap { chain: 0, from: 2, to: 0, pace: pace(50, 20, 10.0), bar: Some(Bar::default()) };
    assert_eq!(oversight.swaps, [there, back], "in the order in which they begin");
    assert_eq!(&*plan.router.targets[2].name, "openai/gpt-4.1");
}

#[test]
fn the_eval_set_of_a_chain_has_the_tasks_that_reach_it_as_most_of_the_load_sends_them() {
    let plan = loaded(&text("evals: [{ chain: main }]")).plan;
    let set: Vec<_> =
        plan.eval_set(0).into_iter().map(|s| (s.task.as_str(), s.streamed, s.tenant.to_string())).collect();
    assert_eq!(set, [("triage", 0.0, "eval".to_owned()), ("chat", 1.0, "eval".to_owned())]);
    assert!(plan.eval_set(1).is_empty(), "nobody goes there");
}

#[test]
#[rustfmt::skip]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let swap = |rest: &str| format!("swaps: [{{ chain: main, from: openai/gpt-4o, to: openai/gpt-4.1, at: 9s, {rest} }}]");
    for (evals, place, message, hint) in [
        ("evals: [{ at: 2s }]".to_owned(), "7:11", "`chain` is missing in an eval", "chain: main"),
        ("evals: [{ chain: mian }]".to_owned(), "7:20", "there is no chain `mian`", "did you mean `main`?"),
        ("evals: { chain: main }".to_owned(), "7:10", "expected a list of evals, found a mapping", ""),
        ("evals: [{ chain: main, items: 0 }]".to_owned(), "7:33", "this must lie between 1 and 100000", ""),
        ("evals: [{ chain: main, rate: 0/s }]".to_owned(), "7:32", "no item would ever be sent", "rate: 10/s"),
        ("evals: [{ chain: main, rats: 1/s }]".to_owned(), "7:26", "an eval does not have a key `rats`", "did you mean `rate`?"),
        ("swaps: [{ chain: main, to: openai/gpt-4.1, at: 9s }]".to_owned(), "7:11", "`from` is missing in a swap", "from: "),
        (swap("margin: 2"), "7:83", "`2` is not a share", ""),
        (swap("margins: 2%"), "7:75", "a swap does not have a key `margins`", "did you mean `margin`?"),
        (swap("max_errors: 120%"), "7:87", "`120%` is more than all", ""),
        (swap("").replace("to: openai/gpt-4.1", "to: openai/gpt-41"), "7:58", "`openai` does not serve `gpt-41`", "gpt-4"),
        (swap("").replace("from: openai/gpt-4o", "from: openai/gpt-3.5-turbo"), "7:32", "`openai/gpt-3.5-turbo` is not in the chain `main`", "one of: `openai/gpt-4o`"),
        (swap("").replace("to: openai/gpt-4.1", "to: anthropic/claude-sonnet-4"), "7:51", "`anthropic/claude-sonnet-4` is in the chain `main` already", ""),
    ] {
        let invalid = load("e", text(&evals).as_bytes()).err().unwrap_or_else(|| panic!("this loads: {evals}"));
        let told: Vec<_> = invalid.problems.iter().filter(|p| p.severity == crate::scenario::Severity::Error).collect();
        let lines: Vec<String> = told.iter().map(|p| p.one_line("e")).collect();
        assert_eq!(lines.len(), 1, "{evals}: {lines:#?}");
        assert!(lines[0].starts_with(&format!("e:{place}: error: {message}")), "{evals}: {lines:#?}");
        let hints = format!("{:?} {:?}", told[0].help, told[0].note);
        assert!(hints.contains(hint), "{evals}: {hints}");
    }
}

#[test]
fn a_candidate_must_have_what_the_chain_requires_and_the_tenant_eval_is_reserved() {
    let required = text("swaps: [{ chain: main, from: openai/gpt-4o, to: openai/gpt-3.5-turbo, at: 9s }]")
        .replace("main: { ", "main: { require: { capabilities: [vision] }, ");
    let told = load("e", required.as_bytes()).expect_err("it cannot see").to_string();
    assert!(told.contains("`openai/gpt-3.5-turbo` does not have the capability `vision`"), "{told}");
    let tenant = text("evals: [{ chain: main }]").replace("{ task: triage", "{ tenant: eval, task: triage");
    let told = load("e", tenant.as_bytes()).expect_err("it is taken").to_string();
    assert!(told.contains("the tenant `eval` is that of the items of evals"), "{told}");
    assert!(load("e", tenant.replace("evals: [{ chain: main }]", "").as_bytes()).is_ok());
}

#[test]
fn nobody_takes_the_place_of_a_model_whose_vectors_are_stored() {
    let swap = "swaps: [{ chain: main, from: openai/gpt-4o, to: openai/gpt-4.1, at: 9s }]";
    let vectors = text(swap).replace("task: triage", "task: embedding");
    let told = load("e", vectors.as_bytes()).expect_err("another space").to_string();
    assert!(told.contains("the chain `main` makes vectors"), "{told}");
    assert!(load("e", vectors.replace("gpt-4.1: {}", "gpt-4.1: { identity: gpt-4o }").as_bytes()).is_ok());
    assert!(load("e", text(swap).as_bytes()).is_ok());
}

#[test]
fn what_comes_to_nothing_is_pointed_out() {
    let told = |evals: &str| warnings(&text(evals));
    assert_eq!(told("evals: [{ chain: main }]"), [""; 0]);
    let late = told("evals: [{ chain: main, at: 55s }]");
    assert!(
        late.len() == 1 && late[0].starts_with("w:7:11: warning: the last of its items is sent at 65s"),
        "{late:#?}"
    );
    let idle = told("evals: [{ chain: spare }, { chain: main }]");
    assert!(idle.len() == 1 && idle[0].contains("there is nothing to measure with"), "{idle:#?}");
    let keys = text("evals: [{ chain: main }]").replace("openai: { region", "openai: { keys: { default: {} }, region");
    let locked = warnings(&keys);
    assert!(locked.len() == 1 && locked[0].contains("`openai` has no key for the tenant `eval`"), "{locked:#?}");
    assert_eq!(warnings(&keys.replace("default: {}", "default: {}, eval: {}")), [""; 0]);
}

#[test]
fn members_that_nobody_has_measured_are_pointed_out_where_it_matters() {
    let told = |chain: &str, load: &str, evals: &str| {
        let text = text(evals).replace("main: { ", &format!("main: {{ {chain} "));
        warnings(&text.replace("task: triage", &format!("{load} task: triage")))
    };
    assert_eq!(told("", "stakes: high_stakes,", ""), [""; 0], "they fall back to nobody, floor or not");
    assert_eq!(told("min_quality: 90%,", "", "grader: { sample: 10% }"), [""; 0]);
    assert_eq!(told("min_quality: 90%,", "stakes: high_stakes,", "evals: [{ chain: main }]"), [""; 0]);
    for (chain, load, evals, message) in [
        ("min_quality: 90%,", "", "", "nothing measures whether the members of the chain `main` reach its floor"),
        (
            "min_quality: 90%,",
            "stakes: high_stakes,",
            "grader: { sample: 10% }",
            "nobody has measured the members of the chain `main`",
        ),
    ] {
        let told = told(chain, load, evals);
        assert!(told.len() == 1 && told[0].contains(message), "{told:#?}");
    }
    let other = text("evals: [{ chain: spare }]\n  routes: [{ when: { task: chat }, chain: spare }]");
    let told = warnings(&other);
    assert!(
        told.len() == 1 && told[0].contains("the members of the chain `main` are not measured, those of others are")
    );
}
