use crate::slo::testing::{GPT, read};
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case("availability >= 99.9%")]
#[case("  availability>=99.9%  ")]
#[case("answered == 100%")]
#[case("degraded_share < 5% during outage")]
#[case("cached_share {route=cheap} >= 50%")]
#[case("error_share <= 0.1% after outage")]
#[case("errors == 0")]
#[case("errors(rate_limited) <= 3 over 10s")]
#[case("p50(latency) < 900ms")]
#[case("p95(latency) < 4s during outage")]
#[case("p99.9(ttft){stream=true} < 1.5s")]
#[case("p99(switch_time){target=anthropic} < 1ms")]
#[case("p90(detect_time){target=openai/gpt-4o} <= 1m30s")]
#[case("good(latency < 4s) >= 99%")]
#[case("good(ttft<=1s){task=chat} >= 99%")]
#[case("attempts_per_request < 1.2")]
#[case("attempts_per_request(openai/gpt-4o) < 1.5")]
#[case("amplification < 1.3 over 1m")]
#[case("client_retries < 0.1 during outage")]
#[case("hops < 1.2")]
#[case("fallback_share < 1% during steady")]
#[case("quality{target=openai} >= 90%")]
#[case("graded_quality >= 90% during outage")]
#[case("graded_quality(openai) >= 90% over 10s")]
#[case("availability{tenant=acme}{tier=premium}{task=chat}{stream=false} > 99%")]
#[case("p95(latency){tenant=acme,route=premium} < 4s during outage")]
#[case("availability{route=cheap, tenant=acme}{target=openai} >= 99% during outage over 10s")]
#[case("errors(timeout){target=openai/gpt-4o} == 0 over 5s after steady")]
#[case("opens_within(openai) <= 8s")]
#[case("closes_within(openai/gpt-4o) <= 15s")]
#[case("back_on_primary_within(openai) < 20s")]
#[case("alerts_within(openai, auth) <= 5s")]
#[case("alerts_within(openai/gpt-4o,drift_prompt) <= 60s")]
#[case("flaps(openai) <= 1")]
#[case("probes(openai) >= 1 during recovery")]
#[case("truncated_served == 0")]
#[case("schema_violations_served != 3")]
#[case("residency_violations{tenant=acme} == 0 during outage")]
#[case("policy_blocks_rerouted == 0")]
#[case("client_errors_retried == 0")]
#[case("retry_after_ignored == 0")]
#[case("cost <= $12.50")]
#[case("cost{target=openai} < 0.5 over 10s")]
#[case("wasted_cost{tenant=acme} <= $0.02 during outage")]
#[case("cost_per_request < $0.002")]
#[case("swaps_shipped == 1 during outage")]
#[case("swaps_refused == 0")]
fn a_good_line_is_read(#[case] line: &str) {
    let slo = read(line).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(&*slo.text, line.trim());
}

/// The underlined bytes, the message, and what the help must contain.
#[rstest]
#[case("", "", "the assertion is empty", "write for instance")]
#[case("   ", "   ", "the assertion is empty", "write for instance")]
#[case(">= 99%", ">=", "expected the name of a metric, found `>=`", "write for instance")]
#[case("avialability >= 99%", "avialability", "there is no metric `avialability`", "did you mean `availability`?")]
#[case("swap_refused == 0", "swap_refused", "there is no metric `swap_refused`", "did you mean `swaps_refused`?")]
#[case("swaps_refused(openai) == 0", "(openai)", "`swaps_refused` takes no argument", "swaps_refused == 0")]
#[case("client_retry < 1", "client_retry", "there is no metric `client_retry`", "did you mean `client_retries`?")]
#[case("uptime >= 99%", "uptime", "there is no metric `uptime`", "the metrics are p50…p99.9, availability")]
#[case("latency < 4s", "latency", "there is no metric `latency`", "say which percentile: `p95(latency)`")]
#[case("availability(openai) >= 99%", "(openai)", "`availability` takes no argument", "`availability >= 99.9%`")]
#[case("opens_within <= 8s", "opens_within", "`opens_within` needs a provider or a target", "opens_within(openai)")]
#[case("p95 < 4s", "p95", "`p95` needs what it is a percentile of", "p95(latency)")]
#[case("p95() < 4s", "()", "there is nothing between the parentheses", "what `p95` is of")]
#[case("good(latency) >= 9%", "good", "`good` needs a bound", "good(latency < 4s)")]
#[case("good(latency > 4s) >= 9%", ">", "a good request is one that is fast enough", "`<` or `<=`")]
#[case("good(latency < fast) >= 9%", "fast", "`latency` is a time: write 4s or 250ms", "")]
#[case("good(switch_time < 4s) >= 9%", "switch_time", "there is no time `switch_time`", "known: `latency`, `ttft`")]
#[case("p95(latency < 4s) >= 9%", "< 4s", "`p95` takes no comparison in its argument", "good")]
#[case("p95(latancy) < 4s", "latancy", "there is no time `latancy`", "did you mean `latency`?")]
#[case("p95(latency, ttft) < 4s", "ttft", "`p95` takes one argument at most", "p95(latency)")]
#[case(
    "alerts_within <= 5s",
    "alerts_within",
    "`alerts_within` needs a provider or a target, and a kind of alert",
    "auth"
)]
#[case(
    "alerts_within(openai) <= 5s",
    "alerts_within",
    "`alerts_within` needs a provider or a target, and a kind of alert",
    "auth"
)]
#[case("alerts_within(openai, ) <= 5s", ")", "expected a second argument, found `)`", "alerts_within(openai, auth)")]
#[case("alerts_within(openai, aut) <= 5s", "aut", "there is no kind of alert `aut`", "did you mean `auth`?")]
#[case("alerts_within(opena, auth) <= 5s", "opena", "there is no provider or target `opena`", "did you mean `openai`?")]
#[case("cost < 50%", "50%", "`50%` does not fit `cost`", "`cost` is an amount in dollars: write $0.50")]
#[case("wasted_cost < -$1", "-$1", "`-$1` does not fit `wasted_cost`", "write $0.50")]
#[case("cost_per_query < $1", "cost_per_query", "there is no metric `cost_per_query`", "cost_per_request")]
#[case("cost(openai) < $1", "(openai)", "`cost` takes no argument", "`cost <= $0.50`")]
#[case("p100(latency) < 4s", "p100", "`p100` is not a percentile", "below 100")]
#[case("p0(latency) < 4s", "p0", "`p0` is not a percentile", "above 0")]
#[case("p9.9.9(latency) < 4s", "p9.9.9", "`p9.9.9` is not a percentile", "p99.9")]
#[case("p99.99999(latency) < 4s", "p99.99999", "`p99.99999` is not a percentile", "at most 3 decimals")]
#[case("opens_within(opena) <= 8s", "opena", "there is no provider or target `opena`", "did you mean `openai`?")]
#[case("flaps(openai/gpt-4) <= 8", "openai/gpt-4", "there is no provider or target `openai/gpt-4`", GPT)]
#[case("flaps(mistral) <= 8", "mistral", "there is no provider or target `mistral`", "known: `openai`, `anthropic`")]
#[case("errors(ratelimited) == 0", "ratelimited", "there is no class of error `ratelimited`", "`rate_limited`")]
#[case("errors(ok) == 0", "ok", "there is no class of error `ok`", "known: `rate_limited`")]
#[case("availability{tenant=acne} > 9%", "acne", "there is no tenant `acne`", "did you mean `acme`?")]
#[case("availability{tier=gold} > 9%", "gold", "there is no tier `gold`", "known: `premium`, `free`")]
#[case("availability{task=triag} > 9%", "triag", "there is no task `triag`", "`triage`")]
#[case("availability{stream=yes} > 9%", "yes", "`yes` is not true or false", "{stream=true}")]
#[case("availability{tennant=acme} > 9%", "tennant", "there is no label `tennant`", "did you mean `tenant`?")]
#[case("availability{route=premum} > 9%", "premum", "there is no chain `premum`", "did you mean `premium`?")]
#[case("hops{target=openai} > 9", "target", "`hops` cannot be told apart by target", "several")]
#[case("flaps(openai){tenant=acme} < 9", "tenant", "`flaps` takes no labels", "about a breaker")]
#[case("hops{task=chat}{task=triage} < 9", "task", "the label `task` is given twice", "must match")]
#[case("hops{task=chat tenant=acme} < 9", "tenant", "expected `}`, found `tenant`", "{tenant=acme,task=chat}")]
#[case("hops{task=chat,} < 9", "}", "expected a label, found `}`", "{tenant=acme,task=chat}")]
#[case("hops{task} < 9", "}", "expected `=`, found `}`", "{tenant=acme}")]
#[case("p95{task=chat}(latency) < 4s", "(", "the argument goes before the labels", "`p95(…){…}`")]
#[case("availability >= 99.9", "99.9", "`99.9` does not fit `availability`", "is a share: write 99.9%")]
#[case("availability >= 4s", "4s", "`4s` does not fit `availability`", "is a share: write 99.9%")]
#[case("availability >= $0.50", "$0.50", "`$0.50` does not fit `availability`", "is a share")]
#[case("availability >= 101%", "101%", "`101%` is out of range", "between 0% and 100%")]
#[case("p95(latency) < 4", "4", "`4` does not fit `p95(latency)`", "`p95(latency)` is a time: write 4s")]
#[case("p95(latency) < 4sec", "4sec", "`4sec` does not fit `p95(latency)`", "is a time")]
#[case("hops < 20%", "20%", "`20%` does not fit `hops`", "is a plain number")]
#[case("flaps(openai) <= 1.5", "1.5", "`1.5` does not fit `flaps(openai)`", "a whole number")]
#[case("availability 99.9%", "99.9%", "expected a comparison, found `99.9%`", "one of >=")]
#[case("availability = 99.9%", "=", "`=` is not a comparison", "write `==`")]
#[case("availability ≥ 99.9%", "≥", "`≥` is not a comparison", "write `>=`")]
#[case("availability >=", "", "expected a value, but the assertion ends here", "99.9%")]
#[case("availability", "", "expected a comparison, but the assertion ends here", "one of >=")]
#[case("p95(latency < 4s", "", "expected `)`, but the assertion ends here", "one argument")]
#[case("hops < 2 during", "", "expected the name of a phase, but the assertion ends here", "during outage")]
#[case("hops < 2 during outtage", "outtage", "there is no phase `outtage`", "did you mean `outage`?")]
#[case("hops < 2 after recovery", "recovery", "no phase follows `recovery`", "the last one")]
#[case("hops < 2 durring outage", "durring", "`durring` is none of during, after, over", "`during`")]
#[case("hops < 2 please", "please", "`please` is too much at the end", "during PHASE")]
#[case("hops < 2 during outage at night ", "at night", "`at night` is too much at the end", "during PHASE")]
#[case("graded_quality{tenant=acme} > 90%", "tenant", "`graded_quality` takes no labels", "")]
#[case("hops < 2 during outage after steady", "after", "this is said twice", "or both")]
#[case("hops < 2 over 5s during outage over 9s", "over", "this is said twice", "or both")]
#[case("hops < 2 over outage", "outage", "`outage` is not a window", "over 10s")]
#[case("hops < 2 over 1500ms", "1500ms", "`1500ms` is not a window", "whole number of seconds")]
#[case("flaps(openai) < 2 over 0s", "0s", "`0s` is not a window", "whole number of seconds")]
#[case("opens_within(openai) < 2s over 9s", "9s", "`opens_within` is measured once, not over and over", "out")]
fn a_bad_line_is_located_and_explained(
    #[case] line: &str,
    #[case] underlined: &str,
    #[case] message: &str,
    #[case] help: &str,
) {
    let error = read(line).expect_err(line);
    assert_eq!((&line[error.span.clone()], error.message.as_str()), (underlined, message));
    let given = error.help.unwrap_or_default();
    assert!(given.contains(help), "{given}");
}

#[test]
fn an_error_at_the_end_points_behind_the_last_byte() {
    assert_eq!(read("availability >= ").unwrap_err().span, 15..15);
}

proptest! {
    #[test]
    fn no_text_at_all_makes_it_panic(text in "\\PC*") {
        if let Err(error) = read(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
    }

    #[test]
    fn no_heap_of_fragments_makes_it_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "availability", "p95", "p", "p.", "p99.9", "good", "(", ")", "latency", "<", ">=", "=", "4s", "99%", "{",
            "}", "tenant", "acme", "during", "outage", "over", "10s", " ", "\n", "é", "errors", "hops", "1.", "!", ",",
        ]), 0..12)
    ) {
        let text = words.concat();
        if let Err(error) = read(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
    }
}
