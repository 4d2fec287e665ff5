//! What all vendors need to tell of limits: figures by resource, words for windows, headers by pieces of their names.
//!
//! A refusal of a quota is worded from its figures. One that only a script asked for has none, and each vendor makes up
//! its own. Who waits as told is never told too early: units are rounded up.

use super::Scene;
use crate::limits::{Figure, Figures, Hit, Resource};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Display;
use std::time::Duration;

pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// The window of a limit, as vendors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Per {
    Minute,
    Hour,
    Day,
}

/// How a window is named: by the largest unit that is not longer.
pub(super) fn per(window: Duration) -> Per {
    match window.as_secs() {
        86_400.. => Per::Day,
        3_600.. => Per::Hour,
        _ => Per::Minute,
    }
}

impl Scene<'_> {
    /// The limit that a quota's refusal ran into.
    pub(super) fn hit(&self) -> Option<Hit> {
        self.figures.and_then(|figures| figures.hit)
    }

    /// How long to wait, as a header in milliseconds says it: a liar says two things.
    pub(super) fn retry_after_ms(&self) -> Option<u64> {
        let wait = match self.figures {
            Some(figures) if figures.hit.is_some() => figures.retry_after_ms,
            _ => self.retry_after,
        };
        wait.map(whole_ms)
    }
}

/// Figures of a limit with nothing left for so long, beside one of which nothing is used.
pub(super) fn made_up(hit: Hit, other: u64, wait: Duration) -> Figures {
    let figure = |limit, remaining, wait| Figure {
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
        remaining,
        reset: wait,
        next: wait,
        window: hit.window,
    };
    let hit_figure = Some(figure(hit.limit, 0, wait));
    let other = Some(figure(other, i64::try_from(other).unwrap_or(i64::MAX), Duration::ZERO));
    let (requests, tokens) = match hit.resource {
        Resource::Requests => (hit_figure, other),
        Resource::Tokens => (other, hit_figure),
    };
    Figures { requests, tokens, hit: Some(hit), ..Figures::default() }
}

/// The figures that are told, and what the vendors' headers call them.
pub(super) fn told(figures: &Figures) -> impl Iterator<Item = (&'static str, &Figure)> {
    let requests = figures.requests.as_ref().map(|figure| ("requests", figure));
    requests.into_iter().chain(figures.tokens.as_ref().map(|figure| ("tokens", figure)))
}

/// Sets the header with this name, which is in pieces.
pub(super) fn put(headers: &mut HeaderMap, name: &[&str], value: impl Display) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.concat()), HeaderValue::try_from(value.to_string())) {
        headers.insert(name, value);
    }
}

/// A duration in milliseconds, rounded up.
pub(super) fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
