//! What an answer looks like: lines, of which a plain answer is but the last.

use crate::dialect::wire::{self, TOKEN, Template};
use crate::dialect::{Finish, Frames, Mark, Part, Reply, Told, rfc3339};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::Duration;

/// What a model says that refuses.
const REFUSAL: &str = "I'm sorry, but I can't assist with that request.";
/// What it takes to find that the model is loaded.
const LOAD: Duration = Duration::from_millis(1);

#[derive(Serialize)]
struct Line<'a> {
    model: &'a str,
    created_at: &'a str,
    message: Message<'a>,
    done: bool,
    #[serde(flatten)]
    end: Option<End>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
struct Call<'a> {
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: Cow<'a, RawValue>,
}

/// What only the last line bears.
#[derive(Serialize)]
struct End {
    done_reason: &'static str,
    total_duration: u64,
    load_duration: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_eval_count: Option<u32>,
    prompt_eval_duration: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    eval_count: Option<u32>,
    eval_duration: u64,
}

fn end(reply: &Reply<'_>) -> End {
    let done_reason = match reply.answer.finish {
        Finish::Length | Finish::WindowFull => "length",
        Finish::Stop
        | Finish::ToolCall
        | Finish::StopString
        | Finish::Refused
        | Finish::Blocked
        | Finish::BadToolOutput
        | Finish::Paused => "stop",
    };
    let told = |count| match reply.answer.usage {
        Told::Truly => Some(count),
        Told::AsZero => Some(0),
        Told::NotAtAll => None,
    };
    let ns = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let load = LOAD.min(reply.took.first);
    End {
        done_reason,
        total_duration: ns(reply.took.all),
        load_duration: ns(load),
        prompt_eval_count: told(reply.ask.prompt_tokens),
        prompt_eval_duration: ns(reply.took.first - load),
        eval_count: told(reply.tokens()),
        eval_duration: ns(reply.took.all.saturating_sub(reply.took.first)),
    }
}

/// A call as it is made; one whose arguments are no object is not understood as a call, and is text.
fn call(part: &Part) -> Option<Call<'_>> {
    match part {
        Part::Text(_) => None,
        Part::Call { name, arguments } => {
            wire::object(arguments).map(|arguments| Call { function: Function { name, arguments } })
        }
    }
}

/// What a model that refuses says, if it says nothing else.
fn refusal(reply: &Reply<'_>) -> Option<&'static str> {
    let refuses = matches!(reply.answer.finish, Finish::Refused | Finish::Blocked);
    (refuses && reply.answer.parts.is_empty()).then_some(REFUSAL)
}

fn says<'a>(content: &'a str) -> Message<'a> {
    Message { role: "assistant", content: Cow::Borrowed(content), tool_calls: Vec::new() }
}

pub(super) fn plain(reply: &Reply<'_>) -> Vec<u8> {
    let mut message = says(refusal(reply).unwrap_or_default());
    for part in &reply.answer.parts {
        match call(part) {
            Some(call) => message.tool_calls.push(call),
            None if message.content.is_empty() => message.content = Cow::Borrowed(part.text()),
            None => message.content.to_mut().push_str(part.text()),
        }
    }
    let created_at = &rfc3339(reply.created);
    wire::json(&Line { model: reply.model(), created_at, message, done: true, end: Some(end(reply)) })
}

pub(super) fn frames(reply: &Reply<'_>) -> Frames {
    let created_at = &rfc3339(reply.created);
    let push = |out: &mut Vec<u8>, message: Message<'_>, end: Option<End>| {
        wire::push_json(out, &Line { model: reply.model(), created_at, message, done: end.is_some(), end });
        out.push(b'\n');
    };
    let mut frames = Frames::new(b"\n");
    if let Some(refusal) = refusal(reply) {
        frames.event(Mark::Answer, |out| push(out, says(refusal), None));
    }
    for part in &reply.answer.parts {
        match call(part) {
            Some(call) => {
                let message = Message { tool_calls: vec![call], ..says("") };
                frames.whole_call(part.text(), |out, _| push(out, message, None));
            }
            None => {
                let mut line = Vec::with_capacity(160);
                push(&mut line, says(TOKEN), None);
                frames.run(part.text(), Template::around_token(&line));
            }
        }
    }
    frames.event(Mark::Finish, |out| push(out, says(""), Some(end(reply))));
    frames
}
