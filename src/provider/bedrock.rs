//! AWS Bedrock Converse (`POST /model/ID/converse` and `/converse-stream`), client side, with an API key as bearer token.
//!
//! The model's id stands in the path, percent-encoded. A stream is whole once `messageStop` arrived; `metadata` after it
//! tells the usage. What kind of error it is stands in the header `x-amzn-ErrorType`, in a stream in the name of the frame
//! that ends it. A partial answer is a last message by the assistant; Claude refuses it with blanks at its end here too.

use super::answered::{Gathered, Piece, Response, ToolCall};
use super::anthropic::Thinking;
use super::finish::Finish;
use super::framing::Message as Frame;
use super::{Ask, Complaint, Effort, json, post, status, usage};
use crate::event::{Class, Usage};
use http::request::Builder;
use http::{HeaderMap, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// All but what RFC 3986 leaves unreserved: ids have colons, ARNs slashes too.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    messages: Vec<Message<'a>>,
    system: Vec<Block<'a>>,
    inference_config: InferenceConfig<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_model_request_fields: Option<ModelFields>,
}

/// What is handed on to the model as it stands.
#[derive(Serialize)]
struct ModelFields {
    thinking: Thinking,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Block<'a> {
    Text(Cow<'a, str>),
    Image { format: &'a str, source: Source<'a> },
    CachePoint { r#type: &'static str },
}

#[derive(Serialize)]
struct Source<'a> {
    bytes: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InferenceConfig<'a> {
    max_tokens: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig<'a> {
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tool<'a> {
    tool_spec: ToolSpec<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolSpec<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: InputSchema<'a>,
}

#[derive(Serialize)]
struct InputSchema<'a> {
    json: &'a RawValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Choice {
    Any {},
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<Effort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_format: Option<TextFormat<'a>>,
}

#[derive(Serialize)]
struct TextFormat<'a> {
    r#type: &'static str,
    structure: Structure<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Structure<'a> {
    json_schema: JsonSchema<'a>,
}

/// The schema travels as a string.
#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'static str,
    schema: &'a str,
}

fn image(image: &super::Image) -> Block<'_> {
    let format = image.media_type.split_once('/').map_or(&*image.media_type, |(_, format)| format);
    Block::Image { format, source: Source { bytes: &image.base64 } }
}

fn tool<'a>(tool: &super::Tool<'a>) -> Tool<'a> {
    let super::Tool { name, description, parameters } = *tool;
    Tool { tool_spec: ToolSpec { name, description, input_schema: InputSchema { json: parameters } } }
}

pub(super) fn request(ask: &Ask<'_>) -> (Builder, Vec<u8>) {
    let text = Block::Text(Cow::Borrowed(ask.prompt));
    let content = std::iter::once(text).chain(ask.images.iter().map(image)).collect();
    let partial = ask
        .trimmed_partial()
        .map(|text| Message { role: "assistant", content: vec![Block::Text(Cow::Borrowed(text))] });
    let options = ask.options;
    let mut system = vec![Block::Text(ask.system_text())];
    system.extend(options.cache_prompt.then_some(Block::CachePoint { r#type: "default" }));
    let text_format = ask.native_schema().map(|schema| TextFormat {
        r#type: "json_schema",
        structure: Structure { json_schema: JsonSchema { name: "answer", schema: schema.get() } },
    });
    let config = OutputConfig { effort: options.effort, text_format };
    let body = Request {
        messages: std::iter::once(Message { role: "user", content }).chain(partial).collect(),
        system,
        inference_config: InferenceConfig { max_tokens: options.cap_with_thoughts(), stop_sequences: options.stops() },
        tool_config: (!ask.tools.is_empty()).then(|| ToolConfig {
            tools: ask.tools.iter().map(tool).collect(),
            tool_choice: ask.insists_on_call().then_some(Choice::Any {}),
        }),
        output_config: Some(config).filter(|config| config.effort.is_some() || config.text_format.is_some()),
        additional_model_request_fields: Thinking::of(ask).map(|thinking| ModelFields { thinking }),
    };
    let verb = if ask.stream { "converse-stream" } else { "converse" };
    let path = format!("/model/{}/{verb}", utf8_percent_encode(ask.model, RESERVED));
    (post(path).header("authorization", format!("Bearer {}", ask.secret)), json(&body))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    #[serde(borrow)]
    output: Option<Output<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

/// What a stream ends with.
#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

/// The prompt is what was read anew, what was read from a cache, and what was put into one.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Tokens {
    input_tokens: u32,
    cache_read_input_tokens: u32,
    cache_write_input_tokens: u32,
    output_tokens: u32,
}

impl Tokens {
    fn told(raw: Option<&RawValue>) -> Option<Usage> {
        let Self { input_tokens, cache_read_input_tokens: cached, cache_write_input_tokens: written, output_tokens } =
            usage::block(raw)?;
        usage::told(input_tokens.saturating_add(written).saturating_add(cached), cached, output_tokens)
    }
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Option<Said<'a>>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    content: Option<Vec<SaidBlock<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SaidBlock<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tool_use: Option<Called<'a>>,
}

#[derive(Deserialize)]
struct Called<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStart<'a> {
    #[serde(default)]
    content_block_index: u32,
    #[serde(borrow)]
    start: Option<Start<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    #[serde(borrow)]
    tool_use: Option<Called<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta<'a> {
    #[serde(default)]
    content_block_index: u32,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tool_use: Option<CallPart<'a>>,
}

/// A fragment of the arguments of a tool.
#[derive(Deserialize)]
struct CallPart<'a> {
    #[serde(borrow)]
    input: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageStop<'a> {
    #[serde(borrow)]
    stop_reason: Cow<'a, str>,
}

#[derive(Deserialize, Default)]
struct ErrorBody {
    #[serde(default, alias = "Message")]
    message: Option<String>,
    /// Where something in between has dropped the header.
    #[serde(default, rename = "__type")]
    kind: Option<String>,
}

fn finish(reason: &str) -> Finish {
    let said = || format!("stopReason {reason}");
    match reason {
        "end_turn" | "stop_sequence" => Finish::Whole,
        "tool_use" => Finish::Calls,
        "max_tokens" | "model_context_window_exceeded" => Finish::Capped,
        "guardrail_intervened" | "content_filtered" => Finish::Filtered(said()),
        "malformed_tool_use" => Finish::BadCall(said()),
        "malformed_model_output" => Finish::Unfinished(said()),
        _ => Finish::Unknown(said()),
    }
}

pub(super) fn answer(body: &[u8], usage: &mut Option<Usage>) -> Result<Response, Complaint> {
    let reply: Reply<'_> =
        serde_json::from_slice(body).map_err(|_| Complaint::new(Class::Malformed, "the body is no message"))?;
    *usage = Tokens::told(reply.usage);
    let reason = reply.stop_reason.ok_or_else(|| Complaint::new(Class::Malformed, "no stopReason"))?;
    let (mut text, mut calls) = (String::new(), Vec::new());
    for block in reply.output.and_then(|o| o.message).and_then(|m| m.content).unwrap_or_default() {
        text.push_str(&block.text.unwrap_or_default());
        calls.extend(block.tool_use.map(|called| ToolCall {
            name: called.name.unwrap_or_default().into_owned(),
            arguments: called.input.map_or("{}", RawValue::get).to_owned(),
        }));
    }
    // Converse never names the model.
    Response::new(text, calls, finish(&reason), None)
}

pub(super) fn step(frame: Frame<'_>, gathered: &mut Gathered, each: &mut impl FnMut(Piece)) -> Result<(), Complaint> {
    if frame.is_error {
        let message = serde_json::from_str::<ErrorBody>(frame.data).ok().and_then(|body| body.message);
        return Err(explain(StatusCode::OK, frame.name, message.as_deref().unwrap_or(frame.data)));
    }
    match frame.name {
        "contentBlockStart" => {
            let start: BlockStart<'_> = event(frame.data)?;
            if let Some(called) = start.start.and_then(|start| start.tool_use) {
                gathered.begin(start.content_block_index, &called.name.unwrap_or_default(), each);
            }
        }
        "contentBlockDelta" => {
            let BlockDelta { content_block_index: index, delta } = event(frame.data)?;
            let Some(delta) = delta else { return Ok(()) };
            if let Some(text) = delta.text.filter(|text| !text.is_empty()) {
                each(Piece::Text(text.into_owned()));
            }
            if let Some(fragment) = delta.tool_use.and_then(|part| part.input) {
                gathered.extend(index, &fragment, each);
            }
        }
        "messageStop" => {
            let MessageStop { stop_reason } = event(frame.data)?;
            gathered.finish(finish(&stop_reason))?;
        }
        "metadata" => {
            // The answer is whole by now, whatever this says.
            gathered.usage = serde_json::from_str(frame.data).ok().and_then(|Metadata { usage }| Tokens::told(usage));
        }
        _ => {}
    }
    Ok(())
}

fn event<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T, Complaint> {
    serde_json::from_str(data)
        .map_err(|_| Complaint::new(Class::Malformed, "an event of the stream is not what its name says"))
}

pub(super) fn complaint(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Complaint {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let body = serde_json::from_slice::<ErrorBody>(body).unwrap_or_default();
    let kind = text("x-amzn-errortype").or(body.kind.as_deref()).unwrap_or_default();
    let wait = text("x-amz-retry-after").and_then(|v| v.trim().parse::<f64>().ok()).filter(|&ms| ms > 0.0);
    let complaint = explain(status, kind, body.message.as_deref().unwrap_or_default());
    Complaint { retry_after: wait.map(|ms| ms / 1e3), ..complaint }
}

/// A kind may have a namespace before it (`com.amazon…#`) and an address after it (`:http://…`), and begins with a small
/// letter in a stream.
fn explain(status: StatusCode, kind: &str, message: &str) -> Complaint {
    let kind = kind.split(':').next().unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let kind = kind.strip_suffix("Exception").unwrap_or(kind).to_ascii_lowercase();
    let says = |words: &str| message.contains(words);
    let class = match kind.as_str() {
        "throttling" if says("per day") => Class::QuotaExhausted,
        "throttling" => Class::RateLimited,
        "servicequotaexceeded" => Class::QuotaExhausted,
        "serviceunavailable" | "modelnotready" => Class::Overloaded,
        _ if status::by_status(status) == Class::Overloaded => Class::Overloaded,
        "internalserver" | "modelerror" | "modelstreamerror" | "modeltimeout" => Class::ServerError,
        "accessdenied"
        | "unrecognizedclient"
        | "missingauthenticationtoken"
        | "incompletesignature"
        | "invalidsignature"
        | "expiredtoken" => Class::Auth,
        "resourcenotfound" => Class::ModelGone,
        "validation" if says("too long") || says("too many input tokens") => Class::ContextLength,
        "validation" if says("model identifier is invalid") => Class::ModelGone,
        "validation" if says("content filter") => Class::ContentPolicy,
        "validation" => Class::BadRequest,
        _ if status.as_u16() == 424 => Class::ServerError,
        // A kind that nobody knows, in the middle of a stream.
        _ if status == StatusCode::OK => Class::ServerError,
        _ => status::by_status(status),
    };
    Complaint::new(class, status::detail(status, message))
}
