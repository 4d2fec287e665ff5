//! The table of triggers and policies, `docs/POLICIES.md`: written from the parts of the router, from the defaults that a
//! chain has which says nothing, and from what the scenarios say under `breaks`. A part without keys, tests or a scenario
//! in which it decides the outcome fails here.
//!
//! To add a part: its row in [`ROWS`], a scenario that names it under `breaks` (a small one belongs into `scenarios/parts/`),
//! and `UPDATE_DOCS=1 cargo test --test it policies`.

use crate::breaks::breaks_as_it_says;
use crate::drills::{plan, play};
use hopdrill::engine::World;
use hopdrill::event::Class;
use hopdrill::oracle::audit;
use hopdrill::router::ablate::{CONTROL, PARTS};
use hopdrill::router::config::{AllOpen, Chain, OnBreak, Target};
use hopdrill::router::lesser::Lesser;
use hopdrill::router::policy::backoff::Jitter;
use hopdrill::router::policy::breaker::Group;
use hopdrill::router::policy::decide::{Next, Table};
use hopdrill::router::policy::order::Pick;
use hopdrill::router::policy::purse::OnLimit;
use hopdrill::router::policy::triggers::Trigger;
use hopdrill::router::preset::PRESETS;
use hopdrill::scenario::{Plan, load};
use hopdrill::slo::Verdict;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where in a scenario a key stands.
#[derive(Clone, Copy)]
enum At {
    Router,
    Chain,
    Provider,
    Model,
    Load,
}

/// A key: how the page calls it, what is written beside it in any case, what is written to change it, and what a plan made
/// of it.
struct Key {
    at: At,
    name: &'static str,
    beside: &'static str,
    changed: &'static str,
    value: fn(&Plan) -> String,
}

const fn key(at: At, name: &'static str, changed: &'static str, value: fn(&Plan) -> String) -> Key {
    Key { at, name, beside: "", changed, value }
}

const fn beside(beside: &'static str, key: Key) -> Key {
    Key { beside, ..key }
}

/// A part of the router, or a trigger: its keys and some of the tests that exercise it.
struct Row {
    name: &'static str,
    keys: &'static [Key],
    tests: &'static [&'static str],
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
    word(&(chain(plan).table == Table::default()), &[("all", true), ("some", false)])
}

fn all_open(plan: &Plan) -> String {
    word(&chain(plan).all_open, &[("degrade", AllOpen::Degrade), ("fail_fast", AllOpen::FailFast)])
}

fn jitter(jitter: &Jitter) -> String {
    word(jitter, &[("full", Jitter::Full), ("none", Jitter::None)])
}

fn max_in_flight(plan: &Plan) -> String {
    or_none(chain(plan).max_in_flight, |n| n.to_string())
}

fn ahead(plan: &Plan) -> String {
    chain(plan).ahead.to_string()
}

fn account(plan: &Plan, shown: impl Fn(&hopdrill::router::policy::purse::Params) -> String) -> String {
    let accounts = &plan.router;
    let budget = accounts.tenants.values().chain(accounts.tiers.values()).find_map(|account| account.budget);
    or_none(budget, |budget| shown(&budget))
}

fn grader(plan: &Plan, shown: impl Fn(&hopdrill::router::policy::grading::Params) -> String) -> String {
    or_none(plan.router.oversight.grader, |grader| shown(&grader))
}

const TRIGGERS: Key = key(At::Chain, "triggers", "triggers: [region]", triggers);
const CLASSES: Key = key(At::Chain, "classes", "classes: { server_error: { retry: no, next: no } }", triggers_of_table);

fn triggers_of_table(plan: &Plan) -> String {
    word(&(chain(plan).table == Table::default()), &[("the decision table", true), ("another", false)])
}

const DEGRADED: &str = "degraded: { template: sorry, cache: {} }";
const BUDGET: &str = "tenants: { acme: { budget: $5/h } }";

#[rustfmt::skip]
const ROWS: &[Row] = &[
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
        keys: &[key(At::Chain, "batch_in_flight", "batch_in_flight: 8", |p| or_none(chain(p).batch_in_flight, |n| n.to_string()))],
        tests: &[
            "batch_requests_take_only_the_places_below_their_bound_and_are_served_in_the_order_of_arrival",
            "who_hangs_up_while_waiting_leaves_the_line_and_lets_the_next_one_look",
            "nobody_is_overtaken",
        ],
    },
    Row {
        name: "key_rotation",
        keys: &[key(At::Router, "keys", "keys: { openai: [a, b] }", |p| word(&p.router.pools.len(), &[("none", 0)]))],
        tests: &["the_keys_of_a_pool_take_turns_and_stand_in_for_each_other_unless_told_not_to"],
    },
    Row {
        name: "hedging",
        keys: &[key(At::Chain, "hedge.after", "hedge: { after: 800ms }", |p| or_none(chain(p).hedge, |hedge| time(hedge.after)))],
        tests: &["the_first_answer_wins_and_the_other_is_hung_up_on", "hedges_are_held_to_the_retry_budget_of_the_target_they_go_to"],
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
            key(At::Chain, "health_checks.kind", "health_checks: { kind: completion }", |p| or_none(target(p).checks, |c| c.kind.as_str().to_owned())),
            beside("health_checks: { kind: models }", key(At::Chain, "health_checks.every", "health_checks: { kind: models, every: 5s }", |p| or_none(target(p).checks, |c| time(c.every)))),
            beside("health_checks: { kind: models }", key(At::Chain, "health_checks.failures", "health_checks: { kind: models, failures: 1 }", |p| or_none(target(p).checks, |c| c.failures.to_string()))),
            beside("health_checks: { kind: models }", key(At::Chain, "health_checks.timeout", "health_checks: { kind: models, timeout: 1s }", |p| or_none(target(p).checks, |c| time(c.timeout)))),
        ],
        tests: &[
            "a_standby_that_dies_while_idle_is_found_out_before_a_request_falls_there",
            "a_healthy_list_of_models_never_ends_what_live_traffic_has_found",
            "no_check_closes_a_breaker_and_no_list_of_models_shortens_what_live_traffic_began",
        ],
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
            key(At::Load, "stakes", "stakes: high_stakes", |p| format!("{:?}", p.load[0].traits.stakes)),
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
        keys: &[key(At::Model, "capabilities", "capabilities: []", |p| word(&target(p).capabilities.is_empty(), &[("as catalogued", false), ("none", true)]))],
        tests: &["a_target_that_cannot_do_what_is_asked_is_skipped_and_never_answers_with_its_refusal"],
    },
    Row {
        name: "context",
        keys: &[key(At::Model, "context", "context: 4k", |p| word(&(target(p).context > 100_000), &[("as catalogued", true)]))],
        tests: &["a_context_error_goes_only_to_a_larger_window_and_surfaces_without_one", "a_prompt_too_long_for_a_window_is_never_sent_there"],
    },
];

/// The triggers: the part that decides with them, and what their keys set.
#[rustfmt::skip]
const TRIGGER_ROWS: &[(Trigger, Row)] = &[
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

/// A scenario with these lines where they belong.
fn scenario(at: At, line: &str) -> Plan {
    let places = [At::Provider, At::Model, At::Router, At::Chain, At::Load].map(|place| {
        let here = std::mem::discriminant(&place) == std::mem::discriminant(&at) && !line.is_empty();
        if here { line } else { "" }
    });
    let [provider, model, router, chain, load_line] = places;
    let comma = |line: &str| if line.is_empty() { String::new() } else { format!(", {line}") };
    let yaml = format!(
        "
version: 1
name: policies
summary: What a chain does that says nothing.
seed: 7
providers:
  openai:
    region: us-east
    keys: {{ a: {{}}, b: {{}} }}
    {provider}
    models:
      gpt-4o: {{ {model} }}
  anthropic: {{ region: us-east, models: {{ claude-sonnet-4: {{}} }} }}
router:
  {router}
  chains:
    main:
      targets: [openai/gpt-4o, anthropic/claude-sonnet-4]
      {chain}
load: [{{ tenant: acme, tier: gold, task: chat, rate: 1/s{} }}]
phases: [{{ name: all, for: 9s }}]
",
        comma(load_line)
    );
    load("policies", yaml.as_bytes()).unwrap_or_else(|invalid| panic!("{line}: {invalid}")).plan
}

impl Key {
    /// What it is where nothing is said, having seen that saying it changes that.
    fn default(&self) -> String {
        let default = (self.value)(&scenario(self.at, self.beside));
        let changed = (self.value)(&scenario(self.at, self.changed));
        assert_ne!(default, changed, "`{}` does not set `{}`", self.changed, self.name);
        let last = self.name.rsplit('.').next().expect("a name");
        assert!(self.changed.contains(&format!("{last}:")), "`{}` does not say `{}`", self.changed, self.name);
        default
    }

    fn shown(&self) -> String {
        let place = match self.at {
            At::Chain => "",
            At::Router => "router.",
            At::Provider => "providers.*.",
            At::Model => "models.*.",
            At::Load => "load.",
        };
        let default = self.default();
        match &*default {
            "" => format!("`{place}{}`", self.name),
            _ => format!("`{place}{}` {default}", self.name),
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of every scenario that comes with the program, by name: first the small ones of the parts, then the library, then
/// the situations.
fn scenarios() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for folder in ["scenarios/parts", "scenarios", "scenarios/situations"] {
        let mut files: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
            .expect("a folder")
            .map(|file| file.expect("readable").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
            .collect();
        files.sort();
        for file in files {
            let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
            all.push((name, std::fs::read_to_string(file).expect("readable")));
        }
    }
    all
}

/// A drill that shows what a lesser router is worth: its name, its text, and what breaks.
struct Proof {
    drill: String,
    text: String,
    router: Lesser,
    slos: Vec<String>,
}

fn proofs() -> Vec<Proof> {
    let mut proofs = Vec::new();
    for (drill, text) in scenarios() {
        for breaks in plan(&text).breaks.iter().filter(|breaks| !breaks.slos.is_empty()) {
            let slos = breaks.slos.iter().map(ToString::to_string).collect();
            proofs.push(Proof { drill: drill.clone(), text: text.clone(), router: breaks.router, slos });
        }
    }
    proofs
}

/// The first drill with all that breaks, and who else says so.
fn shown(proofs: &[&Proof], name: &str) -> String {
    let [first, others @ ..] = proofs else {
        panic!(
            "no scenario names an assertion under `breaks` that fails with `{name}`: scenarios/parts/ is for small ones"
        );
    };
    let slos: Vec<String> = first.slos.iter().map(|slo| format!("`{slo}`")).collect();
    let others: Vec<String> = others.iter().map(|proof| format!("`{}`", proof.drill)).collect();
    let also = if others.is_empty() { String::new() } else { format!("; also {}", others.join(" ")) };
    format!("`{}`: {}{also}", first.drill, slos.join(", "))
}

/// Every `.rs` file of the workspace's tests and sources, one after the other.
fn sources() -> String {
    let mut text = String::new();
    let mut folders = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                text += &std::fs::read_to_string(path).expect("readable");
            }
        }
    }
    text
}

fn tests(row: &Row, sources: &str) -> String {
    assert!(!row.tests.is_empty(), "{}: no test", row.name);
    for test in row.tests {
        assert!(sources.contains(&format!("fn {test}(")), "{}: there is no test `{test}`", row.name);
    }
    row.tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join(" ")
}

fn keys(row: &Row) -> String {
    let keys: Vec<String> = row.keys.iter().map(Key::shown).collect();
    if keys.is_empty() { "–".to_owned() } else { keys.join(", ") }
}

fn moved_by(trigger: Trigger) -> String {
    let table = Table::default();
    let moved = Class::ALL.into_iter().filter(|&class| trigger.covers(class) && table.row(class).next == Next::Yes);
    let names: Vec<String> = moved.map(|class| format!("`{}`", class.as_str())).collect();
    if names.is_empty() { "nothing by itself".to_owned() } else { names.join(" ") }
}

/// Whether a scenario names that trigger itself.
fn names_trigger(text: &str, trigger: &str) -> bool {
    ["type: ", "type: \"", "triggers: ["].iter().any(|before| {
        text.match_indices(&format!("{before}{trigger}")).any(|(at, found)| {
            let after = text[at + found.len()..].chars().next();
            after.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_')
        })
    })
}

const INTRO: &str = "\
# Triggers and policies

What each trigger and each part of the router is set by, what it is where a scenario says nothing, a drill in which it
decides the outcome, and tests that exercise it. Written from the parts, the defaults and the scenarios by
`UPDATE_DOCS=1 cargo test --test it policies`; do not edit. What the keys mean is in [SCENARIOS.md](SCENARIOS.md).

The drill named first breaks exactly the assertions behind it when the part is off (`hopdrill check --without PART`); the
drills after `also` break others, which they say under `breaks`. The tests play every one of them with its part on and off.
Keys without a place before them are those of a chain.
";

fn page() -> String {
    let (proofs, sources) = (proofs(), sources());
    let of = |name: &str| -> Vec<&Proof> { proofs.iter().filter(|proof| proof.router.name() == name).collect() };
    let mut page = INTRO.to_owned();
    page += "\n## Parts\n\n| part | without it | keys and their defaults | decides | tests |\n";
    page += "| --- | --- | --- | --- | --- |\n";
    for part in PARTS {
        let row = ROWS.iter().find(|row| row.name == part.name);
        let row = row.unwrap_or_else(|| panic!("`{}` has no row in ROWS of tests/it/policies.rs", part.name));
        let (keys, decides, tests) = (keys(row), shown(&of(part.name), part.name), tests(row, &sources));
        writeln!(page, "| `{}` | {} | {keys} | {decides} | {tests} |", part.name, part.gone).expect("a string");
    }
    page += "\n## Triggers\n\nThe drill names the trigger itself, and without the part it fails.\n\n";
    page += "| trigger | moves a request on after | keys and their defaults | part | decides | tests |\n";
    page += "| --- | --- | --- | --- | --- | --- |\n";
    for (name, trigger) in Trigger::NAMES {
        let (_, row) = TRIGGER_ROWS.iter().find(|(known, _)| *known == trigger).expect("a row for each trigger");
        let naming: Vec<&Proof> = of(row.name).into_iter().filter(|proof| names_trigger(&proof.text, name)).collect();
        let (keys, decides, tests) = (keys(row), shown(&naming, name), tests(row, &sources));
        let moved = moved_by(trigger);
        writeln!(page, "| `{name}` | {moved} | {keys} | `{}` | {decides} | {tests} |", row.name).expect("a string");
    }
    page += "\n## Baselines\n\nWhat breaks under the routers that everyone writes first (`hopdrill check --router NAME`).\n\n";
    page += "| baseline | what it is | decides |\n| --- | --- | --- |\n";
    for preset in PRESETS {
        let decides = shown(&of(preset.name), preset.name);
        writeln!(page, "| `{}` | {} | {decides} |", preset.name, preset.what).expect("a string");
    }
    page
}

#[test]
fn every_trigger_and_every_part_has_its_row_with_keys_defaults_a_drill_that_it_decides_and_tests() {
    let wanted = page();
    let names: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(names, PARTS.iter().map(|part| part.name).collect::<BTreeSet<_>>(), "a row for each part, once");
    assert_eq!(ROWS.len(), names.len());
    let path = root().join("docs/POLICIES.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).expect("written");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == wanted, "docs/POLICIES.md is out of date: UPDATE_DOCS=1 cargo test --test it policies");
}

#[test]
fn every_small_drill_of_a_part_holds_and_breaks_exactly_as_it_says() {
    let folder = root().join("scenarios/parts");
    std::thread::scope(|scope| {
        for file in std::fs::read_dir(folder).expect("a folder") {
            scope.spawn(move || holds_and_breaks(&file.expect("readable").path()));
        }
    });
}

fn holds_and_breaks(file: &Path) {
    let text = std::fs::read_to_string(file).expect("readable");
    let plan: Arc<Plan> = plan(&text);
    assert_eq!(file.file_stem().and_then(|stem| stem.to_str()), Some(&*plan.name));
    assert!(text.starts_with("# "), "{} says what it is about", plan.name);
    let done = play(&plan, plan.seed, World::Virtual);
    for result in done.board.results() {
        assert_eq!(result.verdict, Verdict::Pass, "{}: {result:?}", plan.name);
    }
    assert_eq!(audit(&done.events, &done.ledger), Vec::<String>::new(), "{}", plan.name);
    let decided = plan.breaks.iter().filter(|breaks| breaks.router.name() != CONTROL && !breaks.slos.is_empty());
    assert!(decided.count() > 0, "{} decides nothing", plan.name);
    plan.breaks.iter().for_each(|breaks| breaks_as_it_says(&plan, breaks));
}
