//! Lying variants of the figures: what providers have been seen to say that was not so.
//!
//! Rule: a lie changes what is said, never what is enforced. It is a function of the honest figures (and, where what
//! is said varies, of one draw of luck).

use super::figures::Figures;
use std::fmt;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
/// What the shortest and the longest wait was that came with a quota per day.
const DAY_QUOTA_WAITS_MS: (f64, f64) = (36_000.0, 58_000.0);
/// How much of the time a provider admits to that tells it too early.
const EARLY: u32 = 10;

/// One way not to tell the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// A refusal says that what was short is reset in 0 s, to retry after 1 s, and after 0 ms. Seen on Azure, whose
    /// window renewed in 60 s. Whoever obeys comes back at once, again and again.
    ResetZero,
    /// A refusal names a quota per day and tells to retry in 36 to 58 s. Seen on Gemini; whoever obeys loops all day.
    DayQuota,
    /// A refusal does not say how long to wait. Seen on several, and with Anthropic's spend limits.
    NoRetryAfter,
    /// A refusal tells to retry in 86,400 s, although it is over in seconds. Seen on Azure.
    OneDay,
    /// No response says how much is left, and no refusal how long to wait. Gemini's bare form without details, and
    /// proxies that drop headers.
    NoHeaders,
    /// Limit and remaining are -1 and the reset is 0, on every response, and no refusal says how long to wait. Seen on
    /// Azure's Responses API.
    MinusOne,
    /// Every response says that the whole limit remains, also when nothing does. What a counter shows that is
    /// refreshed too rarely, or that another region holds.
    RemainingHigh,
    /// Every reset and wait is told ten times too short. What a clock or a unit that is wrong looks like.
    ResetEarly,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ResetZero,
        Self::DayQuota,
        Self::NoRetryAfter,
        Self::OneDay,
        Self::NoHeaders,
        Self::MinusOne,
        Self::RemainingHigh,
        Self::ResetEarly,
    ];

    /// Its name, as it stands in scenario files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ResetZero => "reset_zero",
            Self::DayQuota => "day_quota",
            Self::NoRetryAfter => "no_retry_after",
            Self::OneDay => "one_day",
            Self::NoHeaders => "no_headers",
            Self::MinusOne => "minus_one",
            Self::RemainingHigh => "remaining_high",
            Self::ResetEarly => "reset_early",
        }
    }

    /// What is said in place of the honest figures. `unit` is a draw in `[0, 1)`.
    #[must_use]
    pub fn tell(self, honest: &Figures, unit: f64) -> Figures {
        let mut told = honest.clone();
        match self {
            Self::ResetZero => {
                if let Some(hit) = honest.hit
                    && honest.retry_after.is_some()
                {
                    if let Some(figure) = told.of_mut(hit.resource) {
                        (figure.reset, figure.next) = (Duration::ZERO, Duration::ZERO);
                    }
                    told.retry_after = Some(Duration::from_secs(1));
                    told.retry_after_ms = Some(Duration::ZERO);
                }
            }
            Self::DayQuota => {
                if let Some(hit) = &mut told.hit
                    && honest.retry_after.is_some()
                {
                    hit.window = DAY;
                    let (low, high) = DAY_QUOTA_WAITS_MS;
                    told.wait(Duration::from_millis(libm::round(low + (high - low) * unit) as u64));
                }
            }
            Self::NoRetryAfter => told.hush(),
            Self::OneDay => {
                if honest.retry_after.is_some() {
                    told.wait(DAY);
                }
            }
            Self::NoHeaders => {
                (told.requests, told.tokens) = (None, None);
                told.hush();
            }
            Self::MinusOne => {
                for figure in told.all_mut() {
                    (figure.limit, figure.remaining) = (-1, -1);
                    (figure.reset, figure.next) = (Duration::ZERO, Duration::ZERO);
                }
                told.hush();
            }
            Self::RemainingHigh => told.all_mut().for_each(|figure| figure.remaining = figure.limit),
            Self::ResetEarly => {
                for figure in told.all_mut() {
                    (figure.reset, figure.next) = (early(figure.reset), early(figure.next));
                }
                if let Some(wait) = honest.retry_after {
                    told.wait(early(wait));
                }
            }
        }
        told
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Figures {
    fn hush(&mut self) {
        (self.retry_after, self.retry_after_ms) = (None, None);
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut super::Figure> {
        self.requests.iter_mut().chain(&mut self.tokens)
    }
}

fn early(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from((time / EARLY).as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::{Figure, Hit, Resource};
    use super::*;

    fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn figure(limit: i64, remaining: i64, reset: u64, next: u64) -> Figure {
        Figure { limit, remaining, reset: secs(reset), next: secs(next), window: secs(60) }
    }

    fn admitted() -> Figures {
        Figures {
            requests: Some(figure(600, 20, 3, 0)),
            tokens: Some(figure(5000, 400, 50, 0)),
            retry_after: None,
            retry_after_ms: None,
            hit: None,
        }
    }

    fn refused() -> Figures {
        let hit = Hit { resource: Resource::Tokens, limit: 5000, window: secs(60), used: 5000, requested: 700 };
        Figures {
            requests: Some(figure(600, 20, 3, 0)),
            tokens: Some(figure(5000, 0, 60, 20)),
            retry_after: Some(secs(20)),
            retry_after_ms: Some(secs(20)),
            hit: Some(hit),
        }
    }

    #[test]
    fn each_lie_says_of_a_refusal_what_was_observed() {
        let honest = refused();
        let hit = honest.hit.unwrap();
        let (requests, tokens) = (honest.requests, honest.tokens);
        let both = |wait| (Some(wait), Some(wait));
        let gone = (None, None);
        let nothing = Some(figure(-1, -1, 0, 0));
        for (lie, requests, tokens, (retry_after, retry_after_ms), hit) in [
            (Lie::ResetZero, requests, Some(figure(5000, 0, 0, 0)), (Some(secs(1)), Some(secs(0))), hit),
            (Lie::DayQuota, requests, tokens, both(secs(47)), Hit { window: DAY, ..hit }),
            (Lie::NoRetryAfter, requests, tokens, gone, hit),
            (Lie::OneDay, requests, tokens, both(DAY), hit),
            (Lie::NoHeaders, None, None, gone, hit),
            (Lie::MinusOne, nothing, nothing, gone, hit),
            (Lie::RemainingHigh, Some(figure(600, 600, 3, 0)), Some(figure(5000, 5000, 60, 20)), both(secs(20)), hit),
            (
                Lie::ResetEarly,
                Some(Figure { reset: Duration::from_millis(300), ..figure(600, 20, 3, 0) }),
                Some(figure(5000, 0, 6, 2)),
                both(secs(2)),
                hit,
            ),
        ] {
            let expected = Figures { requests, tokens, retry_after, retry_after_ms, hit: Some(hit) };
            assert_eq!(lie.tell(&honest, 0.5), expected, "{lie}");
        }
    }

    #[test]
    fn lies_about_refusals_leave_other_responses_alone_and_the_rest_do_not() {
        for lie in Lie::ALL {
            let of_refusals_only = matches!(lie, Lie::ResetZero | Lie::DayQuota | Lie::NoRetryAfter | Lie::OneDay);
            assert_eq!(lie.tell(&admitted(), 0.5) == admitted(), of_refusals_only, "{lie}");
        }
    }

    #[test]
    fn no_lie_promises_a_wait_where_no_wait_helps() {
        let honest = Figures { retry_after: None, retry_after_ms: None, ..refused() };
        for lie in Lie::ALL {
            assert_eq!(lie.tell(&honest, 0.5).retry_after, None, "{lie}");
        }
    }

    #[test]
    fn the_wait_beside_a_quota_per_day_lies_between_36_and_58_seconds() {
        for unit in [0.0, 0.3, 0.999_999] {
            let wait = Lie::DayQuota.tell(&refused(), unit).retry_after.unwrap();
            assert!((secs(36)..=secs(58)).contains(&wait), "{wait:?}");
        }
    }

    #[test]
    fn no_two_lies_have_one_name() {
        let mut names = Lie::ALL.map(Lie::name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
