//! One thing that is done to one request.

use super::kind::{Arg, Args, Kind, Make};
use super::{Act, Effect, registry};
use std::fmt;
use std::sync::Arc;

/// A kind of fault with its values, ready to be done to requests. It is terminal: a request meets at most one.
#[derive(Clone)]
pub struct Injection {
    kind: &'static Kind,
    args: Args,
    act: Arc<dyn Act>,
}

impl Injection {
    /// This kind with these values; `None` if it is nothing that is done to single requests.
    #[must_use]
    pub fn new(kind: &'static Kind, given: &[(&str, Arg)]) -> Option<Self> {
        let Make::Act(make) = kind.make else { return None };
        let args = kind.args(given);
        let act = make(&args);
        Some(Self { kind, args, act })
    }

    /// What one word says: a kind (`cut`), a kind and its main value (`status_503`, `schema_missing`), or a cause
    /// (`rate_limited`).
    #[must_use]
    pub fn word(word: &str) -> Option<Self> {
        Self::word_with(word, &[])
    }

    /// What one word says, with further values.
    #[must_use]
    pub fn word_with(word: &str, given: &[(&str, Arg)]) -> Option<Self> {
        let (kind, main) = registry::named(word)?;
        let main = main.and_then(|arg| kind.takes.first().map(|param| (param.name, arg)));
        let given: Vec<_> = main.into_iter().chain(given.iter().copied()).collect();
        Self::new(kind, &given)
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// Its values.
    #[must_use]
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// Its short name, as it stands in the ledger.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.act.name().unwrap_or(self.kind.name)
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn label(&self) -> String {
        let main = self.kind.takes.first().map_or("", |param| self.args.word(param.name));
        let plain = || format!("{} {main}", self.kind.name).replace('_', " ").trim_end().to_owned();
        self.act.label().unwrap_or_else(plain)
    }

    pub(crate) fn act(&self) -> &dyn Act {
        &*self.act
    }
}

impl PartialEq for Injection {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.kind, other.kind) && self.args == other.args
    }
}

impl fmt::Debug for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.kind, self.args)
    }
}

/// What a kind with these values does to a provider.
#[must_use]
pub fn effect(kind: &'static Kind, given: &[(&str, Arg)], share: f64) -> Effect {
    match kind.make {
        Make::Act(_) => Effect::Mix(Injection::new(kind, given).map(|i| (i, share)).into_iter().collect()),
        Make::Door(door) => Effect::Listener(door),
        Make::Effect(make) => make(&kind.args(given)),
    }
}
