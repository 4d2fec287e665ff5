//! The fallback router: routes pick a chain, the driver walks it, pure policy decides.
//!
//! - `config`: what it is told. - `client`: who asks, and what they get. - `walk/`: the way of one request along its chain.
//! - `attempt`: one HTTP call. - `health`: what is known about a target. - `policy/`: every decision, pure.
//! - `ablate`: the same router with a part missing.
//!
//! This room does not know scenarios, mocks or statistics. It speaks HTTP through `transport`, dialects through
//! `provider`, and tells what it does to the event log.

pub mod ablate;
mod attempt;
mod client;
pub mod config;
mod health;
pub mod policy;
#[cfg(test)]
mod tests;
mod walk;

pub use crate::provider::{Image, ToolCall};
pub use client::{Before, Client, Request, Served, Stakes, Traits};

use crate::event::{Name, Sink};
use crate::provider::Adapter;
use crate::runtime::Clock;
use crate::transport::Upstream;
use config::{Chain, Config};
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
}

impl Router {
    /// A router that knows nothing about its targets yet. `upstreams` are in the order of the plan's providers.
    #[must_use]
    pub fn new(config: Config, upstreams: Vec<Provider>, clock: Clock, luck: Luck, log: Arc<dyn Sink>) -> Self {
        let health = health::unknown(&config);
        Self { config, upstreams, health, clock, luck, log }
    }

    /// The name of the chain that this request takes.
    #[must_use]
    pub fn chain_of(&self, request: &Request) -> &Name {
        &self.config.chain_for(request).name
    }

    /// The model whose vectors answer this request for an embedding: that of the first target of its chain that has
    /// embeddings at all. `None` if none has.
    #[must_use]
    pub fn embedding_model(&self, request: &Request) -> Option<&Name> {
        self.vector_space(self.config.chain_for(request))
    }

    fn vector_space(&self, chain: &Chain) -> Option<&Name> {
        let mut targets = chain.targets.iter().map(|&target| &self.config.targets[target]);
        targets.find(|t| self.upstreams[t.provider].adapter.embedder().is_ok()).map(|t| &t.identity)
    }

    /// Carries a request to its end. The answer, if there is one, goes to `client` piece by piece; only what the
    /// returned [`Served`] calls answered was complete.
    pub async fn handle<C: Client>(&self, request: &Request, client: &mut C) -> Served {
        walk::carry(self, request, client).await
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
