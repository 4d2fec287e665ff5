//! What a model says: right or wrong, keeping its schema or not, from where it was asked to go on, up to its cap.

use super::handler::Turn;
use super::{Model, Want};
use crate::dialect::{Ask, Finish, insists_on_schema};
use crate::fault::schema::break_schema;
use crate::fault::{Cause, Injection, SchemaBreak};
use crate::text::{first_tokens, tokens};
use rand::RngExt;

/// The answer a model gives, before it is put on the wire.
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) tokens: u32,
    pub(super) finish: Finish,
}

impl Turn<'_> {
    /// What the model says to this.
    pub(super) fn compose(
        &mut self,
        ask: &Ask<'_>,
        model: &Model,
        injected: Option<&(u32, Injection)>,
        body: &[u8],
        ids: [u64; 2],
    ) -> Answer {
        let silent = |finish| Answer { text: String::new(), tokens: 0, finish };
        match injected {
            Some((_, Injection::Refusal)) => return silent(Finish::Refused),
            Some((_, Injection::Error { cause: Cause::ContentPolicy, .. })) => {
                return silent(self.format.blocks_prompts_with_200().unwrap_or(Finish::Refused));
            }
            _ => {}
        }
        let setup = &self.provider.inner.setup;
        let names = [&*setup.name, &*ask.model];
        let right = setup.luck.unit("quality", &names, &ids) < model.quality;
        let want = if right { Want::Right } else { Want::Wrong };
        let mut text = (setup.answers)(&ask.prompt, ask.schema, want);

        if let Some(schema) = ask.schema {
            let mut draw = setup.luck.draw("schema", &names, &ids);
            match injected {
                Some((fault, injection @ Injection::Schema(kind))) => {
                    if let Some(broken) = break_schema(&text, *kind, schema, &mut draw) {
                        self.exchange.injected(*fault, injection);
                        text = broken;
                    }
                }
                _ if model.schema_adherence < 1.0 => {
                    let misses = 1.0 - model.schema_adherence;
                    let misses = if insists_on_schema(body) { misses / 2.0 } else { misses };
                    if draw.random::<f64>() < misses {
                        let kind = SchemaBreak::ALL[draw.random_range(0..SchemaBreak::ALL.len())];
                        if let Some(broken) = break_schema(&text, kind, schema, &mut draw) {
                            self.exchange.lapsed(kind.name());
                            text = broken;
                        }
                    }
                }
                _ => {}
            }
        }
        if let Some(rest) = ask.prefill.as_deref().and_then(|said| text.strip_prefix(said)) {
            text = rest.to_owned();
        }
        let mut finish = Finish::Stop;
        if let Some(most) = ask.max_tokens {
            let kept = first_tokens(&text, most).len();
            if kept < text.len() {
                text.truncate(kept);
                finish = Finish::Length;
            }
        }
        let tokens = u32::try_from(tokens(&text).count()).unwrap_or(u32::MAX);
        Answer { text, tokens, finish }
    }
}
