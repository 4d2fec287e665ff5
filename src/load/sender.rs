//! Sends one request and judges what comes back.

use super::Stream;
use crate::event::{EventKind, Micros, Name, Outcome, RequestId, Sink};
use crate::router::policy::gates::Schema;
use crate::router::{Client, Request, Router, ToolCall};
use crate::runtime::Clock;
use crate::tasks::Task;
use mock_providers::Luck;
use std::sync::Arc;
use std::time::Duration;

/// The sender of one stream.
pub struct Sender {
    task: Task,
    tenant: Name,
    tier: Name,
    task_name: Name,
    system: Name,
    schema: Option<Schema>,
    streamed: f64,
    patience: Option<Duration>,
    luck: Luck,
    clock: Clock,
    log: Arc<dyn Sink>,
}

impl Sender {
    /// A sender for a stream.
    ///
    /// # Errors
    /// The task's schema does not compile.
    pub fn new(stream: &Stream, luck: Luck, clock: Clock, log: Arc<dyn Sink>) -> Result<Self, String> {
        Ok(Self {
            task: stream.task,
            tenant: Arc::clone(&stream.tenant),
            tier: Arc::clone(&stream.tier),
            task_name: stream.task.as_str().into(),
            system: stream.task.system().into(),
            schema: stream.task.schema().as_ref().map(Schema::new).transpose()?,
            streamed: stream.streamed,
            patience: stream.patience,
            luck,
            clock,
            log,
        })
    }

    /// Announces a request at its intended time. The future it returns carries it to its end.
    pub fn send(
        self: &Arc<Self>,
        id: RequestId,
        intended: Duration,
        router: &Arc<Router>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let ids = [u64::from(id.stream), u64::from(id.number)];
        let stream =
            self.streamed >= 1.0 || (self.streamed > 0.0 && self.luck.unit("streamed", &[], &ids) < self.streamed);
        let request = Request {
            id,
            tenant: Arc::clone(&self.tenant),
            tier: Arc::clone(&self.tier),
            task: Arc::clone(&self.task_name),
            stream,
            system: Arc::clone(&self.system),
            prompt: self.task.prompt(self.luck, id).into(),
            images: Vec::new(),
            schema: self.schema.clone(),
            tools: Arc::new([]),
            must_call: false,
            embedding: None,
            gone_at: self.patience.map(|patience| intended + patience),
        };
        self.log.record(EventKind::Arrived {
            request: id,
            intended: intended.into(),
            tenant: Arc::clone(&self.tenant),
            tier: Arc::clone(&self.tier),
            task: Arc::clone(&self.task_name),
            stream,
        });
        let (sender, router) = (Arc::clone(self), Arc::clone(router));
        async move { sender.carry(request, intended, &router).await }
    }

    async fn carry(&self, request: Request, intended: Duration, router: &Router) {
        let mut reader = Reader { clock: self.clock, text: String::new(), first: None };
        let served = router.handle(&request, &mut reader).await;
        let answered = served.outcome == Outcome::Answered;
        let since = |at: Duration| Micros::from(at.saturating_sub(intended));
        self.log.record(EventKind::Ended {
            request: request.id,
            intended: intended.into(),
            outcome: served.outcome,
            class: served.class,
            target: served.target,
            latency: since(self.clock.now()),
            ttft: reader.first.filter(|_| answered).map(since),
            hops: served.hops,
            attempts: served.attempts,
            judged: answered.then(|| self.task.judge(&request.prompt, &reader.text)),
        });
    }
}

/// A client that reads the answer to its end.
struct Reader {
    clock: Clock,
    text: String,
    first: Option<Duration>,
}

impl Client for Reader {
    async fn token(&mut self, text: &str) {
        self.first.get_or_insert_with(|| self.clock.now());
        self.text.push_str(text);
    }

    async fn call(&mut self, _call: &ToolCall) {}

    async fn vector(&mut self, _vector: &[f32]) {}
}
