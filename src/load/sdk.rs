//! Clients that ask again: what the vendors' SDKs do when a call fails, unless somebody told them otherwise.
//!
//! They see the router as they would see a vendor: an answer, an error status, or nothing at all. Those that retry do so
//! on 429, on every 5xx and on their own timeout, as long as nothing of an answer has reached them; none retries a 4xx
//! that says whose fault it is. The statuses are those a gateway sends ([`status`]).
//!
//! | name | retries | wait before retry `n` (from 0) | Retry-After | timeout |
//! | --- | --- | --- | --- | --- |
//! | `openai_sdk` | 2 | `min(0.5 s · 2ⁿ, 8 s)`, the last quarter of it by luck | up to 2 min, beyond that it gives up | 10 min |
//! | `anthropic_sdk` | 2 | the same | obeyed | 10 min |
//! | `groq_sdk` | 2 | the same | up to 1 min, else as without | 1 min |
//! | `vercel_ai` | 2 | `2 s · 2ⁿ` | up to 1 min, else as without | none |
//! | `boto3` | 2 | anywhere up to `min(50 ms · 2ⁿ, 20 s)`; from 1 s on 429 | ignored | 1 min |
//! | `google_sdk`, `mistral_sdk`, `ollama_sdk` | 0 | | | none |
//!
//! Sources: openai-python 2.52, openai-node 7, anthropic-sdk-python 1.7, groq-python, `ai` 7, botocore's standard mode,
//! each read and measured. Botocore's own retry quota is left out: it is per process, and nobody says how many clients
//! share one.
//!
//! Pure: luck is handed in. Waits are whole milliseconds.

use crate::event::Class;
use crate::router::policy::backoff::{self, Jitter};
use std::time::Duration;

/// How a client asks again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sdk {
    /// How often at most.
    pub retries: u32,
    /// The waits between.
    pub backoff: backoff::Params,
    /// The first wait after a 429, where it differs.
    pub throttled: Option<Duration>,
    /// What a wait that the error names is worth.
    pub retry_after: RetryAfter,
    /// How long it waits for the end of one answer before it hangs up; `None`: for ever.
    pub timeout: Option<Duration>,
}

/// What a client makes of a Retry-After.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    Ignored,
    /// It obeys, however long that is.
    Obeyed,
    /// It obeys up to this long, and backs off as without one if it is longer.
    UpTo(Duration),
    /// It obeys up to this long, and gives up if it is longer.
    OrGiveUp(Duration),
}

const MINUTE: Duration = Duration::from_secs(60);

const OPENAI: Sdk = Sdk {
    retries: 2,
    backoff: backoff::Params {
        initial: Duration::from_millis(500),
        max: Duration::from_secs(8),
        jitter: Jitter::Quarter,
    },
    throttled: None,
    retry_after: RetryAfter::OrGiveUp(Duration::from_secs(120)),
    timeout: Some(Duration::from_secs(600)),
};

const SINGLE: Sdk = Sdk { retries: 0, retry_after: RetryAfter::Ignored, timeout: None, ..OPENAI };

/// The SDKs by the names that scenarios use.
pub const SDKS: &[(&str, Sdk)] = &[
    ("openai_sdk", OPENAI),
    ("anthropic_sdk", Sdk { retry_after: RetryAfter::Obeyed, ..OPENAI }),
    ("groq_sdk", Sdk { retry_after: RetryAfter::UpTo(MINUTE), timeout: Some(MINUTE), ..OPENAI }),
    (
        "vercel_ai",
        Sdk {
            backoff: backoff::Params {
                initial: Duration::from_secs(2),
                max: Duration::from_secs(3600),
                jitter: Jitter::None,
            },
            retry_after: RetryAfter::UpTo(MINUTE),
            timeout: None,
            ..OPENAI
        },
    ),
    (
        "boto3",
        Sdk {
            backoff: backoff::Params {
                initial: Duration::from_millis(50),
                max: Duration::from_secs(20),
                jitter: Jitter::Full,
            },
            throttled: Some(Duration::from_secs(1)),
            retry_after: RetryAfter::Ignored,
            timeout: Some(MINUTE),
            ..OPENAI
        },
    ),
    ("google_sdk", SINGLE),
    ("mistral_sdk", SINGLE),
    ("ollama_sdk", SINGLE),
];

impl Default for Sdk {
    fn default() -> Self {
        OPENAI
    }
}

impl Sdk {
    /// A client that asks once and waits for ever.
    #[must_use]
    pub fn single() -> Self {
        SINGLE
    }

    /// How long the client waits before it asks again; `None`: it takes the error. `retries` counts those it has made,
    /// `asked` is the Retry-After of the error, `luck` lies in `[0, 1)`.
    #[must_use]
    pub fn again(&self, class: Class, retries: u32, asked: Option<Duration>, luck: f64) -> Option<Duration> {
        if retries >= self.retries || !matches!(status(class), 429 | 500..) {
            return None;
        }
        match (self.retry_after, asked.filter(|asked| !asked.is_zero())) {
            (RetryAfter::Obeyed, Some(asked)) => return Some(asked),
            (RetryAfter::UpTo(most) | RetryAfter::OrGiveUp(most), Some(asked)) if asked <= most => return Some(asked),
            (RetryAfter::OrGiveUp(_), Some(_)) => return None,
            _ => {}
        }
        let initial = self.throttled.filter(|_| status(class) == 429).unwrap_or(self.backoff.initial);
        Some(backoff::wait(&backoff::Params { initial, ..self.backoff }, retries, None, luck))
    }

    /// The longest that all the waits of one request can come to, when no provider asks for more than a minute.
    #[must_use]
    pub fn longest_waits(&self) -> Duration {
        self.backoff.max.max(2 * MINUTE) * self.retries
    }
}

/// The HTTP status that a gateway answers with for an error of this class. What is wrong between the router and its
/// providers, a refused key among it, is not the client's fault.
#[must_use]
pub fn status(class: Class) -> u16 {
    match class {
        Class::Ok => 200,
        Class::BadRequest | Class::ContextLength | Class::ContentPolicy => 400,
        Class::RateLimited | Class::QuotaExhausted => 429,
        Class::ServerError => 500,
        Class::Connect | Class::Interrupted | Class::Malformed | Class::Schema | Class::Auth | Class::ModelGone => 502,
        Class::Overloaded => 503,
        Class::Timeout => 504,
        Class::Cancelled => 499,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn sdk(name: &str) -> Sdk {
        SDKS.iter().find(|(known, _)| *known == name).map(|(_, sdk)| *sdk).expect("known")
    }

    fn ms(wait: Option<Duration>) -> Option<u128> {
        wait.map(|wait| wait.as_millis())
    }

    #[rstest]
    #[case("openai_sdk", Class::Overloaded, [Some(375), Some(750), None])]
    #[case("vercel_ai", Class::ServerError, [Some(2000), Some(4000), None])]
    #[case("boto3", Class::Connect, [Some(0), Some(0), None])]
    #[case("google_sdk", Class::Overloaded, [None, None, None])]
    #[case("openai_sdk", Class::BadRequest, [None, None, None])]
    #[case("openai_sdk", Class::ContentPolicy, [None, None, None])]
    #[case("openai_sdk", Class::Cancelled, [None, None, None])]
    fn without_luck_waits_are_the_shortest_that_were_measured(
        #[case] name: &str,
        #[case] class: Class,
        #[case] expected: [Option<u128>; 3],
    ) {
        assert_eq!([0, 1, 2].map(|n| ms(sdk(name).again(class, n, None, 0.0))), expected);
    }

    #[test]
    fn with_all_the_luck_of_the_world_waits_are_the_longest() {
        let almost = 1.0 - f64::EPSILON;
        assert_eq!(ms(sdk("openai_sdk").again(Class::Timeout, 1, None, almost)), Some(1000));
        assert_eq!(ms(sdk("boto3").again(Class::Timeout, 1, None, almost)), Some(100));
        assert_eq!(ms(sdk("boto3").again(Class::RateLimited, 1, None, almost)), Some(2000), "throttled");
    }

    #[rstest]
    #[case("openai_sdk", 3, Some(3000))]
    #[case("openai_sdk", 61, Some(61_000))]
    #[case("openai_sdk", 121, None)]
    #[case("anthropic_sdk", 121, Some(121_000))]
    #[case("groq_sdk", 61, Some(375))]
    #[case("vercel_ai", 61, Some(2000))]
    #[case("vercel_ai", 3, Some(3000))]
    #[case("boto3", 3, Some(0))]
    #[case("openai_sdk", 0, Some(375))]
    fn a_retry_after_is_worth_what_each_makes_of_it(
        #[case] name: &str,
        #[case] seconds: u64,
        #[case] expected: Option<u128>,
    ) {
        let asked = Some(Duration::from_secs(seconds));
        assert_eq!(ms(sdk(name).again(Class::RateLimited, 0, asked, 0.0)), expected);
    }
}
