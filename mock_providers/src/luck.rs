//! Keyed luck: every random draw is a pure function of `(seed, purpose, ids…)`.
//!
//! No draw comes from a shared stream, so the order in which requests happen to arrive, retry or fail over cannot
//! change anybody else's luck. Two router policies under one seed meet the same providers, which is what makes
//! comparing them fair.
//!
//! The generator behind a key is xoshiro256++ seeded by SipHash-1-3 of the key: both are portable and keep their
//! output across releases of the libraries, so a seed means the same drill on every machine.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// The generator that one key opens; use it for draws that need more than one number.
pub type Draw = Xoshiro256PlusPlus;

/// The luck of one drill: its seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Luck {
    seed: u64,
}

impl Luck {
    /// All the luck that follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed this luck follows from.
    #[must_use]
    pub fn seed(self) -> u64 {
        self.seed
    }

    /// A generator for one purpose and key. The same arguments always give the same generator.
    ///
    /// `names` and `ids` tell draws of one purpose apart: target and request, provider and minute.
    #[must_use]
    pub fn draw(self, purpose: &str, names: &[&str], ids: &[u64]) -> Draw {
        let mut hash = SipHasher13::new_with_keys(self.seed, 0x686f_7064_7269_6c6c);
        for part in std::iter::once(&purpose).chain(names) {
            hash.write(part.as_bytes());
            hash.write_u8(0xff);
        }
        for id in ids {
            hash.write(&id.to_le_bytes());
        }
        Draw::seed_from_u64(hash.finish())
    }

    /// One uniform number in `[0, 1)` for a purpose and key.
    #[must_use]
    pub fn unit(self, purpose: &str, names: &[&str], ids: &[u64]) -> f64 {
        self.draw(purpose, names, ids).random()
    }
}

/// The number that stands for a request's key in a draw.
#[must_use]
pub fn key_hash(key: &str) -> u64 {
    let mut hash = SipHasher13::new_with_keys(0, 0x686f_7064_7269_6c6c);
    hash.write(key.as_bytes());
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_always_draws_the_same_number() {
        let luck = Luck::new(42);
        assert_eq!(
            luck.unit("ttft", &["openai", "gpt-4o"], &[7, 1]),
            luck.unit("ttft", &["openai", "gpt-4o"], &[7, 1])
        );
    }

    #[test]
    fn seed_purpose_names_and_ids_each_change_the_draw() {
        let base = Luck::new(42).unit("ttft", &["openai"], &[7, 1]);
        assert_ne!(base, Luck::new(43).unit("ttft", &["openai"], &[7, 1]));
        assert_ne!(base, Luck::new(42).unit("fault", &["openai"], &[7, 1]));
        assert_ne!(base, Luck::new(42).unit("ttft", &["anthropic"], &[7, 1]));
        assert_ne!(base, Luck::new(42).unit("ttft", &["openai"], &[7, 2]));
    }

    #[test]
    fn names_cannot_run_into_each_other() {
        assert_ne!(Luck::new(1).unit("p", &["ab", "c"], &[]), Luck::new(1).unit("p", &["a", "bc"], &[]));
    }

    #[test]
    fn the_meaning_of_a_seed_is_pinned() {
        let drawn = (Luck::new(42).unit("pinned", &["openai"], &[1]) * 1e9) as u64;
        assert_eq!(drawn, PINNED, "a library changed its output: every recorded drill would change with it");
    }
    const PINNED: u64 = 23_504_104;
}
