//! Backoff with jitter: how long to wait before the n-th retry.
//!
//! With `e(n) = min(max, initial · 2^n)` and `n` counting retries from 0, the three jitters are those of the AWS
//! Architecture Blog's simulator ("Exponential Backoff And Jitter", 2015):
//!
//! | jitter | wait |
//! | --- | --- |
//! | none | `e(n)` |
//! | full | `uniform(0, e(n))` |
//! | equal | `e(n)/2 + uniform(0, e(n)/2)` |
//! | quarter | `3/4 · e(n) + uniform(0, e(n)/4)`, as openai's and anthropic's SDKs have it |
//! | decorrelated | `min(max, uniform(initial, 3 · previous))`, the previous of the first being `initial` |
//!
//! Pure: the luck is handed in as a number in `[0, 1)`. Waits are whole milliseconds.

use std::time::Duration;

/// How waits grow and scatter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// The first wait, before jitter.
    pub initial: Duration,
    /// No wait is longer.
    pub max: Duration,
    /// How waits scatter.
    pub jitter: Jitter,
}

impl Default for Params {
    fn default() -> Self {
        Self { initial: Duration::from_millis(200), max: Duration::from_secs(5), jitter: Jitter::Full }
    }
}

/// How waits scatter, so that clients which failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// Anywhere up to the exponential wait.
    Full,
    /// In the upper half of the exponential wait.
    Equal,
    /// In the upper quarter of the exponential wait.
    Quarter,
    /// Between the initial wait and three times the previous one.
    Decorrelated,
}

/// The wait before retry number `n` (from 0). `previous` is the wait before it, if there was one.
#[must_use]
pub fn wait(params: &Params, n: u32, previous: Option<Duration>, luck: f64) -> Duration {
    let initial = params.initial.as_secs_f64() * 1e3;
    let max = params.max.as_secs_f64() * 1e3;
    let exponential = (initial * libm::exp2(f64::from(n.min(62)))).min(max);
    let ms = match params.jitter {
        Jitter::None => exponential,
        Jitter::Full => exponential * luck,
        Jitter::Equal => exponential / 2.0 + exponential / 2.0 * luck,
        Jitter::Quarter => exponential * (0.75 + 0.25 * luck),
        Jitter::Decorrelated => {
            let reach = previous.map_or(initial, |p| p.as_secs_f64() * 1e3) * 3.0;
            (initial + (reach - initial).max(0.0) * luck).min(max)
        }
    };
    Duration::from_millis(libm::round(ms) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn params(jitter: Jitter) -> Params {
        Params { initial: Duration::from_millis(200), max: Duration::from_secs(5), jitter }
    }

    #[test]
    fn without_jitter_waits_double_up_to_the_cap() {
        let waits: Vec<u128> = (0..7).map(|n| wait(&params(Jitter::None), n, None, 0.5).as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 5000, 5000]);
    }

    #[test]
    fn full_jitter_reaches_from_zero_to_the_exponential_wait() {
        assert_eq!(wait(&params(Jitter::Full), 2, None, 0.0), Duration::ZERO);
        assert_eq!(wait(&params(Jitter::Full), 2, None, 0.5), Duration::from_millis(400));
    }

    #[test]
    fn equal_jitter_never_waits_less_than_half() {
        assert_eq!(wait(&params(Jitter::Equal), 2, None, 0.0), Duration::from_millis(400));
        assert_eq!(wait(&params(Jitter::Equal), 2, None, 0.5), Duration::from_millis(600));
    }

    #[test]
    fn decorrelated_jitter_grows_from_the_previous_wait() {
        let p = params(Jitter::Decorrelated);
        assert_eq!(wait(&p, 0, None, 0.5), Duration::from_millis(400));
        assert_eq!(wait(&p, 1, Some(Duration::from_millis(400)), 0.5), Duration::from_millis(700));
    }

    proptest! {
        #[test]
        fn no_wait_ever_exceeds_the_cap(n in 0u32..200, previous in 0u64..100_000, luck in 0.0f64..1.0) {
            for jitter in [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
                let p = params(jitter);
                prop_assert!(wait(&p, n, Some(Duration::from_millis(previous)), luck) <= p.max);
            }
        }
    }
}
