use super::*;

const DIALECT: Dialect = Dialect::OpenAi;

fn completion(message: &str, finish: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-x","object":"chat.completion","created":1700000000,"model":"m","service_tier":"default","system_fingerprint":"fp_x",
 "choices":[{{"index":0,"message":{message},"logprobs":null,"finish_reason":{finish}}}],
 "usage":{{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6,"prompt_tokens_details":{{"cached_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0}}}}}}"#
    )
}

fn chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-x\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\
         \"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}],\"usage\":null}}\n\n"
    )
}

const HELLO: &str = r#"{"role":"assistant","content":"hello","refusal":null,"annotations":[]}"#;
const CALLING: &str = r#"{"role":"assistant","content":null,"refusal":null,"annotations":[],"tool_calls":[
    {"id":"call_x","type":"function","function":{"name":"get_weather","arguments":"{\"city\": \"Oslo\"}"}},
    {"id":"call_y","type":"function","function":{"name":"get_time","arguments":"{not json"}}]}"#;

#[test]
fn a_question_is_a_system_and_a_user_message() {
    let (line, headers, body) = sent(DIALECT, &plain());
    assert_eq!((line.as_str(), &headers["content-type"] == "application/json"), ("POST /v1/chat/completions", true));
    let messages = json!([{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Hello?" }]);
    assert_eq!(body, json!({ "model": "m", "messages": messages, "max_completion_tokens": MAX_TOKENS }));
}

#[test]
fn a_schema_and_a_stream_are_asked_for() {
    let body = sent(DIALECT, &Ask { schema: Some(raw(SCHEMA)), stream: true, stricter: true, ..plain() }).2;
    let format = json!({ "name": "answer", "strict": true, "schema": { "type": "object" } });
    assert_eq!(body["response_format"], json!({ "type": "json_schema", "json_schema": format }));
    assert_eq!(body["stream"], true);
    assert_eq!(body["messages"][0]["content"], format!("Be brief.\n{STRICTER}"));
}

#[test]
fn tools_are_functions_and_images_are_data_urls() {
    let body = with_everything(DIALECT);
    let parameters: Value = serde_json::from_str(PARAMETERS).expect("JSON");
    let function = json!({ "name": "get_weather", "description": "The forecast.", "parameters": parameters });
    assert_eq!(body["tools"], json!([{ "type": "function", "function": function }]));
    assert_eq!(body["tool_choice"], "required");
    let content = json!([
        { "type": "text", "text": "Hello?" },
        { "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo=" } },
    ]);
    assert_eq!(body["messages"][1], json!({ "role": "user", "content": content }));
}

#[test]
fn text_and_tool_calls_are_read_from_a_plain_answer() {
    assert_eq!(answered(DIALECT, &completion(HELLO, "\"stop\"")), Answered { text: "hello".into(), calls: vec![] });
    let calls = vec![call("get_weather", "{\"city\": \"Oslo\"}"), call("get_time", "{not json")];
    let calling = Answered { text: String::new(), calls };
    assert_eq!(answered(DIALECT, &completion(CALLING, "\"tool_calls\"")), calling);
    // With a forced tool the vendor says `stop`.
    assert_eq!(answered(DIALECT, &completion(CALLING, "\"stop\"")), calling);
}

#[rstest]
#[case::capped(HELLO, "\"length\"", Class::Malformed)]
#[case::capped_call(CALLING, "\"length\"", Class::Malformed)]
#[case::filtered(HELLO, "\"content_filter\"", Class::ContentPolicy)]
#[case::unheard_of(HELLO, "\"moonphase\"", Class::Malformed)]
#[case::unfinished(HELLO, "null", Class::Malformed)]
#[case::announced_only(HELLO, "\"tool_calls\"", Class::Malformed)]
#[case::empty(r#"{"role":"assistant","content":""}"#, "\"stop\"", Class::Malformed)]
#[case::null(r#"{"role":"assistant","content":null}"#, "\"stop\"", Class::Malformed)]
#[case::refused(r#"{"role":"assistant","content":null,"refusal":"I'm sorry."}"#, "\"stop\"", Class::ContentPolicy)]
fn what_is_no_whole_answer_is_no_success(#[case] message: &str, #[case] finish: &str, #[case] expected: Class) {
    assert_eq!(class(DIALECT, &completion(message, finish)), expected);
}

#[test]
fn the_reason_nobody_knows_is_told() {
    let response =
        Adapter::new(DIALECT).answer(completion(HELLO, "\"moonphase\"").as_bytes(), &mut None).expect("a response");
    let complaint = response.finish.check(false).expect_err("none");
    assert_eq!(complaint.detail, "unknown finish_reason moonphase");
}

pub(super) fn calling_stream() -> String {
    [
        chunk(r#"{"role":"assistant","content":null,"refusal":null}"#, "null"),
        chunk(r#"{"tool_calls":[{"index":0,"id":"call_x","type":"function","function":{"name":"get_weather","arguments":""}}]}"#, "null"),
        chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}"#, "null"),
        chunk(r#"{"tool_calls":[{"index":1,"id":"call_y","type":"function","function":{"name":"get_time","arguments":""}}]}"#, "null"),
        chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"\"Oslo\"}"}}]}"#, "null"),
        chunk(r#"{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}"#, "null"),
        chunk("{}", "\"tool_calls\""),
        "data: {\"id\":\"chatcmpl-x\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":5}}\n\n"
            .to_owned(),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat()
}

#[test]
fn a_streamed_text_is_put_together() {
    let stream = [
        chunk(r#"{"role":"assistant","content":"","refusal":null}"#, "null"),
        chunk(r#"{"content":"hel"}"#, "null"),
        chunk(r#"{"content":"lo"}"#, "null"),
        chunk("{}", "\"stop\""),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat();
    assert_eq!(whole(DIALECT, &stream), (Answered { text: "hello".into(), calls: vec![] }, 2));
}

#[test]
fn streamed_tool_calls_are_put_together_by_their_index() {
    let calls = vec![call("get_weather", "{\"city\":\"Oslo\"}"), call("get_time", "{}")];
    assert_eq!(whole(DIALECT, calling_stream()), (Answered { text: String::new(), calls }, 3));
}

#[test]
fn a_stream_that_stops_inside_a_tool_call_is_interrupted() {
    let stream = calling_stream();
    let cut = stream.rfind("data: {\"id\"").expect("chunks");
    let before_finish = &stream[..stream[..cut].rfind("data: {\"id\"").expect("chunks")];
    assert_eq!(failed(DIALECT, before_finish), Class::Interrupted);
    assert_eq!(failed(DIALECT, format!("{before_finish}data: [DONE]\n\n")), Class::Interrupted);
}

#[rstest]
#[case("length", Class::Malformed)]
#[case("content_filter", Class::ContentPolicy)]
#[case("moonphase", Class::Malformed)]
#[case("tool_calls", Class::Malformed)]
fn a_stream_that_ends_for_another_reason_is_no_success(#[case] reason: &str, #[case] expected: Class) {
    let stream = chunk(r#"{"content":"hel"}"#, "null") + &chunk("{}", &format!("\"{reason}\"")) + "data: [DONE]\n\n";
    assert_eq!(failed(DIALECT, &stream), expected);
}

#[test]
fn an_error_inside_a_stream_is_read() {
    let error = r#"{"error":{"message":"Overloaded","type":"service_unavailable_error","param":null,"code":"server_is_overloaded"}}"#;
    let stream = chunk(r#"{"content":"hel"}"#, "null") + &format!("data: {error}\n\n");
    assert_eq!(failed(DIALECT, &stream), Class::Overloaded);
}

#[test]
fn an_embedding_is_asked_for_and_read() {
    let embedder = Adapter::new(DIALECT).embedder().expect("embeddings");
    let ask = Embed { model: "text-embedding-3-small", secret: "sk-drill-acme", text: "Hello.", dimensions: 2 };
    let (line, headers, body) = read(embedder.request(&ask).expect("a request"));
    assert_eq!((line.as_str(), &headers["authorization"] == "Bearer sk-drill-acme"), ("POST /v1/embeddings", true));
    let expected = json!({
        "model": "text-embedding-3-small", "input": "Hello.", "encoding_format": "float", "dimensions": 2,
    });
    assert_eq!(body, expected);
    let reply = |vector: &str| {
        format!(
            r#"{{"object":"list","model":"text-embedding-3-small","data":[{{"object":"embedding","index":0,"embedding":{vector}}}],"usage":{{"prompt_tokens":2,"total_tokens":2}}}}"#
        )
    };
    let read = |body: &str| embedder.vector(body.as_bytes(), 2, &mut None).map_err(|complaint| complaint.class);
    assert_eq!(read(&reply("[0.6,-0.8]")), Ok(vec![0.6, -0.8]));
    assert_eq!(read(&reply("\"AACAPwAAAMA=\"")), Ok(vec![1.0, -2.0]));
    for broken in [reply("[]"), reply("[0.6]"), reply("[0.6,1e60]"), reply("\"AACAPwAA\""), reply("null"), "{}".into()]
    {
        assert_eq!(read(&broken), Err(Class::Malformed), "{broken}");
    }
    assert_eq!(read(""), Err(Class::Interrupted));
    let error =
        r#"{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#;
    assert_eq!(read(error), Err(Class::RateLimited));
}
