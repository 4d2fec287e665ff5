//! What each injection looks like to a client.

use crate::bench::{
    Ask, Bench, OBJECT, PER_TOKEN, Seen, TEXT, TTFT, after, always, fault, model, ms, plain, shown, status, stream,
    word,
};
use mock_providers::fault::{Door, Effect, Shape};
use mock_providers::ledger::End;
use mock_providers::{Dialect, Distribution, Model, Script};
use tokio::io::AsyncWriteExt;

const LAST: u64 = TTFT + 4 * PER_TOKEN;

/// The tokens of the answer that arrived, by looking for its words.
fn words(seen: &Seen) -> Vec<&'static str> {
    let body = seen.body();
    TEXT.split(' ').filter(|word| body.contains(&format!("{word}\"}}"))).collect()
}

fn finish_reason(seen: &Seen) -> bool {
    ["\"stop\"", "end_turn", "STOP"].iter().any(|reason| seen.body().contains(reason))
}

#[tokio::test(start_paused = true)]
async fn a_reset_ends_the_connection_before_any_byte() {
    for ask in [plain(), stream()] {
        let mut bench = Bench::new(Dialect::OpenAi, always(word("reset")));
        let seen = bench.ask(&ask).await;
        assert_eq!((seen.text().as_str(), seen.closed), ("", Some(0)));
        let entry = bench.entry();
        assert_eq!((entry.end, entry.status, entry.injected), (End::Reset, None, Some("reset")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_stream_loses_no_token_before_the_cut_and_has_no_last_chunk() {
    for dialect in Dialect::ALL {
        let mut bench = Bench::new(dialect, always(after("cut", 3)));
        let seen = bench.ask(&stream()).await;
        assert_eq!(words(&seen), ["one", "two", "three"]);
        assert!(!seen.well_ended() && !finish_reason(&seen));
        assert_eq!(seen.closed, Some(shown(dialect, TTFT + 2 * PER_TOKEN) + 1));
        let entry = bench.entry();
        assert_eq!((entry.end, entry.tokens, entry.status), (End::Cut, 3, Some(200)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_before_the_first_token_still_shows_the_head() {
    for per_second in [100.0, 1e6] {
        let model = Model { ttft: Distribution::fixed(ms(0)), tokens_per_second: per_second, ..model("m") };
        let mut bench = Bench::with(Dialect::OpenAi, always(after("cut", 0)), model);
        let seen = bench.ask(&stream()).await;
        assert_eq!((seen.status(), seen.events().len(), seen.closed), (200, 1, Some(1)));
        assert!(!seen.well_ended());
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_plain_answer_promises_all_and_brings_half() {
    let whole = Bench::new(Dialect::OpenAi, Script::default()).ask(&plain()).await;
    let seen = Bench::new(Dialect::OpenAi, always(after("cut", 3))).ask(&plain()).await;
    assert_eq!(seen.header("content-length"), whole.header("content-length"));
    assert_eq!(seen.body(), whole.body()[..whole.body().len() / 2]);
    assert_eq!(seen.closed, Some(TTFT + 5 * PER_TOKEN + 1));
}

#[tokio::test(start_paused = true)]
async fn an_early_end_is_well_framed_and_has_no_finish_reason() {
    for dialect in Dialect::ALL {
        let mut bench = Bench::new(dialect, always(after("early_end", 3)));
        let seen = bench.ask(&stream()).await;
        assert_eq!(words(&seen), ["one", "two", "three"]);
        assert!(seen.well_ended() && !finish_reason(&seen) && !seen.body().contains("[DONE]"));
        assert_eq!(bench.entry().end, End::EarlyEnd);
    }
    let seen = Bench::new(Dialect::OpenAi, always(after("early_end", 3))).ask(&plain()).await;
    assert_eq!(seen.header("content-length").unwrap(), seen.body().len().to_string());
    assert!(serde_json::from_str::<serde_json::Value>(&seen.body()).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_break_later_than_the_answer_is_long_comes_right_after_its_last_token() {
    for dialect in Dialect::ALL {
        for injection in [after("cut", 999), after("early_end", 999), after("stream_error", 999)] {
            let seen = Bench::new(dialect, always(injection.clone())).ask(&stream()).await;
            assert_eq!(words(&seen).len(), 5, "{dialect} {injection:?}");
            assert!(!finish_reason(&seen), "{dialect} {injection:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stall_sends_its_tokens_and_leaves_the_connection_open() {
    for ask in [plain(), stream()] {
        let mut bench = Bench::new(Dialect::Anthropic, always(after("stall", 2)));
        let seen = bench.ask(&ask).await;
        assert_eq!((seen.status(), seen.closed), (200, None));
        assert!(!finish_reason(&seen));
        if ask.stream {
            assert_eq!(words(&seen), ["one", "two"]);
        }
        tokio::time::sleep(ms(1)).await;
        assert_eq!(bench.entry().end, End::HungUp);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_never_answers() {
    let mut bench = Bench::new(Dialect::Gemini, always(word("silence")));
    let seen = bench.ask(&plain()).await;
    assert_eq!((seen.text().as_str(), seen.closed), ("", None));
    tokio::time::sleep(ms(1)).await;
    let entry = bench.entry();
    assert_eq!((entry.end, entry.head_us, entry.ended_us), (End::HungUp, None, 600_000_000));
}

#[tokio::test(start_paused = true)]
async fn an_error_inside_a_stream_comes_under_http_200_in_the_vendors_shape() {
    let table = [
        (Dialect::OpenAi, 503, "server_is_overloaded"),
        (Dialect::Anthropic, 529, "overloaded_error"),
        (Dialect::Gemini, 503, "UNAVAILABLE"),
        (Dialect::Azure, 429, "no_capacity"),
        (Dialect::Mistral, 503, "3505"),
    ];
    for (dialect, status, word) in table {
        let mut bench = Bench::new(dialect, always(after("stream_error", 2)));
        let seen = bench.ask(&stream()).await;
        assert_eq!((seen.status(), words(&seen).len()), (200, 2));
        let (name, data) = seen.events().pop().unwrap();
        assert_eq!(name, if dialect == Dialect::Anthropic { "error" } else { "" });
        assert!(data.contains(word) && data.contains("\"error\""), "{data}");
        assert!(seen.well_ended());
        assert_eq!((bench.entry().end, bench.entry().tokens), (End::Complete, 2));
        let seen = Bench::new(dialect, always(after("stream_error", 2))).ask(&plain()).await;
        assert_eq!(seen.status(), status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_malformed_answer_is_complete_and_not_json() {
    // A binary stream breaks in a way of its own.
    for dialect in Dialect::ALL.into_iter().filter(|dialect| *dialect != Dialect::Bedrock) {
        let mut bench = Bench::new(dialect, always(word("malformed")));
        let seen = bench.ask(&plain()).await;
        assert_eq!(seen.status(), 200);
        assert_eq!(seen.header("content-length").unwrap(), seen.body().len().to_string());
        assert!(serde_json::from_str::<serde_json::Value>(&seen.body()).is_err());
        assert_eq!(bench.entry().end, End::Complete);
        let seen = Bench::new(dialect, always(word("malformed"))).ask(&stream()).await;
        assert!(seen.well_ended());
        let broken = seen.events().iter().filter(|(_, data)| data != "[DONE]").count() - seen.data().len();
        assert_eq!(broken, 1, "{}", seen.body());
    }
}

#[tokio::test(start_paused = true)]
async fn a_schema_break_is_in_the_answer_and_nowhere_else() {
    for kind in ["missing", "renamed", "wrong_type", "fenced", "prose"] {
        for dialect in Dialect::ALL {
            let mut bench = Bench::new(dialect, always(word(&format!("schema_{kind}"))));
            let body = bench.ask(&Ask { schema: true, ..plain() }).await.json();
            let text = body.pointer(match dialect {
                Dialect::Anthropic => "/content/0/text",
                Dialect::Gemini => "/candidates/0/content/parts/0/text",
                Dialect::Bedrock => "/output/message/content/0/text",
                Dialect::Ollama => "/message/content",
                _ => "/choices/0/message/content",
            });
            let text = text.unwrap().as_str().unwrap();
            let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
            match kind {
                "missing" => assert_eq!(object.unwrap().len(), 1),
                "renamed" => assert!(object.unwrap().keys().any(|key| key.ends_with("_value"))),
                "wrong_type" => assert_ne!(serde_json::to_string(&object.unwrap()).unwrap(), OBJECT),
                "fenced" => assert_eq!(text, format!("```json\n{OBJECT}\n```")),
                _ => assert!(text.contains(OBJECT) && text.len() > OBJECT.len() + 20),
            }
            assert_eq!(bench.entry().injected, Some(&*format!("schema_{kind}")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_schema_break_leaves_requests_without_a_schema_alone() {
    let healthy = Bench::new(Dialect::OpenAi, Script::default()).ask(&plain()).await;
    let mut bench = Bench::new(Dialect::OpenAi, always(word("schema_missing")));
    assert_eq!(bench.ask(&plain()).await, healthy);
    assert_eq!((bench.entry().fault, bench.entry().injected), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_lapses_keeps_the_schema_as_often_as_it_says_and_twice_as_well_when_told_to() {
    let told = "Triage this. return only JSON that matches the schema.";
    let mut kept = Vec::new();
    for prompt in ["Triage this.", told] {
        let mut bench = Bench::with(Dialect::OpenAi, Script::default(), Model { schema_adherence: 0.6, ..model("m") });
        for i in 0..1000 {
            let ask = Ask { schema: true, prompt: prompt.into(), key: Some(format!("{i};1")), ..plain() };
            bench.ask(&ask).await;
        }
        kept.push(bench.ledger.entries().iter().filter(|entry| entry.injected.is_none()).count());
    }
    assert!((550..650).contains(&kept[0]) && (760..840).contains(&kept[1]), "{kept:?}");
}

#[tokio::test(start_paused = true)]
async fn a_model_is_right_as_often_as_its_quality_says() {
    let mut bench = Bench::with(Dialect::OpenAi, Script::default(), Model { quality: 0.7, ..model("m") });
    let mut right = 0;
    for i in 0..1000 {
        let seen = bench.ask(&Ask { key: Some(format!("{i};1")), ..plain() }).await;
        right += usize::from(seen.body().contains(TEXT));
    }
    assert!((650..750).contains(&right), "{right}");
}

#[tokio::test(start_paused = true)]
async fn delays_add_up_and_move_head_first_token_and_tokens() {
    let delay = |ms_each| Effect::Delay {
        headers: Some(Distribution::fixed(ms(ms_each))),
        first_token: Some(Distribution::fixed(ms(10 * ms_each))),
        between_tokens: Some(Distribution::fixed(ms(100 * ms_each))),
    };
    let script = Script { faults: vec![fault(delay(1)), fault(delay(2))] };
    let seen = Bench::new(Dialect::Anthropic, script.clone()).ask(&stream()).await;
    let times: Vec<u64> = seen.pieces.iter().map(|(at, _)| *at).collect();
    let first = 3 + TTFT + 30;
    assert_eq!(times, [3, first, first + 310, first + 620, first + 930, first + 1240]);
    let seen = Bench::new(Dialect::Anthropic, script.clone()).ask(&plain()).await;
    assert_eq!(seen.pieces[0].0, first + 5 * PER_TOKEN + 4 * 300);
    let slow_error = Script { faults: [script.faults, always(word("reset")).faults].concat() };
    assert_eq!(Bench::new(Dialect::Anthropic, slow_error).ask(&plain()).await.closed, Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_is_not_active_changes_not_a_byte() {
    for dialect in Dialect::ALL {
        for ask in [plain(), stream()] {
            let healthy = Bench::new(dialect, Script::default()).ask(&ask).await;
            let mut late = always(word("reset")).faults.remove(0);
            late.from = ms(3_000_000);
            let mut other_model = late.clone();
            (other_model.from, other_model.whom.models) = (ms(0), vec!["other".into()]);
            let mut other_way = late.clone();
            (other_way.from, other_way.whom.stream) = (ms(0), Some(!ask.stream));
            let mut share_zero = late.clone();
            share_zero.from = ms(0);
            share_zero.effect = Effect::Mix(vec![(word("reset"), 0.0)]);
            let mut refusal = late.clone();
            refusal.effect = Effect::Listener(Door::Refused);
            let script = Script { faults: vec![late, other_model, other_way, share_zero, refusal] };
            assert_eq!(Bench::new(dialect, script).ask(&ask).await, healthy);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_closes_idle_connections_at_its_edge_and_lets_the_rest_finish() {
    let mut refused = fault(Effect::Listener(Door::Refused));
    (refused.from, refused.until) = (ms(50), ms(5000));
    let mut bench = Bench::new(Dialect::OpenAi, Script { faults: vec![refused] });
    let (mut fresh, mut busy) = (bench.connect(), bench.connect());
    let request = String::from_utf8(stream().request(Dialect::OpenAi)).unwrap().replace("connection: close\r\n", "");
    busy.write_all(request.as_bytes()).await.unwrap();
    assert!(!bench.provider.refuses());
    assert_eq!(bench.read(&mut fresh, ms(10_000)).await.closed, Some(50));
    assert!(bench.provider.refuses());
    let seen = bench.read(&mut busy, ms(10_000)).await;
    assert_eq!((words(&seen).len(), finish_reason(&seen), seen.closed), (5, true, Some(LAST)));
    let mut late = bench.connect();
    assert_eq!(bench.read(&mut late, ms(10)).await.closed, Some(LAST));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_has_served_and_idles_is_closed_at_the_edge_too() {
    let mut refused = fault(Effect::Listener(Door::Refused));
    (refused.from, refused.shape) = (ms(1000), Shape::Flap { up: ms(100), down: ms(100) });
    let mut bench = Bench::new(Dialect::OpenAi, Script { faults: vec![refused] });
    let mut client = bench.connect();
    let request = String::from_utf8(plain().request(Dialect::OpenAi)).unwrap().replace("connection: close\r\n", "");
    for _ in 0..2 {
        client.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(bench.read(&mut client, ms(200)).await.status(), 200);
    }
    assert_eq!(bench.read(&mut client, ms(10_000)).await.closed, Some(1000));
}

#[tokio::test(start_paused = true)]
async fn another_script_takes_effect_at_once() {
    let mut bench = Bench::new(Dialect::OpenAi, Script::default());
    let mut idle = bench.connect();
    tokio::time::sleep(ms(5)).await;
    bench.provider.replace_script(Script { faults: vec![fault(Effect::Listener(Door::Refused))] });
    assert_eq!(bench.read(&mut idle, ms(10)).await.closed, Some(5));
    bench.provider.replace_script(always(status(500, None)));
    assert_eq!(bench.ask(&plain()).await.status(), 500);
}
