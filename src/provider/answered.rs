//! What a model answered, and putting it together from the pieces of a stream.

use super::Complaint;
use super::finish::Finish;
use crate::event::{Class, Usage};
use mock_providers::text::tokens;
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

    /// An answer with something in it.
    pub(super) fn new(text: String, calls: Vec<ToolCall>, finish: Finish) -> Result<Self, Complaint> {
        finish.check(!calls.is_empty())?;
        if text.is_empty() && calls.is_empty() {
            return Err(Complaint::new(Class::Malformed, "an empty answer"));
        }
        Ok(Self { text, calls })
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
    finished: bool,
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
        finish.check(!self.calls.is_empty())?;
        self.finished = true;
        Ok(())
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// The tool calls in their order. Arguments that were never sent are an empty object in some dialects.
    pub(super) fn into_calls(self, empty: &str) -> Vec<ToolCall> {
        let mut calls: Vec<ToolCall> = self.calls.into_values().collect();
        for call in calls.iter_mut().filter(|call| call.arguments.is_empty()) {
            empty.clone_into(&mut call.arguments);
        }
        calls
    }
}
