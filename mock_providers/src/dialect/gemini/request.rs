//! What a request says. The vendor takes the names of its fields in two spellings.

use crate::dialect::parts::{Part, Parts, Talk, Turn};
use crate::dialect::prompt::{Role, Str};
use crate::dialect::{Ask, Place, Tool, Unreadable};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What an image counts for; larger ones are cut into tiles of so many each.
const TOKENS_PER_IMAGE: u32 = 258;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    contents: Option<Vec<Content<'a>>>,
    #[serde(borrow, alias = "system_instruction")]
    system_instruction: Option<Content<'a>>,
    #[serde(borrow, alias = "generation_config")]
    generation_config: Option<GenerationConfig<'a>>,
    #[serde(borrow)]
    tools: Option<Vec<Offered<'a>>>,
    #[serde(borrow, alias = "tool_config")]
    tool_config: Option<ToolConfig<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    role: Option<Str<'a>>,
    #[serde(borrow, default)]
    parts: Parts<'a, ContentPart<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContentPart<'a> {
    #[serde(borrow)]
    text: Option<Str<'a>>,
    #[serde(borrow, alias = "inline_data")]
    inline_data: Option<Media<'a>>,
    #[serde(borrow, alias = "file_data")]
    file_data: Option<Media<'a>>,
    #[serde(borrow, alias = "function_call")]
    function_call: Option<&'a RawValue>,
    #[serde(borrow, alias = "function_response")]
    function_response: Option<&'a RawValue>,
    /// The text is a thought of an earlier answer.
    thought: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Media<'a> {
    #[serde(borrow, alias = "mime_type")]
    mime_type: Option<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(alias = "max_output_tokens")]
    max_output_tokens: Option<u32>,
    #[serde(borrow, alias = "stop_sequences")]
    stop_sequences: Option<Vec<Str<'a>>>,
    #[serde(borrow, alias = "response_mime_type")]
    response_mime_type: Option<Str<'a>>,
    #[serde(borrow, alias = "response_schema")]
    response_schema: Option<&'a RawValue>,
    #[serde(borrow, alias = "response_json_schema")]
    response_json_schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offered<'a> {
    #[serde(borrow, alias = "function_declarations")]
    function_declarations: Option<Vec<Declaration<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
    #[serde(borrow, alias = "parameters_json_schema")]
    parameters_json_schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig<'a> {
    #[serde(borrow, alias = "function_calling_config")]
    function_calling_config: Option<CallingConfig<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallingConfig<'a> {
    #[serde(borrow)]
    mode: Option<Str<'a>>,
    #[serde(borrow, alias = "allowed_function_names")]
    allowed_function_names: Option<Vec<Str<'a>>>,
}

impl<'a> Part<'a> for ContentPart<'a> {
    fn join(self, turn: &mut Turn<'a>) {
        let image = |media: Media<'_>| media.mime_type.is_none_or(|Str(kind)| kind.starts_with("image/"));
        turn.images += u32::from(self.inline_data.or(self.file_data).is_some_and(image));
        turn.tool_result |= self.function_response.is_some();
        turn.silent += self.function_call.or(self.function_response).map_or(0, |call| call.get().len());
        if let Some(Str(text)) = self.text.filter(|_| self.thought != Some(true)) {
            turn.say(text);
        }
    }
}

pub(super) fn read<'a>(place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
    let request: Request<'a> = serde_json::from_slice(body)?;
    let contents = request.contents.filter(|c| !c.is_empty()).ok_or(Unreadable::Missing("contents"))?;
    let mut talk = Talk::default();
    if let Some(system) = request.system_instruction {
        talk.turn(Role::Other, system.parts.turn);
    }
    for Content { role, parts } in contents {
        let role = match role.as_ref().map(|Str(role)| &**role) {
            Some("user") | None => Role::User,
            Some("model") => Role::Assistant,
            Some(_) => Role::Other,
        };
        talk.turn(role, parts.turn);
    }
    let config = request.generation_config.unwrap_or_default();
    let schema = config.response_json_schema.or(config.response_schema);
    Ok(Ask {
        model: Cow::Borrowed(place.model),
        stream: place.stream,
        json: schema.is_none() && config.response_mime_type.is_some_and(|Str(kind)| kind == "application/json"),
        schema: schema.map(Cow::Borrowed),
        tools: tools(request.tools.unwrap_or_default(), request.tool_config),
        max_tokens: config.max_output_tokens,
        stop: config.stop_sequences.unwrap_or_default().into_iter().map(|Str(stop)| stop).collect(),
        array: place.array,
        ..talk.ask(TOKENS_PER_IMAGE)
    })
}

/// The tools that may be called, given what the request makes of them.
fn tools<'a>(offered: Vec<Offered<'a>>, config: Option<ToolConfig<'a>>) -> Vec<Tool<'a>> {
    let calling = config.and_then(|config| config.function_calling_config);
    let (mode, allowed) = calling.map_or((None, None), |calling| (calling.mode, calling.allowed_function_names));
    if mode.is_some_and(|Str(mode)| mode == "NONE") {
        return Vec::new();
    }
    let allowed = allowed.filter(|allowed| !allowed.is_empty());
    let may = |name: &Str<'_>| allowed.as_ref().is_none_or(|allowed| allowed.iter().any(|a| a.0 == name.0));
    let declared = offered.into_iter().flat_map(|tool| tool.function_declarations.unwrap_or_default());
    let chosen = declared.filter(|tool| may(&tool.name));
    let parameters = |tool: &Declaration<'a>| tool.parameters_json_schema.or(tool.parameters);
    chosen.map(|tool| Tool { parameters: parameters(&tool), name: tool.name.0 }).collect()
}
