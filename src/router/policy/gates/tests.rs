use super::*;
use crate::event::Class;
use rstest::rstest;
use serde_json::json;
use std::borrow::Cow;

fn asked<'a>(schema: Option<&'a Schema>, tools: &'a [Tool]) -> Asked<'a> {
    Asked { model: "gpt-4o", schema, tools, must_call: !tools.is_empty() }
}

fn answer(text: &str) -> Answer<'_> {
    Answer { text, calls: &[], ended: Ok(()), model: Some("gpt-4o") }
}

fn only(name: &str, given: &[(&str, Arg)]) -> Gates {
    let kind = ALL.into_iter().find(|kind| kind.name == name).expect("a gate");
    Gates(vec![Gate::new(kind, given)])
}

fn label() -> Schema {
    let schema = json!({
        "type": "object",
        "properties": { "label": { "enum": ["bug", "billing"] } },
        "required": ["label"],
        "additionalProperties": false,
    });
    Schema::new(&schema).expect("valid")
}

fn add() -> Tool {
    let parameters = json!({ "type": "object", "properties": { "a": { "type": "integer" } }, "required": ["a"] });
    Tool { name: "add".into(), description: "Adds.".into(), parameters: Schema::new(&parameters).expect("valid") }
}

static CAPPED: Refused =
    Refused { class: Class::Malformed, why: Cow::Borrowed("the answer hit the token cap"), flaw: None };

#[rstest]
#[case(&[("add", r#"{"a":1}"#)], "", true)]
#[case(&[("add", r#"{"a":1}"#)], "I add it up.", true)]
#[case(&[("add", r#"{"a":1}"#), ("add", r#"{"a":2}"#)], "", true)]
#[case(&[("add", r#"{"a":1}"#), ("add", r#"{"a":"two"}"#)], "", false)]
#[case(&[("add", r#"{"a":"one"}"#)], "", false)]
#[case(&[("add", r#"{"a":1"#)], "", false)]
#[case(&[("add", "")], "", false)]
#[case(&[("delete", r#"{"a":1}"#)], "", false)]
#[case(&[("", r#"{"a":1}"#)], "", false)]
#[case(&[], "The sum is 1.", false)]
fn a_tool_call_passes_if_the_tool_was_offered_and_the_arguments_fit(
    #[case] made: &[(&str, &str)],
    #[case] text: &str,
    #[case] passes: bool,
    #[values("json_schema", "tool_calls")] gate: &str,
) {
    let tools = [add()];
    let (asked, answer) = (asked(None, &tools), Answer { calls: made, ..answer(text) });
    let found = only(gate, &[]).check(&asked, &answer);
    assert_eq!(
        found.as_ref().map_err(|stopped| stopped.refused.class),
        if passes { Ok(&()) } else { Err(Class::Schema) }
    );
    let free = Asked { must_call: false, ..asked };
    assert_eq!(only(gate, &[]).check(&free, &answer).is_ok(), passes || made.is_empty());
}

#[test]
fn the_same_call_twice_is_no_shape_that_is_wrong_but_no_valid_call_either() {
    let tools = [add()];
    let answer = Answer { calls: &[("add", r#"{"a":1}"#), ("add", r#"{"a":1}"#)], ..answer("") };
    assert_eq!(only("json_schema", &[]).check(&asked(None, &tools), &answer), Ok(()));
    assert!(only("tool_calls", &[]).check(&asked(None, &tools), &answer).is_err());
}

#[rstest]
#[case(r#"{"label":"bug"}"#, true)]
#[case(r#"{"label":"nonsense"}"#, false)]
#[case(r#"{"label":7}"#, false)]
#[case(r#"{"tag":"bug"}"#, false)]
#[case("```json\n{\"label\":\"bug\"}\n```", false)]
#[case("Sure! {\"label\":\"bug\"}", false)]
#[case("", false)]
#[case(r#"{"label":"bug""#, false)]
fn only_a_whole_answer_that_keeps_the_schema_passes(#[case] text: &str, #[case] passes: bool) {
    let schema = label();
    assert_eq!(only("json_schema", &[]).check(&asked(Some(&schema), &[]), &answer(text)).is_ok(), passes, "{text}");
}

#[rstest]
#[case::whole("finish", &[], answer("hello"), None)]
#[case::capped("finish", &[], Answer { ended: Err(&CAPPED), ..answer("hel") }, Some(Class::Malformed))]
#[case::text("not_empty", &[], answer("."), None)]
#[case::blanks("not_empty", &[], answer(" \n\t"), Some(Class::Malformed))]
#[case::willing("refusal", &[], answer("You can restart it."), None)]
#[case::unwilling("refusal", &[], answer("Sorry, I can't help with that."), Some(Class::ContentPolicy))]
#[case::long_enough("length", &[("min", Arg::Count(3))], answer("äöü"), None)]
#[case::too_short("length", &[("min", Arg::Count(4))], answer("äöü"), Some(Class::Malformed))]
#[case::short_enough("length", &[("max", Arg::Count(3))], answer("abc"), None)]
#[case::too_long("length", &[("max", Arg::Count(3))], answer("abcd"), Some(Class::Malformed))]
#[case::straight_on("repetition", &[], answer("one two three four five six seven"), None)]
#[case::in_circles("repetition", &[("times", Arg::Count(3))], answer("no more no more no more"), Some(Class::Malformed))]
#[case::in_circles_inside("repetition", &[], answer(r#"{"a":"la la la la la la"}"#), Some(Class::Malformed))]
#[case::numbers("repetition", &[], answer("[0, 0, 0, 0, 0, 0, 0, 0]"), None)]
#[case::english("language", &[], answer("The request has come in and we will answer it soon."), None)]
#[case::german("language", &[], answer("Die Anfrage ist bei uns eingegangen und wird bald bearbeitet."), Some(Class::Malformed))]
#[case::wanted("language", &[("is", Arg::Word("de"))], answer("Die Anfrage ist bei uns eingegangen und wird bald bearbeitet."), None)]
#[case::inside("language", &[], answer(r#"{"reply":"您好，您的请求已收到，我们会尽快处理。"}"#), Some(Class::Malformed))]
#[case::labels("language", &[], answer(r#"{"label":"Rechnung"}"#), None)]
#[case::itself("model", &[], answer("hi"), None)]
#[case::another("model", &[], Answer { model: Some("gpt-4o-lite"), ..answer("hi") }, Some(Class::Malformed))]
#[case::nameless("model", &[], Answer { model: None, ..answer("hi") }, None)]
fn what_each_gate_lets_pass(
    #[case] gate: &str,
    #[case] given: &[(&str, Arg)],
    #[case] answer: Answer<'_>,
    #[case] refused: Option<Class>,
) {
    let found = only(gate, given).check(&asked(None, &[]), &answer);
    assert_eq!(found.err().map(|stopped| stopped.refused.class), refused);
}

#[test]
fn half_an_answer_passes_only_where_nothing_is_checked() {
    let half = Answer { ended: Err(&CAPPED), ..answer("hel") };
    let asked = asked(None, &[]);
    assert!(Gates::default().check(&asked, &half).is_err());
    assert!(Gates::new(&[Gate::named("model").expect("a gate")]).check(&asked, &half).is_err());
    assert_eq!(Gates::none().check(&asked, &half), Ok(()));
}

#[test]
fn a_refusal_is_one_before_it_is_broken_json() {
    let gates = Gates::new(&["json_schema", "refusal"].map(|name| Gate::named(name).expect("a gate")));
    let schema = label();
    let found = gates.check(&asked(Some(&schema), &[]), &answer("I'm sorry, I cannot help with this."));
    assert_eq!(found.expect_err("refused").refused.class, Class::ContentPolicy);
}

#[test]
fn a_stream_is_held_back_only_where_a_gate_has_to_see_all_and_has_something_to_say() {
    let schema = label();
    let shape = Gates::new(&[Gate::named("json_schema").expect("a gate")]);
    assert!(shape.hold(&asked(Some(&schema), &[])) && !shape.hold(&asked(None, &[])));
    let early = Gates::new(&[Gate::named("model").expect("a gate")]);
    assert!(!early.hold(&asked(Some(&schema), &[])));
    assert!(early.check_head(&asked(None, &[]), Some("gpt-3")).is_err());
    assert_eq!(shape.check_head(&asked(Some(&schema), &[]), Some("gpt-3")), Ok(()));
}
