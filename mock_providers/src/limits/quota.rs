//! Token buckets: so much per window, and what is left of it.
//!
//! Rules:
//! - A [`Refill::Continuous`] bucket gains `amount ÷ window` all the time and holds what `burst` brings in, at least
//!   one. Over any time `t` it grants no more than `t · amount ÷ window` and what it holds.
//! - A [`Refill::AtOnce`] bucket holds the whole amount and is filled up at every multiple of its window, counted from
//!   the start of the drill. So twice the amount may pass around such an instant, as it may with real fixed windows.
//! - What is larger than the bucket, but not than the amount, is granted when the bucket is full and leaves a debt
//!   that the refill pays back first. Otherwise a large prompt would never get through although its limit allows it.
//! - What turns out to have cost less is given back, up to what the bucket holds; what cost more becomes debt.
//!
//! The level is a whole number of tokens times nanoseconds of the window. So no bucket drifts, and two machines agree.

use super::figures::Figure;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
/// What a bucket holds unless told otherwise, if its window is shorter than an hour. Over ten minutes it is under 1 %.
const BURST: Duration = Duration::from_secs(5);
/// Beyond these no level fits its number.
const MOST: u64 = 1_000_000_000_000;
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// The limits that are held together by one holder: a provider, a model or a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quota {
    /// Limits on requests; each counts one for each request that is admitted.
    pub requests: Vec<Limit>,
    /// Limits on tokens.
    pub tokens: Vec<Limit>,
}

/// So much per window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    amount: u64,
    window: Duration,
    refill: Refill,
}

/// How what was used comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refill {
    /// Bit by bit.
    Continuous {
        /// How much time's worth of it is held.
        burst: Duration,
    },
    /// All of it when a window ends.
    AtOnce,
}

/// No limit can be made of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Nothing would ever be granted.
    #[error("a limit grants at least one")]
    Nothing,
    /// It is no limit.
    #[error("a limit grants at most a million million")]
    TooMuch,
    /// There is no such window.
    #[error("the window of a limit lasts from a millisecond to a year")]
    Window,
}

impl Limit {
    /// `amount` per `window`. A window shorter than an hour holds a burst of 5 s (or the window, if that is shorter);
    /// a longer one holds all of it.
    ///
    /// # Errors
    /// An amount of nothing or of more than a million million; a window below a millisecond or above a year.
    pub fn try_new(amount: u64, window: Duration) -> Result<Self, Unusable> {
        match amount {
            _ if window < Duration::from_millis(1) || window > LONGEST => Err(Unusable::Window),
            0 => Err(Unusable::Nothing),
            _ if amount > MOST => Err(Unusable::TooMuch),
            _ => {
                let limit = Self { amount, window, refill: Refill::AtOnce };
                Ok(limit.with_burst(BURST))
            }
        }
    }

    /// The same with this much time's worth held, at most the window. A window of an hour or more goes on holding all:
    /// a daily allowance is not a rate.
    #[must_use]
    pub fn with_burst(self, burst: Duration) -> Self {
        let burst = if self.is_allowance() { self.window } else { burst.min(self.window) };
        Self { refill: Refill::Continuous { burst }, ..self }
    }

    /// Whether its window is so long, an hour or more, that it is an allowance rather than a rate: all of it may be used
    /// at once.
    #[must_use]
    pub fn is_allowance(&self) -> bool {
        self.window >= HOUR
    }

    /// The same, renewed as a whole at the end of each window.
    #[must_use]
    pub fn at_once(self) -> Self {
        Self { refill: Refill::AtOnce, ..self }
    }

    /// What it grants per window.
    #[must_use]
    pub fn amount(&self) -> u64 {
        self.amount
    }

    /// Its window.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.window
    }

    /// How what was used comes back.
    #[must_use]
    pub fn refill(&self) -> Refill {
        self.refill
    }

    /// One token, in units of the level.
    fn one(&self) -> i128 {
        nanos(self.window)
    }

    /// What the bucket holds when it is full, in units of the level.
    fn full(&self) -> i128 {
        match self.refill {
            Refill::Continuous { burst } => (nanos(burst) * i128::from(self.amount)).max(self.one()),
            Refill::AtOnce => self.one() * i128::from(self.amount),
        }
    }
}

/// The state of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    limit: Limit,
    /// As of `at`. Negative: a debt.
    level: i128,
    at: Duration,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(limit: Limit) -> Self {
        Self { limit, level: limit.full(), at: Duration::ZERO }
    }

    /// The limit it keeps.
    #[must_use]
    pub fn limit(&self) -> &Limit {
        &self.limit
    }

    /// Whether so many fit the limit at all, however long one waits.
    #[must_use]
    pub fn can_ever(&self, count: u64) -> bool {
        count <= self.limit.amount
    }

    /// How long until so many may be used, if nobody else uses any: zero if they may now, rounded up to whole
    /// milliseconds otherwise. For what can never fit: until the bucket is full.
    #[must_use]
    pub fn wait(&self, now: Duration, count: u64) -> Duration {
        self.until(now, (i128::from(count).saturating_mul(self.limit.one())).min(self.limit.full()))
    }

    /// Uses so many, even if that leaves a debt.
    pub fn take(&mut self, now: Duration, count: u64) {
        self.catch_up(now);
        self.level = self.level.saturating_sub(i128::from(count).saturating_mul(self.limit.one()));
    }

    /// Gives so many back, up to what the bucket holds.
    pub fn give_back(&mut self, now: Duration, count: u64) {
        self.catch_up(now);
        let gained = self.level.saturating_add(i128::from(count).saturating_mul(self.limit.one()));
        self.level = gained.min(self.limit.full());
    }

    /// What may be used right now.
    #[must_use]
    pub fn remaining(&self, now: Duration) -> u64 {
        u64::try_from(self.level(now).div_euclid(self.limit.one())).unwrap_or(0)
    }

    /// Whether nothing counts as used.
    #[must_use]
    pub fn is_full(&self, now: Duration) -> bool {
        self.level(now) == self.limit.full()
    }

    /// What can be said of it.
    #[must_use]
    pub fn figure(&self, now: Duration) -> Figure {
        Figure {
            limit: signed(self.limit.amount),
            remaining: signed(self.remaining(now)),
            reset: self.until(now, self.limit.full()),
            next: self.wait(now, 1),
            window: self.limit.window,
        }
    }

    fn level(&self, now: Duration) -> i128 {
        let Limit { amount, window, refill } = self.limit;
        let gained = match refill {
            Refill::Continuous { .. } => nanos(now.saturating_sub(self.at)).saturating_mul(i128::from(amount)),
            Refill::AtOnce => {
                let renewals = (nanos(now) / nanos(window) - nanos(self.at) / nanos(window)).max(0);
                renewals.saturating_mul(self.limit.full())
            }
        };
        self.level.saturating_add(gained).min(self.limit.full())
    }

    /// Time does not run backwards here, although two threads may look at the clock in one order and come in another.
    fn catch_up(&mut self, now: Duration) {
        self.level = self.level(now);
        self.at = self.at.max(now);
    }

    /// Until the level is reached, rounded up to whole milliseconds.
    fn until(&self, now: Duration, level: i128) -> Duration {
        let lacking = level - self.level(now);
        if lacking <= 0 {
            return Duration::ZERO;
        }
        let Limit { amount, window, refill } = self.limit;
        let now = now.max(self.at);
        let wait = match refill {
            Refill::Continuous { .. } => ceil(lacking, i128::from(amount)),
            Refill::AtOnce => {
                let renewals = ceil(lacking, self.limit.full());
                (nanos(now) / nanos(window) + renewals).saturating_mul(nanos(window)) - nanos(now)
            }
        };
        Duration::from_millis(u64::try_from(ceil(wait, 1_000_000)).unwrap_or(u64::MAX))
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Division of positive numbers, rounded up.
fn ceil(n: i128, by: i128) -> i128 {
    n / by + i128::from(n % by != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn bucket(amount: u64, window: u64) -> Bucket {
        Bucket::new(Limit::try_new(amount, secs(window)).unwrap())
    }

    #[test]
    fn a_limit_per_minute_holds_five_seconds_of_it_and_a_longer_one_all() {
        assert_eq!(bucket(3000, 60).remaining(secs(9)), 250);
        assert_eq!(bucket(10_000, 86_400).remaining(secs(9)), 10_000);
        assert_eq!(bucket(20, 1).remaining(secs(9)), 20, "a window shorter than the burst holds no more than itself");
        let wide = Limit::try_new(3000, secs(60)).unwrap().with_burst(secs(60));
        assert_eq!(Bucket::new(wide).remaining(secs(0)), 3000);
        let day = Limit::try_new(10_000, secs(86_400)).unwrap().with_burst(secs(5));
        assert_eq!(Bucket::new(day).remaining(secs(0)), 10_000, "a daily allowance is not a rate");
    }

    #[test]
    fn a_bucket_always_holds_at_least_one() {
        let mut slow = bucket(6, 60);
        assert_eq!(slow.remaining(secs(0)), 1);
        slow.take(secs(0), 1);
        assert_eq!((slow.remaining(ms(9999)), slow.wait(secs(0), 1)), (0, secs(10)));
        assert_eq!(slow.remaining(secs(10)), 1);
    }

    #[test]
    fn reset_is_when_it_is_full_and_next_is_when_one_more_fits() {
        let mut bucket = bucket(600, 60);
        bucket.take(secs(0), 50);
        let figure = bucket.figure(secs(0));
        assert_eq!((figure.limit, figure.remaining, figure.window), (600, 0, secs(60)));
        assert_eq!((figure.next, figure.reset), (ms(100), secs(5)));
        let later = bucket.figure(secs(2));
        assert_eq!((later.remaining, later.next, later.reset), (20, secs(0), secs(3)));
    }

    #[test]
    fn waits_are_whole_milliseconds_and_never_too_short() {
        let mut bucket = bucket(7, 1);
        bucket.take(secs(0), 7);
        assert_eq!(bucket.wait(secs(0), 1), ms(143), "142.86 ms");
        assert_eq!(bucket.remaining(ms(142)), 0);
        assert_eq!(bucket.remaining(ms(143)), 1);
    }

    #[test]
    fn what_is_larger_than_the_bucket_waits_until_it_is_full_and_leaves_a_debt() {
        let mut bucket = bucket(60_000, 60);
        assert_eq!(bucket.remaining(secs(0)), 5000);
        assert!(bucket.can_ever(60_000) && !bucket.can_ever(60_001));
        assert_eq!(bucket.wait(secs(0), 20_000), secs(0));
        bucket.take(secs(0), 20_000);
        assert_eq!(bucket.remaining(secs(0)), 0);
        assert_eq!(bucket.wait(secs(0), 1), ms(15_001));
        assert_eq!(bucket.wait(secs(0), 20_000), secs(20));
    }

    #[test]
    fn what_is_given_back_fills_no_more_than_the_bucket() {
        let mut bucket = bucket(600, 60);
        bucket.take(secs(0), 30);
        bucket.give_back(secs(0), 10);
        assert_eq!(bucket.remaining(secs(0)), 30);
        bucket.give_back(secs(0), 1000);
        assert_eq!(bucket.remaining(secs(0)), 50);
    }

    #[test]
    fn a_limit_that_renews_at_once_does_so_at_the_multiples_of_its_window() {
        let mut bucket = Bucket::new(Limit::try_new(100, secs(60)).unwrap().at_once());
        bucket.take(secs(50), 100);
        assert_eq!((bucket.remaining(ms(59_999)), bucket.remaining(secs(60))), (0, 100));
        assert_eq!(bucket.figure(secs(50)).next, secs(10));
        bucket.take(secs(60), 250);
        assert_eq!(bucket.wait(secs(70), 1), secs(110), "a debt is paid by one renewal after the other");
        assert_eq!(bucket.wait(secs(70), 100), secs(170));
    }

    #[test]
    fn a_look_at_the_clock_that_comes_late_changes_nothing() {
        let mut bucket = bucket(600, 60);
        bucket.take(secs(3), 50);
        bucket.take(secs(2), 1);
        assert_eq!(bucket.remaining(secs(3)), 0);
        assert_eq!(bucket.wait(secs(3), 1), ms(200));
    }

    #[test]
    fn limits_without_sense_are_refused() {
        assert_eq!(Limit::try_new(0, secs(60)), Err(Unusable::Nothing));
        assert_eq!(Limit::try_new(u64::MAX, secs(60)), Err(Unusable::TooMuch));
        assert_eq!(Limit::try_new(1, Duration::ZERO), Err(Unusable::Window));
        assert_eq!(Limit::try_new(1, Duration::MAX), Err(Unusable::Window));
        let most = Bucket::new(Limit::try_new(MOST, LONGEST).unwrap());
        assert_eq!(most.wait(Duration::MAX, u64::MAX), Duration::ZERO, "the largest figures do not overflow");
    }

    fn limits() -> impl Strategy<Value = Limit> {
        (1u64..5000, prop::sample::select(vec![1u64, 10, 60, 3600]), any::<bool>(), 1u64..60).prop_map(
            |(amount, window, at_once, burst)| {
                let limit = Limit::try_new(amount, secs(window)).unwrap();
                if at_once { limit.at_once() } else { limit.with_burst(secs(burst)) }
            },
        )
    }

    proptest! {
        #[test]
        fn no_window_grants_more_than_the_limit_and_one_bucket(
            limit in limits(),
            tries in prop::collection::vec((0u64..3000, 1u64..50), 1..300),
        ) {
            let mut bucket = Bucket::new(limit);
            let (mut now, mut granted) = (Duration::ZERO, Vec::new());
            for (gap, count) in tries {
                now += ms(gap);
                let count = count.min(limit.amount());
                if bucket.wait(now, count).is_zero() {
                    bucket.take(now, count);
                    granted.push((now, count));
                }
            }
            let largest = granted.iter().map(|(_, count)| *count).max().unwrap_or(0);
            let held = match limit.refill() {
                Refill::Continuous { burst } => limit.amount() as f64 * burst.as_secs_f64() / limit.window().as_secs_f64(),
                Refill::AtOnce => limit.amount() as f64,
            };
            let bound = limit.amount() as f64 + held.max(1.0) + largest as f64;
            for (i, (from, _)) in granted.iter().enumerate() {
                let inside = granted[i..].iter().take_while(|(at, _)| *at < *from + limit.window());
                let sum: u64 = inside.map(|(_, count)| count).sum();
                prop_assert!(sum as f64 <= bound + 1e-6, "{sum} from {from:?}, at most {bound}");
            }
        }

        #[test]
        fn after_the_wait_it_fits_and_a_millisecond_before_it_does_not(
            limit in limits(),
            used in prop::collection::vec((0u64..2000, 1u64..200), 0..20),
            count in 1u64..5000,
        ) {
            let mut bucket = Bucket::new(limit);
            let mut now = Duration::ZERO;
            for (gap, count) in used {
                now += ms(gap);
                bucket.take(now, count);
            }
            let wait = bucket.wait(now, count);
            prop_assert_eq!(bucket.wait(now + wait, count), Duration::ZERO);
            if wait > ms(1) {
                prop_assert!(!bucket.wait(now + wait - ms(1), count).is_zero());
            }
        }
    }
}
