//! OpenAI (`POST /v1/chat/completions`), client side.

use super::chat::{self, Flavour};

pub(super) const OPENAI: Flavour = Flavour {
    path: chat::v1,
    key: ("authorization", "Bearer "),
    caps_completion: true,
    must_call: "required",
    whole_calls: false,
    finish: chat::finish,
    class: |_, _| None,
};
