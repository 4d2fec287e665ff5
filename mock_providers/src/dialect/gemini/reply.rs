//! What an answer looks like, whole and as the elements of a stream, all of which have one shape.

use crate::dialect::wire::{self, Suffix, TOKEN, Template};
use crate::dialect::{Answer, Ask, Finish, Frames, Mark, Part, Reply, Told};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Stand for the two counts in the event that is cut up.
const COUNT: u32 = u32::MAX;
const TOTAL: u32 = u32::MAX - 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<[Candidate<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_feedback: Option<PromptFeedback>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_metadata: Option<Usage>,
    model_version: &'a str,
    response_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'static str>,
    index: u32,
    safety_ratings: &'static [SafetyRating],
}

#[derive(Serialize)]
struct Content<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Said<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Said<'a> {
    Text(&'a str),
    FunctionCall { name: &'a str, args: Cow<'a, RawValue> },
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
    #[serde(skip_serializing_if = "is_zero")]
    cached_content_token_count: u32,
    #[serde(skip_serializing_if = "is_zero")]
    thoughts_token_count: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(figure: &u32) -> bool {
    *figure == 0
}

static BLOCKED: [SafetyRating; 1] =
    [SafetyRating { category: "HARM_CATEGORY_DANGEROUS_CONTENT", probability: "HIGH", blocked: true }];

fn blocked(finish: Finish) -> bool {
    matches!(finish, Finish::Refused | Finish::Blocked)
}

fn finish_reason(answer: &Answer) -> &'static str {
    match answer.finish {
        Finish::ToolCall if calls(answer).any(|arguments| wire::object(arguments).is_none()) => {
            "MALFORMED_FUNCTION_CALL"
        }
        Finish::Stop | Finish::StopString | Finish::ToolCall => "STOP",
        Finish::Length | Finish::WindowFull => "MAX_TOKENS",
        Finish::BadToolOutput => "MALFORMED_FUNCTION_CALL",
        Finish::Paused => "CONTINUATION",
        Finish::Refused | Finish::Blocked => "SAFETY",
    }
}

fn calls(answer: &Answer) -> impl Iterator<Item = &str> {
    answer.parts.iter().filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Call { arguments, .. } => Some(arguments.as_str()),
    })
}

/// A part as it is said; a call whose arguments are no object cannot be.
fn said(part: &Part) -> Option<Said<'_>> {
    match part {
        Part::Text(text) => Some(Said::Text(text)),
        Part::Call { name, arguments } => wire::object(arguments).map(|args| Said::FunctionCall { name, args }),
    }
}

/// The usage as it is told after so many tokens.
fn usage(reply: &Reply<'_>, said: Option<u32>) -> Option<Usage> {
    let Reply { ask, answer, .. } = reply;
    match answer.usage {
        Told::NotAtAll => None,
        Told::AsZero => Some(Usage {
            prompt_token_count: 0,
            candidates_token_count: said.map(|_| 0),
            total_token_count: 0,
            cached_content_token_count: 0,
            thoughts_token_count: 0,
        }),
        Told::Truly => Some(Usage {
            prompt_token_count: ask.prompt_tokens,
            candidates_token_count: said,
            total_token_count: before(reply).saturating_add(said.unwrap_or_default()),
            cached_content_token_count: answer.cached_tokens.min(ask.prompt_tokens),
            thoughts_token_count: answer.reasoning_tokens,
        }),
    }
}

/// What is used before the first token.
fn before(reply: &Reply<'_>) -> u32 {
    reply.ask.prompt_tokens.saturating_add(reply.answer.reasoning_tokens)
}

/// An element that says something and is not the last.
fn element<'a>(reply: &'a Reply<'a>, said: Said<'a>, usage: Option<Usage>) -> Chunk<'a> {
    let content = Some(Content { role: "model", parts: vec![said] });
    Chunk {
        candidates: Some([Candidate { content, finish_reason: None, index: 0, safety_ratings: &[] }]),
        prompt_feedback: None,
        usage_metadata: usage,
        model_version: reply.model(),
        response_id: reply.id,
    }
}

/// A whole answer, or what ends a stream: the element that tells why.
fn last<'a>(reply: &'a Reply<'a>, parts: Vec<Said<'a>>) -> Chunk<'a> {
    let finish = reply.answer.finish;
    let content = Content { role: "model", parts };
    let candidate = Candidate {
        content: (!blocked(finish) || !content.parts.is_empty()).then_some(content),
        finish_reason: Some(finish_reason(reply.answer)),
        index: 0,
        safety_ratings: if blocked(finish) { &BLOCKED } else { &[] },
    };
    let answered = finish != Finish::Blocked;
    let feedback = PromptFeedback { block_reason: "PROHIBITED_CONTENT", safety_ratings: [] };
    Chunk {
        candidates: answered.then_some([candidate]),
        prompt_feedback: (!answered).then_some(feedback),
        usage_metadata: usage(reply, answered.then(|| reply.answer.tokens())),
        model_version: reply.model(),
        response_id: reply.id,
    }
}

pub(super) fn plain(reply: &Reply<'_>) -> Vec<u8> {
    wire::json(&last(reply, reply.answer.parts.iter().filter_map(said).collect()))
}

/// What stands before and after each element of a stream, and after the last.
pub(super) fn framing(ask: &Ask<'_>) -> (&'static [u8], &'static [u8], &'static [u8]) {
    if ask.array { (b"", b",\r\n", b"") } else { (b"data: ", b"\r\n\r\n", b"\r\n\r\n") }
}

pub(super) fn frames(reply: &Reply<'_>) -> Frames {
    let (before, gap, end) = framing(reply.ask);
    let push = |out: &mut Vec<u8>, chunk: &Chunk<'_>, gap: &[u8]| {
        out.extend_from_slice(before);
        wire::push_json(out, chunk);
        out.extend_from_slice(gap);
    };
    let mut frames = Frames::new(gap);
    if reply.ask.array {
        frames.event(Mark::Opening, |out| out.push(b'['));
    }
    for part in &reply.answer.parts {
        match part {
            Part::Text(text) => frames.run(text, template(reply)),
            Part::Call { arguments, .. } => {
                let Some(call) = said(part) else { continue };
                frames.whole_call(arguments, |out, n| push(out, &element(reply, call, usage(reply, Some(n))), gap));
            }
        }
    }
    let silent = blocked(reply.answer.finish) || reply.answer.parts.is_empty();
    let nothing = if silent { Vec::new() } else { vec![Said::Text("")] };
    frames.event(Mark::Finish, |out| push(out, &last(reply, nothing), end));
    if reply.ask.array {
        frames.event(Mark::Terminator, |out| out.push(b']'));
    }
    frames
}

/// The element of a token, which counts the tokens so far.
fn template(reply: &Reply<'_>) -> Template {
    let (start, gap, _) = framing(reply.ask);
    let mut usage = usage(reply, Some(COUNT));
    let counted = reply.answer.usage == Told::Truly;
    if let Some(usage) = usage.as_mut().filter(|_| counted) {
        usage.total_token_count = TOTAL;
    }
    let mut event = Vec::with_capacity(384);
    event.extend_from_slice(start);
    wire::push_json(&mut event, &element(reply, Said::Text(TOKEN), usage));
    event.extend_from_slice(gap);
    if !counted {
        return Template::around_token(&event);
    }
    let (prefix, rest) = wire::split_at_token(&event);
    let (head, rest) = wire::split(&rest, COUNT.to_string().as_bytes());
    let (between, after) = wire::split(&rest, TOTAL.to_string().as_bytes());
    Template::Json { prefix, suffix: Suffix::Counted { pieces: [head, between, after], prompt: before(reply) } }
}
