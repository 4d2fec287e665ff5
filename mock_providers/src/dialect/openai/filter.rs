//! What the content filter of Azure says of a prompt or of an answer.

use serde::Serialize;

/// The verdict by category; a category that was not looked at is left out.
#[derive(Serialize, Clone, Copy, Default)]
pub(crate) struct Results {
    #[serde(skip_serializing_if = "Option::is_none")]
    hate: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jailbreak: Option<Detected>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_harm: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sexual: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    violence: Option<Severity>,
}

#[derive(Serialize, Clone, Copy)]
struct Severity {
    filtered: bool,
    severity: &'static str,
}

#[derive(Serialize, Clone, Copy)]
struct Detected {
    filtered: bool,
    detected: bool,
}

/// The verdict on one prompt.
#[derive(Serialize, Clone, Copy)]
pub(crate) struct PromptResults {
    prompt_index: u32,
    content_filter_results: Results,
}

const SAFE: Option<Severity> = Some(Severity { filtered: false, severity: "safe" });

impl Results {
    /// Nothing was looked at.
    pub(crate) const NONE: Self = Self { hate: None, jailbreak: None, self_harm: None, sexual: None, violence: None };
    /// An answer without fault.
    pub(crate) const SAFE: Self = Self { hate: SAFE, jailbreak: None, self_harm: SAFE, sexual: SAFE, violence: SAFE };
    /// An answer that is blocked.
    pub(crate) const BLOCKED: Self =
        Self { violence: Some(Severity { filtered: true, severity: "medium" }), ..Self::SAFE };
    /// A prompt that is blocked.
    pub(crate) const JAILBREAK: Self =
        Self { jailbreak: Some(Detected { filtered: true, detected: true }), ..Self::SAFE };
}

impl PromptResults {
    /// A prompt without fault.
    pub(crate) const SAFE: Self = Self {
        prompt_index: 0,
        content_filter_results: Results {
            jailbreak: Some(Detected { filtered: false, detected: false }),
            ..Results::SAFE
        },
    };
}
