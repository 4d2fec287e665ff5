use super::*;

const DIALECT: Dialect = Dialect::Anthropic;

fn message(content: &str, stop: &str) -> String {
    format!(
        r#"{{"id":"msg_x","type":"message","role":"assistant","model":"m","content":{content},
 "stop_reason":{stop},"stop_sequence":null,
 "usage":{{"input_tokens":5,"output_tokens":1,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"service_tier":"standard"}}}}"#
    )
}

fn event(kind: &str, rest: &str) -> String {
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{rest}}}\n\n")
}

fn stopped(reason: &str) -> String {
    let delta = format!(r#","delta":{{"stop_reason":"{reason}","stop_sequence":null}},"usage":{{"output_tokens":9}}"#);
    event("message_delta", &delta) + &event("message_stop", "")
}

const HELLO: &str = r#"[{"type":"text","text":"hello"}]"#;

#[test]
fn a_question_is_one_message() {
    let (line, headers, body) = sent(DIALECT, &plain());
    assert_eq!((line.as_str(), &headers["anthropic-version"] == "2023-06-01"), ("POST /v1/messages", true));
    let messages = json!([{ "role": "user", "content": "Hello?" }]);
    assert_eq!(body, json!({ "model": "m", "max_tokens": MAX_TOKENS, "system": "Be brief.", "messages": messages }));
}

#[test]
fn tools_have_an_input_schema_and_images_stand_before_the_text() {
    let body = with_everything(DIALECT);
    let parameters: Value = serde_json::from_str(PARAMETERS).expect("JSON");
    let tool = json!({ "name": "get_weather", "description": "The forecast.", "input_schema": parameters });
    assert_eq!(body["tools"], json!([tool]));
    assert_eq!(body["tool_choice"], json!({ "type": "any" }));
    let source = json!({ "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo=" });
    let content = json!([{ "type": "image", "source": source }, { "type": "text", "text": "Hello?" }]);
    assert_eq!(body["messages"], json!([{ "role": "user", "content": content }]));
}

#[test]
fn parameters_that_the_api_no_longer_takes_are_not_sent() {
    for removed in ["temperature", "top_p", "top_k"] {
        assert!(with_everything(DIALECT).get(removed).is_none());
    }
}

#[test]
fn text_and_tool_calls_are_read_from_a_plain_answer() {
    assert_eq!(answered(DIALECT, &message(HELLO, "\"end_turn\"")), Answered { text: "hello".into(), calls: vec![] });
    let content = r#"[{"type":"text","text":"Let me look."},
        {"type":"tool_use","id":"toolu_x","name":"get_weather","input":{"city": "Oslo"}},
        {"type":"tool_use","id":"toolu_y","name":"get_time","input":{}}]"#;
    let calls = vec![call("get_weather", "{\"city\": \"Oslo\"}"), call("get_time", "{}")];
    assert_eq!(answered(DIALECT, &message(content, "\"tool_use\"")), Answered { text: "Let me look.".into(), calls });
}

#[rstest]
#[case::capped(HELLO, "\"max_tokens\"", Class::Malformed)]
#[case::full(HELLO, "\"model_context_window_exceeded\"", Class::Malformed)]
#[case::refused("[]", "\"refusal\"", Class::ContentPolicy)]
#[case::paused(HELLO, "\"pause_turn\"", Class::Malformed)]
#[case::unheard_of(HELLO, "\"moonphase\"", Class::Malformed)]
#[case::unfinished(HELLO, "null", Class::Malformed)]
#[case::announced_only(HELLO, "\"tool_use\"", Class::Malformed)]
#[case::empty("[]", "\"end_turn\"", Class::Malformed)]
fn what_is_no_whole_answer_is_no_success(#[case] content: &str, #[case] stop: &str, #[case] expected: Class) {
    assert_eq!(class(DIALECT, &message(content, stop)), expected);
}

fn begun() -> String {
    let usage = r#""usage":{"input_tokens":5,"output_tokens":1}"#;
    let message = format!(
        r#","message":{{"id":"msg_x","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,{usage}}}"#
    );
    event("message_start", &message)
}

pub(super) fn calling_stream() -> String {
    let tool = |index: u32, name: &str| {
        let block = format!(r#"{{"type":"tool_use","id":"toolu_{index}","name":"{name}","input":{{}}}}"#);
        event("content_block_start", &format!(r#","index":{index},"content_block":{block}"#))
    };
    let part = |index: u32, json: &str| {
        let delta = format!(r#"{{"type":"input_json_delta","partial_json":"{json}"}}"#);
        event("content_block_delta", &format!(r#","index":{index},"delta":{delta}"#))
    };
    let end = |index: u32| event("content_block_stop", &format!(r#","index":{index}"#));
    [
        begun(),
        event("content_block_start", r#","index":0,"content_block":{"type":"text","text":""}"#),
        event("ping", ""),
        event("content_block_delta", r#","index":0,"delta":{"type":"text_delta","text":"Let me look."}"#),
        end(0),
        tool(1, "get_weather"),
        part(1, ""),
        part(1, r#"{\"city\":"#),
        part(1, r#" \"Oslo\"}"#),
        end(1),
        tool(2, "get_time"),
        part(2, ""),
        end(2),
        stopped("tool_use"),
    ]
    .concat()
}

#[test]
fn streamed_tool_calls_are_put_together_from_their_fragments() {
    let calls = vec![call("get_weather", "{\"city\": \"Oslo\"}"), call("get_time", "{}")];
    assert_eq!(whole(DIALECT, calling_stream()), (Answered { text: "Let me look.".into(), calls }, 3));
}

#[test]
fn thoughts_are_no_part_of_the_answer() {
    let stream = begun()
        + &event(
            "content_block_start",
            r#","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}"#,
        )
        + &event("content_block_delta", r#","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}"#)
        + &event("content_block_delta", r#","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}"#)
        + &event("content_block_delta", r#","index":1,"delta":{"type":"text_delta","text":"hello"}"#)
        + &stopped("end_turn");
    assert_eq!(whole(DIALECT, &stream), (Answered { text: "hello".into(), calls: vec![] }, 1));
}

#[test]
fn a_stream_that_stops_inside_a_tool_call_is_interrupted() {
    let stream = calling_stream();
    let finish = stream.find("event: message_delta").expect("a finish");
    assert_eq!(failed(DIALECT, &stream[..finish]), Class::Interrupted);
}

#[rstest]
#[case("max_tokens", Class::Malformed)]
#[case("refusal", Class::ContentPolicy)]
#[case("pause_turn", Class::Malformed)]
#[case("moonphase", Class::Malformed)]
#[case("tool_use", Class::Malformed)]
fn a_stream_that_ends_for_another_reason_is_no_success(#[case] reason: &str, #[case] expected: Class) {
    let text = event("content_block_delta", r#","index":0,"delta":{"type":"text_delta","text":"hel"}"#);
    assert_eq!(failed(DIALECT, &(begun() + &text + &stopped(reason))), expected);
}

#[test]
fn an_error_inside_a_stream_is_read() {
    let error = r#","error":{"type":"overloaded_error","message":"Overloaded"}"#;
    assert_eq!(failed(DIALECT, &(begun() + &event("error", error))), Class::Overloaded);
}
