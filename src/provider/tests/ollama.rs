use super::*;

const DIALECT: Dialect = Dialect::Ollama;

const END: &str = r#""total_duration":4883583458,"load_duration":1334875,"prompt_eval_count":26,"prompt_eval_duration":342546000,"eval_count":2,"eval_duration":4535599000"#;

fn line(message: &str, rest: &str) -> String {
    format!(
        "{{\"model\":\"llama3.2\",\"created_at\":\"2023-08-04T19:22:45.499127Z\",\"message\":{message},\"done\":{rest}}}\n"
    )
}

fn done(message: &str, reason: &str) -> String {
    line(message, &format!("true,\"done_reason\":\"{reason}\",{END}"))
}

const HELLO: &str = r#"{"role":"assistant","content":"hello"}"#;
const NOTHING: &str = r#"{"role":"assistant","content":""}"#;
const CALLING: &str = r#"{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get_weather","arguments":{"city": "Oslo"}}},{"function":{"name":"get_time","arguments":{}}}]}"#;

#[test]
fn a_question_says_that_it_wants_no_stream_and_bears_no_key() {
    let (line, headers, body) = sent(DIALECT, &plain());
    assert_eq!(line, "POST /api/chat");
    assert!(headers.get("authorization").is_none());
    let messages = json!([{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Hello?" }]);
    let expected =
        json!({ "model": "m", "messages": messages, "options": { "num_predict": MAX_TOKENS }, "stream": false });
    assert_eq!(body, expected);
}

#[test]
fn a_schema_is_a_format_an_image_bare_base64_and_a_tool_a_function() {
    let body = sent(DIALECT, &Ask { schema: Some(raw(SCHEMA)), ..plain() }).2;
    assert_eq!(body["format"], json!({ "type": "object" }));
    let body = with_everything(DIALECT);
    let parameters: Value = serde_json::from_str(PARAMETERS).expect("JSON");
    let function = json!({ "name": "get_weather", "description": "The forecast.", "parameters": parameters });
    assert_eq!(body["tools"], json!([{ "type": "function", "function": function }]));
    let user = json!({ "role": "user", "content": "Hello?", "images": ["iVBORw0KGgo="] });
    assert_eq!((&body["messages"][1], &body["stream"]), (&user, &json!(true)));
    assert!(body.get("tool_choice").is_none());
}

#[test]
fn text_and_tool_calls_are_read_from_a_plain_answer() {
    assert_eq!(answered(DIALECT, &done(HELLO, "stop")), Answered { text: "hello".into(), calls: vec![] });
    let calls = vec![call("get_weather", "{\"city\": \"Oslo\"}"), call("get_time", "{}")];
    assert_eq!(answered(DIALECT, &done(CALLING, "stop")), Answered { text: String::new(), calls });
}

#[rstest]
#[case::capped(&done(HELLO, "length"), Class::Malformed)]
#[case::unheard_of(&done(HELLO, "moonphase"), Class::Malformed)]
#[case::loaded(&done(NOTHING, "load"), Class::Malformed)]
#[case::no_reason(&line(HELLO, "true"), Class::Malformed)]
#[case::empty(&done(NOTHING, "stop"), Class::Malformed)]
#[case::not_done(&line(HELLO, "false"), Class::Malformed)]
#[case::error(r#"{"error":"server busy, please try again.  maximum pending requests exceeded"}"#, Class::Overloaded)]
fn what_is_no_whole_answer_is_no_success(#[case] body: &str, #[case] expected: Class) {
    assert_eq!(class(DIALECT, body), expected);
}

#[test]
fn a_stream_is_whole_with_the_line_that_is_done() {
    let token = |text: &str| line(&format!(r#"{{"role":"assistant","content":"{text}"}}"#), "false");
    let stream = token("hel") + &token("lo") + &done(NOTHING, "stop");
    assert_eq!(whole(DIALECT, &stream), (Answered { text: "hello".into(), calls: vec![] }, 2));
    assert_eq!(failed(DIALECT, token("hel") + &token("lo")), Class::Interrupted);
    assert_eq!(failed(DIALECT, &stream[..stream.len() - 1]), Class::Interrupted);
    assert_eq!(failed(DIALECT, stream.replace("\"stop\"", "\"length\"")), Class::Malformed);
}

pub(super) fn calling_stream() -> String {
    line(CALLING, "false") + &done(NOTHING, "stop")
}

#[test]
fn a_stream_brings_tool_calls_whole() {
    let calls = vec![call("get_weather", "{\"city\": \"Oslo\"}"), call("get_time", "{}")];
    assert_eq!(whole(DIALECT, calling_stream()), (Answered { text: String::new(), calls }, 3));
}

#[rstest]
#[case("server busy, please try again.  maximum pending requests exceeded", Class::Overloaded)]
#[case("an error was encountered while running the model: unexpected EOF", Class::ServerError)]
#[case("model 'llama3.2' not found", Class::ModelGone)]
fn a_line_may_be_an_error(#[case] words: &str, #[case] expected: Class) {
    assert_eq!(failed(DIALECT, line(HELLO, "false") + &format!("{{\"error\":\"{words}\"}}\n")), expected);
}

#[rstest]
#[case(503, r#"{"error":"server busy, please try again.  maximum pending requests exceeded"}"#, Class::Overloaded)]
#[case(404, r#"{"error":"model 'llama3.2' not found"}"#, Class::ModelGone)]
#[case(404, "404 page not found", Class::ModelGone)]
#[case(403, "", Class::Auth)]
#[case(400, r#"{"error":"the input length exceeds the context length"}"#, Class::ContextLength)]
#[case(400, r#"{"error":"\"llama3.2\" does not support tools"}"#, Class::BadRequest)]
#[case(429, r#"{"error":"too many requests, please slow down"}"#, Class::RateLimited)]
#[case(429, r#"{"error":"you've reached your usage limit, please upgrade to continue"}"#, Class::QuotaExhausted)]
#[case(500, r#"{"error":"an error was encountered while running the model: unexpected EOF"}"#, Class::ServerError)]
fn an_error_is_a_sentence_under_a_status(#[case] status: u16, #[case] body: &str, #[case] expected: Class) {
    assert_eq!(refused(DIALECT, status, body), expected);
}
