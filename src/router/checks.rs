//! Carries out synthetic health checks: one call after the other to each target that is to be checked, by each replica.
//!
//! A check goes past breaker, limits, chains and budgets, and is no attempt: it is told as `health_checked` and carries a
//! key of its own, `check-REPLICA:TARGET`. What its result means is `policy/checks.rs`'s business.

use super::attempt::{self, Bounds, Call, Judgement, Progress, Wanted};
use super::client::Client;
use super::policy::checks::{Found, Params};
use super::policy::cost;
use super::policy::gates::{Asked, Gates};
use super::{Chore, Router};
use crate::event::{CheckKind, EventKind, Name, check_key};
use crate::provider::{self, Ask, Options, SchemaBy, ToolCall};
use std::sync::Arc;
use std::time::Duration;

/// Who asks, where no pool has a key: a provider that knows its keys has to know this one.
pub const TENANT: &str = "health-check";

/// What a model is asked, and how much of an answer is paid for.
const PROMPT: &str = "Reply with the word ok.";
const ANSWER: u32 = 16;

impl Router {
    /// The health checks of its targets, each a task that makes them one after the other until then.
    pub(super) fn health_checks(self: &Arc<Self>, until: Duration) -> Vec<Chore> {
        let mut all: Vec<Chore> = Vec::new();
        for replica in 0..self.replicas.len() {
            for (target, params) in self.config.targets.iter().enumerate().filter_map(|(i, t)| Some((i, t.checks?))) {
                all.push(Box::pin(Checker { router: Arc::clone(self), replica, target, params }.run(until)));
            }
        }
        all
    }
}

/// Checks one target for one replica.
struct Checker {
    router: Arc<Router>,
    replica: usize,
    target: usize,
    params: Params,
}

impl Checker {
    async fn run(self, until: Duration) {
        let name = Name::clone(&self.router.config.targets[self.target].name);
        let mut due = self.params.first(self.router.luck.unit("check", &[&name], &[self.replica as u64]));
        let mut check = 0;
        while due < until {
            self.router.clock.sleep_until(due).await;
            check += 1;
            self.check(check).await;
            due += self.params.every;
        }
    }

    async fn check(&self, check: u32) {
        let router = &*self.router;
        let (target, health) = (&router.config.targets[self.target], &router.replicas[self.replica][self.target]);
        let replica = self.replica as u16;
        let dispatched = router.clock.now();
        let verdict = self.call(check, dispatched).await;
        let now = router.clock.now();
        router.log.record(EventKind::HealthChecked {
            target: Name::clone(&target.name),
            replica,
            check,
            kind: self.params.kind,
            dispatched: dispatched.into(),
            class: verdict.class,
            status: verdict.status.map(|s| s.as_u16()),
            detail: verdict.detail.as_ref().into(),
            cost: verdict.usage.map_or_else(Default::default, |usage| cost::of(target.prices.at(dispatched), &usage)),
        });
        let luck = router.luck.unit("check open", &[&target.name], &[u64::from(replica), u64::from(check)]);
        health.checked(&self.params, Found::of(verdict.class), now, luck, |transition, alert| {
            for event in transition.iter().flat_map(|transition| health.circuit.events(transition)) {
                router.log.record(event);
            }
            if let Some(alert) = alert {
                let (target, cause) = (Name::clone(&target.name), alert.cause.into());
                router.log.record(EventKind::Alert { target, kind: alert.kind, drift: None, cause });
            }
        });
    }

    async fn call(&self, check: u32, dispatched: Duration) -> Judgement {
        let router = &*self.router;
        let target = &router.config.targets[self.target];
        let upstream = &router.upstreams[target.provider];
        let pool = router.config.pools.iter().find(|pool| pool.provider == target.provider);
        let secret = match pool.and_then(|pool| pool.keys.first()) {
            Some(key) => Name::clone(&key.secret),
            None => provider::secret(TENANT).into(),
        };
        let options = Options { max_tokens: Some(ANSWER), ..Options::default() };
        let wanted = match self.params.kind {
            CheckKind::Models => Wanted::Models(&secret),
            CheckKind::Completion => Wanted::Answer(Ask {
                model: &target.model,
                secret: &secret,
                system: "",
                prompt: PROMPT,
                images: &[],
                partial: "",
                schema: None,
                schema_by: SchemaBy::Native,
                tools: &[],
                must_call: false,
                stream: false,
                stricter: false,
                options: &options,
            }),
        };
        let gates = Gates::none();
        let by = dispatched + self.params.timeout;
        let key = format!("{};{check}", check_key(self.replica as u16, &target.name));
        let call = Call {
            upstream: &upstream.http,
            adapter: upstream.adapter,
            wanted,
            gates: &gates,
            asked: Asked { model: &target.model, schema: None, tools: &[], must_call: false },
            holds_back: true,
            join: None,
            key: &key,
            bounds: Bounds { head: by, first_token: by, idle: self.params.timeout, end: by, gone: None },
            outrun: None,
        };
        attempt::run(call, router.clock, &mut Nobody, &mut Nobody).await
    }
}

/// Takes in what nobody wants.
struct Nobody;

impl Client for Nobody {
    async fn token(&mut self, _text: &str) {}

    async fn call(&mut self, _call: &ToolCall) {}

    async fn vector(&mut self, _vector: &[f32]) {}
}

impl Progress for Nobody {
    fn first_token(&mut self) {}
}
