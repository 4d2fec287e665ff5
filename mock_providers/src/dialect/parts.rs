//! Turns that are made of parts: texts, images, tool calls and their results, whatever a vendor calls them.

use super::Ask;
use super::prompt::{Conversation, Role};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// What the parts of one turn come to.
#[derive(Debug, Default)]
pub(super) struct Turn<'a> {
    pub(super) text: Cow<'a, str>,
    /// Bytes that count as prompt and are no text of the speaker: calls of tools and their results.
    pub(super) silent: usize,
    pub(super) images: u32,
    /// It brings the result of a tool call.
    pub(super) tool_result: bool,
}

impl<'a> Turn<'a> {
    /// Adds a text.
    pub(super) fn say(&mut self, text: Cow<'a, str>) {
        if self.text.is_empty() {
            self.text = text;
        } else {
            self.text.to_mut().push_str(&text);
        }
    }
}

/// A part of a turn, as one vendor writes it.
pub(super) trait Part<'a> {
    /// Whether a turn may be a mere string instead.
    const OR_TEXT: bool = false;

    /// Adds itself to its turn.
    fn join(self, turn: &mut Turn<'a>);
}

/// A list of parts, read into what they come to.
pub(super) struct Parts<'a, P> {
    pub(super) turn: Turn<'a>,
    kind: PhantomData<P>,
}

impl<P> Default for Parts<'_, P> {
    fn default() -> Self {
        Turn::default().into()
    }
}

impl<'a, P> From<Turn<'a>> for Parts<'a, P> {
    fn from(turn: Turn<'a>) -> Self {
        Self { turn, kind: PhantomData }
    }
}

struct PartsVisitor<'a, P>(PhantomData<(&'a str, P)>);

impl<'de: 'a, 'a, P: Deserialize<'de> + Part<'a>> Visitor<'de> for PartsVisitor<'a, P> {
    type Value = Turn<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if P::OR_TEXT { "a string or a list of content parts" } else { "a list of content parts" })
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        if !P::OR_TEXT {
            return Err(E::invalid_type(Unexpected::Str(text), &self));
        }
        Ok(Turn { text: Cow::Borrowed(text), ..Turn::default() })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if !P::OR_TEXT {
            return Err(E::invalid_type(Unexpected::Str(text), &self));
        }
        Ok(Turn { text: Cow::Owned(text.to_owned()), ..Turn::default() })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Turn::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut turn = Turn::default();
        while let Some(part) = seq.next_element::<P>()? {
            part.join(&mut turn);
        }
        Ok(turn)
    }
}

impl<'de: 'a, 'a, P: Deserialize<'de> + Part<'a>> Deserialize<'de> for Parts<'a, P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartsVisitor::<'a, P>(PhantomData)).map(Self::from)
    }
}

/// A conversation whose turns are made of parts.
#[derive(Debug, Default)]
pub(super) struct Talk<'a> {
    conversation: Conversation<'a>,
    images: u32,
    tool_result: bool,
}

impl<'a> Talk<'a> {
    /// Adds a turn.
    pub(super) fn turn(&mut self, role: Role, turn: Turn<'a>) {
        self.images = self.images.saturating_add(turn.images);
        self.tool_result = turn.tool_result;
        self.conversation.count(turn.silent);
        // A turn that only calls a tool, or brings its result, neither asks nor begins an answer.
        let role = if turn.text.is_empty() { Role::Other } else { role };
        self.conversation.turn(role, turn.text);
    }

    /// What is asked, with everything but the conversation left at its default.
    pub(super) fn ask(self, tokens_per_image: u32) -> Ask<'a> {
        let mut ask = self.conversation.ask();
        ask.prompt_tokens = ask.prompt_tokens.saturating_add(self.images.saturating_mul(tokens_per_image));
        Ask { images: self.images, tool_result: self.tool_result, ..ask }
    }
}
