//! Walks one request along its chain: admission, attempt, decision, and again.
//!
//! Rules:
//! - A chain is walked once in order (`policy/order.rs`). When every target has been tried or passed over and some only
//!   asked for a pause (or was too busy to be waited for before), the request waits for the first of them that may still
//!   help, if its time allows, and goes on from there.
//! - Every target passed over is one `skipped` event, every move one `fell_back` event, every further call to the target
//!   last called one `retried` event.
//! - A target that is busy or has nothing left of its limits is only postponed: it is tried when no other has served.
//! - A batch request waits for its turn where it has to yield (`turn`).
//! - Passing over a target never changes what the attempts before it have shown.
//! - What happens after an attempt is `policy/decide.rs`'s business; here it is only carried out.

mod admission;
mod end;
mod flight;
mod pause;
mod race;
mod turn;

use super::Router;
use super::client::{Before, Client, Request, Served};
use super::config::{Chain, OnBreak, Target};
use super::health::{Change, Health, Pass};
use super::policy::backoff;
use super::policy::decide::{Act, Effect, Limits, Retry, Situation, decide};
use super::policy::fit::Needs;
use super::policy::gates::Flaw;
use super::policy::keyring::{Key, Keys};
use super::spending::{Hold, Wallet};
use crate::event::{Class, EventKind, Micros, Name, Outcome, Reason, SkipReason};
use crate::provider;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What a request has done so far.
struct Walk<'a> {
    router: &'a Router,
    /// Which replica the request reached.
    replica: u16,
    chain: &'a Chain,
    request: &'a Request,
    prompt_tokens: u32,
    /// The tenant's own key.
    own_key: Key,
    needs: Needs<'a>,
    /// Who pays.
    payers: Vec<Arc<Wallet>>,
    deadline: Duration,
    ttft_deadline: Option<Duration>,
    /// What is known of each place of the chain.
    places: Vec<Place>,
    /// The places still to be tried, in order.
    ahead: VecDeque<usize>,
    hops: u32,
    attempts: u32,
    /// The place last called.
    last: Option<usize>,
    /// The place last called or passed over, and why it was left.
    left: Option<(usize, Reason)>,
    /// When the last failure was judged, until another target is called.
    judged: Option<Duration>,
    /// What the last failed attempt means.
    failure: Option<Class>,
    /// What was wrong with the form of its answer.
    flaw: Option<Flaw>,
    /// What the client has of a streamed answer.
    given: String,
    delivered: bool,
}

/// Leave to make one call.
struct Leave {
    pass: Pass,
    hold: Hold,
}

/// What came of a call, or of the one that came first.
struct Landed {
    place: usize,
    class: Class,
    /// What is wrong with the form of its answer.
    flaw: Option<Flaw>,
    /// The name of the key that it was made with.
    key: Name,
    /// Whether it was to go on from a partial answer.
    continued: bool,
    /// The wait that the provider asked for.
    asked: Option<Duration>,
}

/// What one request knows of one place of its chain.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Calls made.
    tried: u32,
    /// What the last of them meant.
    class: Option<Class>,
    /// Calls made before, for a client that asks again.
    before: u32,
    /// The prompt does not fit there.
    too_small: bool,
    /// Worth another call from then on: it was rate limited or overloaded, and the wait was too long to sit out while
    /// there was somewhere else to go.
    again_at: Option<Duration>,
    /// Why it was passed over, if it was.
    passed: Option<SkipReason>,
}

impl Place {
    fn new(request: &Request, target: usize) -> Self {
        Self { before: request.before.calls.get(&target).copied().unwrap_or_default(), ..Self::default() }
    }

    /// The number of the last call of this request to this target, whichever time its client asked.
    fn call(&self) -> u32 {
        self.before + self.tried
    }
}

/// Where an attempt leads.
enum Then {
    Done(Served),
    Next,
    /// There is no further target for this request.
    Stop,
}

/// Carries a request along a chain to its end. The answer, if there is one, goes to `client`.
pub(super) async fn carry<C: Client>(router: &Router, chain: &Chain, request: &Request, client: &mut C) -> Served {
    let arrived = router.clock.now();
    let prompt_tokens = request.prompt_tokens();
    let mut walk = Walk {
        router,
        replica: router.replica(request),
        chain,
        request,
        prompt_tokens,
        own_key: Key { name: Arc::clone(&request.tenant), secret: provider::secret(&request.tenant).into() },
        needs: Walk::needs(router, chain, request, prompt_tokens),
        payers: router.spending.payers(&request.tenant, &request.tier),
        deadline: arrived + chain.deadline,
        ttft_deadline: chain.ttft_deadline.filter(|_| request.stream).map(|d| arrived + d),
        places: chain.targets.iter().map(|target| Place::new(request, *target)).collect(),
        ahead: VecDeque::new(),
        hops: 0,
        attempts: 0,
        last: None,
        left: None,
        judged: None,
        failure: None,
        flaw: None,
        given: String::new(),
        delivered: false,
    };
    walk.ahead = walk.order(arrived).into();
    let mut lenient = false;
    loop {
        let mut postponed = VecDeque::new();
        while let Some(place) = walk.ahead.pop_front() {
            let nowhere_else = walk.ahead.is_empty() && postponed.is_empty();
            match walk.admit_in_turn(place, lenient || nowhere_else).await {
                None => return walk.exhausted(client).await,
                Some(Ok(leave)) => match walk.hop(place, leave, client).await {
                    Then::Done(served) => return served,
                    Then::Next => {}
                    Then::Stop => return walk.exhausted(client).await,
                },
                Some(Err(reason)) => {
                    if matches!(reason, SkipReason::Busy | SkipReason::NoAllowance) {
                        postponed.push_back(place);
                    }
                    walk.skip(place, reason);
                }
            }
        }
        if !postponed.is_empty() {
            walk.comes_from_its_failure();
            (walk.ahead, lenient) = (postponed, true);
            continue;
        }
        if let Some((place, leave)) = walk.best_try() {
            match walk.hop(place, leave, client).await {
                Then::Done(served) => return served,
                Then::Next => {}
                Then::Stop => return walk.exhausted(client).await,
            }
        }
        match walk.await_pause().await {
            Some(place) => walk.ahead.push_back(place),
            None => return walk.exhausted(client).await,
        }
    }
}

impl Walk<'_> {
    fn now(&self) -> Duration {
        self.router.clock.now()
    }

    fn target(&self, place: usize) -> &Target {
        &self.router.config.targets[self.chain.targets[place]]
    }

    fn health(&self, place: usize) -> &Arc<Health> {
        &self.router.replicas[usize::from(self.replica)][self.chain.targets[place]]
    }

    /// The keys that the next call to a place may be made with.
    fn keys(&self, place: usize) -> Keys<'_> {
        let provider = self.target(place).provider;
        let id = self.request.id;
        match self.router.config.pools.iter().find(|pool| pool.provider == provider) {
            Some(pool) => {
                let turn = id.number.wrapping_add(u32::from(id.stream)).wrapping_add(self.places[place].call());
                Keys { all: &pool.keys, turn: turn as usize, rotates: pool.rotates }
            }
            None => Keys { all: std::slice::from_ref(&self.own_key), turn: 0, rotates: false },
        }
    }

    fn is_open_at(&self, place: usize, at: Duration) -> bool {
        self.health(place).is_open_at(at, self.keys(place))
    }

    fn rests_until(&self, place: usize, now: Duration) -> Option<Duration> {
        self.health(place).rests_until(now, self.keys(place))
    }

    fn name(&self, place: usize) -> Name {
        Arc::clone(&self.health(place).name)
    }

    fn luck(&self, purpose: &str, place: usize) -> f64 {
        let id = self.request.id;
        let ids = [u64::from(id.stream), u64::from(id.number), u64::from(self.places[place].call())];
        self.router.luck.unit(purpose, &[&self.health(place).name], &ids)
    }

    fn skip(&mut self, place: usize, reason: SkipReason) {
        self.log(EventKind::Skipped { request: self.request.id, target: self.name(place), reason });
        self.places[place].too_small |= reason == SkipReason::Context;
        self.places[place].passed = Some(reason);
        self.left = Some((place, Reason::Skip(reason)));
    }

    /// Says where the request goes, before the first call of a hop.
    fn arrive_at(&mut self, place: usize) {
        if self.last == Some(place) {
            return;
        }
        if let Some((from, reason)) = self.left.filter(|&(from, _)| from != place) {
            let (request, from, to) = (self.request.id, self.name(from), self.name(place));
            self.log(EventKind::FellBack { request, from, to, reason });
        }
        self.hops += u32::from(self.places[place].call() == 0);
    }

    /// Uses one target until it answers, or until the table says to leave it. Where the chain hedges, the target that
    /// comes first takes its place.
    async fn hop<C: Client>(&mut self, mut place: usize, leave: Leave, client: &mut C) -> Then {
        self.arrive_at(place);
        let mut leave = Some(leave);
        let mut stricter = false;
        let mut waited = None;
        let mut classes: Vec<Class> = Vec::new();
        loop {
            let granted = match leave.take() {
                Some(leave) => leave,
                // The breaker may have opened, or the target asked for a pause, while this request waited.
                None => match self.admit_in_turn(place, true).await {
                    None => return Then::Stop,
                    Some(Ok(leave)) => leave,
                    Some(Err(reason)) => {
                        self.skip(place, reason);
                        return Then::Next;
                    }
                },
            };
            let landed = self.race(place, granted, stricter, client).await;
            if landed.place != place {
                (place, stricter, waited) = (landed.place, false, None);
                classes.clear();
            }
            let Landed { class, continued, ref key, asked, .. } = landed;
            if class == Class::Ok {
                return Then::Done(self.served(Outcome::Answered, None));
            }
            self.failed(&landed);
            let now = self.now();
            let retries = self.places[place].tried - 1;
            let backoff = backoff::wait(&self.chain.retry.backoff, retries, waited, self.luck("backoff", place));
            let effect = self.chain.table.row(class).effect;
            let another_key = matches!(effect, Effect::ShutKey | Effect::SetAside)
                && self.health(place).has_another(now, self.keys(place), key);
            let wait = asked.filter(|_| self.chain.retry.heeds_pauses && !another_key).unwrap_or(backoff);
            let situation = Situation {
                class,
                attempts_here: self.places[place].tried,
                retries_of_class: classes.iter().filter(|&&c| c == class).count() as u32,
                attempts_left: self.chain.max_attempts_total - self.attempts,
                token_delivered: self.delivered,
                continued,
                another_key,
                wait,
                remaining: self.time_is_up().saturating_sub(now),
                budget: self.health(place).covers_retry(now),
                admits: !self.is_open_at(place, now + wait),
            };
            let limits = Limits {
                max_attempts: self.chain.retry.max_attempts,
                wait_up_to: self.chain.retry.wait_up_to,
                retry_timeouts: self.chain.retry.retry_timeouts,
                min_hop_time: self.needed(place),
                continues: self.chain.on_break == OnBreak::Continue,
                takes_parts: self.chain.on_break == OnBreak::Serve,
            };
            match decide(&situation, self.chain.table.row(class), &limits) {
                Act::Serve => return Then::Done(self.served(Outcome::Answered, None)),
                Act::Surface => return Then::Done(self.served(Outcome::Surfaced, Some(class))),
                Act::Abort => return Then::Done(self.served(Outcome::Failed, self.failure)),
                Act::Stop => return Then::Stop,
                Act::Retry { wait } => {
                    self.retry(place, class, wait);
                    classes.push(class);
                    stricter |= class == Class::Schema;
                    waited = Some(wait);
                    if self.gone_while(now + wait).await {
                        return Then::Done(self.served(Outcome::Surfaced, Some(Class::Cancelled)));
                    }
                }
                Act::NextLarger => {
                    let size = self.target(place).context;
                    for other in 0..self.places.len() {
                        self.places[other].too_small |= self.target(other).context <= size;
                    }
                    return Then::Next;
                }
                Act::Next => {
                    let busy = self.chain.table.row(class).retry == Retry::WithinWait;
                    self.places[place].again_at = busy.then_some(now + wait);
                    if self.chain.retry.sleeps_last && self.gone_while(self.time_is_up().min(now + wait)).await {
                        return Then::Done(self.served(Outcome::Surfaced, Some(Class::Cancelled)));
                    }
                    return Then::Next;
                }
            }
        }
    }

    /// Another call to the target last called: told, and paid for.
    fn retry(&self, place: usize, reason: Class, wait: Duration) {
        self.health(place).spend_retry(self.now());
        let (request, target) = (self.request.id, self.name(place));
        self.log(EventKind::Retried { request, target, reason, wait: wait.into() });
    }

    /// Sleeps; `true` if the client hung up meanwhile.
    async fn gone_while(&self, until: Duration) -> bool {
        let gone = self.request.gone_at.filter(|&gone| gone <= until);
        self.router.clock.sleep_until(gone.unwrap_or(until)).await;
        gone.is_some()
    }

    fn served(&self, outcome: Outcome, class: Option<Class>) -> Served {
        let target = self.last.map(|place| self.name(place));
        let first = self.places.first().and_then(|place| place.class);
        let (mut done, mut retry_after) = (Before::default(), None);
        if outcome != Outcome::Answered {
            let now = self.now();
            let pauses = (0..self.places.len()).filter_map(|place| self.rests_until(place, now));
            retry_after = pauses.min().filter(|_| outcome == Outcome::Failed).map(|until| until - now);
            let calls = self.chain.targets.iter().zip(&self.places).map(|(target, place)| (*target, place.call()));
            done = self.request.before.clone();
            done.asked += 1;
            done.calls.extend(calls);
        }
        let (flaw, hops, attempts) = (self.flaw.filter(|_| class == self.failure), self.hops, self.attempts);
        Served { outcome, class, flaw, target, first, hops, attempts, done, retry_after }
    }

    fn announce(&self, place: usize, change: Change) {
        match change {
            Change::Breaker(transition) => {
                self.health(place).circuit.events(&transition).for_each(|event| self.log(event));
            }
            Change::Key(key, transition) => {
                let name = &self.target(place).name;
                self.log(EventKind::KeyChanged {
                    provider: name.split_once('/').map_or(&**name, |(provider, _)| provider).into(),
                    key,
                    from: transition.from,
                    to: transition.to,
                    cause: transition.cause.into(),
                    probe_at: transition.probe_at.map(Micros::from),
                    replica: self.replica,
                });
            }
        }
    }

    fn log(&self, kind: EventKind) {
        self.router.log.record(kind);
    }
}
