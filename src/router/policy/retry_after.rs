//! How long to stay away from a target that asked for it.
//!
//! Adapters read the wait in whichever form the vendor says it, as seconds; here it becomes a wait.
//!
//! Rules: zero, negative and unreadable requests are none (backoff decides). A wait is clamped to 100 ms … 60 s: a lie
//! in either direction cannot make the router hammer or sleep through the drill. It is stretched by a share of luck, so
//! that a fleet which was turned away together does not come back together.

use std::time::Duration;

/// The shortest wait a provider can ask for.
pub const MIN: Duration = Duration::from_millis(100);
/// The longest wait a provider can ask for.
pub const MAX: Duration = Duration::from_secs(60);

/// Turns what a provider asked for, in seconds, into a wait, longer by the share `stretch`.
#[must_use]
pub fn wait(asked_seconds: f64, stretch: f64) -> Option<Duration> {
    if !(asked_seconds.is_finite() && asked_seconds > 0.0) {
        return None;
    }
    let clamped = asked_seconds.clamp(MIN.as_secs_f64(), MAX.as_secs_f64());
    Some(Duration::from_millis(libm::ceil(clamped * 1e3 * (1.0 + stretch)) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_clamped_and_nonsense_is_no_wait() {
        for (asked, expected) in [
            (2.0, Some(2_000)),
            (0.25, Some(250)),
            (0.001, Some(100)),
            (86_400.0, Some(60_000)),
            (0.0, None),
            (-3.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(wait(asked, 0.0), expected.map(Duration::from_millis), "{asked}");
        }
    }

    #[test]
    fn a_stretch_lengthens_the_wait_by_its_share() {
        assert_eq!(wait(2.0, 0.1), Some(Duration::from_millis(2200)));
    }
}
