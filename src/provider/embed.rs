//! Embeddings: text in, a vector out (`POST …/embeddings`), as OpenAI and those after it have them. Of the others none is
//! asked, even where the vendor has some.

use super::chat::{self, Flavour};
use super::said::said_with_200;
use super::{Complaint, json};
use crate::event::{Class, Usage};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A text to be turned into a vector, in nobody's dialect.
#[derive(Debug, Clone, Copy)]
pub struct Embed<'a> {
    /// The model's name on the wire.
    pub model: &'a str,
    /// The key of whoever asks, as [`secret`](super::secret) gives it.
    pub secret: &'a str,
    /// The text.
    pub text: &'a str,
    /// How many numbers the vector is to have.
    pub dimensions: u32,
}

/// What an API is not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cannot {
    /// Embeddings.
    #[error("no embeddings are to be had from this API")]
    Embed,
}

/// The embedding side of a dialect that has one.
#[derive(Debug, Clone, Copy)]
pub struct Embedder(pub(super) &'static Flavour);

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a str,
    encoding_format: &'static str,
    dimensions: u32,
}

#[derive(Deserialize)]
struct Embeddings<'a> {
    #[serde(borrow)]
    data: Option<Vec<Embedding<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Embedding<'a> {
    #[serde(borrow)]
    embedding: Vector<'a>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Vector<'a> {
    Floats(Vec<f32>),
    /// Some servers pack the floats whatever they were asked for.
    Packed(#[serde(borrow)] Cow<'a, str>),
}

impl Embedder {
    /// The request, without its authority.
    ///
    /// # Errors
    /// The model's name does not fit into a request line.
    pub fn request(self, embed: &Embed<'_>) -> http::Result<http::Request<Bytes>> {
        let Embed { model, secret, text, dimensions } = *embed;
        let body = json(&Request { model, input: text, encoding_format: "float", dimensions });
        let builder = self.0.post("embeddings", model, secret);
        builder.header(http::header::CONTENT_TYPE, "application/json").body(Bytes::from(body))
    }

    /// The vector in a complete answer. What the provider says of its usage goes into `usage`.
    ///
    /// # Errors
    /// There is none, it has another length than was asked for, or the provider says that it did not answer.
    pub fn vector(self, body: &[u8], dimensions: u32, usage: &mut Option<Usage>) -> Result<Vec<f32>, Complaint> {
        let malformed = |what: &'static str| Complaint::new(Class::Malformed, what);
        if body.is_empty() {
            return Err(Complaint::new(Class::Interrupted, "empty body"));
        }
        let no_list = || malformed("the body is no list of embeddings");
        let reply: Embeddings<'_> = serde_json::from_slice(body).map_err(|_| no_list())?;
        *usage = chat::told(reply.usage);
        let Some(data) = reply.data else {
            return Err(said_with_200(self.0, body).unwrap_or_else(no_list));
        };
        let vector = match data.into_iter().next().ok_or_else(no_list)?.embedding {
            Vector::Floats(floats) => floats,
            Vector::Packed(text) => {
                unpacked(&text).ok_or_else(|| malformed("the embedding is neither floats nor base64 of them"))?
            }
        };
        if vector.len() != dimensions as usize {
            let detail = format!("a vector of {} instead of {dimensions}", vector.len());
            return Err(Complaint::new(Class::Malformed, detail));
        }
        if vector.iter().any(|x| !x.is_finite()) {
            return Err(malformed("a vector with numbers that are none"));
        }
        Ok(vector)
    }
}

/// A vector as OpenAI packs it on request: base64 of little-endian floats.
pub(super) fn unpacked(text: &str) -> Option<Vec<f32>> {
    let digit = |b: u8| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits = text.trim_end_matches('=').bytes().map(digit).collect::<Option<Vec<u8>>>()?;
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let bits = group.iter().fold(0u32, |bits, &d| bits << 6 | u32::from(d)) << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    let (floats, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| floats.iter().map(|four| f32::from_le_bytes(*four)).collect())
}
