use super::*;
use crate::router::policy::gates::{self, Answer, Asked, Gate, Gates, Schema, Tool as Gated};
use std::collections::BTreeSet;

fn prompts(task: Task) -> impl Iterator<Item = String> {
    (0..300).map(move |number| task.prompt(Luck::new(42), RequestId { stream: 0, number }))
}

/// The tasks whose answers are said, which vectors are not.
fn said() -> impl Iterator<Item = Task> {
    Task::ALL.iter().copied().filter(|task| task.dimensions().is_none())
}

fn given(said: &Said) -> Given {
    match said {
        Said::Text(text) => Given::text(text),
        Said::Call { name, arguments } => Given { calls: vec![(name.clone(), arguments.clone())], ..Given::default() },
    }
}

fn judged(task: Task, prompt: &str, said: &Said) -> Judged {
    task.judge(prompt, &given(said), None)
}

fn text(prompt: &str, right: bool) -> String {
    match answer(prompt, right) {
        Said::Text(text) => text,
        Said::Call { .. } => panic!("text"),
    }
}

#[test]
fn the_known_answer_is_right_and_the_other_one_wrong_but_well_formed() {
    for task in said() {
        let schema = task.schema().map(|s| Schema::new(&s).expect("valid"));
        let tools: Vec<Gated> = task
            .tools()
            .iter()
            .map(|t| Gated {
                name: t.name.into(),
                description: t.description.into(),
                parameters: Schema::new(&t.parameters).expect("valid"),
            })
            .collect();
        let asked = Asked { model: "m", schema: schema.as_ref(), tools: &tools, must_call: !tools.is_empty() };
        // Every gate there is, as far as it needs no number.
        let gates: Vec<Gate> = gates::ALL.iter().filter_map(|kind| Gate::named(kind.name)).collect();
        let gates = Gates::new(&gates);
        for prompt in prompts(task) {
            for right in [true, false] {
                let answer = answer(&prompt, right);
                let expected = if right { Judged::Right } else { Judged::Wrong };
                assert_eq!(judged(task, &prompt, &answer), expected, "{prompt} {answer:?}");
                let given = given(&answer);
                let calls: Vec<_> = given.calls.iter().map(|(name, args)| (name.as_str(), args.as_str())).collect();
                let answer = Answer { text: &given.text, calls: &calls, ended: Ok(()), model: None };
                let passed = gates.check(&asked, &answer);
                assert!(passed.is_ok(), "right and wrong answers pass all gates: {passed:?} {answer:?}");
            }
        }
    }
}

#[test]
fn the_beginning_of_an_answer_is_never_taken_for_the_whole() {
    for task in said() {
        for prompt in prompts(task).take(if task == Task::Longform { 2 } else { 20 }) {
            for right in [true, false] {
                let whole = answer(&prompt, right);
                let (Said::Text(length) | Said::Call { arguments: length, .. }) = &whole;
                for cut in (0..length.len()).filter(|&i| length.is_char_boundary(i)) {
                    let begun = match &whole {
                        Said::Text(text) => Said::Text(text[..cut].to_owned()),
                        Said::Call { name, arguments } => {
                            Said::Call { name: name.clone(), arguments: arguments[..cut].to_owned() }
                        }
                    };
                    let judged = judged(task, &prompt, &begun);
                    assert!(matches!(judged, Judged::Truncated | Judged::SchemaViolation), "{judged:?} {begun:?}");
                }
            }
        }
    }
}

#[test]
fn prose_that_breaks_off_is_truncated_and_not_merely_wrong() {
    for task in [Task::Chat, Task::Reasoning, Task::Longform, Task::Multimodal, Task::Highvolume] {
        for prompt in prompts(task).take(5) {
            for right in [true, false] {
                let whole = text(&prompt, right);
                for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
                    let judged = task.judge(&prompt, &Given::text(&whole[..cut]), None);
                    assert_eq!(judged, Judged::Truncated, "{}", &whole[..cut]);
                }
            }
        }
    }
}

#[test]
fn broken_shapes_are_schema_violations() {
    let prompt = Task::Triage.prompt(Luck::new(42), RequestId { stream: 0, number: 1 });
    let whole = text(&prompt, true);
    for served in [
        format!("```json\n{whole}\n```"),
        format!("Sure! {whole}"),
        whole.replace("label", "tag"),
        "{\"label\":3,\"urgent\":false}".to_owned(),
        "{\"label\":\"bug\"}".to_owned(),
        "[]".to_owned(),
    ] {
        assert_eq!(Task::Triage.judge(&prompt, &Given::text(&served), None), Judged::SchemaViolation, "{served}");
    }
}

#[test]
fn prose_of_another_shape_than_was_asked_for_is_a_violation_and_doctored_prose_is_wrong() {
    for (task, last) in [
        (Task::Reasoning, "Answer: "),
        (Task::Longform, "End of review "),
        (Task::Multimodal, "the level is "),
        (Task::Highvolume, ": "),
    ] {
        for prompt in prompts(task).take(20) {
            let whole = text(&prompt, true);
            for served in [format!("Sure! {whole}"), "I am not sure.".to_owned(), whole.replace(last, "so it is ")] {
                let judged = task.judge(&prompt, &Given::text(&served), None);
                assert_eq!(judged, Judged::SchemaViolation, "{served}");
            }
            // As a bad join of two halves would leave it.
            let middle = whole[..whole.len() - 2].rfind([' ', ':']).expect("words");
            let stuttered = format!("{}{}", &whole[..middle], &whole[middle..].replacen(' ', " the ", 1));
            assert_ne!(task.judge(&prompt, &Given::text(stuttered), None), Judged::Right);
        }
    }
}

#[test]
fn a_ranking_is_judged_by_its_order_and_its_length() {
    let prompt = "Shopper 7 likes blue, quiet, light. Shelf: A10 lamp (blue, quiet) 30 EUR; B20 fan (blue, light) 20 EUR; \
                  C30 chair (sturdy, wooden) 9 EUR; D40 clock (blue, wooden) 15 EUR. Recommend three.";
    let best = r#"{"shopper":7,"items":[{"id":"B20","matches":2},{"id":"A10","matches":2},{"id":"D40","matches":1}]}"#;
    assert_eq!(text(prompt, true), best);
    let judged = |served: &str| Task::Recommendation.judge(prompt, &Given::text(served), None);
    assert_eq!(judged(&best.replace("B20", "C30")), Judged::Wrong);
    assert_eq!(judged(r#"{"shopper":7,"items":[{"id":"B20","matches":2}]}"#), Judged::SchemaViolation);
    assert_eq!(judged(&best.replace("\"shopper\":7,", "")), Judged::SchemaViolation);
}

#[test]
fn a_puzzle_is_worked_out() {
    let prompt = "Puzzle 1000: A depot holds 40 crates. It receives 5 crates. It doubles its stock. It deals its stock out \
                  evenly to 3 halls and keeps one hall. How many crates does it hold now?";
    assert_eq!(text(prompt, true), "Step 1: 40 + 5 = 45\nStep 2: 45 x 2 = 90\nStep 3: 90 / 3 = 30\nAnswer: 30");
    assert!(text(prompt, false).ends_with("Answer: 40"));
}

#[test]
fn long_prose_is_long_but_keeps_below_the_cap_that_adapters_send() {
    for prompt in prompts(Task::Longform) {
        let tokens = mock_providers::text::tokens(&text(&prompt, true)).count();
        assert!((300..=800).contains(&tokens), "{tokens} tokens");
    }
}

#[test]
fn every_picture_is_a_small_png_that_differs_with_what_it_shows() {
    let pictures: BTreeSet<String> =
        prompts(Task::Multimodal).map(|p| Task::Multimodal.image(&p).expect("a picture").base64).collect();
    assert!(pictures.len() > 100);
    assert!(pictures.iter().all(|p| p.starts_with("iVBORw0KGgo") && p.len() < 600));
}

#[test]
fn no_prompt_is_taken_for_one_of_another_task() {
    for task in said() {
        for prompt in prompts(task) {
            let claimed: Vec<&Task> = Task::ALL.iter().filter(|t| t.job().answer(&prompt, true).is_some()).collect();
            assert_eq!(claimed, [&task], "{prompt}");
        }
    }
    assert!(prompts(Task::Embedding).all(|p| Task::ALL.iter().all(|t| t.job().answer(&p, true).is_none())));
}

#[test]
fn prompts_differ_from_request_to_request_and_repeat_for_the_same_one() {
    for &task in Task::ALL {
        assert!(prompts(task).collect::<BTreeSet<_>>().len() > 3);
        assert!(prompts(task).eq(prompts(task)));
    }
}

#[test]
fn the_asked_share_of_prompts_is_risky_in_three_degrees_and_their_answers_are_the_same() {
    let mut degrees = [0; 3];
    for number in 0..9_000 {
        let id = RequestId { stream: 0, number };
        let plain = Task::Chat.prompt(Luck::new(42), id);
        assert_eq!(risk(&plain), 0.0);
        let prompt = risky(plain.clone(), 0.2, Luck::new(42), id);
        assert_eq!(answer(&prompt, true), answer(&plain, true));
        match risk(&prompt) {
            0.0 => assert_eq!(prompt, plain),
            0.3 => degrees[0] += 1,
            0.6 => degrees[1] += 1,
            0.9 => degrees[2] += 1,
            other => panic!("{other}"),
        }
    }
    assert!(degrees.iter().all(|n| (500..700).contains(n)), "{degrees:?}");
}

#[test]
fn a_risky_prompt_of_any_task_still_has_its_answer_and_its_picture() {
    for &task in Task::ALL {
        for number in 0..50 {
            let id = RequestId { stream: 0, number };
            let plain = task.prompt(Luck::new(42), id);
            let prompt = risky(plain.clone(), 1.0, Luck::new(42), id);
            assert!(risk(&prompt) > 0.0);
            assert_eq!((answer(&prompt, true), task.image(&prompt)), (answer(&plain, true), task.image(&plain)));
        }
    }
}
