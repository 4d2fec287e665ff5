//! Walks one request along its chain: admission, attempt, decision, and again.
//!
//! Rules:
//! - A chain is walked once in order (`policy/order.rs`). When every target has been tried or passed over and some only
//!   asked for a pause (or was too busy to be waited for before), the request waits for the first of them that may still
//!   help, if its time allows, and goes on from there.
//! - Every target passed over is one `skipped` event, every move one `fell_back` event, every further call to the target
//!   last called one `retried` event.
//! - Passing over a target never changes what the attempts before it have shown.
//! - What happens after an attempt is `policy/decide.rs`'s business; here it is only carried out.

mod admission;
mod end;
mod pause;

use super::Router;
use super::attempt::{self, Bounds, Call, Judgement, Progress, Wanted};
use super::client::{Client, Request, Served};
use super::config::{Chain, OnBreak, Target};
use super::health::{Health, Pass};
use super::policy::alerts::Sign;
use super::policy::breaker::Transition;
use super::policy::decide::{Act, Effect, Limits, Retry, Situation, decide};
use super::policy::fit::Needs;
use super::policy::gates::Asked;
use super::policy::join::{Join, anchor};
use super::policy::{backoff, cost, retry_after};
use super::spending::{Hold, Wallet};
use crate::event::{Class, EventKind, Micros, Name, Outcome, Reason, SkipReason};
use crate::provider::{self, Ask, Embed, SchemaBy};
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

/// Carries a request to its end. The answer, if there is one, goes to `client`.
pub(super) async fn carry<C: Client>(router: &Router, request: &Request, client: &mut C) -> Served {
    let chain = router.config.chain_for(request);
    let arrived = router.clock.now();
    let prompt_tokens = request.prompt_tokens();
    let mut walk = Walk {
        router,
        replica: router.replica(request),
        chain,
        request,
        prompt_tokens,
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
        given: String::new(),
        delivered: false,
    };
    let mut order = walk.order(arrived);
    loop {
        for place in order {
            match walk.admit(place) {
                Ok(leave) => match walk.hop(place, leave, client).await {
                    Then::Done(served) => return served,
                    Then::Next => {}
                    Then::Stop => return walk.exhausted(client).await,
                },
                Err(reason) => walk.skip(place, reason),
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
                None => match self.admit(place) {
                    Ok(leave) => leave,
                    Err(reason) => {
                        self.skip(place, reason);
                        return Then::Next;
                    }
                },
            };
            let continued = self.delivered;
            let (verdict, asked) = self.attempt(place, granted, stricter, client).await;
            let class = verdict.class;
            self.delivered |= verdict.delivered;
            let now = self.now();
            let retries = self.places[place].tried - 1;
            let backoff = backoff::wait(&self.chain.retry.backoff, retries, waited, self.luck("backoff", place));
            let wait = asked.filter(|_| self.chain.retry.heeds_pauses).unwrap_or(backoff);
            if class != Class::Ok {
                // What broke a stream is its error, not that nobody could go on with it.
                if !continued {
                    self.failure = Some(class);
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
                wait,
                remaining: self.time_is_up().saturating_sub(now),
                budget: self.health(place).covers_retry(now),
                admits: !self.health(place).is_open_at(now + wait),
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
        self.log(EventKind::AttemptStarted { request: id, target: Arc::clone(&target.name), attempt, probe, switch });
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
        let secret = provider::secret(&request.tenant);
        let wanted = match request.embedding {
            Some(dimensions) => {
                Wanted::Vector(Embed { model: &target.model, secret: &secret, text: &request.prompt, dimensions })
            }
            None => Wanted::Answer(Ask {
                model: &target.model,
                secret: &secret,
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
        let effect = match row(verdict.class).effect {
            // That a target does not go on as somebody else began says little about its answers.
            Effect::BadAnswer if continued => Effect::Alive,
            effect => effect,
        };
        let (key, retires) = (&request.tenant, verdict.retires.as_deref());
        let sign = Sign { class: verdict.class, dispatched, judged: now, key, retires };
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
            });
            if let Some(transition) = &recorded.transition {
                self.announce(place, transition);
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
        if let Some(wait) = asked.filter(|_| pauses)
            && self.health(place).rest(now + wait)
        {
            self.log(EventKind::SetAside { target: Arc::clone(&target.name), until: (now + wait).into() });
        }
        (verdict, asked)
    }

    fn served(&self, outcome: Outcome, class: Option<Class>) -> Served {
        let target = self.last.map(|place| self.name(place));
        let first = self.places.first().and_then(|place| place.class);
        let mut done = self.request.before.clone();
        done.asked += 1;
        done.calls.extend(self.chain.targets.iter().zip(&self.places).map(|(target, place)| (*target, place.call())));
        let now = self.now();
        let pauses = (0..self.places.len()).filter_map(|place| self.health(place).rests_until(now));
        let retry_after = pauses.min().filter(|_| outcome == Outcome::Failed).map(|until| until - now);
        Served { outcome, class, target, first, hops: self.hops, attempts: self.attempts, done, retry_after }
    }

    fn announce(&self, place: usize, transition: &Transition) {
        self.log(EventKind::BreakerChanged {
            target: self.name(place),
            from: transition.from,
            to: transition.to,
            cause: transition.cause.into(),
            probe_at: transition.probe_at.map(Micros::from),
            replica: self.replica,
        });
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
