use super::*;

const DIALECT: Dialect = Dialect::Mistral;

fn completion(message: &str, finish: &str) -> String {
    format!(
        r#"{{"id":"cmpl-x","object":"chat.completion","created":1700000000,"model":"mistral-large-latest",
 "choices":[{{"index":0,"message":{message},"finish_reason":"{finish}"}}],
 "usage":{{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}}}"#
    )
}

fn chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"cmpl-x\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
         \"model\":\"mistral-large-latest\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
    )
}

const HELLO: &str = r#"{"role":"assistant","content":"hello","tool_calls":null}"#;

#[test]
fn the_cap_has_its_older_name_and_a_tool_that_must_be_called_is_any() {
    let (line, _, body) = sent(DIALECT, &plain());
    assert_eq!(line, "POST /v1/chat/completions");
    let messages = json!([{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Hello?" }]);
    assert_eq!(body, json!({ "model": "m", "messages": messages, "max_tokens": MAX_TOKENS }));
    let body = with_everything(DIALECT);
    assert_eq!((&body["tool_choice"], &body["tools"][0]["type"]), (&json!("any"), &json!("function")));
    assert!(body.get("stream_options").is_none());
}

#[test]
fn text_and_tool_calls_are_read_from_a_plain_answer() {
    assert_eq!(answered(DIALECT, &completion(HELLO, "stop")), Answered { text: "hello".into(), calls: vec![] });
    let calling = r#"{"role":"assistant","content":"","tool_calls":[
        {"id":"a1b2c3d4e","function":{"name":"get_weather","arguments":"{\"city\": \"Oslo\"}"},"index":0}]}"#;
    let calls = vec![call("get_weather", "{\"city\": \"Oslo\"}")];
    assert_eq!(answered(DIALECT, &completion(calling, "tool_calls")), Answered { text: String::new(), calls });
}

#[rstest]
#[case("length", Class::Malformed)]
#[case("model_length", Class::Malformed)]
#[case("error", Class::Malformed)]
#[case("moonphase", Class::Malformed)]
fn what_ends_for_another_reason_is_no_success(#[case] reason: &str, #[case] expected: Class) {
    assert_eq!(class(DIALECT, &completion(HELLO, reason)), expected);
    assert_eq!(failed(DIALECT, chunk(r#"{"content":"hel"}"#, &format!("\"{reason}\""))), expected);
}

#[test]
fn streamed_tool_calls_come_whole_and_count_for_their_tokens() {
    let calls = r#"{"content":"","tool_calls":[
        {"id":"a1b2c3d4e","function":{"name":"get_weather","arguments":"{\"city\": \"Oslo\"}"},"index":0},
        {"id":"a1b2c3d4f","function":{"name":"get_time","arguments":"{}"},"index":1}]}"#
        .replace('\n', "");
    let stream = chunk(r#"{"role":"assistant","content":""}"#, "null") + &chunk(&calls, "\"tool_calls\"");
    let calls = vec![call("get_weather", "{\"city\": \"Oslo\"}"), call("get_time", "{}")];
    // Two for the first, one for the second.
    assert_eq!(whole(DIALECT, stream + "data: [DONE]\n\n"), (Answered { text: String::new(), calls }, 3));
}

const LIMITED: &str = r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#;
const NO_ROOM: &str = r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"invalid_request_error","param":null,"code":null}"#;

#[rstest]
#[case(429, LIMITED, Class::RateLimited)]
#[case(429, r#"{"message":"Requests rate limit exceeded"}"#, Class::RateLimited)]
#[case(429, NO_ROOM, Class::Overloaded)]
#[case(503, r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"invalid_request_error","param":null,"code":"3505"}"#, Class::Overloaded)]
#[case(
    422,
    r#"{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required","input":null}]}"#,
    Class::BadRequest
)]
#[case(401, r#"{"detail":"Unauthorized"}"#, Class::Auth)]
#[case(402, "{}", Class::QuotaExhausted)]
#[case(
    400,
    r#"{"object":"error","message":"Invalid model: mistral-huge","type":"invalid_model","param":null,"code":"1500"}"#,
    Class::ModelGone
)]
#[case(400, r#"{"object":"error","message":"Prompt contains 40000 tokens, too large for model with 32768 maximum context length","type":"invalid_request_error","param":null,"code":"3051"}"#, Class::ContextLength)]
#[case(
    500,
    r#"{"object":"error","message":"Service unavailable.","type":"internal_server_error","param":null,"code":"1000"}"#,
    Class::ServerError
)]
#[case(503, "<html></html>", Class::Overloaded)]
fn errors_are_flat_objects_or_details(#[case] status: u16, #[case] body: &str, #[case] expected: Class) {
    assert_eq!(refused(DIALECT, status, body), expected);
}

#[test]
fn what_does_not_validate_is_told() {
    let body = r#"{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required","input":null}]}"#;
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let complaint = Adapter::new(DIALECT).complaint(status, &HeaderMap::new(), body.as_bytes());
    assert_eq!(complaint.detail, "422 Field required");
}

#[test]
fn an_error_is_read_that_comes_with_a_200() {
    assert_eq!(class(DIALECT, NO_ROOM), Class::Overloaded);
    assert_eq!(
        failed(DIALECT, chunk(r#"{"content":"hel"}"#, "null") + &format!("data: {LIMITED}\n\n")),
        Class::RateLimited
    );
}

#[test]
fn an_embedding_is_asked_for_where_openai_has_it() {
    let ask = Embed { model: "mistral-embed", secret: "sk-drill-acme", text: "Hello.", dimensions: 2 };
    let embedder = Adapter::new(DIALECT).embedder().expect("embeddings");
    assert_eq!(read(embedder.request(&ask).expect("a request")).0, "POST /v1/embeddings");
    let reply = r#"{"id":"x","object":"list","model":"mistral-embed","data":[{"object":"embedding","index":0,"embedding":[0.6,-0.8]}],"usage":{"prompt_tokens":2,"total_tokens":2}}"#;
    assert_eq!(embedder.vector(reply.as_bytes(), 2, &mut None), Ok(vec![0.6, -0.8]));
    assert_eq!(embedder.vector(LIMITED.as_bytes(), 2, &mut None).map_err(|c| c.class), Err(Class::RateLimited));
}
