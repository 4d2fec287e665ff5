//! Gates: checks on a complete 200 answer before it may be served. One file a gate.
//!
//! Rules:
//! - A gate answers yes, or no with the first reason; it never repairs. JSON in a Markdown fence or between sentences is
//!   not JSON.
//! - Gates judge in the order of [`ALL`], whatever order they were named in: how an answer ended comes before what is in
//!   it, and a refusal before its shape, or a refusal in prose would be sent elsewhere as broken JSON.
//! - `finish` and `not_empty` belong to every list, also to none given: half an answer is never served as a whole one.
//!   Only [`Gates::none`] lets everything pass.
//! - A gate says how much it has to see ([`Judges`]). One that has to see all holds a stream back, so that its first
//!   token comes with its last. One that has nothing to say to a question does not.
//! - What failed a gate is `malformed`; what has the wrong shape is `schema`; a refusal is `content_policy`, which
//!   surfaces: asking a more willing model is no resilience.
//!
//! To add a gate: a file here with its `KIND`, and its two lines in this file. Scenarios and `docs/GATES.md` know it from
//! there. A row in `tests/it/gates.rs` names a fault that it catches.

mod finish;
mod json_schema;
mod kind;
mod language;
mod length;
mod model;
mod not_empty;
mod prose;
mod refusal;
mod repetition;
mod schema;
mod tool_calls;

pub use kind::{Arg, Args, Flaw, Judges, Kind, Param, Refused, Takes};
pub use schema::{Schema, Tool};

/// A tool call: the tool's name and its arguments as JSON text.
pub type Call<'a> = (&'a str, &'a str);

/// Every gate, in the order in which they judge.
pub static ALL: [&Kind; 9] = [
    &finish::KIND,
    &model::KIND,
    &not_empty::KIND,
    &refusal::KIND,
    &json_schema::KIND,
    &tool_calls::KIND,
    &length::KIND,
    &repetition::KIND,
    &language::KIND,
];

/// What a gate may know of the question.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The model's name on the wire.
    pub model: &'a str,
    /// The shape that the text must have.
    pub schema: Option<&'a Schema>,
    /// The tools that were offered.
    pub tools: &'a [Tool],
    /// Whether one of them must be called.
    pub must_call: bool,
}

/// What it judges.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The text, from its beginning.
    pub text: &'a str,
    /// The tool calls.
    pub calls: &'a [Call<'a>],
    /// Whether it ended as a whole answer does, and else why not.
    pub ended: Result<(), &'a Refused>,
    /// The model that answered, if the response names it.
    pub model: Option<&'a str>,
}

/// A gate with its parameters.
#[derive(Debug, Clone)]
pub struct Gate {
    kind: &'static Kind,
    args: Args,
}

impl PartialEq for Gate {
    fn eq(&self, other: &Self) -> bool {
        self.kind.name == other.kind.name && self.args == other.args
    }
}

impl Gate {
    /// A gate; what is not given has its default.
    #[must_use]
    pub fn new(kind: &'static Kind, given: &[(&str, Arg)]) -> Self {
        Self { kind, args: kind.args(given) }
    }

    /// The gate of a name, with its defaults.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|kind| kind.name == name).map(|kind| Self::new(kind, &[]))
    }

    fn check(&self, asked: &Asked<'_>, answer: &Answer<'_>) -> Result<(), Stopped> {
        (self.kind.check)(&self.args, asked, answer).map_err(|refused| Stopped { gate: self.kind.name, refused })
    }
}

/// An answer did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// The gate that stopped it.
    pub gate: &'static str,
    /// What it says of it.
    pub refused: Refused,
}

/// The gates that answers of a chain must pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Gates(Vec<Gate>);

impl Default for Gates {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Gates {
    /// These gates, and those that belong to every list. Of two of a kind the later one counts.
    #[must_use]
    pub fn new(gates: &[Gate]) -> Self {
        let always = [&finish::KIND, &not_empty::KIND].map(|kind| Gate::new(kind, &[]));
        let named = |kind: &Kind| gates.iter().rev().chain(&always).find(|gate| gate.kind.name == kind.name).cloned();
        Self(ALL.into_iter().filter_map(named).collect())
    }

    /// Whatever came with a 200 and could be read is served, as by a client that only looks at the status.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Their names, in the order in which they judge.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|gate| gate.kind.name)
    }

    /// Whether answers are held against the schema of the question.
    #[must_use]
    pub fn hold_to_schema(&self) -> bool {
        self.names().any(|name| name == json_schema::KIND.name)
    }

    /// Whether an answer to such a question has to be held back until it is whole.
    #[must_use]
    pub fn hold(&self, asked: &Asked<'_>) -> bool {
        self.concerning(asked).any(|gate| gate.kind.judges == Judges::Whole)
    }

    /// May an answer begin, whose model is named so?
    ///
    /// # Errors
    /// The first reason why not.
    pub fn check_head(&self, asked: &Asked<'_>, model: Option<&str>) -> Result<(), Stopped> {
        let answer = Answer { text: "", calls: &[], ended: Ok(()), model };
        self.concerning(asked).filter(|gate| gate.kind.judges == Judges::Head).try_for_each(|g| g.check(asked, &answer))
    }

    /// May this answer be served?
    ///
    /// # Errors
    /// The first reason why not.
    pub fn check(&self, asked: &Asked<'_>, answer: &Answer<'_>) -> Result<(), Stopped> {
        self.concerning(asked).try_for_each(|gate| gate.check(asked, answer))
    }

    fn concerning(&self, asked: &Asked<'_>) -> impl Iterator<Item = &Gate> {
        self.0.iter().filter(|gate| (gate.kind.concerns)(asked))
    }
}

/// Concerns every question.
fn always(_: &Asked<'_>) -> bool {
    true
}

#[cfg(test)]
mod tests;
