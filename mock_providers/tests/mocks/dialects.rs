//! Each vendor's wire format when all is well.

use crate::bench::{Ask, Bench, OBJECT, PER_TOKEN, TEXT, TTFT, model, plain, shown, stream};
use mock_providers::{Dialect, Luck, Model, Provider, Question, Said, Script, Setup};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_plain_openai_answer_comes_after_its_tokens_and_bears_usage() {
    let mut bench = Bench::new(Dialect::OpenAi, Script::default());
    let seen = bench.ask(&plain()).await;
    assert_eq!(seen.status(), 200);
    assert_eq!(seen.pieces[0].0, TTFT + 5 * PER_TOKEN);
    let body = seen.json();
    assert_eq!(body["choices"][0]["message"]["content"], TEXT);
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["completion_tokens"], 5);
    assert_eq!(body["usage"]["total_tokens"], 6);
    assert!(seen.header("x-request-id").is_some());
    assert!(seen.header("date").is_none());
}

#[tokio::test(start_paused = true)]
async fn an_openai_stream_is_role_text_finish_usage_and_done() {
    let mut bench = Bench::new(Dialect::OpenAi, Script::default());
    let seen = bench.ask(&stream()).await;
    let events = seen.events();
    let data = seen.data();
    assert_eq!(events.len(), 9, "{events:?}");
    assert_eq!(events[8].1, "[DONE]");
    assert_eq!(data[0]["choices"][0]["delta"]["role"], "assistant");
    let text: String = data.iter().filter_map(|d| d["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, TEXT);
    assert_eq!(data[6]["choices"][0]["finish_reason"], "stop");
    assert_eq!(data[7]["choices"].as_array().unwrap().len(), 0);
    assert_eq!(data[7]["usage"]["completion_tokens"], 5);
    assert!(data[..7].iter().all(|d| d["usage"].is_null() && d.get("usage").is_some()));
    let times: Vec<u64> = seen.pieces.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 100, 110, 120, 130, 140]);
}

#[tokio::test(start_paused = true)]
async fn a_plain_anthropic_answer_has_its_blocks_stop_reason_and_usage() {
    let mut bench = Bench::new(Dialect::Anthropic, Script::default());
    let seen = bench.ask(&plain()).await;
    let body = seen.json();
    assert_eq!((seen.status(), seen.pieces[0].0), (200, TTFT + 5 * PER_TOKEN));
    assert_eq!(body["content"][0]["text"], TEXT);
    assert_eq!((&body["type"], &body["stop_reason"]), (&json!("message"), &json!("end_turn")));
    assert_eq!((&body["usage"]["input_tokens"], &body["usage"]["output_tokens"]), (&json!(1), &json!(5)));
    assert!(seen.header("request-id").unwrap().starts_with("req_"));
}

#[tokio::test(start_paused = true)]
async fn an_anthropic_stream_names_every_event_and_pings_once() {
    let mut bench = Bench::new(Dialect::Anthropic, Script::default());
    let seen = bench.ask(&stream()).await;
    let events = seen.events();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let delta = "content_block_delta";
    assert_eq!(
        names,
        [
            "message_start",
            "content_block_start",
            "ping",
            delta,
            delta,
            delta,
            delta,
            delta,
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let data = seen.data();
    assert!(names.iter().zip(&data).all(|(name, data)| data["type"] == *name));
    let text: String = data.iter().filter_map(|d| d["delta"]["text"].as_str()).collect();
    assert_eq!(text, TEXT);
    assert_eq!(data[0]["message"]["content"], json!([]));
    assert_eq!(data[9]["delta"]["stop_reason"], "end_turn");
    assert_eq!(data[9]["usage"]["output_tokens"], 5);
}

#[tokio::test(start_paused = true)]
async fn a_plain_gemini_answer_has_one_candidate_and_usage() {
    let mut bench = Bench::new(Dialect::Gemini, Script::default());
    let seen = bench.ask(&plain()).await;
    let body = seen.json();
    assert_eq!((seen.status(), seen.pieces[0].0), (200, TTFT + 5 * PER_TOKEN));
    assert_eq!(body["candidates"][0]["content"]["parts"][0]["text"], TEXT);
    assert_eq!(body["candidates"][0]["finishReason"], "STOP");
    assert_eq!(body["usageMetadata"], json!({"promptTokenCount": 1, "candidatesTokenCount": 5, "totalTokenCount": 6}));
}

#[tokio::test(start_paused = true)]
async fn a_gemini_stream_counts_in_every_event_and_finishes_only_in_the_last() {
    let mut bench = Bench::new(Dialect::Gemini, Script::default());
    let seen = bench.ask(&stream()).await;
    assert!(seen.body().ends_with("}\r\n\r\n"));
    let data = seen.data();
    assert_eq!(data.len(), 6);
    let text: String = data.iter().filter_map(|d| d["candidates"][0]["content"]["parts"][0]["text"].as_str()).collect();
    assert_eq!(text, TEXT);
    let counts: Vec<_> = data.iter().map(|d| d["usageMetadata"]["totalTokenCount"].as_u64().unwrap()).collect();
    assert_eq!(counts, [2, 3, 4, 5, 6, 6]);
    let finished: Vec<_> = data.iter().filter_map(|d| d["candidates"][0]["finishReason"].as_str()).collect();
    assert_eq!(finished, ["STOP"]);
    assert_eq!(data[5]["candidates"][0]["finishReason"], "STOP");
}

#[tokio::test(start_paused = true)]
async fn a_gemini_stream_without_alt_sse_is_one_json_array() {
    let mut bench = Bench::new(Dialect::Gemini, Script::default());
    let request = String::from_utf8(stream().request(Dialect::Gemini)).unwrap().replace("?alt=sse", "");
    let seen = bench.exchange(request.as_bytes()).await;
    assert_eq!(seen.header("content-type").unwrap(), "application/json");
    assert_eq!(seen.json().as_array().unwrap().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_due_together_are_one_write_and_separate_events() {
    for dialect in Dialect::ALL {
        let mut bench = Bench::with(dialect, Script::default(), Model { tokens_per_second: 1e6, ..model("m") });
        let seen = bench.ask(&stream()).await;
        let times: Vec<u64> = seen.pieces.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [0, shown(dialect, TTFT)], "{dialect}");
        let said = |data: &str| TEXT.split(' ').any(|word| data.contains(&format!("{word}\"}}")));
        let tokens = seen.events().iter().filter(|(_, data)| said(data)).count();
        assert_eq!(tokens, 5, "{dialect}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_cap_ends_an_answer_with_the_vendors_length_reason() {
    for dialect in Dialect::ALL {
        let seen = Bench::new(dialect, Script::default()).ask(&Ask { max_tokens: 2, ..plain() }).await;
        let reason = match dialect {
            Dialect::Anthropic | Dialect::Bedrock => "max_tokens",
            Dialect::Gemini => "MAX_TOKENS",
            _ => "length",
        };
        assert!(seen.body().contains("one two\"") && seen.body().contains(&format!("\"{reason}\"")), "{}", seen.body());
    }
}

#[tokio::test(start_paused = true)]
async fn every_dialect_hands_the_schema_to_the_answers() {
    for dialect in Dialect::ALL {
        let seen = Bench::new(dialect, Script::default()).ask(&Ask { schema: true, ..plain() }).await;
        assert!(seen.body().contains(&json!(OBJECT).to_string()), "{}", seen.body());
    }
}

#[tokio::test(start_paused = true)]
async fn every_dialect_lists_its_models_to_whoever_has_a_key() {
    let table = [
        (Dialect::OpenAi, "/v1/models", "authorization: Bearer k", "/data/0/id", "m"),
        (Dialect::Anthropic, "/v1/models", "x-api-key: k\r\nanthropic-version: 2023-06-01", "/data/0/id", "m"),
        (Dialect::Gemini, "/v1beta/models", "x-goog-api-key: k", "/models/0/name", "models/m"),
        (Dialect::Bedrock, "/foundation-models", "authorization: Bearer k", "/modelSummaries/0/modelId", "m"),
        (Dialect::Ollama, "/api/tags", "accept: */*", "/models/0/name", "m"),
        (Dialect::Azure, "/openai/v1/models", "api-key: k", "/data/0/id", "m"),
        (Dialect::Mistral, "/v1/models", "authorization: Bearer k", "/data/0/id", "m"),
        (Dialect::Vllm, "/v1/models", "authorization: Bearer k", "/data/0/id", "m"),
    ];
    for (dialect, path, auth, pointer, name) in table {
        let request = format!("GET {path} HTTP/1.1\r\nhost: p\r\nconnection: close\r\n{auth}\r\n\r\n");
        let seen = Bench::new(dialect, Script::default()).exchange(request.as_bytes()).await;
        assert_eq!(seen.json().pointer(pointer), Some(&json!(name)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_begun_is_gone_on_with() {
    let mut bench = Bench::new(Dialect::Anthropic, Script::default());
    let body = json!({"model": "m", "max_tokens": 50, "messages": [
        {"role": "user", "content": "hi"}, {"role": "assistant", "content": "one two"}]})
    .to_string();
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: p\r\nconnection: close\r\nx-api-key: k\r\nanthropic-version: x\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(bench.exchange(request.as_bytes()).await.json()["content"][0]["text"], " three four five");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_may_be_a_list_of_parts_and_system_text_is_not_part_of_it() {
    let asked = Arc::new(Mutex::new(String::new()));
    let heard = asked.clone();
    let provider = Provider::new(Setup {
        name: "p".into(),
        dialect: Dialect::OpenAi,
        models: vec![model("m")],
        script: Script::default(),
        limits: Default::default(),
        luck: Luck::new(1),
        answers: Arc::new(move |question: &Question<'_>, _| {
            *heard.lock().unwrap() = question.prompt.to_owned();
            Said::Text("ok".to_owned())
        }),
        ledger: Arc::default(),
        start: Instant::now(),
    });
    let body = json!({"model": "m", "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "a \"quoted\" "}, {"type": "image_url", "image_url": {}},
            {"type": "text", "text": "word"}]}]});
    let request = http::Request::post("/v1/chat/completions").header("authorization", "Bearer k");
    let request = request.body(axum::body::Body::from(body.to_string())).unwrap();
    let response = tower::ServiceExt::oneshot(provider.app(), request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(*asked.lock().unwrap(), "a \"quoted\" word");
    let elsewhere = http::Request::get("/nowhere").body(axum::body::Body::empty()).unwrap();
    assert_eq!(tower::ServiceExt::oneshot(provider.app(), elsewhere).await.unwrap().status(), 404);
}
