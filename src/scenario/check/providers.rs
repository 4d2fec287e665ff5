//! Providers and their models; the catalogue fills the gaps.

use crate::scenario::catalogue::{self, Known};
use crate::scenario::plan;
use crate::scenario::reader::Sink;
use crate::scenario::spec::providers::{Model, Provider};
use crate::words;
use mock_providers::{Dialect, Distribution};

/// Of a model that neither the file nor the catalogue says it of.
const QUALITY: f64 = 0.9;
const SCHEMA_ADHERENCE: f64 = 1.0;

pub(super) fn check(providers: &[Provider], sink: &Sink<'_>) -> Vec<plan::Provider> {
    providers.iter().map(|provider| check_one(provider, sink)).collect()
}

fn check_one(provider: &Provider, sink: &Sink<'_>) -> plan::Provider {
    let name = &provider.name.value;
    let dialect = provider.dialect.as_ref().map(|d| d.value).or_else(|| catalogue::dialect(name));
    if dialect.is_none() && !provider.dialect_typed {
        let known: Vec<&str> = catalogue::DIALECTS.iter().map(|(name, _)| *name).collect();
        let help = format!("add `dialect:`, one of {}", words::list(known.iter().copied()));
        sink.error(&provider.name.at, format!("the name `{name}` does not say which API it speaks"), Some(help));
    }
    let models = match (&provider.models, dialect) {
        (Some(models), _) => models.iter().map(|m| model(m, sink)).collect(),
        (None, Some(dialect)) => {
            catalogue::MODELS.iter().filter(|known| known.dialect == dialect).map(from_catalogue).collect()
        }
        (None, None) => Vec::new(),
    };
    let vendor = provider.vendor.as_ref().map_or_else(|| catalogue::vendor(name), |v| catalogue::vendor(&v.value));
    plan::Provider {
        name: name.as_str().into(),
        vendor: vendor.into(),
        region: provider.region.as_ref().map(|r| r.value.as_str().into()),
        // Without a dialect an error was reported and no plan comes out.
        dialect: dialect.unwrap_or(Dialect::OpenAi),
        models,
    }
}

fn from_catalogue(known: &Known) -> mock_providers::Model {
    mock_providers::Model {
        name: known.name.into(),
        ttft: known.ttft(),
        tokens_per_second: known.tokens_per_second,
        quality: known.quality,
        schema_adherence: known.schema_adherence,
        context: known.context,
    }
}

fn model(model: &Model, sink: &Sink<'_>) -> mock_providers::Model {
    let name = &model.name.value;
    let known = catalogue::model(name);
    if known.is_none() {
        for (key, example) in [
            ("ttft", "ttft: lognormal(350ms p99 1.2s)"),
            ("tokens_per_second", "tokens_per_second: 80"),
            ("context", "context: 128k"),
        ] {
            if !model.typed.contains(&key) {
                let message = format!("`{key}` is missing, and `{name}` is not in the catalogue");
                let guess = words::closest(name, catalogue::MODELS.iter().map(|m| m.name));
                let guess = guess.map_or(String::new(), |guess| format!("; or did you mean `{guess}`?"));
                sink.error(&model.name.at, message, Some(format!("add `{example}`{guess}")));
            }
        }
    }
    let or = |typed: Option<f64>, known: Option<f64>, default| typed.or(known).unwrap_or(default);
    let score = |typed: &Option<crate::scenario::source::At<f64>>| typed.as_ref().map(|t| t.value);
    let ttft = model.ttft.as_ref().map(|t| t.value).or_else(|| known.map(Known::ttft));
    mock_providers::Model {
        name: name.as_str().into(),
        ttft: ttft.unwrap_or(Distribution::Fixed { ms: 0.0 }),
        tokens_per_second: or(score(&model.tokens_per_second), known.map(|k| k.tokens_per_second), 1.0),
        quality: or(score(&model.quality), known.map(|k| k.quality), QUALITY),
        schema_adherence: or(score(&model.schema_adherence), known.map(|k| k.schema_adherence), SCHEMA_ADHERENCE),
        context: model.context.as_ref().map(|c| c.value).or_else(|| known.map(|k| k.context)).unwrap_or(0),
    }
}
