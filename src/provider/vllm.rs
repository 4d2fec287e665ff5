//! vLLM (`POST /v1/chat/completions`), client side: OpenAI's chat as a server of one's own speaks it. Codes of errors are
//! the status as an integer, older servers send the error flat, and only its words tell a prompt that is too long.

use super::chat::{self, Flavour, GoOn};
use super::finish::Finish;
use super::openai::OPENAI;
use super::said::Said;
use crate::event::Class;
use http::StatusCode;

pub(super) const VLLM: Flavour =
    Flavour { caps_completion: false, go_on: GoOn::Unclosed, most_stops: usize::MAX, finish, class, ..OPENAI };

fn finish(reason: &str) -> Finish {
    match reason {
        // The server gave the request up.
        "abort" => Finish::Unfinished("finish_reason abort".to_owned()),
        _ => chat::finish(reason),
    }
}

fn class(said: &Said, status: StatusCode) -> Option<Class> {
    // The words changed with version 0.16.
    let too_long = ["context length is only", "maximum context length is"].iter().any(|w| said.message.contains(w));
    (status == StatusCode::BAD_REQUEST && too_long).then_some(Class::ContextLength)
}
