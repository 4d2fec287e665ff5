//! What a kind of fault is to the rest of the world: its name, what it does in a sentence, what it takes.
//!
//! The scenario loader reads faults by these descriptions, and the documentation is written from them.

use super::{Act, Door, Effect};
use crate::dist::Distribution;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A kind of fault. Each is one file in `kinds/`.
pub struct Kind {
    /// The word for it in scenarios and, unless it goes into more detail, in the ledger.
    pub name: &'static str,
    /// What it belongs to.
    pub family: Family,
    /// What a client sees, in a sentence.
    pub about: &'static str,
    /// What stands after `inject:` in an example.
    pub example: &'static str,
    /// What it takes. The first is the main one: `{ NAME: value }` means it.
    pub takes: &'static [Param],
    pub(super) make: Make,
}

/// The families of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// The listener as a whole, for a time.
    Connection,
    /// Answers that come late.
    Latency,
    /// Error answers in place of an answer.
    Error,
    /// Answers that do not travel as they should.
    Transfer,
    /// Complete answers that are wrong.
    Content,
    /// The provider as a whole: its models, limits and prices change.
    Provider,
}

impl Family {
    /// All of them, with what they have in common.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Connection, "The listener as a whole, for a time. No share of requests: it concerns all alike."),
        (Self::Latency, "Answers that come late, in bits, or never."),
        (Self::Error, "Error answers in place of an answer."),
        (Self::Transfer, "Answers that do not travel as they should: cut, badly framed, or not what was asked for."),
        (Self::Content, "Complete answers with HTTP 200 that are wrong."),
        (
            Self::Provider,
            "The provider as a whole: its models, limits and prices change while it lasts. A shape scales the change.",
        ),
    ];
}

/// How a kind becomes something that is done.
#[derive(Clone, Copy)]
pub(super) enum Make {
    /// It is done to one request; shares of requests may meet it.
    Act(fn(&Args) -> Arc<dyn Act>),
    /// It concerns the listener.
    Door(Door),
    /// It concerns every request while it lasts.
    Effect(fn(&Args) -> Effect),
}

/// Something a kind of fault takes.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its key in scenarios.
    pub name: &'static str,
    /// What may be said.
    pub takes: Takes,
    /// What holds when nothing is said; `None`: nothing.
    pub default: Option<Arg>,
    /// What it means, in a few words.
    pub about: &'static str,
}

impl Param {
    pub(super) const fn new(name: &'static str, takes: Takes, default: Option<Arg>, about: &'static str) -> Self {
        Self { name, takes, default, about }
    }
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Takes {
    /// A whole number between these, both included.
    Count(u64, u64),
    /// A number between these, both included.
    Number(f64, f64),
    /// A share of 0 % to 100 %.
    Share,
    /// A time in whole milliseconds.
    Wait,
    /// A distribution of times.
    Distribution,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// The value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arg {
    /// A whole number.
    Count(u64),
    /// A number, or a share from 0 to 1.
    Number(f64),
    /// A time.
    Wait(Duration),
    /// A distribution of times.
    Distribution(Distribution),
    /// A word.
    Word(&'static str),
}

/// The values of a kind's parameters, defaults included.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Args(Vec<(&'static str, Arg)>);

impl Args {
    /// A whole number; 0 if it was not given and has no default.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        match self.get(name) {
            Some(Arg::Count(count)) => count,
            _ => 0,
        }
    }

    /// A whole number of at most 32 bits.
    #[must_use]
    pub fn count32(&self, name: &str) -> u32 {
        u32::try_from(self.count(name)).unwrap_or(u32::MAX)
    }

    /// A number or share.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Arg::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// A time.
    #[must_use]
    pub fn wait(&self, name: &str) -> Option<Duration> {
        match self.get(name) {
            Some(Arg::Wait(wait)) => Some(wait),
            _ => None,
        }
    }

    /// A distribution.
    #[must_use]
    pub fn distribution(&self, name: &str) -> Option<Distribution> {
        match self.get(name) {
            Some(Arg::Distribution(distribution)) => Some(distribution),
            _ => None,
        }
    }

    /// A word; empty if it was not given and has no default.
    #[must_use]
    pub fn word(&self, name: &str) -> &'static str {
        match self.get(name) {
            Some(Arg::Word(word)) => word,
            _ => "",
        }
    }

    /// Whether it was given or has a default.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn get(&self, name: &str) -> Option<Arg> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, arg)| *arg)
    }
}

impl Kind {
    /// The values of its parameters if only these are given. What it does not take is left out.
    #[must_use]
    pub fn args(&self, given: &[(&str, Arg)]) -> Args {
        let value = |param: &Param| {
            let given = given.iter().find(|(name, _)| *name == param.name).map(|(_, arg)| *arg);
            Some((param.name, given.or(param.default)?))
        };
        Args(self.takes.iter().filter_map(value).collect())
    }

    /// Whether shares of requests may meet it.
    #[must_use]
    pub fn takes_a_share(&self) -> bool {
        matches!(self.make, Make::Act(_))
    }

    /// The words by which its main parameter may be said together with its name: `schema_missing` for `schema`.
    pub fn variants(&self) -> impl Iterator<Item = &'static str> {
        let words = match self.takes.first().map(|param| param.takes) {
            Some(Takes::Word(words)) => words,
            _ => &[],
        };
        words.iter().copied()
    }

    /// The parameter of this name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.takes.iter().find(|param| param.name == name)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
