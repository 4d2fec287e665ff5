//! Walks one request along its chain: admission, attempt, decision, and again.
//!
//! Rules:
//! - A chain is walked once in order, demoted targets last. When every target has been tried or passed over and one of
//!   them only asked for a pause, the request waits for the end of the earliest pause, if the deadline allows, and walks
//!   on from there.
//! - Every target passed over is one `skipped` event, every move one `fell_back` event.
//! - What happens after an attempt is `policy/decide.rs`'s business; here it is only carried out.

use super::Router;
use super::attempt::{self, Bounds, Call, Judgement, Progress};
use super::client::{Client, Request, Served};
use super::config::Chain;
use super::health::{Health, Pass};
use super::policy::breaker::Transition;
use super::policy::decide::{Act, Limits, Situation, decide, row};
use super::policy::{backoff, retry_after};
use crate::event::{Class, EventKind, Micros, Name, Outcome, Reason, SkipReason};
use crate::provider::Ask;
use std::sync::Arc;
use std::time::Duration;

/// What a request has done so far.
struct Walk<'a> {
    router: &'a Router,
    chain: &'a Chain,
    request: &'a Request,
    deadline: Duration,
    ttft_deadline: Option<Duration>,
    /// Attempts made, by the target's place in the chain.
    tried: Vec<u32>,
    hops: u32,
    attempts: u32,
    /// The target last called.
    last: Option<usize>,
    /// The target last used or passed over, and why it was left.
    left: Option<(usize, Reason)>,
    /// When the last failure was judged, until the next target is called.
    judged: Option<Duration>,
    /// The error the client gets if nothing better happens.
    error: Class,
    delivered: bool,
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
        ttft_deadline: chain.ttft_deadline.map(|d| arrived + d),
        tried: vec![0; chain.targets.len()],
        hops: 0,
        attempts: 0,
        last: None,
        left: None,
        judged: None,
        error: Class::Overloaded,
        delivered: false,
    };
    let mut order = walk.order(arrived);
    let mut larger_than = None;
    loop {
        for place in order {
            let pass = match walk.admit(place, larger_than) {
                Ok(pass) => pass,
                Err(reason) => {
                    walk.skip(place, reason);
                    continue;
                }
            };
            match walk.hop(place, pass, client, &mut larger_than).await {
                Then::Done(served) => return served,
                Then::Next => {}
            }
        }
        match walk.await_rest().await {
            Some(place) => order = vec![place],
            None => return walk.exhausted(client, larger_than.is_some()).await,
        }
    }
}

impl Walk<'_> {
    fn now(&self) -> Duration {
        self.router.clock.now()
    }

    fn health(&self, place: usize) -> &Arc<Health> {
        &self.router.health[self.chain.targets[place]]
    }

    fn name(&self, place: usize) -> Name {
        Arc::clone(&self.health(place).name)
    }

    fn luck(&self, purpose: &str, place: usize) -> f64 {
        let id = self.request.id;
        let ids = [u64::from(id.stream), u64::from(id.number), u64::from(self.tried[place])];
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

    /// May this target be called now?
    fn admit(&self, place: usize, larger_than: Option<u32>) -> Result<Pass, SkipReason> {
        let now = self.now();
        let target = &self.router.config.targets[self.chain.targets[place]];
        if self.attempts >= self.chain.max_attempts_total {
            return Err(SkipReason::AttemptsSpent);
        }
        let too_small = larger_than.is_some_and(|size| target.context <= size);
        if too_small || self.request.prompt_tokens() > target.context {
            return Err(SkipReason::Context);
        }
        let needed = self.health(place).median().map_or(self.chain.min_hop_time, |m| m.max(self.chain.min_hop_time));
        if now + needed > self.deadline {
            return Err(SkipReason::Deadline);
        }
        let luck = self.luck("ramp", place);
        let (pass, transition) = self.health(place).admit(now, luck, self.tried[place] == 0);
        self.announce(place, transition);
        pass.map_err(|refusal| refusal.reason)
    }

    fn skip(&mut self, place: usize, reason: SkipReason) {
        self.log(EventKind::Skipped { request: self.request.id, target: self.name(place), reason });
        self.error = match reason {
            SkipReason::Context => Class::ContextLength,
            _ if self.attempts > 0 => self.error,
            SkipReason::SetAside => Class::RateLimited,
            SkipReason::Deadline => Class::Timeout,
            _ => Class::Overloaded,
        };
        self.left = Some((place, Reason::Skip(reason)));
    }

    /// Uses one target until it answers, or until the table says to leave it.
    async fn hop<C: Client>(
        &mut self,
        place: usize,
        pass: Pass,
        client: &mut C,
        larger_than: &mut Option<u32>,
    ) -> Then {
        let target = self.name(place);
        let left = self.left.take().filter(|&(from, _)| from != place || self.hops == 0);
        if let Some((from, reason)) = left.filter(|&(from, _)| from != place) {
            let (request, to) = (self.request.id, Arc::clone(&target));
            self.log(EventKind::FellBack { request, from: self.name(from), to, reason });
        }
        if left.is_some() || self.hops == 0 {
            self.hops += 1;
        }
        let mut pass = Some(pass);
        let mut stricter = false;
        let mut waited = None;
        let mut classes: Vec<Class> = Vec::new();
        loop {
            let granted = match pass.take() {
                Some(pass) => pass,
                // The breaker may have opened, or the target asked for a pause, while this request waited.
                None => match self.admit(place, *larger_than) {
                    Ok(pass) => pass,
                    Err(reason) => {
                        self.skip(place, reason);
                        return Then::Next;
                    }
                },
            };
            let (verdict, asked) = self.attempt(place, granted, stricter, client).await;
            self.delivered |= verdict.delivered;
            let retries = classes.iter().filter(|&&c| c == verdict.class).count() as u32;
            let backoff =
                backoff::wait(&self.chain.retry.backoff, self.tried[place] - 1, waited, self.luck("backoff", place));
            let now = self.now();
            let situation = Situation {
                class: verdict.class,
                attempts_here: self.tried[place],
                retries_of_class: retries,
                attempts_left: self.chain.max_attempts_total - self.attempts,
                token_delivered: self.delivered && verdict.class != Class::Ok,
                wait: asked.unwrap_or(backoff),
                remaining: self.deadline.saturating_sub(now),
                budget: self.health(place).covers_retry(now),
            };
            let limits = Limits {
                max_attempts: self.chain.retry.max_attempts,
                wait_up_to: self.chain.retry.wait_up_to,
                retry_timeouts: self.chain.retry.retry_timeouts,
                min_hop_time: self.chain.min_hop_time,
            };
            match decide(&situation, &limits) {
                Act::Serve => return Then::Done(self.served(Outcome::Answered, None)),
                Act::Surface => return Then::Done(self.served(Outcome::Surfaced, Some(verdict.class))),
                Act::Abort => return Then::Done(self.served(Outcome::Failed, Some(verdict.class))),
                Act::Retry { wait } => {
                    self.health(place).spend_retry(now);
                    self.log(EventKind::Retried {
                        request: self.request.id,
                        target: Arc::clone(&target),
                        reason: verdict.class,
                        wait: wait.into(),
                    });
                    classes.push(verdict.class);
                    stricter |= verdict.class == Class::Schema;
                    waited = Some(wait);
                    if self.gone_while(now + wait).await {
                        return Then::Done(self.served(Outcome::Surfaced, Some(Class::Cancelled)));
                    }
                }
                act @ (Act::Next | Act::NextLarger) => {
                    if act == Act::NextLarger {
                        let size = self.router.config.targets[self.chain.targets[place]].context;
                        *larger_than = Some(larger_than.map_or(size, |s: u32| s.max(size)));
                    }
                    self.error = verdict.class;
                    self.left = Some((place, Reason::Class(verdict.class)));
                    self.judged = Some(now);
                    return Then::Next;
                }
            }
        }
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
        self.tried[place] += 1;
        self.attempts += 1;
        self.last = Some(place);
        let (id, attempt) = (self.request.id, self.tried[place]);
        let dispatched = self.now();
        let switch = self.judged.take().map(|judged| (dispatched - judged).into());
        let probe = pass.is_probe();
        self.log(EventKind::AttemptStarted { request: id, target: Arc::clone(&target.name), attempt, probe, switch });
        let upstream = &router.upstreams[target.provider];
        let timeouts = &self.chain.timeouts;
        let gate = self.request.schema.as_ref().filter(|_| self.chain.json_schema);
        let call = Call {
            upstream: &upstream.http,
            adapter: upstream.adapter,
            ask: Ask {
                model: &target.model,
                system: &self.request.system,
                prompt: &self.request.prompt,
                schema: self.request.schema.as_ref().map(|s| s.document()),
                stream: self.request.stream,
                stricter,
            },
            gate,
            key: format!("{id};{attempt}"),
            bounds: Bounds {
                head: dispatched + timeouts.headers,
                first_token: self
                    .ttft_deadline
                    .filter(|_| self.request.stream)
                    .map_or(dispatched + timeouts.first_token, |d| d.min(dispatched + timeouts.first_token)),
                idle: timeouts.idle,
                end: timeouts.total.map_or(self.deadline, |t| self.deadline.min(dispatched + t)),
                gone: self.request.gone_at,
            },
        };
        let mut first = FirstToken { router, request: self.request, target: &target.name, attempt };
        let verdict = attempt::run(call, router.clock, client, &mut first).await;
        let now = self.now();
        let asked = verdict.retry_after.and_then(|s| retry_after::wait(s, self.luck("retry-after", place)));
        let row = row(verdict.class);
        let recorded = pass.record(row.effect, now - dispatched, now, self.luck("open", place));
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
        self.announce(place, recorded.transition);
        if let Some(until) = recorded.demoted_until {
            self.log(EventKind::Demoted { target: Arc::clone(&target.name), until: until.into() });
        }
        if let Some(wait) = asked
            && self.health(place).rest(now + wait)
        {
            self.log(EventKind::SetAside { target: Arc::clone(&target.name), until: (now + wait).into() });
        }
        if row.alert {
            self.log(EventKind::Alert { target: Arc::clone(&target.name), class: verdict.class });
        }
        (verdict, asked)
    }

    /// Waits for the earliest pause in the chain to end, if that can still help. Returns whose it was.
    async fn await_rest(&mut self) -> Option<usize> {
        let now = self.now();
        let (place, until) = (0..self.chain.targets.len())
            .filter(|&place| self.tried[place] < self.chain.retry.max_attempts)
            .filter_map(|place| self.health(place).rests_until(now).map(|until| (place, until)))
            .min_by_key(|&(_, until)| until)?;
        let fits = until + self.chain.min_hop_time <= self.deadline && self.attempts < self.chain.max_attempts_total;
        if !fits || self.delivered {
            return None;
        }
        if self.left.is_some_and(|(from, _)| from == place) {
            let (request, target) = (self.request.id, self.name(place));
            self.log(EventKind::Retried { request, target, reason: self.error, wait: (until - now).into() });
        }
        if self.gone_while(until).await {
            self.error = Class::Cancelled;
            return None;
        }
        Some(place)
    }

    /// Nothing is left to try.
    async fn exhausted<C: Client>(&mut self, client: &mut C, wants_larger: bool) -> Served {
        if self.error == Class::Cancelled {
            return self.served(Outcome::Surfaced, Some(Class::Cancelled));
        }
        if wants_larger && self.error == Class::ContextLength {
            return self.served(Outcome::Surfaced, Some(Class::ContextLength));
        }
        match &self.chain.degraded {
            Some(template) => {
                client.token(template).await;
                self.served(Outcome::Degraded, Some(self.error))
            }
            None => self.served(Outcome::Failed, Some(self.error)),
        }
    }

    fn served(&self, outcome: Outcome, class: Option<Class>) -> Served {
        let target = self.last.map(|place| self.name(place));
        Served { outcome, class, target, hops: self.hops, attempts: self.attempts }
    }

    fn announce(&self, place: usize, transition: Option<Transition>) {
        if let Some(t) = transition {
            self.log(EventKind::BreakerChanged {
                target: self.name(place),
                from: t.from,
                to: t.to,
                cause: t.cause.into(),
                probe_at: t.probe_at.map(Micros::from),
            });
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
