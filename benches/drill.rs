//! How much a core simulates: plain requests, stream chunks, and ten busy minutes, each with the real router, the real
//! mocks, and the log on. `cargo bench --bench drill` prints rates; `-- --quick` takes a few seconds.

use hopdrill::engine::{self, Finished, Options, World};
use hopdrill::scenario;
use std::io::Write as _;
use std::sync::{Arc, mpsc};
use std::time::Duration;

fn scenario(streamed: &str, task: &str, rate: u32, seconds: u32) -> String {
    format!(
        "
version: 1
name: bench
summary: A steady load on two healthy providers.
providers:
  openai: {{ models: {{ gpt-4o: {{}} }} }}
  anthropic: {{ models: {{ claude-sonnet-4: {{}} }} }}
router:
  chains:
    all: {{ targets: [openai/gpt-4o, anthropic/claude-sonnet-4], deadline: 20s, gates: [json_schema] }}
load:
  - {{ tenant: acme, tier: gold, task: {task}, rate: {rate}/s, arrivals: poisson, stream: {streamed} }}
phases:
  - {{ name: all, for: {seconds}s }}
slos:
  - availability >= 99%
  - p95(latency) < 20s
"
    )
}

fn play(yaml: &str) -> (Finished, Duration) {
    let plan = match scenario::load("bench.yaml", yaml.as_bytes()) {
        Ok(loaded) => Arc::new(loaded.plan),
        Err(invalid) => panic!("{invalid}"),
    };
    let (_, commands) = mpsc::channel();
    let options = Options {
        seed: 1,
        world: World::Virtual,
        speed: f64::INFINITY,
        record: Some(Box::new(std::io::sink())),
        keep_events: false,
        commands,
        snapshots: None,
    };
    #[expect(clippy::disallowed_types, reason = "a benchmark measures the wall clock")]
    let start = std::time::Instant::now();
    let done = engine::run(plan, options).expect("runs");
    (done, start.elapsed())
}

/// The best of several runs: noise only ever slows a run down.
fn best(yaml: &str, runs: u32) -> (Finished, Duration) {
    (0..runs).map(|_| play(yaml)).min_by_key(|(_, took)| *took).expect("at least one run")
}

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let (runs, seconds) = if quick { (1, 60) } else { (5, 600) };
    let mut out = std::io::stdout().lock();

    let (done, took) = best(&scenario("0%", "triage", 100, seconds), runs);
    let rate = done.snapshot.arrived as f64 / took.as_secs_f64();
    let _ = writeln!(
        out,
        "plain requests       {rate:>10.0} per second per core   ({} in {took:.2?})",
        done.snapshot.arrived
    );

    let (done, took) = best(&scenario("100%", "chat", 50, seconds), runs);
    let chunks: u64 = done.ledger.iter().map(|e| u64::from(e.tokens)).sum();
    let rate = chunks as f64 / took.as_secs_f64();
    let _ = writeln!(out, "stream chunks        {rate:>10.0} per second per core   ({chunks} in {took:.2?})");

    let (done, took) = best(&scenario("50%", "chat", 100, seconds), runs);
    let _ = writeln!(
        out,
        "mixed                {:>10.2} s for {seconds} s at 100 req/s, half of it streamed ({} requests)",
        took.as_secs_f64(),
        done.snapshot.arrived
    );
}
