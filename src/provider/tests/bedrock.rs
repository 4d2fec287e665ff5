use super::*;

const DIALECT: Dialect = Dialect::Bedrock;

/// A frame put together from the format's description.
fn packed(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    for (name, value) in headers {
        packed.push(u8::try_from(name.len()).expect("short"));
        packed.extend(name.as_bytes());
        packed.push(7);
        packed.extend(u16::try_from(value.len()).expect("short").to_be_bytes());
        packed.extend(value.as_bytes());
    }
    let number = |length: usize| u32::try_from(length).expect("short").to_be_bytes();
    let mut frame = [number(16 + packed.len() + payload.len()), number(packed.len())].concat();
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(packed);
    frame.extend(payload.as_bytes());
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame
}

pub(super) fn frame(name: &str, payload: &str) -> Vec<u8> {
    packed(&[(":event-type", name), (":content-type", "application/json"), (":message-type", "event")], payload)
}

pub(super) fn exception(name: &str, payload: &str) -> Vec<u8> {
    packed(&[(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")], payload)
}

fn message(content: &str, stop: &str) -> String {
    format!(
        r#"{{"output":{{"message":{{"role":"assistant","content":{content}}}}},"stopReason":"{stop}",
 "usage":{{"inputTokens":5,"outputTokens":1,"totalTokens":6}},"metrics":{{"latencyMs":9}}}}"#
    )
}

const HELLO: &str = r#"[{"text":"hello"}]"#;
const ID: &str = "anthropic.claude-3-5-sonnet-20240620-v1:0";

#[test]
fn a_frame_is_put_together_byte_for_byte_as_the_format_says() {
    // Its checksums are those of zlib.
    let expected = b"\x00\x00\x00!\x00\x00\x00\x0f\x09<\xc4L\x01a\x07\x00\x01b\x05:long\x07\x00\x00{}\x05kC\"";
    assert_eq!(packed(&[("a", "b"), (":long", "")], "{}"), expected);
}

#[test]
fn the_id_stands_in_the_path_percent_encoded() {
    let (line, _, body) = sent(DIALECT, &Ask { model: ID, ..plain() });
    assert_eq!(line, "POST /model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse");
    let expected = json!({
        "messages": [{ "role": "user", "content": [{ "text": "Hello?" }] }],
        "system": [{ "text": "Be brief." }],
        "inferenceConfig": { "maxTokens": MAX_TOKENS },
    });
    assert_eq!(body, expected);
    let (line, _, body) = sent(DIALECT, &Ask { model: "arn:aws:bedrock:a/b", stream: true, ..plain() });
    assert_eq!((line.as_str(), body), ("POST /model/arn%3Aaws%3Abedrock%3Aa%2Fb/converse-stream", expected));
}

#[test]
fn a_schema_travels_as_a_string_and_tools_as_specs() {
    let body = sent(DIALECT, &Ask { schema: Some(raw(SCHEMA)), ..plain() }).2;
    let schema = json!({ "jsonSchema": { "name": "answer", "schema": SCHEMA } });
    assert_eq!(body["outputConfig"], json!({ "textFormat": { "type": "json_schema", "structure": schema } }));
    let body = with_everything(DIALECT);
    let parameters: Value = serde_json::from_str(PARAMETERS).expect("JSON");
    let spec = json!({ "name": "get_weather", "description": "The forecast.", "inputSchema": { "json": parameters } });
    assert_eq!(body["toolConfig"], json!({ "tools": [{ "toolSpec": spec }], "toolChoice": { "any": {} } }));
    let image = json!({ "image": { "format": "png", "source": { "bytes": "iVBORw0KGgo=" } } });
    assert_eq!(body["messages"][0]["content"], json!([{ "text": "Hello?" }, image]));
}

#[test]
fn text_and_tool_calls_are_read_from_a_plain_answer() {
    assert_eq!(answered(DIALECT, &message(HELLO, "end_turn")), Answered { text: "hello".into(), calls: vec![] });
    let content = r#"[{"text":"Let me look."},{"toolUse":{"toolUseId":"tooluse_x","name":"get_weather","input":{"city": "Oslo"}}}]"#;
    let calls = vec![call("get_weather", "{\"city\": \"Oslo\"}")];
    assert_eq!(answered(DIALECT, &message(content, "tool_use")), Answered { text: "Let me look.".into(), calls });
}

fn begun() -> Vec<u8> {
    frame("messageStart", r#"{"role":"assistant"}"#)
}

fn text(text: &str) -> Vec<u8> {
    frame("contentBlockDelta", &format!(r#"{{"contentBlockIndex":0,"delta":{{"text":"{text}"}}}}"#))
}

fn ended(index: u32) -> Vec<u8> {
    frame("contentBlockStop", &format!(r#"{{"contentBlockIndex":{index}}}"#))
}

fn stopped(reason: &str) -> Vec<u8> {
    let usage = r#"{"usage":{"inputTokens":5,"outputTokens":1,"totalTokens":6},"metrics":{"latencyMs":9}}"#;
    [frame("messageStop", &format!(r#"{{"stopReason":"{reason}"}}"#)), frame("metadata", usage)].concat()
}

#[rstest]
#[case("max_tokens", Class::Malformed)]
#[case("model_context_window_exceeded", Class::Malformed)]
#[case("guardrail_intervened", Class::ContentPolicy)]
#[case("content_filtered", Class::ContentPolicy)]
#[case("malformed_tool_use", Class::Schema)]
#[case("malformed_model_output", Class::Malformed)]
#[case("tool_use", Class::Malformed)]
#[case("moonphase", Class::Malformed)]
fn what_ends_for_another_reason_is_no_success(#[case] reason: &str, #[case] expected: Class) {
    assert_eq!(class(DIALECT, &message(HELLO, reason)), expected);
    assert_eq!(failed(DIALECT, [begun(), text("hel"), stopped(reason)].concat()), expected);
}

#[test]
fn a_streamed_text_is_put_together() {
    let stream = [begun(), text("hel"), text(""), text("lo"), ended(0), stopped("end_turn")].concat();
    assert_eq!(whole(DIALECT, stream), (Answered { text: "hello".into(), calls: vec![] }, 2));
}

pub(super) fn calling_stream() -> Vec<u8> {
    let start = |index: u32, name: &str| {
        let tool = format!(r#"{{"toolUse":{{"toolUseId":"tooluse_{index}","name":"{name}"}}}}"#);
        frame("contentBlockStart", &format!(r#"{{"contentBlockIndex":{index},"start":{tool}}}"#))
    };
    let part = |index: u32, json: &str| {
        let delta = format!(r#"{{"toolUse":{{"input":"{json}"}}}}"#);
        frame("contentBlockDelta", &format!(r#"{{"contentBlockIndex":{index},"delta":{delta}}}"#))
    };
    [
        begun(),
        text("Let me look."),
        ended(0),
        start(1, "get_weather"),
        part(1, r#"{\"city\":"#),
        part(1, r#" \"Oslo\"}"#),
        ended(1),
        start(2, "get_time"),
        ended(2),
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
fn a_stream_is_whole_with_its_message_stop_and_cut_anywhere_before_it_interrupted() {
    let stream = calling_stream();
    let metadata =
        frame("metadata", r#"{"usage":{"inputTokens":5,"outputTokens":1,"totalTokens":6},"metrics":{"latencyMs":9}}"#);
    let finished = stream.len() - metadata.len();
    for cut in (0..stream.len()).step_by(7) {
        let expected = if cut < finished { Err(Class::Interrupted) } else { Ok(()) };
        assert_eq!(streamed(DIALECT, &stream[..cut], 64).2.map_err(|c| c.class), expected, "cut at {cut}");
    }
}

#[rstest]
#[case("throttlingException", "Too many requests, please wait before trying again.", Class::RateLimited)]
#[case("serviceUnavailableException", "Bedrock is unable to process your request.", Class::Overloaded)]
#[case("internalServerException", "The system encountered an unexpected error.", Class::ServerError)]
#[case("modelStreamErrorException", "The model stream broke.", Class::ServerError)]
#[case("validationException", "Malformed input request.", Class::BadRequest)]
#[case("validationException", "Input is too long for requested model.", Class::ContextLength)]
#[case("somethingElseException", "", Class::ServerError)]
fn an_exception_in_a_stream_is_known_by_its_type(#[case] kind: &str, #[case] words: &str, #[case] expected: Class) {
    let error = exception(kind, &format!(r#"{{"message":"{words}"}}"#));
    assert_eq!(failed(DIALECT, [begun(), text("hel"), error].concat()), expected);
}

#[test]
fn an_error_frame_has_its_words_in_a_header() {
    let headers = [(":message-type", "error"), (":error-code", "InternalServerException"), (":error-message", "Oh.")];
    let (_, _, end) = streamed(DIALECT, &packed(&headers, ""), usize::MAX);
    assert_eq!(end, Err(Complaint::new(Class::ServerError, "200 Oh.")));
}

#[test]
fn a_frame_that_is_broken_is_malformed() {
    let mut stream = [begun(), text("hello"), stopped("end_turn")].concat();
    let at = begun().len() + 130;
    stream[at] ^= 4;
    assert_eq!(failed(DIALECT, stream), Class::Malformed);
}

#[rstest]
#[case(403, "AccessDeniedException", "", Class::Auth)]
#[case(403, "UnrecognizedClientException", "", Class::Auth)]
#[case(429, "ThrottlingException", "Too many requests, please wait before trying again.", Class::RateLimited)]
#[case(429, "ThrottlingException:http://internal.amazon.com/coral/", "", Class::RateLimited)]
#[case(429, "ThrottlingException", "Too many tokens per day, please wait before trying again.", Class::QuotaExhausted)]
#[case(429, "ModelNotReadyException", "", Class::Overloaded)]
#[case(404, "ResourceNotFoundException", "", Class::ModelGone)]
#[case(400, "ValidationException", "The provided model identifier is invalid.", Class::ModelGone)]
#[case(400, "ValidationException", "Input is too long for requested model.", Class::ContextLength)]
#[case(400, "ValidationException", "Malformed input request.", Class::BadRequest)]
#[case(400, "ServiceQuotaExceededException", "", Class::QuotaExhausted)]
#[case(408, "ModelTimeoutException", "", Class::ServerError)]
#[case(424, "ModelErrorException", "", Class::ServerError)]
#[case(424, "", "", Class::ServerError)]
#[case(500, "InternalServerException", "", Class::ServerError)]
#[case(503, "ServiceUnavailableException", "", Class::Overloaded)]
#[case(503, "", "", Class::Overloaded)]
#[case(502, "", "", Class::ServerError)]
fn an_error_is_known_by_its_header(
    #[case] status: u16,
    #[case] kind: &'static str,
    #[case] words: &str,
    #[case] expected: Class,
) {
    let status = StatusCode::from_u16(status).expect("a status");
    let body = format!(r#"{{"message":"{words}"}}"#);
    let headers = headers([("x-amzn-errortype", kind)]);
    assert_eq!(Adapter::new(DIALECT).complaint(status, &headers, body.as_bytes()).class, expected);
}

#[test]
fn the_kind_may_stand_in_the_body_and_the_wait_is_in_milliseconds() {
    let body = r#"{"__type":"com.amazon.coral.service#ThrottlingException","message":"Too many requests"}"#;
    assert_eq!(refused(DIALECT, 429, body), Class::RateLimited);
    let wait = |value| {
        let headers = headers([("x-amzn-errortype", "ThrottlingException"), ("x-amz-retry-after", value)]);
        Adapter::new(DIALECT).complaint(StatusCode::TOO_MANY_REQUESTS, &headers, b"{}").retry_after
    };
    assert_eq!((wait("1500"), wait("0"), wait("soon")), (Some(1.5), None, None));
}
