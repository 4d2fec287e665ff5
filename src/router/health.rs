//! What the router knows about one target: breaker, retry budget, quality window, rest, and how long its answers take.
//!
//! Rules:
//! - A [`Pass`] is the right to make one call. Dropped without a verdict (a cancelled request) it returns its permit and
//!   says nothing about the target.
//! - What a grader says has a quality window of its own: in the other one its few verdicts would drown among the answers
//!   that nobody has looked at.
//! - The median of answers is known after 20 of them, over the newest 64.
//! - The moving average of their times weighs the newest with a fifth.

use super::config::Target;
use super::policy::alerts::{Alert, Alerts, Sign};
use super::policy::breaker::{Admission, Breaker, Health as Verdict, Permit, Transition};
use super::policy::budget::RetryBudget;
use super::policy::decide::{Effect, LONG};
use super::policy::quality::Quality;
use super::policy::rolling::{Estimate, Rolling};
use super::policy::shared::Notices;
use crate::event::{BreakerReading, BreakerState, Name, SkipReason};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const SAMPLES: usize = 64;
const ENOUGH: usize = 20;
const NEWEST: f64 = 0.2;

/// What the replicas of a router share of a target.
pub(super) type Shared = Arc<Mutex<Notices>>;

/// The state of one target at one replica, shared by all its requests.
#[derive(Debug)]
pub(super) struct Health {
    pub(super) name: Name,
    open_for: Duration,
    replica: u16,
    shared: Option<Shared>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    breaker: Breaker,
    budget: RetryBudget,
    quality: Quality,
    graded: Quality,
    measured: Rolling,
    alerts: Alerts,
    rests_until: Duration,
    took: Vec<Duration>,
    newest: usize,
    average: Option<Duration>,
    in_flight: u32,
    /// The last decision of another replica that it took over.
    heard: u64,
}

/// What the order of a chain depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) demoted: bool,
    /// The moving average of answer times.
    pub(super) average: Option<Duration>,
    pub(super) in_flight: u32,
}

/// What a recorded verdict changed.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) reading: BreakerReading,
    pub(super) transition: Option<Transition>,
    pub(super) demoted_until: Option<Duration>,
    pub(super) alerts: Vec<Alert>,
}

impl Health {
    pub(super) fn new(target: &Target, replica: u16, shared: Option<Shared>) -> Self {
        Self {
            name: Arc::clone(&target.name),
            open_for: target.breaker.open_for,
            replica,
            shared,
            state: Mutex::new(State {
                breaker: Breaker::new(target.breaker),
                budget: RetryBudget::new(target.budget, Duration::ZERO),
                quality: Quality::new(target.quality),
                graded: Quality::new(target.quality),
                measured: Rolling::default(),
                alerts: Alerts::default(),
                rests_until: Duration::ZERO,
                took: Vec::new(),
                newest: 0,
                average: None,
                in_flight: 0,
                heard: 0,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the right to make a call. `tell` hears of a change of the breaker before anybody else can cause another.
    pub(super) fn admit(
        self: &Arc<Self>,
        now: Duration,
        luck: f64,
        first_here: bool,
        mut tell: impl FnMut(Transition),
    ) -> Result<Pass, SkipReason> {
        let mut state = self.state();
        if let Some(transition) = self.catch_up(&mut state, now, luck) {
            tell(transition);
        }
        if now < state.rests_until {
            return Err(SkipReason::SetAside);
        }
        let (admission, transition) = state.breaker.admit(now, luck);
        if let Some(transition) = transition {
            self.spread(&transition, now);
            tell(transition);
        }
        match admission {
            Admission::Granted(permit) => {
                if first_here {
                    state.budget.earn(now);
                }
                state.in_flight += 1;
                Ok(Pass { health: Arc::clone(self), permit: Some(permit) })
            }
            Admission::Open { .. } => Err(SkipReason::BreakerOpen),
            Admission::Recovering => Err(SkipReason::Recovering),
        }
    }

    /// Takes over what other replicas have decided.
    fn catch_up(&self, state: &mut State, now: Duration, luck: f64) -> Option<Transition> {
        let notices = self.shared.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let news = notices.news(self.replica, now, &mut state.heard)?;
        state.breaker.learn(now, news.bad_until, luck)
    }

    /// Lets the other replicas know that the breaker opened or closed.
    fn spread(&self, transition: &Transition, now: Duration) {
        if let Some(shared) = self.shared.as_ref().filter(|_| transition.to != BreakerState::HalfOpen) {
            let mut notices = shared.lock().unwrap_or_else(PoisonError::into_inner);
            notices.tell(self.replica, now, transition.probe_at);
        }
    }

    /// Whether a call at `at` is certain to be turned away.
    pub(super) fn is_open_at(&self, at: Duration) -> bool {
        self.state().breaker.is_open_at(at)
    }

    /// Whether its breaker lets all traffic pass.
    pub(super) fn is_closed(&self) -> bool {
        self.state().breaker.state() == BreakerState::Closed
    }

    /// Until when the target rests, if it does.
    pub(super) fn rests_until(&self, now: Duration) -> Option<Duration> {
        Some(self.state().rests_until).filter(|&until| now < until)
    }

    /// Lets the target rest. Returns whether that is news.
    pub(super) fn rest(&self, until: Duration) -> bool {
        let mut state = self.state();
        let news = until > state.rests_until;
        state.rests_until = state.rests_until.max(until);
        news
    }

    pub(super) fn standing(&self, now: Duration) -> Standing {
        let state = self.state();
        let demoted = state.quality.is_demoted(now) || state.graded.is_demoted(now);
        Standing { demoted, average: state.average, in_flight: state.in_flight }
    }

    /// Takes in a grader's verdict on one of its answers. Returns until when the target is demoted, if this demoted it.
    pub(super) fn graded(&self, now: Duration, good: bool) -> Option<Duration> {
        let mut state = self.state();
        state.measured.record(good);
        state.graded.record(now, !good)
    }

    /// What is known of the quality of its answers, once somebody has looked.
    pub(super) fn measured(&self) -> Option<Estimate> {
        self.state().measured.estimate()
    }

    pub(super) fn covers_retry(&self, now: Duration) -> bool {
        self.state().budget.covers_one(now)
    }

    pub(super) fn spend_retry(&self, now: Duration) {
        self.state().budget.spend(now);
    }

    /// The median duration of its answers, once there are enough.
    pub(super) fn median(&self) -> Option<Duration> {
        let state = self.state();
        if state.took.len() < ENOUGH {
            return None;
        }
        let mut took = state.took.clone();
        let middle = took.len() / 2;
        Some(*took.select_nth_unstable(middle).1)
    }
}

/// The right to make one call to a target.
#[derive(Debug)]
pub(super) struct Pass {
    health: Arc<Health>,
    permit: Option<Permit>,
}

impl Pass {
    pub(super) fn is_probe(&self) -> bool {
        self.permit.as_ref().is_some_and(Permit::is_probe)
    }

    /// Hands the pass back with what the call said about the target. `tell` hears what it changed before anybody else
    /// can change more.
    pub(super) fn record(
        mut self,
        effect: Effect,
        sign: &Sign<'_>,
        took: Duration,
        now: Duration,
        luck: f64,
        tell: impl FnOnce(Recorded),
    ) {
        let Some(permit) = self.permit.take() else { return };
        let mut guard = self.health.state();
        let state = &mut *guard;
        state.in_flight -= 1;
        let breaker = &mut state.breaker;
        let transition = match effect {
            Effect::Open => breaker.force_open(&permit, now, self.health.open_for, "the key is not accepted"),
            Effect::OpenLong => breaker.force_open(&permit, now, LONG, "only people can mend this"),
            _ => breaker.record(&permit, verdict(effect, took, permit.is_probe()), now, luck),
        };
        if let Some(transition) = &transition {
            self.health.spread(transition, now);
        }
        let demoted_until = match effect {
            Effect::Success => state.quality.record(now, false),
            Effect::BadAnswer => state.quality.record(now, true),
            _ => None,
        };
        if effect == Effect::Success {
            let before = state.average.unwrap_or(took);
            state.average = Some(before.mul_f64(1.0 - NEWEST) + took.mul_f64(NEWEST));
            if state.took.len() < SAMPLES {
                state.took.push(took);
            } else {
                let newest = state.newest;
                state.took[newest] = took;
            }
            state.newest = (state.newest + 1) % SAMPLES;
        }
        let alerts = state.alerts.hear(sign, transition.as_ref());
        let reading = BreakerReading { replica: self.health.replica, ..state.breaker.reading(now) };
        tell(Recorded { reading, transition, demoted_until, alerts });
    }
}

/// What an effect is to a breaker.
fn verdict(effect: Effect, took: Duration, probe: bool) -> Verdict {
    match effect {
        Effect::Success => Verdict::Success { took },
        Effect::Failure => Verdict::Failure { slow: false },
        Effect::SlowFailure => Verdict::Failure { slow: true },
        Effect::Alive | Effect::BadAnswer if probe => Verdict::Success { took },
        _ => Verdict::Silent,
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let mut state = self.health.state();
            state.in_flight -= 1;
            state.breaker.record(&permit, Verdict::Silent, Duration::ZERO, 0.0);
        }
    }
}
