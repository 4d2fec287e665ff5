//! What an answer looks like, whole and as events.

use super::problem;
use crate::dialect::wire::{self, TOKEN, Template};
use crate::dialect::{Finish, Frames, Mark, Part, Reply, Told};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    r#type: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<Block<'a>>,
    stop_reason: Option<&'static str>,
    stop_sequence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_details: Option<StopDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text { text: &'a str },
    ToolUse { id: String, name: &'a str, input: Cow<'a, RawValue> },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Delta<'a> {
    TextDelta { text: &'a str },
    InputJsonDelta { partial_json: &'a str },
}

#[derive(Serialize)]
struct StopDetails {
    r#type: &'static str,
    category: &'static str,
    explanation: &'static str,
}

#[derive(Serialize)]
struct Usage {
    input_tokens: u32,
    output_tokens: u32,
    cache_creation_input_tokens: u32,
    cache_read_input_tokens: u32,
    service_tier: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event<'a> {
    MessageStart { message: Message<'a> },
    ContentBlockStart { index: u32, content_block: Block<'a> },
    Ping,
    ContentBlockDelta { index: u32, delta: Delta<'a> },
    ContentBlockStop { index: u32 },
    MessageDelta(MessageDelta<'a>),
    MessageStop,
    Error { error: problem::ErrorObject<'a> },
}

#[derive(Serialize)]
struct MessageDelta<'a> {
    delta: Stop<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<OutputUsage>,
}

#[derive(Serialize)]
struct Stop<'a> {
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_details: Option<StopDetails>,
}

#[derive(Serialize)]
struct OutputUsage {
    output_tokens: u32,
}

fn push(out: &mut Vec<u8>, event: &Event<'_>) {
    let name = match event {
        Event::MessageStart { .. } => "message_start",
        Event::ContentBlockStart { .. } => "content_block_start",
        Event::Ping => "ping",
        Event::ContentBlockDelta { .. } => "content_block_delta",
        Event::ContentBlockStop { .. } => "content_block_stop",
        Event::MessageDelta { .. } => "message_delta",
        Event::MessageStop => "message_stop",
        Event::Error { .. } => "error",
    };
    for part in ["event: ", name, "\ndata: "] {
        out.extend_from_slice(part.as_bytes());
    }
    wire::push_json(out, event);
    out.extend_from_slice(b"\n\n");
}

/// What a stream ends with in which something went wrong.
pub(super) fn error(error: problem::ErrorObject<'_>) -> Vec<u8> {
    let mut event = Vec::with_capacity(160);
    push(&mut event, &Event::Error { error });
    event
}

fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::BadToolOutput => "end_turn",
        Finish::Length => "max_tokens",
        Finish::WindowFull => "model_context_window_exceeded",
        Finish::ToolCall => "tool_use",
        Finish::StopString => "stop_sequence",
        Finish::Paused => "pause_turn",
        Finish::Refused | Finish::Blocked => "refusal",
    }
}

fn stop_details(finish: Finish) -> Option<StopDetails> {
    matches!(finish, Finish::Refused | Finish::Blocked).then_some(StopDetails {
        r#type: "refusal",
        category: "general_harms",
        explanation: "The response was stopped by a safety classifier.",
    })
}

fn stop_sequence<'a>(reply: &Reply<'a>) -> Option<&'a str> {
    reply.answer.stop_string.as_deref().filter(|_| reply.answer.finish == Finish::StopString)
}

/// The usage as it is told, with so many tokens of output.
fn usage(reply: &Reply<'_>, output_tokens: u32) -> Option<Usage> {
    let (input_tokens, output_tokens, cache_read_input_tokens) = match reply.answer.usage {
        Told::NotAtAll => return None,
        Told::AsZero => (0, 0, 0),
        Told::Truly => {
            let cached = reply.answer.cached_tokens.min(reply.ask.prompt_tokens);
            (reply.ask.prompt_tokens - cached, output_tokens, cached)
        }
    };
    let service_tier = "standard";
    Some(Usage { input_tokens, output_tokens, cache_creation_input_tokens: 0, cache_read_input_tokens, service_tier })
}

/// The blocks of an answer; the vendor has none that are empty.
fn parts<'a>(reply: &Reply<'a>) -> impl Iterator<Item = (u32, &'a Part)> {
    let parts = reply.answer.parts.iter().filter(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    (0..).zip(parts)
}

fn tool_use<'a>(reply: &Reply<'_>, index: u32, name: &'a str, arguments: &'a str) -> Block<'a> {
    Block::ToolUse { id: format!("toolu_{}{index:02}", reply.id), name, input: wire::object_or_empty(arguments) }
}

pub(super) fn plain(reply: &Reply<'_>) -> Vec<u8> {
    let finish = reply.answer.finish;
    let content = parts(reply).map(|(index, part)| match part {
        Part::Text(text) => Block::Text { text },
        Part::Call { name, arguments } => tool_use(reply, index, name, arguments),
    });
    wire::json(&Message {
        id: &format!("msg_{}", reply.id),
        r#type: "message",
        role: "assistant",
        model: reply.model(),
        content: content.collect(),
        stop_reason: Some(stop_reason(finish)),
        stop_sequence: stop_sequence(reply),
        stop_details: stop_details(finish),
        usage: usage(reply, reply.tokens()),
    })
}

pub(super) fn frames(reply: &Reply<'_>) -> Frames {
    let finish = reply.answer.finish;
    let mut frames = Frames::new(b"\n\n");
    let message = Message {
        id: &format!("msg_{}", reply.id),
        r#type: "message",
        role: "assistant",
        model: reply.model(),
        content: Vec::new(),
        stop_reason: None,
        stop_sequence: None,
        stop_details: None,
        usage: usage(reply, 1),
    };
    frames.event(Mark::Opening, |out| push(out, &Event::MessageStart { message }));
    for (index, part) in parts(reply) {
        let mark = if index == 0 { Mark::Opening } else { Mark::Answer };
        let content_block = match part {
            Part::Text(_) => Block::Text { text: "" },
            Part::Call { name, .. } => tool_use(reply, index, name, ""),
        };
        frames.event(mark, |out| push(out, &Event::ContentBlockStart { index, content_block }));
        if index == 0 {
            frames.event(Mark::Opening, |out| push(out, &Event::Ping));
        }
        let delta = |delta| {
            let mut event = Vec::with_capacity(160);
            push(&mut event, &Event::ContentBlockDelta { index, delta });
            event
        };
        match part {
            Part::Text(text) => frames.run(text, Template::around_token(&delta(Delta::TextDelta { text: TOKEN }))),
            Part::Call { arguments, .. } => {
                let first = delta(Delta::InputJsonDelta { partial_json: "" });
                frames.event(Mark::Answer, |out| out.extend_from_slice(&first));
                let fragment = delta(Delta::InputJsonDelta { partial_json: TOKEN });
                frames.tool_run(arguments, Template::around_token(&fragment));
            }
        }
        frames.event(Mark::Answer, |out| push(out, &Event::ContentBlockStop { index }));
    }
    let delta = Stop {
        stop_reason: stop_reason(finish),
        stop_sequence: stop_sequence(reply),
        stop_details: stop_details(finish),
    };
    let usage = usage(reply, reply.tokens()).map(|usage| OutputUsage { output_tokens: usage.output_tokens });
    frames.event(Mark::Finish, |out| push(out, &Event::MessageDelta(MessageDelta { delta, usage })));
    frames.event(Mark::Terminator, |out| push(out, &Event::MessageStop));
    frames
}
