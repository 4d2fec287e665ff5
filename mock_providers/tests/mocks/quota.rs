//! Quotas as a client meets them: what the vendor's headers and errors tell, whether it is true, and what a liar says.

use crate::bench::{Bench, Seen, TEXT, ms, plain, stream};
use mock_providers::Dialect;
use mock_providers::limits::{Lie, Limit, Limits, Policy, Quota, Quotas};
use mock_providers::text::tokens;
use serde_json::Value;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

const TEN_MINUTES: u64 = 600_000;
/// What a request of these tests counts for in tokens before its answer is known, or a little less.
const COST: i64 = 505;

fn per_minute(amount: u64) -> Vec<Limit> {
    vec![Limit::try_new(amount, ms(60_000)).unwrap()]
}

/// So many requests and tokens a minute; 0: as many as one likes.
fn quota(requests: u64, tokens: u64, lies: Option<Lie>) -> Limits {
    let limit = |amount| if amount == 0 { Vec::new() } else { per_minute(amount) };
    let quota = Quota { requests: limit(requests), tokens: limit(tokens) };
    let quotas = Quotas { provider: Some(Policy { quota, lies, ..Policy::default() }), ..Quotas::default() };
    Limits { quotas, ..Limits::default() }
}

fn number(seen: &Seen, header: &str) -> Option<i64> {
    seen.header(header).map(|value| value.parse().unwrap_or_else(|e| panic!("{header}: {value}: {e}")))
}

fn seconds(seen: &Seen, header: &str) -> Option<Duration> {
    number(seen, header).map(|s| Duration::from_secs(s.try_into().unwrap()))
}

/// `1h2m3.5s` or `20ms`.
fn go_duration(text: &str) -> Duration {
    let (mut rest, mut sum) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let at = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        let number: f64 = rest[..at].parse().unwrap();
        let unit = &rest[at..];
        let end = unit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit.len());
        sum += Duration::from_secs_f64(
            number
                * match &unit[..end] {
                    "ms" => 1e-3,
                    "s" => 1.0,
                    "m" => 60.0,
                    _ => 3600.0,
                },
        );
        rest = &unit[end..];
    }
    sum
}

/// The time since the drill began, which is a midnight, of an instant on its first day.
fn time_of_day(rfc3339: &str) -> Duration {
    let (day, time) = rfc3339.split_once('t').unwrap();
    assert_eq!((day, &time[8..]), ("2026-01-01", "z"));
    let parts: Vec<u64> = time[..8].split(':').map(|part| part.parse().unwrap()).collect();
    Duration::from_secs(parts[0] * 3600 + parts[1] * 60 + parts[2])
}

/// What the headers tell of one resource: its limit, what is left, and until when that is so.
fn told(dialect: Dialect, seen: &Seen, what: &str, now: u64) -> Option<(i64, i64, Duration)> {
    let (prefix, suffix) = match dialect {
        Dialect::Anthropic => (format!("anthropic-ratelimit-{what}-"), String::new()),
        _ => ("x-ratelimit-".to_owned(), format!("-{what}")),
    };
    let header = |figure: &str| format!("{prefix}{figure}{suffix}");
    let reset = seen.header(&header("reset"))?;
    let reset = match dialect {
        Dialect::Anthropic => time_of_day(&reset).saturating_sub(ms(now)),
        Dialect::Azure => Duration::from_secs(reset.parse().unwrap()),
        _ => go_duration(&reset),
    };
    Some((number(seen, &header("limit"))?, number(seen, &header("remaining"))?, reset))
}

/// How long a refusal tells to wait, in the vendor's way.
fn wait(dialect: Dialect, seen: &Seen) -> Option<Duration> {
    match dialect {
        Dialect::Gemini => {
            let body = seen.json();
            let details = body["error"]["details"].as_array()?;
            let delay = details.iter().find_map(|detail| detail["retryDelay"].as_str())?;
            Some(Duration::from_secs_f64(delay.strip_suffix('s').unwrap().parse().unwrap()))
        }
        Dialect::Bedrock => number(seen, "x-amz-retry-after").map(|wait| ms(wait.try_into().unwrap())),
        _ => seconds(seen, "retry-after"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_until_the_reset_in_the_headers_is_never_refused_and_loses_little() {
    for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Azure] {
        for (requests, tokens, most) in [(60, 0, 600), (0, 30_000, 600), (60, 12_000, 240)] {
            let mut bench = Bench::limited(dialect, quota(requests, tokens, None));
            let mut admitted = 0;
            while bench.now_ms() < TEN_MINUTES {
                let seen = bench.ask(&plain()).await;
                assert_eq!(seen.status(), 200, "{dialect} at {}: {}", bench.now_ms(), seen.text());
                admitted += 1;
                let now = bench.now_ms();
                let reset =
                    |what, need| told(dialect, &seen, what, now).filter(|told| told.1 < need).map(|told| told.2);
                if let Some(wait) = reset("requests", 1).max(reset("tokens", COST)) {
                    sleep(wait).await;
                }
            }
            // Resets in whole seconds cost some of it.
            assert!(admitted >= most * 3 / 4, "{dialect} with {requests} requests, {tokens} tokens: {admitted}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_as_long_as_a_refusal_tells_is_let_in_and_loses_little() {
    for dialect in Dialect::ALL.into_iter().filter(|dialect| *dialect != Dialect::Ollama) {
        for (requests, tokens, least) in [(60, 0, 540), (0, 1200, 450)] {
            let mut bench = Bench::limited(dialect, quota(requests, tokens, None));
            let (mut admitted, mut refused) = (0, 0);
            while bench.now_ms() < TEN_MINUTES {
                let seen = bench.ask(&stream()).await;
                if seen.status() == 429 {
                    refused += 1;
                    let wait = wait(dialect, &seen).unwrap_or_else(|| panic!("{dialect}: {}", seen.text()));
                    assert!(!wait.is_zero());
                    sleep(wait).await;
                    let again = bench.ask(&stream()).await;
                    assert_eq!(again.status(), 200, "{dialect} after {wait:?}: {}", again.text());
                }
                admitted += 1;
            }
            assert!(refused > 0 && admitted >= least, "{dialect}: {admitted} and {refused} refused");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_ignores_all_it_is_told_is_held_to_the_limit_within_one_percent() {
    for dialect in Dialect::ALL {
        let mut bench = Bench::limited(dialect, quota(120, 0, None));
        let mut admitted = 0;
        while bench.now_ms() < TEN_MINUTES {
            admitted += u32::from(bench.ask(&plain()).await.status() == 200);
            sleep(ms(150)).await;
        }
        assert!((1200..=1212).contains(&admitted), "{dialect}: {admitted}");
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_that_were_used_are_held_to_the_limit_within_one_percent() {
    let mut bench = Bench::limited(Dialect::OpenAi, quota(0, 60_000, None));
    let (mut used, answered) = (0, tokens(TEXT).count() as u64);
    while bench.now_ms() < TEN_MINUTES {
        let seen = bench.ask(&plain()).await;
        if seen.status() == 200 {
            used += seen.json()["usage"]["prompt_tokens"].as_u64().unwrap() + answered;
        }
        sleep(ms(1)).await;
    }
    assert!(used <= 606_000, "{used}");
}

#[tokio::test(start_paused = true)]
async fn every_response_tells_of_the_limits_once_and_in_the_vendors_units() {
    let table: [(Dialect, &[(&str, &str)]); 4] = [
        (
            Dialect::OpenAi,
            &[
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "4"),
                ("x-ratelimit-reset-requests", "1s"),
                ("x-ratelimit-limit-tokens", "60000"),
                ("x-ratelimit-remaining-tokens", "4499"),
                ("x-ratelimit-reset-tokens", "501ms"),
            ],
        ),
        (
            Dialect::Azure,
            &[
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "4"),
                ("x-ratelimit-renewalperiod-requests", "60"),
                ("x-ratelimit-reset-requests", "1"),
                ("x-ratelimit-renewalperiod-tokens", "60"),
                ("x-ratelimit-remaining-tokens", "4499"),
                ("x-ratelimit-reset-tokens", "1"),
            ],
        ),
        (
            Dialect::Anthropic,
            &[
                ("anthropic-ratelimit-requests-limit", "60"),
                ("anthropic-ratelimit-requests-remaining", "4"),
                ("anthropic-ratelimit-requests-reset", "2026-01-01t00:00:01z"),
                ("anthropic-ratelimit-tokens-remaining", "4499"),
                ("anthropic-ratelimit-input-tokens-remaining", "4499"),
                ("anthropic-ratelimit-output-tokens-limit", "60000"),
                ("anthropic-ratelimit-output-tokens-reset", "2026-01-01t00:00:01z"),
            ],
        ),
        (
            Dialect::Mistral,
            &[
                ("x-ratelimit-limit-req-minute", "60"),
                ("x-ratelimit-remaining-req-minute", "4"),
                ("x-ratelimit-limit-tokens-minute", "60000"),
                ("x-ratelimit-remaining-tokens-minute", "4499"),
            ],
        ),
    ];
    for (dialect, headers) in table {
        let mut bench = Bench::limited(dialect, quota(60, 60_000, None));
        let seen = bench.ask(&stream()).await;
        for (name, value) in headers {
            assert_eq!(seen.header(name).as_deref(), Some(*value), "{dialect} {name}");
        }
    }
    for dialect in Dialect::ALL {
        let mut bench = Bench::limited(dialect, quota(1, 60_000, None));
        for status in [200, 429] {
            let seen = bench.ask(&stream()).await;
            assert_eq!(seen.status(), status, "{dialect}");
            let (head, text) = (seen.head(), seen.text());
            let mut names: Vec<&str> = head.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{text}");
            let silent = matches!(dialect, Dialect::Gemini | Dialect::Bedrock | Dialect::Ollama | Dialect::Vllm);
            assert_eq!(head.contains("ratelimit"), !silent, "{text}");
        }
    }
}

/// What the first and the last of three requests at one instant are answered.
async fn three_at_once(dialect: Dialect, quota: Limits) -> (Seen, Seen) {
    let mut bench = Bench::limited(dialect, quota);
    let mut clients = [bench.connect(), bench.connect(), bench.connect()];
    for client in &mut clients {
        client.write_all(&plain().request(dialect)).await.unwrap();
    }
    let [first, _, last] = &mut clients;
    tokio::join!(bench.read(first, ms(10_000)), bench.read(last, ms(10_000)))
}

#[tokio::test(start_paused = true)]
async fn a_refusal_words_the_limit_that_was_hit() {
    let requests = || quota(3, 60_000, None);
    let tokens = || quota(0, 12_000, None);
    let day = || {
        let limit = Limit::try_new(1, ms(86_400_000)).unwrap();
        let policy = Policy { quota: Quota { requests: vec![limit], tokens: Vec::new() }, ..Policy::default() };
        Limits { quotas: Quotas { provider: Some(policy), ..Quotas::default() }, ..Limits::default() }
    };
    let (id, value) = ("/error/details/0/violations/0/quotaId", "/error/details/0/violations/0/quotaValue");
    type Row<'r> = (Dialect, fn() -> Limits, &'r str, &'r str);
    let table: [Row<'_>; 19] = [
        (Dialect::OpenAi, requests, "/error/message", "(RPM): Limit 3, Used 3, Requested 1. Please try again in 20s."),
        (Dialect::OpenAi, requests, "/error/type", "requests"),
        (
            Dialect::OpenAi,
            tokens,
            "/error/message",
            "(TPM): Limit 12000, Used 11501, Requested 501. Please try again in 10ms.",
        ),
        (Dialect::OpenAi, tokens, "/error/type", "tokens"),
        (Dialect::OpenAi, day, "/error/message", "(RPD): Limit 1, Used 1, Requested 1. Please try again in 24h0m0s."),
        (Dialect::Anthropic, requests, "/error/message", "rate limit of 3 requests per minute"),
        (Dialect::Anthropic, tokens, "/error/message", "rate limit of 12000 input tokens per minute"),
        (Dialect::Anthropic, day, "/error/message", "rate limit of 1 requests per day"),
        (Dialect::Gemini, requests, "/error/message", "Please retry in 20s."),
        (Dialect::Gemini, requests, "/error/details/2/retryDelay", "20s"),
        (Dialect::Gemini, requests, id, "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
        (Dialect::Gemini, requests, value, "3"),
        (Dialect::Gemini, tokens, id, "GenerateContentInputTokensPerModelPerMinute-FreeTier"),
        (Dialect::Gemini, day, id, "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
        (Dialect::Azure, requests, "/error/message", "have exceeded call rate limit"),
        (Dialect::Azure, requests, "/error/message", "Please retry after 20 seconds."),
        (Dialect::Azure, tokens, "/error/message", "have exceeded token rate limit"),
        (Dialect::Bedrock, requests, "/message", "Too many requests, "),
        (Dialect::Bedrock, day, "/message", "Too many requests per day, "),
    ];
    for (dialect, quota, pointer, words) in table {
        let (first, last) = three_at_once(dialect, quota()).await;
        assert_eq!((first.status(), last.status()), (200, 429), "{dialect}");
        let body = last.json();
        let said = body.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{dialect}: {body}"));
        assert!(said.contains(words), "{dialect}: {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_larger_than_the_limit_is_refused_and_not_told_to_wait() {
    for dialect in Dialect::ALL {
        let mut bench = Bench::limited(dialect, quota(0, 400, None));
        let seen = bench.ask(&plain()).await;
        assert_eq!((seen.status(), wait(dialect, &seen)), (429, None), "{dialect}: {}", seen.text());
    }
    let seen = Bench::limited(Dialect::OpenAi, quota(0, 400, None)).ask(&plain()).await;
    assert!(seen.body().contains("Request too large for m"), "{}", seen.body());
    assert!(seen.body().contains("(TPM): Limit 400, Requested 501."), "{}", seen.body());
}

/// What a vendor tells to wait, in its headers and texts.
fn hints(seen: &Seen) -> bool {
    let text = seen.text().to_ascii_lowercase();
    ["retry-after", "retry after", "retrydelay", "retry in", "try again in"].iter().any(|hint| text.contains(hint))
}

#[tokio::test(start_paused = true)]
async fn each_lie_shows_on_the_wire_as_it_was_seen() {
    type Row<'r> = (Lie, Dialect, &'r [(&'r str, &'r str)], &'r [(&'r str, &'r str)]);
    let table: [Row<'_>; 8] = [
        (
            Lie::ResetZero,
            Dialect::Azure,
            &[("x-ratelimit-reset-requests", "20")],
            &[("x-ratelimit-reset-requests", "0"), ("retry-after", "1"), ("retry-after-ms", "0")],
        ),
        (Lie::OneDay, Dialect::Azure, &[], &[("retry-after", "86400"), ("retry-after-ms", "86400000")]),
        (
            Lie::MinusOne,
            Dialect::Azure,
            &[
                ("x-ratelimit-limit-requests", "-1"),
                ("x-ratelimit-remaining-requests", "-1"),
                ("x-ratelimit-reset-requests", "0"),
                ("x-ratelimit-remaining-tokens", "-1"),
            ],
            &[("x-ratelimit-limit-tokens", "-1"), ("x-ratelimit-remaining-requests", "-1")],
        ),
        (
            Lie::RemainingHigh,
            Dialect::OpenAi,
            &[("x-ratelimit-remaining-requests", "3"), ("x-ratelimit-remaining-tokens", "60000")],
            &[("x-ratelimit-remaining-requests", "3"), ("x-ratelimit-reset-requests", "20s"), ("retry-after", "20")],
        ),
        (
            Lie::ResetEarly,
            Dialect::OpenAi,
            &[("x-ratelimit-reset-requests", "2s")],
            &[("x-ratelimit-reset-requests", "2s"), ("retry-after", "2"), ("retry-after-ms", "2000")],
        ),
        (
            Lie::ResetEarly,
            Dialect::Anthropic,
            &[],
            &[("anthropic-ratelimit-requests-reset", "2026-01-01t00:00:02z"), ("retry-after", "2")],
        ),
        (Lie::ResetEarly, Dialect::Bedrock, &[], &[("x-amz-retry-after", "2000")]),
        (Lie::ResetZero, Dialect::Bedrock, &[], &[("x-amz-retry-after", "0")]),
    ];
    for (lie, dialect, admitted, refused) in table {
        let (first, last) = three_at_once(dialect, quota(3, 60_000, Some(lie))).await;
        assert_eq!((first.status(), last.status()), (200, 429), "{lie} changes nobody's fate");
        for (seen, headers) in [(&first, admitted), (&last, refused)] {
            for (name, value) in headers {
                assert_eq!(seen.header(name).as_deref(), Some(*value), "{lie} {dialect} {name}");
            }
        }
    }
    let lied = |lie| move |dialect| three_at_once(dialect, quota(3, 60_000, Some(lie)));

    let (_, gemini) = lied(Lie::DayQuota)(Dialect::Gemini).await;
    assert!(gemini.body().contains("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), "{}", gemini.body());
    let told = wait(Dialect::Gemini, &gemini).unwrap();
    assert!((ms(36_000)..=ms(58_000)).contains(&told), "{told:?}");
    let (_, azure) = lied(Lie::OneDay)(Dialect::Azure).await;
    assert!(azure.body().contains("Please retry after 86400 seconds"), "{}", azure.body());
    let (_, gemini) = lied(Lie::NoHeaders)(Dialect::Gemini).await;
    assert_eq!(gemini.json()["error"]["message"], "Resource has been exhausted (e.g. check quota).");
    assert_eq!(gemini.json()["error"].get("details"), None);

    for dialect in Dialect::ALL {
        for lie in [Lie::NoRetryAfter, Lie::NoHeaders, Lie::MinusOne] {
            let (_, refused) = lied(lie)(dialect).await;
            assert_eq!(refused.status(), 429);
            assert!(!hints(&refused), "{lie} {dialect}: {}", refused.text());
        }
        let (admitted, refused) = lied(Lie::NoHeaders)(dialect).await;
        assert!(!admitted.head().contains("ratelimit") && !refused.head().contains("ratelimit"), "{dialect}");
        let (_, honest) = three_at_once(dialect, quota(3, 60_000, None)).await;
        assert_eq!(hints(&honest), dialect != Dialect::Ollama, "{dialect}: {}", honest.text());
    }
}

#[tokio::test(start_paused = true)]
async fn who_obeys_a_liar_is_refused_again() {
    for (lie, dialect) in [
        (Lie::ResetZero, Dialect::Azure),
        (Lie::ResetEarly, Dialect::Anthropic),
        (Lie::ResetEarly, Dialect::Gemini),
        (Lie::ResetEarly, Dialect::OpenAi),
    ] {
        let mut bench = Bench::limited(dialect, quota(3, 60_000, Some(lie)));
        assert_eq!(bench.ask(&plain()).await.status(), 200);
        for _ in 0..2 {
            let seen = bench.ask(&plain()).await;
            assert_eq!(seen.status(), 429, "{lie} {dialect}");
            sleep(wait(dialect, &seen).unwrap()).await;
        }
    }
}
