//! What routing costs: how soon a request is on its way to the next target, and what it costs to pass over a dead one.
//! `cargo bench --bench routing` prints both; `-- --quick` takes a few seconds.

use hopdrill::engine::{self, Finished, Options, World};
use hopdrill::event::EventKind;
use hopdrill::scenario::{self, plan::Plan};
use std::io::Write as _;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// A chain over these targets, the first of which fails if it is `dead`.
fn scenario(targets: &str, breaker: &str, rate: u32, seconds: u32) -> Arc<Plan> {
    let yaml = format!(
        "
version: 1
name: bench
summary: One provider is dead, another is well.
providers:
  dead: {{ dialect: openai, models: {{ gpt-4o: {{ ttft: 1ms, tokens_per_second: 1000 }} }} }}
  well: {{ dialect: openai, models: {{ gpt-4o: {{ ttft: 1ms, tokens_per_second: 1000 }} }} }}
router:
  chains:
    all:
      targets: [{targets}]
      deadline: 20s
      retry: {{ max_attempts: 1, backoff: {{ initial: 0s }} }}
      breaker: {breaker}
load:
  - {{ tenant: acme, task: triage, rate: {rate}/s, arrivals: poisson }}
phases:
  - {{ name: all, for: {seconds}s }}
faults:
  - {{ on: dead, during: all, inject: {{ status: 503 }} }}
slos:
  - availability >= 99%
"
    );
    match scenario::load("bench.yaml", yaml.as_bytes()) {
        Ok(loaded) => Arc::new(loaded.plan),
        Err(invalid) => panic!("{invalid}"),
    }
}

fn play(plan: &Arc<Plan>, world: World, keep_events: bool) -> (Finished, Duration) {
    let (_, commands) = mpsc::channel();
    let record = Some(Box::new(std::io::sink()) as Box<_>);
    let options = Options { seed: 1, world, speed: f64::INFINITY, record, keep_events, commands, snapshots: None };
    #[expect(clippy::disallowed_types, reason = "a benchmark measures the wall clock")]
    let start = std::time::Instant::now();
    let done = engine::run(Arc::clone(plan), options).expect("runs");
    (done, start.elapsed())
}

/// The share `q` of the sorted values.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * q).round() as usize]
}

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let mut out = std::io::stdout().lock();

    // Over TCP and on the wall clock: in the virtual world moving on takes no time at all.
    let never = "{ min_calls: 1000000 }";
    let (done, _) =
        play(&scenario("dead/gpt-4o, well/gpt-4o", never, 200, if quick { 3 } else { 20 }), World::Real, true);
    let switches = done.events.iter().filter_map(|event| match event.kind {
        EventKind::AttemptStarted { switch: Some(took), .. } => Some(took.as_secs_f64() * 1e3),
        _ => None,
    });
    let mut switches: Vec<f64> = switches.collect();
    switches.sort_by(f64::total_cmp);
    let _ = writeln!(
        out,
        "moving on            p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms from judging to the next dispatch, over TCP ({} moves)",
        quantile(&switches, 0.5),
        quantile(&switches, 0.99),
        quantile(&switches, 1.0),
        switches.len(),
    );

    // The breaker opens at the first failures and stays open.
    let open = "{ consecutive: 3, open_for: 3600s, open_max: 3600s }";
    let (pairs, seconds) = if quick { (3, 20) } else { (60, 60) };
    let with = scenario("dead/gpt-4o, well/gpt-4o", open, 100, seconds);
    let without = scenario("well/gpt-4o", open, 100, seconds);
    let mut ratios = Vec::new();
    for pair in 0..pairs {
        // Whoever comes second in a pair finds warmer caches.
        let (a, b) = if pair % 2 == 0 { (&with, &without) } else { (&without, &with) };
        let (first, second) = (play(a, World::Virtual, false).1, play(b, World::Virtual, false).1);
        let (with, without) = if pair % 2 == 0 { (first, second) } else { (second, first) };
        ratios.push(with.as_secs_f64() / without.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let _ = writeln!(
        out,
        "open breaker         {:.3}x a chain without the dead target (median of {pairs} interleaved pairs, p10 {:.3}, p90 {:.3})",
        quantile(&ratios, 0.5),
        quantile(&ratios, 0.1),
        quantile(&ratios, 0.9),
    );
}
