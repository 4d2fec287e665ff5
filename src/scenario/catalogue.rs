//! What is known about vendors and well known models, so that a scenario need not say it.
//!
//! Prices, context windows and names are the vendors' published ones; latency, speed, quality and schema adherence
//! are plausible round figures for a drill, not measurements. What a file says always wins.

use mock_providers::{Dialect, Distribution};

/// The words for dialects that scenarios use, aliases included.
pub const DIALECTS: &[(&str, Dialect)] = &[
    ("openai", Dialect::OpenAi),
    ("anthropic", Dialect::Anthropic),
    ("gemini", Dialect::Gemini),
    ("azure", Dialect::OpenAi),
    ("claude", Dialect::Anthropic),
    ("google", Dialect::Gemini),
    ("vertex", Dialect::Gemini),
];

/// A model of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// Its name on the wire.
    pub name: &'static str,
    /// Whose API serves it.
    pub dialect: Dialect,
    /// Median time to the first token in milliseconds.
    pub ttft_ms: f64,
    /// The 99th percentile of that.
    pub ttft_p99_ms: f64,
    /// Generation speed.
    pub tokens_per_second: f64,
    /// Context window in tokens.
    pub context: u32,
    /// Share of right answers, 0 to 1.
    pub quality: f64,
    /// Share of answers that keep the schema asked for, 0 to 1.
    pub schema_adherence: f64,
    /// Dollars per million prompt tokens.
    pub price_input: f64,
    /// Dollars per million answer tokens.
    pub price_output: f64,
}

impl Known {
    /// The distribution of the time to the first token.
    #[must_use]
    pub fn ttft(&self) -> Distribution {
        Distribution::LogNormal { median: self.ttft_ms, p99: self.ttft_p99_ms }
    }
}

/// One line of the table below: name, dialect, ttft median and p99, speed, context, quality, adherence, prices.
macro_rules! known {
    ($($name:literal $dialect:ident $ttft:literal $p99:literal $speed:literal $context:literal $quality:literal $adherence:literal $input:literal $output:literal;)*) => {
        &[$(Known {
            name: $name,
            dialect: Dialect::$dialect,
            ttft_ms: $ttft,
            ttft_p99_ms: $p99,
            tokens_per_second: $speed,
            context: $context,
            quality: $quality,
            schema_adherence: $adherence,
            price_input: $input,
            price_output: $output,
        }),*]
    };
}

/// Every model of the catalogue.
#[rustfmt::skip]
pub const MODELS: &[Known] = known! {
    "gpt-4o"            OpenAi    350.0 1200.0  80.0   128_000 0.93 0.999  2.50 10.00;
    "gpt-4o-mini"       OpenAi    300.0 1000.0 110.0   128_000 0.88 0.998  0.15  0.60;
    "gpt-4.1"           OpenAi    400.0 1300.0  85.0 1_047_576 0.94 0.999  2.00  8.00;
    "gpt-4.1-mini"      OpenAi    320.0 1000.0 100.0 1_047_576 0.90 0.998  0.40  1.60;
    "gpt-4-turbo"       OpenAi    600.0 2000.0  35.0   128_000 0.91 0.990 10.00 30.00;
    "gpt-3.5-turbo"     OpenAi    250.0  900.0 100.0    16_385 0.80 0.970  0.50  1.50;
    "claude-opus-4"     Anthropic 900.0 2800.0  50.0   200_000 0.96 0.997 15.00 75.00;
    "claude-sonnet-4"   Anthropic 500.0 1500.0  70.0   200_000 0.94 0.997  3.00 15.00;
    "claude-3-5-sonnet" Anthropic 550.0 1600.0  65.0   200_000 0.93 0.996  3.00 15.00;
    "claude-3-5-haiku"  Anthropic 350.0 1100.0  90.0   200_000 0.88 0.993  0.80  4.00;
    "claude-3-opus"     Anthropic 900.0 2800.0  30.0   200_000 0.91 0.992 15.00 75.00;
    "claude-instant"    Anthropic 300.0 1000.0  90.0   100_000 0.78 0.960  0.80  2.40;
    "gemini-2.5-pro"    Gemini    700.0 2200.0  90.0 1_048_576 0.95 0.996  1.25 10.00;
    "gemini-2.5-flash"  Gemini    300.0 1000.0 150.0 1_048_576 0.90 0.995  0.30  2.50;
    "gemini-2.0-flash"  Gemini    280.0  900.0 150.0 1_048_576 0.88 0.994  0.10  0.40;
    "gemini-1.5-pro"    Gemini    600.0 1900.0  60.0 2_097_152 0.90 0.990  1.25  5.00;
    "gemini-pro"        Gemini    450.0 1400.0  60.0    32_760 0.82 0.970  0.50  1.50;
};

/// The model of that name.
#[must_use]
pub fn model(name: &str) -> Option<&'static Known> {
    MODELS.iter().find(|known| known.name == name)
}

/// The dialect that a provider of that name speaks, if the name says so.
#[must_use]
pub fn dialect(provider: &str) -> Option<Dialect> {
    DIALECTS.iter().find(|(name, _)| *name == provider).map(|(_, dialect)| *dialect)
}

/// The vendor behind a name: aliases lead to the same one, other names are their own.
#[must_use]
pub fn vendor(name: &str) -> &str {
    match name {
        "claude" => "anthropic",
        "gemini" | "vertex" => "google",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_model_is_listed_twice_and_every_figure_is_usable() {
        for (i, known) in MODELS.iter().enumerate() {
            assert!(MODELS.iter().skip(i + 1).all(|other| other.name != known.name), "{}", known.name);
            assert!(known.ttft_p99_ms > known.ttft_ms && known.ttft_ms > 0.0, "{}", known.name);
            assert!((0.0..=1.0).contains(&known.quality) && (0.0..=1.0).contains(&known.schema_adherence));
        }
    }

    #[test]
    fn aliases_lead_to_a_dialect_and_a_vendor() {
        assert_eq!(dialect("google"), Some(Dialect::Gemini));
        assert_eq!(dialect("claude"), Some(Dialect::Anthropic));
        assert_eq!(dialect("acme"), None);
        assert_eq!(vendor("gemini"), vendor("google"));
        assert_eq!(vendor("acme"), "acme");
    }
}
