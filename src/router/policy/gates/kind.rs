//! What a gate is to the rest of the world: its name, what it wants of an answer, what it takes.
//!
//! The scenario loader reads gates by these descriptions, and the documentation is written from them.

use super::{Answer, Asked};
use crate::event::Class;
use std::borrow::Cow;
use std::fmt;

/// A gate. Each is one file here.
pub struct Kind {
    /// The word for it in scenarios.
    pub name: &'static str,
    /// What it wants of an answer, in a sentence.
    pub about: &'static str,
    /// What stands in `gates:` in an example.
    pub example: &'static str,
    /// How much of an answer it has to see.
    pub judges: Judges,
    /// What it takes. The first is the main one: `{ NAME: value }` means it.
    pub takes: &'static [Param],
    /// Whether it has anything to say about answers to such a question.
    pub(super) concerns: fn(&Asked<'_>) -> bool,
    pub(super) check: fn(&Args, &Asked<'_>, &Answer<'_>) -> Result<(), Refused>,
}

/// How much of an answer a gate has to see before any of it may be given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judges {
    /// What comes before the first token.
    Head,
    /// The end. A stream is given out as it comes; one that fails ends in an error.
    End,
    /// All of it: a stream is held back until it is whole.
    Whole,
}

impl Judges {
    /// What becomes of a streamed answer, for the documentation.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "judged before its first token",
            Self::End => "given out as it comes, and ends in an error if it fails",
            Self::Whole => "held back until it is whole",
        }
    }
}

/// Why an answer may not be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What that means: the row of the decision table.
    pub class: Class,
    /// The first reason.
    pub why: Cow<'static, str>,
    /// What is wrong with its form; `None` of an answer that was refused.
    pub flaw: Option<Flaw>,
}

/// What is wrong with the form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// It cannot be read.
    Parse,
    /// It can be read and has another form than was asked for.
    Format,
    /// It is cut off, empty, or of the wrong length.
    Length,
}

impl Refused {
    pub(super) fn malformed(why: impl Into<Cow<'static, str>>) -> Self {
        Self { class: Class::Malformed, why: why.into(), flaw: Some(Flaw::Format) }
    }

    pub(super) fn schema(why: impl Into<Cow<'static, str>>) -> Self {
        Self { class: Class::Schema, why: why.into(), flaw: Some(Flaw::Format) }
    }

    pub(super) fn with(self, flaw: Flaw) -> Self {
        Self { flaw: Some(flaw), ..self }
    }
}

/// Something that a gate takes.
#[derive(Debug)]
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

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Takes {
    /// A whole number between these, both included.
    Count(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
}

/// The value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// A whole number.
    Count(u64),
    /// A word.
    Word(&'static str),
}

/// The values of a gate's parameters, defaults included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args(Vec<(&'static str, Arg)>);

impl Args {
    /// A whole number.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Arg::Count(count) => Some(count),
            Arg::Word(_) => None,
        }
    }

    /// A word.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<&'static str> {
        match self.get(name)? {
            Arg::Word(word) => Some(word),
            Arg::Count(_) => None,
        }
    }

    fn get(&self, name: &str) -> Option<Arg> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, arg)| *arg)
    }
}

impl Kind {
    /// The values of its parameters if only these are given.
    pub(super) fn args(&self, given: &[(&str, Arg)]) -> Args {
        let value = |param: &Param| {
            let given = given.iter().find(|(name, _)| *name == param.name).map(|(_, arg)| *arg);
            Some((param.name, given.or(param.default)?))
        };
        Args(self.takes.iter().filter_map(value).collect())
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
