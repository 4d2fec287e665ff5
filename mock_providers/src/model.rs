//! A model as a provider serves it: how fast, how good, how strict, at what price, and until when.

use crate::dist::Distribution;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// A model as the provider serves it. Shares and scores run from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The name clients ask for.
    pub name: Arc<str>,
    /// What it is, wherever it is served: models of one identity are the same model, and embed into the same space.
    pub identity: Arc<str>,
    /// Time from the head to the first token of a stream; a plain answer takes this and the time of its tokens.
    pub ttft: Distribution,
    /// Speed. What is not a positive number means no waiting between tokens.
    pub tokens_per_second: f64,
    /// Share of right answers.
    pub quality: f64,
    /// Share of answers that keep the schema they were asked for.
    pub schema_adherence: f64,
    /// Share of answers that keep to the form they were asked for, schemas apart.
    pub instruction_following: f64,
    /// How strict its filter is: a prompt is blocked if its risk and this come to more than 1.
    pub filter: f64,
    /// The longest prompt in tokens; a longer one gets the vendor's context error.
    pub context: u32,
    /// What it can do; what it cannot is refused as the vendor refuses it.
    pub capabilities: BTreeSet<Capability>,
    /// Whether it goes on from a partial answer that is put into its mouth.
    pub prefill: bool,
    /// What it costs.
    pub price: Price,
    /// When it goes out of service, if it does.
    pub retires: Option<Retirement>,
}

impl Model {
    /// A model that answers at once, rightly, for nothing, and can do everything.
    #[must_use]
    pub fn named(name: impl Into<Arc<str>>, context: u32) -> Self {
        let name = name.into();
        Self {
            identity: Arc::clone(&name),
            name,
            ttft: Distribution::Fixed { ms: 0.0 },
            tokens_per_second: 0.0,
            quality: 1.0,
            schema_adherence: 1.0,
            instruction_following: 1.0,
            filter: 0.0,
            context,
            capabilities: Capability::ALL.into(),
            prefill: true,
            price: Price::default(),
            retires: None,
        }
    }
}

/// What a model may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Calls of tools.
    Tools,
    /// Answers that keep a JSON schema.
    JsonSchema,
    /// Images in the prompt.
    Vision,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tools, Self::JsonSchema, Self::Vision];

    /// Its name, as it stands in scenario files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::JsonSchema => "json_schema",
            Self::Vision => "vision",
        }
    }
}

/// Dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Price {
    /// Of the prompt.
    pub input: f64,
    /// Of the part of the prompt that was cached; at most `input`.
    pub cached: f64,
    /// Of the answer.
    pub output: f64,
}

impl Price {
    /// What so many tokens cost, in dollars; `cached` of the prompt's tokens were in a cache.
    #[must_use]
    pub fn of(&self, prompt: u32, cached: u32, answer: u32) -> f64 {
        let fresh = f64::from(prompt.saturating_sub(cached));
        (fresh * self.input + f64::from(cached.min(prompt)) * self.cached + f64::from(answer) * self.output) / 1e6
    }
}

/// The end of a model. Times are offsets from the start of the drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retirement {
    /// When the vendor begins to say so.
    pub announced: Option<Duration>,
    /// From when on it is no longer served.
    pub gone: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_have_a_price_of_their_own() {
        let price = Price { input: 2.0, cached: 0.5, output: 10.0 };
        assert_eq!(price.of(1_000_000, 0, 0), 2.0);
        assert_eq!(price.of(1_000_000, 400_000, 100_000), 0.6 * 2.0 + 0.4 * 0.5 + 1.0);
        assert_eq!(price.of(0, 10, 0), 0.0);
    }
}
