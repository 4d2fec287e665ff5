//! Sends one request and judges what comes back.

use super::{Sdk, Stream};
use crate::event::{Class, EventKind, Judged, Micros, Name, Outcome, RequestId, Sink};
use crate::router::policy::evals::Mark;
use crate::router::policy::gates::{Schema, Tool};
use crate::router::{Before, Client, Image, Only, Options, Request, Router, Served, ToolCall, Traits};
use crate::runtime::Clock;
use crate::tasks::{self, Given, Task};
use mock_providers::{Distribution, Luck};
use std::sync::Arc;
use std::time::Duration;

/// However far the tail of a distribution reaches, no prompt is longer.
const MAX_PROMPT_TOKENS: f64 = 2e6;

/// The sender of one stream.
pub struct Sender {
    task: Task,
    tenant: Name,
    tier: Name,
    task_name: Name,
    traits: Arc<Traits>,
    prompt_tokens: Option<Distribution>,
    prompts: Option<u32>,
    system: Name,
    schema: Option<Schema>,
    tools: Arc<[Tool]>,
    streamed: f64,
    risky: f64,
    vague: f64,
    patience: Option<Duration>,
    sdk: Sdk,
    luck: Luck,
    clock: Clock,
    log: Arc<dyn Sink>,
}

impl Sender {
    /// A sender for a stream.
    ///
    /// # Errors
    /// A schema of the task does not compile.
    pub fn new(stream: &Stream, luck: Luck, clock: Clock, log: Arc<dyn Sink>) -> Result<Self, String> {
        Ok(Self {
            task: stream.task,
            tenant: Arc::clone(&stream.tenant),
            tier: Arc::clone(&stream.tier),
            task_name: stream.task.as_str().into(),
            traits: Arc::clone(&stream.traits),
            prompt_tokens: stream.prompt_tokens,
            prompts: stream.prompts,
            system: stream.task.system().into(),
            schema: stream.task.schema().as_ref().map(Schema::new).transpose()?,
            tools: stream.task.tools().iter().map(offer).collect::<Result<_, _>>()?,
            streamed: stream.streamed,
            risky: stream.risky,
            vague: stream.vague,
            patience: stream.patience,
            sdk: stream.sdk,
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
        let carried = self.begin(self.request(id, self.words(id), intended), intended, router);
        async move { drop(carried.await) }
    }

    /// Sends an item of an eval set to one target. `words` is whose words it uses: the same for everybody who is given the
    /// item. The future tells what came of it.
    pub(super) fn measure(
        self: &Arc<Self>,
        (id, words): (RequestId, RequestId),
        only: Only,
        intended: Duration,
        router: &Arc<Router>,
    ) -> impl Future<Output = Mark> + Send + 'static {
        let request = Request { only: Some(only), ..self.request(id, words, intended) };
        let carried = self.begin(request, intended, router);
        async move {
            let (served, judged) = carried.await;
            Mark::of(served.outcome, served.class, served.flaw, judged)
        }
    }

    /// A request in the words of another, or in its own.
    fn request(&self, id: RequestId, words: RequestId, intended: Duration) -> Request {
        let ids = [u64::from(id.stream), u64::from(id.number)];
        let stream =
            self.streamed >= 1.0 || (self.streamed > 0.0 && self.luck.unit("streamed", &[], &ids) < self.streamed);
        let mut prompt = self.task.prompt(self.luck, words);
        if self.risky > 0.0 {
            prompt = tasks::risky(prompt, self.risky, self.luck, words);
        }
        if self.vague > 0.0 {
            prompt = tasks::vague(prompt, self.vague, self.luck, words);
        }
        let shown = |image: tasks::Image| Image { media_type: image.media_type.into(), base64: image.base64.into() };
        let mut request = Request {
            id,
            tenant: Arc::clone(&self.tenant),
            tier: Arc::clone(&self.tier),
            task: Arc::clone(&self.task_name),
            traits: Arc::clone(&self.traits),
            stream,
            system: Arc::clone(&self.system),
            images: self.task.image(&prompt).map(shown).into_iter().collect(),
            prompt: prompt.into(),
            schema: self.schema.clone(),
            tools: Arc::clone(&self.tools),
            must_call: !self.tools.is_empty(),
            embedding: self.task.dimensions(),
            options: Options::default(),
            gone_at: self.patience.map(|patience| intended + patience),
            before: Before::default(),
            only: None,
        };
        if let Some(tokens) = self.prompt_tokens {
            let drawn = tokens.sample_ms(&mut self.luck.draw(
                "prompt-tokens",
                &[],
                &[u64::from(words.stream), u64::from(words.number)],
            ));
            let wanted = libm::round(drawn.min(MAX_PROMPT_TOKENS)) as u32;
            let missing = wanted.saturating_sub(request.prompt_tokens());
            request.prompt = tasks::padded(&request.prompt, 4 * missing as usize).into();
        }
        request
    }

    /// Announces a request and carries it to its end.
    fn begin(
        self: &Arc<Self>,
        request: Request,
        intended: Duration,
        router: &Arc<Router>,
    ) -> impl Future<Output = (Served, Option<Judged>)> + Send + 'static {
        self.log.record(EventKind::Arrived {
            request: request.id,
            intended: intended.into(),
            tenant: Arc::clone(&self.tenant),
            tier: Arc::clone(&self.tier),
            task: Arc::clone(&self.task_name),
            chain: Arc::clone(router.chain_of(&request)),
            stream: request.stream,
            residency: Arc::clone(&self.traits.residency),
            data_class: self.traits.data_class.clone(),
        });
        let (sender, router) = (Arc::clone(self), Arc::clone(router));
        async move { sender.carry(request, intended, &router).await }
    }

    /// The request whose words this one uses: its own, or those of one of a few.
    fn words(&self, id: RequestId) -> RequestId {
        let Some(pool) = self.prompts else { return id };
        let ids = [u64::from(id.stream), u64::from(id.number)];
        RequestId { number: (self.luck.unit("prompts", &[], &ids) * f64::from(pool)) as u32, ..id }
    }

    async fn carry(&self, mut request: Request, intended: Duration, router: &Router) -> (Served, Option<Judged>) {
        let mut reader = Reader { clock: self.clock, given: Given::default(), first: None };
        let served = self.ask(&mut request, router, &mut reader).await;
        let answered = served.outcome == Outcome::Answered;
        let complete = answered || served.outcome == Outcome::Cached;
        let since = |at: Duration| Micros::from(at.saturating_sub(intended));
        let judged = complete.then(|| {
            let model = request.embedding.and_then(|_| router.embedding_model(&request)).map(|model| &**model);
            self.task.judge(&request.prompt, &reader.given, model)
        });
        self.log.record(EventKind::Ended {
            request: request.id,
            intended: intended.into(),
            outcome: served.outcome,
            class: served.class,
            target: served.target.clone(),
            latency: since(self.clock.now()),
            ttft: reader.first.filter(|_| answered).map(since),
            hops: served.hops,
            attempts: served.attempts,
            judged,
        });
        (served, judged)
    }

    /// Asks until there is an answer or the client takes the error.
    async fn ask(&self, request: &mut Request, router: &Router, reader: &mut Reader) -> Served {
        let patience = request.gone_at;
        let (mut hops, mut attempts) = (0, 0);
        loop {
            let timeout = self.sdk.timeout.map(|timeout| self.clock.now() + timeout);
            request.gone_at = patience.into_iter().chain(timeout).min();
            let mut served = router.handle(request, reader).await;
            hops += served.hops;
            attempts += served.attempts;
            (served.hops, served.attempts) = (hops, attempts);
            let now = self.clock.now();
            if served.class == Some(Class::Cancelled) && patience.is_none_or(|patience| now < patience) {
                // To the client, its own timeout is an error like any other.
                (served.outcome, served.class) = (Outcome::Failed, Some(Class::Timeout));
            }
            // Whoever has read something of an answer does not ask again.
            let error = served.class.filter(|_| served.outcome == Outcome::Failed && reader.first.is_none());
            let retries = request.before.asked;
            let ids = [u64::from(request.id.stream), u64::from(request.id.number), u64::from(retries)];
            let luck = self.luck.unit("client-backoff", &[], &ids);
            let wait = error.and_then(|class| self.sdk.again(class, retries, served.retry_after, luck));
            let (Some(class), Some(wait)) = (error, wait) else { return served };
            let (id, retry) = (request.id, retries + 1);
            self.log.record(EventKind::ClientRetried { request: id, retry, class, wait: wait.into() });
            request.before = std::mem::take(&mut served.done);
            let gone = patience.filter(|patience| *patience <= now + wait);
            self.clock.sleep_until(gone.unwrap_or(now + wait)).await;
            if gone.is_some() {
                return Served { outcome: Outcome::Surfaced, class: Some(Class::Cancelled), ..served };
            }
        }
    }
}

fn offer(tool: &tasks::Tool) -> Result<Tool, String> {
    let parameters = Schema::new(&tool.parameters)?;
    Ok(Tool { name: tool.name.into(), description: tool.description.into(), parameters })
}

/// A client that reads the answer to its end.
struct Reader {
    clock: Clock,
    given: Given,
    first: Option<Duration>,
}

impl Reader {
    fn reads(&mut self) {
        self.first.get_or_insert_with(|| self.clock.now());
    }
}

impl Client for Reader {
    async fn token(&mut self, text: &str) {
        self.reads();
        self.given.text.push_str(text);
    }

    async fn call(&mut self, call: &ToolCall) {
        self.reads();
        self.given.calls.push((call.name.clone(), call.arguments.clone()));
    }

    async fn vector(&mut self, vector: &[f32]) {
        self.reads();
        self.given.vector = Some(vector.to_vec());
    }
}
