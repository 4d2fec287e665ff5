//! Answers as clients got them, kept by their chains to be given again when no target is left.

use super::Router;
use super::client::{Client, Request};
use super::config::Chain;
use super::policy::cache::Cache;
use crate::provider::{Answered, ToolCall};
use std::sync::{Arc, Mutex, PoisonError};

/// An answer as a client got it.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    /// Text and tool calls.
    pub(super) answered: Answered,
    /// The vector, where one was asked for.
    pub(super) vector: Option<Vec<f32>>,
}

/// The answers that a chain keeps.
pub(super) type Kept = Mutex<Cache<Arc<Given>>>;

/// What a chain keeps at first: nothing, or nothing ever.
pub(super) fn empty(chain: &Chain) -> Option<Kept> {
    chain.cache.map(|params| Mutex::new(Cache::new(params)))
}

/// Listens to what a client is given.
pub(super) struct Overheard<'c, C> {
    client: &'c mut C,
    pub(super) given: Given,
}

impl<'c, C> Overheard<'c, C> {
    pub(super) fn new(client: &'c mut C) -> Self {
        Self { client, given: Given::default() }
    }
}

impl<C: Client> Client for Overheard<'_, C> {
    async fn token(&mut self, text: &str) {
        self.given.answered.text.push_str(text);
        self.client.token(text).await;
    }

    async fn call(&mut self, call: &ToolCall) {
        self.given.answered.calls.push(call.clone());
        self.client.call(call).await;
    }

    async fn vector(&mut self, vector: &[f32]) {
        self.given.vector = Some(vector.to_vec());
        self.client.vector(vector).await;
    }
}

impl Given {
    /// Gives it to another client.
    pub(super) async fn give<C: Client>(&self, client: &mut C) {
        if !self.answered.text.is_empty() {
            client.token(&self.answered.text).await;
        }
        for call in &self.answered.calls {
            client.call(call).await;
        }
        if let Some(vector) = &self.vector {
            client.vector(vector).await;
        }
    }
}

impl Router {
    /// Whether a chain keeps answers.
    pub(super) fn keeps(&self, chain: usize) -> bool {
        self.kept[chain].is_some()
    }

    /// Keeps a complete answer, where the chain keeps any.
    pub(super) fn keep(&self, chain: usize, request: &Request, given: Given) {
        if let Some(cache) = &self.kept[chain] {
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.put(self.clock.now(), request.question(), Arc::new(given));
        }
    }

    /// A fresh answer to the same question.
    pub(super) fn kept(&self, request: &Request) -> Option<Arc<Given>> {
        let cache = self.kept[self.config.chain_index(request)].as_ref()?;
        let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(self.clock.now(), request.question()).cloned()
    }
}
