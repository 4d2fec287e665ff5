//! Metrics of whole requests, each on a little log of its own.

use crate::event::{Class, Judged, Outcome};
use crate::slo::testing::{CLAUDE, GPT, Log, MINI};
use rstest::rstest;

/// One request of every fate; `fate` says which, and what the four shares make of it alone.
#[rstest]
#[case::right(Outcome::Answered, Some(Judged::Right), "100%", "100%", "0%", "0%")]
#[case::wrong(Outcome::Answered, Some(Judged::Wrong), "100%", "100%", "0%", "0%")]
#[case::unjudged(Outcome::Answered, None, "100%", "100%", "0%", "0%")]
#[case::truncated(Outcome::Answered, Some(Judged::Truncated), "0%", "100%", "0%", "0%")]
#[case::off_schema(Outcome::Answered, Some(Judged::SchemaViolation), "0%", "100%", "0%", "0%")]
#[case::cached(Outcome::Cached, Some(Judged::Wrong), "100%", "100%", "0%", "0%")]
#[case::cached_off_schema(Outcome::Cached, Some(Judged::SchemaViolation), "0%", "100%", "0%", "0%")]
#[case::degraded(Outcome::Degraded, None, "0%", "100%", "100%", "0%")]
#[case::failed(Outcome::Failed, None, "0%", "0%", "0%", "100%")]
#[case::surfaced(Outcome::Surfaced, None, "-", "-", "-", "-")]
fn availability_and_answered_count_case_by_case(
    #[case] outcome: Outcome,
    #[case] judged: Option<Judged>,
    #[case] availability: &str,
    #[case] answered: &str,
    #[case] degraded_share: &str,
    #[case] error_share: &str,
) {
    let mut log = Log::new();
    log.arrive(1, 1000).end(1, 2000, outcome, None, None, judged);
    let mut value = |slo: &str| log.result(slo).value.unwrap_or_else(|| "-".to_owned());
    assert_eq!(value("availability >= 50%"), availability);
    assert_eq!(value("answered >= 50%"), answered);
    assert_eq!(value("degraded_share < 50%"), degraded_share);
    assert_eq!(value("error_share < 50%"), error_share);
}

#[test]
fn what_was_rightly_surfaced_stays_out_of_the_denominator() {
    let mut log = Log::new();
    for n in 0..3 {
        log.served(n, 1000, 500);
    }
    log.lost(3, 1000, 500);
    for n in 4..10 {
        log.arrive(n, 1000).surfaced(n, 1500, Class::BadRequest);
    }
    assert_eq!(log.says("availability >= 75%"), "75.00% pass");
    assert_eq!(log.says("availability > 75%"), "75.00% fail");
}

#[test]
fn errors_of_a_class_count_requests_whether_failed_or_surfaced() {
    let mut log = Log::new();
    log.lost(1, 1000, 500).lost(2, 1000, 500).served(3, 1000, 500);
    log.arrive(4, 1000).surfaced(4, 1500, Class::BadRequest);
    assert_eq!(log.says("errors(overloaded) == 0"), "2 fail");
    assert_eq!(log.says("errors(bad_request) == 1"), "1 pass");
    assert_eq!(log.says("errors(timeout) == 0"), "0 pass");
    assert_eq!(log.says("errors <= 2"), "2 pass");
}

#[test]
fn attempts_that_were_made_good_are_not_errors() {
    let mut log = Log::new();
    log.arrive(1, 1000).lone_call(1, 1000, 200, GPT, Class::Overloaded).lone_call(1, 1300, 500, CLAUDE, Class::Ok);
    log.answered(1, 1800, Judged::Right);
    assert_eq!(log.says("errors(overloaded) == 0"), "0 pass");
}

#[test]
fn a_request_belongs_to_the_phase_of_its_intended_arrival() {
    let mut log = Log::new();
    log.lost(1, 19_999, 5_000).lost(2, 20_000, 100).served(3, 59_999, 3_000).lost(4, 60_000, 100);
    assert_eq!(log.says("availability >= 50% during steady"), "0% fail");
    assert_eq!(log.says("availability >= 50% during outage"), "50.00% pass");
    assert_eq!(log.says("availability >= 50% after outage"), "0% fail");
    assert_eq!(log.says("availability >= 50% after steady"), "33.33% fail");
}

#[test]
fn labels_narrow_to_the_requests_that_have_them_all() {
    let mut log = Log::new();
    log.arrive_as(1, 1000, "acme", "chat", true).answered(1, 1500, Judged::Right);
    log.arrive_as(2, 1000, "acme", "chat", false).failed(2, 1500, Class::Timeout);
    log.arrive_as(3, 1000, "globex", "chat", true).failed(3, 1500, Class::Timeout);
    log.arrive_as(4, 1000, "globex", "triage", true).answered(4, 1500, Judged::Right);
    assert_eq!(log.says("availability{tenant=acme} >= 50%"), "50.00% pass");
    assert_eq!(log.says("availability{tenant=acme}{stream=true} >= 99%"), "100% pass");
    assert_eq!(log.says("availability{task=chat} >= 99%"), "33.33% fail");
    assert_eq!(log.says("availability{tier=free}{task=chat} >= 99%"), "0% fail");
    assert_eq!(log.says("availability{tier=premium}{task=triage} >= 99%"), "- inconclusive");
}

#[test]
fn a_route_is_the_chain_that_a_request_takes_and_goes_with_other_labels_and_phases() {
    let mut log = Log::new();
    log.arrive_as(1, 1000, "acme", "chat", false).answered(1, 1500, Judged::Right);
    log.arrive_as(2, 1000, "acme", "chat", true).failed(2, 1500, Class::Timeout);
    log.arrive_as(3, 21_000, "acme", "chat", true).answered(3, 21_500, Judged::Right);
    log.call(2, 1000, GPT).call(3, 21_000, GPT).call(3, 21_100, GPT);
    assert_eq!(log.says("availability{route=premium} >= 99%"), "100% pass");
    assert_eq!(log.says("availability{tenant=acme,route=cheap} >= 99%"), "50.00% fail");
    assert_eq!(log.says("availability{tenant=acme,route=cheap} >= 99% during outage"), "100% pass");
    assert_eq!(log.says("availability{tenant=globex,route=premium} >= 99%"), "- inconclusive");
    assert_eq!(log.says("attempts_per_request{route=cheap} < 2"), "1.50 pass");
}

#[test]
fn whole_requests_belong_to_the_target_that_answered_them_or_whose_error_it_is() {
    let mut log = Log::new();
    for n in 0..20 {
        log.served(n, 1000, 400);
        log.arrive(100 + n, 1000).end(100 + n, 1900, Outcome::Answered, None, Some(CLAUDE), Some(Judged::Right));
    }
    log.arrive(50, 1000).end(50, 1200, Outcome::Failed, Some(Class::Timeout), Some(CLAUDE), None);
    log.lost(51, 1000, 200);
    assert_eq!(log.says("availability{target=openai} >= 99%"), "100% pass");
    assert_eq!(log.says("availability{target=anthropic} >= 99%"), "95.24% fail");
    assert_eq!(log.says("availability >= 99%"), "95.24% fail");
    assert_eq!(log.says("p50(latency){target=anthropic} < 500ms"), "900ms fail");
    assert_eq!(log.says("good(latency < 500ms){target=openai/gpt-4o} >= 99%"), "100% pass");
    assert_eq!(log.says("errors(timeout){target=anthropic} == 0"), "1 fail");
    assert_eq!(log.says("errors{target=openai} == 0"), "0 pass");
}

#[test]
fn latency_is_of_answered_requests_templates_included_and_from_the_intended_arrival() {
    let mut log = Log::new();
    for n in 0..20 {
        log.served(n, 1000, u64::from(n + 1) * 100);
        log.arrive(100 + n, 1000).degraded(100 + n, 1000 + u64::from(n + 1) * 100);
        log.lost(200 + n, 1000, 99_000);
    }
    assert_eq!(log.says("p50(latency) <= 1s"), "1.00s pass");
    assert_eq!(log.says("p50(latency) < 1s"), "1.00s fail");
    assert_eq!(log.says("p50(ttft) == 500ms"), "500ms pass");
}

#[test]
fn a_percentile_needs_ten_samples_beyond_it() {
    let mut log = Log::new();
    for n in 0..199 {
        log.served(n, 1000, 500);
    }
    assert_eq!(log.says("p95(latency) < 4s"), "0.50s inconclusive");
    let why = log.result("p95(latency) < 4s").why.unwrap().summary;
    assert_eq!(why, "200 samples are needed for this percentile, there are 199");
    log.served(199, 1000, 500);
    assert_eq!(log.says("p95(latency) < 4s"), "0.50s pass");
    assert_eq!(log.says("p99.9(latency) < 4s"), "0.50s inconclusive");
    assert_eq!(log.says("p5(latency) < 4s"), "0.50s pass");
}

#[test]
fn a_percentile_is_the_smallest_sample_with_that_share_at_or_below_it() {
    let mut log = Log::new();
    for n in 0..190 {
        log.served(n, 1000, 1000);
    }
    for n in 190..200 {
        log.served(n, 1000, 9000);
    }
    assert_eq!(log.says("p95(latency) < 2s"), "1.00s pass");
    log.served(200, 1000, 9000);
    assert_eq!(log.says("p95(latency) < 2s"), "9.00s fail");
}

#[test]
fn good_counts_failures_as_bad_however_fast_they_were() {
    let mut log = Log::new();
    log.served(1, 1000, 3999).served(2, 1000, 4000).lost(3, 1000, 10);
    log.arrive(4, 1000).answered(4, 1100, Judged::Truncated);
    log.arrive(5, 1000).surfaced(5, 1100, Class::ContentPolicy);
    assert_eq!(log.says("good(latency < 4s) >= 90%"), "25.00% fail");
    assert_eq!(log.says("good(latency <= 4s) >= 50%"), "50.00% pass");
    assert_eq!(log.says("good(ttft < 2s) >= 25%"), "25.00% pass");
}

#[test]
fn quality_is_right_among_judged_and_can_be_told_apart_by_target() {
    let mut log = Log::new();
    for (n, target, judged) in
        [(1, GPT, Judged::Right), (2, GPT, Judged::Wrong), (3, MINI, Judged::Truncated), (4, CLAUDE, Judged::Right)]
    {
        log.arrive(n, 1000).end(n, 1500, Outcome::Answered, None, Some(target), Some(judged));
    }
    log.arrive(5, 1000).degraded(5, 1500);
    assert_eq!(log.says("quality >= 50%"), "50.00% pass");
    assert_eq!(log.says("quality{target=openai} >= 50%"), "33.33% fail");
    assert_eq!(log.says("quality{target=openai/gpt-4o} >= 50%"), "50.00% pass");
    assert_eq!(log.says("truncated_served == 0"), "1 fail");
    assert_eq!(log.says("truncated_served{target=anthropic} == 0"), "0 pass");
    assert_eq!(log.says("schema_violations_served == 0"), "0 pass");
}

#[test]
fn fallback_share_counts_requests_that_moved_also_from_a_skipped_target() {
    let mut log = Log::new();
    log.served(1, 1000, 500).served(2, 1000, 500).served(3, 1000, 500);
    log.arrive(4, 1000).skip(4, 1000, GPT).fell(4, 1000, GPT, MINI).fell(4, 1000, MINI, CLAUDE);
    log.lone_call(4, 1000, 500, CLAUDE, Class::Ok).answered(4, 1500, Judged::Right);
    assert_eq!(log.says("fallback_share <= 25%"), "25.00% pass");
    assert_eq!(log.says("hops <= 1"), "1.00 pass");
}

#[test]
fn a_count_without_anybody_looking_is_no_pass() {
    let mut log = Log::new();
    log.arrive(1, 1000).degraded(1, 1500);
    assert_eq!(log.says("truncated_served == 0"), "- inconclusive");
    assert_eq!(log.says("policy_blocks_rerouted == 0"), "- inconclusive");
    assert_eq!(log.says("errors(timeout) == 0 during outage"), "- inconclusive");
    assert_eq!(log.says("errors(timeout) == 0"), "0 pass");
}
