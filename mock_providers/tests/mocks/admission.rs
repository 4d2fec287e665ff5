//! Who may come in and who is worked on: capacity and its queue, keys that stop working, models that go or cannot do
//! what is asked.

use crate::bench::{Ask, Bench, PER_TOKEN, Seen, TTFT, fault, model, ms, plain, stream, with_image, with_tool};
use mock_providers::fault::{Effect, Fault};
use mock_providers::limits::{ApiKey, Background, Capacity, Limits, OnHangup};
use mock_providers::model::{Capability, Retirement};
use mock_providers::{Answers, Dialect, Model, Question, Said, Script, Want};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::time::sleep_until;

/// How long an answer takes.
const TAKES: u64 = TTFT + 5 * PER_TOKEN;

/// What each vendor says when it has more to do than it can: the status, and a word of the answer.
const OVERLOADED: [(Dialect, u16, &str); 8] = [
    (Dialect::OpenAi, 503, "server_is_overloaded"),
    (Dialect::Anthropic, 529, "overloaded_error"),
    (Dialect::Gemini, 503, "UNAVAILABLE"),
    (Dialect::Azure, 429, "no_capacity"),
    (Dialect::Bedrock, 503, "ServiceUnavailableException"),
    (Dialect::Mistral, 503, "Service tier capacity exceeded"),
    (Dialect::Ollama, 503, "server busy"),
    (Dialect::Vllm, 503, "ServiceUnavailableError"),
];

fn capacity(capacity: Capacity) -> Limits {
    Limits { capacity: Some(capacity), ..Limits::default() }
}

/// Sends a request, and leaves the answer to be read.
async fn send(bench: &mut Bench, ask: &Ask) -> DuplexStream {
    let mut client = bench.connect();
    client.write_all(&ask.request(bench.dialect)).await.unwrap();
    client
}

async fn read(bench: &Bench, client: &mut DuplexStream) -> Seen {
    bench.read(client, ms(60_000)).await
}

async fn until(bench: &Bench, at: u64) {
    sleep_until(bench.start + ms(at)).await;
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_waits_for_one_and_a_full_queue_is_the_vendors_overload() {
    for (dialect, status, word) in OVERLOADED {
        let mut bench = Bench::limited(dialect, capacity(Capacity::new(1, 1)));
        let mut clients =
            [send(&mut bench, &plain()).await, send(&mut bench, &plain()).await, send(&mut bench, &plain()).await];
        let [first, second, third] = &mut clients;
        let (first, second, third) = tokio::join!(read(&bench, first), read(&bench, second), read(&bench, third));
        assert_eq!((first.status(), first.closed), (200, Some(TAKES)), "{dialect}");
        assert_eq!((second.status(), second.closed), (200, Some(2 * TAKES)), "{dialect}: queueing is delay");
        assert_eq!((third.status(), third.closed), (status, Some(0)), "{dialect}: {}", third.text());
        assert!(third.text().contains(word), "{dialect}: {}", third.text());
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_turned_away_at_that_instant() {
    for (dialect, status, word) in OVERLOADED {
        let queue = Capacity { queue_wait: Some(ms(100)), ..Capacity::new(1, 1) };
        let mut bench = Bench::limited(dialect, capacity(queue));
        let mut clients = [send(&mut bench, &plain()).await, send(&mut bench, &plain()).await];
        let [first, second] = &mut clients;
        let (first, second) = tokio::join!(read(&bench, first), read(&bench, second));
        assert_eq!((first.status(), second.status(), second.closed), (200, status, Some(100)), "{dialect}");
        assert!(second.text().contains(word), "{dialect}: {}", second.text());
    }
}

#[tokio::test(start_paused = true)]
async fn a_hangup_frees_the_place_at_once_or_only_when_the_work_would_have_been_done() {
    for dialect in Dialect::ALL {
        for ask in [plain(), stream()] {
            for (on_hangup, free_at) in [(OnHangup::Free, 40), (OnHangup::Finish, TAKES)] {
                let mut bench = Bench::limited(dialect, capacity(Capacity { on_hangup, ..Capacity::new(1, 1) }));
                let first = send(&mut bench, &ask).await;
                let mut second = send(&mut bench, &plain()).await;
                until(&bench, 40).await;
                drop(first);
                let seen = read(&bench, &mut second).await;
                assert_eq!((seen.status(), seen.closed), (200, Some(free_at + TAKES)), "{dialect} {on_hangup:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_in_the_queue_leaves_it() {
    let mut bench = Bench::limited(Dialect::OpenAi, capacity(Capacity::new(1, 1)));
    let mut first = send(&mut bench, &plain()).await;
    let second = send(&mut bench, &plain()).await;
    until(&bench, 40).await;
    drop(second);
    until(&bench, 50).await;
    let mut third = send(&mut bench, &plain()).await;
    let (first, third) = tokio::join!(read(&bench, &mut first), read(&bench, &mut third));
    assert_eq!((first.closed, third.status(), third.closed), (Some(TAKES), 200, Some(2 * TAKES)));
}

#[tokio::test(start_paused = true)]
async fn other_customers_take_places_and_crowding_slows_every_token() {
    let crowded = Capacity { background: Background::always(0.75), contention: 4.0, ..Capacity::new(4, 0) };
    let mut bench = Bench::limited(Dialect::OpenAi, capacity(crowded));
    let mut clients = [send(&mut bench, &plain()).await, send(&mut bench, &plain()).await];
    let [first, second] = &mut clients;
    let (first, second) = tokio::join!(read(&bench, first), read(&bench, second));
    assert_eq!((first.status(), first.closed), (200, Some(TTFT + 5 * 4 * PER_TOKEN)));
    assert_eq!((second.status(), second.closed), (503, Some(0)));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_unknown_expired_or_revoked_is_the_vendors_auth_error_from_that_instant_on() {
    let keys = [
        ApiKey::new("main", "k"),
        ApiKey { expires: Some(ms(60_000)), ..ApiKey::new("dated", "k-dated") },
        ApiKey { revoked: Some(ms(30_000)), ..ApiKey::new("stolen", "k-stolen") },
        ApiKey { valid_from: ms(10_000), ..ApiKey::new("fresh", "k-fresh") },
    ];
    for (dialect, status, word) in [
        (Dialect::OpenAi, 401, "invalid_api_key"),
        (Dialect::Anthropic, 401, "authentication_error"),
        (Dialect::Gemini, 400, "API_KEY_INVALID"),
        (Dialect::Azure, 401, r#""code":"401""#),
        (Dialect::Bedrock, 403, "UnrecognizedClientException"),
        (Dialect::Mistral, 401, "Unauthorized"),
        (Dialect::Ollama, 401, "unauthorized"),
        (Dialect::Vllm, 401, "Unauthorized"),
    ] {
        let limits = Limits { keys: keys.iter().cloned().collect(), ..Limits::default() };
        let mut bench = Bench::limited(dialect, limits);
        for (at, secret, works) in [
            (0, "k", true),
            (1000, "k-nobody", false),
            (9999, "k-fresh", false),
            (10_000, "k-fresh", true),
            (29_999, "k-stolen", true),
            (30_200, "k-stolen", false),
            (59_999, "k-dated", true),
            (60_200, "k-dated", false),
            (90_000, "k", true),
        ] {
            until(&bench, at).await;
            let seen = bench.ask(&Ask { secret, ..plain() }).await;
            assert_eq!(seen.status(), if works { 200 } else { status }, "{dialect} {secret} at {at}: {}", seen.text());
            assert_eq!(seen.text().contains(word), !works, "{dialect}: {}", seen.text());
        }
        until(&bench, 120_000).await;
        for (secret, at) in [("k-stolen", 120_000), ("k-dated", 120_000)] {
            let seen = bench.ask(&Ask { secret, ..stream() }).await;
            assert_eq!((seen.status(), seen.closed), (status, Some(at)), "{dialect}: at once, streamed or not");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_stops_working_at_the_very_instant() {
    let keys = [ApiKey { expires: Some(ms(5000)), revoked: Some(ms(9000)), ..ApiKey::new("dated", "k") }];
    let mut bench = Bench::limited(Dialect::OpenAi, Limits { keys: keys.into_iter().collect(), ..Limits::default() });
    until(&bench, 4999).await;
    let mut before = send(&mut bench, &plain()).await;
    until(&bench, 5000).await;
    let mut after = send(&mut bench, &plain()).await;
    let (before, after) = tokio::join!(read(&bench, &mut before), read(&bench, &mut after));
    assert_eq!((before.status(), after.status(), after.closed), (200, 401, Some(5000)));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_goes_is_announced_in_headers_and_then_gone() {
    for (dialect, status, word) in [
        (Dialect::OpenAi, 404, "model_not_found"),
        (Dialect::Anthropic, 404, "not_found_error"),
        (Dialect::Gemini, 404, "NOT_FOUND"),
        (Dialect::Azure, 404, "DeploymentNotFound"),
        (Dialect::Bedrock, 404, "ResourceNotFoundException"),
        (Dialect::Mistral, 400, "invalid_model"),
        (Dialect::Ollama, 404, "model 'm' not found"),
        (Dialect::Vllm, 404, "NotFoundError"),
    ] {
        let retires = Some(Retirement { announced: Some(ms(10_000)), gone: ms(60_000) });
        let mut bench = Bench::with(dialect, Script::default(), Model { retires, ..model("m") });
        for (at, announced, gone) in
            [(9999, false, false), (10_200, true, false), (59_999, true, false), (60_200, true, true)]
        {
            until(&bench, at).await;
            let seen = bench.ask(&plain()).await;
            assert_eq!(seen.status(), if gone { status } else { 200 }, "{dialect} at {at}: {}", seen.text());
            assert_eq!(seen.text().contains(word), gone, "{dialect}: {}", seen.text());
            let headers = ["deprecation", "sunset"].map(|name| seen.header(name));
            let told = announced.then(|| ["@1767225610", "thu, 01 jan 2026 00:01:00 gmt"].map(str::to_owned));
            assert_eq!(headers.map(Option::unwrap_or_default), told.unwrap_or_default(), "{dialect} at {at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_model_cannot_do_is_the_vendors_bad_request_and_nothing_else_is() {
    // Where the error stands, and what it says of tools, schemas and images.
    let table = [
        (
            Dialect::OpenAi,
            "/error/message",
            ["'tools' is not supported", "'json_schema' is not supported", "image_url"],
        ),
        (Dialect::Azure, "/error/message", ["'tools' is not supported", "'json_schema' is not supported", "image_url"]),
        (Dialect::Anthropic, "/error/message", ["tool use", "output_config.format", "image input"]),
        (Dialect::Gemini, "/error/message", ["Function calling is", "JSON mode is", "Image input modality is"]),
        (Dialect::Bedrock, "/message", ["support tool use", "outputConfig.textFormat", "the image field"]),
        (Dialect::Mistral, "/message", ["Function calling is", "Structured output is", "Image input is"]),
        (Dialect::Ollama, "/error", ["not support tools", "not support structured outputs", "not support images"]),
        (Dialect::Vllm, "/error/message", ["tool choice requires", "Structured outputs", "not a multimodal model"]),
    ];
    for (dialect, pointer, words) in table {
        for (lacking, word) in Capability::ALL.into_iter().zip(words) {
            for asked in Capability::ALL {
                let ask = Ask { schema: asked == Capability::JsonSchema, ..plain() };
                let body = match asked {
                    Capability::Tools => with_tool(&ask, dialect),
                    Capability::JsonSchema => ask.body(dialect),
                    Capability::Vision => with_image(&ask, dialect),
                };
                let capabilities = Capability::ALL.into_iter().filter(|other| *other != lacking).collect();
                let model = Model { capabilities, context: 10_000, ..model("m") };
                let mut bench = Bench::with(dialect, Script::default(), model);
                let seen = bench.exchange(&ask.request_with(dialect, &body)).await;
                let why = format!("{dialect} lacks {lacking:?}, asked for {asked:?}: {}", seen.text());
                assert_eq!(seen.status(), if asked == lacking { 400 } else { 200 }, "{why}");
                if asked == lacking {
                    let body = seen.json();
                    assert!(body.pointer(pointer).and_then(Value::as_str).unwrap().contains(word), "{why}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_is_scripted_takes_its_places_while_it_lasts() {
    let crowd = Fault { until: ms(300), ..fault(Effect::Background(0.5)) };
    let mut bench = Bench::limited(Dialect::OpenAi, capacity(Capacity::new(2, 5)));
    bench.provider.replace_script(Script { faults: vec![crowd] });
    let mut clients = [send(&mut bench, &plain()).await, send(&mut bench, &plain()).await];
    let [first, second] = &mut clients;
    let (first, second) = tokio::join!(read(&bench, first), read(&bench, second));
    assert_eq!((first.closed, second.closed), (Some(TAKES), Some(2 * TAKES)), "one place of two is left");
    until(&bench, 1000).await;
    let mut clients = [send(&mut bench, &plain()).await, send(&mut bench, &plain()).await];
    let [first, second] = &mut clients;
    let (first, second) = tokio::join!(read(&bench, first), read(&bench, second));
    assert_eq!((first.closed, second.closed), (Some(1000 + TAKES), Some(1000 + TAKES)), "both are back");
}

/// Knows two prompts, one of them risky.
struct Risky;

impl Answers for Risky {
    fn answer(&self, _question: &Question<'_>, _want: Want) -> Said {
        Said::Text("one two three".to_owned())
    }

    fn risk(&self, prompt: &str) -> f64 {
        if prompt.is_empty() { 0.0 } else { 0.6 }
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_blocks_what_is_too_risky_for_it_in_the_vendors_way() {
    for (dialect, filter, status, word) in [
        (Dialect::OpenAi, 0.5, 400, "content_policy_violation"),
        (Dialect::Anthropic, 0.5, 200, "refusal"),
        (Dialect::Gemini, 0.5, 200, "blockReason"),
        (Dialect::OpenAi, 0.3, 200, "one two three"),
        (Dialect::Gemini, 0.0, 200, "one two three"),
    ] {
        let mut bench = Bench::knowing(dialect, Model { filter, ..model("m") }, Arc::new(Risky));
        let seen = bench.ask(&plain()).await;
        assert_eq!(seen.status(), status, "{dialect} {filter}: {}", seen.text());
        assert!(seen.body().contains(word), "{dialect} {filter}: {}", seen.body());
    }
}

#[tokio::test(start_paused = true)]
async fn claude_refuses_a_partial_answer_with_blanks_at_its_end_and_vllm_goes_on_only_if_it_is_told_to() {
    let turns = |said: &str| json!([{"role": "user", "content": "hi"}, {"role": "assistant", "content": said}]);
    let body = |said: &str| json!({"model": "m", "max_tokens": 50, "messages": turns(said)});
    let mut bench = Bench::new(Dialect::Anthropic, Script::default());
    let seen = bench.exchange(&plain().request_with(Dialect::Anthropic, &body("one two "))).await;
    assert_eq!(seen.status(), 400);
    assert!(seen.body().contains("final assistant content cannot end with trailing whitespace"), "{}", seen.body());
    let mut bench = Bench::new(Dialect::Vllm, Script::default());
    let seen = bench.exchange(&plain().request_with(Dialect::Vllm, &body("one two"))).await;
    assert!(seen.body().contains("\"one two three four five\""), "{}", seen.body());
    let mut unclosed = body("one two");
    (unclosed["continue_final_message"], unclosed["add_generation_prompt"]) = (true.into(), false.into());
    let seen = bench.exchange(&plain().request_with(Dialect::Vllm, &unclosed)).await;
    assert!(seen.body().contains("\" three four five\""), "{}", seen.body());
}

#[tokio::test(start_paused = true)]
async fn claudes_budget_for_thoughts_is_worth_thinking_with_and_leaves_room_for_an_answer() {
    for (budget, most, status) in [(1024, 1025, 200), (1024, 1024, 400), (1023, 4096, 400), (4096, 2048, 400)] {
        let thinking = json!({"type": "enabled", "budget_tokens": budget});
        let turns = json!([{"role": "user", "content": "hi"}]);
        let body = json!({"model": "m", "max_tokens": most, "messages": turns, "thinking": thinking});
        let mut bench = Bench::new(Dialect::Anthropic, Script::default());
        let seen = bench.exchange(&plain().request_with(Dialect::Anthropic, &body)).await;
        assert_eq!(seen.status(), status, "{budget} of {most}: {}", seen.body());
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_takes_no_partial_answer_refuses_or_answers_anew() {
    let turns = json!([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "one two"}]);
    let body = json!({"model": "m", "max_tokens": 50, "messages": turns});
    for (dialect, prefill, status, said) in [
        (Dialect::Anthropic, true, 200, "\" three four five\""),
        (Dialect::Anthropic, false, 400, "prefill"),
        (Dialect::OpenAi, true, 200, "\" three four five\""),
        (Dialect::OpenAi, false, 200, "\"one two three four five\""),
    ] {
        let mut bench = Bench::with(dialect, Script::default(), Model { prefill, ..model("m") });
        let seen = bench.exchange(&plain().request_with(dialect, &body)).await;
        assert_eq!(seen.status(), status, "{dialect} {prefill}");
        assert!(seen.body().contains(said), "{dialect} {prefill}: {}", seen.body());
    }
}
