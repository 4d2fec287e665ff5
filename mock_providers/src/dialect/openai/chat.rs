//! Chat completions, as OpenAI, its deployments at Azure, Mistral and vLLM speak them.
//!
//! A stream sends the role first, then text and tool calls, then the finish reason, then usage if it was asked for. What
//! a member of the family does its own way stands in its [`Style`]; all else is the same wire.

use super::content::{Content, Definition, IMAGE_TOKENS, Texts, ToolChoice, offered};
use super::filter::{PromptResults, Results};
use crate::dialect::prompt::{Conversation, Role, Str};
use crate::dialect::wire::{self, TOKEN, Template};
use crate::dialect::{Ask, Finish, Frames, Mark, Part, Place, Reply, Told, Unreadable};
use crate::text::tokens;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What a model says that declines to answer.
pub(crate) const REFUSAL: &str = "I'm sorry, but I can't assist with that request.";

/// What one member of the family does its own way.
pub(crate) struct Style {
    /// What an answer's id begins with.
    pub(crate) id: &'static str,
    /// The id of the n-th tool call of an answer, counted from 0.
    pub(crate) call_id: fn(&str, usize) -> String,
    pub(crate) service_tier: Option<&'static str>,
    pub(crate) system_fingerprint: Option<&'static str>,
    /// Messages bear `refusal`, choices `logprobs`, whether they have any or not.
    pub(crate) nulls: bool,
    /// So does the first delta of a stream, whose content is null if nothing but calls will come.
    pub(crate) null_deltas: bool,
    /// Messages bear `annotations`, of which there are none.
    pub(crate) annotations: bool,
    /// Choices bear `stop_reason`: the stop text that came up.
    pub(crate) stop_reason: bool,
    /// The content filter tells what it found.
    pub(crate) filters: bool,
    /// The content of a message that only calls tools.
    pub(crate) silent: Option<&'static str>,
    /// The delta beside the finish reason still has an empty content.
    pub(crate) empty_at_finish: bool,
    /// Tool calls come in one chunk with the finish reason, not argument by argument.
    pub(crate) calls_whole: bool,
    pub(crate) chunk_usage: ChunkUsage,
    pub(crate) details: Details,
    pub(crate) declines: Declines,
    pub(crate) finish_reason: fn(Finish) -> &'static str,
}

/// Where a stream tells its usage.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChunkUsage {
    /// If it was asked for, in a chunk of its own; all others say null, or nothing.
    Own { null_elsewhere: bool },
    /// With the finish reason, asked for or not.
    WithFinish,
}

/// What usage tells beyond the three sums.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Details {
    /// Cached and reasoning tokens, always.
    All,
    /// Cached tokens, where there are any.
    Cached,
    Nothing,
}

/// How an answer is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declines {
    /// With a filter's finish reason, or a `refusal` where a schema was asked for.
    ByFilter,
    /// In words: there is no filter, only a model that declines.
    InWords,
}

/// OpenAI's own.
pub(crate) const OPENAI: Style = Style {
    id: "chatcmpl-",
    call_id: |id, index| format!("call_{id}{index}"),
    service_tier: Some("default"),
    system_fingerprint: Some("fp_50cad350e4"),
    nulls: true,
    null_deltas: true,
    annotations: true,
    stop_reason: false,
    filters: false,
    silent: None,
    empty_at_finish: false,
    calls_whole: false,
    chunk_usage: ChunkUsage::Own { null_elsewhere: true },
    details: Details::All,
    declines: Declines::ByFilter,
    finish_reason,
};

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopString | Finish::BadToolOutput | Finish::Paused => "stop",
        Finish::Length | Finish::WindowFull => "length",
        Finish::ToolCall => "tool_calls",
        Finish::Refused | Finish::Blocked => "content_filter",
    }
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    model: Option<Str<'a>>,
    #[serde(borrow)]
    messages: Option<Vec<Message<'a>>>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    #[serde(borrow)]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(borrow)]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow)]
    tool_choice: Option<ToolChoice<'a>>,
    #[serde(borrow, default)]
    stop: Texts<'a>,
    #[serde(borrow)]
    safety_identifier: Option<Str<'a>>,
    #[serde(borrow)]
    user: Option<Str<'a>>,
    continue_final_message: Option<bool>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Str<'a>,
    #[serde(borrow, default)]
    content: Content<'a>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct ResponseFormat<'a> {
    #[serde(borrow)]
    r#type: Option<Str<'a>>,
    #[serde(borrow)]
    json_schema: Option<JsonSchema<'a>>,
}

#[derive(Deserialize)]
struct JsonSchema<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    function: Option<Definition<'a>>,
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'static str>,
    choices: [Choice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_filter_results: Option<[PromptResults; 1]>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Said<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<()>,
    finish_reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_reason: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_filter_results: Option<Results>,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Option<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<[(); 0]>,
}

#[derive(Serialize)]
struct ToolCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

#[derive(Serialize, Clone, Copy)]
struct Usage {
    prompt_tokens: u32,
    completion_tokens: u32,
    total_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Serialize, Clone, Copy)]
struct PromptDetails {
    cached_tokens: u32,
}

#[derive(Serialize, Clone, Copy)]
struct CompletionDetails {
    reasoning_tokens: u32,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'static str>,
    choices: &'a [ChunkChoice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_filter_results: Option<[PromptResults; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u32,
    delta: Delta<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_reason: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_filter_results: Option<Results>,
}

#[derive(Serialize, Default)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Option<&'static str>>,
}

impl Delta<'_> {
    fn content(text: &'static str) -> Self {
        Self { content: Some(Some(text)), ..Self::default() }
    }
}

/// Reads a request for an answer.
pub(crate) fn read<'a>(place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
    let request: Request<'a> = serde_json::from_slice(body)?;
    let model = super::model(place, request.model)?;
    let messages = request.messages.filter(|m| !m.is_empty()).ok_or(Unreadable::Missing("messages"))?;
    let mut conversation = Conversation::default();
    let (mut images, mut tool_result) = (0_u32, false);
    for Message { role: Str(role), content } in messages {
        let speaker = match &*role {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => Role::Other,
        };
        tool_result = role == "tool";
        images = images.saturating_add(content.images);
        conversation.turn(speaker, content.text);
    }
    let format = request.response_format;
    let json = format.as_ref().and_then(|f| f.r#type.as_ref()).is_some_and(|Str(name)| name == "json_object");
    let tools = request.tools.unwrap_or_default().into_iter().filter_map(|tool| tool.function);
    let ask = conversation.ask();
    Ok(Ask {
        model,
        unclosed: request.continue_final_message.unwrap_or_default(),
        stream: request.stream.unwrap_or_default(),
        schema: format.and_then(|f| f.json_schema).and_then(|s| s.schema).map(Cow::Borrowed),
        json,
        tools: offered(tools, request.tool_choice),
        tool_result,
        images,
        prompt_tokens: ask.prompt_tokens.saturating_add(images.saturating_mul(IMAGE_TOKENS)),
        max_tokens: request.max_completion_tokens.or(request.max_tokens),
        stop: request.stop.0,
        usage: request.stream_options.and_then(|o| o.include_usage).unwrap_or_default(),
        user: request.safety_identifier.or(request.user).map(|Str(user)| user),
        ..ask
    })
}

/// How an answer comes out under a style.
struct Outcome {
    /// The model declines in these words.
    words: Option<&'static str>,
    /// The same, in a field of its own.
    refusal: Option<&'static str>,
    finish_reason: &'static str,
}

impl Style {
    fn outcome(&self, reply: &Reply<'_>) -> Outcome {
        let finish = reply.answer.finish;
        let finish_reason = (self.finish_reason)(finish);
        match (finish, self.declines) {
            (Finish::Refused, Declines::ByFilter) if reply.ask.schema.is_some() => {
                Outcome { words: None, refusal: Some(REFUSAL), finish_reason: "stop" }
            }
            (Finish::Refused | Finish::Blocked, Declines::InWords) => {
                Outcome { words: Some(REFUSAL), refusal: None, finish_reason }
            }
            _ => Outcome { words: None, refusal: None, finish_reason },
        }
    }

    fn usage(&self, reply: &Reply<'_>, outcome: &Outcome) -> Option<Usage> {
        let count = |figure: u32| if reply.answer.usage == Told::AsZero { 0 } else { figure };
        let declined = outcome.words.or(outcome.refusal).map_or(0, |words| tokens(words).count() as u32);
        let (prompt, completion) = (reply.ask.prompt_tokens, reply.tokens().saturating_add(declined));
        let cached = PromptDetails { cached_tokens: count(reply.answer.cached_tokens) };
        let reasoning = CompletionDetails { reasoning_tokens: count(reply.answer.reasoning_tokens) };
        (reply.answer.usage != Told::NotAtAll).then_some(Usage {
            prompt_tokens: count(prompt),
            completion_tokens: count(completion),
            total_tokens: count(prompt.saturating_add(completion)),
            prompt_tokens_details: match self.details {
                Details::All => Some(cached),
                Details::Cached => (cached.cached_tokens > 0).then_some(cached),
                Details::Nothing => None,
            },
            completion_tokens_details: (self.details == Details::All).then_some(reasoning),
        })
    }

    /// What the filter says of the answer as a whole.
    fn verdict(&self, finish_reason: &str) -> Option<Results> {
        let verdict = if finish_reason == "content_filter" { Results::BLOCKED } else { Results::SAFE };
        self.filters.then_some(verdict)
    }
}

/// The tool calls of an answer: place, name and arguments.
fn calls<'a>(reply: &'a Reply<'_>) -> impl Iterator<Item = (usize, &'a str, &'a str)> {
    let calls = reply.answer.parts.iter().filter_map(|part| match part {
        Part::Call { name, arguments } => Some((name.as_str(), arguments.as_str())),
        Part::Text(_) => None,
    });
    calls.enumerate().map(|(index, (name, arguments))| (index, name, arguments))
}

/// Whether the answer is nothing but tool calls.
fn only_calls(reply: &Reply<'_>) -> bool {
    let parts = &reply.answer.parts;
    !parts.is_empty() && parts.iter().all(|part| matches!(part, Part::Call { .. }))
}

/// The body of a plain answer.
pub(crate) fn plain(style: &Style, reply: &Reply<'_>) -> Vec<u8> {
    let outcome = style.outcome(reply);
    let content = match outcome {
        Outcome { words: Some(words), .. } => Some(Cow::Borrowed(words)),
        Outcome { refusal: Some(_), .. } => None,
        _ if only_calls(reply) => style.silent.map(Cow::Borrowed),
        _ => Some(reply.text()),
    };
    let tool_calls = calls(reply).map(|(index, name, arguments)| ToolCall {
        index: style.calls_whole.then_some(index),
        id: Some((style.call_id)(reply.id, index)),
        r#type: Some("function"),
        function: Function { name: Some(name), arguments },
    });
    wire::json(&Completion {
        id: &[style.id, reply.id].concat(),
        object: "chat.completion",
        created: reply.created,
        model: reply.model(),
        service_tier: style.service_tier,
        system_fingerprint: style.system_fingerprint,
        choices: [Choice {
            index: 0,
            message: Said {
                role: "assistant",
                content,
                tool_calls: tool_calls.collect(),
                refusal: style.nulls.then_some(outcome.refusal),
                annotations: style.annotations.then_some([]),
            },
            logprobs: style.nulls.then_some(()),
            finish_reason: outcome.finish_reason,
            stop_reason: style.stop_reason.then_some(reply.answer.stop_string.as_deref()),
            content_filter_results: style.verdict(outcome.finish_reason),
        }],
        usage: style.usage(reply, &outcome),
        prompt_filter_results: style.filters.then_some([PromptResults::SAFE]),
    })
}

/// Writes the chunks of one stream.
struct Writer<'a> {
    style: &'a Style,
    id: String,
    reply: &'a Reply<'a>,
}

impl Writer<'_> {
    fn push(&self, out: &mut Vec<u8>, choices: &[ChunkChoice<'_>], usage: Option<Usage>) {
        let Self { style, id, reply } = self;
        let null = reply.ask.usage && style.chunk_usage == ChunkUsage::Own { null_elsewhere: true };
        let chunk = Chunk {
            id,
            object: "chat.completion.chunk",
            created: reply.created,
            model: reply.model(),
            service_tier: style.service_tier,
            system_fingerprint: style.system_fingerprint,
            choices,
            prompt_filter_results: None,
            usage: usage.map(Some).or(null.then_some(None)),
        };
        push_event(out, &chunk);
    }

    /// A chunk with this delta and no finish reason.
    fn delta(&self, out: &mut Vec<u8>, delta: Delta<'_>, verdict: Results) {
        let style = self.style;
        let choice = ChunkChoice {
            index: 0,
            delta,
            logprobs: style.nulls.then_some(()),
            finish_reason: None,
            stop_reason: None,
            content_filter_results: style.filters.then_some(verdict),
        };
        self.push(out, &[choice], None);
    }

    /// The template of the chunks that bear one token each.
    fn template(&self, delta: Delta<'_>, verdict: Results) -> Template {
        let mut event = Vec::with_capacity(320);
        self.delta(&mut event, delta, verdict);
        Template::around_token(&event)
    }

    fn finish(&self, out: &mut Vec<u8>, outcome: &Outcome, usage: Option<Usage>) {
        let style = self.style;
        let filtered = outcome.finish_reason == "content_filter";
        let calls = calls(self.reply).filter(|_| style.calls_whole);
        let calls: Vec<_> = calls.map(|(index, name, arguments)| self.head(index, name, arguments)).collect();
        let choice = ChunkChoice {
            index: 0,
            delta: Delta {
                content: style.empty_at_finish.then_some(Some("")),
                tool_calls: (!calls.is_empty()).then_some(calls),
                ..Delta::default()
            },
            logprobs: style.nulls.then_some(()),
            finish_reason: Some(outcome.finish_reason),
            stop_reason: style.stop_reason.then_some(self.reply.answer.stop_string.as_deref()),
            content_filter_results: style.filters.then_some(if filtered { Results::BLOCKED } else { Results::NONE }),
        };
        self.push(out, &[choice], usage);
    }

    /// A tool call that bears its name.
    fn head<'c>(&self, index: usize, name: &'c str, arguments: &'c str) -> ToolCall<'c> {
        let function = Function { name: Some(name), arguments };
        let id = Some((self.style.call_id)(self.reply.id, index));
        ToolCall { index: Some(index), id, r#type: Some("function"), function }
    }

    /// A tool call: its head, then its arguments token by token. One that comes with the finish reason takes its time
    /// and shows nothing yet.
    fn call(&self, frames: &mut Frames, (index, name, arguments): (usize, &str, &str)) {
        if self.style.calls_whole {
            return frames.tool_run(arguments, Template::Own(Box::new(|_, _, _| {})));
        }
        let head = Delta { tool_calls: Some(vec![self.head(index, name, "")]), ..Delta::default() };
        frames.event(Mark::Answer, |out| self.delta(out, head, Results::NONE));
        let function = Function { name: None, arguments: TOKEN };
        let tool_calls = Some(vec![ToolCall { index: Some(index), id: None, r#type: None, function }]);
        let fragment = Delta { tool_calls, ..Delta::default() };
        frames.tool_run(arguments, self.template(fragment, Results::NONE));
    }
}

fn push_event(out: &mut Vec<u8>, event: &impl Serialize) {
    out.extend_from_slice(b"data: ");
    wire::push_json(out, event);
    out.extend_from_slice(b"\n\n");
}

/// The frames of a streamed answer.
pub(crate) fn frames(style: &Style, reply: &Reply<'_>) -> Frames {
    let outcome = style.outcome(reply);
    let writer = Writer { style, id: [style.id, reply.id].concat(), reply };
    let mut frames = Frames::new(b"\n\n");
    if style.filters {
        frames.event(Mark::Opening, |out| push_event(out, &PROMPT_VERDICT));
    }
    let content = (!style.null_deltas || !only_calls(reply)).then_some("");
    let refusal = style.null_deltas.then_some(None);
    let first = Delta { role: Some("assistant"), content: Some(content), refusal, ..Delta::default() };
    frames.event(Mark::Opening, |out| writer.delta(out, first, Results::NONE));

    let mut calls = calls(reply);
    for part in &reply.answer.parts {
        match part {
            Part::Text(text) => frames.run(text, writer.template(Delta::content(TOKEN), Results::SAFE)),
            Part::Call { .. } => {
                if let Some(call) = calls.next() {
                    writer.call(&mut frames, call);
                }
            }
        }
    }
    if let Some(words) = outcome.words {
        frames.event(Mark::Answer, |out| writer.delta(out, Delta::content(words), Results::SAFE));
    }
    if let Some(refusal) = outcome.refusal {
        let refusal = Delta { refusal: Some(Some(refusal)), ..Delta::default() };
        frames.event(Mark::Answer, |out| writer.delta(out, refusal, Results::SAFE));
    }

    let usage = style.usage(reply, &outcome);
    let (with_finish, own) = match style.chunk_usage {
        ChunkUsage::WithFinish => (usage, None),
        ChunkUsage::Own { .. } => (None, usage.filter(|_| reply.ask.usage)),
    };
    frames.event(Mark::Finish, |out| writer.finish(out, &outcome, with_finish));
    if own.is_some() {
        frames.event(Mark::Usage, |out| writer.push(out, &[], own));
    }
    frames.event(Mark::Terminator, |out| out.extend_from_slice(DONE));
    frames
}

/// What ends a stream.
pub(crate) const DONE: &[u8] = b"data: [DONE]\n\n";

/// The chunk that says what the filter found in the prompt, and nothing of the answer.
const PROMPT_VERDICT: Chunk<'static> = Chunk {
    id: "",
    object: "",
    created: 0,
    model: "",
    service_tier: None,
    system_fingerprint: None,
    choices: &[],
    prompt_filter_results: Some([PromptResults::SAFE]),
    usage: None,
};
