//! What the router knows about one target: breaker, keys, retry budget, quality window, rest, and how long its answers
//! take.
//!
//! - `shared`: the breaker of a group, the keys of a provider. - `line`: batch requests that wait.
//!
//! Rules:
//! - A [`Pass`] is the right to make one call. Dropped without a verdict (a cancelled request) it returns its permit and
//!   says nothing about the target.
//! - What a grader says has a quality window of its own: in the other one its few verdicts would drown among the answers
//!   that nobody has looked at.
//! - The median of answers is known after 20 of them, over the newest 64.
//! - The moving average of their times weighs the newest with a fifth.

mod line;
mod shared;

pub(super) use shared::unknown;

use super::config::Target;
use super::policy::ahead::{Ahead, Came, Cost, Ticket};
use super::policy::alerts::{Alert, Alerts, Sign};
use super::policy::batch::{Line, Turn};
use super::policy::breaker::{Admission, Health as Verdict, Permit, Transition};
use super::policy::budget::RetryBudget;
use super::policy::checks::{self, Checks, Found};
use super::policy::decide::{Effect, LONG};
use super::policy::keyring::{Key, Keys, Said};
use super::policy::quality::Quality;
use super::policy::rolling::{Estimate, Rolling};
use crate::event::{Allowance, BreakerReading, BreakerState, Class, Name, SkipReason};
use shared::{Circuit, Ring};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

const SAMPLES: usize = 64;
const ENOUGH: usize = 20;
const NEWEST: f64 = 0.2;

/// The state of one target at one replica, shared by all its requests.
#[derive(Debug)]
pub(super) struct Health {
    pub(super) name: Name,
    pub(super) circuit: Arc<Circuit>,
    ring: Arc<Ring>,
    open_for: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    budget: RetryBudget,
    quality: Quality,
    graded: Quality,
    measured: Rolling,
    alerts: Alerts,
    checks: Checks,
    rests_until: Duration,
    /// Until when it rests for single keys.
    key_rests: BTreeMap<Name, Duration>,
    /// What is left of the limits, by key.
    allowances: BTreeMap<Name, Ahead>,
    took: Vec<Duration>,
    newest: usize,
    average: Option<Duration>,
    in_flight: u32,
    line: Line<Arc<Notify>>,
}

/// What the order of a chain depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) demoted: bool,
    /// The moving average of answer times.
    pub(super) average: Option<Duration>,
    pub(super) in_flight: u32,
}

/// What a call must find besides a target that is well.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// No call is made beside so many others.
    pub(super) max_in_flight: Option<u32>,
    /// A batch call is made only beside fewer others than that, and in the turn that it waited for, if it did.
    pub(super) yields: Option<(u32, Option<Turn>)>,
    /// What it takes of the limits, if they are kept count of.
    pub(super) cost: Option<Cost>,
    /// Whether the two only count and turn nobody away.
    pub(super) lenient: bool,
    /// Whether the breaker is asked.
    pub(super) heeds_breaker: bool,
    /// Whether this is the request's first call there.
    pub(super) first_here: bool,
}

/// Something that opened or closed.
#[derive(Debug)]
pub(super) enum Change {
    /// The breaker of the target, or its group.
    Breaker(Transition),
    /// That of a key at the provider.
    Key(Name, Transition),
}

/// What a recorded verdict changed.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) reading: BreakerReading,
    pub(super) changes: Vec<Change>,
    pub(super) demoted_until: Option<Duration>,
    pub(super) alerts: Vec<Alert>,
}

impl Health {
    fn new(target: &Target, circuit: Arc<Circuit>, ring: Arc<Ring>) -> Self {
        Self {
            name: Arc::clone(&target.name),
            circuit,
            ring,
            open_for: target.breaker.open_for,
            state: Mutex::new(State {
                budget: RetryBudget::new(target.budget, Duration::ZERO),
                quality: Quality::new(target.quality),
                graded: Quality::new(target.quality),
                measured: Rolling::default(),
                alerts: Alerts::default(),
                checks: Checks::default(),
                rests_until: Duration::ZERO,
                key_rests: BTreeMap::new(),
                allowances: BTreeMap::new(),
                took: Vec::new(),
                newest: 0,
                average: None,
                in_flight: 0,
                line: Line::default(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the right to make a call. `tell` hears of a change before anybody else can cause another.
    pub(super) fn admit(
        self: &Arc<Self>,
        now: Duration,
        luck: f64,
        terms: Terms,
        keys: Keys<'_>,
        mut tell: impl FnMut(Change),
    ) -> Result<Pass, SkipReason> {
        let mut state = self.state();
        let mut circuit = self.circuit.lock();
        if let Some(transition) = self.circuit.catch_up(&mut circuit, now, luck) {
            tell(Change::Breaker(transition));
        }
        if now < state.rests_until {
            return Err(SkipReason::SetAside);
        }
        if terms.max_in_flight.is_some_and(|most| state.in_flight >= most) && !terms.lenient {
            return Err(SkipReason::Busy);
        }
        // Who would be turned away by the breaker does not wait here.
        let yields = |(up_to, turn)| !state.line.admits(turn, state.in_flight, up_to);
        if terms.yields.is_some_and(yields) && !circuit.breaker.is_open_at(now) {
            return Err(SkipReason::Yields);
        }
        let (admission, transition) = match terms.heeds_breaker {
            true => circuit.breaker.admit(now, luck),
            false => (Admission::Granted(circuit.breaker.admit_anyway()), None),
        };
        if let Some(transition) = transition {
            self.circuit.spread(&transition, now);
            tell(Change::Breaker(transition));
        }
        let permit = match admission {
            Admission::Granted(permit) => permit,
            Admission::Open { .. } => return Err(SkipReason::BreakerOpen),
            Admission::Recovering => return Err(SkipReason::Recovering),
        };
        let (key, key_permit) = match self.pick(&mut state, (now, luck), terms, keys, &mut tell) {
            Ok(picked) => picked,
            Err(reason) => {
                circuit.breaker.record(&permit, Verdict::Silent, now, 0.0);
                return Err(reason);
            }
        };
        if terms.first_here {
            state.budget.earn(now);
        }
        state.in_flight += 1;
        let ticket = terms.cost.map(|cost| state.allowance(&key).send(cost, now));
        Ok(Pass { health: Arc::clone(self), key, ticket, permits: Some((permit, key_permit)) })
    }

    /// The first key that is neither resting nor shut, and has something left of its limits.
    fn pick(
        &self,
        state: &mut State,
        (now, luck): (Duration, f64),
        terms: Terms,
        keys: Keys<'_>,
        mut tell: impl FnMut(Change),
    ) -> Result<(Key, Permit), SkipReason> {
        let mut reason = SkipReason::KeyClosed;
        for key in keys.in_turn() {
            if state.rest_of(key) > now {
                reason = SkipReason::SetAside;
                continue;
            }
            if terms.cost.is_some_and(|cost| !state.allowance(key).allows(cost, now)) && !terms.lenient {
                reason = SkipReason::NoAllowance;
                continue;
            }
            let (permit, transition) = self.ring.lock().admit(&key.name, now, luck);
            if let Some(transition) = transition {
                tell(Change::Key(Name::clone(&key.name), transition));
            }
            if let Some(permit) = permit {
                return Ok((key.clone(), permit));
            }
        }
        Err(reason)
    }

    /// Whether a call at `at` is certain to be turned away.
    pub(super) fn is_open_at(&self, at: Duration, keys: Keys<'_>) -> bool {
        let open = self.circuit.lock().breaker.is_open_at(at);
        open || keys.in_turn().all(|key| self.ring.lock().is_shut_at(&key.name, at))
    }

    /// When its breaker will next admit a call.
    pub(super) fn opens_at(&self) -> Duration {
        self.circuit.lock().breaker.opens_at()
    }

    /// Whether a key other than this one might be admitted now.
    pub(super) fn has_another(&self, now: Duration, keys: Keys<'_>, used: &Name) -> bool {
        let state = self.state();
        let ring = self.ring.lock();
        let free = |key: &Key| key.name != *used && state.rest_of(key) <= now && !ring.is_shut_at(&key.name, now);
        keys.in_turn().any(free)
    }

    /// Until when the target rests for all of these keys, if it does.
    pub(super) fn rests_until(&self, now: Duration, keys: Keys<'_>) -> Option<Duration> {
        let state = self.state();
        let first = keys.in_turn().map(|key| state.rest_of(key)).min().unwrap_or_default();
        Some(state.rests_until.max(first)).filter(|&until| now < until)
    }

    /// Lets the target rest, for one key or whatever the key. Returns whether that is news.
    pub(super) fn rest(&self, until: Duration, key: Option<&Name>) -> bool {
        let mut state = self.state();
        let slot = match key {
            Some(key) => state.key_rests.entry(Name::clone(key)).or_default(),
            None => &mut state.rests_until,
        };
        let news = until > *slot;
        *slot = until.max(*slot);
        news
    }

    pub(super) fn standing(&self, now: Duration) -> Standing {
        let state = self.state();
        let demoted = state.quality.is_demoted(now) || state.graded.is_demoted(now);
        Standing { demoted, average: state.average, in_flight: state.in_flight }
    }

    /// Takes in what a synthetic check found. `tell` hears what it changed before anybody else can change more.
    pub(super) fn checked(
        &self,
        params: &checks::Params,
        found: Found,
        now: Duration,
        luck: f64,
        tell: impl FnOnce(Option<Transition>, Option<Alert>),
    ) {
        let mut state = self.state();
        let mut circuit = self.circuit.lock();
        let act = state.checks.hear(params, found, now);
        let transition = act.and_then(|act| circuit.breaker.checked(act, now, luck));
        let alert = transition.as_ref().and_then(|transition| {
            self.circuit.spread(transition, now);
            circuit.alerts.turn(transition, now)
        });
        tell(transition, alert);
    }

    /// Takes in a grader's verdict on one of its answers. Returns until when the target is demoted, if this demoted it.
    pub(super) fn graded(&self, now: Duration, good: bool) -> Option<Duration> {
        let mut state = self.state();
        state.measured.record(good);
        state.graded.record(now, !good)
    }

    /// Takes in whether an answer to a question with a known answer was right.
    pub(super) fn measure(&self, right: bool) {
        self.state().measured.record(right);
    }

    /// What is known of the quality of its answers, once somebody has looked.
    pub(super) fn measured(&self) -> Option<Estimate> {
        self.state().measured.estimate()
    }

    /// Whether its breaker lets all traffic pass.
    pub(super) fn is_closed(&self) -> bool {
        self.circuit.lock().breaker.state() == BreakerState::Closed
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

impl State {
    fn allowance(&mut self, key: &Key) -> &mut Ahead {
        self.allowances.entry(Name::clone(&key.name)).or_default()
    }

    fn rest_of(&self, key: &Key) -> Duration {
        self.key_rests.get(&key.name).copied().unwrap_or_default()
    }
}

/// The right to make one call to a target.
#[derive(Debug)]
pub(super) struct Pass {
    health: Arc<Health>,
    /// The key to make it with.
    pub(super) key: Key,
    /// Of what is left of the limits, if that is kept count of.
    ticket: Option<Ticket>,
    /// Of the breaker, and of that of the key.
    permits: Option<(Permit, Permit)>,
}

impl Pass {
    pub(super) fn is_probe(&self) -> bool {
        self.permits.as_ref().is_some_and(|(permit, _)| permit.is_probe())
    }

    /// Takes note of what the answer says is left of the limits.
    pub(super) fn told(&self, allowance: &Allowance, class: Class, now: Duration) {
        let came = match class {
            Class::Ok => Came::Through,
            Class::RateLimited => Came::Refused,
            _ => Came::Otherwise,
        };
        if let Some(ticket) = self.ticket {
            self.health.state().allowance(&self.key).hear(ticket, allowance, came, now);
        }
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
        let Some((permit, key_permit)) = self.permits.take() else { return };
        let mut guard = self.health.state();
        let state = &mut *guard;
        state.in_flight -= 1;
        let mut circuit = self.health.circuit.lock();
        let breaker = &mut circuit.breaker;
        let transition = match effect {
            Effect::Open => breaker.force_open(&permit, now, self.health.open_for, "one failure is enough"),
            Effect::OpenLong => breaker.force_open(&permit, now, LONG, "only people can mend this"),
            _ => breaker.record(&permit, verdict(effect, took, permit.is_probe()), now, luck),
        };
        if let Some(transition) = &transition {
            self.health.circuit.spread(transition, now);
        }
        let demoted_until = match effect {
            Effect::Success => state.quality.record(now, false),
            Effect::BadAnswer => state.quality.record(now, true),
            _ => None,
        };
        if effect == Effect::Success {
            state.checks.answered();
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
        let mut alerts = state.alerts.hear(sign);
        alerts.extend(transition.as_ref().and_then(|t| circuit.alerts.turn(t, now)));
        let said = Said::of(sign.class, effect);
        let turned = self.health.ring.lock().record(&self.key.name, &key_permit, said, now, luck);
        let changes = transition.map(Change::Breaker);
        let changes = changes.into_iter().chain(turned.map(|t| Change::Key(Name::clone(&self.key.name), t))).collect();
        let reading = BreakerReading { replica: self.health.circuit.replica, ..circuit.breaker.reading(now) };
        tell(Recorded { reading, changes, demoted_until, alerts });
        drop((circuit, guard));
        self.health.ring();
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
        if let Some((permit, key_permit)) = self.permits.take() {
            self.health.state().in_flight -= 1;
            self.health.circuit.lock().breaker.record(&permit, Verdict::Silent, Duration::ZERO, 0.0);
            self.health.ring.lock().record(&self.key.name, &key_permit, Said::Nothing, Duration::ZERO, 0.0);
            self.health.ring();
        }
    }
}
