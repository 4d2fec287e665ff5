//! What the replicas of a router tell each other of a target: that its breaker opened, or closed.
//!
//! Rules:
//! - A notice reaches the others a lag after the decision; whoever made it knows it at once.
//! - The newest decision counts. A replica that has decided something itself since then does not listen to older ones,
//!   and nobody listens twice.
//! - What a replica learns it does not tell on.
//!
//! Only what still matters is kept: the newest notice that has reached everybody, and those on their way.

use std::collections::VecDeque;
use std::time::Duration;

/// A decision of one replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// Its place among all the decisions on this target, from 1.
    number: u64,
    at: Duration,
    replica: u16,
    /// Until when the target is to be left alone; `None`: it is well again.
    pub bad_until: Option<Duration>,
}

/// The decisions on one target.
#[derive(Debug, Clone)]
pub struct Notices {
    lag: Duration,
    told: u64,
    kept: VecDeque<Notice>,
}

impl Notices {
    /// Nothing has been decided. What is told takes `lag` to reach the others.
    #[must_use]
    pub fn new(lag: Duration) -> Self {
        Self { lag, told: 0, kept: VecDeque::new() }
    }

    /// A replica has decided something.
    pub fn tell(&mut self, replica: u16, now: Duration, bad_until: Option<Duration>) {
        self.told += 1;
        self.kept.push_back(Notice { number: self.told, at: now, replica, bad_until });
        while self.kept.get(1).is_some_and(|second| second.at + self.lag <= now) {
            self.kept.pop_front();
        }
    }

    /// What a replica has to take over by now, if anything. `heard` is the number of the last decision it took over, and
    /// is moved on.
    pub fn news(&self, replica: u16, now: Duration, heard: &mut u64) -> Option<Notice> {
        let own = self.kept.iter().rev().find(|notice| notice.replica == replica).map_or(0, |notice| notice.number);
        let arrived = self.kept.iter().rev().find(|notice| notice.replica != replica && notice.at + self.lag <= now)?;
        (arrived.number > own.max(*heard)).then(|| {
            *heard = arrived.number;
            *arrived
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn news(notices: &Notices, replica: u16, at: u64, heard: &mut u64) -> Option<Option<Duration>> {
        notices.news(replica, ms(at), heard).map(|notice| notice.bad_until)
    }

    #[test]
    fn a_decision_reaches_the_others_once_and_after_the_lag() {
        let mut notices = Notices::new(ms(500));
        notices.tell(0, ms(1000), Some(ms(6000)));
        let (mut first, mut second) = (0, 0);
        assert_eq!(news(&notices, 1, 1499, &mut first), None);
        assert_eq!(news(&notices, 1, 1500, &mut first), Some(Some(ms(6000))));
        assert_eq!(news(&notices, 1, 1501, &mut first), None, "once");
        assert_eq!(news(&notices, 0, 9999, &mut 0), None, "not whoever told it");
        assert_eq!(news(&notices, 2, 9999, &mut second), Some(Some(ms(6000))), "however late it asks");
    }

    #[test]
    fn the_newest_decision_counts_and_what_oneself_decided_since() {
        let mut notices = Notices::new(ms(500));
        notices.tell(0, ms(1000), Some(ms(6000)));
        notices.tell(1, ms(1200), Some(ms(6200)));
        assert_eq!(news(&notices, 1, 1600, &mut 0), None, "it has decided itself since");
        assert_eq!(news(&notices, 2, 1600, &mut 0), Some(Some(ms(6000))));
        notices.tell(0, ms(7000), None);
        assert_eq!(news(&notices, 2, 7500, &mut 0), Some(None), "older ones are history");
        notices.tell(1, ms(7200), Some(ms(12_000)));
        assert_eq!(news(&notices, 1, 7600, &mut 0), None, "it found out later that the target is bad");
    }

    #[test]
    fn what_has_reached_everybody_and_is_history_is_forgotten() {
        let mut notices = Notices::new(ms(500));
        for n in 0..10_000 {
            notices.tell((n % 20) as u16, ms(n * 100), None);
            assert!(notices.kept.len() <= 7, "{}", notices.kept.len());
        }
    }
}
