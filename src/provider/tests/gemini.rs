use super::*;

const DIALECT: Dialect = Dialect::Gemini;

fn content(candidate: &str) -> String {
    format!(
        r#"{{"candidates":[{{{candidate},"index":0,"safetyRatings":[]}}],
 "usageMetadata":{{"promptTokenCount":5,"candidatesTokenCount":1,"totalTokenCount":6}},"modelVersion":"m","responseId":"x"}}"#
    )
}

fn parts(parts: &str, rest: &str) -> String {
    content(&format!(r#""content":{{"role":"model","parts":[{parts}]}}{rest}"#))
}

fn event(body: &str) -> String {
    format!("data: {}\r\n\r\n", body.replace('\n', ""))
}

const HELLO: &str = r#"{"text":"hello"}"#;
const CALLS: &str =
    r#"{"functionCall":{"id":"f1","name":"get_weather","args":{"city": "Oslo"}}},{"functionCall":{"name":"get_time"}}"#;
const STOP: &str = r#","finishReason":"STOP""#;

#[test]
fn a_question_is_one_content_and_the_path_says_the_rest() {
    let (line, _, body) = sent(DIALECT, &plain());
    assert_eq!(line, "POST /v1beta/models/m:generateContent");
    let expected = json!({
        "systemInstruction": { "parts": [{ "text": "Be brief." }] },
        "contents": [{ "role": "user", "parts": [{ "text": "Hello?" }] }],
        "generationConfig": { "maxOutputTokens": MAX_TOKENS },
    });
    assert_eq!(body, expected);
    let (line, _, _) = sent(DIALECT, &Ask { stream: true, ..plain() });
    assert_eq!(line, "POST /v1beta/models/m:streamGenerateContent?alt=sse");
}

#[test]
fn tools_are_function_declarations_and_images_are_inline_data() {
    let body = with_everything(DIALECT);
    let parameters: Value = serde_json::from_str(PARAMETERS).expect("JSON");
    let function = json!({ "name": "get_weather", "description": "The forecast.", "parametersJsonSchema": parameters });
    assert_eq!(body["tools"], json!([{ "functionDeclarations": [function] }]));
    assert_eq!(body["toolConfig"], json!({ "functionCallingConfig": { "mode": "ANY" } }));
    let image = json!({ "inlineData": { "mimeType": "image/png", "data": "iVBORw0KGgo=" } });
    assert_eq!(body["contents"], json!([{ "role": "user", "parts": [{ "text": "Hello?" }, image] }]));
}

#[test]
fn text_and_tool_calls_are_read_from_a_plain_answer() {
    assert_eq!(answered(DIALECT, &parts(HELLO, STOP)), Answered { text: "hello".into(), calls: vec![] });
    let calls = vec![call("get_weather", "{\"city\": \"Oslo\"}"), call("get_time", "{}")];
    assert_eq!(answered(DIALECT, &parts(CALLS, STOP)), Answered { text: String::new(), calls });
}

#[rstest]
#[case("MAX_TOKENS", Class::Malformed)]
#[case("SAFETY", Class::ContentPolicy)]
#[case("RECITATION", Class::ContentPolicy)]
#[case("LANGUAGE", Class::ContentPolicy)]
#[case("OTHER", Class::ContentPolicy)]
#[case("IMAGE_SAFETY", Class::ContentPolicy)]
#[case("MALFORMED_FUNCTION_CALL", Class::Schema)]
#[case("UNEXPECTED_TOOL_CALL", Class::Schema)]
#[case("CONTINUATION", Class::Malformed)]
#[case("FINISH_REASON_UNSPECIFIED", Class::Malformed)]
fn what_ends_for_another_reason_is_no_success(#[case] reason: &str, #[case] expected: Class) {
    let body = parts(HELLO, &format!(r#","finishReason":"{reason}""#));
    assert_eq!(class(DIALECT, &body), expected);
    assert_eq!(failed(DIALECT, &(event(&parts(HELLO, "")) + &event(&body))), expected);
}

#[rstest]
#[case::no_parts(&content(r#""content":{},"finishReason":"STOP""#), Class::Malformed)]
#[case::a_role_only(&content(r#""content":{"role":"model"},"finishReason":"STOP""#), Class::Malformed)]
#[case::no_finish(&parts(HELLO, ""), Class::Malformed)]
#[case::filtered(&content(r#""finishReason":"SAFETY""#), Class::ContentPolicy)]
#[case::blocked(r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT","safetyRatings":[]},"usageMetadata":{"promptTokenCount":5}}"#, Class::ContentPolicy)]
fn what_is_no_whole_answer_is_no_success(#[case] body: &str, #[case] expected: Class) {
    assert_eq!(class(DIALECT, body), expected);
}

#[test]
fn a_stream_brings_tool_calls_whole_and_its_last_event_finishes_it() {
    let stream = event(&parts(r#"{"text":"Let me "}"#, ""))
        + &event(&parts(r#"{"text":"look."},{"functionCall":{"name":"get_weather","args":{"city":"Oslo"}}}"#, ""))
        + &event(&parts(r#"{"functionCall":{"name":"get_time","args":{}}}"#, STOP));
    let calls = vec![call("get_weather", "{\"city\":\"Oslo\"}"), call("get_time", "{}")];
    assert_eq!(whole(DIALECT, &stream), (Answered { text: "Let me look.".into(), calls }, 5));
}

#[test]
fn a_stream_that_ends_without_its_finish_is_interrupted() {
    assert_eq!(failed(DIALECT, event(&parts(CALLS, ""))), Class::Interrupted);
}

#[test]
fn an_error_inside_a_stream_is_read() {
    let error = r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
    assert_eq!(failed(DIALECT, &(event(&parts(HELLO, "")) + &event(error))), Class::Overloaded);
}
