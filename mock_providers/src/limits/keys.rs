//! API keys: who asks, and whether the key still opens anything.
//!
//! Rules: where no keys are set up every secret is good, and is its own name. A revoked key is revoked whatever its
//! dates say. A key is good from the instant it is valid and no longer at the instant it expires or is revoked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One key. Times are offsets from the start of the drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// What ledgers and quotas call it.
    pub name: Arc<str>,
    /// What stands in the request, without `Bearer `.
    pub secret: Arc<str>,
    /// When it starts to work; zero: it always has.
    pub valid_from: Duration,
    /// When it expires.
    pub expires: Option<Duration>,
    /// When it is revoked.
    pub revoked: Option<Duration>,
}

/// The keys of a provider. Their own quotas are the [`Meter`](super::Meter)'s, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    by_secret: BTreeMap<Arc<str>, ApiKey>,
}

/// What a secret turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// A good key, by its name.
    Known(&'a str),
    /// No key at all.
    Unknown,
    /// A key that does not work at this instant.
    NotAnymore {
        /// Its name.
        name: &'a str,
        /// Why.
        why: Why,
    },
}

/// Why a key does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It starts to work later.
    NotYet,
    /// It has expired.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

impl ApiKey {
    /// A key that always works.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, secret: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), secret: secret.into(), valid_from: Duration::ZERO, expires: None, revoked: None }
    }

    /// Why it does not work at `now`, if it does not.
    #[must_use]
    pub fn fault(&self, now: Duration) -> Option<Why> {
        if self.revoked.is_some_and(|at| at <= now) {
            Some(Why::Revoked)
        } else if self.expires.is_some_and(|at| at <= now) {
            Some(Why::Expired)
        } else {
            (now < self.valid_from).then_some(Why::NotYet)
        }
    }
}

impl FromIterator<ApiKey> for Keys {
    /// Of two keys with one secret the later counts.
    fn from_iter<I: IntoIterator<Item = ApiKey>>(keys: I) -> Self {
        Self { by_secret: keys.into_iter().map(|key| (key.secret.clone(), key)).collect() }
    }
}

impl Keys {
    /// What a secret is at `now`.
    #[must_use]
    pub fn find<'a>(&'a self, secret: &'a str, now: Duration) -> Found<'a> {
        if self.by_secret.is_empty() {
            return Found::Known(secret);
        }
        match self.by_secret.get(secret) {
            None => Found::Unknown,
            Some(key) => match key.fault(now) {
                None => Found::Known(&key.name),
                Some(why) => Found::NotAnymore { name: &key.name, why },
            },
        }
    }

    /// All of them, ordered by secret.
    pub fn iter(&self) -> impl Iterator<Item = &ApiKey> {
        self.by_secret.values()
    }

    /// Whether none are set up, so that every secret is good.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_secret.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn without_keys_every_secret_is_good_and_is_its_own_name() {
        assert_eq!(Keys::default().find("sk-anything", secs(0)), Found::Known("sk-anything"));
    }

    #[test]
    fn a_secret_that_is_no_key_is_unknown() {
        let keys: Keys = [ApiKey::new("main", "sk-1")].into_iter().collect();
        assert_eq!(keys.find("sk-1", secs(0)), Found::Known("main"));
        assert_eq!(keys.find("main", secs(0)), Found::Unknown);
        assert_eq!(keys.find("", secs(0)), Found::Unknown);
    }

    #[test]
    fn a_key_works_from_its_first_instant_to_just_before_its_last() {
        let dated = ApiKey { valid_from: secs(5), expires: Some(secs(90)), ..ApiKey::new("spare", "sk-2") };
        let revoked = ApiKey { revoked: Some(secs(10)), expires: Some(secs(5)), ..ApiKey::new("old", "sk-3") };
        let keys: Keys = [dated, revoked].into_iter().collect();
        let bad = |name, why| Found::NotAnymore { name, why };
        for (secret, at, expected) in [
            ("sk-2", 4, bad("spare", Why::NotYet)),
            ("sk-2", 5, Found::Known("spare")),
            ("sk-2", 89, Found::Known("spare")),
            ("sk-2", 90, bad("spare", Why::Expired)),
            ("sk-3", 4, Found::Known("old")),
            ("sk-3", 5, bad("old", Why::Expired)),
            ("sk-3", 10, bad("old", Why::Revoked)),
        ] {
            assert_eq!(keys.find(secret, secs(at)), expected, "{secret} at {at}");
        }
    }
}
