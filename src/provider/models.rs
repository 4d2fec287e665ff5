//! The list of models (`GET /v1/models` and its relatives): what monitoring likes to ask, since it costs nothing. That it
//! is served says little of completions, which another part of the vendor makes.

use super::{Complaint, Wire};
use crate::event::Class;
use http::request::Builder;
use serde::de::IgnoredAny;

/// A request for the list, without its body.
pub(super) fn request(wire: Wire, secret: &str) -> Builder {
    let get = http::Request::get;
    match wire {
        Wire::Chat(flavour) => {
            let (header, before) = flavour.key;
            get(flavour.models).header(header, format!("{before}{secret}"))
        }
        Wire::Anthropic => get("/v1/models").header("x-api-key", secret).header("anthropic-version", "2023-06-01"),
        Wire::Gemini => get("/v1beta/models").header("x-goog-api-key", secret),
        Wire::Bedrock => get("/foundation-models").header("authorization", format!("Bearer {secret}")),
        Wire::Ollama => get("/api/tags"),
    }
}

/// Whether a body is a list at all. Which models are on it differs from what may be called, so nothing is made of that.
pub(super) fn check(body: &[u8]) -> Result<(), Complaint> {
    match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(IgnoredAny) => Ok(()),
        Err(_) => Err(Complaint::new(Class::Malformed, "the list of models is not JSON")),
    }
}
