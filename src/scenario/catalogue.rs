//! What is known about vendors and well known models, so that a scenario need not say it.
//!
//! Prices, context windows and names are the vendors' published ones; latency, speed, quality and schema adherence
//! are plausible round figures for a drill, not measurements. What runs on one's own machines has no price. What a file
//! says always wins.

use mock_providers::model::{Capability, Price};
use mock_providers::{Dialect, Distribution};

/// The words for dialects that scenarios use, aliases included.
pub const DIALECTS: &[(&str, Dialect)] = &[
    ("openai", Dialect::OpenAi),
    ("anthropic", Dialect::Anthropic),
    ("gemini", Dialect::Gemini),
    ("azure", Dialect::Azure),
    ("bedrock", Dialect::Bedrock),
    ("mistral", Dialect::Mistral),
    ("vllm", Dialect::Vllm),
    ("ollama", Dialect::Ollama),
    ("claude", Dialect::Anthropic),
    ("google", Dialect::Gemini),
    ("vertex", Dialect::Gemini),
    ("azure-openai", Dialect::Azure),
    ("aws", Dialect::Bedrock),
    ("aws-bedrock", Dialect::Bedrock),
    ("mistralai", Dialect::Mistral),
    ("openai-compatible", Dialect::Vllm),
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
    /// What it costs. A vendor without a discount for cached tokens has one price for both.
    pub price: Price,
    /// What it can do.
    pub capabilities: &'static [Capability],
}

const ALL: &[Capability] = &Capability::ALL;
const NO_SCHEMA: &[Capability] = &[Capability::Tools, Capability::Vision];
const NO_VISION: &[Capability] = &[Capability::Tools, Capability::JsonSchema];
const VISION_AND_SCHEMA: &[Capability] = &[Capability::Vision, Capability::JsonSchema];
const TOOLS: &[Capability] = &[Capability::Tools];
const NOTHING: &[Capability] = &[];

impl Known {
    /// The distribution of the time to the first token.
    #[must_use]
    pub fn ttft(&self) -> Distribution {
        Distribution::LogNormal { median: self.ttft_ms, p99: self.ttft_p99_ms }
    }
}

/// Whether models of a dialect go on from a partial answer that is put into their mouths. OpenAI's take it for a turn
/// of its own and start again.
#[must_use]
pub fn prefills(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::OpenAi | Dialect::Azure)
}

/// The models behind a dialect. Those of Azure are OpenAI's.
pub fn models(dialect: Dialect) -> impl Iterator<Item = &'static Known> {
    let maker = if dialect == Dialect::Azure { Dialect::OpenAi } else { dialect };
    MODELS.iter().filter(move |known| known.dialect == maker)
}

/// One line of the table below: name, dialect, ttft median and p99, speed, context, quality, adherence, prices of
/// prompt, cached prompt and answer, capabilities.
macro_rules! known {
    ($($name:literal $dialect:ident $ttft:literal $p99:literal $speed:literal $context:literal $quality:literal $adherence:literal $input:literal $cached:literal $output:literal $can:ident;)*) => {
        &[$(Known {
            name: $name,
            dialect: Dialect::$dialect,
            ttft_ms: $ttft,
            ttft_p99_ms: $p99,
            tokens_per_second: $speed,
            context: $context,
            quality: $quality,
            schema_adherence: $adherence,
            price: Price { input: $input, cached: $cached, output: $output },
            capabilities: $can,
        }),*]
    };
}

/// Every model of the catalogue.
#[rustfmt::skip]
pub const MODELS: &[Known] = known! {
    "gpt-4o"            OpenAi    350.0 1200.0  80.0   128_000 0.93 0.999  2.50   1.25 10.00 ALL;
    "gpt-4o-mini"       OpenAi    300.0 1000.0 110.0   128_000 0.88 0.998  0.15  0.075  0.60 ALL;
    "gpt-4.1"           OpenAi    400.0 1300.0  85.0 1_047_576 0.94 0.999  2.00   0.50  8.00 ALL;
    "gpt-4.1-mini"      OpenAi    320.0 1000.0 100.0 1_047_576 0.90 0.998  0.40   0.10  1.60 ALL;
    "gpt-4-turbo"       OpenAi    600.0 2000.0  35.0   128_000 0.91 0.990 10.00  10.00 30.00 NO_SCHEMA;
    "gpt-3.5-turbo"     OpenAi    250.0  900.0 100.0    16_385 0.80 0.970  0.50   0.50  1.50 TOOLS;
    "claude-opus-4"     Anthropic 900.0 2800.0  50.0   200_000 0.96 0.997 15.00   1.50 75.00 ALL;
    "claude-sonnet-4"   Anthropic 500.0 1500.0  70.0   200_000 0.94 0.997  3.00   0.30 15.00 ALL;
    "claude-3-5-sonnet" Anthropic 550.0 1600.0  65.0   200_000 0.93 0.996  3.00   0.30 15.00 NO_SCHEMA;
    "claude-3-5-haiku"  Anthropic 350.0 1100.0  90.0   200_000 0.88 0.993  0.80   0.08  4.00 NO_SCHEMA;
    "claude-3-opus"     Anthropic 900.0 2800.0  30.0   200_000 0.91 0.992 15.00   1.50 75.00 NO_SCHEMA;
    "claude-instant"    Anthropic 300.0 1000.0  90.0   100_000 0.78 0.960  0.80   0.80  2.40 NOTHING;
    "gemini-2.5-pro"    Gemini    700.0 2200.0  90.0 1_048_576 0.95 0.996  1.25  0.125 10.00 ALL;
    "gemini-2.5-flash"  Gemini    300.0 1000.0 150.0 1_048_576 0.90 0.995  0.30   0.03  2.50 ALL;
    "gemini-2.0-flash"  Gemini    280.0  900.0 150.0 1_048_576 0.88 0.994  0.10  0.025  0.40 ALL;
    "gemini-1.5-pro"    Gemini    600.0 1900.0  60.0 2_097_152 0.90 0.990  1.25 0.3125  5.00 ALL;
    "gemini-pro"        Gemini    450.0 1400.0  60.0    32_760 0.82 0.970  0.50   0.50  1.50 TOOLS;
    "mistral-large-latest"  Mistral 450.0 1400.0  60.0 128_000 0.91 0.993  2.00   2.00  6.00 NO_VISION;
    "mistral-medium-latest" Mistral 400.0 1300.0  80.0 128_000 0.90 0.993  0.40   0.40  2.00 ALL;
    "mistral-small-latest"  Mistral 300.0 1000.0 120.0 128_000 0.86 0.990  0.10   0.10  0.30 ALL;
    "amazon.nova-pro-v1:0"  Bedrock 450.0 1400.0 100.0 300_000 0.89 0.990  0.80   0.20  3.20 NO_SCHEMA;
    "amazon.nova-lite-v1:0" Bedrock 300.0 1000.0 150.0 300_000 0.84 0.985  0.06  0.015  0.24 NO_SCHEMA;
    "anthropic.claude-sonnet-4-20250514-v1:0"
                            Bedrock 600.0 1800.0  60.0 200_000 0.94 0.997  3.00   0.30 15.00 ALL;
    "meta-llama/Llama-3.3-70B-Instruct"
                            Vllm    300.0 1000.0  40.0 131_072 0.88 0.990  0.0    0.0   0.0  NO_VISION;
    "Qwen/Qwen2.5-7B-Instruct"
                            Vllm    100.0  400.0 100.0  32_768 0.80 0.985  0.0    0.0   0.0  NO_VISION;
    "llama3.1"              Ollama  250.0  900.0  40.0 131_072 0.80 0.980  0.0    0.0   0.0  NO_VISION;
    "gemma3"                Ollama  300.0 1000.0  35.0 131_072 0.78 0.970  0.0    0.0   0.0  VISION_AND_SCHEMA;
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
        "azure-openai" => "azure",
        "bedrock" | "aws-bedrock" => "aws",
        "mistralai" => "mistral",
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
            let Price { input, cached, output } = known.price;
            let is_sold = 0.0 < cached && cached <= input && input < output;
            let runs_at_home = matches!(known.dialect, Dialect::Vllm | Dialect::Ollama);
            let is_free = (input, cached, output) == (0.0, 0.0, 0.0);
            assert!(if runs_at_home { is_free } else { is_sold }, "{}", known.name);
        }
    }

    #[test]
    fn every_dialect_has_its_name_as_a_word_and_some_models() {
        for spoken in Dialect::ALL {
            assert_eq!(dialect(spoken.name()), Some(spoken));
            assert!(models(spoken).next().is_some(), "{spoken}");
        }
        assert_eq!(models(Dialect::Azure).count(), models(Dialect::OpenAi).count());
    }

    #[test]
    fn aliases_lead_to_a_dialect_and_a_vendor() {
        assert_eq!(dialect("google"), Some(Dialect::Gemini));
        assert_eq!(dialect("claude"), Some(Dialect::Anthropic));
        assert_eq!((dialect("azure"), dialect("azure-openai")), (Some(Dialect::Azure), Some(Dialect::Azure)));
        assert_eq!((dialect("aws"), vendor("bedrock")), (Some(Dialect::Bedrock), vendor("aws")));
        assert_eq!(dialect("openai-compatible"), Some(Dialect::Vllm));
        assert_eq!(dialect("acme"), None);
        assert_eq!(vendor("gemini"), vendor("google"));
        assert_eq!(vendor("acme"), "acme");
    }
}
