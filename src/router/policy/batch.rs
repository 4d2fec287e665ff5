//! Whose turn it is among batch requests, which are in no hurry and yield to interactive traffic.
//!
//! Rules:
//! - A batch call goes out only while fewer than `up_to` calls, of whatever kind, are in flight at its target. So what
//!   interactive traffic takes beyond that is never contended for, and batch traffic fills what it leaves below.
//! - First come, first served: who waits is not overtaken by another batch request, and a place that becomes free is
//!   offered to the first in the line.
//! - Who leaves the line, for whatever reason, lets the next one look.
//!
//! What rings is the driver's business: a line keeps a bell for everybody in it, and knows whose is next.

use std::collections::BTreeMap;

/// A place in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn(u64);

/// Those who wait for room at one target, in the order in which they came.
#[derive(Debug, Clone)]
pub struct Line<B> {
    waiting: BTreeMap<Turn, B>,
    came: u64,
}

impl<B> Default for Line<B> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), came: 0 }
    }
}

impl<B> Line<B> {
    /// Whether a batch call may go out beside so many others: for somebody in the line, or for who has just come.
    #[must_use]
    pub fn admits(&self, turn: Option<Turn>, in_flight: u32, up_to: u32) -> bool {
        let first = self.waiting.keys().next().copied();
        in_flight < up_to && (first.is_none() || first == turn)
    }

    /// Takes the last place, with a bell to ring when it may have come to the front. Also returns how many are before it.
    pub fn join(&mut self, bell: B) -> (Turn, usize) {
        let (turn, before) = (Turn(self.came), self.waiting.len());
        self.came += 1;
        self.waiting.insert(turn, bell);
        (turn, before)
    }

    /// Gives a place up.
    pub fn leave(&mut self, turn: Turn) {
        self.waiting.remove(&turn);
    }

    /// The bell of the first.
    #[must_use]
    pub fn first(&self) -> Option<&B> {
        self.waiting.values().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_batch_call_goes_out_only_below_the_bound() {
        let line: Line<()> = Line::default();
        assert_eq!([0, 2, 3, 9].map(|in_flight| line.admits(None, in_flight, 3)), [true, true, false, false]);
    }

    #[test]
    fn who_has_just_come_goes_behind_those_who_wait_even_if_there_is_room() {
        let mut line = Line::default();
        let (first, before) = line.join('a');
        let (second, behind) = line.join('b');
        assert_eq!((before, behind), (0, 1));
        assert_eq!([Some(first), Some(second), None].map(|turn| line.admits(turn, 0, 3)), [true, false, false]);
        assert!(!line.admits(Some(first), 3, 3), "being first makes no room");
    }

    #[test]
    fn who_leaves_makes_the_next_the_first() {
        let mut line = Line::default();
        let (first, _) = line.join('a');
        let (second, _) = line.join('b');
        line.leave(first);
        assert_eq!(line.first(), Some(&'b'));
        assert!(line.admits(Some(second), 0, 1) && !line.admits(Some(first), 0, 1));
        line.leave(second);
        assert!(line.first().is_none() && line.admits(None, 0, 1));
    }

    proptest! {
        /// Whoever leaves when, those who are served are served in the order in which they came.
        #[test]
        fn nobody_is_overtaken(steps in proptest::collection::vec(0u8..4, 1..100)) {
            let mut line = Line::default();
            let (mut there, mut served) = (Vec::new(), Vec::new());
            for step in steps {
                match step {
                    0 | 1 => there.push(line.join(()).0),
                    2 if !there.is_empty() => line.leave(there.remove(there.len() / 2)),
                    _ => {
                        let Some(at) = there.iter().position(|turn| line.admits(Some(*turn), 0, 1)) else { continue };
                        prop_assert_eq!(at, 0);
                        served.push(there.remove(at));
                        line.leave(served[served.len() - 1]);
                    }
                }
                prop_assert_eq!(line.admits(None, 0, 1), there.is_empty());
            }
            prop_assert!(served.is_sorted());
        }
    }
}
