//! The router's view of whoever asks.

use super::policy::cache::Key;
use super::policy::gates::{Flaw, Schema, Tool};
use super::policy::route::Traveller;
use crate::event::{Class, Name, Outcome, RequestId};
use crate::provider::{self, Image, Options, ToolCall};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// A request as it reaches the router.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which.
    pub id: RequestId,
    /// Whose.
    pub tenant: Name,
    /// The tenant's tier.
    pub tier: Name,
    /// What kind of job.
    pub task: Name,
    /// What else routes and compliance go by.
    pub traits: Arc<Traits>,
    /// Whether the client wants a stream.
    pub stream: bool,
    /// Instructions.
    pub system: Name,
    /// What the user says.
    pub prompt: Name,
    /// What the user shows.
    pub images: Vec<Image>,
    /// The shape the answer must have.
    pub schema: Option<Schema>,
    /// The tools that may be called.
    pub tools: Arc<[Tool]>,
    /// Whether one of them must be.
    pub must_call: bool,
    /// What else is asked of the model.
    pub options: Options,
    /// What is wanted is not an answer but a vector of so many dimensions for the prompt. It is never streamed.
    pub embedding: Option<u32>,
    /// When the client hangs up, as an offset from the start of the drill.
    pub gone_at: Option<Duration>,
    /// What was done for it before, if the client asks again.
    pub before: Before,
    /// It measures one target and is sent nowhere else.
    pub only: Option<Only>,
}

/// Where a request that measures a target goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Only {
    /// Index of the chain by whose rules the call is made.
    pub chain: usize,
    /// Index of the target.
    pub target: usize,
}

/// What was done for a request whose client asks again. The router treats it like any other; only the numbers of calls
/// go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    /// How often the client asked.
    pub asked: u32,
    /// Calls made, by index of the target in the router's configuration.
    pub calls: BTreeMap<usize, u32>,
}

/// What a request says of itself beyond whose it is and what it is for. Requests of one stream share it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// Free words that routes go by.
    pub tags: Arc<[Name]>,
    /// What kind of data is in it, as `pii`; only targets approved for it may see it.
    pub data_class: Option<Name>,
    /// The regions it may be processed in; empty: anywhere.
    pub residency: Arc<[Name]>,
    /// What a wrong answer would cost.
    pub stakes: Stakes,
    /// It is in no hurry and yields to interactive traffic.
    pub batch: bool,
}

/// What a wrong answer would cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stakes {
    /// Any answer is better than none.
    #[default]
    BestEffort,
    /// No answer is better than a bad one.
    High,
}

impl Request {
    /// The length of the prompt in tokens, by the rule of thumb of four bytes a token, rounded up; an image counts as
    /// many as vendors charge for a small one.
    #[must_use]
    pub fn prompt_tokens(&self) -> u32 {
        let tools: usize =
            self.tools.iter().map(|t| t.name.len() + t.description.len() + t.parameters.document().get().len()).sum();
        provider::prompt_tokens(self.system.len() + self.prompt.len() + tools, self.images.len())
    }

    /// What is asked, and by whom: nobody is given an answer that was another tenant's.
    pub(super) fn question(&self) -> Key {
        let options = format!("{:?} {:?} {}", self.options, self.embedding, self.must_call);
        let schema = self.schema.as_ref().map_or("", |schema| schema.document().get());
        let mut parts = vec![&*self.tenant, &*self.system, &*self.prompt, schema, &*options];
        for image in &self.images {
            parts.extend([&*image.media_type, &*image.base64]);
        }
        for tool in self.tools.iter() {
            parts.extend([&*tool.name, &*tool.description, tool.parameters.document().get()]);
        }
        Key::of(parts.into_iter().map(str::as_bytes))
    }

    /// What of it matters to routes.
    pub(super) fn traveller(&self) -> Traveller<'_> {
        Traveller {
            task: &self.task,
            tenant: &self.tenant,
            tier: &self.tier,
            stream: self.stream,
            tags: &self.traits.tags,
            data_class: self.traits.data_class.as_ref(),
            residency: &self.traits.residency,
            high_stakes: self.traits.stakes == Stakes::High,
            batch: self.traits.batch,
            prompt_tokens: self.prompt_tokens(),
        }
    }

    /// The tools as adapters take them.
    pub(super) fn offered(&self) -> Vec<provider::Tool<'_>> {
        let mut tools = Vec::with_capacity(self.tools.len());
        for Tool { name, description, parameters } in self.tools.iter() {
            tools.push(provider::Tool { name, description, parameters: parameters.document() });
        }
        tools
    }
}

/// Takes the answer in. The text of a plain or gated answer is one piece, of a streamed one many. Tool calls come whole
/// and after the text, also in a stream, once the answer is complete. A vector comes alone.
pub trait Client: Send {
    /// A piece of text.
    fn token(&mut self, text: &str) -> impl Future<Output = ()> + Send;

    /// A tool call.
    fn call(&mut self, call: &ToolCall) -> impl Future<Output = ()> + Send;

    /// The vector that was asked for.
    fn vector(&mut self, vector: &[f32]) -> impl Future<Output = ()> + Send;
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// How.
    pub outcome: Outcome,
    /// For errors: the class of the error that the client gets.
    pub class: Option<Class>,
    /// For errors: what was wrong with the form of the last answer, if it was that.
    pub flaw: Option<Flaw>,
    /// Who answered, or whose error it is; for a degraded answer the last one tried.
    pub target: Option<Name>,
    /// What the last call to the chain's first target meant; `None`: it was not called.
    pub first: Option<Class>,
    /// Targets used that were not used before.
    pub hops: u32,
    /// HTTP calls made.
    pub attempts: u32,
    /// Unless it was answered: what was done for the request so far, this time and before; its client may ask again.
    pub done: Before,
    /// For errors: when a target that asked for a pause may be called again, as the wait until then.
    pub retry_after: Option<Duration>,
}
