//! The causes an error answer may have. What a cause looks like on the wire is each dialect's own business.

/// Vendor-neutral causes of an error answer; each dialect has its own status and body for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The request is invalid.
    BadRequest,
    /// The prompt is longer than the model's window.
    ContextLength,
    /// The key is wrong, revoked or expired.
    Auth,
    /// The key may not do this.
    Permission,
    /// No such model, or retired.
    ModelGone,
    /// Too many requests or tokens.
    RateLimited,
    /// This prompt alone is larger than the tokens of a whole minute.
    PromptOverTpm,
    /// Out of credit, or a spend cap.
    QuotaExhausted,
    /// The provider has more load than it can take.
    Overloaded,
    /// The prompt was blocked by the provider's policy.
    ContentPolicy,
    /// The request body is larger than the provider reads.
    BodyTooLarge,
    /// The model took longer than the provider waits for it.
    Timeout,
    /// Something broke inside.
    ServerError,
    /// An edge answers with an HTML page (502).
    EdgeHtml,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::BadRequest,
        Self::ContextLength,
        Self::Auth,
        Self::Permission,
        Self::ModelGone,
        Self::RateLimited,
        Self::PromptOverTpm,
        Self::QuotaExhausted,
        Self::Overloaded,
        Self::ContentPolicy,
        Self::BodyTooLarge,
        Self::Timeout,
        Self::ServerError,
        Self::EdgeHtml,
    ];

    /// Their names, in the same order.
    pub const NAMES: [&'static str; 14] = [
        "bad_request",
        "context_length",
        "auth",
        "permission",
        "model_gone",
        "rate_limited",
        "prompt_over_tpm",
        "quota_exhausted",
        "overloaded",
        "content_policy",
        "body_too_large",
        "timeout",
        "server_error",
        "edge_html",
    ];

    /// Its short name, as it stands in scenarios and in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The cause of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_found_by_its_name() {
        for (index, cause) in Cause::ALL.into_iter().enumerate() {
            assert_eq!((cause as usize, Cause::named(cause.name())), (index, Some(cause)));
        }
    }
}
