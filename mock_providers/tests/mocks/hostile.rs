//! Requests that nobody should send. None of them may panic, and each gets an answer in the vendor's words.

use crate::bench::{Bench, Seen, plain};
use mock_providers::{Dialect, Script};
use serde_json::Value;

async fn post(dialect: Dialect, body: &[u8]) -> Seen {
    post_to(dialect, &plain().path(dialect), body).await
}

async fn post_to(dialect: Dialect, path: &str, body: &[u8]) -> Seen {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: p\r\nconnection: close\r\nauthorization: Bearer k\r\nanthropic-version: x\r\n\
         content-type: text/plain\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    let mut bench = Bench::new(dialect, Script::default());
    let seen = bench.exchange(&request).await;
    assert_eq!(bench.ledger.entries().len(), 1);
    seen
}

/// The text of an error.
fn message(dialect: Dialect, body: &Value) -> &Value {
    match dialect {
        Dialect::Bedrock => &body["message"],
        Dialect::Ollama => &body["error"],
        Dialect::Mistral if body["detail"].is_array() => &body["detail"][0]["msg"],
        Dialect::Mistral if body["detail"].is_string() => &body["detail"],
        Dialect::Mistral => &body["message"],
        _ => &body["error"]["message"],
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_json_or_has_the_wrong_shape_is_the_vendors_400_or_422() {
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 12] = [
        b"",
        b"{",
        b"hello",
        b"\xff\xfe\x00",
        b"{\"model\": \"\xff\"}",
        b"[]",
        b"null",
        b"{}",
        br#"{"model": 5, "messages": [], "contents": 5}"#,
        br#"{"model": "m", "messages": "hi", "max_tokens": 1, "contents": "hi"}"#,
        br#"{"model": "m", "messages": [{"role": "user", "content": 5}], "max_tokens": -1, "contents": [5]}"#,
        deep.as_bytes(),
    ];
    for dialect in Dialect::ALL {
        for body in bodies {
            let seen = post(dialect, body).await;
            let status = if dialect == Dialect::Mistral { 422 } else { 400 };
            assert_eq!(seen.status(), status, "{dialect} {}", String::from_utf8_lossy(&body[..body.len().min(80)]));
            assert!(message(dialect, &seen.json()).is_string(), "{}", seen.body());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_missing_field_is_named() {
    let table = [(Dialect::OpenAi, "model"), (Dialect::Anthropic, "model"), (Dialect::Gemini, "contents")];
    for (dialect, field) in table {
        assert!(post(dialect, b"{}").await.body().contains(field));
    }
    assert!(post(Dialect::Anthropic, br#"{"model": "m", "messages": []}"#).await.body().contains("max_tokens"));
    assert!(post(Dialect::OpenAi, br#"{"model": "m"}"#).await.body().contains("messages"));
}

#[tokio::test(start_paused = true)]
async fn a_body_too_large_to_read_is_the_vendors_413() {
    let huge = vec![b' '; (32 << 20) + 1];
    for dialect in Dialect::ALL {
        let seen = post(dialect, &huge).await;
        assert_eq!(seen.status(), 413, "{dialect}");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_paths_and_methods_get_the_vendors_words() {
    for dialect in Dialect::ALL {
        for path in ["/", "/v1", "/v1beta/models/m:sing", "/v1beta/models/m", "/%ff", "/v1/messages/"] {
            let seen = post_to(dialect, path, b"{}").await;
            assert_eq!(seen.status(), 404, "{dialect} {path}");
            match dialect {
                Dialect::Ollama => assert_eq!(seen.body(), "404 page not found"),
                _ => assert!(message(dialect, &seen.json()).is_string()),
            }
        }
        let request = format!("DELETE {} HTTP/1.1\r\nhost: p\r\nconnection: close\r\n\r\n", plain().path(dialect));
        let seen = Bench::new(dialect, Script::default()).exchange(request.as_bytes()).await;
        assert_eq!(seen.status(), if matches!(dialect, Dialect::Gemini | Dialect::Bedrock) { 404 } else { 405 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_base_url_with_a_prefix_is_served_like_one_without() {
    for dialect in Dialect::ALL {
        let body = plain().body(dialect).to_string();
        let seen = post_to(dialect, &format!("/mock/7{}", plain().path(dialect)), body.as_bytes()).await;
        assert_eq!(seen.status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_not_http_get_hypers_400_and_a_closed_connection() {
    let mut bench = Bench::new(Dialect::OpenAi, Script::default());
    let seen = bench.exchange(b"\x16\x03\x01 hello\r\n\r\n").await;
    assert_eq!(seen.status(), 400);
    assert!(seen.closed.is_some());
    assert!(bench.ledger.entries().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_head_request_leaves_a_complete_entry() {
    let mut bench = Bench::new(Dialect::OpenAi, Script::default());
    bench.exchange(b"HEAD /v1/models HTTP/1.1\r\nhost: p\r\nconnection: close\r\n\r\n").await;
    assert_eq!(bench.entry().end, mock_providers::ledger::End::Complete);
}
