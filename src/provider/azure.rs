//! Azure OpenAI (`POST /openai/deployments/NAME/chat/completions?api-version=…`), client side: OpenAI's wire behind a
//! gateway and a content filter. The deployment has the model's name.
//!
//! A stream begins with a chunk that has no choices: it says what the filter found in the prompt. Of a prompt that the
//! filter blocks there are three wordings, with an inner error spelled either way or without one; the code is common to
//! them.

use super::chat::Flavour;
use super::openai::OPENAI;
use super::said::Said;
use crate::event::Class;
use http::StatusCode;

const API_VERSION: &str = "2024-10-21";

pub(super) const AZURE: Flavour = Flavour { path, key: ("api-key", ""), models: "/openai/v1/models", class, ..OPENAI };

fn path(endpoint: &str, model: &str) -> String {
    format!("/openai/deployments/{model}/{endpoint}?api-version={API_VERSION}")
}

fn class(said: &Said, _status: StatusCode) -> Option<Class> {
    match said.code.as_str() {
        "DeploymentNotFound" => Some(Class::ModelGone),
        // Not a limit of ours: the region has no room, with a 429.
        "no_capacity" => Some(Class::Overloaded),
        _ if said.message.contains("experiencing high demand") => Some(Class::Overloaded),
        _ => None,
    }
}
