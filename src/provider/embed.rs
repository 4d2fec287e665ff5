//! Embeddings: text in, a vector out. Not every vendor has them.

use super::{Complaint, gemini, openai};
use crate::event::Class;
use bytes::Bytes;
use mock_providers::Dialect;

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

/// What a vendor's API has no call for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cannot {
    /// Embeddings.
    #[error("this API has no embeddings")]
    Embed,
}

/// The embedding side of a dialect that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embedder {
    /// `POST /v1/embeddings`.
    OpenAi,
    /// `POST /v1beta/models/MODEL:embedContent`.
    Gemini,
}

impl Embedder {
    pub(super) fn new(dialect: Dialect) -> Result<Self, Cannot> {
        match dialect {
            Dialect::OpenAi => Ok(Self::OpenAi),
            Dialect::Gemini => Ok(Self::Gemini),
            Dialect::Anthropic | Dialect::Bedrock | Dialect::Ollama => Err(Cannot::Embed),
        }
    }

    /// The request, without its authority.
    ///
    /// # Errors
    /// The model's name does not fit into a request line.
    pub fn request(self, embed: &Embed<'_>) -> http::Result<http::Request<Bytes>> {
        let (builder, body) = match self {
            Self::OpenAi => openai::embed(embed),
            Self::Gemini => gemini::embed(embed),
        };
        builder.header(http::header::CONTENT_TYPE, "application/json").body(Bytes::from(body))
    }

    /// The vector in a complete answer.
    ///
    /// # Errors
    /// There is none, it has another length than was asked for, or the provider says that it did not answer.
    pub fn vector(self, body: &[u8], dimensions: u32) -> Result<Vec<f32>, Complaint> {
        if body.is_empty() {
            return Err(Complaint::new(Class::Interrupted, "empty body"));
        }
        let vector = match self {
            Self::OpenAi => openai::vector(body),
            Self::Gemini => gemini::vector(body),
        }?;
        if vector.len() != dimensions as usize {
            let detail = format!("a vector of {} instead of {dimensions}", vector.len());
            return Err(Complaint::new(Class::Malformed, detail));
        }
        if vector.iter().any(|x| !x.is_finite()) {
            return Err(Complaint::new(Class::Malformed, "a vector with numbers that are none"));
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
