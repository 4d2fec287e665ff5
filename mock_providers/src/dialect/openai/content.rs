//! What the requests of the family have in common: texts of several shapes, tools, and the choice among them.

use crate::dialect::Tool;
use crate::dialect::prompt::Str;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// What an image counts for, whatever its size: a square of 1024 pixels in high detail.
pub(super) const IMAGE_TOKENS: u32 = 765;

/// A text that is a string, a list of parts, or null, and the images among the parts.
#[derive(Debug, Default)]
pub(super) struct Content<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) images: u32,
}

/// A text, several of them, or null.
#[derive(Debug, Default)]
pub(super) struct Texts<'a>(pub(super) Vec<Cow<'a, str>>);

#[derive(serde::Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    r#type: Option<Str<'a>>,
    #[serde(borrow)]
    text: Option<Str<'a>>,
}

/// Which tools may be called: a word (`auto`, `none`, …) or one tool by name.
#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(super) enum ToolChoice<'a> {
    Word(#[serde(borrow)] Str<'a>),
    Tool(#[serde(borrow)] Function<'a>),
}

/// A tool, in chat with its `function` around it, in responses without.
#[derive(serde::Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    function: Option<NameOnly<'a>>,
    #[serde(borrow)]
    name: Option<Str<'a>>,
}

#[derive(serde::Deserialize)]
struct NameOnly<'a> {
    #[serde(borrow)]
    name: Option<Str<'a>>,
}

/// The function of a tool.
#[derive(serde::Deserialize)]
pub(super) struct Definition<'a> {
    #[serde(borrow)]
    name: Option<Str<'a>>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
}

/// The tools that may be called. What is no function (a vendor's own search, say) is none that a client could run.
pub(super) fn offered<'a>(
    tools: impl IntoIterator<Item = Definition<'a>>,
    choice: Option<ToolChoice<'a>>,
) -> Vec<Tool<'a>> {
    let only = match choice {
        Some(ToolChoice::Word(Str(word))) if word == "none" => return Vec::new(),
        Some(ToolChoice::Tool(Function { function, name })) => function.and_then(|f| f.name).or(name),
        Some(ToolChoice::Word(_)) | None => None,
    };
    let mut tools: Vec<_> = tools
        .into_iter()
        .filter_map(|Definition { name, parameters }| Some(Tool { name: name?.0, parameters }))
        .collect();
    if let Some(Str(only)) = only {
        tools.retain(|tool| tool.name == only);
    }
    tools
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of content parts")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Content { text: Cow::Borrowed(text), images: 0 })
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content { text: Cow::Owned(text.to_owned()), images: 0 })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Content::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut content = Content::default();
        while let Some(part) = seq.next_element::<Part<'de>>()? {
            let is_image = |Str(kind): &Str<'_>| matches!(&**kind, "image_url" | "input_image");
            content.images += u32::from(part.r#type.as_ref().is_some_and(is_image));
            match part.text {
                None => {}
                Some(Str(text)) if content.text.is_empty() => content.text = text,
                Some(Str(text)) => content.text.to_mut().push_str(&text),
            }
        }
        Ok(content)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Vec<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(vec![Cow::Borrowed(text)])
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(vec![Cow::Owned(text.to_owned())])
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(Str(text)) = seq.next_element::<Str<'de>>()? {
            texts.push(text);
        }
        Ok(texts)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor).map(Self)
    }
}
