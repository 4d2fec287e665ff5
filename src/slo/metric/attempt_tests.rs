//! Metrics of attempts and breakers, each on a little log of its own.

use crate::event::{AlertKind, BreakerState, Class, Judged, Outcome};
use crate::slo::testing::{CLAUDE, GPT, Log, MINI};

#[test]
fn attempts_per_request_divides_by_the_requests_that_called_the_target() {
    let mut log = Log::new();
    log.arrive(1, 1000).call(1, 1000, GPT).call(1, 1100, GPT).call(1, 1200, CLAUDE);
    log.arrive(2, 1000).call(2, 1000, GPT);
    log.arrive(3, 1000);
    assert_eq!(log.says("attempts_per_request(openai) <= 1.5"), "1.50 pass");
    assert_eq!(log.says("attempts_per_request(anthropic) <= 1.5"), "1.00 pass");
    assert_eq!(log.says("attempts_per_request <= 1"), "1.33 fail");
    assert_eq!(log.says("amplification < 1.34"), "1.33 pass");
    assert_eq!(log.says("attempts_per_request(openai/gpt-4o-mini) < 9"), "- inconclusive");
}

#[test]
fn client_retries_are_those_of_the_phase_by_the_requests_that_arrived_in_it() {
    let mut log = Log::new();
    log.arrive(1, 19_000).ask_again(1, 19_500).ask_again(1, 21_000);
    log.arrive(2, 22_000).arrive(3, 23_000);
    assert_eq!(log.says("client_retries < 1"), "0.67 pass");
    assert_eq!(log.says("client_retries < 1 during steady"), "1.00 fail");
    assert_eq!(log.says("client_retries < 1 during outage"), "0.50 pass");
    assert_eq!(log.says("amplification < 1"), "0.00 pass");
}

#[test]
fn an_attempt_belongs_to_the_phase_of_its_dispatch() {
    let mut log = Log::new();
    log.arrive(1, 19_000).call(1, 19_000, GPT).call(1, 21_000, GPT);
    log.arrive(2, 22_000).call(2, 22_000, GPT);
    assert_eq!(log.says("amplification < 9 during steady"), "1.00 pass");
    assert_eq!(log.says("amplification < 9 during outage"), "2.00 pass");
}

#[test]
fn switch_time_is_what_the_router_says_of_its_first_call_after_a_failure() {
    let mut log = Log::new();
    for n in 0..20 {
        log.arrive(n, 1000).call(n, 1000, GPT).switched(n, 1500, CLAUDE, u64::from(n) * 10);
    }
    assert_eq!(log.says("p50(switch_time) < 100ms"), "90ms pass");
    assert_eq!(log.says("p50(switch_time){target=openai} < 100ms"), "- inconclusive");
}

#[test]
fn detect_time_is_of_attempts_that_did_not_succeed_and_were_not_cancelled() {
    let mut log = Log::new();
    for n in 0..20 {
        log.arrive(n, 1000).lone_call(n, 1000, 300, GPT, Class::ServerError);
        log.lone_call(n, 2000, 9000, CLAUDE, Class::Ok).lone_call(n, 2000, 9000, MINI, Class::Cancelled);
    }
    assert_eq!(log.says("p50(detect_time) <= 300ms"), "300ms pass");
    assert_eq!(log.says("p50(detect_time){target=anthropic} <= 300ms"), "- inconclusive");
}

#[test]
fn a_policy_block_that_is_tried_elsewhere_counts_once() {
    let mut log = Log::new();
    log.arrive(1, 1000).lone_call(1, 1000, 100, GPT, Class::ContentPolicy).surfaced(1, 1100, Class::ContentPolicy);
    assert_eq!(log.says("policy_blocks_rerouted == 0"), "0 pass");
    log.arrive(2, 1000).lone_call(2, 1000, 100, GPT, Class::ContentPolicy);
    log.call(2, 1200, CLAUDE).call(2, 1300, MINI).failed(2, 1400, Class::Timeout);
    assert_eq!(log.says("policy_blocks_rerouted == 0"), "1 fail");
    assert_eq!(log.result("policy_blocks_rerouted == 0").why.unwrap().requests, [crate::slo::testing::id(2)]);
    assert_eq!(log.says("client_errors_retried == 0"), "- inconclusive");
}

#[test]
fn a_bad_request_that_is_retried_counts() {
    let mut log = Log::new();
    log.arrive(1, 1000).lone_call(1, 1000, 100, GPT, Class::BadRequest).call(1, 1200, GPT);
    assert_eq!(log.says("client_errors_retried == 0"), "1 fail");
}

#[test]
fn retry_after_is_ignored_from_judging_to_expiry_on_that_target_only() {
    let mut log = Log::new();
    log.arrive(1, 1000).call(1, 1000, GPT).judged_with(1, 1100, GPT, Class::RateLimited, Some(2000));
    log.arrive(2, 1000).call(2, 1050, GPT).call(2, 1200, CLAUDE).call(2, 3100, GPT);
    assert_eq!(log.says("retry_after_ignored == 0"), "0 pass");
    log.arrive(3, 1000).call(3, 1100, GPT).arrive(4, 1000).call(4, 3099, GPT);
    assert_eq!(log.says("retry_after_ignored == 0"), "2 fail");
    assert_eq!(log.says("retry_after_ignored{target=anthropic} == 0"), "- inconclusive");
}

#[test]
fn a_rate_limit_without_retry_after_asks_for_nothing() {
    let mut log = Log::new();
    log.arrive(1, 1000).lone_call(1, 1000, 100, GPT, Class::RateLimited).call(1, 1100, GPT);
    assert_eq!(log.says("retry_after_ignored == 0"), "- inconclusive");
}

fn outage() -> Log {
    let mut log = Log::new();
    log.fault(20_000, 0, "openai").healed(60_000, 0);
    log.arrive(1, 20_000).lone_call(1, 20_000, 500, GPT, Class::Overloaded);
    log
}

#[test]
fn opens_within_runs_from_the_onset_to_the_last_of_the_used_targets() {
    let mut log = outage();
    log.opens(24_000, GPT);
    assert_eq!(log.says("opens_within(openai) <= 4s"), "4.00s pass");
    log.lone_call(1, 21_000, 500, MINI, Class::Overloaded).opens(27_500, MINI);
    assert_eq!(log.says("opens_within(openai) <= 8s"), "7.50s pass");
    assert_eq!(log.says("opens_within(openai) < 7s"), "7.50s fail");
    assert_eq!(log.says("opens_within(openai/gpt-4o) < 7s"), "4.00s pass");
}

#[test]
fn a_breaker_that_never_opens_fails_whatever_the_limit() {
    let mut log = outage();
    assert_eq!(log.says("opens_within(openai) <= 24h"), "never fail");
    assert_eq!(log.says("opens_within(openai) >= 1s"), "never fail");
    let why = log.result("opens_within(openai) <= 8s").why.unwrap();
    assert_eq!(why.summary, "never, wanted <= 8s");
    assert_eq!(why.broke_at, Some(crate::event::Micros(28_000_000)));
    assert_eq!(why.requests, [crate::slo::testing::id(1)]);
}

#[test]
fn opens_within_says_nothing_without_a_fault_or_without_a_call() {
    let mut log = Log::new();
    log.served(1, 1000, 500);
    assert_eq!(log.says("opens_within(openai) <= 8s"), "- inconclusive");
    let mut log = outage();
    assert_eq!(log.says("opens_within(openai/gpt-4o-mini) <= 8s"), "- inconclusive");
    assert_eq!(log.says("opens_within(anthropic) <= 8s"), "- inconclusive");
}

#[test]
fn opens_within_takes_the_first_fault_of_its_phase() {
    let mut log = outage();
    log.opens(24_000, GPT).closes(64_000, GPT);
    log.fault(70_000, 1, "openai").healed(80_000, 1).lone_call(1, 70_000, 100, GPT, Class::Timeout);
    log.opens(71_000, GPT);
    assert_eq!(log.says("opens_within(openai) <= 8s during recovery"), "1.00s pass");
    assert_eq!(log.says("opens_within(openai) <= 8s during outage"), "4.00s pass");
    assert_eq!(log.says("opens_within(openai) <= 8s during steady"), "- inconclusive");
}

#[test]
fn closes_within_runs_from_the_end_of_the_fault_until_all_are_closed_for_good() {
    let mut log = outage();
    assert_eq!(log.says("closes_within(openai) <= 15s"), "- inconclusive");
    log.opens(24_000, GPT).closes(63_000, GPT);
    assert_eq!(log.says("closes_within(openai) <= 15s"), "3.00s pass");
    log.opens(64_000, GPT).closes(72_000, GPT);
    assert_eq!(log.says("closes_within(openai) <= 10s"), "12.00s fail");
    log.opens(90_000, GPT);
    assert_eq!(log.says("closes_within(openai) <= 10s"), "never fail");
}

#[test]
fn a_breaker_that_closed_before_the_fault_ended_took_no_time() {
    let mut log = outage();
    log.opens(24_000, GPT).closes(50_000, GPT);
    assert_eq!(log.says("closes_within(openai) <= 1s"), "0.00s pass");
}

#[test]
fn closes_within_of_a_phase_is_settled_when_the_next_fault_begins() {
    let mut log = outage();
    log.opens(24_000, GPT).closes(63_000, GPT);
    log.fault(100_000, 1, "openai").healed(125_000, 1).opens(101_000, GPT);
    assert_eq!(log.says("closes_within(openai) <= 15s"), "never fail");
    assert_eq!(log.says("closes_within(openai) <= 15s during recovery"), "3.00s pass");
    assert_eq!(log.says("back_on_primary_within(openai) <= 15s"), "never fail");
}

#[test]
fn back_on_primary_waits_for_a_success_with_the_breaker_closed() {
    let mut log = outage();
    log.opens(24_000, GPT).breaker(62_000, GPT, BreakerState::Open, BreakerState::HalfOpen);
    log.arrive(2, 62_000).probe(2, 62_000, GPT).judged(2, 62_500, GPT, Class::Ok).closes(62_500, GPT);
    log.arrive(3, 63_000).skip(3, 63_000, GPT);
    assert_eq!(log.says("back_on_primary_within(openai) <= 20s"), "never fail");
    log.served(4, 65_000, 1000);
    assert_eq!(log.says("back_on_primary_within(openai) <= 20s"), "6.00s pass");
    assert_eq!(log.says("back_on_primary_within(openai) < 2s"), "6.00s fail");
    let skipped = log.result("back_on_primary_within(openai) < 2s").why.unwrap().requests;
    assert_eq!(skipped, [crate::slo::testing::id(3)]);
}

#[test]
fn overlapping_faults_end_with_the_last_of_them() {
    let mut log = outage();
    log.fault(50_000, 1, "openai").healed(70_000, 1).opens(24_000, GPT).closes(73_000, GPT);
    assert_eq!(log.says("closes_within(openai) <= 15s"), "3.00s pass");
}

#[test]
fn flaps_counts_openings_and_not_failed_probes() {
    let mut log = outage();
    log.opens(24_000, GPT);
    log.breaker(29_000, GPT, BreakerState::Open, BreakerState::HalfOpen);
    log.arrive(2, 29_000).probe(2, 29_000, GPT).judged(2, 29_100, GPT, Class::Overloaded);
    log.breaker(29_100, GPT, BreakerState::HalfOpen, BreakerState::Open);
    assert_eq!(log.says("flaps(openai) <= 1"), "1 pass");
    assert_eq!(log.says("probes(openai) >= 1"), "1 pass");
    assert_eq!(log.says("probes(openai) >= 1 during steady"), "- inconclusive");
    log.closes(61_000, GPT).opens(65_000, GPT);
    assert_eq!(log.says("flaps(openai) <= 1"), "2 fail");
    assert_eq!(log.says("flaps(anthropic) == 0"), "- inconclusive");
}

#[test]
fn graded_quality_is_what_was_found_good_among_what_was_looked_at() {
    let mut log = Log::new();
    log.graded(1, 1_000, GPT, true).graded(2, 2_000, GPT, false).graded(3, 61_000, CLAUDE, true);
    assert_eq!(log.says("graded_quality >= 50%"), "66.67% pass");
    assert_eq!(log.says("graded_quality(openai) >= 60%"), "50.00% fail");
    assert_eq!(log.says("graded_quality(anthropic) >= 100%"), "100% pass");
    assert_eq!(log.says("graded_quality >= 60% during steady"), "50.00% fail");
}

#[test]
fn an_alert_is_timed_from_the_onset_of_the_fault() {
    let mut log = Log::new();
    log.fault(20_000, 0, "openai").healed(60_000, 0).lone_call(1, 21_000, 500, GPT, Class::Auth);
    log.alert(21_500, CLAUDE, AlertKind::Auth).alert(21_500, GPT, AlertKind::BreakerOpen);
    assert_eq!(log.says("alerts_within(openai, auth) <= 5s"), "never fail");
    log.alert(21_500, GPT, AlertKind::Auth).alert(40_000, GPT, AlertKind::Auth);
    assert_eq!(log.says("alerts_within(openai, auth) <= 5s"), "1.50s pass");
    assert_eq!(log.says("alerts_within(openai/gpt-4o, auth) < 1500ms"), "1500ms fail");
    assert_eq!(log.says("alerts_within(openai/gpt-4o-mini, auth) <= 5s"), "- inconclusive");
    assert_eq!(log.says("alerts_within(openai, auth) <= 5s after outage"), "- inconclusive");
}

#[test]
fn an_alert_without_a_cause_fails_whatever_the_limit() {
    let mut log = Log::new();
    log.lone_call(1, 1_000, 500, GPT, Class::Auth).alert(1_500, GPT, AlertKind::Auth);
    assert_eq!(log.says("alerts_within(openai, quota) <= 5s"), "- inconclusive");
    assert_eq!(log.says("alerts_within(openai, auth) <= 5s"), "- fail");
    let why = log.result("alerts_within(openai, auth) <= 5s").why.expect("a reason").summary;
    assert_eq!(why, "a false alert at 1.5s: nothing was wrong with openai");
    log.fault(20_000, 0, "openai").healed(60_000, 0).alert(21_000, GPT, AlertKind::Auth);
    assert_eq!(log.says("alerts_within(openai, auth) <= 5s"), "- fail");
}

#[test]
fn an_alert_may_come_after_the_fault_with_a_call_that_met_it() {
    let mut log = Log::new();
    log.fault(20_000, 0, "openai").healed(60_000, 0);
    log.lone_call(1, 59_000, 2_000, GPT, Class::Auth).alert(61_000, GPT, AlertKind::Auth);
    assert_eq!(log.says("alerts_within(openai, auth) <= 50s"), "41.00s pass");
    log.lone_call(2, 60_000, 2_000, GPT, Class::Auth).alert(62_000, GPT, AlertKind::Auth);
    assert_eq!(log.says("alerts_within(openai, auth) <= 50s"), "- fail");
}

#[test]
fn what_the_plan_says_will_happen_is_a_cause_like_a_fault() {
    let mut log = Log::new();
    log.lone_call(1, 30_000, 500, CLAUDE, Class::Ok);
    assert_eq!(log.says("alerts_within(anthropic, retirement) <= 5s"), "never fail");
    log.alert(30_500, CLAUDE, AlertKind::Retirement);
    assert_eq!(log.says("alerts_within(anthropic, retirement) <= 5s"), "0.50s pass");
    assert_eq!(log.says("alerts_within(anthropic, auth) <= 5s"), "- inconclusive");
    log.alert(29_000, CLAUDE, AlertKind::Retirement);
    assert_eq!(log.says("alerts_within(anthropic, retirement) <= 5s"), "- fail");
}

#[test]
fn cost_is_of_all_calls_and_waste_of_those_that_were_not_served() {
    let mut log = Log::new();
    log.arrive(1, 1000).paid(1, 1000, GPT, Class::Interrupted, 300).paid(1, 1200, CLAUDE, Class::Ok, 1000);
    log.end(1, 1400, Outcome::Answered, None, Some(CLAUDE), Some(Judged::Right));
    log.arrive_as(2, 21_000, "globex", "chat", true).paid(2, 21_000, GPT, Class::Ok, 200).answered(
        2,
        21_100,
        Judged::Right,
    );
    assert_eq!(log.says("cost <= $0.0015"), "$0.0015 pass");
    assert_eq!(log.says("cost < 0.0015"), "$0.0015 fail");
    assert_eq!(log.says("wasted_cost <= $0.0002"), "$0.0003 fail");
    assert_eq!(log.says("cost{target=anthropic} <= $0.001"), "$0.001 pass");
    assert_eq!(log.says("wasted_cost{target=anthropic} == $0"), "$0.00 pass");
    assert_eq!(log.says("cost{tenant=globex} < $1"), "$0.0002 pass");
    assert_eq!(log.says("cost < $1 during outage"), "$0.0002 pass");
    assert_eq!(log.says("cost < $0.0014 over 10s"), "$0.0013 pass");
    assert_eq!(log.result("wasted_cost == $0").why.unwrap().requests, [crate::slo::testing::id(1)]);
    assert_eq!(log.says("cost_per_request <= $0.00075"), "$0.00075 pass");
    assert_eq!(
        log.says("cost_per_request{target=openai} < $0.0100"),
        "$0.0005 pass",
        "300 + 200, of which one ended there"
    );
    assert_eq!(log.says("cost_per_request{task=triage} < $0.0100"), "$0.0013 pass");
    assert_eq!(Log::new().says("cost < $1"), "- inconclusive");
}

#[test]
fn a_call_to_where_a_request_must_not_go_is_a_violation() {
    let mut log = Log::new();
    log.arrive(1, 1000).call(1, 1000, GPT);
    assert_eq!(log.says("residency_violations == 0"), "- inconclusive", "nobody minds");
    log.arrive_bound(2, 1000, &["eu-west", "eu-north"], None).call(2, 1000, MINI).call(2, 1100, CLAUDE);
    assert_eq!(log.says("residency_violations == 0"), "0 pass");
    log.arrive_bound(3, 1000, &["eu-west"], Some("pii")).call(3, 1000, MINI).call(3, 30_000, GPT);
    assert_eq!(log.says("residency_violations == 0 during steady"), "0 pass");
    assert_eq!(log.says("residency_violations == 0"), "1 fail", "in the wrong region");
    log.arrive_bound(4, 1000, &[], Some("pii")).call(4, 1000, CLAUDE).call(4, 1000, CLAUDE);
    assert_eq!(log.says("residency_violations == 0"), "3 fail", "each call to who is not approved");
    assert_eq!(log.says("residency_violations{target=anthropic} == 0"), "2 fail");
}

#[test]
fn swaps_count_where_they_were_decided_and_none_at_all_proves_nothing() {
    use crate::event::{EventKind, SwapVerdict};
    let mut log = Log::new();
    assert_eq!(log.result("swaps_refused == 0").verdict, crate::slo::Verdict::Inconclusive);
    for (at, verdict) in [
        (10_000, SwapVerdict::Shipped),
        (30_000, SwapVerdict::Regression),
        (40_000, SwapVerdict::Inconclusive),
        (70_000, SwapVerdict::Unseen),
    ] {
        let (from, to) = (GPT.into(), CLAUDE.into());
        let kind = EventKind::Swap { chain: "premium".into(), from, to, verdict, pairs: 9, incumbent: 9, candidate: 9 };
        log.push(at, kind);
    }
    assert_eq!(log.says("swaps_shipped == 2"), "2 pass");
    assert_eq!(log.says("swaps_refused == 2 during outage"), "2 pass");
    assert_eq!(log.says("swaps_shipped == 0 during outage"), "0 pass");
}

#[test]
fn items_of_evals_are_seen_only_by_who_names_their_tenant() {
    use crate::event::{EventKind, Judged, Micros, Outcome, RequestId};
    let mut log = Log::new();
    log.served(1, 1_000, 500);
    let (request, at) = (RequestId { stream: RequestId::EVALS, number: 1 }, Micros(2_000_000));
    log.push(
        2_000,
        EventKind::Arrived {
            request,
            intended: at,
            tenant: "eval".into(),
            tier: "eval".into(),
            task: "triage".into(),
            chain: "premium".into(),
            stream: false,
            residency: std::sync::Arc::default(),
            data_class: None,
        },
    );
    log.push(
        9_000,
        EventKind::Ended {
            request,
            intended: at,
            outcome: Outcome::Answered,
            class: None,
            target: Some(GPT.into()),
            latency: Micros(7_000_000),
            ttft: None,
            hops: 1,
            attempts: 1,
            judged: Some(Judged::Wrong),
        },
    );
    assert_eq!(log.says("quality >= 99%"), "100% pass");
    assert_eq!(log.says("quality{task=triage} >= 99%"), "100% pass");
    assert_eq!(log.says("hops <= 1"), "1.00 pass");
    assert_eq!(log.says("quality{tenant=eval} >= 99%"), "0% fail");
}
