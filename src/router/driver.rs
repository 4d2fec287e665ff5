//! Walks one request along its chain: admission, attempt, decision, and again.
//!
//! Rules:
//! - A chain is walked once in order, demoted targets last. When every target has been tried or passed over and some only
//!   asked for a pause (or was too busy to be waited for before), the request waits for the first of them that may still
//!   help, if its time allows, and goes on from there.
//! - Every target passed over is one `skipped` event, every move one `fell_back` event, every further call to the target
//!   last called one `retried` event.
//! - Passing over a target never changes what the attempts before it have shown.
//! - What happens after an attempt is `policy/decide.rs`'s business; here it is only carried out.

use super::Router;
use super::attempt::{self, Bounds, Call, Judgement, Progress, Wanted};
use super::client::{Client, Request, Served};
use super::config::{Chain, Target};
use super::health::{Health, Pass};
use super::policy::breaker::Transition;
use super::policy::decide::{Act, Limits, Retry, Situation, decide, row};
use super::policy::gates::Asked;
use super::policy::{backoff, retry_after};
use crate::event::{Class, EventKind, Micros, Name, Outcome, Reason, SkipReason};
use crate::provider::{self, Ask, Embed};
use mock_providers::model::Capability;
use std::sync::Arc;
use std::time::Duration;

/// What a request has done so far.
struct Walk<'a> {
    router: &'a Router,
    chain: &'a Chain,
    request: &'a Request,
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
    delivered: bool,
}

/// What one request knows of one place of its chain.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Calls made.
    tried: u32,
    /// The prompt does not fit there.
    too_small: bool,
    /// Worth another call from then on: it was rate limited or overloaded, and the wait was too long to sit out while
    /// there was somewhere else to go.
    again_at: Option<Duration>,
}

/// Where an attempt leads.
enum Then {
    Done(Served),
    Next,
}

/// Carries a request to its end. The answer, if there is one, goes to `client`.
pub(super) async fn carry<C: Client>(router: &Router, request: &Request, client: &mut C) -> Served {
    let chain = router.config.chain_for(request);
    let arrived = router.clock.now();
    let mut walk = Walk {
        router,
        chain,
        request,
        deadline: arrived + chain.deadline,
        ttft_deadline: chain.ttft_deadline.filter(|_| request.stream).map(|d| arrived + d),
        places: vec![Place::default(); chain.targets.len()],
        hops: 0,
        attempts: 0,
        last: None,
        left: None,
        judged: None,
        failure: None,
        delivered: false,
    };
    let mut order = walk.order(arrived);
    loop {
        for place in order {
            match walk.admit(place) {
                Ok(pass) => match walk.hop(place, pass, client).await {
                    Then::Done(served) => return served,
                    Then::Next => {}
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
        &self.router.health[self.chain.targets[place]]
    }

    fn name(&self, place: usize) -> Name {
        Arc::clone(&self.health(place).name)
    }

    fn luck(&self, purpose: &str, place: usize) -> f64 {
        let id = self.request.id;
        let ids = [u64::from(id.stream), u64::from(id.number), u64::from(self.places[place].tried)];
        self.router.luck.unit(purpose, &[&self.health(place).name], &ids)
    }

    /// The places of the chain, demoted targets last.
    fn order(&self, now: Duration) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.chain.targets.len()).collect();
        if order.len() > 1 {
            order.sort_by_key(|&place| self.health(place).is_demoted(now));
        }
        order
    }

    /// Until when a call may take: the deadline, or that of the first token while there is none.
    fn time_is_up(&self) -> Duration {
        self.ttft_deadline.filter(|_| !self.delivered).map_or(self.deadline, |d| d.min(self.deadline))
    }

    /// The time a call to this target needs. The median only counts against a request that has already used some of its
    /// time: one whose whole deadline lies ahead would otherwise never find out that a target has become faster.
    fn needed(&self, place: usize) -> Duration {
        let median = self.health(place).median().filter(|_| self.attempts > 0);
        median.map_or(self.chain.min_hop_time, |m| m.max(self.chain.min_hop_time))
    }

    /// Why a call at `at` makes no sense, whatever the target's health.
    fn hindrance(&self, place: usize, at: Duration) -> Option<SkipReason> {
        if let Some(reason) = self.unfit(place) {
            return Some(reason);
        }
        let measured = self.health(place).measured();
        if self.chain.min_quality.is_some_and(|floor| measured.is_some_and(|quality| quality.is_below(floor))) {
            return Some(SkipReason::Quality);
        }
        if self.attempts >= self.chain.max_attempts_total {
            return Some(SkipReason::AttemptsSpent);
        }
        if self.places[place].too_small || self.request.prompt_tokens() > self.target(place).context {
            return Some(SkipReason::Context);
        }
        (at + self.needed(place) > self.time_is_up()).then_some(SkipReason::Deadline)
    }

    /// Why this target can never serve this request, whatever happens.
    fn unfit(&self, place: usize) -> Option<SkipReason> {
        let (request, target) = (self.request, self.target(place));
        let needs = [
            (Capability::Tools, !request.tools.is_empty()),
            (Capability::JsonSchema, request.schema.is_some()),
            (Capability::Vision, !request.images.is_empty()),
        ];
        if needs.iter().any(|(capability, needed)| *needed && !target.capabilities.contains(capability)) {
            return Some(SkipReason::Capability);
        }
        request.embedding?;
        if self.router.upstreams[target.provider].adapter.embedder().is_err() {
            return Some(SkipReason::Capability);
        }
        // What the client stores beside the other vectors must compare with them.
        let space = self.router.vector_space(self.chain);
        (space != Some(target.vector_space())).then_some(SkipReason::VectorSpace)
    }

    /// May this target be called now?
    fn admit(&self, place: usize) -> Result<Pass, SkipReason> {
        let now = self.now();
        if let Some(reason) = self.hindrance(place, now) {
            return Err(reason);
        }
        let first_here = self.places[place].tried == 0;
        self.health(place).admit(now, self.luck("ramp", place), first_here, |t| self.announce(place, &t))
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
        self.hops += u32::from(self.places[place].tried == 0);
    }

    /// Uses one target until it answers, or until the table says to leave it.
    async fn hop<C: Client>(&mut self, place: usize, pass: Pass, client: &mut C) -> Then {
        self.arrive_at(place);
        let mut pass = Some(pass);
        let mut stricter = false;
        let mut waited = None;
        let mut classes: Vec<Class> = Vec::new();
        loop {
            let granted = match pass.take() {
                Some(pass) => pass,
                // The breaker may have opened, or the target asked for a pause, while this request waited.
                None => match self.admit(place) {
                    Ok(pass) => pass,
                    Err(reason) => {
                        self.skip(place, reason);
                        return Then::Next;
                    }
                },
            };
            let (verdict, asked) = self.attempt(place, granted, stricter, client).await;
            let class = verdict.class;
            self.delivered |= verdict.delivered;
            let now = self.now();
            let retries = self.places[place].tried - 1;
            let backoff = backoff::wait(&self.chain.retry.backoff, retries, waited, self.luck("backoff", place));
            let wait = asked.unwrap_or(backoff);
            if class != Class::Ok {
                self.failure = Some(class);
                self.judged = Some(now);
                self.left = Some((place, Reason::Class(class)));
            }
            let situation = Situation {
                class,
                attempts_here: self.places[place].tried,
                retries_of_class: classes.iter().filter(|&&c| c == class).count() as u32,
                attempts_left: self.chain.max_attempts_total - self.attempts,
                token_delivered: self.delivered && class != Class::Ok,
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
            };
            match decide(&situation, &limits) {
                Act::Serve => return Then::Done(self.served(Outcome::Answered, None)),
                Act::Surface => return Then::Done(self.served(Outcome::Surfaced, Some(class))),
                Act::Abort => return Then::Done(self.served(Outcome::Failed, Some(class))),
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
                    let busy = row(class).retry == Retry::WithinWait;
                    self.places[place].again_at = busy.then_some(now + wait);
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
        pass: Pass,
        stricter: bool,
        client: &mut C,
    ) -> (Judgement, Option<Duration>) {
        let router = self.router;
        let target = &router.config.targets[self.chain.targets[place]];
        self.places[place].tried += 1;
        self.attempts += 1;
        let (id, attempt) = (self.request.id, self.places[place].tried);
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
                schema: request.schema.as_ref().map(|s| s.document()),
                tools: &tools,
                must_call: request.must_call,
                stream: request.stream,
                stricter,
            }),
        };
        let call = Call {
            upstream: &upstream.http,
            adapter: upstream.adapter,
            wanted,
            gates: &self.chain.gates,
            asked,
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
        let asked = verdict.retry_after.and_then(|s| retry_after::wait(s, self.luck("retry-after", place)));
        let effect = row(verdict.class).effect;
        pass.record(effect, now - dispatched, now, self.luck("open", place), |recorded| {
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
                breaker: recorded.reading,
            });
            if let Some(transition) = &recorded.transition {
                self.announce(place, transition);
            }
            if let Some(until) = recorded.demoted_until {
                self.log(EventKind::Demoted { target: Arc::clone(&target.name), until: until.into() });
            }
        });
        let asks_for_a_pause = row(verdict.class).retry == Retry::WithinWait;
        if let Some(wait) = asked.filter(|_| asks_for_a_pause)
            && self.health(place).rest(now + wait)
        {
            self.log(EventKind::SetAside { target: Arc::clone(&target.name), until: (now + wait).into() });
        }
        if row(verdict.class).alert {
            self.log(EventKind::Alert { target: Arc::clone(&target.name), class: verdict.class });
        }
        (verdict, asked)
    }

    /// Waits for the first target that may still help once its pause is over. Returns which.
    async fn await_pause(&mut self) -> Option<usize> {
        let now = self.now();
        let (until, place) = (0..self.places.len()).filter_map(|p| Some((self.worth_waiting(p, now)?, p))).min()?;
        if self.delivered {
            return None;
        }
        if self.last == Some(place) {
            self.retry(place, self.failure.unwrap_or(Class::RateLimited), until - now);
        } else if self.last.is_none() {
            // Nothing was called yet: waiting for the first choice is no fallback.
            self.left = Some((0, Reason::Skip(SkipReason::SetAside)));
        }
        if self.gone_while(until).await {
            self.failure = Some(Class::Cancelled);
            return None;
        }
        Some(place)
    }

    /// When this target is worth another call, if it is worth waiting for. Everybody who waits for one pause comes back
    /// at a time of their own.
    fn worth_waiting(&self, place: usize, now: Duration) -> Option<Duration> {
        let here = &self.places[place];
        let pause = self.health(place).rests_until(now).max(here.again_at.filter(|&at| at > now))?;
        let scatter = (pause - now).mul_f64(0.1 * self.luck("scatter", place));
        let until = pause + Duration::from_millis(scatter.as_millis() as u64);
        let open = self.health(place).is_open_at(until);
        let paid = here.tried == 0 || self.health(place).covers_retry(now);
        let may = here.tried < self.chain.retry.max_attempts && paid && !open && self.hindrance(place, until).is_none();
        may.then_some(until)
    }

    /// Nothing is left to try.
    async fn exhausted<C: Client>(&mut self, client: &mut C) -> Served {
        if self.failure == Some(Class::Cancelled) {
            return self.served(Outcome::Surfaced, Some(Class::Cancelled));
        }
        if self.places.iter().all(|p| p.too_small) {
            return self.served(Outcome::Surfaced, Some(Class::ContextLength));
        }
        if (0..self.places.len()).all(|place| self.unfit(place).is_some()) {
            // No template stands for a vector, and that the chain cannot do it is no fault of the client.
            return self.served(Outcome::Failed, Some(Class::BadRequest));
        }
        let class = self.failure.or(match self.left {
            Some((_, Reason::Skip(SkipReason::SetAside))) => Some(Class::RateLimited),
            Some((_, Reason::Skip(SkipReason::Deadline))) => Some(Class::Timeout),
            _ => Some(Class::Overloaded),
        });
        match self.chain.degraded.as_ref().filter(|_| self.request.embedding.is_none()) {
            Some(template) => {
                client.token(template).await;
                self.served(Outcome::Degraded, class)
            }
            None => self.served(Outcome::Failed, class),
        }
    }

    fn served(&self, outcome: Outcome, class: Option<Class>) -> Served {
        let target = self.last.map(|place| self.name(place));
        Served { outcome, class, target, hops: self.hops, attempts: self.attempts }
    }

    fn announce(&self, place: usize, transition: &Transition) {
        self.log(EventKind::BreakerChanged {
            target: self.name(place),
            from: transition.from,
            to: transition.to,
            cause: transition.cause.into(),
            probe_at: transition.probe_at.map(Micros::from),
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
