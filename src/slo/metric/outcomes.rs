//! How requests ended. All five shares have one denominator: requests that ended, less those that rightly surfaced the
//! client's own fault (outcome `surfaced`).
//!
//! ```text
//!                                     availability  answered  cached_share  degraded_share  error_share
//! answered, right or wrong or unjudged     ●            ●
//! answered, but truncated or off-schema                 ●
//! cached, a fresh answer given again       ●            ●            ●
//! degraded (a template)                                 ●                          ●
//! failed                                                                                         ●
//! surfaced                             left out of the denominator of all five
//! ```
//!
//! A wrong but well-formed answer is available: quality is a metric of its own. With `{target=…}`, of the requests that
//! it answered or whose error is its own; of a template, those that it was the last to fail.

use super::{Argument, End, Family, Ground, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::event::{Judged, Outcome};
use crate::slo::unit::Unit;

/// Whether a request counts as available; `None` if it stays out of the count.
#[must_use]
pub fn available(outcome: Outcome, judged: Option<Judged>) -> Option<bool> {
    match outcome {
        Outcome::Surfaced => None,
        Outcome::Answered | Outcome::Cached => {
            Some(!matches!(judged, Some(Judged::Truncated | Judged::SchemaViolation)))
        }
        Outcome::Degraded | Outcome::Failed => Some(false),
    }
}

/// A share of the requests that count, by what `part` says of each.
fn share(part: fn(&End) -> bool) -> Meter {
    Meter::Ratio(Box::new(move |note| match &note.heard {
        Heard::Ended(end) if end.outcome != Outcome::Surfaced => Sample::of(end, part(end), end.latency.0),
        _ => None,
    }))
}

const fn family(name: &'static str, example: &'static str, meter: fn(&Argument, &Ground<'_>) -> Meter) -> Family {
    Family {
        name,
        takes: Takes::Nothing,
        unit: Unit::Share,
        labels: Labels::RequestAndTarget,
        windows: true,
        hears: &[Kind::Ended],
        example,
        meter,
    }
}

pub(super) static AVAILABILITY: Family = family("availability", "availability >= 99.9%", |_, _| {
    share(|end| available(end.outcome, end.judged) == Some(true))
});

pub(super) static ANSWERED: Family =
    family("answered", "answered >= 99.9%", |_, _| share(|end| end.outcome.is_answer()));

pub(super) static CACHED_SHARE: Family =
    family("cached_share", "cached_share < 5%", |_, _| share(|end| end.outcome == Outcome::Cached));

pub(super) static DEGRADED_SHARE: Family =
    family("degraded_share", "degraded_share < 5%", |_, _| share(|end| end.outcome == Outcome::Degraded));

pub(super) static ERROR_SHARE: Family =
    family("error_share", "error_share < 1%", |_, _| share(|end| end.outcome == Outcome::Failed));
