//! Reading prompts: texts that are strings or lists of parts, and turns that become one prompt.

use super::Ask;
use crate::text;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The sentence by which a router insists on the schema.
const MARKER: &[u8] = b"return only json that matches the schema";

/// Whether the request insists on its schema in so many words, in whatever case. It is looked for in the raw body: no
/// writer of JSON escapes any of its characters.
pub(crate) fn insists_on_schema(body: &[u8]) -> bool {
    body.windows(MARKER.len()).any(|window| window[0] | 0x20 == MARKER[0] && window.eq_ignore_ascii_case(MARKER))
}

/// Who speaks in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    User,
    Assistant,
    /// Counts as prompt, and is neither asked nor answered.
    Other,
}

/// Collects the turns of a conversation into an [`Ask`].
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    user: Option<Cow<'a, str>>,
    last: Option<Cow<'a, str>>,
    bytes: usize,
}

impl<'a> Conversation<'a> {
    /// Adds a turn.
    pub(super) fn turn(&mut self, role: Role, text: Cow<'a, str>) {
        self.bytes += text.len();
        self.last = None;
        match role {
            Role::Other => {}
            Role::Assistant => self.last = Some(text),
            Role::User => match &mut self.user {
                None => self.user = Some(text),
                Some(user) => {
                    let user = user.to_mut();
                    user.push('\n');
                    user.push_str(&text);
                }
            },
        }
    }

    /// Counts bytes of prompt that nobody said.
    pub(super) fn count(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// What is asked, with everything but the conversation left at its default.
    pub(super) fn ask(self) -> Ask<'a> {
        Ask {
            prompt: self.user.unwrap_or_default(),
            prompt_tokens: text::prompt_tokens(self.bytes).max(1),
            prefill: self.last,
            ..Ask::default()
        }
    }
}

/// A string, borrowed where the JSON has no escapes in it.
#[derive(Debug, Default)]
pub(super) struct Str<'a>(pub(super) Cow<'a, str>);

/// A text that is a string, a list of parts (of which the texts count), or null.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

#[derive(serde::Deserialize)]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Str<'a>>,
}

/// Joins the texts of parts; a single one stays borrowed.
pub(super) fn join<'a>(parts: impl IntoIterator<Item = Part<'a>>) -> Cow<'a, str> {
    let mut texts = parts.into_iter().filter_map(|part| part.text);
    let Some(Str(mut joined)) = texts.next() else {
        return Cow::Borrowed("");
    };
    for Str(text) in texts {
        joined.to_mut().push_str(&text);
    }
    joined
}

struct TextVisitor {
    parts: bool,
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.parts { "a string or a list of content parts" } else { "a string" })
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        if self.parts { Ok(Cow::Borrowed("")) } else { Err(E::invalid_type(serde::de::Unexpected::Unit, &self)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        if !self.parts {
            return Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        }
        let mut parts = Vec::new();
        while let Some(part) = seq.next_element::<Part<'de>>()? {
            parts.push(part);
        }
        Ok(join(parts))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor { parts: false }).map(Self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor { parts: true }).map(Self)
    }
}
