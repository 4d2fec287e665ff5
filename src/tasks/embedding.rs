//! Turn a passage into a vector.
//!
//! A vector is knowable too: a mock computes it from the model and the text. It is right if it is that of the model the
//! client works with: the vector of another model does not compare with what is stored, however good it is.

use super::Said;
use super::judge::Given;
use crate::event::Judged;
use mock_providers::luck::Draw;
use rand::RngExt;

const SYSTEM: &str = "Passages of a handbook.";

/// How many dimensions are asked for: few, since a drill sends thousands of them.
const DIMENSIONS: u32 = 64;

const SUBJECTS: [&str; 6] = ["The breaker", "A probe", "The queue", "A retry", "The deadline", "A fallback"];
const VERBS: [&str; 5] = ["protects", "delays", "costs", "hides", "outlives"];
const OBJECTS: [&str; 6] =
    ["the caller", "its provider", "the slowest request", "an outage", "the budget", "its chain"];

/// The vector that a model makes of a text.
fn known(model: &str, text: &str) -> Vec<f32> {
    mock_providers::text::embedding(model, text, DIMENSIONS as usize)
}

pub(super) struct Job;

impl super::Job for Job {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn dimensions(&self) -> Option<u32> {
        Some(DIMENSIONS)
    }

    fn prompt(&self, draw: &mut Draw) -> String {
        let number: u32 = draw.random_range(1..10_000);
        let subject = SUBJECTS[draw.random_range(0..SUBJECTS.len())];
        let verb = VERBS[draw.random_range(0..VERBS.len())];
        let object = OBJECTS[draw.random_range(0..OBJECTS.len())];
        format!("Passage {number}: {subject} {verb} {object}.")
    }

    fn answer(&self, _prompt: &str, _right: bool) -> Option<Said> {
        // Nobody says a vector; the mocks compute it.
        None
    }

    fn judge(&self, prompt: &str, given: &Given, model: Option<&str>) -> Judged {
        let Some(vector) = &given.vector else { return Judged::SchemaViolation };
        let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let is_unit = (length - 1.0).abs() <= 1e-3;
        if vector.len() != DIMENSIONS as usize || !is_unit {
            return Judged::SchemaViolation;
        }
        let near = |known: &[f32]| known.iter().zip(vector).all(|(a, b)| (a - b).abs() < 1e-6);
        match model.map(|model| known(model, prompt)) {
            Some(known) if !near(&known) => Judged::Wrong,
            _ => Judged::Right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::Task;

    fn judged(vector: Option<Vec<f32>>) -> Judged {
        let given = Given { vector, ..Given::default() };
        Task::Embedding.judge("Passage 7: A probe costs its chain.", &given, Some("text-embedding-3-small"))
    }

    #[test]
    fn only_a_vector_of_the_right_size_and_length_has_the_shape_that_was_asked_for() {
        let unit = |n: usize| (0..n).map(|i| if i == 3 { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
        assert_ne!(judged(Some(unit(64))), Judged::SchemaViolation);
        assert_eq!(judged(Some(unit(63))), Judged::SchemaViolation);
        assert_eq!(judged(Some(vec![0.0; 64])), Judged::SchemaViolation);
        assert_eq!(judged(Some(vec![f32::NAN; 64])), Judged::SchemaViolation);
        assert_eq!(judged(Some(Vec::new())), Judged::SchemaViolation);
        assert_eq!(judged(None), Judged::SchemaViolation);
    }

    #[test]
    fn only_the_vector_of_the_model_that_the_client_works_with_is_right() {
        let text = "Passage 7: A probe costs its chain.";
        assert_eq!(judged(Some(known("text-embedding-3-small", text))), Judged::Right);
        assert_eq!(judged(Some(known("text-embedding-3-large", text))), Judged::Wrong);
        assert_eq!(judged(Some(known("text-embedding-3-small", "Another passage."))), Judged::Wrong);
    }
}
