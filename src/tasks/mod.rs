//! The jobs that load streams send: their prompts, their schemas and their known answers.
//!
//! Everything is knowable: a prompt is a pure function of luck and request, the right answer can be read off the prompt
//! alone ([`answer`]), and what a client was served can be judged ([`Task::judge`]). A wrong answer is plausible and
//! keeps the shape that was asked for. The mock providers get [`answer`] and [`risk`] as closures; the router never sees
//! them.
//!
//! To add a task: a file here with a `Job`, declared below, and its line in the table of tasks. Scenarios, assertions
//! and tests know it from there. No prompt of one task may be taken for one of another; a test sees to that.

mod chat;
mod embedding;
mod extract;
mod highvolume;
mod judge;
mod longform;
mod multimodal;
mod padding;
mod png;
mod reasoning;
mod recommendation;
mod risk;
mod tools;
mod triage;
mod vague;

pub use judge::Given;
pub use padding::padded;
pub use risk::{risk, risky};
pub use vague::vague;

use crate::event::{Judged, RequestId};
use mock_providers::Luck;
use mock_providers::luck::Draw;
use serde_json::Value;

/// Declares the tasks. A task is called in scenarios what its file is called.
macro_rules! tasks {
    ($($(#[$doc:meta])+ $variant:ident = $file:ident,)+) => {
        /// A built-in kind of job.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Task { $($(#[$doc])+ $variant,)+ }

        impl Task {
            /// Every task.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that scenarios use.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($file),)+ }
            }

            fn job(self) -> &'static dyn Job {
                match self { $(Self::$variant => &$file::Job,)+ }
            }
        }
    };
}

tasks! {
    /// Classify a support ticket; the answer is JSON with a label.
    Triage = triage,
    /// Extract the fields of an order; the answer is JSON.
    Extract = extract,
    /// Explain something; the answer is prose.
    Chat = chat,
    /// Work out a puzzle of several steps; the answer is the steps and a final line with the number.
    Reasoning = reasoning,
    /// Write the review of an incident, some 500 tokens of prose. Stream it, or give `timeouts.headers` time.
    Longform = longform,
    /// Read a gauge in a picture; the answer is a line about it.
    Multimodal = multimodal,
    /// A short question with a short answer, to be sent in great numbers.
    Highvolume = highvolume,
    /// Something that takes a tool: the answer is a tool call.
    Tools = tools,
    /// Rank what a shopper may like; the answer is JSON with a list.
    Recommendation = recommendation,
    /// Turn a passage into a vector. It is never streamed.
    Embedding = embedding,
}

/// What a file here knows of its task.
trait Job: Sync {
    /// The instructions that go with every prompt.
    fn system(&self) -> &'static str;

    /// The shape that answers must have, as a JSON Schema.
    fn schema(&self) -> Option<Value> {
        None
    }

    /// The tools that the model may call; if there are any, it has to.
    fn tools(&self) -> Vec<Tool> {
        Vec::new()
    }

    /// What the user shows with this prompt.
    fn image(&self, _prompt: &str) -> Option<Image> {
        None
    }

    /// How many dimensions the vector has that is wanted instead of an answer.
    fn dimensions(&self) -> Option<u32> {
        None
    }

    /// A prompt.
    fn prompt(&self, draw: &mut Draw) -> String;

    /// The right answer to a prompt of this task, or a wrong one; `None` if it is none of its prompts.
    fn answer(&self, prompt: &str, right: bool) -> Option<Said>;

    /// What a client was served. `model` is the one that was to answer, where that matters.
    fn judge(&self, prompt: &str, given: &Given, model: Option<&str>) -> Judged;
}

/// What a model says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A text.
    Text(String),
    /// A tool call.
    Call {
        /// The tool.
        name: String,
        /// Its arguments as JSON.
        arguments: String,
    },
}

/// A tool that a task offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// What it is for, to the model.
    pub description: &'static str,
    /// The shape of its arguments, as a JSON Schema.
    pub parameters: Value,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its media type.
    pub media_type: &'static str,
    /// The file in base64.
    pub base64: String,
}

impl Task {
    /// The instructions that go with every prompt.
    #[must_use]
    pub fn system(self) -> &'static str {
        self.job().system()
    }

    /// The shape that answers must have, as a JSON Schema.
    #[must_use]
    pub fn schema(self) -> Option<Value> {
        self.job().schema()
    }

    /// The tools that the model may call; if there are any, it has to call one.
    #[must_use]
    pub fn tools(self) -> Vec<Tool> {
        self.job().tools()
    }

    /// What the user shows with this prompt.
    #[must_use]
    pub fn image(self, prompt: &str) -> Option<Image> {
        self.job().image(prompt)
    }

    /// How many dimensions the vector has that is wanted instead of an answer.
    #[must_use]
    pub fn dimensions(self) -> Option<u32> {
        self.job().dimensions()
    }

    /// The prompt of one request.
    #[must_use]
    pub fn prompt(self, luck: Luck, request: RequestId) -> String {
        let mut draw = luck.draw("prompt", &[self.as_str()], &[u64::from(request.stream), u64::from(request.number)]);
        self.job().prompt(&mut draw)
    }

    /// What a client was served as a complete answer, held against the known answer. `model` is the model whose vectors
    /// the client works with, where it asked for a vector.
    #[must_use]
    pub fn judge(self, prompt: &str, given: &Given, model: Option<&str>) -> Judged {
        self.job().judge(prompt, given, model)
    }
}

/// The answer to any prompt of any task: the right one, or one that is wrong but plausible and keeps the shape.
#[must_use]
pub fn answer(prompt: &str, right: bool) -> Said {
    let said = |job: &dyn Job| Some(vague::answer(job, prompt, job.answer(prompt, right)?));
    let known = Task::ALL.iter().find_map(|task| said(task.job()));
    known.unwrap_or_else(|| Said::Text("I can only help with the drill's own questions.".to_owned()))
}

#[cfg(test)]
mod tests;
