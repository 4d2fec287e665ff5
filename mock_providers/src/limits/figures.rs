//! What a response says of the limits, in no vendor's words.

use std::time::Duration;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Requests.
    Requests,
    /// Tokens, of prompt and answer together.
    Tokens,
}

/// All that a response may say of the limits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Of requests; `None` where they are not limited, or where nothing is said.
    pub requests: Option<Figure>,
    /// Of tokens; `None` as above.
    pub tokens: Option<Figure>,
    /// After a refusal: how long to wait, where it is said.
    pub retry_after: Option<Duration>,
    /// What a header in milliseconds says of the same; an honest provider says the same twice.
    pub retry_after_ms: Option<Duration>,
    /// After a refusal: the limit that was hit.
    pub hit: Option<Hit>,
}

impl Figures {
    /// Those of one resource.
    #[must_use]
    pub fn of(&self, resource: Resource) -> Option<&Figure> {
        match resource {
            Resource::Requests => self.requests.as_ref(),
            Resource::Tokens => self.tokens.as_ref(),
        }
    }

    pub(super) fn of_mut(&mut self, resource: Resource) -> Option<&mut Figure> {
        match resource {
            Resource::Requests => self.requests.as_mut(),
            Resource::Tokens => self.tokens.as_mut(),
        }
    }

    /// Says the same wait in both places.
    pub(super) fn wait(&mut self, wait: Duration) {
        self.retry_after = Some(wait);
        self.retry_after_ms = Some(wait);
    }
}

/// What is said of one resource, by the tightest of its limits. Times are whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// What the limit grants per window. Negative only in a lie.
    pub limit: i64,
    /// What may be used at once, right now. Negative only in a lie.
    pub remaining: i64,
    /// Until nothing of it counts as used any more, which is later than the next permit.
    pub reset: Duration,
    /// Until one more may be used; zero if it may now.
    pub next: Duration,
    /// The window of the limit.
    pub window: Duration,
}

/// The limit that a refused request ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// What was short.
    pub resource: Resource,
    /// What the limit grants per window.
    pub limit: u64,
    /// Its window.
    pub window: Duration,
    /// What of it counts as used.
    pub used: u64,
    /// What the request asked for.
    pub requested: u64,
}
