//! What a client was given, kept so that another can be given the same.

use super::Walk;
use crate::provider::ToolCall;
use crate::router::Router;
use crate::router::client::{Client, Request};
use crate::router::policy::cache::Cache;
use std::sync::{Arc, Mutex, PoisonError};

/// An answer as a client got it.
#[derive(Debug, Clone, Default)]
pub(in crate::router) struct Given {
    text: String,
    calls: Vec<ToolCall>,
    vector: Option<Vec<f32>>,
}

/// Hands everything on, and keeps it.
pub(super) struct Keeper<'a, C> {
    pub(super) client: &'a mut C,
    pub(super) given: Given,
}

impl<C: Client> Client for Keeper<'_, C> {
    async fn token(&mut self, text: &str) {
        self.given.text.push_str(text);
        self.client.token(text).await;
    }

    async fn call(&mut self, call: &ToolCall) {
        self.given.calls.push(call.clone());
        self.client.call(call).await;
    }

    async fn vector(&mut self, vector: &[f32]) {
        self.given.vector = Some(vector.to_vec());
        self.client.vector(vector).await;
    }
}

/// The answers that a chain keeps.
pub(in crate::router) type Kept = Mutex<Cache<Arc<Given>>>;

impl Router {
    /// Where the chain of this request keeps its answers, if it does.
    pub(super) fn cache(&self, request: &Request) -> Option<&Kept> {
        self.kept[self.config.chain_index(request)].as_ref()
    }

    /// Keeps a complete answer.
    pub(super) fn keep(&self, request: &Request, given: Given) {
        if let Some(cache) = self.cache(request) {
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.put(self.clock.now(), request.question(), Arc::new(given));
        }
    }

    fn kept(&self, request: &Request) -> Option<Arc<Given>> {
        let mut cache = self.cache(request)?.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(self.clock.now(), request.question()).cloned()
    }
}

impl Walk<'_> {
    /// A fresh answer to the same question, given once more. `false` if there is none, or if too much is at stake for one
    /// that was meant for another time.
    pub(super) async fn give_again<C: Client>(&self, client: &mut C) -> bool {
        let kept = (!self.needs.high_stakes).then(|| self.router.kept(self.request));
        let Some(given) = kept.flatten() else { return false };
        if !given.text.is_empty() {
            client.token(&given.text).await;
        }
        for call in &given.calls {
            client.call(call).await;
        }
        if let Some(vector) = &given.vector {
            client.vector(vector).await;
        }
        true
    }
}
