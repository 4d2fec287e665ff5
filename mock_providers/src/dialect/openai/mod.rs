//! OpenAI: chat completions, plain and as server-sent events that end with `[DONE]`.
//!
//! A stream sends the role first, then the text, then the finish reason, then usage if it was asked for. Rate limits
//! and missing credit share status 429 and differ in `type` and `code`. An overload inside a stream is an `error`
//! object under HTTP 200.

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
use std::borrow::Cow;

const FINGERPRINT: &str = "fp_50cad350e4";
const REFUSAL: &str = "I'm sorry, but I can't assist with that request.";

pub(super) struct OpenAi;

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
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Str<'a>,
    #[serde(borrow, default)]
    content: Text<'a>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct ResponseFormat<'a> {
    #[serde(borrow)]
    json_schema: Option<JsonSchema<'a>>,
}

#[derive(Deserialize)]
struct JsonSchema<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    service_tier: &'static str,
    system_fingerprint: &'static str,
    choices: [Choice<'a>; 1],
    usage: Usage,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Said<'a>,
    logprobs: (),
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: Option<Cow<'a, str>>,
    refusal: Option<&'static str>,
    annotations: [(); 0],
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: u32,
    completion_tokens: u32,
    total_tokens: u32,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u32,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u32,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    service_tier: &'static str,
    system_fingerprint: &'static str,
    choices: &'a [ChunkChoice],
    /// Absent unless usage was asked for; then null in all chunks but the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize)]
struct ChunkChoice {
    index: u32,
    delta: Delta,
    logprobs: (),
    finish_reason: Option<&'static str>,
}

#[derive(Serialize, Default)]
struct Delta {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Option<&'static str>>,
}

#[derive(Serialize)]
struct ModelList<'a> {
    object: &'static str,
    data: Vec<ModelItem<'a>>,
}

#[derive(Serialize)]
struct ModelItem<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

fn usage(reply: &Reply<'_>) -> Usage {
    let prompt_tokens = reply.ask.prompt_tokens;
    Usage {
        prompt_tokens,
        completion_tokens: reply.tokens(),
        total_tokens: prompt_tokens.saturating_add(reply.tokens()),
        prompt_tokens_details: PromptDetails { cached_tokens: 0 },
        completion_tokens_details: CompletionDetails { reasoning_tokens: 0 },
    }
}

/// A refusal is a message of its own where a schema was asked for, else a filter's finish reason.
fn refusal(reply: &Reply<'_>) -> Option<&'static str> {
    (reply.answer.finish == Finish::Refused && reply.ask.schema.is_some()).then_some(REFUSAL)
}

fn finish_reason(reply: &Reply<'_>) -> &'static str {
    match reply.answer.finish {
        Finish::Stop | Finish::StopString | Finish::BadToolOutput | Finish::Paused => "stop",
        Finish::Length | Finish::WindowFull => "length",
        Finish::ToolCall => "tool_calls",
        Finish::Refused if reply.ask.schema.is_some() => "stop",
        Finish::Refused | Finish::Blocked => "content_filter",
    }
}

impl Format for OpenAi {
    fn route<'u>(&self, method: &Method, path: &'u str, _query: &str) -> Route<'u> {
        if path.ends_with("/v1/chat/completions") {
            if *method == Method::POST { Route::Ask(Place::of(Endpoint::Chat)) } else { Route::WrongMethod }
        } else if path.ends_with("/v1/models") {
            if *method == Method::GET { Route::Models } else { Route::WrongMethod }
        } else {
            Route::Unknown
        }
    }

    fn admit(&self, headers: &HeaderMap, _query: &str) -> Result<(), Problem<'static>> {
        if headers.contains_key(header::AUTHORIZATION) { Ok(()) } else { Err(Problem::NoKey) }
    }

    fn read<'a>(&self, _place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
        let request: Request<'a> = serde_json::from_slice(body)?;
        let Str(model) = request.model.ok_or(Unreadable::Missing("model"))?;
        let messages = request.messages.filter(|m| !m.is_empty()).ok_or(Unreadable::Missing("messages"))?;
        let mut conversation = Conversation::default();
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
            schema: request.response_format.and_then(|f| f.json_schema).and_then(|s| s.schema).map(Cow::Borrowed),
            max_tokens: request.max_completion_tokens.or(request.max_tokens),
            usage: request.stream_options.and_then(|o| o.include_usage).unwrap_or_default(),
            ..conversation.ask()
        })
    }

    fn plain(&self, reply: &Reply<'_>) -> Vec<u8> {
        let refusal = refusal(reply);
        wire::json(&Completion {
            id: &format!("chatcmpl-{}", reply.id),
            object: "chat.completion",
            created: reply.created,
            model: reply.model(),
            service_tier: "default",
            system_fingerprint: FINGERPRINT,
            choices: [Choice {
                index: 0,
                message: Said {
                    role: "assistant",
                    content: refusal.is_none().then(|| reply.text()),
                    refusal,
                    annotations: [],
                },
                logprobs: (),
                finish_reason: finish_reason(reply),
            }],
            usage: usage(reply),
        })
    }

    fn frames(&self, reply: &Reply<'_>) -> Frames {
        let id = format!("chatcmpl-{}", reply.id);
        let push = |out: &mut Vec<u8>, choices: &[ChunkChoice], usage: Option<Usage>| {
            out.extend_from_slice(b"data: ");
            let usage = reply.ask.usage.then_some(usage);
            let (created, model) = (reply.created, reply.model());
            let object = "chat.completion.chunk";
            let (service_tier, system_fingerprint) = ("default", FINGERPRINT);
            wire::push_json(
                out,
                &Chunk { id: &id, object, created, model, service_tier, system_fingerprint, choices, usage },
            );
            out.extend_from_slice(b"\n\n");
        };
        let choice = |delta, finish_reason| [ChunkChoice { index: 0, delta, logprobs: (), finish_reason }];

        let mut frames = Frames::new(b"\n\n");
        let first = Delta { role: Some("assistant"), content: Some(""), refusal: Some(None) };
        frames.event(Mark::Opening, |out| push(out, &choice(first, None), None));
        for part in &reply.answer.parts {
            if let Part::Text(text) = part {
                let mut event = Vec::with_capacity(320);
                push(&mut event, &choice(Delta { content: Some(TOKEN), ..Delta::default() }, None), None);
                frames.run(text, Template::around_token(&event));
            }
        }
        if let Some(refusal) = refusal(reply) {
            let said = Delta { refusal: Some(Some(refusal)), ..Delta::default() };
            frames.event(Mark::Answer, |out| push(out, &choice(said, None), None));
        }
        let finish = choice(Delta::default(), Some(finish_reason(reply)));
        frames.event(Mark::Finish, |out| push(out, &finish, None));
        if reply.ask.usage {
            frames.event(Mark::Usage, |out| push(out, &[], Some(usage(reply))));
        }
        frames.event(Mark::Terminator, |out| out.extend_from_slice(b"data: [DONE]\n\n"));
        frames
    }

    fn error_event(&self, _ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
        [b"data: ", &*problem::failure(&Problem::Cause(cause), scene).body, b"\n\n"].concat()
    }

    fn key<'h>(&self, headers: &'h HeaderMap, _query: &'h str) -> &'h str {
        bearer(headers)
    }

    fn blocks_prompts_with_200(&self) -> Option<Finish> {
        None
    }

    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
        problem::failure(problem, scene)
    }

    fn mark(&self, headers: &mut HeaderMap, id: &str) {
        if let Ok(id) = HeaderValue::try_from(format!("req_{id}")) {
            headers.insert("x-request-id", id);
        }
        headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
        headers.insert("openai-organization", HeaderValue::from_static("org-hopdrill"));
    }

    fn stream_type(&self, _ask: &Ask<'_>) -> &'static str {
        SSE
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        let item = |id| ModelItem { id, object: "model", created: 1_715_367_049, owned_by: "system" };
        wire::json(&ModelList { object: "list", data: names.iter().copied().map(item).collect() })
    }
}
