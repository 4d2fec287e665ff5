use super::*;

const DIALECT: Dialect = Dialect::Azure;

const SAFE: &str = r#""hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"}"#;

#[test]
fn the_deployment_stands_in_the_path_and_the_version_in_the_query() {
    let (line, headers, body) = sent(DIALECT, &Ask { model: "gpt-4o", ..plain() });
    assert_eq!(line, "POST /openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21");
    assert!(headers.get("authorization").is_none());
    let messages = json!([{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Hello?" }]);
    assert_eq!(body, json!({ "model": "gpt-4o", "messages": messages, "max_completion_tokens": MAX_TOKENS }));
}

#[test]
fn tools_schemas_and_images_are_openais() {
    assert_eq!(with_everything(DIALECT), with_everything(Dialect::OpenAi));
}

#[test]
fn what_the_filter_found_does_not_hide_an_answer() {
    let body = format!(
        r#"{{"id":"chatcmpl-x","object":"chat.completion","created":1700000000,"model":"gpt-4o",
 "prompt_filter_results":[{{"prompt_index":0,"content_filter_results":{{{SAFE}}}}}],
 "choices":[{{"index":0,"message":{{"role":"assistant","content":"hello","refusal":null}},"finish_reason":"stop","content_filter_results":{{{SAFE}}}}}],
 "usage":{{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}}}"#
    );
    assert_eq!(answered(DIALECT, &body), Answered { text: "hello".into(), calls: vec![] });
    let filtered = body.replace("\"stop\"", "\"content_filter\"");
    assert_eq!(class(DIALECT, &filtered), Class::ContentPolicy);
}

#[test]
fn a_stream_begins_with_a_chunk_that_has_no_choices_and_may_have_annotations_in_it() {
    let first = format!(
        r#"{{"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[{{"prompt_index":0,"content_filter_results":{{{SAFE}}}}}]}}"#
    );
    let annotation = format!(
        r#"{{"id":"","object":"","created":0,"model":"","choices":[{{"index":0,"finish_reason":null,"content_filter_results":{{{SAFE}}},"content_filter_offsets":{{"check_offset":44,"start_offset":44,"end_offset":198}}}}]}}"#
    );
    let chunk = |delta: &str, finish: &str| {
        format!(
            r#"{{"id":"chatcmpl-x","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish},"content_filter_results":{{}}}}]}}"#
        )
    };
    let events = [
        first,
        chunk(r#"{"role":"assistant","content":"","refusal":null}"#, "null"),
        chunk(r#"{"content":"hel"}"#, "null"),
        annotation,
        chunk(r#"{"content":"lo"}"#, "null"),
        chunk("{}", "\"stop\""),
        "[DONE]".to_owned(),
    ];
    let stream = events.map(|event| format!("data: {event}\n\n")).concat();
    assert_eq!(whole(DIALECT, stream), (Answered { text: "hello".into(), calls: vec![] }, 2));
}

const LIMITED: &str = r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 86400 seconds."}}"#;

#[rstest]
#[case::limited(429, LIMITED, Class::RateLimited)]
#[case::no_room(429, r#"{"error":{"message":"The system is currently experiencing high demand and cannot process your request.","type":"too_many_requests","param":null,"code":"no_capacity"}}"#, Class::Overloaded)]
#[case::filtered(400, r#"{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"jailbreak":{"filtered":true,"detected":true}}}}}"#, Class::ContentPolicy)]
#[case::filtered_otherwise(400, r#"{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,"inner_error":{"code":"ResponsibleAIPolicyViolation","content_filter_results":{}}}}"#, Class::ContentPolicy)]
#[case::filtered_without_a_word(400, r#"{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400}}"#, Class::ContentPolicy)]
#[case::gone(
    404,
    r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}"#,
    Class::ModelGone
)]
#[case::key(
    401,
    r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}"#,
    Class::Auth
)]
#[case::too_long(400, r#"{"error":{"message":"This model's maximum context length is 128000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#, Class::ContextLength)]
#[case::slow(408, r#"{"error":{"code":"Timeout","message":"The operation was timeout."}}"#, Class::ServerError)]
#[case::page(502, "<html><head><title>502 Bad Gateway</title></head></html>", Class::ServerError)]
fn errors_are_the_gateways_the_filters_and_openais(#[case] status: u16, #[case] body: &str, #[case] expected: Class) {
    assert_eq!(refused(DIALECT, status, body), expected);
}

#[test]
fn a_rate_limit_in_a_stream_is_known_by_its_code() {
    assert_eq!(failed(DIALECT, format!("data: {LIMITED}\n\n")), Class::RateLimited);
}

#[test]
fn of_the_headers_of_a_rate_limit_only_the_wait_that_is_one_is_believed() {
    let seen = headers([
        ("retry-after", "1"),
        ("retry-after-ms", "0"),
        ("x-ratelimit-limit-tokens", "5000"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "0"),
        ("x-ratelimit-type", "Tokens"),
    ]);
    let wait = |headers: &HeaderMap| {
        Adapter::new(DIALECT).complaint(StatusCode::TOO_MANY_REQUESTS, headers, LIMITED.as_bytes()).retry_after
    };
    assert_eq!(wait(&seen), Some(1.0));
    assert_eq!(wait(&headers([("retry-after", "2"), ("retry-after-ms", "1500")])), Some(1.5));
    assert_eq!(wait(&headers([("x-ratelimit-reset-tokens", "0")])), None);
}

#[test]
fn an_embedding_is_asked_of_a_deployment() {
    let ask = Embed { model: "text-embedding-3-small", secret: "sk-drill-acme", text: "Hello.", dimensions: 2 };
    let embedder = Adapter::new(DIALECT).embedder().expect("embeddings");
    let (line, headers, _) = read(embedder.request(&ask).expect("a request"));
    assert_eq!(line, "POST /openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21");
    assert_eq!(headers["api-key"], "sk-drill-acme");
    assert_eq!(embedder.vector(LIMITED.as_bytes(), 2, &mut None).map_err(|c| c.class), Err(Class::RateLimited));
}
