//! The `fallback:` block of gateways, unchanged.

use crate::event::Class;
use crate::router::config::Config;
use crate::router::policy::decide::{Next, Table};
use crate::router::policy::triggers::{self, Trigger};
use crate::scenario::load;
use std::time::Duration;

const BLOCK: &str = include_str!("fallback.yaml");

fn router(text: &str) -> Config {
    load("fallback.yaml", text.as_bytes()).unwrap_or_else(|invalid| panic!("{}", invalid.render(false))).plan.router
}

#[test]
fn the_block_runs_at_the_top_and_under_the_router_and_means_the_same() {
    let (head, block) = BLOCK.split_once("fallback:").expect("a block");
    let under = format!("{head}router:\n  fallback:{}", block.replace('\n', "\n  "));
    assert_eq!(router(BLOCK), router(&under));
}

#[test]
fn its_models_go_by_priority_and_its_providers_come_from_the_catalogue() {
    let swapped = BLOCK.replace("priority: 1", "priority: 9");
    let names = |config: &Config, chain: usize| -> Vec<String> {
        config.chains[chain].targets.iter().map(|&t| config.targets[t].name.to_string()).collect()
    };
    let config = router(BLOCK);
    assert_eq!(names(&config, 0), ["openai/gpt-4-turbo", "anthropic/claude-3-opus", "google/gemini-pro"]);
    assert_eq!(names(&config, 1), ["openai/gpt-3.5-turbo", "anthropic/claude-instant"]);
    assert_eq!(names(&router(&swapped), 0), ["anthropic/claude-3-opus", "google/gemini-pro", "openai/gpt-4-turbo"]);
}

#[test]
fn its_triggers_are_the_rows_the_timeouts_and_the_breaker_that_they_stand_for() {
    let config = router(BLOCK);
    let [premium, fast] = config.chains.as_slice() else { panic!("two chains") };
    assert_eq!(premium.table, triggers::table(&[Trigger::RateLimit, Trigger::Latency, Trigger::ErrorRate]));
    assert_eq!(premium.table.row(Class::ServerError).next, Next::Stop, "a single error surfaces");
    assert_eq!(
        (premium.timeouts.headers, premium.timeouts.first_token),
        (Duration::from_secs(5), Duration::from_secs(5))
    );
    assert_eq!(premium.retry.max_attempts, 3);
    let breaker = config.targets[premium.targets[0]].breaker;
    assert_eq!((breaker.failure_rate, breaker.window, breaker.min_calls), (0.05, Duration::from_secs(60), 20));
    assert_eq!(fast.table, Table::default());
}

#[test]
fn a_trigger_that_is_not_enabled_sets_nothing() {
    let off = BLOCK.replace("threshold_ms: 5000", "threshold_ms: 5000, enabled: false");
    let config = router(&off);
    assert_eq!(config.chains[0].table, triggers::table(&[Trigger::RateLimit, Trigger::ErrorRate]));
    assert_eq!(config.chains[0].timeouts, config.chains[1].timeouts);
}

#[test]
fn what_no_trigger_covers_is_a_warning() {
    let loaded = load("fallback.yaml", BLOCK.as_bytes()).unwrap_or_else(|invalid| panic!("{}", invalid.render(false)));
    let said: Vec<&str> = loaded.warnings.iter().filter_map(|w| w.help.as_deref()).collect();
    assert!(said.iter().any(|help| help.contains("no trigger covers") && help.contains("server_error")), "{said:?}");
}

#[test]
fn a_percentile_over_a_limit_is_the_share_of_calls_beyond_it() {
    let p95 =
        BLOCK.replace("{ type: \"latency\", threshold_ms: 5000 }", "{ type: latency, percentile: p95, threshold: 4s }");
    let config = router(&p95);
    let breaker = config.targets[config.chains[0].targets[0]].breaker;
    assert_eq!((breaker.slow_after, breaker.slow_rate), (Some(Duration::from_secs(4)), Some(0.05)));
    assert_eq!(config.chains[0].timeouts, config.chains[1].timeouts, "no single request is held to it");
}
