//! A provider as a server.
//!
//! [`Provider::app`] is the HTTP application; [`Provider::serve_connection`] runs it over one connection, in memory or
//! TCP; [`Provider::serve_tcp`] accepts connections on a port that can refuse and come back.
//!
//! Rules:
//! - Time is tokio's, as an offset from [`Setup::start`]. Whatever is planned is an absolute, whole millisecond.
//! - A request spawns nothing and sends itself nothing: it is one future, then one body with one timer.
//! - Requests without a fault meet no code of any fault.

mod answer;
mod body;
mod connection;
mod exchange;
mod handler;
mod key;
mod tcp;

pub use connection::Wire;
pub use tcp::{BoundPort, Spawn};

use crate::dialect::Dialect;
use crate::dist::Distribution;
use crate::ledger::Ledger;
use crate::luck::Luck;
use crate::script::Script;
use serde_json::value::RawValue;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A model as the provider serves it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The name clients ask for.
    pub name: Arc<str>,
    /// Time from the head to the first token of a stream; a plain answer takes this and the time of its tokens.
    pub ttft: Distribution,
    /// Speed. What is not a positive number means no waiting between tokens.
    pub tokens_per_second: f64,
    /// Share of right answers, 0 to 1.
    pub quality: f64,
    /// Share of answers that keep the schema they were asked for, 0 to 1.
    pub schema_adherence: f64,
    /// The longest prompt in tokens; a longer one gets the vendor's context error.
    pub context: u32,
}

/// What the model is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The right answer.
    Right,
    /// A wrong one that looks plausible and keeps the schema.
    Wrong,
}

/// `answer(prompt, schema, want)` gives the text. The prompt is the text of all user turns, joined by newlines.
pub type Answers = Arc<dyn Fn(&str, Option<&RawValue>, Want) -> String + Send + Sync>;

/// All that makes a provider.
#[derive(Clone)]
pub struct Setup {
    /// Its name.
    pub name: Arc<str>,
    /// The API it speaks.
    pub dialect: Dialect,
    /// The models it serves.
    pub models: Vec<Model>,
    /// What it does wrong, and when.
    pub script: Script,
    /// The luck of the drill.
    pub luck: Luck,
    /// What its models say.
    pub answers: Answers,
    /// Where it writes down what it received and did.
    pub ledger: Arc<Ledger>,
    /// Offset zero of the drill.
    pub start: Instant,
}

/// A provider ready to serve. Clones are the same provider.
#[derive(Clone)]
pub struct Provider {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    setup: Setup,
    script: RwLock<Arc<Script>>,
    script_changed: Notify,
    occurrences: key::Occurrences,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("name", self.name()).finish_non_exhaustive()
    }
}

impl Provider {
    /// A provider with this setup.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let script = RwLock::new(Arc::new(setup.script.clone()));
        let inner = Inner { setup, script, script_changed: Notify::new(), occurrences: key::Occurrences::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.inner.setup.name
    }

    /// Whether it refuses connections now.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.script().refuses(self.now())
    }

    /// Puts another script in place of the one so far. Requests already under way keep the verdict they have.
    pub fn replace_script(&self, script: Script) {
        *self.inner.script.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(script);
        self.inner.script_changed.notify_waiters();
    }

    /// The HTTP application. A reset shows as a body that breaks at once, since an application has no connection; only
    /// [`serve_connection`](Self::serve_connection) can reset before the head.
    pub fn app(&self) -> axum::Router {
        let provider = self.clone();
        axum::Router::new().fallback(move |request: axum::extract::Request| {
            let provider = provider.clone();
            async move { provider.handle(request).await.map(axum::body::Body::new) }
        })
    }

    fn script(&self) -> Arc<Script> {
        self.inner.script.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }

    /// Waits until it refuses connections, or until it no longer does.
    async fn refusal_becomes(&self, wanted: bool) {
        loop {
            let changed = self.inner.script_changed.notified();
            let (script, now) = (self.script(), self.now());
            if script.refuses(now) == wanted {
                return;
            }
            match script.next_refusal_edge(now) {
                None => changed.await,
                Some(edge) => {
                    let edge = tokio::time::sleep_until(self.inner.setup.start + edge);
                    tokio::select! { biased; () = changed => {}, () = edge => {} }
                }
            }
        }
    }
}

impl Inner {
    fn now(&self) -> Duration {
        Instant::now().saturating_duration_since(self.setup.start)
    }

    fn instant(&self, ms: u64) -> Instant {
        self.setup.start + Duration::from_millis(ms)
    }
}
