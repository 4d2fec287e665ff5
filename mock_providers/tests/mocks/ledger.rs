//! What the mocks write down.

use crate::bench::{Bench, PER_TOKEN, TTFT, ms, plain, stream};
use mock_providers::ledger::End;
use mock_providers::{Dialect, Script};
use tokio::io::AsyncWriteExt;

#[tokio::test(start_paused = true)]
async fn a_complete_exchange_is_written_down_with_its_times_and_tokens() {
    for (ask, head) in [(stream(), 0), (plain(), TTFT + 5 * PER_TOKEN)] {
        let mut bench = Bench::new(Dialect::Anthropic, Script::default());
        tokio::time::sleep(ms(7)).await;
        bench.ask(&ask).await;
        let entry = bench.entry();
        let end = if ask.stream { TTFT + 4 * PER_TOKEN } else { head };
        assert_eq!((&*entry.provider, &*entry.model, &*entry.request, entry.attempt), ("p", "m", "0-1", 1));
        assert_eq!((entry.received_us, entry.head_us), (7000, Some((7 + head) * 1000)));
        assert_eq!((entry.ended_us, entry.tokens, entry.end), ((7 + end) * 1000, 5, End::Complete));
        assert_eq!((entry.stream, entry.fault, entry.injected, entry.status), (ask.stream, None, None, Some(200)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_is_written_down_at_that_very_instant() {
    for (ask, tokens) in [(plain(), 0), (stream(), 2)] {
        let mut bench = Bench::new(Dialect::OpenAi, Script::default());
        let mut client = bench.connect();
        client.write_all(&ask.request(Dialect::OpenAi)).await.unwrap();
        bench.read(&mut client, ms(115)).await;
        drop(client);
        tokio::time::sleep(ms(1)).await;
        let entry = bench.entry();
        assert_eq!((entry.end, entry.ended_us, entry.tokens), (End::HungUp, 115_000, tokens));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_key_of_its_own_is_known_by_its_bytes() {
    let mut bench = Bench::new(Dialect::OpenAi, Script::default());
    for _ in 0..2 {
        bench.ask(&crate::bench::Ask { key: None, ..plain() }).await;
    }
    let entries = bench.ledger.entries();
    let (hash, occurrence) = entries[0].request.split_once('-').unwrap();
    assert_eq!((hash.len(), occurrence), (16, "1"));
    assert_eq!(entries[1].request, format!("{hash}-2"));
    assert_eq!(entries[1].attempt, 1);
}

#[tokio::test(start_paused = true)]
async fn two_runs_of_one_seed_are_the_same_byte_for_byte() {
    for dialect in Dialect::ALL {
        let mut runs = Vec::new();
        for _ in 0..2 {
            let mut bench = Bench::new(dialect, Script::default());
            let seen = (bench.ask(&plain()).await, bench.ask(&stream()).await);
            runs.push((seen, bench.ledger.entries()));
        }
        assert_eq!(runs[0], runs[1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_before_its_request_is_sent_leaves_no_entry() {
    let mut bench = Bench::new(Dialect::OpenAi, Script::default());
    let mut client = bench.connect();
    let request = plain().request(Dialect::OpenAi);
    client.write_all(&request[..request.len() - 5]).await.unwrap();
    tokio::time::sleep(ms(5)).await;
    drop(client);
    tokio::time::sleep(ms(5)).await;
    assert!(bench.ledger.entries().is_empty());
}
