//! What a request may ask of a model beyond its question, and which vendors have a word for it.
//!
//! | option | OpenAI, Azure | vLLM | Mistral | Anthropic | Bedrock | Gemini | Ollama |
//! | --- | --- | --- | --- | --- | --- | --- | --- |
//! | `seed` | yes | yes | `random_seed` | no | no | yes | yes |
//! | `stop` | up to 4 | yes | yes | not of blanks only | not of blanks only | up to 5 | yes |
//! | `max_tokens` | yes | yes | yes | yes | yes | yes | yes |
//! | `effort` | `reasoning_effort` | `reasoning_effort` | no | `output_config` | `outputConfig` | `thinkingLevel` | `think` |
//! | `thinking_budget` | no | no | no | `thinking` | `thinking` | `thinkingBudget` | no |
//! | `cache_prompt` | by itself | by itself | – | `cache_control` | `cachePoint` | by itself | by itself |
//!
//! What a vendor has no word for is refused before anything is sent ([`refusal`]): a request that needs it is not served
//! by dropping it. A cached prompt is a wish and no condition; where there is none, the prompt is paid for in full. An
//! effort and a budget of tokens are two things, and neither is made up from the other; the one vendor that takes either
//! and not both (Gemini) refuses both.

use super::{MAX_TOKENS, Wire};
use crate::event::Name;
use serde::Serialize;

/// What a request asks of the model beyond its question; by default nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The same seed and the same question, the same answer, as far as the vendor keeps that.
    pub seed: Option<u32>,
    /// Texts at which the answer stops; they are not part of it.
    pub stop: Vec<Name>,
    /// The longest answer in tokens; what is thought counts in it where the vendor counts it.
    pub max_tokens: Option<u32>,
    /// How hard to think.
    pub effort: Option<Effort>,
    /// How much to think at most, in tokens.
    pub thinking_budget: Option<u32>,
    /// Instructions and tools come again and again: keep them in a cache.
    pub cache_prompt: bool,
}

/// How hard a model is to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// A little.
    Low,
    /// As usual.
    Medium,
    /// A lot.
    High,
}

/// Options that ask for nothing.
pub static NO_OPTIONS: Options = Options {
    seed: None,
    stop: Vec::new(),
    max_tokens: None,
    effort: None,
    thinking_budget: None,
    cache_prompt: false,
};

/// The least budget for thoughts that Claude takes, in tokens.
const CLAUDES_LEAST: u32 = 1024;

impl Options {
    /// The cap on the answer.
    pub(super) fn cap(&self) -> u32 {
        self.max_tokens.unwrap_or(MAX_TOKENS)
    }

    /// The cap where thoughts count in it and must leave room: unless it is given, they come on top of the usual.
    pub(super) fn cap_with_thoughts(&self) -> u32 {
        self.max_tokens.unwrap_or(MAX_TOKENS + self.thinking_budget.unwrap_or_default())
    }

    /// The stop texts.
    pub(super) fn stops(&self) -> Vec<&str> {
        self.stop.iter().map(|stop| &**stop).collect()
    }
}

/// Why these options cannot be had of this vendor, if they cannot.
pub(super) fn refusal(wire: Wire, options: &Options) -> Option<&'static str> {
    let stops = options.stop.len();
    let blank = options.stop.iter().any(|stop| stop.trim().is_empty());
    let claude = matches!(wire, Wire::Anthropic | Wire::Bedrock);
    if options.seed.is_some() && claude {
        return Some("no seed can be given to this API");
    }
    match wire {
        Wire::Chat(flavour) if stops > flavour.most_stops => return Some("this API takes fewer stop texts"),
        Wire::Gemini if stops > 5 => return Some("this API takes fewer stop texts"),
        _ if claude && blank => return Some("this API takes no stop text of blanks only"),
        _ => {}
    }
    if options.effort.is_some() && matches!(wire, Wire::Chat(flavour) if !flavour.effort) {
        return Some("this API cannot be told how hard to think");
    }
    let budget = options.thinking_budget?;
    match wire {
        Wire::Chat(_) | Wire::Ollama => Some("this API takes no budget for thinking"),
        Wire::Anthropic | Wire::Bedrock if budget < CLAUDES_LEAST => Some("this API takes no budget below 1024 tokens"),
        Wire::Anthropic | Wire::Bedrock if options.cap_with_thoughts() <= budget => {
            Some("the budget for thinking leaves no room for an answer")
        }
        Wire::Gemini if options.effort.is_some() => Some("this API takes an effort or a budget for thinking, not both"),
        Wire::Anthropic | Wire::Bedrock | Wire::Gemini => None,
    }
}
