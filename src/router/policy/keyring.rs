//! Keys: which of them a provider accepts, and which one a call is made with.
//!
//! A key has a breaker of its own at each provider, since a refused key is nobody's outage: what is shut off is the key,
//! and who asks with another one never notices.
//!
//! Rules:
//! - One refusal shuts a key. It is tried again by one call after the open time, which doubles with every further
//!   refusal. A key whose account has no credit stays shut for [`LONG`]: only people can mend that.
//! - Any answer that took the key for good (also a 429, or a complaint about the prompt) opens it again. What broke
//!   before the key could be looked at says nothing.
//! - Requests use the keys of a pool in turn, by their own number: the n-th call of a request begins with the n-th key
//!   from there, and takes the first that is neither shut nor resting.

use super::breaker::{Admission, Breaker, Health, Params, Permit, Transition};
use super::decide::{Effect, LONG};
use crate::event::{Class, Name};
use std::collections::BTreeMap;
use std::time::Duration;

/// A key that requests may be made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What events and alerts call it.
    pub name: Name,
    /// What stands in the request.
    pub secret: Name,
}

/// The keys that one call may be made with.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    /// All of them.
    pub all: &'a [Key],
    /// Whose turn it is; counts on beyond the last.
    pub turn: usize,
    /// Whether another may stand in for the one whose turn it is.
    pub rotates: bool,
}

impl<'a> Keys<'a> {
    /// In the order in which they are to be tried.
    pub fn in_turn(self) -> impl Iterator<Item = &'a Key> {
        let some = if self.rotates { self.all.len() } else { self.all.len().min(1) };
        (0..some).filter_map(move |i| self.all.get((self.turn + i) % self.all.len()))
    }
}

/// What a call says of the key it was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It was taken.
    Taken,
    /// It was refused.
    Refused,
    /// It was taken, but its account has nothing left.
    Spent,
    /// Nothing.
    Nothing,
}

impl Said {
    /// What an outcome says, and the effect that the chain's table gives to it.
    #[must_use]
    pub fn of(class: Class, effect: Effect) -> Self {
        use Class as C;
        match class {
            C::QuotaExhausted if effect == Effect::ShutKey => Self::Spent,
            _ if effect == Effect::ShutKey => Self::Refused,
            C::Ok | C::RateLimited | C::BadRequest | C::ContextLength | C::ModelGone => Self::Taken,
            C::ContentPolicy | C::Malformed | C::Schema => Self::Taken,
            _ => Self::Nothing,
        }
    }
}

/// What a provider thinks of keys.
#[derive(Debug, Clone)]
pub struct Keyring {
    params: Params,
    known: BTreeMap<Name, Breaker>,
}

impl Keyring {
    /// Nothing is known of any key. Of the parameters of a breaker those of opening and recovering count.
    #[must_use]
    pub fn new(params: Params) -> Self {
        let never = u32::MAX;
        let params = Params { min_calls: never, consecutive: None, half_open_calls: 1, ramp: Duration::ZERO, ..params };
        Self { params, known: BTreeMap::new() }
    }

    /// May a call be made with this key? `None`: it is shut. The transition, if any, happened first.
    pub fn admit(&mut self, key: &Name, now: Duration, luck: f64) -> (Option<Permit>, Option<Transition>) {
        let (admission, transition) = self.breaker(key).admit(now, luck);
        let permit = match admission {
            Admission::Granted(permit) => Some(permit),
            Admission::Open { .. } | Admission::Recovering => None,
        };
        (permit, transition)
    }

    /// Takes back a permit with what its call said.
    pub fn record(&mut self, key: &Name, permit: &Permit, said: Said, now: Duration, luck: f64) -> Option<Transition> {
        let breaker = self.breaker(key);
        match said {
            Said::Refused => breaker.open_at_once(permit, now, "the key is not accepted", luck),
            Said::Spent => breaker.force_open(permit, now, LONG, "the account has nothing left"),
            Said::Taken => breaker.record(permit, Health::Success { took: Duration::ZERO }, now, luck),
            Said::Nothing => breaker.record(permit, Health::Silent, now, luck),
        }
    }

    /// Whether a call with it at `at` is certain to be turned away.
    #[must_use]
    pub fn is_shut_at(&self, key: &Name, at: Duration) -> bool {
        self.known.get(key).is_some_and(|breaker| breaker.is_open_at(at))
    }

    fn breaker(&mut self, key: &Name) -> &mut Breaker {
        self.known.entry(Name::clone(key)).or_insert_with(|| Breaker::new(self.params))
    }
}

#[cfg(test)]
mod tests {
    use super::super::decide::Table;
    use super::*;
    use crate::event::BreakerState;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn call(ring: &mut Keyring, key: &Name, at: Duration, class: Class) -> Option<BreakerState> {
        let permit = ring.admit(key, at, 0.0).0.expect("it is open");
        ring.record(key, &permit, Said::of(class, Table::default().row(class).effect), at, 0.0).map(|t| t.to)
    }

    #[test]
    fn a_refusal_shuts_one_key_and_no_other() {
        let (acme, globex): (Name, Name) = ("acme".into(), "globex".into());
        let mut ring = Keyring::new(Params::default());
        assert_eq!(call(&mut ring, &acme, s(0), Class::Auth), Some(BreakerState::Open));
        assert!(ring.admit(&acme, s(4), 0.0).0.is_none() && ring.is_shut_at(&acme, s(4)));
        assert!(ring.admit(&globex, s(4), 0.0).0.is_some() && !ring.is_shut_at(&globex, s(4)));
    }

    #[test]
    fn it_is_tried_again_by_one_call_at_a_time_that_comes_later_and_later() {
        let key: Name = "acme".into();
        let mut ring = Keyring::new(Params::default());
        call(&mut ring, &key, s(0), Class::Auth);
        let probe = ring.admit(&key, s(5), 0.0).0.expect("the open time is over");
        assert!(ring.admit(&key, s(5), 0.0).0.is_none(), "one is out");
        ring.record(&key, &probe, Said::Refused, s(5), 0.0);
        assert!(ring.is_shut_at(&key, s(14)) && !ring.is_shut_at(&key, s(15)), "twice as long");
        assert_eq!(call(&mut ring, &key, s(15), Class::RateLimited), Some(BreakerState::Closed), "it was taken");
    }

    #[test]
    fn what_broke_before_the_key_was_looked_at_says_nothing_of_it() {
        let key: Name = "acme".into();
        let mut ring = Keyring::new(Params::default());
        call(&mut ring, &key, s(0), Class::Auth);
        for class in [Class::Connect, Class::Timeout, Class::ServerError, Class::Overloaded, Class::Cancelled] {
            assert_eq!(call(&mut ring, &key, s(5), class), None, "{class}");
        }
        let unused = ring.admit(&key, s(5), 0.0).0.expect("the permit came back");
        assert_eq!(ring.record(&key, &unused, Said::Nothing, s(5), 0.0), None);
        assert_eq!(call(&mut ring, &key, s(6), Class::Ok), Some(BreakerState::Closed));
    }

    #[test]
    fn an_account_without_credit_is_left_alone_for_long() {
        let key: Name = "acme".into();
        let mut ring = Keyring::new(Params::default());
        call(&mut ring, &key, s(0), Class::QuotaExhausted);
        assert!(ring.is_shut_at(&key, LONG - s(1)) && !ring.is_shut_at(&key, LONG));
    }

    #[test]
    fn the_keys_of_a_pool_take_turns_and_stand_in_for_each_other_unless_told_not_to() {
        let key = |name: &str| Key { name: name.into(), secret: name.into() };
        let all = ["a", "b", "c"].map(key);
        let names = |turn, rotates| {
            let keys = Keys { all: &all, turn, rotates };
            keys.in_turn().map(|key| key.name.to_string()).collect::<String>()
        };
        assert_eq!([names(0, true), names(4, true), names(5, false)], ["abc", "bca", "c"]);
    }
}
