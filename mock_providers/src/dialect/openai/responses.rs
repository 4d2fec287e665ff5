//! The Responses API: an answer is a list of items, and every event of a stream is typed and numbered.
//!
//! A stream goes `response.created`, `response.in_progress`, then per item: `output_item.added`, `content_part.added`,
//! the deltas, what closes text, part and item and says all of it again, and at last the whole response, as
//! `response.completed`, `response.incomplete` or `response.failed`. There is no `[DONE]`.
//!
//! What goes wrong in the middle comes in any of four shapes, one a cause: a response that failed, a flat `error`, a
//! nested one, or an `error` and then a response that failed. The vendor has been seen to send them all.

use super::chat::REFUSAL;
use super::content::{Content, Definition, IMAGE_TOKENS, ToolChoice, offered};
use super::problem::{Code, Wording};
use crate::dialect::prompt::{Conversation, Role, Str};
use crate::dialect::wire::{self, NUMBER, TOKEN, Template};
use crate::dialect::{Ask, Finish, Frames, Mark, Part as Said, Place, Reply, Scene, Told, Unreadable};
use crate::fault::{Cause, Endpoint};
use crate::text::tokens;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    model: Option<Str<'a>>,
    #[serde(borrow)]
    input: Option<Input<'a>>,
    #[serde(borrow)]
    instructions: Option<Str<'a>>,
    stream: Option<bool>,
    max_output_tokens: Option<u32>,
    #[serde(borrow)]
    text: Option<TextConfig<'a>>,
    #[serde(borrow)]
    tools: Option<Vec<Definition<'a>>>,
    #[serde(borrow)]
    tool_choice: Option<ToolChoice<'a>>,
    #[serde(borrow)]
    safety_identifier: Option<Str<'a>>,
    #[serde(borrow)]
    user: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct TextConfig<'a> {
    #[serde(borrow)]
    format: Option<Format<'a>>,
}

#[derive(Deserialize)]
struct Format<'a> {
    #[serde(borrow)]
    r#type: Option<Str<'a>>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

/// A text, or a list of items.
enum Input<'a> {
    Text(Cow<'a, str>),
    Items(Vec<InputItem<'a>>),
}

#[derive(Deserialize)]
struct InputItem<'a> {
    #[serde(borrow)]
    r#type: Option<Str<'a>>,
    #[serde(borrow)]
    role: Option<Str<'a>>,
    #[serde(borrow, default)]
    content: Content<'a>,
    /// What a tool gave back.
    #[serde(borrow, default)]
    output: Content<'a>,
}

#[derive(Serialize)]
struct Response<'a> {
    id: &'a str,
    object: &'static str,
    created_at: u64,
    status: &'static str,
    error: Option<ResponseError<'a>>,
    incomplete_details: Option<Incomplete>,
    model: &'a str,
    output: &'a [Item<'a>],
    usage: Option<Usage>,
    parallel_tool_calls: bool,
    tool_choice: &'static str,
    tools: [(); 0],
}

#[derive(Serialize, Clone, Copy)]
struct ResponseError<'a> {
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize, Clone, Copy)]
struct Incomplete {
    reason: &'static str,
}

#[derive(Serialize)]
struct Usage {
    input_tokens: u32,
    input_tokens_details: InputDetails,
    output_tokens: u32,
    output_tokens_details: OutputDetails,
    total_tokens: u32,
}

#[derive(Serialize)]
struct InputDetails {
    cached_tokens: u32,
}

#[derive(Serialize)]
struct OutputDetails {
    reasoning_tokens: u32,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Message { id: String, r#type: &'static str, status: &'static str, role: &'static str, content: Vec<Part<'a>> },
    Call { r#type: &'static str, id: String, call_id: String, name: &'a str, arguments: &'a str, status: &'static str },
}

#[derive(Serialize, Clone, Copy)]
#[serde(untagged)]
enum Part<'a> {
    Text { r#type: &'static str, text: &'a str, annotations: [(); 0] },
    Refusal { r#type: &'static str, refusal: &'a str },
}

/// Any event of a stream; what a type has not is left out.
#[derive(Serialize, Default)]
struct Event<'a> {
    r#type: &'static str,
    sequence_number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a Response<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'a Item<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Part<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<[(); 0]>,
}

#[derive(Serialize)]
struct FlatError<'a> {
    r#type: &'static str,
    code: Code,
    message: &'a str,
    param: Option<&'a str>,
    sequence_number: u32,
}

#[derive(Serialize)]
struct NestedError<'a> {
    r#type: &'static str,
    sequence_number: u32,
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    r#type: &'a str,
    code: Code,
    message: &'a str,
    param: Option<&'a str>,
}

/// Reads a request for an answer.
pub(crate) fn read<'a>(place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
    let request: Request<'a> = serde_json::from_slice(body)?;
    let model = super::model(place, request.model)?;
    let mut conversation = Conversation::default();
    let (mut images, mut tool_result) = (0_u32, false);
    if let Some(Str(instructions)) = request.instructions {
        conversation.turn(Role::Other, instructions);
    }
    match request.input {
        None => return Err(Unreadable::Missing("input")),
        Some(Input::Items(items)) if items.is_empty() => return Err(Unreadable::Missing("input")),
        Some(Input::Text(text)) => conversation.turn(Role::User, text),
        Some(Input::Items(items)) => {
            for InputItem { r#type, role, content, output } in items {
                tool_result = r#type.is_some_and(|Str(kind)| kind == "function_call_output");
                let speaker = match role.as_ref().map(|Str(role)| &**role) {
                    Some("user") => Role::User,
                    Some("assistant") => Role::Assistant,
                    _ => Role::Other,
                };
                images = images.saturating_add(content.images).saturating_add(output.images);
                conversation.turn(speaker, if tool_result { output.text } else { content.text });
            }
        }
    }
    let format = request.text.and_then(|text| text.format);
    let ask = conversation.ask();
    Ok(Ask {
        endpoint: Endpoint::Responses,
        model,
        stream: request.stream.unwrap_or_default(),
        schema: format.as_ref().and_then(|format| format.schema).map(Cow::Borrowed),
        json: format.and_then(|format| format.r#type).is_some_and(|Str(name)| name == "json_object"),
        tools: offered(request.tools.unwrap_or_default(), request.tool_choice),
        tool_result,
        images,
        prompt_tokens: ask.prompt_tokens.saturating_add(images.saturating_mul(IMAGE_TOKENS)),
        max_tokens: request.max_output_tokens,
        user: request.safety_identifier.or(request.user).map(|Str(user)| user),
        ..ask
    })
}

impl<'a> Part<'a> {
    fn text(text: &'a str) -> Self {
        Self::Text { r#type: "output_text", text, annotations: [] }
    }

    fn refusal(refusal: &'a str) -> Self {
        Self::Refusal { r#type: "refusal", refusal }
    }
}

impl<'a> Item<'a> {
    fn message(id: &str, index: usize, status: &'static str, part: Option<Part<'a>>) -> Self {
        let (id, content) = (format!("msg_{id}{index}"), part.into_iter().collect());
        Self::Message { id, r#type: "message", status, role: "assistant", content }
    }

    fn call(id: &str, index: usize, status: &'static str, name: &'a str, arguments: &'a str) -> Self {
        let (id, call_id) = (format!("fc_{id}{index}"), format!("call_{id}{index}"));
        Self::Call { r#type: "function_call", id, call_id, name, arguments, status }
    }

    fn id(&self) -> &str {
        match self {
            Self::Message { id, .. } | Self::Call { id, .. } => id,
        }
    }
}

/// How an answer ends: the type of the last event, the response's status, and why.
struct End {
    event: &'static str,
    status: &'static str,
    incomplete: Option<&'static str>,
    error: Option<ResponseError<'static>>,
}

/// A refusal is a part of its own where a schema was asked for, else the filter's doing.
fn refusal(reply: &Reply<'_>) -> Option<&'static str> {
    (reply.answer.finish == Finish::Refused && reply.ask.schema.is_some()).then_some(REFUSAL)
}

fn end(reply: &Reply<'_>) -> End {
    let incomplete =
        |reason| End { event: "response.incomplete", status: "incomplete", incomplete: Some(reason), error: None };
    let completed = End { event: "response.completed", status: "completed", incomplete: None, error: None };
    match reply.answer.finish {
        Finish::Stop | Finish::StopString | Finish::ToolCall | Finish::BadToolOutput => completed,
        Finish::Length => incomplete("max_output_tokens"),
        Finish::Refused if refusal(reply).is_some() => completed,
        Finish::Refused | Finish::Blocked => incomplete("content_filter"),
        Finish::WindowFull => {
            let message =
                "Your input exceeds the context window of this model. Please adjust your input and try again.";
            let error = Some(ResponseError { code: "context_length_exceeded", message });
            End { event: "response.failed", status: "failed", incomplete: None, error }
        }
        Finish::Paused => End { event: "response.in_progress", status: "in_progress", incomplete: None, error: None },
    }
}

/// How the items fare that the answer ends with.
fn item_status(end: &End) -> &'static str {
    if end.incomplete.is_some() { "incomplete" } else { "completed" }
}

fn items<'a>(reply: &'a Reply<'_>, status: &'static str) -> Vec<Item<'a>> {
    let item = |(index, part): (usize, &'a Said)| match part {
        Said::Text(text) => Item::message(reply.id, index, status, Some(Part::text(text))),
        Said::Call { name, arguments } => Item::call(reply.id, index, status, name, arguments),
    };
    let said = reply.answer.parts.iter().enumerate().map(item);
    let refusal = refusal(reply)
        .map(|refusal| Item::message(reply.id, reply.answer.parts.len(), status, Some(Part::refusal(refusal))));
    said.chain(refusal).collect()
}

fn usage(reply: &Reply<'_>) -> Option<Usage> {
    let count = |figure: u32| if reply.answer.usage == Told::AsZero { 0 } else { figure };
    let declined = refusal(reply).map_or(0, |words| tokens(words).count() as u32);
    let (input, output) = (reply.ask.prompt_tokens, reply.tokens().saturating_add(declined));
    (reply.answer.usage != Told::NotAtAll).then_some(Usage {
        input_tokens: count(input),
        input_tokens_details: InputDetails { cached_tokens: count(reply.answer.cached_tokens) },
        output_tokens: count(output),
        output_tokens_details: OutputDetails { reasoning_tokens: count(reply.answer.reasoning_tokens) },
        total_tokens: count(input.saturating_add(output)),
    })
}

/// A response without output that is still in the making.
fn response<'a>(id: &'a str, created_at: u64, model: &'a str) -> Response<'a> {
    Response {
        id,
        object: "response",
        created_at,
        status: "in_progress",
        error: None,
        incomplete_details: None,
        model,
        output: &[],
        usage: None,
        parallel_tool_calls: true,
        tool_choice: "auto",
        tools: [],
    }
}

fn ended<'a>(reply: &'a Reply<'_>, id: &'a str, end: &End, output: &'a [Item<'a>]) -> Response<'a> {
    // What goes on in the background has no output yet, and has used nothing that could be told.
    if reply.answer.finish == Finish::Paused {
        return Response { status: end.status, ..response(id, reply.created, reply.model()) };
    }
    Response {
        status: end.status,
        error: end.error,
        incomplete_details: end.incomplete.map(|reason| Incomplete { reason }),
        output,
        usage: usage(reply),
        ..response(id, reply.created, reply.model())
    }
}

/// The body of a plain answer.
pub(crate) fn plain(reply: &Reply<'_>) -> Vec<u8> {
    let end = end(reply);
    let items = items(reply, item_status(&end));
    wire::json(&ended(reply, &format!("resp_{}", reply.id), &end, &items))
}

/// Lays out a stream and numbers its events.
struct Writer {
    frames: Frames,
    /// Events so far, and tokens among them.
    events: u32,
    tokens: u32,
}

impl Writer {
    fn event(&mut self, mark: Mark, mut event: Event<'_>) {
        event.sequence_number = self.events;
        self.events += 1;
        self.frames.event(mark, |out| push(out, event.r#type, &event));
    }

    /// A text, token by token, each in an event like this one.
    fn run(&mut self, text: &str, tool: bool, mut event: Event<'_>) {
        event.sequence_number = NUMBER;
        event.delta = Some(TOKEN);
        let mut bytes = Vec::with_capacity(256);
        push(&mut bytes, event.r#type, &event);
        let template = Template::numbered(&bytes, self.events.saturating_sub(self.tokens + 1));
        let count = tokens(text).count() as u32;
        self.events += count;
        self.tokens += count;
        // A run without tokens would still count as an event.
        match (count, tool) {
            (0, _) => {}
            (_, true) => self.frames.tool_run(text, template),
            (_, false) => self.frames.run(text, template),
        }
    }

    /// A message of one part: `open` is the part as it begins, `done` as it ends.
    fn message(&mut self, id: &str, index: usize, status: &'static str, open: Part<'_>, done: Part<'_>) {
        let begun = Item::message(id, index, "in_progress", None);
        let item_id = Some(begun.id());
        let at = || Event { item_id, output_index: Some(index), content_index: Some(0), ..Event::default() };
        let output_index = Some(index);
        let added =
            Event { r#type: "response.output_item.added", output_index, item: Some(&begun), ..Event::default() };
        self.event(Mark::Answer, added);
        self.event(Mark::Answer, Event { r#type: "response.content_part.added", part: Some(open), ..at() });
        match done {
            Part::Text { text, .. } => {
                let logprobs = Some([]);
                self.run(text, false, Event { r#type: "response.output_text.delta", logprobs, ..at() });
                let done = Event { r#type: "response.output_text.done", text: Some(text), logprobs, ..at() };
                self.event(Mark::Answer, done);
            }
            Part::Refusal { refusal, .. } => {
                let delta = Event { r#type: "response.refusal.delta", delta: Some(refusal), ..at() };
                self.event(Mark::Answer, delta);
                let done = Event { r#type: "response.refusal.done", refusal: Some(refusal), ..at() };
                self.event(Mark::Answer, done);
            }
        }
        self.event(Mark::Answer, Event { r#type: "response.content_part.done", part: Some(done), ..at() });
        let whole = Item::message(id, index, status, Some(done));
        let done = Event { r#type: "response.output_item.done", output_index, item: Some(&whole), ..Event::default() };
        self.event(Mark::Answer, done);
    }

    fn call(&mut self, id: &str, index: usize, status: &'static str, name: &str, arguments: &str) {
        let begun = Item::call(id, index, "in_progress", name, "");
        let (item_id, output_index) = (Some(begun.id()), Some(index));
        let at = || Event { item_id, output_index, ..Event::default() };
        let added =
            Event { r#type: "response.output_item.added", output_index, item: Some(&begun), ..Event::default() };
        self.event(Mark::Answer, added);
        self.run(arguments, true, Event { r#type: "response.function_call_arguments.delta", ..at() });
        let (name, all) = (Some(name), Some(arguments));
        let done = Event { r#type: "response.function_call_arguments.done", name, arguments: all, ..at() };
        self.event(Mark::Answer, done);
        let whole = Item::call(id, index, status, name.unwrap_or_default(), arguments);
        let done = Event { r#type: "response.output_item.done", output_index, item: Some(&whole), ..Event::default() };
        self.event(Mark::Answer, done);
    }
}

fn push(out: &mut Vec<u8>, name: &str, event: &impl Serialize) {
    for part in ["event: ", name, "\ndata: "] {
        out.extend_from_slice(part.as_bytes());
    }
    wire::push_json(out, event);
    out.extend_from_slice(b"\n\n");
}

/// The frames of a streamed answer.
pub(crate) fn frames(reply: &Reply<'_>) -> Frames {
    let id = format!("resp_{}", reply.id);
    let end = end(reply);
    let status = item_status(&end);
    let mut writer = Writer { frames: Frames::new(b"\n\n"), events: 0, tokens: 0 };
    let begun = response(&id, reply.created, reply.model());
    for r#type in ["response.created", "response.in_progress"] {
        writer.event(Mark::Opening, Event { r#type, response: Some(&begun), ..Event::default() });
    }
    for (index, part) in reply.answer.parts.iter().enumerate() {
        match part {
            Said::Text(text) => writer.message(reply.id, index, status, Part::text(""), Part::text(text)),
            Said::Call { name, arguments } => writer.call(reply.id, index, status, name, arguments),
        }
    }
    if let Some(refusal) = refusal(reply) {
        let (index, open, done) = (reply.answer.parts.len(), Part::refusal(""), Part::refusal(refusal));
        writer.message(reply.id, index, status, open, done);
    }
    let items = items(reply, status);
    let whole = ended(reply, &id, &end, &items);
    // It tells the finish as well, but above all nothing comes after it.
    writer.event(Mark::Terminator, Event { r#type: end.event, response: Some(&whole), ..Event::default() });
    writer.frames
}

/// How what goes wrong in the middle of a stream is told.
enum Shape {
    Failed,
    Flat,
    Nested,
    FlatThenFailed,
}

fn shape(cause: Cause) -> Shape {
    match cause {
        Cause::ServerError | Cause::RateLimited | Cause::ContextLength | Cause::ContentPolicy | Cause::BadRequest => {
            Shape::Failed
        }
        Cause::Timeout | Cause::EdgeHtml => Shape::Flat,
        Cause::Overloaded => Shape::FlatThenFailed,
        Cause::Auth
        | Cause::Permission
        | Cause::ModelGone
        | Cause::PromptOverTpm
        | Cause::QuotaExhausted
        | Cause::BodyTooLarge => Shape::Nested,
    }
}

/// What a stream ends with when this goes wrong in its middle, in these words.
pub(crate) fn error_event(wording: &Wording<'_>, ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
    let Wording { r#type, code, param, ref message, .. } = *wording;
    let mut out = Vec::new();
    let flat = |sequence_number| FlatError { r#type: "error", code, message, param, sequence_number };
    let failed = |out: &mut Vec<u8>, sequence_number| {
        let code = match (cause, code) {
            (Cause::ContentPolicy | Cause::BadRequest, _) => "invalid_prompt",
            (_, Code::Name(code)) => code,
            (_, Code::Null(()) | Code::Number(_)) => "server_error",
        };
        let error = Some(ResponseError { code, message });
        let id = format!("resp_{}", scene.id);
        let response = Response { status: "failed", error, ..response(&id, scene.now.as_secs(), &ask.model) };
        let event = Event { r#type: "response.failed", sequence_number, response: Some(&response), ..Event::default() };
        push(out, "response.failed", &event);
    };
    match shape(cause) {
        Shape::Failed => failed(&mut out, scene.events),
        Shape::Flat => push(&mut out, "error", &flat(scene.events)),
        Shape::Nested => {
            let error = ErrorObject { r#type, code, message, param };
            push(&mut out, "error", &NestedError { r#type: "error", sequence_number: scene.events, error });
        }
        Shape::FlatThenFailed => {
            push(&mut out, "error", &flat(scene.events));
            failed(&mut out, scene.events + 1);
        }
    }
    out
}

struct InputVisitor;

impl<'de> Visitor<'de> for InputVisitor {
    type Value = Input<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of items")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Input::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Input::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Input::Items(items))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Input<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputVisitor)
    }
}
