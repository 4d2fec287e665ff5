//! What a model answered, and putting it together from the pieces of a stream.

use super::Complaint;
use super::finish::Finish;
use crate::event::Usage;
use mock_providers::text::tokens;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A tool call, as the model made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool's name; nobody has checked that there is such a tool.
    pub name: String,
    /// The arguments as JSON text; nobody has checked that it is JSON.
    pub arguments: String,
}

/// A complete answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// Its text; empty where the model only called tools.
    pub text: String,
    /// Its tool calls, in order.
    pub calls: Vec<ToolCall>,
}

impl Answered {
    /// Its length in tokens, by the rule of thumb.
    #[must_use]
    pub fn tokens(&self) -> u32 {
        super::tokens(self.text.len() + self.calls.iter().map(|call| call.arguments.len()).sum::<usize>())
    }
}

/// A complete response. Whether its answer may be served is not said here: see the gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The answer.
    pub answered: Answered,
    /// Why it ended.
    pub finish: Finish,
    /// The model that it says has answered, if it says so.
    pub model: Option<String>,
}

impl Response {
    pub(super) fn new(
        text: String,
        calls: Vec<ToolCall>,
        finish: Finish,
        model: Option<Cow<'_, str>>,
    ) -> Result<Self, Complaint> {
        let answered = Answered { text, calls };
        Ok(Self { answered, finish: finish.unfiltered()?, model: model.map(Cow::into_owned) })
    }
}

/// What a stream brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Some text.
    Text(String),
    /// A tool call has begun. It is a sign of life, but nothing to count.
    CallBegun,
    /// Some of the arguments of a tool call, or all of them: so many tokens.
    CallPart(u32),
}

/// What a stream has brought besides its text.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    calls: BTreeMap<u32, ToolCall>,
    finish: Option<Finish>,
    model: Option<String>,
    /// What has been said of the usage so far.
    pub(super) usage: Option<Usage>,
}

impl Gathered {
    /// Begins the tool call at an index, or goes on with it.
    pub(super) fn begin(&mut self, index: u32, name: &str, each: &mut impl FnMut(Piece)) {
        let call = self.calls.entry(index).or_insert_with(|| {
            each(Piece::CallBegun);
            ToolCall::default()
        });
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
    }

    /// Adds to the arguments of the tool call at an index. One that never began has no name, and no gate lets it pass.
    pub(super) fn extend(&mut self, index: u32, arguments: &str, each: &mut impl FnMut(Piece)) {
        if !arguments.is_empty() {
            self.calls.entry(index).or_default().arguments.push_str(arguments);
            each(Piece::CallPart(1));
        }
    }

    /// Adds a whole tool call. It counts for as many tokens as if it had come in parts.
    pub(super) fn add(&mut self, call: ToolCall, each: &mut impl FnMut(Piece)) {
        let next = self.calls.last_key_value().map_or(0, |(last, _)| last.saturating_add(1));
        let count = tokens(&call.arguments).count();
        self.calls.insert(next, call);
        each(Piece::CallPart(u32::try_from(count).unwrap_or(u32::MAX)));
    }

    /// The stream has said why it ends.
    pub(super) fn finish(&mut self, finish: Finish) -> Result<(), Complaint> {
        self.finish = Some(finish.unfiltered()?);
        Ok(())
    }

    /// The stream has named the model that answers. The first time counts.
    pub(super) fn named(&mut self, model: Option<Cow<'_, str>>) {
        if self.model.is_none() {
            self.model = model.map(Cow::into_owned);
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The reply that the stream was, with this text. Arguments that were never sent are an empty object in some dialects;
    /// `None`: it never said why it ends.
    pub(super) fn into_response(self, text: String, empty: &str) -> Option<Response> {
        let mut calls: Vec<ToolCall> = self.calls.into_values().collect();
        for call in calls.iter_mut().filter(|call| call.arguments.is_empty()) {
            empty.clone_into(&mut call.arguments);
        }
        Some(Response { answered: Answered { text, calls }, finish: self.finish?, model: self.model })
    }
}
