//! Walks one request along its chain: admission, attempt, decision, and again.
//!
//! Rules:
//! - A chain is walked once in order (`policy/order.rs`). When every target has been tried or passed over and some only
//!   asked for a pause (or was too busy to be waited for before), the request waits for the first of them that may still
//!   help, if its time allows, and goes on from there.
//! - Every target passed over is one `skipped` event, every move one `fell_back` event, every further call to the target
//!   last called one `retried` event.
//! - A target that is busy or has nothing left of its limits is only postponed: it is tried when no other has served.
//! - Passing over a target never changes what the attempts before it have shown.
//! - What happens after an attempt is `policy/decide.rs`'s business; here it is only carried out.

mod admission;
mod end;
mod pause;

use super::Router;
use super::attempt::{self, Bounds, Call, Judgement, Progress, Wanted};
use super::client::{Client, Request, Served};
use super::config::{Chain, OnBreak, Target};
use super::health::{Change, Health, Pass};
use super::policy::alerts::Sign;
use super::policy::decide::{Act, Effect, Limits, Retry, Situation, decide};
use super::policy::fit::Needs;
use super::policy::gates::{Asked, Flaw};
use super::policy::join::{Join, anchor};
use super::policy::keyring::{Key, Keys};
use super::policy::{backoff, cost, retry_after};
use super::spending::{Hold, Wallet};
use crate::event::{Class, EventKind, Micros, Name, Outcome, Reason, SkipReason};
use crate::provider::{self, Ask, Embed, SchemaBy, Scope};
use mock_providers::model::Capability;
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
    let mut order = walk.order(arrived);
    let mut lenient = false;
    loop {
        let mut postponed = Vec::new();
        for (index, &place) in order.iter().enumerate() {
            let nowhere_else = index + 1 == order.len() && postponed.is_empty();
            match walk.admit(place, lenient || nowhere_else) {
                Ok(leave) => match walk.hop(place, leave, client).await {
                    Then::Done(served) => return served,
                    Then::Next => {}
                    Then::Stop => return walk.exhausted(client).await,
                },
                Err(reason) => {
                    if matches!(reason, SkipReason::Busy | SkipReason::NoAllowance) {
                        postponed.push(place);
                    }
                    walk.skip(place, reason);
                }
            }
        }
        if !postponed.is_empty() {
            walk.comes_from_its_failure();
            (order, lenient) = (postponed, true);
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
            Some(place) => order = vec![place],
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

    /// Uses one target until it answers, or until the table says to leave it.
    async fn hop<C: Client>(&mut self, place: usize, leave: Leave, client: &mut C) -> Then {
        self.arrive_at(place);
        let mut leave = Some(leave);
        let mut stricter = false;
        let mut waited = None;
        let mut classes: Vec<Class> = Vec::new();
        loop {
            let granted = match leave.take() {
                Some(leave) => leave,
                // The breaker may have opened, or the target asked for a pause, while this request waited.
                None => match self.admit(place, true) {
                    Ok(leave) => leave,
                    Err(reason) => {
                        self.skip(place, reason);
                        return Then::Next;
                    }
                },
            };
            let continued = self.delivered;
            let key = Name::clone(&granted.pass.key.name);
            let (verdict, asked) = self.attempt(place, granted, stricter, client).await;
            let class = verdict.class;
            self.delivered |= verdict.delivered;
            let now = self.now();
            let retries = self.places[place].tried - 1;
            let backoff = backoff::wait(&self.chain.retry.backoff, retries, waited, self.luck("backoff", place));
            let effect = self.chain.table.row(class).effect;
            let another_key = matches!(effect, Effect::ShutKey | Effect::SetAside)
                && self.health(place).has_another(now, self.keys(place), &key);
            let wait = asked.filter(|_| self.chain.retry.heeds_pauses && !another_key).unwrap_or(backoff);
            if class != Class::Ok {
                // What broke a stream is its error, not that nobody could go on with it.
                if !continued {
                    self.failure = Some(class);
                    self.flaw = verdict.flaw;
                }
                self.judged = Some(now);
                self.left = Some((place, Reason::Class(class)));
            }
            let situation = Situation {
                class,
                attempts_here: self.places[place].tried,
                retries_of_class: classes.iter().filter(|&&c| c == class).count() as u32,
                attempts_left: self.chain.max_attempts_total - self.attempts,
                token_delivered: self.delivered && class != Class::Ok,
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

    /// One call, recorded. Also returns the wait the provider asked for.
    async fn attempt<C: Client>(
        &mut self,
        place: usize,
        Leave { pass, hold }: Leave,
        stricter: bool,
        client: &mut C,
    ) -> (Judgement, Option<Duration>) {
        let router = self.router;
        let target = &router.config.targets[self.chain.targets[place]];
        self.places[place].tried += 1;
        self.attempts += 1;
        let (id, attempt) = (self.request.id, self.places[place].call());
        let dispatched = self.now();
        let elsewhere = self.last.replace(place).is_some_and(|last| last != place);
        let judged = self.judged.take().filter(|_| elsewhere);
        let switch = judged.map(|judged| dispatched.saturating_sub(judged).into());
        let probe = pass.is_probe();
        let key = pass.key.clone();
        let pooled = (key.name != self.own_key.name || key.secret != self.own_key.secret).then(|| key.name.clone());
        let (name, pool_key) = (Arc::clone(&target.name), pooled.clone());
        self.log(EventKind::AttemptStarted { request: id, target: name, attempt, probe, switch, key: pool_key });
        let upstream = &router.upstreams[target.provider];
        let timeouts = &self.chain.timeouts;
        let request = self.request;
        let (schema, must_call) = (request.schema.as_ref(), request.must_call);
        let asked = Asked { model: &target.model, schema, tools: &request.tools, must_call };
        let row = |class| self.chain.table.row(class);
        let continued = self.delivered;
        let shown = if target.prefill { anchor(&self.given) } else { 0 };
        let can_schemas = target.capabilities.contains(&Capability::JsonSchema);
        let tools = request.offered();
        let secret = &*key.secret;
        let wanted = match request.embedding {
            Some(dimensions) => {
                Wanted::Vector(Embed { model: &target.model, secret, text: &request.prompt, dimensions })
            }
            None => Wanted::Answer(Ask {
                model: &target.model,
                secret,
                system: &request.system,
                prompt: &request.prompt,
                images: &request.images,
                partial: &self.given[..shown],
                schema: request.schema.as_ref().map(|s| s.document()),
                schema_by: if can_schemas { SchemaBy::Native } else { SchemaBy::Prompt },
                tools: &tools,
                must_call: request.must_call,
                stream: request.stream,
                stricter,
                options: &request.options,
            }),
        };
        let call = Call {
            upstream: &upstream.http,
            adapter: upstream.adapter,
            wanted,
            gates: &self.chain.gates,
            asked,
            holds_back: self.chain.on_break == OnBreak::Buffer,
            join: continued.then(|| Join::new(&self.given, shown)),
            key: format!("{id};{attempt}"),
            bounds: Bounds {
                head: dispatched + timeouts.headers,
                first_token: self.time_is_up().min(dispatched + timeouts.first_token),
                idle: timeouts.idle,
                end: timeouts.total.map_or(self.deadline, |t| self.deadline.min(dispatched + t)),
                gone: self.request.gone_at,
            },
        };
        let mut first = FirstToken { router, request: self.request, target: &target.name, attempt };
        let verdict = attempt::run(call, router.clock, client, &mut first).await;
        let now = self.now();
        let stretch = self.chain.retry.scatter * self.luck("retry-after", place);
        let asked = verdict.retry_after.and_then(|s| retry_after::wait(s, stretch));
        self.given.push_str(&verdict.given);
        if let Some(allowance) = &verdict.allowance {
            pass.told(allowance, verdict.class, now);
        }
        let effect = match row(verdict.class).effect {
            // That a target does not go on as somebody else began says little about its answers.
            Effect::BadAnswer if continued => Effect::Alive,
            effect => effect,
        };
        let retires = verdict.retires.as_deref();
        let sign = Sign { class: verdict.class, dispatched, judged: now, key: &key.name, retires };
        self.places[place].class = Some(verdict.class);
        let cost = verdict.usage.map_or_else(Default::default, |usage| cost::of(&target.price, &usage));
        pass.record(effect, &sign, now - dispatched, now, self.luck("open", place), |recorded| {
            self.log(EventKind::AttemptEnded {
                request: id,
                target: Arc::clone(&target.name),
                attempt,
                dispatched: dispatched.into(),
                class: verdict.class,
                status: verdict.status.map(|s| s.as_u16()),
                head: verdict.head.map(Micros::from),
                detail: verdict.detail.as_ref().into(),
                retry_after: asked.map(Micros::from),
                tokens: verdict.tokens,
                usage: verdict.usage,
                cost,
                breaker: recorded.reading,
                key: pooled.clone(),
            });
            for change in recorded.changes {
                self.announce(place, change);
            }
            if let Some(until) = recorded.demoted_until {
                self.log(EventKind::Demoted { target: Arc::clone(&target.name), until: until.into() });
            }
            for alert in recorded.alerts {
                let (target, cause) = (Arc::clone(&target.name), alert.cause.into());
                self.log(EventKind::Alert { target, kind: alert.kind, drift: None, cause });
            }
        });
        hold.settle(now, cost, |event| self.log(event));
        let pauses = row(verdict.class).retry == Retry::WithinWait && self.chain.retry.heeds_pauses;
        if let Some(wait) = asked.filter(|_| pauses) {
            self.set_aside(place, verdict.scope, &key.name, now + wait);
        }
        (verdict, asked)
    }

    /// Lets rest what has been asked to, as far as the answer said whom it meant: the key, the model or the provider. Unless it
    /// is the provider, a pool takes it for a matter of the key as well: its keys are there because they have limits of their
    /// own.
    fn set_aside(&self, place: usize, scope: Option<Scope>, key: &Name, until: Duration) {
        let pooled = self.keys(place).all.len() > 1;
        let key = (scope == Some(Scope::Key) || (scope != Some(Scope::Provider) && pooled)).then_some(key);
        let (config, here) = (&self.router.config, self.chain.targets[place]);
        for (index, target) in config.targets.iter().enumerate() {
            let elsewhere = index != here
                && (!matches!(scope, Some(Scope::Key | Scope::Provider))
                    || target.provider != config.targets[here].provider);
            if !elsewhere && self.router.replicas[usize::from(self.replica)][index].rest(until, key) {
                let (target, key) = (Arc::clone(&target.name), key.cloned());
                self.log(EventKind::SetAside { target, key, until: until.into() });
            }
        }
    }

    fn served(&self, outcome: Outcome, class: Option<Class>) -> Served {
        let target = self.last.map(|place| self.name(place));
        let first = self.places.first().and_then(|place| place.class);
        let mut done = self.request.before.clone();
        done.asked += 1;
        done.calls.extend(self.chain.targets.iter().zip(&self.places).map(|(target, place)| (*target, place.call())));
        let now = self.now();
        let pauses = (0..self.places.len()).filter_map(|place| self.rests_until(place, now));
        let retry_after = pauses.min().filter(|_| outcome == Outcome::Failed).map(|until| until - now);
        let (flaw, hops, attempts) = (self.flaw.filter(|_| class == self.failure), self.hops, self.attempts);
        Served { outcome, class, flaw, target, first, hops, attempts, done, retry_after }
    }

    fn announce(&self, place: usize, change: Change) {
        match change {
            Change::Breaker(transition) => {
                let circuit = &self.health(place).circuit;
                for target in &circuit.members {
                    self.log(EventKind::BreakerChanged {
                        target: Arc::clone(target),
                        group: circuit.group.clone(),
                        from: transition.from,
                        to: transition.to,
                        cause: transition.cause.into(),
                        probe_at: transition.probe_at.map(Micros::from),
                        replica: self.replica,
                    });
                }
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

struct FirstToken<'a> {
    router: &'a Router,
    request: &'a Request,
    target: &'a Name,
    attempt: u32,
}

impl Progress for FirstToken<'_> {
    fn first_token(&mut self) {
        self.router.log.record(EventKind::FirstToken {
            request: self.request.id,
            target: Arc::clone(self.target),
            attempt: self.attempt,
        });
    }
}
