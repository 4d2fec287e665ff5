//! What a request says.

use crate::dialect::parts::{Talk, Turn};
use crate::dialect::prompt::{Role, Str};
use crate::dialect::{Ask, Tool, Unreadable};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What an image counts for: the patches of the usual encoder.
const TOKENS_PER_IMAGE: u32 = 576;

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    model: Option<Str<'a>>,
    #[serde(borrow)]
    messages: Option<Vec<Message<'a>>>,
    stream: Option<bool>,
    #[serde(borrow)]
    format: Option<&'a RawValue>,
    #[serde(borrow)]
    tools: Option<Vec<Offered<'a>>>,
    #[serde(borrow)]
    options: Option<Options<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Str<'a>,
    #[serde(borrow)]
    content: Option<Str<'a>>,
    images: Option<Vec<IgnoredAny>>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Offered<'a> {
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Options<'a> {
    /// What is negative is no cap.
    num_predict: Option<i64>,
    #[serde(borrow)]
    stop: Option<Vec<Str<'a>>>,
}

pub(super) fn read(body: &[u8]) -> Result<Ask<'_>, Unreadable> {
    let request: Request<'_> = serde_json::from_slice(body)?;
    let Str(model) = request.model.ok_or(Unreadable::Missing("model"))?;
    let messages = request.messages.filter(|m| !m.is_empty()).ok_or(Unreadable::Missing("messages"))?;
    let mut talk = Talk::default();
    for Message { role, content, images, tool_calls } in messages {
        let text = content.unwrap_or_default().0;
        let mut turn = Turn {
            silent: tool_calls.map_or(0, |calls| calls.get().len()),
            images: images.map_or(0, |images| u32::try_from(images.len()).unwrap_or(u32::MAX)),
            tool_result: role.0 == "tool",
            ..Turn::default()
        };
        turn.say(text);
        let role = match &*role.0 {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => Role::Other,
        };
        talk.turn(role, turn);
    }
    let options = request.options.unwrap_or_default();
    let tools = request.tools.unwrap_or_default().into_iter().map(|tool| tool.function);
    Ok(Ask {
        model,
        stream: request.stream.unwrap_or(true),
        json: request.format.is_some_and(|format| format.get() == "\"json\""),
        schema: request.format.filter(|format| format.get().starts_with('{')).map(Cow::Borrowed),
        tools: tools.map(|tool| Tool { name: tool.name.0, parameters: tool.parameters }).collect(),
        max_tokens: options.num_predict.and_then(|cap| u32::try_from(cap).ok()),
        stop: options.stop.unwrap_or_default().into_iter().map(|Str(stop)| stop).collect(),
        ..talk.ask(TOKENS_PER_IMAGE)
    })
}
