//! What a decision costs: breaker, decision table, and reading an error of each dialect.
//! `cargo bench --bench policy`.

use divan::{Bencher, black_box};
use hopdrill::event::Class;
use hopdrill::provider::Adapter;
use hopdrill::router::policy::breaker::{Admission, Breaker, Health, Params};
use hopdrill::router::policy::decide::{Limits, Situation, Table, decide};
use http::{HeaderMap, StatusCode};
use mock_providers::Dialect;
use std::time::Duration;

fn main() {
    divan::main();
}

/// Admission and record of a healthy call.
#[divan::bench]
fn breaker_closed(bencher: Bencher<'_, '_>) {
    let mut breaker = Breaker::new(Params::default());
    let mut now = Duration::ZERO;
    bencher.bench_local(|| {
        now += Duration::from_millis(1);
        match breaker.admit(now, 0.5).0 {
            Admission::Granted(permit) => {
                breaker.record(&permit, Health::Success { took: Duration::from_millis(300) }, now, 0.5)
            }
            Admission::Open { .. } | Admission::Recovering => None,
        }
    });
}

/// Being turned away.
#[divan::bench]
fn breaker_open(bencher: Bencher<'_, '_>) {
    let mut breaker = Breaker::new(Params { consecutive: Some(1), ..Params::default() });
    if let Admission::Granted(permit) = breaker.admit(Duration::ZERO, 0.5).0 {
        breaker.record(&permit, Health::Failure { slow: false }, Duration::ZERO, 0.5);
    }
    bencher.bench_local(|| breaker.admit(black_box(Duration::from_secs(1)), 0.5));
}

/// One look into the decision table.
#[divan::bench]
fn decision() -> usize {
    let limits = Limits {
        max_attempts: 3,
        wait_up_to: Duration::from_secs(1),
        retry_timeouts: false,
        min_hop_time: Duration::from_millis(100),
        continues: false,
        takes_parts: false,
    };
    let table = Table::default();
    let retried = Class::ALL.iter().filter(|&&class| {
        let situation = Situation {
            class,
            attempts_here: 1,
            retries_of_class: 0,
            attempts_left: 5,
            token_delivered: false,
            continued: false,
            another_key: false,
            wait: Duration::from_millis(200),
            remaining: Duration::from_secs(10),
            budget: true,
            admits: true,
        };
        matches!(
            decide(black_box(&situation), table.row(class), &limits),
            hopdrill::router::policy::decide::Act::Retry { .. }
        )
    });
    retried.count()
}

/// What a 429 of each vendor means.
#[divan::bench(args = Dialect::ALL)]
fn classify(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let body: &[u8] = match dialect {
        Dialect::OpenAi | Dialect::Azure => {
            br#"{"error":{"message":"Rate limit reached","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#
        }
        Dialect::Anthropic => {
            br#"{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"},"request_id":"req_1"}"#
        }
        Dialect::Gemini => {
            br#"{"error":{"code":429,"message":"Resource exhausted","status":"RESOURCE_EXHAUSTED","details":[]}}"#
        }
        Dialect::Mistral => {
            br#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}"#
        }
        Dialect::Vllm => {
            br#"{"error":{"message":"Too Many Requests","type":"Too Many Requests","param":null,"code":429}}"#
        }
        Dialect::Bedrock => br#"{"__type":"ThrottlingException","message":"Too many requests"}"#,
        Dialect::Ollama => br#"{"error":"too many requests, please slow down"}"#,
    };
    let headers = HeaderMap::new();
    bencher.bench_local(|| Adapter::new(dialect).complaint(StatusCode::TOO_MANY_REQUESTS, &headers, black_box(body)));
}
