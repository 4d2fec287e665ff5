//! Providers and their models; the catalogue fills the gaps.

use super::limits;
use crate::scenario::catalogue::{self, Known};
use crate::scenario::plan::{self, Phase};
use crate::scenario::reader::Sink;
use crate::scenario::source::At;
use crate::scenario::spec::providers::{Model, Price as TypedPrice, Provider};
use crate::words;
use mock_providers::Dialect;
use mock_providers::model::{Price, Retirement};

/// Of a model that neither the file nor the catalogue says it of.
const QUALITY: f64 = 0.9;
const SCHEMA_ADHERENCE: f64 = 1.0;

/// `phases` is `None` where the phases could not be read.
pub(super) fn check(providers: &[Provider], phases: Option<&[Phase]>, sink: &Sink<'_>) -> Vec<plan::Provider> {
    providers.iter().map(|provider| check_one(provider, phases, sink)).collect()
}

fn check_one(provider: &Provider, phases: Option<&[Phase]>, sink: &Sink<'_>) -> plan::Provider {
    let name = &provider.name.value;
    let dialect = provider.dialect.as_ref().map(|d| d.value).or_else(|| catalogue::dialect(name));
    if dialect.is_none() && !provider.dialect_typed {
        let known: Vec<&str> = catalogue::DIALECTS.iter().map(|(name, _)| *name).collect();
        let help = format!("add `dialect:`, one of {}", words::list(known.iter().copied()));
        sink.error(&provider.name.at, format!("the name `{name}` does not say which API it speaks"), Some(help));
    }
    let models = match (&provider.models, dialect) {
        (Some(models), _) => models.iter().map(|m| model(m, dialect, sink)).collect(),
        (None, Some(dialect)) => catalogue::models(dialect).map(from_catalogue).collect(),
        (None, None) => Vec::new(),
    };
    for retirement in provider.models.iter().flatten().filter_map(|m| m.retires.as_ref()) {
        limits::warn_if_late(&retirement.gone, phases, sink);
    }
    let vendor = provider.vendor.as_ref().map_or_else(|| catalogue::vendor(name), |v| catalogue::vendor(&v.value));
    let approved = |own: &Option<Vec<At<String>>>| {
        let approved = own.as_ref().unwrap_or(&provider.approved_for);
        approved.iter().map(|class| class.value.as_str().into()).collect()
    };
    let approvals = match &provider.models {
        Some(models) => models.iter().map(|m| approved(&m.approved_for)).collect(),
        None => models.iter().map(|_| approved(&None)).collect(),
    };
    plan::Provider {
        name: name.as_str().into(),
        vendor: vendor.into(),
        region: provider.region.as_ref().map(|r| r.value.as_str().into()),
        // Without a dialect an error was reported and no plan comes out.
        dialect: dialect.unwrap_or(Dialect::OpenAi),
        approvals,
        models,
        connect: provider.connect.unwrap_or_default(),
        limits: limits::check(provider, phases, sink),
    }
}

fn from_catalogue(known: &Known) -> mock_providers::Model {
    mock_providers::Model {
        ttft: known.ttft(),
        tokens_per_second: known.tokens_per_second,
        quality: known.quality,
        schema_adherence: known.schema_adherence,
        price: known.price,
        capabilities: known.capabilities.iter().copied().collect(),
        prefill: catalogue::prefills(known.dialect),
        ..mock_providers::Model::named(known.name, known.context)
    }
}

/// A model that only the file knows: it costs nothing and can do everything, unless the file says otherwise.
fn unheard_of(model: &Model, sink: &Sink<'_>) -> mock_providers::Model {
    let name = &model.name.value;
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
    mock_providers::Model {
        quality: QUALITY,
        schema_adherence: SCHEMA_ADHERENCE,
        ..mock_providers::Model::named(name.as_str(), 0)
    }
}

/// What the file says, and where it says nothing what the catalogue does. Whether it goes on from a partial answer is
/// the habit of the API that serves it, whoever made it.
fn model(model: &Model, dialect: Option<Dialect>, sink: &Sink<'_>) -> mock_providers::Model {
    let known = catalogue::model(&model.name.value);
    let base = known.map_or_else(|| unheard_of(model, sink), from_catalogue);
    let capabilities = model.capabilities.as_ref().map(|all| all.iter().map(|c| c.value).collect());
    let retires = model
        .retires
        .as_ref()
        .map(|r| Retirement { announced: r.announced.as_ref().map(|a| a.value), gone: r.gone.value });
    mock_providers::Model {
        ttft: or(&model.ttft, base.ttft),
        tokens_per_second: or(&model.tokens_per_second, base.tokens_per_second),
        quality: or(&model.quality, base.quality),
        schema_adherence: or(&model.schema_adherence, base.schema_adherence),
        instruction_following: or(&model.instruction_following, base.instruction_following),
        filter: or(&model.filter, base.filter),
        context: or(&model.context, base.context),
        prefill: or(&model.prefill, dialect.map_or(base.prefill, catalogue::prefills)),
        price: price(&model.price, base.price, sink),
        capabilities: capabilities.unwrap_or(base.capabilities),
        identity: model.identity.as_ref().map_or(base.identity, |i| i.value.as_str().into()),
        retires,
        ..base
    }
}

/// Whoever lowers the price of a prompt does not raise that of a cached one; where nobody says a word of a discount
/// there is none.
pub(super) fn price(typed: &TypedPrice, base: Price, sink: &Sink<'_>) -> Price {
    let input = or(&typed.input, base.input);
    let discounted = if base.cached > 0.0 { base.cached.min(input) } else { input };
    if let Some(cached) = typed.cached.as_ref().filter(|cached| cached.value > input) {
        let help = format!("the price of a prompt that is not cached is {input} here");
        sink.error(&cached.at, "a cached token costs more than one that is not", Some(help));
    }
    Price { input, cached: or(&typed.cached, discounted), output: or(&typed.output, base.output) }
}

/// What was typed, else something else.
fn or<T: Copy>(typed: &Option<At<T>>, other: T) -> T {
    typed.as_ref().map_or(other, |typed| typed.value)
}
