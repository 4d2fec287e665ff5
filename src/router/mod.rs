//! The fallback router: routes pick a chain, the driver walks it, pure policy decides.
//!
//! - `config`: what it is told. - `client`: who asks, and what they get. - `walk/`: the way of one request along its chain.
//! - `attempt`: one HTTP call. - `checks`: calls that nobody asked for, to see who is well. - `health`: what is known about
//!   a target. - `watch`: what is known about a chain.
//! - `chains`: who is in which chain now. - `kept`: answers that may be given again.
//! - `grader`: looks at answers afterwards.
//! - `spending`: who pays. - `prices`: tells when prices change.
//! - `policy/`: every decision, pure.
//! - `ablate`: the same router with a part missing. - `preset`: baselines.
//!
//! This room does not know scenarios, mocks or statistics. It speaks HTTP through `transport`, dialects through
//! `provider`, and tells what it does to the event log.

pub mod ablate;
mod attempt;
mod chains;
pub mod checks;
mod client;
pub mod config;
mod grader;
mod health;
mod kept;
pub mod lesser;
pub mod policy;
pub mod preset;
mod prices;
mod spending;
#[cfg(test)]
mod tests;
mod walk;
mod watch;

pub use crate::provider::{Answered, Effort, Image, Options, ToolCall};
pub use client::{Before, Client, Only, Request, Served, Stakes, Traits};
pub use grader::Truth;

use crate::event::{Name, Outcome, Sink};
use crate::provider::Adapter;
use crate::runtime::{Clock, Spawner};
use crate::transport::Upstream;
use chains::Roster;
use config::{Chain, Config};
use grader::Grader;
use health::Health;
use kept::{Kept, Overheard};
use mock_providers::Luck;
use policy::drift::{self, Drift};
use spending::Spending;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A provider as the router reaches it.
#[derive(Clone)]
pub struct Provider {
    /// Its dialect.
    pub adapter: Adapter,
    /// Its connections.
    pub http: Upstream,
}

/// Something that the router does by itself.
pub type Chore = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A fallback router.
pub struct Router {
    config: Config,
    upstreams: Vec<Provider>,
    /// By replica, then by target.
    replicas: Vec<Vec<Arc<Health>>>,
    roster: Roster,
    /// By chain; the replicas share them.
    kept: Vec<Option<Kept>>,
    /// By chain.
    drift: Vec<Mutex<Drift>>,
    spending: Spending,
    clock: Clock,
    luck: Luck,
    log: Arc<dyn Sink>,
    grader: Option<Grader>,
}

impl Router {
    /// A router that knows nothing about its targets yet. `upstreams` are in the order of the plan's providers.
    #[must_use]
    pub fn new(config: Config, upstreams: Vec<Provider>, clock: Clock, luck: Luck, log: Arc<dyn Sink>) -> Self {
        let replicas = health::unknown(&config);
        let drift = config.chains.iter().map(|_| Mutex::new(Drift::new(drift::Params::default()))).collect();
        let kept = config.chains.iter().map(kept::empty).collect();
        let spending = Spending::new(&config);
        let roster = Roster::new(&config.chains);
        Self { config, upstreams, replicas, roster, kept, drift, spending, clock, luck, log, grader: None }
    }

    /// With the grader that its configuration asks for, if it does.
    #[must_use]
    pub fn graded(mut self, truth: Arc<dyn Truth>, spawner: Spawner) -> Self {
        self.grader = self.config.oversight.grader.map(|params| Grader { params, truth, spawner });
        self
    }

    /// What it does without being asked, until then: health checks, and news of prices. Each is a task.
    #[must_use]
    pub fn chores(self: &Arc<Self>, until: Duration) -> Vec<Chore> {
        let mut chores = self.health_checks(until);
        if self.config.targets.iter().any(|target| target.prices.changes().next().is_some()) {
            chores.push(Box::pin(Arc::clone(self).watch_prices(until)));
        }
        chores
    }

    /// Which replica a request reaches, each time its client asks.
    fn replica(&self, request: &Request) -> u16 {
        let (id, replicas) = (request.id, self.replicas.len() as f64);
        let ids = [u64::from(id.stream), u64::from(id.number), u64::from(request.before.asked)];
        if self.replicas.len() > 1 { (self.luck.unit("replica", &[], &ids) * replicas) as u16 } else { 0 }
    }

    /// The name of the chain that this request takes.
    #[must_use]
    pub fn chain_of(&self, request: &Request) -> &Name {
        &self.config.chains[self.config.chain_index(request)].name
    }

    /// The model whose vectors answer this request for an embedding: that of the first target of its chain that has
    /// embeddings at all. `None` if none has.
    #[must_use]
    pub fn embedding_model(&self, request: &Request) -> Option<&Name> {
        self.vector_space(&self.roster.chain(self.config.chain_index(request)))
    }

    fn vector_space(&self, chain: &Chain) -> Option<&Name> {
        let mut targets = chain.targets.iter().map(|&target| &self.config.targets[target]);
        targets.find(|t| self.upstreams[t.provider].adapter.embedder().is_ok()).map(|t| &t.identity)
    }

    /// Carries a request to its end. The answer, if there is one, goes to `client` piece by piece; only what the
    /// returned [`Served`] calls answered was complete.
    pub async fn handle<C: Client>(&self, request: &Request, client: &mut C) -> Served {
        if let Some(only) = request.only {
            return walk::carry(self, &self.roster.alone(only), request, client).await;
        }
        let index = self.config.chain_index(request);
        let chain = self.roster.chain(index);
        let grader = self.grader.as_ref().filter(|grader| grader.picks(self.luck, request));
        let served = if grader.is_some() || self.keeps(index) {
            let mut client = Overheard::new(client);
            let served = walk::carry(self, &chain, request, &mut client).await;
            if let Some(grader) = grader {
                self.look(grader, request, &client.given.answered, &served);
            }
            if served.outcome == Outcome::Answered {
                self.keep(index, request, client.given);
            }
            served
        } else {
            walk::carry(self, &chain, request, client).await
        };
        self.watch((index, &chain), request, &served);
        served
    }

    /// Shows a grader what was answered, if anything was.
    fn look(&self, grader: &Grader, request: &Request, answered: &Answered, served: &Served) {
        let target = served.target.as_ref().filter(|_| served.outcome == Outcome::Answered);
        let known = &self.replicas[usize::from(self.replica(request))];
        if let Some(health) = target.and_then(|target| known.iter().find(|health| health.name == *target)) {
            grader.look(request, answered, health, (self.clock, self.luck, &self.log));
        }
    }
}

impl Config {
    /// The chain a request takes.
    fn chain_index(&self, request: &Request) -> usize {
        request.only.map_or_else(|| self.way_of(&request.traveller()).chain, |only| only.chain)
    }
}
