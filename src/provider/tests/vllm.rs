use super::*;

const DIALECT: Dialect = Dialect::Vllm;

fn chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-x\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\
         \"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish},\"stop_reason\":null}}]}}\n\n"
    )
}

#[test]
fn the_cap_has_its_older_name_and_all_else_is_openais() {
    let (line, _, mut body) = sent(DIALECT, &plain());
    assert_eq!(line, "POST /v1/chat/completions");
    let mut theirs = sent(Dialect::OpenAi, &plain()).2;
    let (ours, theirs_cap) = (body["max_tokens"].take(), theirs["max_completion_tokens"].take());
    assert_eq!((&ours, &theirs_cap), (&json!(MAX_TOKENS), &json!(MAX_TOKENS)));
    assert_eq!(body["messages"], theirs["messages"]);
    assert_eq!(with_everything(DIALECT)["tool_choice"], "required");
}

#[test]
fn a_stream_ends_with_its_finish_also_where_that_has_a_content() {
    let stream = [
        chunk(r#"{"role":"assistant","content":""}"#, "null"),
        chunk(r#"{"content":"hello"}"#, "null"),
        chunk(r#"{"content":""}"#, "\"stop\""),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat();
    assert_eq!(whole(DIALECT, &stream), (Answered { text: "hello".into(), calls: vec![] }, 1));
    assert_eq!(failed(DIALECT, stream.replace("\"stop\"", "\"abort\"")), Class::Malformed);
}

#[rstest]
#[case::older(400, r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.","type":"BadRequestError","param":null,"code":400}"#, Class::ContextLength)]
#[case::newer(400, r#"{"error":{"message":"You passed 5000 input tokens and requested 0 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 4096 tokens.","type":"BadRequestError","param":"input_tokens","code":400}}"#, Class::ContextLength)]
#[case::bad(
    400,
    r#"{"error":{"message":"The request was rejected.","type":"BadRequestError","param":null,"code":400}}"#,
    Class::BadRequest
)]
#[case::gone(
    404,
    r#"{"error":{"message":"The model `m` does not exist.","type":"NotFoundError","param":"model","code":404}}"#,
    Class::ModelGone
)]
#[case::key(401, r#"{"error":"Unauthorized"}"#, Class::Auth)]
#[case::broken(
    500,
    r#"{"object":"error","message":"Internal server error","type":"InternalServerError","param":null,"code":500}"#,
    Class::ServerError
)]
#[case::overloaded(503, r#"{"error":{"message":"The server is overloaded, please try again later.","type":"ServiceUnavailableError","param":null,"code":503}}"#, Class::Overloaded)]
#[case::limited(
    429,
    r#"{"error":{"message":"Too Many Requests","type":"Too Many Requests","param":null,"code":429}}"#,
    Class::RateLimited
)]
fn errors_are_nested_or_flat_and_their_code_is_the_status(
    #[case] status: u16,
    #[case] body: &str,
    #[case] expected: Class,
) {
    assert_eq!(refused(DIALECT, status, body), expected);
    if body.contains("\"code\"") {
        // In a stream nothing but the code tells the status, and a terminator follows.
        let stream = chunk(r#"{"content":"hel"}"#, "null") + &format!("data: {body}\n\ndata: [DONE]\n\n");
        assert_eq!(failed(DIALECT, stream), expected);
    }
}

#[test]
fn a_wait_is_read_from_the_headers() {
    let complaint = |pairs| {
        let body = br#"{"error":{"message":"Too Many Requests","type":"Too Many Requests","param":null,"code":429}}"#;
        Adapter::new(DIALECT).complaint(StatusCode::TOO_MANY_REQUESTS, &headers(pairs), body).retry_after
    };
    assert_eq!(complaint([("retry-after", "3")]), Some(3.0));
}
