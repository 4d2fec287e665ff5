//! The jobs that load streams send: their prompts, schemas and known answers.
/// A built-in kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Classify a support ticket; the answer is JSON with one label.
    Triage,
    /// Extract the fields of an order; the answer is JSON.
    Extract,
    /// Explain something; the answer is prose.
    Chat,
}

impl Task {
    /// Every task.
    pub const ALL: [Self; 3] = [Self::Triage, Self::Extract, Self::Chat];

    /// The name that scenarios use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Extract => "extract",
            Self::Chat => "chat",
        }
    }
}
