//! Hostile bytes, made up by the thousand: whatever arrives, each connection ends once its client has said all, nothing
//! panics, what is kept of a request is small, and the next request is answered as if nothing had happened.

use crate::bench::{Ask, Bench, ms, plain, stream};
use mock_providers::{Dialect, Script};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

/// Words that requests are made of, in all dialects.
const WORDS: [&str; 40] = [
    "model",
    "m",
    "messages",
    "role",
    "user",
    "assistant",
    "tool",
    "content",
    "type",
    "text",
    "tools",
    "function",
    "name",
    "parameters",
    "arguments",
    "input",
    "stream",
    "true",
    "max_tokens",
    "system",
    "contents",
    "parts",
    "generationConfig",
    "responseSchema",
    "tool_choice",
    "response_format",
    "json_schema",
    "schema",
    "toolConfig",
    "inferenceConfig",
    "options",
    "stop",
    "image_url",
    "encoding_format",
    "base64",
    "dimensions",
    "functionCall",
    "tool_use",
    "num_predict",
    "\u{0}é\u{1f4a5}",
];

const PATHS: [&str; 26] = [
    "/",
    "//",
    "/v1",
    "/v1/",
    "chat/completions",
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/models",
    "/v1/messages",
    "/v1beta/models/",
    "m",
    ":generateContent",
    ":streamGenerateContent",
    "?alt=sse",
    "?key=k",
    "/openai/deployments/",
    "?api-version=2024-10-21",
    "/model/",
    "/converse",
    "/converse-stream",
    "/api/chat",
    "/api/tags",
    "%00",
    "%ff%2f",
    "/../..",
];

const HEADERS: [&str; 12] = [
    "authorization: Bearer k",
    "authorization:",
    "x-api-key: k",
    "anthropic-version: 2023-06-01",
    "anthropic-version: 2026-10-21",
    "x-hopdrill-key: ;;1",
    "x-hopdrill-key: a;4294967295",
    "expect: 100-continue",
    "x-stainless-retry-count: 99999999999",
    "content-type: text/plain",
    "connection: upgrade",
    "api-key: \u{e9}",
];

/// JSON that looks like a request, more or less.
fn jsonish() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(&WORDS[..]).prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((select(&WORDS[..]), inner), 0..8)
                .prop_map(|fields| fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

/// A sound request of which something is overwritten, left out or put in.
fn damaged() -> impl Strategy<Value = (Dialect, Vec<u8>)> {
    let wound = (any::<Index>(), any::<u8>(), 0..3u8);
    (select(&Dialect::ALL[..]), any::<bool>(), prop::collection::vec(wound, 1..6)).prop_map(|(dialect, s, wounds)| {
        let mut bytes = if s { stream() } else { plain() }.request(dialect);
        for (at, byte, how) in wounds {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        (dialect, bytes)
    })
}

/// A well-framed request with a path, headers and a body that make little sense.
fn senseless() -> impl Strategy<Value = (Dialect, Vec<u8>)> {
    let path = prop::collection::vec(select(&PATHS[..]), 1..5);
    let headers = prop::collection::vec(select(&HEADERS[..]), 0..5);
    (select(&Dialect::ALL[..]), path, headers, jsonish()).prop_map(|(dialect, path, headers, body)| {
        let path = path.concat();
        let slash = if path.starts_with('/') { "" } else { "/" };
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let body = body.to_string();
        let length = body.len();
        let head = format!("POST {slash}{path} HTTP/1.1\r\nhost: p\r\n{headers}content-length: {length}\r\n\r\n");
        (dialect, [head.into_bytes(), body.into_bytes()].concat())
    })
}

/// The right path and key of the vendor, and a body that makes little sense.
fn misunderstood() -> impl Strategy<Value = (Dialect, Vec<u8>)> {
    (select(&Dialect::ALL[..]), any::<bool>(), jsonish(), any::<Index>()).prop_map(|(dialect, s, value, at)| {
        let ask = if s { stream() } else { plain() };
        let mut body = ask.body(dialect);
        if let Some(fields) = body.as_object_mut() {
            let names: Vec<String> = fields.keys().cloned().collect();
            fields.insert(names[at.index(names.len())].clone(), value);
        }
        (dialect, ask.request_with(dialect, &body))
    })
}

/// A body in chunks, some of whose sizes are lies.
fn chunked() -> impl Strategy<Value = (Dialect, Vec<u8>)> {
    let chunk = (1..40usize, prop_oneof![9 => Just(0i64), 1 => -2..2i64]);
    (select(&Dialect::ALL[..]), prop::collection::vec(chunk, 1..30), any::<bool>()).prop_map(|(dialect, sizes, end)| {
        let request = plain().request(dialect);
        let text = String::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let head: String =
            head.lines().filter(|l| !l.starts_with("content-length")).map(|l| format!("{l}\r\n")).collect();
        let mut out = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
        let mut rest = body.as_bytes();
        for (size, lie) in sizes {
            let (chunk, tail) = rest.split_at(size.min(rest.len()));
            rest = tail;
            out.extend(format!("{:x}\r\n", (chunk.len() as i64 + lie).max(0)).into_bytes());
            out.extend(chunk);
            out.extend(b"\r\n");
        }
        if end {
            out.extend(b"0\r\n\r\n");
        }
        (dialect, out)
    })
}

fn noise() -> impl Strategy<Value = (Dialect, Vec<u8>)> {
    (select(&Dialect::ALL[..]), prop::collection::vec(any::<u8>(), 0..400))
}

/// Sends the bytes in pieces, says that this is all, and waits for the end.
fn survives(dialect: Dialect, bytes: &[u8], cuts: &[Index]) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut bench = Bench::new(dialect, Script::default());
        let mut wire = bench.connect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut from = 0;
        for to in cuts.into_iter().chain([bytes.len()]) {
            // The server may have hung up on what it has seen so far.
            if wire.write_all(&bytes[from..to]).await.is_err() {
                break;
            }
            tokio::time::sleep(ms(1)).await;
            from = to;
        }
        let _ = wire.shutdown().await;
        let seen = bench.read(&mut wire, ms(600_000)).await;
        prop_assert!(seen.closed.is_some(), "the connection was left open: {}", seen.text());
        drop(wire);
        tokio::time::sleep(ms(1)).await;
        for entry in bench.ledger.entries() {
            prop_assert!(entry.model.len() <= 256 && entry.request.len() <= 256, "{entry:?}");
        }
        let key = Some("after;1".to_owned());
        let after = bench.ask(&Ask { key, ..plain() }).await;
        prop_assert_eq!(after.status(), 200, "{}", after.text());
        bench.expect_no_panic();
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn noise_is_survived((dialect, bytes) in noise(), cuts in prop::collection::vec(any::<Index>(), 0..4)) {
        survives(dialect, &bytes, &cuts)?;
    }

    #[test]
    fn a_damaged_request_is_survived((dialect, bytes) in damaged(), cuts in prop::collection::vec(any::<Index>(), 0..4)) {
        survives(dialect, &bytes, &cuts)?;
    }

    #[test]
    fn senseless_paths_headers_and_bodies_are_survived((dialect, bytes) in senseless()) {
        survives(dialect, &bytes, &[])?;
    }

    #[test]
    fn a_body_of_the_wrong_shape_is_survived((dialect, bytes) in misunderstood()) {
        survives(dialect, &bytes, &[])?;
    }

    #[test]
    fn chunks_that_lie_about_their_size_are_survived(
        (dialect, bytes) in chunked(),
        cuts in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        survives(dialect, &bytes, &cuts)?;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_of_a_request_is_short_however_long_its_model_and_its_key() {
    let mut bench = Bench::new(Dialect::OpenAi, Script::default());
    let body = json!({"model": "m".repeat(100_000), "messages": [{"role": "user", "content": "x"}]});
    let seen = bench.exchange(&plain().request_with(Dialect::OpenAi, &body)).await;
    assert_eq!(seen.status(), 404);
    let key = Some(format!("{};1", "k".repeat(5000)));
    let seen = bench.ask(&Ask { key, ..plain() }).await;
    assert_eq!(seen.status(), 200);
    assert!(bench.ledger.entries().iter().all(|entry| entry.model.len() <= 256 && entry.request.len() <= 256));
}
