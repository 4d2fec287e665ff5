//! One call of a walk: what is told before it and after it.

use super::{Landed, Leave, Walk};
use crate::event::{EventKind, Micros, Name, Reason};
use crate::provider::{Ask, Embed, SchemaBy, Scope, Tool};
use crate::router::attempt::{Bounds, Call, Judgement, Progress, Wanted};
use crate::router::config::{OnBreak, Target};
use crate::router::policy::alerts::Sign;
use crate::router::policy::decide::{Effect, Retry};
use crate::router::policy::gates::Asked;
use crate::router::policy::join::{Join, anchor};
use crate::router::policy::keyring::Key;
use crate::router::policy::{cost, retry_after};
use crate::router::{Request, Router};
use mock_providers::model::Capability;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// A call under way.
pub(super) struct Flight<'a> {
    router: &'a Router,
    request: &'a Request,
    target: &'a Target,
    pub(super) place: usize,
    /// The n-th call of the request to this target.
    attempt: u32,
    pub(super) dispatched: Duration,
    key: Key,
    /// The name of the key, if it is not the tenant's own.
    pooled: Option<Name>,
    /// Whether it goes on from what another call began.
    continued: bool,
    /// What goes with the request on the wire, so that both accounts can be paired.
    id: String,
    /// The instructions of the request, and what else this target has to be told.
    system: Cow<'a, str>,
    tools: Vec<Tool<'a>>,
    stricter: bool,
}

impl<'a> Walk<'a> {
    /// A call is about to be made.
    pub(super) fn depart(&mut self, place: usize, leave: &Leave, stricter: bool) -> Flight<'a> {
        let (router, request) = (self.router, self.request);
        let target = &router.config.targets[self.chain.targets[place]];
        self.places[place].tried += 1;
        self.attempts += 1;
        let attempt = self.places[place].call();
        let dispatched = self.now();
        let elsewhere = self.last.replace(place).is_some_and(|last| last != place);
        let judged = self.judged.take().filter(|_| elsewhere);
        let key = leave.pass.key.clone();
        let pooled = (key.name != self.own_key.name || key.secret != self.own_key.secret).then(|| key.name.clone());
        self.log(EventKind::AttemptStarted {
            request: request.id,
            target: Arc::clone(&target.name),
            attempt,
            probe: leave.pass.is_probe(),
            switch: judged.map(|judged| dispatched.saturating_sub(judged).into()),
            key: pooled.clone(),
        });
        let (id, tools) = (format!("{};{attempt}", request.id), request.offered());
        let system = match &target.prompt {
            Some(prompt) => Cow::Owned(format!("{}\n{prompt}", request.system)),
            None => Cow::Borrowed(&*request.system),
        };
        let continued = self.delivered;
        Flight {
            router,
            request,
            target,
            place,
            attempt,
            dispatched,
            key,
            pooled,
            continued,
            id,
            system,
            tools,
            stricter,
        }
    }

    /// What is sent, and how long it may take. `given` is what the client has of the answer.
    pub(super) fn call<'f>(&self, flight: &'f Flight<'a>, given: &'f str) -> Call<'f>
    where
        'a: 'f,
    {
        let (chain, request, target) = (self.chain, flight.request, flight.target);
        let upstream = &flight.router.upstreams[target.provider];
        let timeouts = &chain.timeouts;
        let shown = if target.prefill { anchor(given) } else { 0 };
        let can_schemas = target.capabilities.contains(&Capability::JsonSchema);
        let (model, secret) = (&*target.model, &*flight.key.secret);
        let wanted = match request.embedding {
            Some(dimensions) => Wanted::Vector(Embed { model, secret, text: &request.prompt, dimensions }),
            None => Wanted::Answer(Ask {
                model,
                secret,
                system: &flight.system,
                prompt: &request.prompt,
                images: &request.images,
                partial: &given[..shown],
                schema: request.schema.as_ref().map(|s| s.document()),
                schema_by: if can_schemas { SchemaBy::Native } else { SchemaBy::Prompt },
                tools: &flight.tools,
                must_call: request.must_call,
                stream: request.stream,
                stricter: flight.stricter,
                options: &request.options,
            }),
        };
        let (schema, must_call) = (request.schema.as_ref(), request.must_call);
        let dispatched = flight.dispatched;
        Call {
            upstream: &upstream.http,
            adapter: upstream.adapter,
            wanted,
            gates: &chain.gates,
            asked: Asked { model, schema, tools: &request.tools, must_call },
            holds_back: chain.on_break == OnBreak::Buffer,
            join: flight.continued.then(|| Join::new(given, shown)),
            key: &flight.id,
            bounds: Bounds {
                head: dispatched + timeouts.headers,
                first_token: self.time_is_up().min(dispatched + timeouts.first_token),
                idle: timeouts.idle,
                end: timeouts.total.map_or(self.deadline, |t| self.deadline.min(dispatched + t)),
                gone: request.gone_at,
            },
            outrun: None,
        }
    }

    /// A call is over: whoever keeps count of anything hears what it means.
    pub(super) fn land(&mut self, flight: &Flight<'a>, leave: Leave, verdict: &Judgement) -> Landed {
        let Leave { pass, hold } = leave;
        let &Flight { place, attempt, dispatched, target, ref key, ref pooled, continued, .. } = flight;
        let (request, now) = (self.request.id, self.now());
        let stretch = || self.chain.retry.scatter * self.luck("retry-after", place);
        let asked = verdict.retry_after.and_then(|s| retry_after::wait(s, stretch()));
        self.given.push_str(&verdict.given);
        if let Some(allowance) = &verdict.allowance {
            pass.told(allowance, verdict.class, now);
        }
        let row = self.chain.table.row(verdict.class);
        let effect = match row.effect {
            // That a target does not go on as somebody else began says little about its answers.
            Effect::BadAnswer if continued => Effect::Alive,
            effect => effect,
        };
        let retires = verdict.retires.as_deref();
        let sign = Sign { class: verdict.class, dispatched, judged: now, key: &key.name, retires };
        self.places[place].class = Some(verdict.class);
        let cost = verdict.usage.map_or_else(Default::default, |usage| cost::of(target.prices.at(dispatched), &usage));
        pass.record(effect, &sign, now - dispatched, now, self.luck("open", place), |recorded| {
            self.log(EventKind::AttemptEnded {
                request,
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
        let pauses = row.retry == Retry::WithinWait && self.chain.retry.heeds_pauses;
        if let Some(wait) = asked.filter(|_| pauses) {
            self.set_aside(place, verdict.scope, &key.name, now + wait);
        }
        self.delivered |= verdict.delivered;
        let (class, flaw) = (verdict.class, verdict.flaw);
        Landed { place, class, flaw, key: Name::clone(&key.name), continued, asked }
    }

    /// What the request takes with it from a call that failed.
    pub(super) fn failed(&mut self, landed: &Landed) {
        // What broke a stream is its error, not that nobody could go on with it.
        if !landed.continued {
            self.failure = Some(landed.class);
            self.flaw = landed.flaw;
        }
        self.judged = Some(self.now());
        self.left = Some((landed.place, Reason::Class(landed.class)));
    }

    /// Lets rest what has been asked to, as far as the answer said whom it meant: the key, the model or the provider. Unless
    /// it is the provider, a pool takes it for a matter of the key as well: its keys are there because they have limits of
    /// their own.
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
}

impl Progress for &Flight<'_> {
    fn first_token(&mut self) {
        self.router.log.record(EventKind::FirstToken {
            request: self.request.id,
            target: Arc::clone(&self.target.name),
            attempt: self.attempt,
        });
    }
}
