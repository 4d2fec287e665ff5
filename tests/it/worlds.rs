//! The real world: the same drill over TCP.

use crate::drills::{plan, play};
use hopdrill::engine::World;
use hopdrill::oracle::audit;
use hopdrill::slo::Verdict;

/// A few seconds with every connection fault in them.
const SHORT: &str = "
version: 1
name: short
summary: A short drill for real sockets.
providers:
  openai: { models: { gpt-4o: { ttft: 40ms, tokens_per_second: 400 } } }
  anthropic: { models: { claude-sonnet-4: { ttft: 40ms, tokens_per_second: 400 } } }
router:
  chains:
    triage:
      targets: [openai/gpt-4o, anthropic/claude-sonnet-4]
      deadline: 3s
      gates: [json_schema]
      retry: { max_attempts: 2, backoff: { initial: 50ms, max: 200ms, jitter: full }, wait_up_to: 300ms }
      breaker: { window: 2s, min_calls: 5, open_for: 1s, ramp: 500ms }
      timeouts: { headers: 800ms, first_token: 800ms }
load:
  - { tenant: acme, tier: gold, task: triage, rate: 40/s, arrivals: poisson, stream: 40% }
phases:
  - { name: steady, for: 1s }
  - { name: refused, for: 1s }
  - { name: mixed, for: 2s }
  - { name: recovery, for: 4s }
faults:
  - { on: openai, during: refused, inject: refused }
  - { on: openai, during: mixed, mix: { ok: 40%, reset: 20%, status_503: 20%, cut: 20% } }
slos:
  - availability >= 99%
  - opens_within(openai) <= 2s
  - truncated_served == 0
";

#[test]
fn a_drill_over_tcp_has_the_verdicts_of_the_virtual_one_and_both_accounts_agree() {
    let plan = plan(SHORT);
    for world in [World::Virtual, World::Real] {
        let done = play(&plan, plan.seed, world);
        for result in done.board.results() {
            assert_eq!(result.verdict, Verdict::Pass, "{world:?}: {result:?}");
        }
        let mut found = audit(&done.events, &done.ledger);
        if world == World::Real {
            // A pooled connection may close under a request that is just being written: TCP cannot tell that from a
            // reset, and the mock never saw it.
            found.retain(|why| !why.contains("(connect), the ledger does not"));
        }
        assert!(found.is_empty(), "{world:?}: {} discrepancies, first: {}", found.len(), found[0]);
    }
}
