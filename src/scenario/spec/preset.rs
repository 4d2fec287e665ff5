//! `preset:` of a chain, or of the router for all of its chains.

use super::router::Chain;
use crate::router::preset::{PRESETS, Preset};
use crate::scenario::reader::{Fields, Sink};
use crate::scenario::source::At;

/// What a preset decides about, and a chain with one cannot say.
const DECIDED: [&str; 12] = [
    "retry",
    "breaker",
    "budget",
    "quality",
    "gates",
    "hedge",
    "min_hop_time",
    "on_break",
    "batch_in_flight",
    "health_checks",
    "triggers",
    "classes",
];

/// The preset that these fields name.
pub(super) fn read(fields: &mut Fields<'_>, sink: &Sink<'_>) -> Option<At<&'static Preset>> {
    let words: Vec<(&str, &'static Preset)> = PRESETS.iter().map(|preset| (preset.name, preset)).collect();
    fields.get("preset").and_then(|n| sink.word(n, "a preset", &words))
}

/// Makes a chain, of which everything else has been read, work like its preset.
pub(super) fn apply(preset: &At<&'static Preset>, chain: &mut Chain, fields: &Fields<'_>, sink: &Sink<'_>) {
    for key in DECIDED {
        if let Some(at) = fields.key(key) {
            let message = format!("the preset `{}` decides about `{key}`", preset.value.name);
            sink.error(&at, message, Some("leave one of the two out".to_owned()));
        }
    }
    preset.value.chain(&mut chain.config);
    let (breaker, budget, quality) = preset.value.target();
    chain.breaker = Some(At::new(breaker, preset.at.clone()));
    chain.budget = Some(At::new(budget, preset.at.clone()));
    chain.quality = Some(At::new(quality, preset.at.clone()));
    chain.checks = Some(At::new(None, preset.at.clone()));
}
