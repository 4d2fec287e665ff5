//! What OpenAI tells of its limits: in headers on every response, resets as Go writes durations; after a refusal also in
//! its text.

use crate::dialect::Scene;
use crate::dialect::limits::{self, MINUTE, Per, per, put};
use crate::limits::{Figures, Hit, Resource};
use http::HeaderMap;
use std::time::Duration;

/// How long a rate limit of a script lasts that does not say.
const SHORT: Duration = Duration::from_millis(120);
const MORE: &str = "Visit https://platform.openai.com/account/rate-limits to learn more.";

/// The limit that was hit, and until when it lasts if that is said.
fn hit(scene: &Scene<'_>) -> (Hit, Option<Duration>) {
    let made_up = Hit { resource: Resource::Requests, limit: 500, window: MINUTE, used: 500, requested: 1 };
    match scene.hit() {
        Some(hit) => (hit, scene.retry_after),
        None => (made_up, Some(scene.retry_after.unwrap_or(SHORT))),
    }
}

/// The figures of a rate limit that a script asked for.
pub(super) fn made_up(scene: &Scene<'_>) -> Figures {
    let (hit, wait) = hit(scene);
    limits::made_up(hit, 30_000, wait.unwrap_or_default())
}

/// The type of a rate limit's error.
pub(super) fn kind(scene: &Scene<'_>) -> &'static str {
    match hit(scene).0.resource {
        Resource::Requests => "requests",
        Resource::Tokens => "tokens",
    }
}

/// The text of a rate limit.
pub(super) fn reached(scene: &Scene<'_>) -> String {
    let (Hit { resource, limit, window, used, requested }, wait) = hit(scene);
    let (model, what) = (scene.model, named(resource, window));
    let wait = wait.map(|wait| format!("Please try again in {}. ", go_duration(wait))).unwrap_or_default();
    format!(
        "Rate limit reached for {model} in organization org-hopdrill on {what}: Limit {limit}, Used {used}, Requested \
         {requested}. {wait}{MORE}"
    )
}

/// The text for a request that no limit has room for.
pub(super) fn too_large(scene: &Scene<'_>) -> String {
    let requested = scene.prompt_tokens.into();
    let made_up = Hit { resource: Resource::Tokens, limit: 1, window: MINUTE, used: 0, requested };
    let Hit { resource, limit, window, requested, .. } = scene.hit().unwrap_or(made_up);
    let (model, what) = (scene.model, named(resource, window));
    format!(
        "Request too large for {model} in organization org-hopdrill on {what}: Limit {limit}, Requested {requested}. The \
         input or output tokens must be reduced in order to run successfully. {MORE}"
    )
}

fn named(resource: Resource, window: Duration) -> &'static str {
    match (resource, per(window)) {
        (Resource::Requests, Per::Minute) => "requests per min (RPM)",
        (Resource::Requests, Per::Hour) => "requests per hour (RPH)",
        (Resource::Requests, Per::Day) => "requests per day (RPD)",
        (Resource::Tokens, Per::Minute) => "tokens per min (TPM)",
        (Resource::Tokens, Per::Hour) => "tokens per hour (TPH)",
        (Resource::Tokens, Per::Day) => "tokens per day (TPD)",
    }
}

/// The headers.
pub(super) fn tell(figures: &Figures, headers: &mut HeaderMap) {
    for (what, figure) in limits::told(figures) {
        put(headers, &["x-ratelimit-limit-", what], figure.limit);
        put(headers, &["x-ratelimit-remaining-", what], figure.remaining);
        put(headers, &["x-ratelimit-reset-", what], go_duration(figure.reset));
    }
}

/// A duration as Go writes it: `0s`, `120ms`, `7.5s`, `6m0s`, `24h0m0s`.
fn go_duration(duration: Duration) -> String {
    let ms = limits::whole_ms(duration);
    let seconds = |ms: u64| ms as f64 / 1e3;
    match ms {
        0 => "0s".to_owned(),
        1..1000 => format!("{ms}ms"),
        1000..60_000 => format!("{}s", seconds(ms)),
        60_000..3_600_000 => format!("{}m{}s", ms / 60_000, seconds(ms % 60_000)),
        _ => format!("{}h{}m{}s", ms / 3_600_000, ms / 60_000 % 60, seconds(ms % 60_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_does() {
        let table = [
            (0, "0s"),
            (1, "1ms"),
            (999, "999ms"),
            (1000, "1s"),
            (7500, "7.5s"),
            (59_999, "59.999s"),
            (60_000, "1m0s"),
            (361_020, "6m1.02s"),
            (3_600_000, "1h0m0s"),
            (86_400_000, "24h0m0s"),
        ];
        for (ms, written) in table {
            assert_eq!(go_duration(Duration::from_millis(ms)), written);
        }
        assert_eq!(go_duration(Duration::from_micros(1)), "1ms", "rounded up");
    }
}
