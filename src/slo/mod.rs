//! stub: assertions
use crate::event::Name;
use std::ops::Range;

/// One assertion (placeholder until the grammar lands).
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// As it was written.
    pub text: Name,
}

/// The names an assertion may mention.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// `provider/model`.
    pub targets: &'a [Name],
    /// Providers.
    pub providers: &'a [Name],
    /// Phases.
    pub phases: &'a [Name],
    /// Tenants.
    pub tenants: &'a [Name],
    /// Tiers.
    pub tiers: &'a [Name],
    /// Tasks.
    pub tasks: &'a [Name],
}

/// What is wrong with an assertion.
#[derive(Debug, Clone, PartialEq)]
pub struct SloError {
    /// Which bytes of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Reads and checks one assertion.
///
/// # Errors
/// Says where and why it cannot be used.
pub fn parse(text: &str, _names: &Names<'_>) -> Result<Slo, SloError> {
    Ok(Slo { text: text.into() })
}
