//! A provider as a server.
//!
//! [`Provider::app`] is the HTTP application; [`Provider::serve_connection`] runs it over one connection, in memory or
//! TCP; [`Provider::serve_tcp`] accepts connections on a port that can refuse and come back.
//!
//! Rules:
//! - Time is tokio's, as an offset from [`Setup::start`]. Whatever is planned is an absolute, whole millisecond.
//! - A request spawns nothing and sends itself nothing: it is one future, then one body with one timer.
//! - Requests without a fault meet no code of any fault.

mod admission;
mod answer;
mod body;
mod connection;
mod exchange;
mod handler;
mod key;
mod tcp;

pub use connection::Wire;
pub use handler::EPOCH;
pub use tcp::{BoundPort, Spawn};

use crate::dialect::{Dialect, Tool};
use crate::fault::Door;
use crate::ledger::Ledger;
use crate::limits::{Limiter, Limits};
use crate::luck::Luck;
use crate::model::Model;
use crate::script::{Counts, Script};
use serde_json::value::RawValue;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What the model is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The right answer.
    Right,
    /// A wrong one that looks plausible and keeps the schema.
    Wrong,
}

/// What a model is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The text of all user turns, joined by newlines.
    pub prompt: &'a str,
    /// The shape that the answer must have.
    pub schema: Option<&'a RawValue>,
    /// The tools that may be called.
    pub tools: &'a [Tool<'a>],
    /// Images among the parts of the prompt.
    pub images: u32,
}

/// What a model says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A text.
    Text(String),
    /// A tool is to be called.
    Call {
        /// The tool's name.
        name: String,
        /// Its arguments, as JSON.
        arguments: String,
    },
}

/// What the models of a provider know.
pub trait Answers: Send + Sync {
    /// The answer to a question: the right one, or one that is wrong and looks plausible.
    fn answer(&self, question: &Question<'_>, want: Want) -> Said;

    /// How offensive a prompt is to a content filter, from 0 (not at all) to 1.
    fn risk(&self, _prompt: &str) -> f64 {
        0.0
    }
}

impl<F: Fn(&Question<'_>, Want) -> Said + Send + Sync> Answers for F {
    fn answer(&self, question: &Question<'_>, want: Want) -> Said {
        self(question, want)
    }
}

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
    /// How much of it, by whom, and how much at once.
    pub limits: Limits,
    /// The luck of the drill.
    pub luck: Luck,
    /// What its models say.
    pub answers: Arc<dyn Answers>,
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
    counts: Counts,
    limiter: Limiter,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("name", self.name()).finish_non_exhaustive()
    }
}

/// Has the other customers of a script take their share of the capacity.
fn crowd(limiter: &Limiter, script: &Script) {
    limiter.crowd(&script.background_instants(), |now| script.background(now));
}

impl Provider {
    /// A provider with this setup.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let script = RwLock::new(Arc::new(setup.script.clone()));
        let limiter = Limiter::new(setup.limits.clone(), setup.start);
        crowd(&limiter, &setup.script);
        let inner = Inner {
            setup,
            limiter,
            script,
            script_changed: Notify::new(),
            occurrences: key::Occurrences::default(),
            counts: Counts::default(),
        };
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
        self.door() == Some(Door::Refused)
    }

    /// How its listener fares now; `None` is well.
    fn door(&self) -> Option<Door> {
        self.script().door(self.now())
    }

    /// Puts another script in place of the one so far. Requests already under way keep the verdict they have.
    pub fn replace_script(&self, script: Script) {
        crowd(&self.inner.limiter, &script);
        *self.inner.script.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(script);
        self.inner.script_changed.notify_waiters();
    }

    /// The HTTP application. A reset shows as a body that breaks at once, since an application has no connection; only
    /// [`serve_connection`](Self::serve_connection) can reset before the head.
    pub fn app(&self) -> axum::Router {
        let provider = self.clone();
        axum::Router::new().fallback(move |request: axum::extract::Request| {
            let provider = provider.clone();
            async move { provider.handle(request).await.map(|response| response.map(axum::body::Body::new)) }
        })
    }

    fn script(&self) -> Arc<Script> {
        self.inner.script.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }

    /// Waits until the state of the listener is such.
    async fn door_becomes(&self, wanted: impl Fn(Option<Door>) -> bool) {
        loop {
            let changed = self.inner.script_changed.notified();
            let (script, now) = (self.script(), self.now());
            if wanted(script.door(now)) {
                return;
            }
            match script.next_door_edge(now) {
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
