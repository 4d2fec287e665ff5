//! Synthetic health checks: calls that the router makes by itself, so that a target nobody uses is not found dead by the
//! first request that needs it. What their results do to its breaker:
//!
//! | kind | so many failures in a row | further ones | a success |
//! | --- | --- | --- | --- |
//! | completion | opens a closed breaker | keep an open one from probing until the next check has spoken | an open breaker admits a probe at once |
//! | models | opens a closed breaker | nothing: it probes after its ordinary open time | only if a check opened it |
//!
//! Rules:
//! - Live traffic knows better. A call of a client that is answered ends a row of failures, and no check closes a breaker:
//!   at most it lets a live probe go earlier.
//! - A list of models can lie both ways, since another part of the vendor serves it. So a healthy one never counts against
//!   what live traffic has found, and a failing one closes nothing off for longer than the breaker does anyway.
//! - While a breaker is half-open, live probes decide; a check says nothing then.
//! - What is about the key, the limits or the question, is about neither health nor illness.

use crate::event::{CheckKind, Class};
use std::time::Duration;

/// What is asked of a target, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// What.
    pub kind: CheckKind,
    /// The time from one check to the next; longer than `timeout`.
    pub every: Duration,
    /// So many failures in a row count; at least 1.
    pub failures: u32,
    /// A check that takes longer has failed.
    pub timeout: Duration,
}

impl Params {
    /// Checks unless told otherwise.
    pub const DEFAULT: Self = Self {
        kind: CheckKind::Completion,
        every: Duration::from_secs(10),
        failures: 3,
        timeout: Duration::from_secs(2),
    };

    /// When the first check is due: at a time of its own, within the first interval. `luck` in `[0, 1)`.
    #[must_use]
    pub fn first(&self, luck: f64) -> Duration {
        Duration::from_millis(libm::ceil(self.every.as_secs_f64() * 1e3 * (1.0 - luck)) as u64)
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It works.
    Well,
    /// It does not.
    Ill,
    /// Neither.
    Nothing,
}

impl Found {
    /// What an outcome says of a target.
    #[must_use]
    pub fn of(class: Class) -> Self {
        use Class as C;
        match class {
            C::Ok => Self::Well,
            C::Overloaded | C::ServerError | C::Connect | C::Interrupted | C::Timeout | C::ModelGone | C::Malformed => {
                Self::Ill
            }
            C::RateLimited | C::QuotaExhausted | C::Auth => Self::Nothing,
            C::BadRequest | C::ContextLength | C::ContentPolicy | C::Schema | C::Cancelled => Self::Nothing,
        }
    }
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A closed breaker opens; an open one admits no probe before `keep`, if that is given.
    Open {
        /// When the next check will have spoken.
        keep: Option<Duration>,
    },
    /// An open breaker admits a probe at once; where `own_only` is set, only one that a check has opened.
    Probe {
        /// Whether it is left to live traffic what live traffic has opened.
        own_only: bool,
    },
}

/// The checks of one target at one replica.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checks {
    failed: u32,
}

impl Checks {
    /// A client's call was answered.
    pub fn answered(&mut self) {
        self.failed = 0;
    }

    /// Takes in what a check found; returns what is to be done about it.
    pub fn hear(&mut self, params: &Params, found: Found, now: Duration) -> Option<Act> {
        match found {
            Found::Nothing => None,
            Found::Well => {
                self.failed = 0;
                Some(Act::Probe { own_only: params.kind == CheckKind::Models })
            }
            Found::Ill => {
                self.failed = self.failed.saturating_add(1);
                let keep = (params.kind == CheckKind::Completion).then_some(now + params.every + params.timeout);
                (self.failed >= params.failures).then_some(Act::Open { keep })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::breaker::{self, Admission, Breaker, Health};
    use super::*;
    use crate::event::BreakerState;
    use proptest::prelude::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const COMPLETION: Params = Params { kind: CheckKind::Completion, every: s(5), failures: 3, timeout: s(2) };
    const MODELS: Params = Params { kind: CheckKind::Models, ..COMPLETION };

    #[test]
    fn only_failures_in_a_row_count_and_an_answer_to_a_client_ends_the_row() {
        let mut checks = Checks::default();
        let ill = |checks: &mut Checks| checks.hear(&MODELS, Found::Ill, s(9)).is_some();
        assert_eq!([ill(&mut checks), ill(&mut checks)], [false, false]);
        checks.answered();
        assert_eq!([ill(&mut checks), ill(&mut checks), ill(&mut checks)], [false, false, true]);
        checks.hear(&MODELS, Found::Nothing, s(9));
        assert!(ill(&mut checks), "what says nothing ends nothing");
        checks.hear(&MODELS, Found::Well, s(9));
        assert!(!ill(&mut checks));
    }

    #[test]
    fn only_a_completion_keeps_an_open_breaker_from_probing_and_ends_what_live_traffic_began() {
        let third = |params: &Params| {
            let mut checks = Checks { failed: 2 };
            [checks.hear(params, Found::Ill, s(9)), checks.hear(params, Found::Well, s(14))]
        };
        let probe = |own_only| Some(Act::Probe { own_only });
        assert_eq!(third(&COMPLETION), [Some(Act::Open { keep: Some(s(16)) }), probe(false)]);
        assert_eq!(third(&MODELS), [Some(Act::Open { keep: None }), probe(true)]);
    }

    #[test]
    fn checks_begin_within_the_first_interval_at_whole_milliseconds() {
        assert_eq!(
            [0.0, 0.5, 0.9999].map(|luck| COMPLETION.first(luck)),
            [s(5), Duration::from_millis(2500), Duration::from_millis(1)]
        );
    }

    #[test]
    fn what_is_about_keys_limits_or_the_question_says_nothing_of_health() {
        let says_nothing = |class: &Class| Found::of(*class) == Found::Nothing;
        let silent: Vec<&str> = Class::ALL.iter().filter(|c| says_nothing(c)).map(|c| c.as_str()).collect();
        let expected = "rate_limited quota_exhausted bad_request context_length auth content_policy schema cancelled";
        assert_eq!(silent.join(" "), expected);
    }

    proptest! {
        /// Whatever checks and clients' calls say in whatever order: a check alone closes no breaker, and a list of models
        /// never shortens an opening that live traffic began.
        #[test]
        fn no_check_closes_a_breaker_and_no_list_of_models_shortens_what_live_traffic_began(
            steps in proptest::collection::vec((0u8..4, 1u64..4), 1..200), models in proptest::bool::ANY,
        ) {
            let params = if models { MODELS } else { COMPLETION };
            let mut breaker = Breaker::new(breaker::Params { consecutive: Some(2), jitter: 0.0, ..breaker::Params::DEFAULT });
            let mut checks = Checks::default();
            let mut now = Duration::ZERO;
            let mut opened_live = None;
            for (what, gap) in steps {
                now += s(gap);
                let before = breaker.state();
                match what {
                    0 | 1 => {
                        let (admission, _) = breaker.admit(now, 0.0);
                        if let Admission::Granted(permit) = admission {
                            let success = Health::Success { took: s(1) };
                            let health = if what == 0 { success } else { Health::Failure { slow: false } };
                            if what == 0 {
                                checks.answered();
                            }
                            let opens = breaker.record(&permit, health, now, 0.0).filter(|t| t.to == BreakerState::Open);
                            opened_live = opens.and_then(|t| t.probe_at).or(opened_live);
                        }
                        if breaker.state() != BreakerState::Open {
                            opened_live = None;
                        }
                    }
                    found => {
                        let found = if found == 2 { Found::Well } else { Found::Ill };
                        if let Some(act) = checks.hear(&params, found, now) {
                            let turned = breaker.checked(act, now, 0.0);
                            prop_assert!(turned.is_none_or(|t| t.to == BreakerState::Open));
                        }
                        prop_assert!(breaker.state() == before || breaker.state() == BreakerState::Open);
                        if let (true, Some(until)) = (models, opened_live) {
                            prop_assert_eq!(breaker.opens_at(), until);
                        }
                    }
                }
            }
        }
    }
}
