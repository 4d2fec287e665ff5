//! Gemini: `generateContent` and `streamGenerateContent`, the latter as server-sent events or as one JSON array.
//!
//! The model and the wish for a stream stand in the path. A stream has no opening and no terminator: every event bears
//! usage, only the last bears a finish reason. A bad key is a 400, what says when to retry stands in the body
//! (`RetryInfo`) and never in a header, and a blocked prompt is a 200 without candidates.

mod problem;

use super::prompt::{Conversation, Part, Role, Str, join};
use super::wire::{self, Suffix, TOKEN, Template};
use super::{
    Ask, Failure, Finish, Format, Frames, Mark, Part as Said_, Place, Problem, Reply, Route, Scene, Unreadable, bearer,
};
use crate::fault::{Cause, Endpoint};
use http::{HeaderMap, HeaderValue, Method, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) struct Gemini;

/// Stand for the two counts in the event that is cut up.
const COUNT: u32 = u32::MAX;
const TOTAL: u32 = u32::MAX - 1;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    contents: Option<Vec<Content<'a>>>,
    #[serde(borrow, alias = "system_instruction")]
    system_instruction: Option<Content<'a>>,
    #[serde(alias = "generation_config")]
    #[serde(borrow)]
    generation_config: Option<GenerationConfig<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    role: Option<Str<'a>>,
    #[serde(borrow, default)]
    parts: Vec<Part<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(alias = "max_output_tokens")]
    max_output_tokens: Option<u32>,
    #[serde(borrow, alias = "response_schema")]
    response_schema: Option<&'a RawValue>,
    #[serde(borrow, alias = "response_json_schema")]
    response_json_schema: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<[Candidate<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_feedback: Option<PromptFeedback>,
    usage_metadata: Usage,
    model_version: &'a str,
    response_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Said<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'static str>,
    index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_ratings: Option<[SafetyRating; 1]>,
}

#[derive(Serialize)]
struct Said<'a> {
    parts: [SaidPart<'a>; 1],
    role: &'static str,
}

#[derive(Serialize)]
struct SaidPart<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct SafetyRating {
    category: &'static str,
    probability: &'static str,
    blocked: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback {
    block_reason: &'static str,
    safety_ratings: [SafetyRating; 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    prompt_token_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates_token_count: Option<u32>,
    total_token_count: u32,
}

/// A whole answer, or what ends a stream; `text` is empty in the latter.
fn last_chunk<'a>(reply: &'a Reply<'a>, text: &'a str) -> Chunk<'a> {
    let (content, finish_reason, safety_ratings) = match reply.answer.finish {
        Finish::Stop | Finish::StopString | Finish::ToolCall => (Some(said(text)), "STOP", None),
        Finish::Length | Finish::WindowFull => (Some(said(text)), "MAX_TOKENS", None),
        Finish::BadToolOutput => (Some(said(text)), "MALFORMED_FUNCTION_CALL", None),
        Finish::Paused => (Some(said(text)), "CONTINUATION", None),
        Finish::Refused | Finish::Blocked => {
            let category = "HARM_CATEGORY_DANGEROUS_CONTENT";
            (None, "SAFETY", Some([SafetyRating { category, probability: "HIGH", blocked: true }]))
        }
    };
    let candidate = Candidate { content, finish_reason: Some(finish_reason), index: 0, safety_ratings };
    let blocked = reply.answer.finish == Finish::Blocked;
    let feedback = PromptFeedback { block_reason: "PROHIBITED_CONTENT", safety_ratings: [] };
    let prompt_token_count = reply.ask.prompt_tokens;
    Chunk {
        candidates: (!blocked).then_some([candidate]),
        prompt_feedback: blocked.then_some(feedback),
        usage_metadata: Usage {
            prompt_token_count,
            candidates_token_count: (!blocked).then(|| reply.tokens()),
            total_token_count: prompt_token_count.saturating_add(reply.tokens()),
        },
        model_version: reply.model(),
        response_id: reply.id,
    }
}

fn said(text: &str) -> Said<'_> {
    Said { parts: [SaidPart { text }], role: "model" }
}

/// What stands before and after each element of a stream, and after the last.
fn framing(ask: &Ask<'_>) -> (&'static [u8], &'static [u8], &'static [u8]) {
    if ask.array { (b"", b",\r\n", b"]") } else { (b"data: ", b"\r\n\r\n", b"\r\n\r\n") }
}

impl Format for Gemini {
    fn route<'u>(&self, method: &Method, path: &'u str, query: &str) -> Route<'u> {
        if path.ends_with("/v1beta/models") {
            return if *method == Method::GET { Route::Models } else { Route::WrongMethod };
        }
        let Some((model, verb)) = path.rsplit_once("/v1beta/models/").and_then(|(_, rest)| rest.rsplit_once(':'))
        else {
            return Route::Unknown;
        };
        let stream = match verb {
            "generateContent" => false,
            "streamGenerateContent" => true,
            _ => return Route::Unknown,
        };
        let array = stream && !query.split('&').any(|pair| pair == "alt=sse");
        if *method == Method::POST {
            Route::Ask(Place { endpoint: Some(Endpoint::Chat), model, stream, array })
        } else {
            Route::WrongMethod
        }
    }

    fn admit(&self, headers: &HeaderMap, query: &str) -> Result<(), Problem<'static>> {
        let in_query = query.split('&').any(|pair| pair.starts_with("key=") && pair.len() > 4);
        let in_header = headers.contains_key("x-goog-api-key") || headers.contains_key(header::AUTHORIZATION);
        if in_query || in_header { Ok(()) } else { Err(Problem::NoKey) }
    }

    fn read<'a>(&self, place: Place<'a>, body: &'a [u8]) -> Result<Ask<'a>, Unreadable> {
        let request: Request<'a> = serde_json::from_slice(body)?;
        let contents = request.contents.filter(|c| !c.is_empty()).ok_or(Unreadable::Missing("contents"))?;
        let mut conversation = Conversation::default();
        if let Some(system) = request.system_instruction {
            conversation.turn(Role::Other, join(system.parts));
        }
        for Content { role, parts } in contents {
            let role = match role.as_ref().map(|Str(role)| &**role) {
                Some("user") | None => Role::User,
                Some("model") => Role::Assistant,
                Some(_) => Role::Other,
            };
            conversation.turn(role, join(parts));
        }
        let config = request.generation_config.unwrap_or_default();
        Ok(Ask {
            model: Cow::Borrowed(place.model),
            stream: place.stream,
            schema: config.response_json_schema.or(config.response_schema),
            max_tokens: config.max_output_tokens,
            array: place.array,
            ..conversation.ask()
        })
    }

    fn plain(&self, reply: &Reply<'_>) -> Vec<u8> {
        wire::json(&last_chunk(reply, &reply.text()))
    }

    fn frames(&self, reply: &Reply<'_>) -> Frames {
        let (before, gap, end) = framing(reply.ask);
        let event = Chunk {
            candidates: Some([Candidate {
                content: Some(said(TOKEN)),
                finish_reason: None,
                index: 0,
                safety_ratings: None,
            }]),
            prompt_feedback: None,
            usage_metadata: Usage {
                prompt_token_count: reply.ask.prompt_tokens,
                candidates_token_count: Some(COUNT),
                total_token_count: TOTAL,
            },
            model_version: reply.model(),
            response_id: reply.id,
        };
        let (prefix, rest) = wire::split_at_token(&wire::json(&event));
        let (head, rest) = wire::split(&rest, COUNT.to_string().as_bytes());
        let (between, after) = wire::split(&rest, TOTAL.to_string().as_bytes());
        let pieces = [head, between, [&*after, gap].concat()];
        let mut frames = Frames::new(gap);
        if reply.ask.array {
            frames.event(Mark::Opening, |out| out.push(b'['));
        }
        let suffix = Suffix::Counted { pieces, prompt: reply.ask.prompt_tokens };
        let mut template = Some(Template::Json { prefix: [before, &*prefix].concat(), suffix });
        for part in &reply.answer.parts {
            if let (Said_::Text(text), Some(template)) = (part, template.take()) {
                frames.run(text, template);
            }
        }
        frames.event(Mark::Finish, |out| {
            out.extend_from_slice(before);
            wire::push_json(out, &last_chunk(reply, ""));
            out.extend_from_slice(end);
        });
        frames
    }

    fn error_event(&self, ask: &Ask<'_>, cause: Cause, scene: &Scene<'_>) -> Vec<u8> {
        let (before, _, end) = framing(ask);
        [before, &*problem::failure(&Problem::Cause(cause), scene).body, end].concat()
    }

    fn key<'h>(&self, headers: &'h HeaderMap, query: &'h str) -> &'h str {
        let in_query = query.split('&').find_map(|pair| pair.strip_prefix("key="));
        let in_header = headers.get("x-goog-api-key").and_then(|key| key.to_str().ok());
        in_header.or(in_query).unwrap_or_else(|| bearer(headers))
    }

    fn blocks_prompts_with_200(&self) -> Option<Finish> {
        Some(Finish::Blocked)
    }

    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
        problem::failure(problem, scene)
    }

    fn mark(&self, headers: &mut HeaderMap, _id: &str) {
        headers.insert("server", HeaderValue::from_static("scaffolding on HTTPServer2"));
        headers.insert("vary", HeaderValue::from_static("Origin, X-Origin, Referer"));
    }

    fn stream_type(&self, ask: &Ask<'_>) -> &'static str {
        if ask.array { wire::JSON } else { "text/event-stream" }
    }

    fn models(&self, names: &[&str]) -> Vec<u8> {
        let item = |name: &&str| {
            json!({
                "name": format!("models/{name}"), "version": "001", "displayName": name,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
            })
        };
        wire::json(&json!({ "models": names.iter().map(item).collect::<Vec<_>>() }))
    }
}
