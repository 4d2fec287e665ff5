//! The decision table: what to do after an attempt, as a pure function.
//!
//! | class | retry same target | next hop | health |
//! | --- | --- | --- | --- |
//! | ok | – | – | success |
//! | rate_limited | if the wait is short enough (with another key: backed off) | yes | set aside |
//! | quota_exhausted | no (another key of the pool: at once) | yes | shut that key for long |
//! | overloaded | if the wait is short enough | yes | failure |
//! | server_error | once, backed off | yes | failure |
//! | connect | once, at once | yes | failure |
//! | interrupted | once, at once | yes | failure |
//! | timeout | no (`retry_timeouts`: once) | yes | failure and slow |
//! | bad_request | no | no: surface | alive |
//! | context_length | no | only to a larger window | alive |
//! | auth | no (another key of the pool: at once) | yes | shut that key |
//! | model_gone | no | yes | open long |
//! | content_policy | no | no: surface | alive |
//! | malformed | once, at once | yes | quality window |
//! | schema | once, at once, stricter prompt | yes | quality window |
//! | cancelled | no | no: surface | silent |
//!
//! This is the table a chain has unless it says otherwise: a [`Table`] is data, so that overrides, triggers and whole
//! other routers are tables too.
//!
//! On top of every row:
//! - Once a token has reached the client nothing is retried. Where the chain continues streams, the next target goes on
//!   from what was given; where it does not, the stream ends with an error, which is the client's own where the row says
//!   surface. A target that will not go on from a partial answer has said nothing about the request.
//! - `max_attempts` bounds all attempts on one target, "once" the retries of one class there.
//! - A wait must be at most `wait_up_to`, and leave `min_hop_time` before the deadline.
//! - A retry must be covered by the retry budget, and the target must be going to admit it: a breaker that this very
//!   failure opened will not. Moving on needs neither.
//!
//! Which target is next, and whether there is one, is the driver's business.

use crate::event::Class;
use std::time::Duration;

/// Whether the same target is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Never.
    No,
    /// As often as `max_attempts` allows, after the wait the provider asked for, else after backoff.
    WithinWait,
    /// Once, after backoff.
    OnceBackedOff,
    /// Once, without a wait.
    OnceAtOnce,
    /// Once, without a wait, if the chain retries timeouts.
    IfTimeoutsAre,
}

/// Whether the request may move on to another target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Yes.
    Yes,
    /// Only to a target with a larger context window; else the error is the client's.
    LargerWindow,
    /// No: the client gets the error, which is its own.
    Surface,
    /// No: the request ends as if this had been the last target.
    Stop,
}

/// What the attempt says about its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A success for the breaker and a good answer for the quality window.
    Success,
    /// A failure for the breaker.
    Failure,
    /// A failure for the breaker that also counts as slow.
    SlowFailure,
    /// Nothing for the breaker; the target rests until the time it asked for.
    SetAside,
    /// The breaker opens at once for the chain's ordinary open time; a probe finds out when it is over.
    Open,
    /// The breaker opens at once for [`LONG`].
    OpenLong,
    /// Nothing for the breaker of the target: the key is shut off there, for as long as its own breaker says. Whoever asks
    /// with another key does not notice.
    ShutKey,
    /// A bad answer for the quality window; the target is alive.
    BadAnswer,
    /// The target is alive: a success to a probe, nothing otherwise.
    Alive,
    /// Nothing at all; a probe's permit is returned.
    Silent,
}

/// How long a target stays closed off after a failure that only people can mend.
pub const LONG: Duration = Duration::from_secs(300);

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Whether the same target is tried again.
    pub retry: Retry,
    /// Whether the request may move on.
    pub next: Next,
    /// What it says about the target.
    pub effect: Effect,
}

/// What a chain does about each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table([Row; Class::ALL.len()]);

impl Default for Table {
    fn default() -> Self {
        Self(Class::ALL.map(row))
    }
}

impl Table {
    /// What is done about a class.
    #[must_use]
    pub fn row(&self, class: Class) -> Row {
        self.0[class as usize]
    }

    /// Changes the row of a class.
    pub fn set(&mut self, class: Class, row: Row) {
        self.0[class as usize] = row;
    }
}

/// A row of the table above.
fn row(class: Class) -> Row {
    let (retry, next, effect) = match class {
        Class::Ok => (Retry::No, Next::Surface, Effect::Success),
        Class::RateLimited => (Retry::WithinWait, Next::Yes, Effect::SetAside),
        Class::QuotaExhausted | Class::Auth => (Retry::No, Next::Yes, Effect::ShutKey),
        Class::Overloaded => (Retry::WithinWait, Next::Yes, Effect::Failure),
        Class::ServerError => (Retry::OnceBackedOff, Next::Yes, Effect::Failure),
        Class::Connect | Class::Interrupted => (Retry::OnceAtOnce, Next::Yes, Effect::Failure),
        Class::Timeout => (Retry::IfTimeoutsAre, Next::Yes, Effect::SlowFailure),
        Class::BadRequest | Class::ContentPolicy => (Retry::No, Next::Surface, Effect::Alive),
        Class::ContextLength => (Retry::No, Next::LargerWindow, Effect::Alive),
        Class::ModelGone => (Retry::No, Next::Yes, Effect::OpenLong),
        Class::Malformed | Class::Schema => (Retry::OnceAtOnce, Next::Yes, Effect::BadAnswer),
        Class::Cancelled => (Retry::No, Next::Surface, Effect::Silent),
    };
    Row { retry, next, effect }
}

/// Everything the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    /// What the attempt means.
    pub class: Class,
    /// Attempts this request has made on this target, this one included.
    pub attempts_here: u32,
    /// Retries already made on this target for this class.
    pub retries_of_class: u32,
    /// Attempts this request may still make on any target.
    pub attempts_left: u32,
    /// Whether a token has reached the client.
    pub token_delivered: bool,
    /// Whether the attempt was asked to go on from a partial answer.
    pub continued: bool,
    /// Whether it is a matter of the key, and there is another one to try.
    pub another_key: bool,
    /// The wait that the provider asked for, else the backoff; the backoff with another key.
    pub wait: Duration,
    /// Time left before the deadline.
    pub remaining: Duration,
    /// Whether the retry budget covers one more.
    pub budget: bool,
    /// Whether the target would admit a call after the wait, as far as can be said now.
    pub admits: bool,
}

/// The chain's limits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// All attempts on one target, the first included.
    pub max_attempts: u32,
    /// The longest wait that is sat out on the same target.
    pub wait_up_to: Duration,
    /// Whether timeouts are retried.
    pub retry_timeouts: bool,
    /// A call is not started with less time than this left.
    pub min_hop_time: Duration,
    /// Whether another target may go on with a stream that broke.
    pub continues: bool,
    /// Whether what came of a stream that broke is taken for the answer.
    pub takes_parts: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Give the answer to the client.
    Serve,
    /// Try the same target again after this wait.
    Retry {
        /// How long to wait first.
        wait: Duration,
    },
    /// Move on to the next target.
    Next,
    /// Move on, but only to a target with a larger context window.
    NextLarger,
    /// Give the error to the client: it is the client's own.
    Surface,
    /// Give up as if there were no further target.
    Stop,
    /// The stream has begun and cannot be mended: end it with an error.
    Abort,
}

/// What to do after an attempt.
#[must_use]
pub fn decide(s: &Situation, row: Row, limits: &Limits) -> Act {
    if s.class == Class::Ok {
        return Act::Serve;
    }
    if s.token_delivered && limits.takes_parts && s.class != Class::Cancelled {
        return Act::Serve;
    }
    if s.token_delivered {
        let refused_to_go_on = s.continued && s.class == Class::BadRequest;
        return match row.next {
            Next::Surface if !refused_to_go_on => Act::Surface,
            Next::LargerWindow if limits.continues => Act::NextLarger,
            Next::Yes | Next::Surface if limits.continues => Act::Next,
            _ => Act::Abort,
        };
    }
    let (allowed, wait) = match row.retry {
        Retry::No => (s.another_key && row.effect == Effect::ShutKey, Duration::ZERO),
        Retry::WithinWait => (s.wait <= limits.wait_up_to, s.wait),
        Retry::OnceBackedOff => (s.retries_of_class == 0 && s.wait <= limits.wait_up_to, s.wait),
        Retry::OnceAtOnce => (s.retries_of_class == 0, Duration::ZERO),
        Retry::IfTimeoutsAre => (limits.retry_timeouts && s.retries_of_class == 0, Duration::ZERO),
    };
    let affordable = s.attempts_here < limits.max_attempts
        && s.attempts_left > 0
        && s.budget
        && s.admits
        && wait + limits.min_hop_time <= s.remaining;
    match row.next {
        _ if allowed && affordable => Act::Retry { wait },
        Next::Yes => Act::Next,
        Next::LargerWindow => Act::NextLarger,
        Next::Surface => Act::Surface,
        Next::Stop => Act::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const LIMITS: Limits = Limits {
        max_attempts: 3,
        wait_up_to: Duration::from_secs(1),
        retry_timeouts: false,
        min_hop_time: Duration::from_millis(100),
        continues: false,
        takes_parts: false,
    };

    fn after(class: Class) -> Situation {
        Situation {
            class,
            attempts_here: 1,
            retries_of_class: 0,
            attempts_left: 5,
            token_delivered: false,
            continued: false,
            another_key: false,
            wait: Duration::from_millis(200),
            remaining: Duration::from_secs(10),
            budget: true,
            admits: true,
        }
    }

    fn act(s: &Situation, limits: &Limits) -> Act {
        decide(s, row(s.class), limits)
    }

    const BACKED_OFF: Act = Act::Retry { wait: Duration::from_millis(200) };
    const AT_ONCE: Act = Act::Retry { wait: Duration::ZERO };

    /// The table of the module's docs, cell by cell: the first act, and the act after one retry of the same class.
    #[rstest]
    #[case(Class::Ok, Act::Serve, Act::Serve, Effect::Success)]
    #[case(Class::RateLimited, BACKED_OFF, BACKED_OFF, Effect::SetAside)]
    #[case(Class::QuotaExhausted, Act::Next, Act::Next, Effect::ShutKey)]
    #[case(Class::Overloaded, BACKED_OFF, BACKED_OFF, Effect::Failure)]
    #[case(Class::ServerError, BACKED_OFF, Act::Next, Effect::Failure)]
    #[case(Class::Connect, AT_ONCE, Act::Next, Effect::Failure)]
    #[case(Class::Interrupted, AT_ONCE, Act::Next, Effect::Failure)]
    #[case(Class::Timeout, Act::Next, Act::Next, Effect::SlowFailure)]
    #[case(Class::BadRequest, Act::Surface, Act::Surface, Effect::Alive)]
    #[case(Class::ContextLength, Act::NextLarger, Act::NextLarger, Effect::Alive)]
    #[case(Class::Auth, Act::Next, Act::Next, Effect::ShutKey)]
    #[case(Class::ModelGone, Act::Next, Act::Next, Effect::OpenLong)]
    #[case(Class::ContentPolicy, Act::Surface, Act::Surface, Effect::Alive)]
    #[case(Class::Malformed, AT_ONCE, Act::Next, Effect::BadAnswer)]
    #[case(Class::Schema, AT_ONCE, Act::Next, Effect::BadAnswer)]
    #[case(Class::Cancelled, Act::Surface, Act::Surface, Effect::Silent)]
    fn each_row_of_the_table_acts_as_it_is_written(
        #[case] class: Class,
        #[case] first: Act,
        #[case] second: Act,
        #[case] effect: Effect,
    ) {
        assert_eq!(act(&after(class), &LIMITS), first);
        let again = Situation { attempts_here: 2, retries_of_class: 1, ..after(class) };
        assert_eq!(act(&again, &LIMITS), second);
        assert_eq!(row(class).effect, effect);
    }

    #[test]
    fn timeouts_are_retried_once_where_the_chain_says_so() {
        let limits = Limits { retry_timeouts: true, ..LIMITS };
        assert_eq!(act(&after(Class::Timeout), &limits), AT_ONCE);
        let again = Situation { attempts_here: 2, retries_of_class: 1, ..after(Class::Timeout) };
        assert_eq!(act(&again, &limits), Act::Next);
    }

    #[test]
    fn a_refused_key_is_rotated_at_once_and_within_the_bounds_of_any_retry() {
        for class in [Class::Auth, Class::QuotaExhausted] {
            let s = Situation { another_key: true, ..after(class) };
            assert_eq!(act(&s, &LIMITS), AT_ONCE);
            assert_eq!(act(&Situation { attempts_here: 3, ..s }, &LIMITS), Act::Next);
            assert_eq!(act(&Situation { token_delivered: true, ..s }, &LIMITS), Act::Abort);
        }
    }

    #[test]
    fn a_part_is_served_for_the_whole_only_where_the_chain_says_so_and_somebody_is_there() {
        let limits = Limits { takes_parts: true, ..LIMITS };
        let broken = Situation { token_delivered: true, ..after(Class::Interrupted) };
        assert_eq!([act(&broken, &limits), act(&broken, &LIMITS)], [Act::Serve, Act::Abort]);
        assert_eq!(act(&after(Class::Interrupted), &limits), act(&after(Class::Interrupted), &LIMITS));
        let gone = Situation { class: Class::Cancelled, ..broken };
        assert_eq!(act(&gone, &limits), Act::Surface);
    }

    #[test]
    fn a_wait_beyond_what_the_chain_sits_out_moves_on() {
        let s = Situation { wait: Duration::from_millis(1001), ..after(Class::RateLimited) };
        assert_eq!(act(&s, &LIMITS), Act::Next);
    }

    #[test]
    fn a_wait_that_does_not_fit_the_deadline_moves_on() {
        let s = Situation { remaining: Duration::from_millis(299), ..after(Class::RateLimited) };
        assert_eq!(act(&s, &LIMITS), Act::Next);
    }

    #[test]
    fn without_retry_budget_it_moves_on() {
        assert_eq!(act(&Situation { budget: false, ..after(Class::Overloaded) }, &LIMITS), Act::Next);
    }

    #[test]
    fn a_target_that_has_just_been_closed_off_is_not_waited_for() {
        assert_eq!(act(&Situation { admits: false, ..after(Class::Overloaded) }, &LIMITS), Act::Next);
    }

    #[test]
    fn the_attempts_on_one_target_and_in_all_are_bounded() {
        assert_eq!(act(&Situation { attempts_here: 3, ..after(Class::RateLimited) }, &LIMITS), Act::Next);
        assert_eq!(act(&Situation { attempts_left: 0, ..after(Class::RateLimited) }, &LIMITS), Act::Next);
    }

    fn any_situation() -> impl Strategy<Value = Situation> {
        (
            proptest::sample::select(&Class::ALL[..]),
            1u32..9,
            0u32..9,
            0u32..9,
            any::<bool>(),
            0u64..90_000,
            0u64..90_000,
            any::<bool>(),
        )
            .prop_map(|(class, here, of_class, left, token, wait, remaining, budget)| Situation {
                class,
                attempts_here: here,
                retries_of_class: of_class,
                attempts_left: left,
                token_delivered: token,
                continued: false,
                another_key: false,
                wait: Duration::from_millis(wait),
                remaining: Duration::from_millis(remaining),
                budget,
                admits: true,
            })
    }

    proptest! {
        #[test]
        fn the_clients_own_errors_are_never_retried_nor_rerouted(s in any_situation()) {
            let act = act(&s, &LIMITS);
            if matches!(s.class, Class::BadRequest | Class::ContentPolicy | Class::Cancelled) {
                prop_assert!(matches!(act, Act::Surface));
            }
        }

        #[test]
        fn a_retry_always_fits_every_limit(s in any_situation(), timeouts in any::<bool>()) {
            let limits = Limits { retry_timeouts: timeouts, ..LIMITS };
            if let Act::Retry { wait } = act(&s, &limits) {
                prop_assert!(s.attempts_here < limits.max_attempts && s.attempts_left > 0 && s.budget);
                prop_assert!(wait <= limits.wait_up_to && wait + limits.min_hop_time <= s.remaining);
                prop_assert!(!s.token_delivered);
            }
        }

        #[test]
        fn after_a_delivered_token_nothing_is_sent_elsewhere(s in any_situation()) {
            if s.token_delivered {
                let act = act(&s, &LIMITS);
                prop_assert!(matches!(act, Act::Serve | Act::Abort | Act::Surface));
                prop_assert_eq!(act == Act::Serve, s.class == Class::Ok);
                let clients = matches!(s.class, Class::BadRequest | Class::ContentPolicy | Class::Cancelled);
                prop_assert_eq!(act == Act::Surface, clients, "a block after some text is no outage");
            }
        }

        #[test]
        fn a_stream_that_may_go_on_elsewhere_is_never_retried_where_it_broke(s in any_situation(), continued in any::<bool>()) {
            let limits = Limits { continues: true, ..LIMITS };
            let s = Situation { token_delivered: true, continued, ..s };
            let act = act(&s, &limits);
            let elsewhere = !matches!(act, Act::Retry { .. } | Act::Stop);
            prop_assert!(elsewhere);
            if matches!(s.class, Class::ContentPolicy | Class::Cancelled) {
                prop_assert_eq!(act, Act::Surface);
            }
            if s.class == Class::BadRequest {
                prop_assert_eq!(act, if continued { Act::Next } else { Act::Surface });
            }
        }
    }
}
