//! Mistral (`POST /v1/chat/completions`), client side: OpenAI's chat with words of its own for errors, as flat objects
//! with numbers for codes, and details of what does not validate. A streamed tool call comes in one chunk, and usage comes unasked:
//! the vendor once refused to be asked for it.

use super::chat::{self, Flavour, GoOn, Seed};
use super::finish::Finish;
use super::openai::OPENAI;
use super::said::Said;
use crate::event::Class;
use http::StatusCode;

pub(super) const MISTRAL: Flavour = Flavour {
    caps_completion: false,
    must_call: "any",
    go_on: GoOn::Prefix,
    seed: Seed::RandomSeed,
    most_stops: usize::MAX,
    effort: false,
    usage_on_request: false,
    whole_calls: true,
    finish,
    class,
    ..OPENAI
};

fn finish(reason: &str) -> Finish {
    match reason {
        "model_length" => Finish::Capped,
        "error" => Finish::Unfinished("finish_reason error".to_owned()),
        _ => chat::finish(reason),
    }
}

fn class(said: &Said, _status: StatusCode) -> Option<Class> {
    match (said.code.as_str(), said.kind.as_str()) {
        // With a 429 first, later with a 503, and not always with the code.
        ("3505", _) => Some(Class::Overloaded),
        _ if said.message.contains("Service tier capacity exceeded") => Some(Class::Overloaded),
        ("1300", _) | (_, "rate_limited") => Some(Class::RateLimited),
        ("1500", _) | (_, "invalid_model") => Some(Class::ModelGone),
        _ if said.message.contains("too large for model with") => Some(Class::ContextLength),
        (_, "internal_server_error") => Some(Class::ServerError),
        _ => None,
    }
}
