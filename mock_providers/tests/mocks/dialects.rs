//! Each vendor's wire format when all is well.

use crate::bench::{Bench, PER_TOKEN, TEXT, TTFT, plain, stream};
use mock_providers::{Dialect, Script};

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
