//! What an answer looks like, whole and as events.

use super::stream::{self, push_event};
use crate::dialect::wire::{self, TOKEN};
use crate::dialect::{Finish, Frames, Mark, Part, Reply, Told};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What a guardrail says in place of the model.
const GUARDRAIL: &str = "Sorry, the model cannot answer this question.";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    output: Output<'a>,
    stop_reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    metrics: Metrics,
}

#[derive(Serialize)]
struct Output<'a> {
    message: Message<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Block<'a> {
    Text(&'a str),
    #[serde(rename_all = "camelCase")]
    ToolUse {
        tool_use_id: String,
        name: &'a str,
        input: Cow<'a, RawValue>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlockStart<'a> {
    content_block_index: u32,
    start: Start<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Start<'a> {
    #[serde(rename_all = "camelCase")]
    ToolUse { tool_use_id: String, name: &'a str },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta<'a> {
    content_block_index: u32,
    delta: Delta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Delta<'a> {
    Text(&'a str),
    ToolUse { input: &'a str },
}

#[derive(Serialize)]
struct Opening {
    role: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlockStop {
    content_block_index: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Closing {
    stop_reason: &'static str,
}

#[derive(Serialize)]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    metrics: Metrics,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    input_tokens: u32,
    output_tokens: u32,
    total_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_read_input_tokens: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    latency_ms: u64,
}

fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Paused => "end_turn",
        Finish::Length => "max_tokens",
        Finish::WindowFull => "model_context_window_exceeded",
        Finish::ToolCall => "tool_use",
        Finish::StopString => "stop_sequence",
        Finish::Refused => "content_filtered",
        Finish::Blocked => "guardrail_intervened",
        Finish::BadToolOutput => "malformed_tool_use",
    }
}

fn usage(reply: &Reply<'_>) -> Option<Usage> {
    let (prompt, output_tokens) = (reply.ask.prompt_tokens, reply.tokens());
    let cached = reply.answer.cached_tokens.min(prompt);
    match reply.answer.usage {
        Told::NotAtAll => None,
        Told::AsZero => {
            Some(Usage { input_tokens: 0, output_tokens: 0, total_tokens: 0, cache_read_input_tokens: None })
        }
        Told::Truly => Some(Usage {
            input_tokens: prompt - cached,
            output_tokens,
            total_tokens: prompt.saturating_add(output_tokens),
            cache_read_input_tokens: (cached > 0).then_some(cached),
        }),
    }
}

fn metrics(reply: &Reply<'_>) -> Metrics {
    Metrics { latency_ms: u64::try_from(reply.took.all.as_millis()).unwrap_or(u64::MAX) }
}

/// The blocks of an answer; the vendor has none that are empty.
fn parts<'a>(reply: &Reply<'a>) -> impl Iterator<Item = (u32, &'a Part)> {
    let parts = reply.answer.parts.iter().filter(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    (0..).zip(parts)
}

/// What stands in place of an answer whose prompt was blocked.
fn guardrail(reply: &Reply<'_>) -> Option<&'static str> {
    (reply.answer.finish == Finish::Blocked && reply.answer.parts.is_empty()).then_some(GUARDRAIL)
}

fn tool_use_id(reply: &Reply<'_>, index: u32) -> String {
    format!("tooluse_{}{index:02}", reply.id)
}

pub(super) fn plain(reply: &Reply<'_>) -> Vec<u8> {
    let mut content: Vec<_> = guardrail(reply).map(Block::Text).into_iter().collect();
    content.extend(parts(reply).map(|(index, part)| match part {
        Part::Text(text) => Block::Text(text),
        Part::Call { name, arguments } => {
            Block::ToolUse { tool_use_id: tool_use_id(reply, index), name, input: wire::object_or_empty(arguments) }
        }
    }));
    wire::json(&Response {
        output: Output { message: Message { role: "assistant", content } },
        stop_reason: stop_reason(reply.answer.finish),
        usage: usage(reply),
        metrics: metrics(reply),
    })
}

pub(super) fn frames(reply: &Reply<'_>) -> Frames {
    let mut frames = Frames::new(b"");
    frames.event(Mark::Opening, |out| push_event(out, "messageStart", &Opening { role: "assistant" }));
    let stop = |out: &mut Vec<u8>, index: u32| {
        push_event(out, "contentBlockStop", &BlockStop { content_block_index: index });
    };
    if let Some(text) = guardrail(reply) {
        frames.event(Mark::Answer, |out| push_event(out, "contentBlockDelta", &delta(0, Delta::Text(text))));
        frames.event(Mark::Answer, |out| stop(out, 0));
    }
    for (index, part) in parts(reply) {
        match part {
            Part::Text(text) => {
                let event = wire::json(&delta(index, Delta::Text(TOKEN)));
                frames.run(text, stream::around_token("contentBlockDelta", &event));
            }
            Part::Call { name, arguments } => {
                let start = Start::ToolUse { tool_use_id: tool_use_id(reply, index), name };
                let start = BlockStart { content_block_index: index, start };
                let mark = if index == 0 { Mark::Opening } else { Mark::Answer };
                frames.event(mark, |out| push_event(out, "contentBlockStart", &start));
                let event = wire::json(&delta(index, Delta::ToolUse { input: TOKEN }));
                frames.tool_run(arguments, stream::around_token("contentBlockDelta", &event));
            }
        }
        frames.event(Mark::Answer, |out| stop(out, index));
    }
    let reason = Closing { stop_reason: stop_reason(reply.answer.finish) };
    frames.event(Mark::Finish, |out| push_event(out, "messageStop", &reason));
    let metadata = Metadata { usage: usage(reply), metrics: metrics(reply) };
    frames.event(Mark::Usage, |out| push_event(out, "metadata", &metadata));
    frames
}

fn delta(index: u32, delta: Delta<'_>) -> BlockDelta<'_> {
    BlockDelta { content_block_index: index, delta }
}

/// A frame that says nothing.
pub(super) fn empty_delta() -> Vec<u8> {
    let mut frame = Vec::with_capacity(160);
    push_event(&mut frame, "contentBlockDelta", &delta(0, Delta::Text("")));
    frame
}
