//! The answer is in another language.

use crate::dialect::{Answer, Ask, Format};
use crate::fault::Act;
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::luck::Draw;
use serde_json::{Map, Value};
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "wrong_language",
    family: Family::Content,
    about: "The answer is in another language than the one it was asked in; of a JSON object, all texts of several \
            words are. An object without any is left alone.",
    example: "{ wrong_language: chinese }",
    takes: &[Param::new("language", Takes::Word(&["german", "chinese"]), Some(Arg::Word("german")), "which")],
    make: Make::Act(|args| Arc::new(WrongLanguage(args.word("language")))),
};

#[derive(Debug)]
struct WrongLanguage(&'static str);

impl Act for WrongLanguage {
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        let Some(text) = answer.text_mut() else { return false };
        in_another_language(text, self.0).is_some_and(|other| {
            *text = other;
            true
        })
    }
}

/// What takes the place of a text in another language; `None`: there is no text in it.
pub(crate) fn in_another_language(text: &str, language: &str) -> Option<String> {
    let sentence = match language {
        "chinese" => "您好，您的请求已收到，我们会尽快处理。",
        _ => "Guten Tag, Ihre Anfrage ist bei uns eingegangen und wird so bald wie möglich bearbeitet.",
    };
    let Ok(mut fields) = serde_json::from_str::<Map<String, Value>>(text) else {
        return (!text.trim().is_empty()).then(|| sentence.to_owned());
    };
    let several_words = |value: &&mut Value| value.as_str().is_some_and(|text| text.trim().contains(' '));
    let mut changed = false;
    for value in fields.values_mut().filter(several_words) {
        *value = sentence.into();
        changed = true;
    }
    changed.then(|| Value::Object(fields).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_keeps_its_shape_and_its_single_words() {
        let other = in_another_language(r#"{"label":"bug","reason":"it does not work","n":1}"#, "chinese").unwrap();
        let fields: Map<String, Value> = serde_json::from_str(&other).unwrap();
        assert_eq!((&fields["label"], &fields["n"]), (&"bug".into(), &1.into()));
        assert!(fields["reason"].as_str().unwrap().starts_with('您'));
        assert_eq!(in_another_language(r#"{"label":"bug"}"#, "german"), None);
        assert!(in_another_language("hello there", "german").unwrap().contains("Anfrage"));
        assert_eq!(in_another_language(" ", "german"), None);
    }
}
