//! What a request says.

use crate::dialect::parts::{Part, Parts, Talk, Turn};
use crate::dialect::prompt::{Role, Str};
use crate::dialect::{Ask, Place, Tool, Unreadable};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What an image counts for.
const TOKENS_PER_IMAGE: u32 = 1600;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    messages: Option<Vec<Message<'a>>>,
    #[serde(borrow, default)]
    system: Parts<'a, Block<'a>>,
    #[serde(borrow)]
    inference_config: Option<InferenceConfig<'a>>,
    #[serde(borrow)]
    tool_config: Option<ToolConfig<'a>>,
    #[serde(borrow)]
    output_config: Option<OutputConfig<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Str<'a>,
    #[serde(borrow, default)]
    content: Parts<'a, Block<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block<'a> {
    #[serde(borrow)]
    text: Option<Str<'a>>,
    image: Option<IgnoredAny>,
    #[serde(borrow)]
    tool_use: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_result: Option<ToolResult<'a>>,
}

#[derive(Deserialize)]
struct ToolResult<'a> {
    #[serde(borrow, default)]
    content: Parts<'a, ResultBlock<'a>>,
}

#[derive(Deserialize)]
struct ResultBlock<'a> {
    #[serde(borrow)]
    text: Option<Str<'a>>,
    #[serde(borrow)]
    json: Option<&'a RawValue>,
    image: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct InferenceConfig<'a> {
    max_tokens: Option<u32>,
    #[serde(borrow)]
    stop_sequences: Option<Vec<Str<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig<'a> {
    #[serde(borrow)]
    tools: Option<Vec<Offered<'a>>>,
    #[serde(borrow)]
    tool_choice: Option<ToolChoice<'a>>,
}

/// A tool, or a mark between tools.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offered<'a> {
    #[serde(borrow)]
    tool_spec: Option<ToolSpec<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolSpec<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    input_schema: Option<InputSchema<'a>>,
}

#[derive(Deserialize)]
struct InputSchema<'a> {
    #[serde(borrow)]
    json: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ToolChoice<'a> {
    #[serde(borrow)]
    tool: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Str<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutputConfig<'a> {
    #[serde(borrow)]
    text_format: Option<TextFormat<'a>>,
}

#[derive(Deserialize)]
struct TextFormat<'a> {
    #[serde(borrow)]
    structure: Option<Structure<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Structure<'a> {
    #[serde(borrow)]
    json_schema: Option<JsonSchema<'a>>,
}

#[derive(Deserialize)]
struct JsonSchema<'a> {
    /// A string that holds the schema.
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

impl<'a> Part<'a> for Block<'a> {
    fn join(self, turn: &mut Turn<'a>) {
        turn.images += u32::from(self.image.is_some());
        turn.silent += self.tool_use.map_or(0, |call| call.get().len());
        if let Some(result) = self.tool_result {
            turn.tool_result = true;
            turn.silent += result.content.turn.text.len() + result.content.turn.silent;
            turn.images += result.content.turn.images;
        }
        if let Some(Str(text)) = self.text {
            turn.say(text);
        }
    }
}

impl<'a> Part<'a> for ResultBlock<'a> {
    fn join(self, turn: &mut Turn<'a>) {
        turn.images += u32::from(self.image.is_some());
        turn.silent += self.json.map_or(0, |json| json.get().len());
        if let Some(Str(text)) = self.text {
            turn.say(text);
        }
    }
}

pub(super) fn read<'a>(place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
    let request: Request<'a> = serde_json::from_slice(body)?;
    let messages = request.messages.filter(|m| !m.is_empty()).ok_or(Unreadable::Missing("messages"))?;
    let mut talk = Talk::default();
    talk.turn(Role::Other, request.system.turn);
    for Message { role, content } in messages {
        let role = if role.0 == "assistant" { Role::Assistant } else { Role::User };
        talk.turn(role, content.turn);
    }
    let config = request.inference_config.unwrap_or_default();
    let format = request.output_config.and_then(|c| c.text_format).and_then(|f| f.structure);
    Ok(Ask {
        model: percent_decode_str(place.model).decode_utf8_lossy(),
        stream: place.stream,
        schema: format.and_then(|s| s.json_schema).and_then(|s| s.schema).and_then(unwrapped),
        tools: request.tool_config.map(tools).unwrap_or_default(),
        max_tokens: config.max_tokens,
        stop: config.stop_sequences.unwrap_or_default().into_iter().map(|Str(stop)| stop).collect(),
        ..talk.ask(TOKENS_PER_IMAGE)
    })
}

/// A schema out of the string that holds it; one that stands there as it is will do.
fn unwrapped(schema: &RawValue) -> Option<Cow<'_, RawValue>> {
    if !schema.get().starts_with('"') {
        return Some(Cow::Borrowed(schema));
    }
    let schema: String = serde_json::from_str(schema.get()).ok()?;
    RawValue::from_string(schema).ok().map(Cow::Owned)
}

/// The tools that may be called, given what the request makes of them.
fn tools<'a>(config: ToolConfig<'a>) -> Vec<Tool<'a>> {
    let only = config.tool_choice.and_then(|choice| choice.tool);
    let offered = config.tools.unwrap_or_default().into_iter().filter_map(|tool| tool.tool_spec);
    let chosen = offered.filter(|tool| only.as_ref().is_none_or(|only| only.name.0 == tool.name.0));
    let tool = |tool: ToolSpec<'a>| Tool { name: tool.name.0, parameters: tool.input_schema.and_then(|s| s.json) };
    chosen.map(tool).collect()
}
