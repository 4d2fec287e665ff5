//! What Azure tells of its limits: OpenAI's headers with resets in whole seconds and the period of renewal, and which
//! kind of limit a refusal ran into.

use crate::dialect::limits::{self, MINUTE, Per, per, put};
use crate::dialect::{Scene, whole_seconds};
use crate::limits::{Figure, Figures, Hit, Resource};
use http::HeaderMap;
use std::time::Duration;

/// The limit that was hit, and until when it lasts if that is said.
fn hit(scene: &Scene<'_>) -> (Hit, Option<Duration>) {
    let made_up = Hit { resource: Resource::Tokens, limit: 5000, window: MINUTE, used: 5000, requested: 1 };
    match scene.hit() {
        Some(hit) => (hit, scene.retry_after),
        None => (made_up, Some(scene.retry_after.unwrap_or(MINUTE))),
    }
}

/// The figures of a rate limit that a script asked for, as they were seen.
pub(super) fn made_up(scene: &Scene<'_>) -> Figures {
    let (hit, wait) = hit(scene);
    let soon = Duration::from_secs(12);
    Figures {
        requests: Some(Figure { limit: 5, remaining: 4, reset: soon, next: Duration::ZERO, window: MINUTE }),
        ..limits::made_up(hit, 5, wait.unwrap_or_default())
    }
}

/// The text of a rate limit.
pub(super) fn reached(scene: &Scene<'_>) -> String {
    let (Hit { resource, window, .. }, wait) = hit(scene);
    let kind = match (resource, per(window)) {
        (Resource::Requests, Per::Day) => "daily call",
        (Resource::Requests, _) => "call",
        (Resource::Tokens, Per::Day) => "daily token",
        (Resource::Tokens, _) => "token",
    };
    let wait = wait.map(|wait| format!("Please retry after {} seconds. ", whole_seconds(wait))).unwrap_or_default();
    format!(
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded {kind} \
         rate limit of your current OpenAI S0 pricing tier. {wait}Please go here: https://aka.ms/oai/quotaincrease if \
         you would like to further increase the default rate limit."
    )
}

/// The headers.
pub(super) fn tell(figures: &Figures, headers: &mut HeaderMap) {
    for (what, figure) in limits::told(figures) {
        put(headers, &["x-ratelimit-limit-", what], figure.limit);
        put(headers, &["x-ratelimit-remaining-", what], figure.remaining);
        put(headers, &["x-ratelimit-renewalperiod-", what], whole_seconds(figure.window));
        put(headers, &["x-ratelimit-reset-", what], whole_seconds(figure.reset));
    }
    match figures.hit {
        Some(Hit { resource, .. }) if figures.of(resource).is_some() => {
            let kind = if resource == Resource::Requests { "Requests" } else { "Tokens" };
            put(headers, &["x-ratelimit-type"], kind);
        }
        _ => {}
    }
}
