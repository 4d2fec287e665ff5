//! What Anthropic tells of its limits: in headers on every response, resets as instants; after a refusal also in its
//! text.

use crate::dialect::limits::{self, MINUTE, Per, per, put};
use crate::dialect::{Scene, rfc3339, whole_seconds};
use crate::limits::{Figures, Hit, Resource};
use http::HeaderMap;
use std::time::Duration;

/// The limit that was hit; made up where a script asked for it.
fn hit(scene: &Scene<'_>, made_up: Resource) -> Hit {
    let limit = if made_up == Resource::Requests { 50 } else { 30_000 };
    scene.hit().unwrap_or(Hit { resource: made_up, limit, window: MINUTE, used: limit, requested: 1 })
}

/// The figures of a rate limit that a script asked for.
pub(super) fn made_up(scene: &Scene<'_>, resource: Resource) -> Figures {
    let other = if resource == Resource::Requests { 30_000 } else { 50 };
    limits::made_up(hit(scene, resource), other, scene.retry_after.unwrap_or(MINUTE))
}

/// The text of a rate limit: on requests, if nothing else is known.
pub(super) fn reached(scene: &Scene<'_>, made_up: Resource) -> String {
    let Hit { resource, limit, window, .. } = hit(scene, made_up);
    let per = match per(window) {
        Per::Minute => "minute",
        Per::Hour => "hour",
        Per::Day => "day",
    };
    let (what, fewer) = match resource {
        Resource::Requests => ("requests", "number of requests"),
        Resource::Tokens => ("input tokens", "prompt length or the maximum tokens requested"),
    };
    format!(
        "This request would exceed your organization's rate limit of {limit} {what} per {per}. Please reduce the {fewer}, \
         or try again later."
    )
}

/// The headers. The limit on tokens is one on all of them, so of those that go in and those that come out there is the
/// same to tell. `now` is the time since 1970.
pub(super) fn tell(figures: &Figures, now: Duration, headers: &mut HeaderMap) {
    for (what, figure) in limits::told(figures) {
        let names: &[&str] = if what == "tokens" { &["tokens", "input-tokens", "output-tokens"] } else { &[what] };
        for name in names {
            put(headers, &["anthropic-ratelimit-", name, "-limit"], figure.limit);
            put(headers, &["anthropic-ratelimit-", name, "-remaining"], figure.remaining);
            put(headers, &["anthropic-ratelimit-", name, "-reset"], rfc3339(whole_seconds(now + figure.reset)));
        }
    }
}
