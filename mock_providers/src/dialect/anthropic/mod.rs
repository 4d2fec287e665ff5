//! Anthropic: messages, plain and as named server-sent events.
//!
//! A stream goes `message_start`, `content_block_start`, `ping`, the deltas, `content_block_stop`, `message_delta` with
//! the stop reason, `message_stop`. Overload has a status of its own (529), missing prepaid credit is a 400, and a
//! blocked prompt is an answer with stop reason `refusal`.

mod problem;

use super::prompt::{Conversation, Role, Str, Text};
use super::wire::{self, SSE, TOKEN, Template};
use super::{
    Ask, Failure, Finish, Format, Frames, Mark, Part, Place, Problem, Reply, Route, Scene, Unreadable, bearer,
};
use crate::fault::{Cause, Endpoint};
use http::{HeaderMap, HeaderValue, Method, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(super) struct Anthropic;

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
    output_config: Option<OutputConfig<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Str<'a>,
    #[serde(borrow, default)]
    content: Text<'a>,
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

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    r#type: &'static str,
    role: &'static str,
    model: &'a str,
    content: &'a [Block<'a>],
    stop_reason: Option<&'static str>,
    stop_sequence: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_details: Option<StopDetails>,
    usage: Usage,
}

#[derive(Serialize)]
struct Block<'a> {
    r#type: &'static str,
    text: &'a str,
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
    MessageStart { message: Answer<'a> },
    ContentBlockStart { index: u32, content_block: Block<'a> },
    Ping,
    ContentBlockDelta { index: u32, delta: Block<'a> },
    ContentBlockStop { index: u32 },
    MessageDelta { delta: Stop, usage: OutputUsage },
    MessageStop,
    Error { error: problem::ErrorObject<'a> },
}

#[derive(Serialize)]
struct Stop {
    stop_reason: &'static str,
    stop_sequence: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_details: Option<StopDetails>,
}

#[derive(Serialize)]
struct OutputUsage {
    output_tokens: u32,
}

#[derive(Serialize)]
struct ModelList<'a> {
    data: Vec<ModelItem<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct ModelItem<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: &'static str,
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

fn refused(finish: Finish) -> bool {
    matches!(finish, Finish::Refused | Finish::Blocked)
}

fn stop_details(finish: Finish) -> Option<StopDetails> {
    refused(finish).then_some(StopDetails {
        r#type: "refusal",
        category: "general_harms",
        explanation: "The response was stopped by a safety classifier.",
    })
}

fn usage(input_tokens: u32, output_tokens: u32) -> Usage {
    Usage {
        input_tokens,
        output_tokens,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        service_tier: "standard",
    }
}

fn answer<'a>(
    reply: &'a Reply<'a>,
    id: &'a str,
    content: &'a [Block<'a>],
    finish: Option<Finish>,
    tokens: u32,
) -> Answer<'a> {
    Answer {
        id,
        r#type: "message",
        role: "assistant",
        model: reply.model(),
        content,
        stop_reason: finish.map(stop_reason),
        stop_sequence: (),
        stop_details: finish.and_then(stop_details),
        usage: usage(reply.ask.prompt_tokens, tokens),
    }
}

impl Format for Anthropic {
    fn route<'u>(&self, method: &Method, path: &'u str, _query: &str) -> Route<'u> {
        if path.ends_with("/v1/messages") {
            if *method == Method::POST { Route::Ask(Place::of(Endpoint::Chat)) } else { Route::WrongMethod }
        } else if path.ends_with("/v1/models") {
            if *method == Method::GET { Route::Models } else { Route::WrongMethod }
        } else {
            Route::Unknown
        }
    }

    fn admit(&self, headers: &HeaderMap, _query: &str) -> Result<(), Problem<'static>> {
        if !headers.contains_key("x-api-key") && !headers.contains_key(header::AUTHORIZATION) {
            Err(Problem::NoKey)
        } else if !headers.contains_key("anthropic-version") {
            Err(Problem::NoVersion)
        } else {
            Ok(())
        }
    }

    fn read<'a>(&self, _place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
        let request: Request<'a> = serde_json::from_slice(body)?;
        let Str(model) = request.model.ok_or(Unreadable::Missing("model"))?;
        let max_tokens = request.max_tokens.ok_or(Unreadable::Missing("max_tokens"))?;
        let messages = request.messages.filter(|m| !m.is_empty()).ok_or(Unreadable::Missing("messages"))?;
        let mut conversation = Conversation::default();
        conversation.turn(Role::Other, request.system.0);
        for Message { role, content } in messages {
            let role = match &*role.0 {
                "user" => Role::User,
                "assistant" => Role::Assistant,
                _ => Role::Other,
            };
            conversation.turn(role, content.0);
        }
        Ok(Ask {
            model,
            stream: request.stream.unwrap_or_default(),
            schema: request.output_config.and_then(|c| c.format).and_then(|f| f.schema),
            max_tokens: Some(max_tokens),
            ..conversation.ask()
        })
    }

    fn plain(&self, reply: &Reply<'_>) -> Vec<u8> {
        let text = reply.text();
        let finish = reply.answer.finish;
        let content: &[Block<'_>] = if refused(finish) { &[] } else { &[Block { r#type: "text", text: &text }] };
        wire::json(&answer(reply, &format!("msg_{}", reply.id), content, Some(finish), reply.tokens()))
    }

    fn frames(&self, reply: &Reply<'_>) -> Frames {
        let id = format!("msg_{}", reply.id);
        let finish = reply.answer.finish;
        let mut frames = Frames::new(b"\n\n");
        frames
            .event(Mark::Opening, |out| push(out, &Event::MessageStart { message: answer(reply, &id, &[], None, 1) }));
        for (index, part) in (0..).zip(&reply.answer.parts) {
            let Part::Text(text) = part else { continue };
            let content_block = Block { r#type: "text", text: "" };
            frames.event(Mark::Opening, |out| push(out, &Event::ContentBlockStart { index, content_block }));
            if index == 0 {
                frames.event(Mark::Opening, |out| push(out, &Event::Ping));
            }
            let mut event = Vec::with_capacity(160);
            let delta = Block { r#type: "text_delta", text: TOKEN };
            push(&mut event, &Event::ContentBlockDelta { index, delta });
            frames.run(text, Template::around_token(&event));
            frames.event(Mark::Answer, |out| push(out, &Event::ContentBlockStop { index }));
        }
        let delta = Stop { stop_reason: stop_reason(finish), stop_sequence: (), stop_details: stop_details(finish) };
        let usage = OutputUsage { output_tokens: reply.tokens() };
        frames.event(Mark::Finish, |out| push(out, &Event::MessageDelta { delta, usage }));
        frames.event(Mark::Terminator, |out| push(out, &Event::MessageStop));
        frames
    }

    fn error_event(&self, _ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
        let mut event = Vec::new();
        let (_, r#type, message) = problem::of_cause(cause, scene);
        push(&mut event, &Event::Error { error: problem::ErrorObject { r#type, message: &message } });
        event
    }

    fn key<'h>(&self, headers: &'h HeaderMap, _query: &'h str) -> &'h str {
        headers.get("x-api-key").and_then(|key| key.to_str().ok()).unwrap_or_else(|| bearer(headers))
    }

    fn blocks_prompts_with_200(&self) -> Option<Finish> {
        Some(Finish::Refused)
    }

    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
        problem::failure(problem, scene)
    }

    fn mark(&self, headers: &mut HeaderMap, id: &str) {
        if let Ok(id) = HeaderValue::try_from(format!("req_{id}")) {
            headers.insert("request-id", id);
        }
        headers.insert("anthropic-organization-id", HeaderValue::from_static("00000000-0000-4000-8000-000000000000"));
    }

    fn stream_type(&self, _ask: &Ask<'_>) -> &'static str {
        SSE
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        let item = |id| ModelItem { r#type: "model", id, display_name: id, created_at: "2025-01-01T00:00:00Z" };
        let data = names.iter().copied().map(item).collect();
        let (first_id, last_id) = (names.first().copied(), names.last().copied());
        wire::json(&ModelList { data, has_more: false, first_id, last_id })
    }
}
