//! OpenAI (`POST /v1/chat/completions`), client side.

use super::chat::{self, Flavour, GoOn, Seed};

pub(super) const OPENAI: Flavour = Flavour {
    path: chat::v1,
    key: ("authorization", "Bearer "),
    models: "/v1/models",
    caps_completion: true,
    must_call: "required",
    go_on: GoOn::Untold,
    seed: Seed::Seed,
    most_stops: 4,
    effort: true,
    usage_on_request: true,
    whole_calls: false,
    finish: chat::finish,
    class: |_, _| None,
};
