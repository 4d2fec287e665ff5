//! Hedging: a second call to the next target while the first is still awaited.
//!
//! Rules:
//! - The second call is made when nothing of the answer has reached the client [`Params::after`] the first was dispatched.
//!   Requests that have begun to reach the client are not hedged.
//! - It takes the next target of the chain that would admit it, and costs one of that target's retry budget: hedges, like
//!   retries, are load that nobody asked for.
//! - Who comes first with an answer that passes its gates wins; of a stream, who comes first with a token that passes. Less
//!   than [`TIE`] apart, the one that was called first wins.
//! - The loser is hung up on at once. That says nothing about its target, and it never held the answer.
//! - A failure leaves the race to the other call, unless the table says that the error is the client's own: then the race is
//!   over. A prompt that one vendor blocked is not served by another who happened to be asked at the same time.

use super::decide::{Next, Row};
use std::time::Duration;

/// Anything less is not later.
pub const TIE: Duration = Duration::from_millis(1);

/// How a chain hedges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// How long the first call is awaited before there is a second.
    pub after: Duration,
}

/// Whether a call that ended in a class with this row ends the race, rather than leaving it to the other.
#[must_use]
pub fn ends_race(row: Row) -> bool {
    row.next == Next::Surface
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Class;
    use crate::router::policy::decide::Table;

    #[test]
    fn an_answer_and_what_is_the_clients_own_end_the_race_and_nothing_else() {
        let table = Table::default();
        let ends: Vec<Class> = Class::ALL.into_iter().filter(|class| ends_race(table.row(*class))).collect();
        assert_eq!(ends, [Class::Ok, Class::BadRequest, Class::ContentPolicy, Class::Cancelled]);
    }
}
