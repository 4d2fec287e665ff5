//! What a request says.

use crate::dialect::parts::{Part, Parts, Talk, Turn};
use crate::dialect::prompt::{Role, Str, Text};
use crate::dialect::{Ask, Tool, Unreadable};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What an image counts for, about one of the size to which the vendor scales larger ones down.
const TOKENS_PER_IMAGE: u32 = 1600;

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    model: Option<Str<'a>>,
    #[serde(borrow)]
    messages: Option<Vec<Message<'a>>>,
    #[serde(borrow, default)]
    system: Text<'a>,
    max_tokens: Option<u32>,
    stream: Option<bool>,
    #[serde(borrow)]
    stop_sequences: Option<Vec<Str<'a>>>,
    #[serde(borrow)]
    tools: Option<Vec<Offered<'a>>>,
    #[serde(borrow)]
    tool_choice: Option<ToolChoice<'a>>,
    #[serde(borrow)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow)]
    output_config: Option<OutputConfig<'a>>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    temperature: Option<IgnoredAny>,
    top_p: Option<IgnoredAny>,
    top_k: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Str<'a>,
    #[serde(borrow, default)]
    content: Parts<'a, Block<'a>>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default)]
    r#type: Str<'a>,
    #[serde(borrow)]
    text: Option<Str<'a>>,
    /// The arguments of a tool call.
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    /// The result of a tool call; other kinds of blocks have a content of other shapes.
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ResultBlock<'a> {
    #[serde(borrow, default)]
    r#type: Str<'a>,
    #[serde(borrow)]
    text: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Offered<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    input_schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ToolChoice<'a> {
    #[serde(borrow)]
    r#type: Str<'a>,
    #[serde(borrow)]
    name: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    user_id: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Thinking {
    budget_tokens: Option<u32>,
}

#[derive(Deserialize)]
struct OutputConfig<'a> {
    #[serde(borrow)]
    format: Option<OutputFormat<'a>>,
}

#[derive(Deserialize)]
struct OutputFormat<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

impl<'a> Part<'a> for Block<'a> {
    const OR_TEXT: bool = true;

    fn join(self, turn: &mut Turn<'a>) {
        match &*self.r#type.0 {
            "image" => turn.images += 1,
            "tool_use" => turn.silent += self.input.map_or(0, |input| input.get().len()),
            "tool_result" => {
                turn.tool_result = true;
                let content =
                    self.content.map(|content| serde_json::from_str::<Parts<'_, ResultBlock<'_>>>(content.get()));
                if let Some(Ok(Parts { turn: result, .. })) = content {
                    turn.silent += result.text.len();
                    turn.images += result.images;
                }
            }
            _ => {
                if let Some(Str(text)) = self.text {
                    turn.say(text);
                }
            }
        }
    }
}

impl<'a> Part<'a> for ResultBlock<'a> {
    const OR_TEXT: bool = true;

    fn join(self, turn: &mut Turn<'a>) {
        turn.images += u32::from(self.r#type.0 == "image");
        if let Some(Str(text)) = self.text {
            turn.say(text);
        }
    }
}

pub(super) fn read(body: &[u8]) -> Result<Ask<'_>, Unreadable> {
    let request: Request<'_> = serde_json::from_slice(body)?;
    let Str(model) = request.model.ok_or(Unreadable::Missing("model"))?;
    let max_tokens = request.max_tokens.ok_or(Unreadable::Missing("max_tokens"))?;
    let messages = request.messages.filter(|m| !m.is_empty()).ok_or(Unreadable::Missing("messages"))?;
    let mut talk = Talk::default();
    talk.turn(Role::Other, Turn { text: request.system.0, ..Turn::default() });
    for Message { role, content } in messages {
        let role = match &*role.0 {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => Role::Other,
        };
        talk.turn(role, content.turn);
    }
    let thinking = request.thinking.and_then(|thinking| serde_json::from_str::<Thinking>(thinking.get()).ok());
    let sampling = [("temperature", request.temperature), ("top_p", request.top_p), ("top_k", request.top_k)];
    Ok(Ask {
        model,
        stream: request.stream.unwrap_or_default(),
        schema: request.output_config.and_then(|c| c.format).and_then(|f| f.schema).map(Cow::Borrowed),
        tools: tools(request.tools.unwrap_or_default(), request.tool_choice),
        max_tokens: Some(max_tokens),
        thinking_budget: thinking.and_then(|thinking| thinking.budget_tokens),
        stop: request.stop_sequences.unwrap_or_default().into_iter().map(|Str(stop)| stop).collect(),
        sampling: sampling.into_iter().find_map(|(name, value)| value.map(|_| name)),
        user: request.metadata.and_then(|m| m.user_id).map(|Str(user)| user),
        ..talk.ask(TOKENS_PER_IMAGE)
    })
}

/// The tools that may be called, given what the request makes of them.
fn tools<'a>(offered: Vec<Offered<'a>>, choice: Option<ToolChoice<'a>>) -> Vec<Tool<'a>> {
    let only = match choice {
        Some(ToolChoice { r#type: Str(kind), .. }) if kind == "none" => return Vec::new(),
        Some(ToolChoice { r#type: Str(kind), name }) if kind == "tool" => name,
        _ => None,
    };
    let chosen = offered.into_iter().filter(|tool| only.as_ref().is_none_or(|Str(only)| *only == tool.name.0));
    chosen.map(|tool| Tool { name: tool.name.0, parameters: tool.input_schema }).collect()
}
