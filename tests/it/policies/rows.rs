//! The rows of the table: for each part of the router and each trigger its keys, how to write them, what a plan makes of
//! them, and some of the tests that exercise it.

use hopdrill::router::Stakes;
use hopdrill::router::config::{AllOpen, Chain, OnBreak, Target};
use hopdrill::router::policy::backoff::Jitter;
use hopdrill::router::policy::breaker::Group;
use hopdrill::router::policy::decide::Table;
use hopdrill::router::policy::order::Pick;
use hopdrill::router::policy::purse::OnLimit;
use hopdrill::router::policy::triggers::Trigger;
use hopdrill::router::policy::{checks as health, grading, purse};
use hopdrill::scenario::Plan;
use std::time::Duration;

/// Where in a scenario a key stands.
#[derive(Clone, Copy)]
pub(super) enum At {
    Router,
    Chain,
    Provider,
    Model,
    Load,
}

/// A key: how the page calls it, what is written beside it in any case, what is written to change it, and what a plan made
/// of it.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) at: At,
    pub(super) name: &'static str,
    pub(super) beside: &'static str,
    pub(super) changed: &'static str,
    pub(super) value: fn(&Plan) -> String,
}

const fn key(at: At, name: &'static str, changed: &'static str, value: fn(&Plan) -> String) -> Key {
    Key { at, name, beside: "", changed, value }
}

const fn beside(beside: &'static str, key: Key) -> Key {
    Key { beside, ..key }
}

/// A part of the router, or a trigger: its keys and some of the tests that exercise it.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) keys: &'static [Key],
    pub(super) tests: &'static [&'static str],
}

fn chain(plan: &Plan) -> &Chain {
    &plan.router.chains[0]
}

fn target(plan: &Plan) -> &Target {
    &plan.router.targets[0]
}

fn time(time: Duration) -> String {
    match time.as_millis() {
        ms if ms % 1000 != 0 => format!("{ms}ms"),
        ms if ms > 0 && ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms => format!("{}s", ms / 1000),
    }
}

fn share(share: f64) -> String {
    format!("{}%", share * 100.0)
}

fn or_none<T>(value: Option<T>, shown: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "none".to_owned(), shown)
}

fn word<T: PartialEq>(value: &T, words: &[(&str, T)]) -> String {
    words.iter().find(|(_, known)| known == value).map_or_else(|| "another".to_owned(), |(word, _)| (*word).to_owned())
}

fn triggers(plan: &Plan) -> String {
    word(&chain(plan).table, &[("all", Table::default())])
}

fn classes(plan: &Plan) -> String {
    word(&chain(plan).table, &[("the decision table", Table::default())])
}

fn all_open(plan: &Plan) -> String {
    word(&chain(plan).all_open, &[("degrade", AllOpen::Degrade)])
}

fn jitter(jitter: &Jitter) -> String {
    word(jitter, &[("full", Jitter::Full)])
}

fn max_in_flight(plan: &Plan) -> String {
    or_none(chain(plan).max_in_flight, |n| n.to_string())
}

fn ahead(plan: &Plan) -> String {
    chain(plan).ahead.to_string()
}

fn account(plan: &Plan, shown: impl Fn(&purse::Params) -> String) -> String {
    let accounts = &plan.router;
    let budget = accounts.tenants.values().chain(accounts.tiers.values()).find_map(|account| account.budget);
    or_none(budget, |budget| shown(&budget))
}

fn grader(plan: &Plan, shown: impl Fn(&grading::Params) -> String) -> String {
    or_none(plan.router.oversight.grader, |grader| shown(&grader))
}

fn eval(plan: &Plan, shown: impl Fn(&hopdrill::router::policy::evals::Pace) -> String) -> String {
    or_none(plan.router.oversight.evals.first(), |eval| shown(&eval.pace))
}

fn swap(plan: &Plan, shown: impl Fn(&hopdrill::router::config::Swap) -> String) -> String {
    or_none(plan.router.oversight.swaps.first(), shown)
}

const EVAL: &str = "evals: [{ chain: main }]";
const SWAP: &str = "swaps: [{ chain: main, from: openai/gpt-4o, to: openai/gpt-4.1, at: 1s }]";

const TRIGGERS: Key = key(At::Chain, "triggers", "triggers: [region]", triggers);
const CLASSES: Key = key(At::Chain, "classes", "classes: { server_error: { retry: no, next: no } }", classes);

fn checks(plan: &Plan, shown: impl Fn(&health::Params) -> String) -> String {
    or_none(target(plan).checks, |checks| shown(&checks))
}

const CHECKS: &str = "health_checks: { kind: completion }";
const DEGRADED: &str = "degraded: { template: sorry, cache: {} }";
const BUDGET: &str = "tenants: { acme: { budget: $5/h } }";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    Row { name: "control", keys: &[], tests: &["without_a_router_one_call_is_made_within_the_same_times"] },
    Row {
        name: "routes",
        keys: &[key(At::Router, "routes", "routes: [{ when: { task: chat }, chain: main }]", |p| word(&p.router.routes.len(), &[("none", 0)]))],
        tests: &["a_route_is_for_requests_of_which_all_holds_that_it_says", "requests_take_the_chain_for_their_tags_and_their_size"],
    },
    Row {
        name: "fallback",
        keys: &[
            key(At::Chain, "fallback", "fallback: none", |p| word(&chain(p).targets.len(), &[("all `targets`", 2)])),
            key(At::Chain, "max_attempts_total", "max_attempts_total: 9", |p| chain(p).max_attempts_total.to_string()),
            CLASSES,
        ],
        tests: &["each_row_of_the_table_acts_as_it_is_written", "a_failing_target_is_retried_and_left_as_its_row_says"],
    },
    Row { name: "on_rate_limit", keys: &[TRIGGERS], tests: &["a_trigger_moves_requests_on_after_its_classes_and_no_others"] },
    Row { name: "on_latency", keys: &[TRIGGERS], tests: &["a_trigger_moves_requests_on_after_its_classes_and_no_others"] },
    Row { name: "on_error", keys: &[TRIGGERS], tests: &["a_trigger_moves_requests_on_after_its_classes_and_no_others"] },
    Row { name: "on_availability", keys: &[TRIGGERS], tests: &["a_trigger_moves_requests_on_after_its_classes_and_no_others"] },
    Row { name: "on_cost", keys: &[TRIGGERS], tests: &["what_costs_least_goes_to_the_front_before_what_is_demoted"] },
    Row { name: "on_quality", keys: &[TRIGGERS], tests: &["every_way_to_break_a_schema_is_caught_by_the_gate"] },
    Row { name: "on_auth", keys: &[TRIGGERS], tests: &["quota_key_and_model_failures_close_the_key_or_the_target_at_once_and_call_for_a_person"] },
    Row { name: "on_region", keys: &[TRIGGERS], tests: &["a_trigger_moves_requests_on_after_its_classes_and_no_others"] },
    Row { name: "on_load", keys: &[TRIGGERS], tests: &["without_room_a_request_is_told_that_the_provider_is_overloaded_as_long_as_others_are_there"] },
    Row {
        name: "pick",
        keys: &[key(At::Chain, "pick", "pick: cheapest", |p| word(&chain(p).steps[0].pick, &[("ordered", Pick::Ordered)]))],
        tests: &["a_step_is_walked_as_its_pick_says", "the_cheapest_target_comes_first_wherever_it_stands"],
    },
    Row {
        name: "continue",
        keys: &[key(At::Chain, "on_break", "on_break: error", |p| word(&chain(p).on_break, &[("continue", OnBreak::Continue)]))],
        tests: &["wherever_a_stream_is_cut_its_halves_make_the_whole_answer_or_a_clear_error"],
    },
    Row {
        name: "retry",
        keys: &[
            key(At::Chain, "retry.max_attempts", "retry: { max_attempts: 3 }", |p| chain(p).retry.max_attempts.to_string()),
            key(At::Chain, "retry.retry_timeouts", "retry: { retry_timeouts: true }", |p| chain(p).retry.retry_timeouts.to_string()),
        ],
        tests: &["the_attempts_on_one_target_and_in_all_are_bounded", "timeouts_are_retried_where_the_chain_says_so"],
    },
    Row {
        name: "backoff",
        keys: &[
            key(At::Chain, "retry.backoff.initial", "retry: { backoff: { initial: 60ms } }", |p| time(chain(p).retry.backoff.initial)),
            key(At::Chain, "retry.backoff.max", "retry: { backoff: { max: 2s } }", |p| time(chain(p).retry.backoff.max)),
            key(At::Chain, "retry.wait_up_to", "retry: { wait_up_to: 2s }", |p| time(chain(p).retry.wait_up_to)),
        ],
        tests: &["without_jitter_waits_double_up_to_the_cap", "a_wait_beyond_what_the_chain_sits_out_moves_on"],
    },
    Row {
        name: "jitter",
        keys: &[
            key(At::Chain, "retry.backoff.jitter", "retry: { backoff: { jitter: none } }", |p| jitter(&chain(p).retry.backoff.jitter)),
            key(At::Chain, "breaker.jitter", "breaker: { jitter: 30% }", |p| share(target(p).breaker.jitter)),
        ],
        tests: &["full_jitter_reaches_from_zero_to_the_exponential_wait", "the_open_time_is_scattered_by_a_tenth"],
    },
    Row {
        name: "retry_budget",
        keys: &[
            key(At::Chain, "budget.per_request", "budget: { per_request: 5% }", |p| share(target(p).budget.per_request)),
            key(At::Chain, "budget.floor_per_second", "budget: { floor_per_second: 1 }", |p| target(p).budget.floor_per_second.to_string()),
        ],
        tests: &["a_storm_of_retries_is_held_to_a_fifth_of_the_traffic_and_the_floor"],
    },
    Row {
        name: "retry_after",
        keys: &[key(At::Chain, "retry.wait_up_to", "retry: { wait_up_to: 2s }", |p| time(chain(p).retry.wait_up_to))],
        tests: &["waits_are_clamped_and_nonsense_is_no_wait", "a_429_rests_the_target_for_other_requests_too_and_is_no_breaker_sample"],
    },
    Row { name: "ahead", keys: &[key(At::Chain, "ahead", "ahead: true", ahead)], tests: &["what_headers_say_is_left_is_kept_to_before_the_429"] },
    Row {
        name: "max_in_flight",
        keys: &[key(At::Chain, "max_in_flight", "max_in_flight: 8", max_in_flight)],
        tests: &["a_target_with_too_many_calls_in_flight_is_passed_over_while_there_is_another"],
    },
    Row {
        name: "batch",
        keys: &[
            key(At::Chain, "batch_in_flight", "batch_in_flight: 20", |p| or_none(chain(p).batch_in_flight, |n| n.to_string())),
            key(At::Load, "mode", "mode: batch", |p| word(&p.load[0].traits.batch, &[("interactive", false)])),
        ],
        tests: &["batch_requests_take_only_the_places_below_their_bound_and_are_served_in_the_order_of_arrival"],
    },
    Row {
        name: "key_rotation",
        keys: &[key(At::Router, "keys", "keys: { openai: [a, b] }", |p| word(&p.router.pools.len(), &[("none", 0)]))],
        tests: &["the_keys_of_a_pool_take_turns_and_stand_in_for_each_other_unless_told_not_to"],
    },
    Row {
        name: "hedging",
        keys: &[key(At::Chain, "hedge.after", "hedge: { after: 800ms }", |p| or_none(chain(p).hedge, |h| time(h.after)))],
        tests: &["the_first_answer_wins_and_the_other_is_hung_up_on", "hedges_are_held_to_the_retry_budget_of_the_target_they_go_to"],
    },
    Row {
        name: "warm",
        keys: &[
            key(At::Chain, "warm", "warm: 8", |p| or_none(Some(chain(p).warm).filter(|n| *n > 0), |n| n.to_string())),
            key(At::Provider, "connect", "connect: 150ms", |p| time(p.providers[0].connect)),
        ],
        tests: &["connections_that_are_kept_warm_carry_the_first_requests_and_closed_ones_are_not_used"],
    },
    Row {
        name: "breaker",
        keys: &[
            key(At::Chain, "breaker.window", "breaker: { window: 30s }", |p| time(target(p).breaker.window)),
            key(At::Chain, "breaker.failure_rate", "breaker: { failure_rate: 30% }", |p| share(target(p).breaker.failure_rate)),
            key(At::Chain, "breaker.min_calls", "breaker: { min_calls: 7 }", |p| target(p).breaker.min_calls.to_string()),
            key(At::Chain, "breaker.consecutive", "breaker: { consecutive: 7 }", |p| or_none(target(p).breaker.consecutive, |n| n.to_string())),
            key(At::Chain, "breaker.open_for", "breaker: { open_for: 7s }", |p| time(target(p).breaker.open_for)),
            key(At::Chain, "breaker.open_max", "breaker: { open_max: 20s }", |p| time(target(p).breaker.open_max)),
            key(At::Chain, "breaker.half_open_calls", "breaker: { half_open_calls: 7 }", |p| target(p).breaker.half_open_calls.to_string()),
            key(At::Chain, "breaker.probe_for", "breaker: { probe_for: 40s }", |p| or_none(target(p).breaker.probe_for, time)),
            key(At::Chain, "breaker.group", "breaker: { group: vendor }", |p| word(&target(p).breaker.group, &[("target", Group::Target)])),
        ],
        tests: &["it_trips_at_the_rate_and_not_before_the_minimum_of_calls", "an_outage_opens_the_breaker_and_the_end_of_it_closes_it_again"],
    },
    Row {
        name: "health_checks",
        keys: &[
            key(At::Chain, "health_checks", CHECKS, |p| checks(p, |_| "set".to_owned())),
            beside(CHECKS, key(At::Chain, "health_checks.every", "health_checks: { kind: completion, every: 7s }", |p| checks(p, |c| time(c.every)))),
            beside(CHECKS, key(At::Chain, "health_checks.failures", "health_checks: { kind: completion, failures: 7 }", |p| checks(p, |c| c.failures.to_string()))),
            beside(CHECKS, key(At::Chain, "health_checks.timeout", "health_checks: { kind: completion, timeout: 1s }", |p| checks(p, |c| time(c.timeout)))),
        ],
        tests: &["a_standby_that_dies_while_idle_is_found_out_before_a_request_falls_there", "healthy_checks_change_nothing_about_anybodys_request"],
    },
    Row {
        name: "slow_rate",
        keys: &[
            key(At::Chain, "breaker.slow_rate", "breaker: { slow_rate: 50%, slow_after: 3s }", |p| or_none(target(p).breaker.slow_rate, share)),
            key(At::Chain, "breaker.slow_after", "breaker: { slow_rate: 50%, slow_after: 3s }", |p| or_none(target(p).breaker.slow_after, time)),
        ],
        tests: &["slow_successes_trip_the_slow_rate"],
    },
    Row {
        name: "ramp",
        keys: &[key(At::Chain, "breaker.ramp", "breaker: { ramp: 30s }", |p| time(target(p).breaker.ramp))],
        tests: &["after_closing_traffic_returns_on_a_ramp_rather_than_as_a_flood"],
    },
    Row {
        name: "quality",
        keys: &[
            key(At::Chain, "quality.window", "quality: { window: 30s }", |p| time(target(p).quality.window)),
            key(At::Chain, "quality.failure_rate", "quality: { failure_rate: 10% }", |p| share(target(p).quality.failure_rate)),
            key(At::Chain, "quality.min_calls", "quality: { min_calls: 7 }", |p| target(p).quality.min_calls.to_string()),
            key(At::Chain, "quality.demote_for", "quality: { demote_for: 30s }", |p| time(target(p).quality.demote_for)),
        ],
        tests: &["a_share_of_bad_answers_at_the_limit_demotes_and_time_promotes_again"],
    },
    Row {
        name: "grader",
        keys: &[
            key(At::Router, "grader", "grader: {}", |p| grader(p, |_| "one".to_owned())),
            beside("grader: {}", key(At::Router, "grader.sample", "grader: { sample: 30% }", |p| grader(p, |g| share(g.sample)))),
            beside("grader: {}", key(At::Router, "grader.delay", "grader: { delay: 3s }", |p| grader(p, |g| time(g.delay)))),
            beside("grader: {}", key(At::Router, "grader.cost", "grader: { cost: $0.01 }", |p| grader(p, |g| format!("${}", g.cost)))),
            beside("grader: {}", key(At::Router, "grader.false_bad", "grader: { false_bad: 9% }", |p| grader(p, |g| share(g.false_bad)))),
            beside("grader: {}", key(At::Router, "grader.false_good", "grader: { false_good: 9% }", |p| grader(p, |g| share(g.false_good)))),
        ],
        tests: &["a_grader_looks_at_its_share_and_errs_as_often_as_it_says", "without_a_grader_nobody_notices_that_answers_turn_wrong"],
    },
    Row {
        name: "evals",
        keys: &[
            key(At::Router, "evals", EVAL, |p| eval(p, |_| "one".to_owned())),
            beside(EVAL, key(At::Router, "evals.at", "evals: [{ chain: main, at: 3s }]", |p| eval(p, |pace| time(pace.at)))),
            beside(EVAL, key(At::Router, "evals.items", "evals: [{ chain: main, items: 7 }]", |p| eval(p, |pace| pace.items.to_string()))),
            beside(EVAL, key(At::Router, "evals.rate", "evals: [{ chain: main, rate: 7/s }]", |p| eval(p, |pace| format!("{}/s", pace.rate)))),
            key(At::Router, "swaps", SWAP, |p| swap(p, |_| "one".to_owned())),
            beside(SWAP, key(At::Router, "swaps.items", "swaps: [{ chain: main, from: openai/gpt-4o, to: openai/gpt-4.1, at: 1s, items: 7 }]", |p| swap(p, |s| s.pace.items.to_string()))),
            beside(SWAP, key(At::Router, "swaps.rate", "swaps: [{ chain: main, from: openai/gpt-4o, to: openai/gpt-4.1, at: 1s, rate: 7/s }]", |p| swap(p, |s| format!("{}/s", s.pace.rate)))),
            beside(SWAP, key(At::Router, "swaps.margin", "swaps: [{ chain: main, from: openai/gpt-4o, to: openai/gpt-4.1, at: 1s, margin: 7% }]", |p| swap(p, |s| or_none(s.bar, |bar| share(bar.margin))))),
            beside(SWAP, key(At::Router, "swaps.max_errors", "swaps: [{ chain: main, from: openai/gpt-4o, to: openai/gpt-4.1, at: 1s, max_errors: 7% }]", |p| swap(p, |s| or_none(s.bar, |bar| share(bar.max_errors))))),
        ],
        tests: &[
            "what_ships_serves_whoever_arrives_afterwards_and_what_is_refused_serves_nobody",
            "high_stakes_fall_back_to_whom_evals_have_proven_and_the_weak_one_is_passed_over_from_the_start",
        ],
    },
    Row {
        name: "gates",
        keys: &[key(At::Chain, "gates", "gates: [refusal]", |p| chain(p).gates.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" "))],
        tests: &["a_gate_stops_the_fault_that_it_is_for_and_without_it_the_answer_is_served"],
    },
    Row {
        name: "degraded",
        keys: &[key(At::Chain, "degraded.template", "degraded: { template: sorry }", |p| or_none(chain(p).degraded.as_ref(), |t| t.to_string()))],
        tests: &["when_everything_fails_the_template_is_served_and_counts_as_answered_but_not_as_available"],
    },
    Row {
        name: "best_try",
        keys: &[key(At::Chain, "all_open", "all_open: best_try", all_open)],
        tests: &["when_all_breakers_are_open_the_chain_does_what_it_says"],
    },
    Row {
        name: "cache",
        keys: &[
            key(At::Chain, "degraded.cache", DEGRADED, |p| or_none(chain(p).cache, |_| "one".to_owned())),
            beside(DEGRADED, key(At::Chain, "degraded.cache.max_age", "degraded: { template: sorry, cache: { max_age: 1m } }", |p| or_none(chain(p).cache, |c| time(c.max_age)))),
            beside(DEGRADED, key(At::Chain, "degraded.cache.entries", "degraded: { template: sorry, cache: { entries: 9 } }", |p| or_none(chain(p).cache, |c| c.entries.to_string()))),
        ],
        tests: &["an_answer_is_given_up_to_its_last_instant", "an_answer_is_given_again_to_who_asks_the_same_while_it_is_fresh"],
    },
    Row {
        name: "deadline",
        keys: &[
            key(At::Chain, "deadline", "deadline: 12s", |p| time(chain(p).deadline)),
            key(At::Chain, "ttft_deadline", "ttft_deadline: 9s", |p| or_none(chain(p).ttft_deadline, time)),
            key(At::Chain, "min_hop_time", "min_hop_time: 100ms", |p| time(chain(p).min_hop_time)),
        ],
        tests: &["past_the_deadline_of_the_first_token_no_further_target_is_called_or_blamed", "a_retry_after_beyond_the_deadline_skips_the_retry"],
    },
    Row {
        name: "timeouts",
        keys: &[
            key(At::Chain, "timeouts.connect", "timeouts: { connect: 2s }", |p| time(chain(p).timeouts.connect)),
            key(At::Chain, "timeouts.headers", "timeouts: { headers: 2s }", |p| time(chain(p).timeouts.headers)),
            key(At::Chain, "timeouts.first_token", "timeouts: { first_token: 2s }", |p| time(chain(p).timeouts.first_token)),
            key(At::Chain, "timeouts.idle", "timeouts: { idle: 2s }", |p| time(chain(p).timeouts.idle)),
            key(At::Chain, "timeouts.total", "timeouts: { total: 20s }", |p| or_none(chain(p).timeouts.total, time)),
        ],
        tests: &["a_failing_target_is_retried_and_left_as_its_row_says", "timeouts_are_retried_once_where_the_chain_says_so"],
    },
    Row {
        name: "residency",
        keys: &[
            key(At::Load, "residency", "residency: us-east", |p| word(&p.load[0].traits.residency.is_empty(), &[("anywhere", true)])),
            key(At::Load, "data_class", "data_class: pii", |p| or_none(p.load[0].traits.data_class.as_ref(), |d| d.to_string())),
            key(At::Provider, "approved_for", "approved_for: [pii, health]", |p| target(p).approved_for.iter().map(|d| format!("`{d}`")).collect()),
        ],
        tests: &["a_target_serves_what_it_may_and_can", "a_request_that_nobody_may_serve_is_never_sent"],
    },
    Row {
        name: "stakes",
        keys: &[
            key(At::Load, "stakes", "stakes: high_stakes", |p| word(&p.load[0].traits.stakes, &[("best_effort", Stakes::BestEffort)])),
            key(At::Chain, "min_quality", "min_quality: 90%", |p| or_none(chain(p).min_quality, share)),
        ],
        tests: &["high_stakes_are_served_by_a_first_choice_or_not_at_all", "high_stakes_fall_back_to_who_is_proven_to_be_good_enough"],
    },
    Row {
        name: "spending",
        keys: &[
            key(At::Router, "tenants.*.budget", BUDGET, |p| account(p, |b| format!("{:?}", b.amount))),
            key(At::Router, "tiers.*.budget", "tiers: { gold: { budget: $5/h } }", |p| account(p, |b| format!("{:?}", b.amount))),
            beside(BUDGET, key(At::Router, "tenants.*.soft", "tenants: { acme: { budget: $5/h, soft: 50% } }", |p| account(p, |b| share(b.soft)))),
            beside(BUDGET, key(At::Router, "tenants.*.on_limit", "tenants: { acme: { budget: $5/h, on_limit: alert } }", |p| account(p, |b| word(&b.on_limit, &[("reject", OnLimit::Reject)])))),
        ],
        tests: &["money_in_flight_cannot_be_spent_twice", "the_soft_share_makes_it_short_until_the_window_is_over"],
    },
    Row {
        name: "price_updates",
        keys: &[key(At::Router, "price_updates", "price_updates: [{ at: 5s, target: openai/gpt-4o, price: { input: 9 } }]", |p| word(&target(p).prices.changes().count(), &[("none", 0)]))],
        tests: &["the_cheapest_is_whoever_is_so_by_the_price_list_of_the_moment", "calls_are_charged_by_the_price_that_was_known_when_they_were_made"],
    },
    Row {
        name: "capability",
        keys: &[key(At::Model, "capabilities", "capabilities: []", |p| word(&target(p).capabilities.is_empty(), &[("as catalogued", false)]))],
        tests: &["a_target_that_cannot_do_what_is_asked_is_skipped_and_never_answers_with_its_refusal"],
    },
    Row {
        name: "context",
        keys: &[key(At::Model, "context", "context: 4k", |p| word(&(target(p).context > 100_000), &[("as catalogued", true)]))],
        tests: &["a_context_error_goes_only_to_a_larger_window_and_surfaces_without_one", "a_prompt_too_long_for_a_window_is_never_sent_there"],
    },
    Row {
        name: "prompts",
        keys: &[key(At::Router, "prompts", "prompts: { openai/gpt-4o: Return only JSON. }", |p| or_none(target(p).prompt.as_ref(), |prompt| prompt.to_string()))],
        tests: &["every_small_drill_of_a_part_holds_and_breaks_exactly_as_it_says"],
    },
];

/// The triggers: the part that decides with them, and what their keys set.
#[rustfmt::skip]
pub(super) const TRIGGER_ROWS: &[(Trigger, Row)] = &[
    (Trigger::RateLimit, Row {
        name: "on_rate_limit",
        keys: &[beside("triggers: [rate_limit]", key(At::Chain, "ahead", "triggers: [{ type: rate_limit, ahead: true }]", ahead))],
        tests: &["what_headers_say_is_left_is_kept_to_before_the_429"],
    }),
    (Trigger::Latency, Row {
        name: "on_latency",
        keys: &[
            beside("triggers: [latency]", key(At::Chain, "threshold", "triggers: [{ type: latency, threshold: 2s }]", |p| time(chain(p).timeouts.headers))),
            beside("triggers: [latency]", key(At::Chain, "ttft", "triggers: [{ type: latency, ttft: 2s }]", |p| time(chain(p).timeouts.first_token))),
            beside("triggers: [latency]", key(At::Chain, "inter_token", "triggers: [{ type: latency, inter_token: 2s }]", |p| time(chain(p).timeouts.idle))),
            beside("triggers: [latency]", key(At::Chain, "total", "triggers: [{ type: latency, total: 20s }]", |p| or_none(chain(p).timeouts.total, time))),
            beside("triggers: [latency]", key(At::Chain, "slow_rate", "triggers: [{ type: latency, threshold: 2s, slow_rate: 30% }]", |p| or_none(target(p).breaker.slow_rate, share))),
            beside("triggers: [latency]", key(At::Chain, "percentile", "triggers: [{ type: latency, threshold: 2s, percentile: p95 }]", |p| or_none(target(p).breaker.slow_rate, share))),
            beside("triggers: [{ type: latency, threshold: 2s, percentile: p95 }]", key(At::Chain, "window", "triggers: [{ type: latency, threshold: 2s, percentile: p95, window: 7s }]", |p| time(target(p).breaker.window))),
            beside("triggers: [{ type: latency, threshold: 2s, percentile: p95 }]", key(At::Chain, "min_calls", "triggers: [{ type: latency, threshold: 2s, percentile: p95, min_calls: 7 }]", |p| target(p).breaker.min_calls.to_string())),
        ],
        tests: &["slow_successes_trip_the_slow_rate"],
    }),
    (Trigger::ErrorRate, Row {
        name: "breaker",
        keys: &[
            beside("triggers: [{ type: error_rate }]", key(At::Chain, "threshold", "triggers: [{ type: error_rate, threshold: 5% }]", |p| share(target(p).breaker.failure_rate))),
            beside("triggers: [{ type: error_rate }]", key(At::Chain, "window", "triggers: [{ type: error_rate, window: 7s }]", |p| time(target(p).breaker.window))),
            beside("triggers: [{ type: error_rate }]", key(At::Chain, "min_calls", "triggers: [{ type: error_rate, min_calls: 7 }]", |p| target(p).breaker.min_calls.to_string())),
        ],
        tests: &["what_may_not_move_a_request_opens_no_breaker_unless_the_rate_of_errors_is_a_trigger"],
    }),
    (Trigger::Error, Row { name: "on_error", keys: &[], tests: &["a_trigger_moves_requests_on_after_its_classes_and_no_others"] }),
    (Trigger::Availability, Row { name: "on_availability", keys: &[], tests: &["a_trigger_moves_requests_on_after_its_classes_and_no_others"] }),
    (Trigger::Cost, Row {
        name: "on_cost",
        keys: &[
            beside("triggers: [cost]", key(At::Chain, "share", "triggers: [{ type: cost, share: 50% }]", |p| or_none(chain(p).downshift, share))),
            beside("triggers: [cost]", key(At::Chain, "price_change", "triggers: [{ type: cost, price_change: 50% }]", |p| or_none(chain(p).price_change, share))),
        ],
        tests: &[
            "what_costs_least_goes_to_the_front_before_what_is_demoted",
            "a_target_whose_price_has_risen_by_the_share_of_the_trigger_comes_last_and_a_smaller_rise_changes_nothing",
        ],
    }),
    (Trigger::Quality, Row { name: "on_quality", keys: &[], tests: &["every_way_to_break_a_schema_is_caught_by_the_gate"] }),
    (Trigger::Auth, Row { name: "on_auth", keys: &[], tests: &["quota_key_and_model_failures_close_the_key_or_the_target_at_once_and_call_for_a_person"] }),
    (Trigger::Region, Row { name: "on_region", keys: &[], tests: &["a_trigger_moves_requests_on_after_its_classes_and_no_others"] }),
    (Trigger::Load, Row {
        name: "on_load",
        keys: &[beside("triggers: [load]", key(At::Chain, "max_in_flight", "triggers: [{ type: load, max_in_flight: 8 }]", max_in_flight))],
        tests: &["a_target_with_too_many_calls_in_flight_is_passed_over_while_there_is_another"],
    }),
    (Trigger::All, Row { name: "fallback", keys: &[], tests: &["all_is_the_table_of_a_chain_that_says_nothing"] }),
];
