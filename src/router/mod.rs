//! The fallback router: routes pick a chain, the driver walks it, pure policy decides.
//!
//! - `config`: what it is told. - `client`: who asks, and what they get. - `driver`: the walk of one request.
//! - `attempt`: one HTTP call. - `health`: what is known about a target. - `grader`: looks at answers afterwards.
//! - `policy/`: every decision, pure.
//!
//! This room does not know scenarios, mocks or statistics. It speaks HTTP through `transport`, dialects through
//! `provider`, and tells what it does to the event log.

mod attempt;
mod client;
pub mod config;
mod driver;
mod grader;
mod health;
pub mod policy;
#[cfg(test)]
mod tests;

pub use crate::provider::{Answered, Image, ToolCall};
pub use client::{Client, Request, Served};
pub use grader::Truth;

use crate::event::{Name, Outcome, Sink};
use crate::provider::Adapter;
use crate::runtime::{Clock, Spawner};
use crate::transport::Upstream;
use config::{Chain, Config, Target};
use grader::{Grader, Overheard};
use health::Health;
use mock_providers::Luck;
use std::sync::Arc;

/// A provider as the router reaches it.
#[derive(Clone)]
pub struct Provider {
    /// Its dialect.
    pub adapter: Adapter,
    /// Its connections.
    pub http: Upstream,
}

/// A fallback router.
pub struct Router {
    config: Config,
    upstreams: Vec<Provider>,
    health: Vec<Arc<Health>>,
    clock: Clock,
    luck: Luck,
    log: Arc<dyn Sink>,
    grader: Option<Grader>,
}

impl Router {
    /// A router that knows nothing about its targets yet. `upstreams` are in the order of the plan's providers.
    #[must_use]
    pub fn new(config: Config, upstreams: Vec<Provider>, clock: Clock, luck: Luck, log: Arc<dyn Sink>) -> Self {
        let health = config.targets.iter().map(|t| Arc::new(Health::new(t))).collect();
        Self { config, upstreams, health, clock, luck, log, grader: None }
    }

    /// With the grader that its configuration asks for, if it does.
    #[must_use]
    pub fn graded(mut self, truth: Arc<dyn Truth>, spawner: Spawner) -> Self {
        self.grader = self.config.oversight.grader.map(|params| Grader { params, truth, spawner });
        self
    }

    /// The model whose vectors answer this request for an embedding: that of the first target of its chain that has
    /// embeddings at all. `None` if none has.
    #[must_use]
    pub fn embedding_model(&self, request: &Request) -> Option<&Name> {
        self.vector_space(self.config.chain_for(request))
    }

    fn vector_space(&self, chain: &Chain) -> Option<&Name> {
        let targets = chain.targets.iter().map(|&target| &self.config.targets[target]);
        targets.filter(|t| self.upstreams[t.provider].adapter.embedder().is_ok()).map(Target::vector_space).next()
    }

    /// Carries a request to its end. The answer, if there is one, goes to `client` piece by piece; only what the
    /// returned [`Served`] calls answered was complete.
    pub async fn handle<C: Client>(&self, request: &Request, client: &mut C) -> Served {
        let Some(grader) = self.grader.as_ref().filter(|grader| grader.picks(self.luck, request)) else {
            return driver::carry(self, request, client).await;
        };
        let mut client = Overheard::new(client);
        let served = driver::carry(self, request, &mut client).await;
        let target = served.target.as_ref().filter(|_| served.outcome == Outcome::Answered);
        if let Some(health) = target.and_then(|target| self.health.iter().find(|health| health.name == *target)) {
            grader.look(request, &client.answered, health, (self.clock, self.luck, &self.log));
        }
        served
    }
}

impl Config {
    /// The chain a request takes: the first matching route, else the chain named after its task, else the first.
    ///
    /// # Panics
    /// If there is no chain at all, which a checked plan rules out.
    #[must_use]
    pub fn chain_for(&self, request: &Request) -> &Chain {
        let fits = |wanted: &Option<Name>, is: &Name| wanted.as_ref().is_none_or(|w| w == is);
        let route = self.routes.iter().find(|r| {
            fits(&r.task, &request.task)
                && fits(&r.tenant, &request.tenant)
                && fits(&r.tier, &request.tier)
                && r.stream.is_none_or(|s| s == request.stream)
        });
        match route {
            Some(route) => &self.chains[route.chain],
            None => self.chains.iter().find(|c| c.name == request.task).unwrap_or(&self.chains[0]),
        }
    }
}
