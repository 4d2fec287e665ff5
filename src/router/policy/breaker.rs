//! The circuit breaker of one target.
//!
//! ```text
//!            rate or run of failures            open time over, next admission
//!   CLOSED ─────────────────────────────▶ OPEN ────────────────────────────────▶ HALF-OPEN
//!     ▲                                     ▲                                      │    │
//!     │                                     └────────── first failed probe ────────┘    │
//!     └──────────────────────── enough successful probes (then a ramp) ─────────────────┘
//! ```
//!
//! Rules:
//! - CLOSED trips when, with at least `min_calls` in the window, the failure rate or the slow rate reaches its limit
//!   (`>=`), or on `consecutive` failures in a row.
//! - The open time starts at `open_for`, doubles with every reopening that no recovery interrupted, is capped at
//!   `open_max`, and is lengthened by up to `jitter` (10 %) so that a fleet does not probe in step.
//! - HALF-OPEN has `half_open_calls` permits and needs as many successes. A success or a failure uses the permit up; an
//!   outcome that says nothing (429, client error, cancel) returns it. A probe that is out longer than `probe_for`
//!   counts as a failure. That must not be shorter than answers take, or a target that is well but slow never recovers.
//! - After closing, the admitted share climbs linearly from a tenth to all over `ramp`; the window starts empty.
//! - A result belongs to the epoch its call was admitted in: what a call from before the last transition says is not
//!   recorded.
//! - A synthetic check (`checks.rs`) opens it as a failure rate does, and moves when an open one probes; it never closes it.
//! - A permit is always given back exactly once; whoever drops it without a verdict returns it.

use super::checks::Act;
use super::window::{Counts, Window};
use crate::event::{BreakerReading, BreakerState};
use std::time::Duration;

/// When a breaker trips and how it recovers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// The span over which calls are counted.
    pub window: Duration,
    /// Trips at this share of failures among the calls in the window, 0 to 1 (`>=`).
    pub failure_rate: f64,
    /// Trips at this share of slow calls, 0 to 1 (`>=`); `None` never.
    pub slow_rate: Option<f64>,
    /// A successful call that took at least this long counts as slow; `None`: only timeouts do.
    pub slow_after: Option<Duration>,
    /// No rate is judged on fewer calls.
    pub min_calls: u32,
    /// Trips on this many failures in a row, whatever the rates; `None` never.
    pub consecutive: Option<u32>,
    /// How long it stays open the first time.
    pub open_for: Duration,
    /// Each reopening without a recovery between doubles the open time up to this.
    pub open_max: Duration,
    /// Probes in flight while half-open, and successes needed to close.
    pub half_open_calls: u32,
    /// How long a probe may take before it counts as failed; `None`: `open_for`.
    pub probe_for: Option<Duration>,
    /// After closing, the admitted share climbs from a tenth to all over this time; zero admits all at once.
    pub ramp: Duration,
    /// Open times are lengthened by up to this share, 0 to 1, so that a fleet does not probe in step.
    pub jitter: f64,
    /// Whether it opens at all; one that does not only counts.
    pub trips: bool,
    /// Who shares the breaker: its window sees the traffic of all of them, and it opens for all.
    pub group: Group,
}

/// The targets that share a breaker, because they fail together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Group {
    /// Nobody: every target has its own.
    #[default]
    Target,
    /// The models of a provider.
    Provider,
    /// What one vendor runs.
    Vendor,
    /// What is in one region.
    Region,
}

impl Params {
    /// What a breaker does unless told otherwise.
    pub const DEFAULT: Self = Self {
        window: Duration::from_secs(10),
        failure_rate: 0.5,
        slow_rate: None,
        slow_after: None,
        min_calls: 10,
        consecutive: None,
        open_for: Duration::from_secs(5),
        open_max: Duration::from_secs(60),
        half_open_calls: 3,
        probe_for: None,
        ramp: Duration::from_secs(3),
        jitter: 0.1,
        trips: true,
        group: Group::Target,
    };
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The right to make one call, to be handed back with [`Breaker::record`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit that is not handed back leaks"]
pub struct Permit {
    epoch: u64,
    probe: Option<u64>,
}

impl Permit {
    /// Whether the call probes a half-open breaker.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.probe.is_some()
    }
}

/// The answer to a request for admission.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// Go.
    Granted(Permit),
    /// The breaker is open until then.
    Open {
        /// When the next probe will be admitted.
        probe_at: Duration,
    },
    /// All probe permits are out, or the ramp holds this request back.
    Recovering,
}

/// What a call says about the health of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It works; the call took this long.
    Success {
        /// From dispatch to the last byte.
        took: Duration,
    },
    /// It does not.
    Failure {
        /// Whether it failed by being slow.
        slow: bool,
    },
    /// The call says nothing, for good or ill.
    Silent,
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: BreakerState,
    /// After.
    pub to: BreakerState,
    /// Why, in a few words.
    pub cause: &'static str,
    /// For an opening: when the next probe will be admitted.
    pub probe_at: Option<Duration>,
}

#[derive(Debug, Clone)]
enum State {
    Closed { since: Duration, ramping: bool },
    Open { until: Duration, by_check: bool },
    HalfOpen { probes: Vec<(u64, Duration)>, successes: u32 },
}

/// The breaker of one target.
#[derive(Debug, Clone)]
pub struct Breaker {
    params: Params,
    state: State,
    epoch: u64,
    window: Window,
    run_of_failures: u32,
    /// Openings since the last recovery; the exponent of the open time.
    reopened: u32,
    next_probe: u64,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self {
            params,
            state: State::Closed { since: Duration::ZERO, ramping: false },
            epoch: 0,
            window: Window::new(params.window),
            run_of_failures: 0,
            reopened: 0,
            next_probe: 0,
        }
    }

    /// The state as of the last call.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// What the window holds.
    pub fn reading(&mut self, now: Duration) -> BreakerReading {
        let counts = self.window.counts(now);
        BreakerReading { failure_rate: counts.failure_rate(), calls: counts.calls, replica: 0 }
    }

    /// May a call go out? `luck` in `[0, 1)` decides within the ramp. The transition, if any, happened first.
    pub fn admit(&mut self, now: Duration, luck: f64) -> (Admission, Option<Transition>) {
        let transition = self.expire(now, luck);
        let admission = match &mut self.state {
            State::Closed { since, ramping } => {
                if *ramping && now >= *since + self.params.ramp {
                    *ramping = false;
                }
                let held_back = *ramping && {
                    let passed = now.saturating_sub(*since).as_secs_f64() / self.params.ramp.as_secs_f64();
                    luck >= 0.1 + 0.9 * passed
                };
                if held_back {
                    Admission::Recovering
                } else {
                    Admission::Granted(Permit { epoch: self.epoch, probe: None })
                }
            }
            State::Open { until, .. } => Admission::Open { probe_at: *until },
            State::HalfOpen { probes, successes } => {
                if probes.len() as u32 + *successes < self.params.half_open_calls {
                    let id = self.next_probe;
                    self.next_probe += 1;
                    probes.push((id, now));
                    Admission::Granted(Permit { epoch: self.epoch, probe: Some(id) })
                } else {
                    Admission::Recovering
                }
            }
        };
        (admission, transition)
    }

    /// Takes back a permit with what its call says. `luck` in `[0, 1)` scatters the open time.
    pub fn record(&mut self, permit: &Permit, health: Health, now: Duration, luck: f64) -> Option<Transition> {
        if permit.epoch != self.epoch {
            return None;
        }
        match &mut self.state {
            State::Closed { .. } => {
                let (failed, slow) = match health {
                    Health::Success { took } => (false, self.params.slow_after.is_some_and(|limit| took >= limit)),
                    Health::Failure { slow } => (true, slow),
                    Health::Silent => return None,
                };
                self.window.record(now, failed, slow);
                self.run_of_failures = if failed { self.run_of_failures + 1 } else { 0 };
                let cause = self.tripped(self.window.clone().counts(now))?;
                Some(self.open(now, cause, luck))
            }
            State::HalfOpen { probes, successes } => {
                let id = permit.probe?;
                probes.retain(|(out, _)| *out != id);
                match health {
                    Health::Silent => None,
                    Health::Failure { .. } => Some(self.open(now, "a probe failed", luck)),
                    Health::Success { .. } => {
                        *successes += 1;
                        (*successes >= self.params.half_open_calls).then(|| self.close(now, "the probes succeeded"))
                    }
                }
            }
            State::Open { .. } => None,
        }
    }

    /// Takes back a permit whose call found what no rate needs to confirm: a quota, key or model that is gone. Opens,
    /// unless the call belongs to an earlier epoch.
    pub fn force_open(
        &mut self,
        permit: &Permit,
        now: Duration,
        open_for: Duration,
        cause: &'static str,
    ) -> Option<Transition> {
        (self.params.trips && permit.epoch == self.epoch).then(|| self.trip(now, open_for, cause))
    }

    /// As [`Self::force_open`], for the ordinary open time.
    pub fn open_at_once(
        &mut self,
        permit: &Permit,
        now: Duration,
        cause: &'static str,
        luck: f64,
    ) -> Option<Transition> {
        (self.params.trips && permit.epoch == self.epoch).then(|| self.open(now, cause, luck))
    }

    /// Does what a synthetic check asks for. `luck` in `[0, 1)` scatters the open time.
    pub fn checked(&mut self, act: Act, now: Duration, luck: f64) -> Option<Transition> {
        let opens = self.params.trips && matches!((act, &self.state), (Act::Open { .. }, State::Closed { .. }));
        let transition = opens.then(|| self.open(now, "health checks failed", luck));
        if let State::Open { until, by_check } = &mut self.state {
            *by_check |= opens;
            match act {
                Act::Open { keep: Some(next) } => *until = next.max(*until),
                Act::Probe { own_only } if *by_check || !own_only => *until = now.min(*until),
                _ => {}
            }
        }
        transition
    }

    /// Admits a call out of turn, which says nothing about the state.
    pub fn admit_anyway(&self) -> Permit {
        Permit { epoch: self.epoch, probe: None }
    }

    /// When it will next admit a call: zero unless it is open.
    #[must_use]
    pub fn opens_at(&self) -> Duration {
        match self.state {
            State::Open { until, .. } => until,
            _ => Duration::ZERO,
        }
    }

    /// Takes over what another replica decided: that the target is bad until then, or well again. `luck` in `[0, 1)`
    /// scatters the open time, so that not all of them probe when the first one does.
    pub fn learn(&mut self, now: Duration, bad_until: Option<Duration>, luck: f64) -> Option<Transition> {
        let scattered = |until: Duration| {
            let ms = (until - now).as_secs_f64() * (1.0 + self.params.jitter * luck) * 1e3;
            Duration::from_millis(libm::round(ms) as u64)
        };
        match (bad_until, &mut self.state) {
            (Some(until), _) if until <= now => None,
            (Some(until), State::Open { until: mine, .. }) => {
                *mine = (now + scattered(until)).max(*mine);
                None
            }
            (Some(until), _) => {
                let open_for = scattered(until);
                self.reopened += 1;
                Some(self.trip(now, open_for, "another replica opened it"))
            }
            (None, State::Closed { .. }) => None,
            (None, _) => Some(self.close(now, "another replica closed it")),
        }
    }

    /// Whether it will turn calls away until after `at` for certain.
    #[must_use]
    pub fn is_open_at(&self, at: Duration) -> bool {
        matches!(self.state, State::Open { until, .. } if until > at)
    }

    fn tripped(&self, counts: Counts) -> Option<&'static str> {
        if !self.params.trips {
            return None;
        }
        if self.params.consecutive.is_some_and(|n| self.run_of_failures >= n) {
            return Some("failures in a row");
        }
        if counts.calls < self.params.min_calls {
            return None;
        }
        if counts.failure_rate() >= self.params.failure_rate {
            return Some("failure rate");
        }
        self.params.slow_rate.filter(|&limit| counts.slow_rate() >= limit).map(|_| "slow rate")
    }

    fn expire(&mut self, now: Duration, luck: f64) -> Option<Transition> {
        match &self.state {
            State::Open { until, .. } if now >= *until => {
                self.state = State::HalfOpen { probes: Vec::new(), successes: 0 };
                self.epoch += 1;
                Some(Transition {
                    from: BreakerState::Open,
                    to: BreakerState::HalfOpen,
                    cause: "open time is over",
                    probe_at: None,
                })
            }
            State::HalfOpen { probes, .. } if probes.iter().any(|(_, out)| now > *out + self.patience()) => {
                Some(self.open(now, "a probe got no answer", luck))
            }
            _ => None,
        }
    }

    fn patience(&self) -> Duration {
        self.params.probe_for.unwrap_or(self.params.open_for)
    }

    fn open(&mut self, now: Duration, cause: &'static str, luck: f64) -> Transition {
        let grown = self.params.open_for.as_secs_f64() * libm::exp2(f64::from(self.reopened.min(30)));
        let capped = grown.min(self.params.open_max.max(self.params.open_for).as_secs_f64());
        let ms = libm::round(capped * (1.0 + self.params.jitter * luck) * 1e3);
        self.reopened += 1;
        self.trip(now, Duration::from_millis(ms as u64), cause)
    }

    fn trip(&mut self, now: Duration, open_for: Duration, cause: &'static str) -> Transition {
        let from = self.state();
        let until = now + open_for;
        self.state = State::Open { until, by_check: false };
        self.epoch += 1;
        self.run_of_failures = 0;
        Transition { from, to: BreakerState::Open, cause, probe_at: Some(until) }
    }

    fn close(&mut self, now: Duration, cause: &'static str) -> Transition {
        let from = self.state();
        self.state = State::Closed { since: now, ramping: self.params.ramp > Duration::ZERO };
        self.epoch += 1;
        self.reopened = 0;
        self.window.clear();
        Transition { from, to: BreakerState::Closed, cause, probe_at: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OK: Health = Health::Success { took: Duration::from_millis(300) };
    const BAD: Health = Health::Failure { slow: false };

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn call(b: &mut Breaker, at: Duration, health: Health) -> Option<Transition> {
        match b.admit(at, 0.5).0 {
            Admission::Granted(permit) => b.record(&permit, health, at, 0.0),
            refused => panic!("not admitted: {refused:?}"),
        }
    }

    fn tripped(params: Params) -> Breaker {
        let mut b = Breaker::new(params);
        for _ in 0..params.min_calls {
            call(&mut b, s(1.0), BAD);
        }
        assert_eq!(b.state(), BreakerState::Open);
        b
    }

    fn probe(b: &mut Breaker, at: Duration) -> Permit {
        match b.admit(at, 0.5).0 {
            Admission::Granted(permit) if permit.is_probe() => permit,
            other => panic!("no probe permit: {other:?}"),
        }
    }

    #[test]
    fn it_trips_at_the_rate_and_not_before_the_minimum_of_calls() {
        let mut b = Breaker::new(Params::default());
        for _ in 0..9 {
            assert_eq!(call(&mut b, s(1.0), BAD), None);
        }
        let opened = call(&mut b, s(1.0), BAD).expect("the tenth failure trips it");
        assert_eq!((opened.to, opened.cause), (BreakerState::Open, "failure rate"));
        assert_eq!(opened.probe_at, Some(s(6.0)));
    }

    #[test]
    fn what_another_replica_decided_is_taken_over_with_a_ramp_and_a_scattered_open_time() {
        let mut b = Breaker::new(Params { jitter: 0.5, ..Params::default() });
        assert_eq!(b.learn(s(1.0), Some(s(1.0)), 0.5), None, "over already");
        let opened = b.learn(s(1.0), Some(s(5.0)), 0.5).expect("news");
        assert_eq!((opened.from, opened.to), (BreakerState::Closed, BreakerState::Open));
        assert_eq!(opened.probe_at, Some(s(6.0)), "a quarter longer");
        assert_eq!(b.learn(s(2.0), Some(s(9.0)), 0.0), None);
        assert!(b.is_open_at(s(8.9)), "the longer of the two");
        let closed = b.learn(s(3.0), None, 0.0).expect("news");
        assert_eq!((closed.from, closed.to), (BreakerState::Open, BreakerState::Closed));
        assert_eq!(b.admit(s(3.0), 0.5).0, Admission::Recovering, "the ramp");
        assert_eq!(b.learn(s(3.0), None, 0.0), None);
    }

    #[test]
    fn a_call_from_before_another_replica_opened_says_nothing() {
        let mut b = Breaker::new(Params { consecutive: Some(1), ..Params::default() });
        let Admission::Granted(permit) = b.admit(s(1.0), 0.5).0 else { panic!("closed") };
        b.learn(s(2.0), Some(s(3.0)), 0.0);
        b.learn(s(2.5), None, 0.0);
        assert_eq!(b.record(&permit, BAD, s(2.6), 0.0), None);
    }

    #[test]
    fn just_under_the_rate_it_stays_closed_and_at_the_rate_it_opens() {
        let mut b = Breaker::new(Params { failure_rate: 0.5, ..Params::default() });
        for i in 0..19 {
            call(&mut b, s(1.0), if i < 10 { OK } else { BAD });
        }
        assert_eq!(b.state(), BreakerState::Closed, "9 of 19");
        call(&mut b, s(1.0), BAD);
        assert_eq!(b.state(), BreakerState::Open, "10 of 20");
    }

    #[test]
    fn failures_in_a_row_trip_it_below_the_minimum_of_calls() {
        let mut b = Breaker::new(Params { consecutive: Some(3), ..Params::default() });
        call(&mut b, s(0.0), BAD);
        call(&mut b, s(0.0), OK);
        call(&mut b, s(0.0), BAD);
        call(&mut b, s(0.0), BAD);
        assert_eq!(b.state(), BreakerState::Closed, "a success broke the run");
        assert_eq!(call(&mut b, s(0.0), BAD).expect("third in a row").cause, "failures in a row");
    }

    #[test]
    fn one_that_never_trips_counts_and_admits_everybody() {
        let mut b = Breaker::new(Params { trips: false, consecutive: Some(3), ..Params::default() });
        for _ in 0..50 {
            assert_eq!(call(&mut b, s(1.0), BAD), None);
        }
        let Admission::Granted(permit) = b.admit(s(1.0), 0.5).0 else { panic!("it is closed") };
        assert_eq!(b.force_open(&permit, s(1.0), s(9.0), "the key is not accepted"), None);
        assert_eq!(b.reading(s(1.0)), BreakerReading { failure_rate: 1.0, calls: 50, replica: 0 });
    }

    #[test]
    fn slow_successes_trip_the_slow_rate() {
        let params = Params { slow_rate: Some(0.5), slow_after: Some(s(2.0)), ..Params::default() };
        let mut b = Breaker::new(params);
        for _ in 0..9 {
            call(&mut b, s(1.0), Health::Success { took: s(2.0) });
        }
        let opened = call(&mut b, s(1.0), Health::Success { took: s(0.1) }).expect("nine of ten were slow");
        assert_eq!(opened.cause, "slow rate");
    }

    #[test]
    fn while_open_everybody_is_turned_away_until_the_probe_time() {
        let mut b = tripped(Params::default());
        assert_eq!(b.admit(s(5.999), 0.0).0, Admission::Open { probe_at: s(6.0) });
        let (admission, transition) = b.admit(s(6.0), 0.0);
        assert!(matches!(admission, Admission::Granted(p) if p.is_probe()));
        assert_eq!(transition.map(|t| t.to), Some(BreakerState::HalfOpen));
    }

    #[test]
    fn half_open_admits_as_many_probes_as_it_has_permits_and_closes_when_all_succeed() {
        let mut b = tripped(Params::default());
        let permits: Vec<Permit> = (0..3).map(|_| probe(&mut b, s(6.0))).collect();
        assert_eq!(b.admit(s(6.0), 0.0).0, Admission::Recovering);
        assert_eq!(b.record(&permits[0], OK, s(6.1), 0.0), None);
        assert_eq!(b.admit(s(6.1), 0.0).0, Admission::Recovering, "a used permit is not handed out again");
        assert_eq!(b.record(&permits[1], OK, s(6.2), 0.0), None);
        assert_eq!(b.record(&permits[2], OK, s(6.3), 0.0).map(|t| t.to), Some(BreakerState::Closed));
    }

    #[test]
    fn the_first_failed_probe_reopens_it_for_twice_as_long() {
        let mut b = tripped(Params::default());
        let permit = probe(&mut b, s(6.0));
        let reopened = b.record(&permit, BAD, s(6.5), 0.0).expect("reopens");
        assert_eq!((reopened.from, reopened.probe_at), (BreakerState::HalfOpen, Some(s(16.5))));
    }

    #[test]
    fn the_open_time_is_capped_and_a_recovery_resets_it() {
        let params = Params { half_open_calls: 1, open_max: s(8.0), ramp: Duration::ZERO, ..Params::default() };
        let mut b = tripped(params);
        let mut at = s(6.0);
        for expected in [8.0, 8.0] {
            let permit = probe(&mut b, at);
            let until = b.record(&permit, BAD, at, 0.0).and_then(|t| t.probe_at).expect("reopens");
            assert_eq!(until - at, s(expected));
            at = until;
        }
        let permit = probe(&mut b, at);
        b.record(&permit, OK, at, 0.0);
        for _ in 0..10 {
            call(&mut b, at, BAD);
        }
        assert_eq!(b.admit(at, 0.0).0, Admission::Open { probe_at: at + s(5.0) });
    }

    #[test]
    fn the_open_time_is_scattered_by_a_tenth() {
        let mut b = Breaker::new(Params { consecutive: Some(1), ..Params::default() });
        let Admission::Granted(permit) = b.admit(s(0.0), 0.0).0 else { panic!("closed") };
        assert_eq!(b.record(&permit, BAD, s(0.0), 1.0).and_then(|t| t.probe_at), Some(s(5.5)));
    }

    #[test]
    fn a_probe_that_says_nothing_returns_its_permit() {
        let mut b = tripped(Params { half_open_calls: 1, ..Params::default() });
        for i in 0..5 {
            let at = s(6.0 + f64::from(i));
            let permit = probe(&mut b, at);
            assert_eq!(b.admit(at, 0.0).0, Admission::Recovering);
            assert_eq!(b.record(&permit, Health::Silent, at, 0.0), None);
        }
        assert_eq!(b.state(), BreakerState::HalfOpen);
    }

    #[test]
    fn a_probe_without_an_answer_counts_as_failed_after_the_open_time() {
        let mut b = tripped(Params { half_open_calls: 1, ..Params::default() });
        let lost = probe(&mut b, s(6.0));
        assert_eq!(b.admit(s(11.0), 0.0), (Admission::Recovering, None));
        let (admission, transition) = b.admit(s(11.001), 0.0);
        assert!(matches!(admission, Admission::Open { .. }));
        assert_eq!(transition.map(|t| t.cause), Some("a probe got no answer"));
        assert_eq!(b.record(&lost, OK, s(11.5), 0.0), None, "its late answer belongs to another epoch");
    }

    #[test]
    fn a_target_that_is_well_but_slower_than_the_open_time_recovers() {
        let answers_take = s(2.0);
        let slow = |probe_for| {
            let open_for = s(1.0);
            let mut b = tripped(Params { open_for, probe_for, half_open_calls: 2, jitter: 0.0, ..Params::default() });
            let mut out: Vec<(Duration, Permit)> = Vec::new();
            for tenth in 20..200 {
                let now = s(f64::from(tenth) / 10.0);
                while let Some(at) = out.iter().position(|(sent, _)| *sent + answers_take <= now) {
                    let (sent, permit) = out.remove(at);
                    b.record(&permit, Health::Success { took: now - sent }, now, 0.0);
                }
                if let Admission::Granted(permit) = b.admit(now, 0.0).0 {
                    out.push((now, permit));
                }
            }
            b.state()
        };
        assert_ne!(slow(None), BreakerState::Closed, "its probes are given up before they can answer");
        assert_eq!(slow(Some(s(6.0))), BreakerState::Closed);
    }

    #[test]
    fn a_call_out_of_turn_changes_nothing_while_it_is_open_or_half_open() {
        let mut b = tripped(Params { half_open_calls: 1, ..Params::default() });
        assert_eq!(b.opens_at(), s(6.0));
        let out = b.admit_anyway();
        assert_eq!(b.record(&out, OK, s(2.0), 0.0), None);
        let probe = probe(&mut b, s(6.0));
        let out = b.admit_anyway();
        assert_eq!(b.record(&out, BAD, s(6.0), 0.0), None);
        assert_eq!(b.record(&probe, OK, s(6.0), 0.0).map(|t| t.to), Some(BreakerState::Closed));
    }

    #[test]
    fn results_of_calls_admitted_before_a_transition_are_not_recorded() {
        let mut b = Breaker::new(Params { consecutive: Some(1), ..Params::default() });
        let Admission::Granted(slow_call) = b.admit(s(0.0), 0.0).0 else { panic!("closed") };
        call(&mut b, s(1.0), BAD);
        let probe = probe(&mut b, s(6.0));
        assert_eq!(b.record(&slow_call, BAD, s(6.1), 0.0), None);
        assert_eq!(b.state(), BreakerState::HalfOpen);
        drop(probe);
    }

    #[test]
    fn after_closing_traffic_returns_on_a_ramp_rather_than_as_a_flood() {
        let mut b = tripped(Params { half_open_calls: 1, ramp: s(10.0), ..Params::default() });
        let permit = probe(&mut b, s(6.0));
        b.record(&permit, OK, s(6.0), 0.0);
        let mut admitted = |at: f64| {
            (0..1000).filter(|i| matches!(b.admit(s(at), f64::from(*i) / 1000.0).0, Admission::Granted(_))).count()
        };
        assert_eq!([admitted(6.0), admitted(11.0), admitted(16.0)], [100, 550, 1000]);
    }

    proptest! {
        /// Whatever happens, permits out plus successes never exceed what half-open allows, and a breaker whose target
        /// is well again always closes.
        #[test]
        fn permits_never_leak(steps in proptest::collection::vec((0u8..5, 0u64..4_000), 1..300)) {
            let params = Params { min_calls: 2, half_open_calls: 2, ..Params::default() };
            let mut b = Breaker::new(params);
            let mut now = Duration::ZERO;
            let mut out: Vec<Permit> = Vec::new();
            for (what, ms) in steps {
                now += Duration::from_millis(ms);
                match what {
                    0 | 1 => if let Admission::Granted(p) = b.admit(now, 0.99).0 { out.push(p) },
                    2 => if let Some(p) = out.pop() { b.record(&p, OK, now, 0.3); },
                    3 => if let Some(p) = out.pop() { b.record(&p, BAD, now, 0.3); },
                    _ => if let Some(p) = out.pop() { b.record(&p, Health::Silent, now, 0.3); },
                }
                if let State::HalfOpen { probes, successes } = &b.state {
                    prop_assert!(probes.len() as u32 + successes <= params.half_open_calls);
                }
            }
            drop(out);
            for _ in 0..20 {
                now += params.open_max * 2;
                if let Admission::Granted(p) = b.admit(now, 0.0).0 { b.record(&p, OK, now, 0.0); }
            }
            prop_assert_eq!(b.state(), BreakerState::Closed);
        }
    }
}
