//! Triggers: what may move a request on to the next target.
//!
//! A chain without triggers uses all of them. A chain with triggers moves a request on only for what they cover; anything
//! else is retried as the table says and then ends the request. A trigger has no machinery of its own: it is a choice
//! among the rows of the [`Table`], and a setting of the timeouts, the breaker or the budget that notice the thing.
//!
//! | trigger | moves a request on after | set by it |
//! | --- | --- | --- |
//! | rate_limit | rate_limited, quota_exhausted, overloaded | whether targets with nothing left are passed over ahead of the 429 |
//! | latency | timeout | timeouts; the breaker's slow rate, or a percentile of its window |
//! | error_rate | nothing by itself: single errors surface until the breaker opens, which it does at this rate | the breaker's failure rate, window 60 s, at least 20 calls |
//! | error | server_error, overloaded, connect, interrupted, timeout | – |
//! | availability | those, and model_gone | – |
//! | cost | quota_exhausted | budgets |
//! | quality | malformed, schema | – |
//! | auth | auth | – |
//! | region | server_error, overloaded, connect, timeout | – |
//! | load | overloaded | the calls in flight beyond which a target is passed over |
//! | all | everything that may be moved at all | – |
//!
//! What no trigger covers says nothing about health either: it could open a breaker, and the requests behind that would
//! move on for a reason that nobody enabled. Errors of the client surface under every trigger, and a prompt that does not
//! fit goes to a larger window under every one, for that is no failure.

use super::decide::{Effect, Next, Table};
use crate::event::Class;

/// Something that may move a request on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Too many requests.
    RateLimit,
    /// Too slow.
    Latency,
    /// Too many errors in a window; single ones surface.
    ErrorRate,
    /// An error of the provider.
    Error,
    /// The provider or the model is not there.
    Availability,
    /// Too expensive.
    Cost,
    /// A bad answer.
    Quality,
    /// The key is not accepted.
    Auth,
    /// A region is out.
    Region,
    /// Too much to do.
    Load,
    /// All of them.
    All,
}

impl Trigger {
    /// All of them, with the names that scenarios use.
    pub const NAMES: [(&'static str, Self); 11] = [
        ("rate_limit", Self::RateLimit),
        ("latency", Self::Latency),
        ("error_rate", Self::ErrorRate),
        ("error", Self::Error),
        ("availability", Self::Availability),
        ("cost", Self::Cost),
        ("quality", Self::Quality),
        ("auth", Self::Auth),
        ("region", Self::Region),
        ("load", Self::Load),
        ("all", Self::All),
    ];

    /// Whether it moves a request on after an attempt of this class.
    #[must_use]
    pub fn covers(self, class: Class) -> bool {
        use Class as C;
        match self {
            Self::RateLimit => matches!(class, C::RateLimited | C::QuotaExhausted | C::Overloaded),
            Self::Latency => class == C::Timeout,
            Self::ErrorRate => false,
            Self::Error => FAILURES.contains(&class),
            Self::Availability => FAILURES.contains(&class) || class == C::ModelGone,
            Self::Cost => class == C::QuotaExhausted,
            Self::Quality => matches!(class, C::Malformed | C::Schema),
            Self::Auth => class == C::Auth,
            Self::Region => FAILURES.contains(&class) && class != C::Interrupted,
            Self::Load => class == C::Overloaded,
            Self::All => true,
        }
    }
}

/// What an outage looks like.
const FAILURES: [Class; 5] =
    [Class::ServerError, Class::Overloaded, Class::Connect, Class::Interrupted, Class::Timeout];

/// The table of a chain with these triggers.
#[must_use]
pub fn table(enabled: &[Trigger]) -> Table {
    let mut table = Table::default();
    for class in uncovered(enabled) {
        let mut row = table.row(class);
        row.next = Next::Stop;
        let counts = enabled.contains(&Trigger::ErrorRate) && FAILURES.contains(&class);
        if !counts {
            row.effect = Effect::Alive;
        }
        table.set(class, row);
    }
    table
}

/// The classes that would move a request on, if a trigger covered them.
#[must_use]
pub fn uncovered(enabled: &[Trigger]) -> Vec<Class> {
    let table = Table::default();
    let stays = |class: &Class| table.row(*class).next == Next::Yes && !enabled.iter().any(|t| t.covers(*class));
    Class::ALL.into_iter().filter(stays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Trigger::RateLimit, &[Class::RateLimited, Class::QuotaExhausted, Class::Overloaded])]
    #[case(Trigger::Latency, &[Class::Timeout])]
    #[case(Trigger::ErrorRate, &[])]
    #[case(Trigger::Error, &[Class::Overloaded, Class::ServerError, Class::Connect, Class::Interrupted, Class::Timeout])]
    #[case(Trigger::Availability,
        &[Class::Overloaded, Class::ServerError, Class::Connect, Class::Interrupted, Class::Timeout, Class::ModelGone])]
    #[case(Trigger::Cost, &[Class::QuotaExhausted])]
    #[case(Trigger::Quality, &[Class::Malformed, Class::Schema])]
    #[case(Trigger::Auth, &[Class::Auth])]
    #[case(Trigger::Region, &[Class::Overloaded, Class::ServerError, Class::Connect, Class::Timeout])]
    #[case(Trigger::Load, &[Class::Overloaded])]
    fn a_trigger_moves_requests_on_after_its_classes_and_no_others(#[case] trigger: Trigger, #[case] moved: &[Class]) {
        let table = table(&[trigger]);
        let moves: Vec<Class> = Class::ALL.into_iter().filter(|&c| table.row(c).next == Next::Yes).collect();
        assert_eq!(moves, moved);
    }

    #[test]
    fn all_is_the_table_of_a_chain_that_says_nothing() {
        assert_eq!(table(&[Trigger::All]), Table::default());
        assert_eq!(uncovered(&[Trigger::Latency, Trigger::All]), []);
    }

    #[test]
    fn no_trigger_touches_the_errors_of_a_client_or_a_prompt_that_does_not_fit() {
        for (_, trigger) in Trigger::NAMES {
            let (table, plain) = (table(&[trigger]), Table::default());
            for class in [Class::BadRequest, Class::ContentPolicy, Class::Cancelled, Class::ContextLength] {
                assert_eq!(table.row(class), plain.row(class));
            }
        }
    }

    #[test]
    fn what_may_not_move_a_request_opens_no_breaker_unless_the_rate_of_errors_is_a_trigger() {
        assert_eq!(table(&[Trigger::RateLimit]).row(Class::ServerError).effect, Effect::Alive);
        let rate = table(&[Trigger::ErrorRate]);
        assert_eq!(rate.row(Class::ServerError).effect, Effect::Failure);
        assert_eq!((rate.row(Class::ServerError).next, rate.row(Class::Auth).effect), (Next::Stop, Effect::Alive));
    }
}
