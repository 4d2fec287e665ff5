//! What no row of the table shows: connections that go on, lists of models, models that lapse, and how much of a slow
//! answer the ledger counts.

use super::inject::done;
use crate::bench::{Ask, Bench, Seen, fault, model, ms, plain, stream};
use mock_providers::fault::{Endpoint, Fault};
use mock_providers::ledger::End;
use mock_providers::{Dialect, Model, Script};
use tokio::io::{AsyncWriteExt, DuplexStream};

fn one(line: &str) -> Script {
    Script { faults: vec![fault(done(line))] }
}

/// Asks on a connection that may go on, and reads for a second.
async fn ask_on(bench: &Bench, client: &mut DuplexStream, ask: &Ask) -> Seen {
    let request = String::from_utf8(ask.request(bench.dialect)).unwrap().replace("connection: close\r\n", "");
    client.write_all(request.as_bytes()).await.unwrap();
    bench.read(client, ms(1000)).await
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_with_a_body_that_breaks_its_promise_and_goes_on_after_one_that_keeps_it() {
    let table = [
        ("wrong_length", false),
        ("{ wrong_length: { is: shorter } }", true),
        ("{ cut: { at: end } }", false),
        ("empty_body", true),
        ("html", true),
        ("{ keep_alive: { for: 1ms, then: end } }", true),
        ("early_end", true),
        ("{ fragment: { bytes: 10 } }", true),
    ];
    for (line, goes_on) in table {
        let mut bench = Bench::new(Dialect::OpenAi, one(line));
        let mut client = bench.connect();
        let first = ask_on(&bench, &mut client, &plain()).await;
        assert_eq!((first.status(), first.closed.is_none()), (200, goes_on), "{line}");
        if goes_on {
            let second = ask_on(&bench, &mut client, &plain()).await;
            assert_eq!((second.status(), bench.ledger.entries().len()), (200, 2), "{line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_models_is_hit_by_who_names_it_and_by_nobody_else() {
    let request = b"GET /v1/models HTTP/1.1\r\nhost: p\r\nconnection: close\r\nauthorization: Bearer k\r\n\r\n";
    for (line, status) in [("status_503", 503), ("reset", 0), ("html", 200), ("empty_body", 200), ("truncated", 200)] {
        let mut bench = Bench::new(Dialect::OpenAi, one(line));
        assert_eq!(bench.exchange(request).await.status(), 200);
        assert_eq!(bench.entry().injected, None, "{line}");
        let mut meant = fault(done(line));
        meant.whom.endpoints = vec![Endpoint::Models];
        let mut bench = Bench::new(Dialect::OpenAi, Script { faults: vec![meant] });
        assert_eq!(bench.exchange(request).await.status(), status, "{line}");
        assert_eq!(bench.entry().injected.is_some(), line != "truncated", "{line}");
    }
    let mut late = fault(done("{ latency: { headers: 30ms } }"));
    late.whom.endpoints = vec![Endpoint::Models];
    let mut bench = Bench::new(Dialect::OpenAi, Script { faults: vec![late] });
    assert_eq!(bench.exchange(request).await.pieces[0].0, 30);
}

#[tokio::test(start_paused = true)]
async fn of_a_body_that_trickles_only_what_was_handed_over_is_counted() {
    let mut bench = Bench::new(Dialect::OpenAi, one("{ trickle: { bytes: 50, every: 100ms } }"));
    let mut client = bench.connect();
    client.write_all(&stream().request(Dialect::OpenAi)).await.unwrap();
    let seen = bench.read(&mut client, ms(2500)).await;
    drop(client);
    tokio::time::sleep(ms(1)).await;
    let whole = seen.data().iter().filter(|data| data["choices"][0]["delta"]["content"].as_str() != Some("")).count();
    let entry = bench.entry();
    assert!(entry.end == End::HungUp && (1..4).contains(&whole), "{entry:?}");
    assert!((whole as u32..=whole as u32 + 1).contains(&entry.tokens), "{whole} {entry:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_of_many_writes_is_complete_to_the_ledger_too() {
    for ask in [plain(), stream()] {
        let mut bench = Bench::new(Dialect::OpenAi, one("{ flood: 10000 }"));
        let seen = bench.ask(&ask).await;
        assert!(seen.body().len() > 150_000);
        assert_eq!((bench.entry().end, bench.entry().tokens), (End::Complete, 30_005));
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_full_ends_the_answer_in_the_vendors_words() {
    for dialect in super::world::DIALECTS {
        for ask in [plain(), stream()] {
            let seen = Bench::with(dialect, Script::default(), Model { context: 4, ..model("m") }).ask(&ask).await;
            let reason = ["length", "model_context_window_exceeded", "MAX_TOKENS"][dialect as usize];
            assert!(seen.body().contains(&format!("\"{reason}\"")) && !seen.body().contains("four"), "{}", seen.body());
        }
    }
}

async fn lapses(model: Model, ask: &Ask) -> Vec<Option<&'static str>> {
    let mut bench = Bench::with(Dialect::OpenAi, Script::default(), model);
    for i in 0..500 {
        bench.ask(&Ask { key: Some(format!("{i};1")), ..ask.clone() }).await;
    }
    bench.ledger.entries().into_iter().map(|entry| entry.injected).collect()
}

#[tokio::test(start_paused = true)]
async fn a_model_follows_its_instructions_as_often_as_it_says_without_touching_other_luck() {
    let half = Model { instruction_following: 0.5, ..model("m") };
    let missed = lapses(half.clone(), &plain()).await.into_iter().flatten().count();
    assert!((200..300).contains(&missed), "{missed}");
    let ask = Ask { schema: true, ..plain() };
    let both = lapses(Model { schema_adherence: 0.7, ..half }, &ask).await;
    let schema_only = lapses(Model { schema_adherence: 0.7, ..model("m") }, &ask).await;
    let of_schema = |name: &Option<&'static str>| name.filter(|name| name.starts_with("schema_"));
    assert!(both.iter().map(of_schema).eq(schema_only.iter().map(of_schema)));
    assert!(both.iter().flatten().any(|name| name.starts_with("instruction_")));
}

#[tokio::test(start_paused = true)]
async fn other_customers_come_and_go_with_their_fault_and_with_its_script() {
    use mock_providers::limits::{Capacity, Limits};
    let mut crowd = fault(done("{ background: 100% }"));
    (crowd.from, crowd.until) = (ms(1000), ms(2000));
    let script = Script { faults: vec![crowd] };
    let limits = Limits { capacity: Some(Capacity::new(1, 0)), ..Limits::default() };
    let mut bench = Bench::limited(Dialect::OpenAi, limits);
    let quiet = Script::default();
    let mut seen = Vec::new();
    for (at, script) in [(0, &script), (1300, &script), (1310, &quiet), (1500, &script), (2000, &script)] {
        tokio::time::sleep_until(bench.start + ms(at)).await;
        bench.provider.replace_script(script.clone());
        seen.push(bench.ask(&plain()).await.status());
    }
    assert_eq!(seen, [200, 503, 200, 503, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_drift_goes_as_far_as_its_shape() {
    let drift = Fault {
        until: ms(1_000_000),
        shape: mock_providers::fault::Shape::Ramp,
        ..fault(done("{ drift: { quality: 0% } }"))
    };
    let mut bench = Bench::new(Dialect::OpenAi, Script { faults: vec![drift] });
    let mut wrong = [0; 2];
    for (half, wrong) in wrong.iter_mut().enumerate() {
        for i in 0..300 {
            let seen = bench.ask(&Ask { key: Some(format!("{half}-{i};1")), ..plain() }).await;
            *wrong += usize::from(seen.body().contains("wrong"));
            tokio::time::sleep(ms(1500)).await;
        }
    }
    assert!((45..100).contains(&wrong[0]) && wrong[1] > wrong[0] + 80, "{wrong:?}");
}
