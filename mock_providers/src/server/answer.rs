//! What a model says: right or wrong, keeping its schema or not, from where it was asked to go on, up to its cap.

use super::handler::Turn;
use super::{Question, Said, Want};
use crate::dialect::{Answer, Ask, Finish, Part, insists_on_schema};
use crate::fault::Injection;
use crate::fault::SchemaBreak;
use crate::model::Model;
use crate::text::first_tokens;
use rand::RngExt;

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
        let setup = &self.provider.inner.setup;
        let names = [&*setup.name, &*ask.model];
        let right = setup.luck.unit("quality", &names, &ids) < model.quality;
        let want = if right { Want::Right } else { Want::Wrong };
        // Who has the result of a call answers with it.
        let tools = if ask.tool_result { &[][..] } else { &ask.tools };
        let question = Question { prompt: &ask.prompt, schema: ask.schema.as_deref(), tools, images: ask.images };
        let mut answer = match setup.answers.answer(&question, want) {
            Said::Text(text) => Answer::new(vec![Part::Text(text)], Finish::Stop),
            Said::Call { name, arguments } => Answer::new(vec![Part::Call { name, arguments }], Finish::ToolCall),
        };

        let mut draw = setup.luck.draw("schema", &names, &ids);
        let spoilt = injected.is_some_and(|(fault, injection)| {
            let spoilt = injection.act().say(&mut answer, ask, self.format, &mut draw);
            if spoilt {
                self.exchange.injected(*fault, injection);
            }
            spoilt
        });
        if !spoilt && ask.schema.is_some() && model.schema_adherence < 1.0 {
            let misses = 1.0 - model.schema_adherence;
            let misses = if insists_on_schema(body) { misses / 2.0 } else { misses };
            if draw.random::<f64>() < misses {
                let kind = SchemaBreak::ALL[draw.random_range(0..SchemaBreak::ALL.len())];
                if kind.spoil(&mut answer, ask, &mut draw) {
                    self.exchange.lapsed(kind.ledger_name());
                }
            }
        }
        go_on(&mut answer, ask);
        stop(&mut answer, ask);
        cap(&mut answer, ask);
        answer
    }
}

/// Leaves out what the client has already.
fn go_on(answer: &mut Answer, ask: &Ask<'_>) {
    if let Some((said, text)) = ask.prefill.as_deref().zip(answer.text_mut())
        && text.starts_with(said)
    {
        text.drain(..said.len());
    }
}

/// Ends the answer before the first stop text.
fn stop(answer: &mut Answer, ask: &Ask<'_>) {
    let Some(text) = answer.text_mut() else { return };
    let stops = ask.stop.iter().filter(|stop| !stop.is_empty());
    let Some((at, stop)) = stops.filter_map(|stop| Some((text.find(&**stop)?, stop))).min_by_key(|(at, _)| *at) else {
        return;
    };
    text.truncate(at);
    answer.finish = Finish::StopString;
    answer.stop_string = Some(stop.clone().into_owned());
}

/// Ends the answer at the token cap.
fn cap(answer: &mut Answer, ask: &Ask<'_>) {
    let Some(most) = ask.max_tokens else { return };
    let mut left = most;
    for part in &mut answer.parts {
        let (Part::Text(text) | Part::Call { arguments: text, .. }) = part;
        let kept = first_tokens(text, left).len();
        if kept < text.len() {
            text.truncate(kept);
            answer.finish = Finish::Length;
            answer.stop_string = None;
        }
        left = left.saturating_sub(u32::try_from(crate::text::tokens(text).count()).unwrap_or(u32::MAX));
    }
}
