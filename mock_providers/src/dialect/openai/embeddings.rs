//! Embeddings: texts, or tokens, become vectors, as numbers or as base64 of little-endian 32-bit floats.

use crate::dialect::prompt::Str;
use crate::dialect::{Ask, Place, Reply, Unreadable, wire};
use crate::fault::Endpoint;
use crate::text::{embedding, prompt_tokens};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// More dimensions than any model of the family has are refused.
const MOST_DIMENSIONS: u32 = 4096;
/// The vendor takes no more texts at once.
const MOST_INPUTS: usize = 2048;

/// What one member of the family does its own way.
pub(crate) struct Style {
    /// Answers have an id, which begins like this.
    pub(crate) id: Option<&'static str>,
    /// How long the vectors of a model are, unless the request says otherwise.
    pub(crate) dimensions: fn(&str) -> usize,
}

/// OpenAI's own, and those of its deployments elsewhere.
pub(crate) const OPENAI: Style =
    Style { id: None, dimensions: |model| if model.contains("3-large") { 3072 } else { 1536 } };

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    model: Option<Str<'a>>,
    #[serde(borrow, default)]
    input: Option<Input<'a>>,
    #[serde(borrow)]
    encoding_format: Option<Str<'a>>,
    dimensions: Option<u32>,
    #[serde(borrow)]
    user: Option<Str<'a>>,
}

/// One text or several; a text may have been cut into tokens already.
struct Input<'a> {
    texts: Vec<Cow<'a, str>>,
    tokens: u32,
}

/// An element of a list of inputs.
#[derive(Deserialize)]
#[serde(untagged)]
enum Element<'a> {
    Text(#[serde(borrow)] Str<'a>),
    Token(u64),
    Tokens(Vec<u64>),
}

#[derive(Serialize)]
struct List<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    object: &'static str,
    model: &'a str,
    data: Vec<Item<'a>>,
    usage: Usage,
}

#[derive(Serialize)]
struct Item<'a> {
    object: &'static str,
    index: usize,
    embedding: Vector<'a>,
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: u32,
    total_tokens: u32,
}

/// A vector that is computed when it is written.
struct Vector<'a> {
    model: &'a str,
    text: &'a str,
    dimensions: usize,
    base64: bool,
}

/// Reads a request for vectors.
pub(crate) fn read<'a>(place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
    let request: Request<'a> = serde_json::from_slice(body)?;
    let model = super::model(place, request.model)?;
    let Input { texts, tokens } = request.input.ok_or(Unreadable::Missing("input"))?;
    let out_of_range = |what: &str| Unreadable::Json(de::Error::custom(what));
    if texts.is_empty() || texts.len() > MOST_INPUTS {
        return Err(out_of_range("`input` must have between 1 and 2048 elements"));
    }
    if request.dimensions.is_some_and(|dimensions| !(1..=MOST_DIMENSIONS).contains(&dimensions)) {
        return Err(out_of_range("`dimensions` must be between 1 and 4096"));
    }
    Ok(Ask {
        endpoint: Endpoint::Embeddings,
        model,
        prompt_tokens: tokens.max(1),
        inputs: texts,
        dimensions: request.dimensions,
        base64: request.encoding_format.is_some_and(|Str(format)| format == "base64"),
        user: request.user.map(|Str(user)| user),
        ..Ask::default()
    })
}

/// The body that answers it.
pub(crate) fn write(style: &Style, reply: &Reply<'_>) -> Vec<u8> {
    let ask = reply.ask;
    let dimensions = ask.dimensions.map_or_else(|| (style.dimensions)(&ask.model), |dimensions| dimensions as usize);
    let vector = |text| Vector { model: &ask.model, text, dimensions, base64: ask.base64 };
    let item = |(index, text)| Item { object: "embedding", index, embedding: vector(text) };
    let data = ask.inputs.iter().map(|text| &**text).enumerate().map(item).collect();
    let usage = Usage { prompt_tokens: ask.prompt_tokens, total_tokens: ask.prompt_tokens };
    let id = style.id.map(|id| format!("{id}{}", reply.id));
    wire::json(&List { id, object: "list", model: reply.model(), data, usage })
}

impl Serialize for Vector<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let numbers = embedding(self.model, self.text, self.dimensions);
        if self.base64 {
            serializer.serialize_str(&base64(numbers.iter().flat_map(|number| number.to_le_bytes())))
        } else {
            numbers.serialize(serializer)
        }
    }
}

/// The standard alphabet, padded.
fn base64(bytes: impl IntoIterator<Item = u8>) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = bytes.into_iter();
    let mut out = String::with_capacity(bytes.size_hint().0.div_ceil(3) * 4);
    while let Some(first) = bytes.next() {
        let rest = [bytes.next(), bytes.next()];
        let group = [first, rest[0].unwrap_or_default(), rest[1].unwrap_or_default()];
        let group = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        let digit = |shift: u32| char::from(ALPHABET[(group >> shift) as usize & 63]);
        out.push(digit(18));
        out.push(digit(12));
        out.push(if rest[0].is_some() { digit(6) } else { '=' });
        out.push(if rest[1].is_some() { digit(0) } else { '=' });
    }
    out
}

struct InputVisitor;

impl<'de> Visitor<'de> for InputVisitor {
    type Value = Input<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a list of strings, or a list of tokens")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Input { tokens: prompt_tokens(text.len()), texts: vec![Cow::Borrowed(text)] })
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Input { tokens: prompt_tokens(text.len()), texts: vec![Cow::Owned(text.to_owned())] })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut input = Input { texts: Vec::new(), tokens: 0 };
        let mut bare = Vec::new();
        while let Some(element) = seq.next_element::<Element<'de>>()? {
            match element {
                Element::Text(Str(text)) => {
                    input.tokens = input.tokens.saturating_add(prompt_tokens(text.len()));
                    input.texts.push(text);
                }
                Element::Token(token) => bare.push(token),
                Element::Tokens(tokens) => input.push_tokens(&tokens),
            }
        }
        if !bare.is_empty() {
            input.push_tokens(&bare);
        }
        Ok(input)
    }
}

impl Input<'_> {
    /// Adds a text that comes as tokens; it is known by their numbers.
    fn push_tokens(&mut self, tokens: &[u64]) {
        self.tokens = self.tokens.saturating_add(u32::try_from(tokens.len()).unwrap_or(u32::MAX));
        self.texts.push(Cow::Owned(tokens.iter().map(|token| format!("{token} ")).collect()));
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Input<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.bytes()), coded);
        }
        assert_eq!(base64([0xfb, 0xff, 0xfe]), "+//+");
    }
}
