//! One cause, many shapes: what each vendor answers.

use crate::bench::{Ask, Bench, always, cause_of, model, ms, plain, status, stream, word};
use mock_providers::fault::Cause;
use mock_providers::{Dialect, Model, Script};
use serde_json::{Value, json};

/// Those with a column in the tables below.
const VENDORS: [Dialect; 3] = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini];

/// Cause, then per vendor: status, where in the body to look, what stands there (a string may be a part of it).
type Row = (Cause, [(u16, &'static str, &'static str); 3]);

const TABLE: [Row; 9] = [
    (
        Cause::BadRequest,
        [
            (400, "/error/type", "invalid_request_error"),
            (400, "/error/type", "invalid_request_error"),
            (400, "/error/status", "INVALID_ARGUMENT"),
        ],
    ),
    (
        Cause::ContextLength,
        [
            (400, "/error/code", "context_length_exceeded"),
            (400, "/error/message", "prompt is too long: 1001 tokens > 1000 maximum"),
            (400, "/error/message", "The input token count (1001) exceeds the maximum number of tokens allowed (1000)"),
        ],
    ),
    (
        Cause::Auth,
        [
            (401, "/error/code", "invalid_api_key"),
            (401, "/error/type", "authentication_error"),
            (400, "/error/details/0/reason", "API_KEY_INVALID"),
        ],
    ),
    (
        Cause::Permission,
        [
            (403, "/error/type", "request_forbidden"),
            (403, "/error/type", "permission_error"),
            (403, "/error/status", "PERMISSION_DENIED"),
        ],
    ),
    (
        Cause::ModelGone,
        [
            (404, "/error/code", "model_not_found"),
            (404, "/error/message", "model: m"),
            (404, "/error/message", "models/m is not found"),
        ],
    ),
    (
        Cause::RateLimited,
        [
            (429, "/error/code", "rate_limit_exceeded"),
            (429, "/error/type", "rate_limit_error"),
            (429, "/error/details/0/violations/0/quotaId", "GenerateRequestsPerMinute"),
        ],
    ),
    (
        Cause::QuotaExhausted,
        [
            (429, "/error/code", "insufficient_quota"),
            (400, "/error/message", "Your credit balance is too low"),
            (429, "/error/details/0/violations/0/quotaId", "GenerateRequestsPerDay"),
        ],
    ),
    (
        Cause::Overloaded,
        [
            (503, "/error/code", "server_is_overloaded"),
            (529, "/error/type", "overloaded_error"),
            (503, "/error/status", "UNAVAILABLE"),
        ],
    ),
    (
        Cause::ServerError,
        [(500, "/error/type", "server_error"), (500, "/error/type", "api_error"), (500, "/error/status", "INTERNAL")],
    ),
];

fn contains(body: &Value, pointer: &str, wanted: &str) -> bool {
    body.pointer(pointer).and_then(Value::as_str).is_some_and(|found| found.contains(wanted))
}

#[tokio::test(start_paused = true)]
async fn each_vendor_words_each_cause_its_own_way_whether_streamed_or_not() {
    for (cause, row) in TABLE {
        for (dialect, (status, pointer, wanted)) in VENDORS.into_iter().zip(row) {
            for ask in [plain(), stream()] {
                let mut bench = Bench::new(dialect, always(cause_of(cause, None)));
                let seen = bench.ask(&ask).await;
                assert_eq!(seen.status(), status, "{dialect} {cause:?}");
                assert!(contains(&seen.json(), pointer, wanted), "{dialect} {cause:?}: {}", seen.body());
                assert_eq!(seen.header("content-type").unwrap(), "application/json");
                assert_eq!(seen.header("retry-after"), None);
                assert_eq!((bench.entry().fault, bench.entry().injected), (Some(7), Some(cause.name())));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_is_worded_as_the_vendor_words_it() {
    let table = [
        (429, ["rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"]),
        (500, ["server_error", "api_error", "INTERNAL"]),
        (502, ["cf_bad_gateway", "<html", "<html"]),
        (503, ["server_is_overloaded", "api_error", "UNAVAILABLE"]),
        (504, ["server_error", "timeout_error", "DEADLINE_EXCEEDED"]),
        (522, ["<html", "<html", "<html"]),
        (529, ["<html", "overloaded_error", "<html"]),
        (402, ["invalid_request_error", "billing_error", "FAILED_PRECONDITION"]),
    ];
    for (code, words) in table {
        for (dialect, reason) in VENDORS.into_iter().zip(words) {
            let seen = Bench::new(dialect, always(status(code, None))).ask(&plain()).await;
            assert_eq!(seen.status(), code);
            assert!(seen.body().contains(reason), "{dialect} {code}: {}", seen.body());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_status_from_400_to_599_has_a_body() {
    for dialect in Dialect::ALL {
        for code in 400..600 {
            let mut bench = Bench::new(dialect, always(status(code, Some(ms(1500)))));
            let seen = bench.ask(&plain()).await;
            assert_eq!(seen.status(), code);
            assert!(seen.body().len() > 20);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn when_to_come_back_stands_where_the_vendor_says_it() {
    let limited = cause_of(Cause::RateLimited, Some(ms(1500)));
    let openai = Bench::new(Dialect::OpenAi, always(limited.clone())).ask(&plain()).await;
    assert_eq!(openai.header("retry-after").as_deref(), Some("2"));
    assert_eq!(openai.header("retry-after-ms").as_deref(), Some("1500"));
    assert_eq!(openai.header("x-ratelimit-reset-requests").as_deref(), Some("1.5s"));
    let anthropic = Bench::new(Dialect::Anthropic, always(limited.clone())).ask(&plain()).await;
    assert_eq!(anthropic.header("retry-after").as_deref(), Some("2"));
    assert_eq!(anthropic.header("anthropic-ratelimit-requests-reset").as_deref(), Some("2026-01-01t00:00:02z"));
    let gemini = Bench::new(Dialect::Gemini, always(limited)).ask(&plain()).await;
    assert_eq!(gemini.header("retry-after"), None);
    assert_eq!(gemini.json()["error"]["details"][2]["retryDelay"], "1.5s");
}

#[tokio::test(start_paused = true)]
async fn a_blocked_prompt_is_an_error_at_one_vendor_and_a_200_at_the_others() {
    for ask in [plain(), stream()] {
        let blocked = cause_of(Cause::ContentPolicy, None);
        let openai = Bench::new(Dialect::OpenAi, always(blocked.clone())).ask(&ask).await;
        assert_eq!((openai.status(), &openai.json()["error"]["code"]), (400, &json!("content_policy_violation")));
        let anthropic = Bench::new(Dialect::Anthropic, always(blocked.clone())).ask(&ask).await;
        assert_eq!(anthropic.status(), 200);
        assert!(anthropic.body().contains(r#""stop_reason":"refusal""#), "{}", anthropic.body());
        let gemini = Bench::new(Dialect::Gemini, always(blocked)).ask(&ask).await;
        assert_eq!(gemini.status(), 200);
        assert!(gemini.body().contains(r#""blockReason":"PROHIBITED_CONTENT""#), "{}", gemini.body());
        assert!(!gemini.body().contains("candidates\""));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_200_that_says_so_and_carries_no_text() {
    for (dialect, reason) in VENDORS.into_iter().zip(["content_filter", "refusal", "SAFETY"]) {
        for ask in [plain(), stream()] {
            let mut bench = Bench::new(dialect, always(word("refusal")));
            let seen = bench.ask(&ask).await;
            assert_eq!(seen.status(), 200);
            assert!(seen.body().contains(&format!("\"{reason}\"")), "{}", seen.body());
            assert!(!seen.body().contains("one"));
            assert_eq!(bench.entry().tokens, 0);
        }
    }
    let ask = Ask { schema: true, ..plain() };
    let seen = Bench::new(Dialect::OpenAi, always(word("refusal"))).ask(&ask).await;
    assert!(seen.json()["choices"][0]["message"]["refusal"].is_string());
    assert!(seen.json()["choices"][0]["message"]["content"].is_null());
}

#[tokio::test(start_paused = true)]
async fn an_edge_answers_in_html() {
    for dialect in VENDORS {
        let edge = cause_of(Cause::EdgeHtml, None);
        let seen = Bench::new(dialect, always(edge)).ask(&plain()).await;
        assert_eq!(seen.status(), 502);
        assert_eq!(seen.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
        assert!(seen.body().starts_with("<!DOCTYPE html>"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_longer_than_the_window_gets_the_vendors_context_error() {
    for (dialect, (status, pointer, _)) in VENDORS.into_iter().zip(TABLE[1].1) {
        let mut bench = Bench::with(dialect, Script::default(), Model { context: 10, ..model("m") });
        let seen = bench.ask(&Ask { prompt: "x".repeat(80), ..stream() }).await;
        assert_eq!(seen.status(), status);
        let body = seen.json();
        assert!(body.pointer(pointer).is_some());
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains("20") && message.contains("10"), "{message}");
        let entry = bench.entry();
        assert_eq!((entry.fault, entry.injected, entry.status), (None, None, Some(400)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_not_served_is_the_vendors_404() {
    for dialect in VENDORS {
        let mut bench = Bench::new(dialect, Script::default());
        let seen = bench.ask(&Ask { model: "gone", ..plain() }).await;
        assert_eq!(seen.status(), 404);
        assert!(seen.body().contains("gone"), "{}", seen.body());
        assert_eq!(bench.entry().model, "gone");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_key_gets_the_vendors_auth_error() {
    for (dialect, status) in VENDORS.into_iter().zip([401, 401, 403]) {
        let seen = Bench::new(dialect, Script::default()).ask(&Ask { auth: false, ..plain() }).await;
        assert_eq!(seen.status(), status);
    }
}
