//! What a model says: right or wrong, keeping its schema and its instructions or not, from where it was asked to go on,
//! up to a stop text, its cap or the end of its window.

use super::handler::Turn;
use super::{Question, Said, Want};
use crate::dialect::{Answer, Ask, Finish, Part, insists_on_schema};
use crate::fault::{Injection, SchemaBreak, in_another_language};
use crate::model::Model;
use crate::text::{first_tokens, tokens};
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
        if ask.json && ask.schema.is_none() {
            into_json(&mut answer);
        }

        let mut draw = setup.luck.draw("schema", &names, &ids);
        let spoilt = injected.is_some_and(|(fault, injection)| {
            let spoilt = injection.act().say(&mut answer, ask, self.format, &mut draw);
            if spoilt {
                self.exchange.injected(*fault, injection);
            }
            spoilt
        });
        let mut lapsed = spoilt;
        if !lapsed && ask.schema.is_some() && model.schema_adherence < 1.0 {
            let misses = 1.0 - model.schema_adherence;
            let misses = if insists_on_schema(body) { misses / 2.0 } else { misses };
            if draw.random::<f64>() < misses {
                let kind = SchemaBreak::LAPSES[draw.random_range(0..SchemaBreak::LAPSES.len())];
                if kind.spoil(&mut answer, ask, &mut draw) {
                    self.exchange.lapsed(kind.ledger_name());
                    lapsed = true;
                }
            }
        }
        let mut stops = true;
        if !lapsed && model.instruction_following < 1.0 {
            let mut draw = setup.luck.draw("instructions", &names, &ids);
            if draw.random::<f64>() >= model.instruction_following {
                let lapses = Lapse::of(&answer, ask);
                let lapse = lapses.get(draw.random_range(0..lapses.len().max(1)));
                if let Some(lapse) = lapse.filter(|lapse| lapse.spoil(&mut answer, ask)) {
                    self.exchange.lapsed(lapse.ledger_name());
                    stops = *lapse != Lapse::IgnoredStop;
                }
            }
        }
        if let Some((fault, injection)) = injected.filter(|_| ask.prefill.is_some()) {
            if go_on(&mut answer, ask, |said, rest| injection.act().go_on(said, rest)) {
                self.exchange.injected(*fault, injection);
            }
        } else {
            go_on(&mut answer, ask, |_, _| None);
        }
        if !answer.endless {
            if stops {
                stop(&mut answer, ask);
            }
            cap(&mut answer, ask, model.context);
        }
        answer
    }
}

/// How a model does not do as it was told, schemas apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lapse {
    Fenced,
    Prose,
    IgnoredStop,
    WrongLanguage,
}

impl Lapse {
    /// Those that are possible here, in the order in which luck picks one.
    fn of(answer: &Answer, ask: &Ask<'_>) -> Vec<Self> {
        let text = answer.parts.iter().find_map(|part| match part {
            Part::Text(text) => Some(text),
            Part::Call { .. } => None,
        });
        let Some(text) = text else { return Vec::new() };
        let json = ask.json || ask.schema.is_some();
        let stops = first_stop(text, ask).is_some();
        let all = [(Self::Fenced, json), (Self::Prose, json), (Self::IgnoredStop, stops), (Self::WrongLanguage, true)];
        all.into_iter().filter(|(_, possible)| *possible).map(|(lapse, _)| lapse).collect()
    }

    /// Does it. Says whether there was anything to do.
    fn spoil(self, answer: &mut Answer, ask: &Ask<'_>) -> bool {
        let Some(text) = answer.text_mut() else { return false };
        let spoilt = match self {
            Self::Fenced => Some(SchemaBreak::fence(text)),
            Self::Prose => Some(SchemaBreak::amid_prose(text)),
            Self::IgnoredStop => return first_stop(text, ask).is_some(),
            Self::WrongLanguage => in_another_language(text, "german"),
        };
        spoilt.is_some_and(|spoilt| {
            *text = spoilt;
            true
        })
    }

    /// Its short name, as it stands in the ledger.
    fn ledger_name(self) -> &'static str {
        match self {
            Self::Fenced => "instruction_fenced",
            Self::Prose => "instruction_prose",
            Self::IgnoredStop => "instruction_ignored_stop",
            Self::WrongLanguage => "instruction_wrong_language",
        }
    }
}

/// What is asked for as JSON without a schema is put into an object, unless it is JSON anyway.
fn into_json(answer: &mut Answer) {
    if let Some(text) = answer.text_mut()
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
    {
        *text = serde_json::json!({ "answer": *text }).to_string();
    }
}

/// Leaves out what the client has already, or goes on in another way. Says whether it was another.
fn go_on(answer: &mut Answer, ask: &Ask<'_>, otherwise: impl FnOnce(&str, &str) -> Option<String>) -> bool {
    let Some((said, text)) = ask.prefill.as_deref().zip(answer.text_mut()) else { return false };
    let rest = text.strip_prefix(said);
    if let Some(other) = otherwise(said, rest.unwrap_or(text)) {
        *text = other;
        return true;
    }
    if rest.is_some() {
        text.drain(..said.len());
    } else if said.starts_with(&**text) {
        // An answer that was cut short of what the client has already has nothing to add.
        text.clear();
    }
    false
}

/// Where the first stop text comes up, and which it is.
fn first_stop<'a>(text: &str, ask: &'a Ask<'_>) -> Option<(usize, &'a str)> {
    let stops = ask.stop.iter().filter(|stop| !stop.is_empty());
    stops.filter_map(|stop| Some((text.find(&**stop)?, &**stop))).min_by_key(|(at, _)| *at)
}

/// Ends the answer before the first stop text.
fn stop(answer: &mut Answer, ask: &Ask<'_>) {
    let Some(text) = answer.text_mut() else { return };
    let Some((at, stop)) = first_stop(text, ask) else { return };
    text.truncate(at);
    answer.finish = Finish::StopString;
    answer.stop_string = Some(stop.to_owned());
}

/// Ends the answer at the token cap, or where prompt and answer fill the window.
fn cap(answer: &mut Answer, ask: &Ask<'_>, context: u32) {
    let window = context.saturating_sub(ask.prompt_tokens);
    let (most, finish) = match ask.max_tokens {
        Some(most) if most <= window => (most, Finish::Length),
        _ => (window, Finish::WindowFull),
    };
    let bytes: usize = answer.parts.iter().map(|part| part.text().len()).sum();
    // A token has at least one byte, so most answers need no counting.
    if u32::try_from(bytes).is_ok_and(|bytes| bytes <= most) {
        return;
    }
    let mut left = most;
    for part in &mut answer.parts {
        let (Part::Text(text) | Part::Call { arguments: text, .. }) = part;
        let kept = first_tokens(text, left).len();
        if kept < text.len() {
            text.truncate(kept);
            (answer.finish, answer.stop_string) = (finish, None);
        }
        left = left.saturating_sub(u32::try_from(tokens(text).count()).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "one two three four five";

    fn said(text: &str) -> Answer {
        Answer::new(vec![Part::Text(text.to_owned())], Finish::Stop)
    }

    fn stopping_at(stops: &[&'static str]) -> Ask<'static> {
        Ask { stop: stops.iter().map(|stop| (*stop).into()).collect(), ..Ask::default() }
    }

    #[test]
    fn an_answer_ends_before_the_first_stop_text_and_says_which_it_was() {
        let table: [(&[&'static str], &str, Option<&str>); 5] = [
            (&[], TEXT, None),
            (&["nine"], TEXT, None),
            (&["four", "three"], "one two ", Some("three")),
            (&["", " t"], "one", Some(" t")),
            (&["one"], "", Some("one")),
        ];
        for (stops, text, stop_string) in table {
            let mut answer = said(TEXT);
            stop(&mut answer, &stopping_at(stops));
            let finish = if stop_string.is_some() { Finish::StopString } else { Finish::Stop };
            assert_eq!((answer.parts[0].text(), answer.finish), (text, finish), "{stops:?}");
            assert_eq!(answer.stop_string.as_deref(), stop_string);
        }
    }

    #[test]
    fn an_answer_ends_at_its_cap_or_where_the_window_is_full_whichever_comes_first() {
        let table = [
            (None, 100, 5, Finish::Stop),
            (Some(5), 100, 5, Finish::Stop),
            (Some(2), 100, 2, Finish::Length),
            (None, 13, 3, Finish::WindowFull),
            (Some(3), 13, 3, Finish::Length),
            (Some(4), 13, 3, Finish::WindowFull),
            (Some(4), 10, 0, Finish::WindowFull),
        ];
        for (max_tokens, context, said_tokens, finish) in table {
            let ask = Ask { prompt_tokens: 10, max_tokens, ..Ask::default() };
            let mut answer = said(TEXT);
            cap(&mut answer, &ask, context);
            assert_eq!((answer.tokens(), answer.finish), (said_tokens, finish), "{max_tokens:?} {context}");
        }
    }

    #[test]
    fn a_cap_counts_all_parts_of_an_answer() {
        let call = Part::Call { name: "f".into(), arguments: r#"{"a":1}"#.into() };
        let mut answer = Answer::new(vec![Part::Text("one two".into()), call], Finish::ToolCall);
        cap(&mut answer, &Ask { max_tokens: Some(2), ..Ask::default() }, 100);
        assert_eq!((answer.parts[0].text(), answer.parts[1].text(), answer.finish), ("one two", "", Finish::Length));
    }

    #[test]
    fn what_is_asked_for_as_json_is_json() {
        for (text, wanted) in
            [("say \"hi\"", r#"{"answer":"say \"hi\""}"#), (r#"{"a":1}"#, r#"{"a":1}"#), ("[1]", "[1]")]
        {
            let mut answer = said(text);
            into_json(&mut answer);
            assert_eq!(answer.parts[0].text(), wanted);
        }
    }

    #[test]
    fn a_model_can_only_lapse_from_what_it_was_told() {
        let lapses = |text: &str, ask: &Ask<'_>| Lapse::of(&said(text), ask);
        assert_eq!(lapses(TEXT, &Ask::default()), [Lapse::WrongLanguage]);
        assert_eq!(lapses(TEXT, &stopping_at(&["three"])), [Lapse::IgnoredStop, Lapse::WrongLanguage]);
        assert_eq!(lapses(TEXT, &stopping_at(&["nine"])), [Lapse::WrongLanguage]);
        let json = Ask { json: true, ..Ask::default() };
        assert_eq!(lapses("{}", &json), [Lapse::Fenced, Lapse::Prose, Lapse::WrongLanguage]);
        let mut answer = said("{}");
        assert!(Lapse::Fenced.spoil(&mut answer, &json) && answer.parts[0].text().starts_with("```json"));
        assert!(!Lapse::WrongLanguage.spoil(&mut said("{}"), &json));
        let call = Answer::new(vec![Part::Call { name: "f".into(), arguments: "{}".into() }], Finish::ToolCall);
        assert_eq!(Lapse::of(&call, &json), []);
    }

    #[test]
    fn a_partial_answer_is_gone_on_with_where_it_fits() {
        for (begun, rest) in [("one two", " three four five"), ("something else", TEXT), ("", TEXT), (TEXT, "")] {
            let mut answer = said(TEXT);
            let ask = Ask { prefill: Some(begun.into()), ..Ask::default() };
            assert!(!go_on(&mut answer, &ask, |_, _| None));
            assert_eq!(answer.parts[0].text(), rest, "{begun}");
        }
    }
}
