//! Ahead of the 429: what a provider says is left of its limits, less what was sent since.
//!
//! Rules:
//! - What a response says held when its call came in, so all that was sent after that call is taken off. The latest call
//!   that has been answered counts, not the latest answer.
//! - It holds until its reset, at most [`LONGEST`]; where none is told, [`LOOK`].
//! - Where nothing is left, one call per [`LOOK`] goes out all the same: many vendors tell the time when everything is
//!   there again, which is much later than the next permit, and only an answer tells that.
//! - Headers lie. A call that went out although nothing was left, and succeeded, and is told that still nothing is left,
//!   is evidence; [`EVIDENCE`] of them in a row, and nothing is believed for [`DOUBT`]. A 429 ends the doubt.
//! - A provider that always says there is plenty is taken at its word, as without all this: its 429s are answered by
//!   rests and backoff.

use crate::event::{Allowance, Left};
use std::time::Duration;

/// The longest time for which something told is believed.
pub const LONGEST: Duration = Duration::from_secs(60);
/// How often it is tried whether there is not something left after all.
pub const LOOK: Duration = Duration::from_secs(1);
/// So many contradictions in a row discredit what is told.
pub const EVIDENCE: u32 = 3;
/// How long it stays discredited.
pub const DOUBT: Duration = Duration::from_secs(60);

/// What a call takes of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Tokens, of the prompt and, by estimate, of the answer.
    pub tokens: u64,
}

/// What was sent until a call went out, itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    requests: u64,
    tokens: u64,
    /// Nothing was left, by what was known.
    empty: bool,
}

/// What became of a call, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It was answered.
    Through,
    /// 429.
    Refused,
    /// Anything else.
    Otherwise,
}

/// What is known of one resource.
#[derive(Debug, Clone, Copy)]
struct Known {
    left: u64,
    /// What had been sent when that held.
    sent: u64,
    until: Duration,
}

impl Known {
    fn covers(&self, sent: u64, cost: u64, now: Duration) -> bool {
        now >= self.until || self.left.saturating_sub(sent - self.sent) >= cost
    }
}

/// The allowance at one target with one key.
#[derive(Debug, Clone, Default)]
pub struct Ahead {
    requests_sent: u64,
    tokens_sent: u64,
    requests: Option<Known>,
    tokens: Option<Known>,
    /// When nothing was left, or when it was last tried all the same.
    looked: Option<Duration>,
    contradictions: u32,
    doubted_until: Duration,
}

impl Ahead {
    /// Whether there is something left for a call, or it is time to look.
    pub fn allows(&mut self, cost: Cost, now: Duration) -> bool {
        if now < self.doubted_until || self.has_room(cost, now) {
            self.looked = None;
            return true;
        }
        now >= *self.looked.get_or_insert(now) + LOOK
    }

    /// A call goes out.
    pub fn send(&mut self, cost: Cost, now: Duration) -> Ticket {
        let empty = !self.has_room(cost, now);
        if empty {
            self.looked = Some(now);
        }
        self.requests_sent += 1;
        self.tokens_sent += cost.tokens;
        Ticket { requests: self.requests_sent, tokens: self.tokens_sent, empty }
    }

    /// A call was answered, and this is what the answer says is left.
    pub fn hear(&mut self, ticket: Ticket, told: &Allowance, came: Came, now: Duration) {
        learn(&mut self.requests, told.requests, ticket.requests, now);
        learn(&mut self.tokens, told.tokens, ticket.tokens, now);
        let nothing = [told.requests, told.tokens].into_iter().flatten().any(|left| left.remaining == 0);
        match came {
            Came::Refused => (self.contradictions, self.doubted_until) = (0, Duration::ZERO),
            Came::Through if ticket.empty && nothing => {
                self.contradictions += 1;
                if self.contradictions >= EVIDENCE {
                    (self.contradictions, self.doubted_until) = (0, now + DOUBT);
                }
            }
            Came::Through if !nothing => self.contradictions = 0,
            _ => {}
        }
    }

    fn has_room(&self, cost: Cost, now: Duration) -> bool {
        let covers = |known: &Option<Known>, sent, cost| known.is_none_or(|known| known.covers(sent, cost, now));
        covers(&self.requests, self.requests_sent, 1) && covers(&self.tokens, self.tokens_sent, cost.tokens)
    }
}

fn learn(known: &mut Option<Known>, told: Option<Left>, sent: u64, now: Duration) {
    let Some(left) = told else { return };
    if known.is_none_or(|known| sent >= known.sent) {
        let until = now + left.reset.unwrap_or(LOOK).min(LONGEST);
        *known = Some(Known { left: left.remaining, sent, until });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COST: Cost = Cost { tokens: 100 };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn requests(remaining: u64, reset: u64) -> Allowance {
        Allowance { requests: Some(Left { remaining, reset: Some(Duration::from_secs(reset)) }), tokens: None }
    }

    #[test]
    fn what_was_sent_since_is_taken_off_what_was_told() {
        let mut ahead = Ahead::default();
        let first = ahead.send(COST, ms(0));
        ahead.send(COST, ms(100));
        ahead.hear(first, &requests(3, 10), Came::Through, ms(500));
        for _ in 0..2 {
            assert!(ahead.allows(COST, ms(500)));
            ahead.send(COST, ms(500));
        }
        assert!(!ahead.allows(COST, ms(500)), "one was under way and two went out");
    }

    #[test]
    fn an_older_call_that_is_answered_later_says_nothing_new() {
        let mut ahead = Ahead::default();
        let (old, new) = (ahead.send(COST, ms(0)), ahead.send(COST, ms(1)));
        ahead.hear(new, &requests(0, 10), Came::Through, ms(500));
        ahead.hear(old, &requests(9, 10), Came::Through, ms(900));
        assert!(!ahead.allows(COST, ms(900)));
    }

    #[test]
    fn tokens_count_like_requests() {
        let mut ahead = Ahead::default();
        let ticket = ahead.send(COST, ms(0));
        let left = Left { remaining: 150, reset: Some(Duration::from_secs(9)) };
        ahead.hear(ticket, &Allowance { requests: None, tokens: Some(left) }, Came::Through, ms(1));
        assert!(ahead.allows(COST, ms(1)));
        assert!(!ahead.allows(Cost { tokens: 151 }, ms(1)));
    }

    #[test]
    fn where_nothing_is_left_one_call_a_second_looks_and_the_reset_ends_it() {
        let mut ahead = Ahead::default();
        let ticket = ahead.send(COST, ms(0));
        ahead.hear(ticket, &requests(0, 5), Came::Through, ms(0));
        assert_eq!([0, 999, 1000].map(|at| ahead.allows(COST, ms(at))), [false, false, true]);
        let look = ahead.send(COST, ms(1000));
        assert!(!ahead.allows(COST, ms(1001)), "one at a time");
        ahead.hear(look, &requests(19, 5), Came::Through, ms(1500));
        assert!(ahead.allows(COST, ms(1500)), "it has found something");
        let mut idle = Ahead::default();
        let ticket = idle.send(COST, ms(0));
        idle.hear(ticket, &requests(0, 5), Came::Through, ms(0));
        assert!(idle.allows(COST, ms(5000)));
    }

    #[test]
    fn who_says_nothing_is_left_for_ever_and_answers_all_the_same_is_not_believed() {
        let mut ahead = Ahead::default();
        let mut passed_over = 0;
        for second in 0..120 {
            let now = ms(second * 1000);
            for _ in 0..10 {
                if ahead.allows(COST, now) {
                    let ticket = ahead.send(COST, now);
                    ahead.hear(ticket, &requests(0, 86_400), Came::Through, now);
                } else {
                    passed_over += 1;
                }
            }
        }
        assert!((1..=120).contains(&passed_over), "{passed_over} of 1200");
    }

    #[test]
    fn a_429_ends_the_doubt() {
        let mut ahead = Ahead::default();
        for second in 0..10 {
            let ticket = ahead.send(COST, ms(second * 1000));
            ahead.hear(ticket, &requests(0, 60), Came::Through, ms(second * 1000));
        }
        assert!(ahead.allows(COST, ms(9000)), "discredited");
        let ticket = ahead.send(COST, ms(9000));
        ahead.hear(ticket, &requests(0, 60), Came::Refused, ms(9000));
        assert!(!ahead.allows(COST, ms(9000)));
    }

    proptest! {
        /// Whatever headers say, a target is never passed over for longer than a look is apart.
        #[test]
        fn no_header_closes_a_target_off(told in proptest::collection::vec((0u64..3, 0u64..1_000_000), 1..50)) {
            let mut ahead = Ahead::default();
            let mut now = Duration::ZERO;
            for (remaining, reset) in told {
                let ticket = ahead.send(COST, now);
                ahead.hear(ticket, &requests(remaining, reset), Came::Otherwise, now);
                let asked_first = ahead.allows(COST, now);
                prop_assert!(asked_first || ahead.allows(COST, now + LOOK));
                now += LOOK;
            }
        }
    }
}
