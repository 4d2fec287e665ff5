//! What becomes of the models while a fault of the provider lasts.

use crate::model::Model;

/// What a model becomes, at full strength; `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Drift {
    /// Share of right answers.
    pub quality: Option<f64>,
    /// Share of answers that keep their schema.
    pub schema_adherence: Option<f64>,
    /// Share of answers that keep to the form they were asked for, schemas apart.
    pub instruction_following: Option<f64>,
    /// How strict its filter is.
    pub filter: Option<f64>,
    /// Tokens per second.
    pub speed: Option<f64>,
}

/// What prices become, at full strength, in dollars per million tokens; `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PriceChange {
    /// Of the prompt.
    pub input: Option<f64>,
    /// Of the part of the prompt that was cached.
    pub cached: Option<f64>,
    /// Of the answer.
    pub output: Option<f64>,
}

/// Moves a value towards another, all the way at strength 1.
fn toward(value: &mut f64, goal: Option<f64>, strength: f64) {
    if let Some(goal) = goal {
        *value += (goal - *value) * strength;
    }
}

impl Drift {
    pub(crate) fn apply(&self, model: &mut Model, strength: f64) {
        toward(&mut model.quality, self.quality, strength);
        toward(&mut model.schema_adherence, self.schema_adherence, strength);
        toward(&mut model.instruction_following, self.instruction_following, strength);
        toward(&mut model.filter, self.filter, strength);
        toward(&mut model.tokens_per_second, self.speed, strength);
    }
}

impl PriceChange {
    pub(crate) fn apply(&self, model: &mut Model, strength: f64) {
        toward(&mut model.price.input, self.input, strength);
        toward(&mut model.price.cached, self.cached, strength);
        toward(&mut model.price.output, self.output, strength);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_goes_as_far_as_its_strength_and_leaves_the_rest_alone() {
        for (strength, quality) in [(0.0, 0.9), (0.5, 0.6), (1.0, 0.3)] {
            let mut model = Model { quality: 0.9, ..Model::named("m", 100) };
            let before = model.clone();
            Drift { quality: Some(0.3), ..Drift::default() }.apply(&mut model, strength);
            assert!((model.quality - quality).abs() < 1e-12);
            assert_eq!(Model { quality: 0.9, ..model }, before);
        }
        let mut model = Model::named("m", 100);
        let change = PriceChange { output: Some(8.0), ..PriceChange::default() };
        change.apply(&mut model, 0.25);
        assert_eq!((model.price.input, model.price.output), (0.0, 2.0));
    }
}
