//! The error family: the causes an error answer may have, and the short names the ledger uses.
//!
//! What a cause looks like on the wire is each dialect's own business.

use super::{Cause, Injection, SchemaBreak};

impl Injection {
    /// Its short name, as it stands in the ledger.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Error { cause, .. } => cause.name(),
            Self::Silence => "silence",
            Self::Reset => "reset",
            Self::Cut { .. } => "cut",
            Self::EarlyEnd { .. } => "early_end",
            Self::Stall { .. } => "stall",
            Self::StreamError { .. } => "stream_error",
            Self::Malformed => "malformed",
            Self::Schema(kind) => kind.name(),
            Self::Refusal => "refusal",
        }
    }
}

impl Cause {
    /// Its short name, as it stands in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::ContextLength => "context_length",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::ModelGone => "model_gone",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Overloaded => "overloaded",
            Self::ContentPolicy => "content_policy",
            Self::ServerError => "server_error",
            Self::EdgeHtml => "edge_html",
        }
    }
}

impl SchemaBreak {
    /// All of them, in the order in which luck picks one.
    pub const ALL: [Self; 5] = [Self::Missing, Self::Renamed, Self::WrongType, Self::Fenced, Self::Prose];

    /// Its short name, as it stands in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "schema_missing",
            Self::Renamed => "schema_renamed",
            Self::WrongType => "schema_wrong_type",
            Self::Fenced => "schema_fenced",
            Self::Prose => "schema_prose",
        }
    }
}
