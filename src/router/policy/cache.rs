//! Answers that are kept for the time when no target is left: the last resort but one.
//!
//! Rules:
//! - An answer is found again by all that was asked, word for word ([`Key`]). What is similar is not the same.
//! - One that is older than `max_age` is not given, however much it is wanted.
//! - With `entries` answers kept, the one that was put in or given least recently makes room.

use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::collections::BTreeMap;
use std::hash::Hasher as _;
use std::time::Duration;

/// How many answers are kept, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Older answers are not given.
    pub max_age: Duration,
    /// The most answers; at least 1.
    pub entries: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self { max_age: Duration::from_secs(600), entries: 1000 }
    }
}

/// What was asked: a hash of 128 bits, wide enough that two questions never share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(u128);

impl Key {
    /// The key of a question in its parts. Where one part ends and the next begins matters.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = SipHasher13::new();
        for part in parts {
            hash.write_u64(part.len() as u64);
            hash.write(part);
        }
        Self(hash.finish128().as_u128())
    }
}

/// The answers of one chain.
#[derive(Debug, Clone)]
pub struct Cache<V> {
    params: Params,
    answers: BTreeMap<Key, Kept<V>>,
    /// Who was used when, least recently first.
    by_use: BTreeMap<u64, Key>,
    uses: u64,
}

#[derive(Debug, Clone)]
struct Kept<V> {
    answer: V,
    since: Duration,
    used: u64,
}

impl<V> Cache<V> {
    /// An empty cache.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self { params, answers: BTreeMap::new(), by_use: BTreeMap::new(), uses: 0 }
    }

    /// Keeps an answer, in place of an older one to the same question.
    pub fn put(&mut self, now: Duration, key: Key, answer: V) {
        self.remove(key);
        self.uses += 1;
        self.by_use.insert(self.uses, key);
        self.answers.insert(key, Kept { answer, since: now, used: self.uses });
        while self.answers.len() > self.params.entries as usize {
            let Some((_, oldest)) = self.by_use.pop_first() else { return };
            self.answers.remove(&oldest);
        }
    }

    /// The answer to a question, if one is kept that is not too old.
    pub fn get(&mut self, now: Duration, key: Key) -> Option<&V> {
        if now.saturating_sub(self.answers.get(&key)?.since) > self.params.max_age {
            self.remove(key);
            return None;
        }
        let kept = self.answers.get_mut(&key)?;
        self.uses += 1;
        self.by_use.remove(&kept.used);
        self.by_use.insert(self.uses, key);
        kept.used = self.uses;
        Some(&kept.answer)
    }

    fn remove(&mut self, key: Key) {
        if let Some(kept) = self.answers.remove(&key) {
            self.by_use.remove(&kept.used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> Key {
        Key::of([text.as_bytes()])
    }

    #[test]
    fn questions_differ_by_their_words_and_by_where_their_parts_end() {
        assert_eq!(Key::of([&b"a"[..], b"b"]), Key::of([&b"a"[..], b"b"]));
        assert_ne!(Key::of([&b"ab"[..], b""]), Key::of([&b"a"[..], b"b"]));
        assert_ne!(Key::of([&b""[..], b"a"]), Key::of([&b"a"[..]]));
    }

    #[test]
    fn an_answer_is_given_up_to_its_last_instant() {
        let mut cache = Cache::new(Params { max_age: Duration::from_secs(10), entries: 5 });
        cache.put(Duration::from_secs(1), key("a"), 1);
        assert_eq!(cache.get(Duration::from_secs(11), key("a")), Some(&1));
        assert_eq!(
            cache.get(Duration::from_millis(11_001), key("a")),
            None,
            "that it was given does not make it younger"
        );
        cache.put(Duration::from_secs(12), key("a"), 2);
        assert_eq!(cache.get(Duration::from_secs(22), key("a")), Some(&2));
    }

    #[derive(Debug, Clone)]
    enum Act {
        Put(u8),
        Get(u8),
        Wait(u64),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![(0..8u8).prop_map(Act::Put), (0..8u8).prop_map(Act::Get), (0..40u64).prop_map(Act::Wait)]
    }

    proptest! {
        /// Against a list, most recently used last.
        #[test]
        fn it_gives_what_a_list_in_order_of_use_would(acts in prop::collection::vec(act(), 0..200), entries in 1..6u32) {
            let params = Params { max_age: Duration::from_millis(100), entries };
            let (mut cache, mut list, mut now) = (Cache::new(params), Vec::<(u8, usize, Duration)>::new(), Duration::ZERO);
            for (number, act) in acts.into_iter().enumerate() {
                match act {
                    Act::Put(name) => {
                        cache.put(now, key(&name.to_string()), number);
                        list.retain(|kept| kept.0 != name);
                        list.push((name, number, now));
                        if list.len() > entries as usize {
                            list.remove(0);
                        }
                    }
                    Act::Get(name) => {
                        list.retain(|kept| kept.0 != name || now - kept.2 <= params.max_age);
                        let found = list.iter().position(|kept| kept.0 == name).map(|at| list.remove(at));
                        list.extend(found);
                        prop_assert_eq!(cache.get(now, key(&name.to_string())), found.as_ref().map(|kept| &kept.1));
                    }
                    Act::Wait(ms) => now += Duration::from_millis(ms),
                }
                prop_assert_eq!(cache.answers.len(), list.len());
                prop_assert_eq!(cache.by_use.len(), list.len());
            }
        }
    }
}
