//! OpenAI: chat completions, plain and as server-sent events that end with `[DONE]`.
//!
//! A stream sends the role first, then the text, then the finish reason, then usage if it was asked for. Rate limits
//! and missing credit share status 429 and differ in `type` and `code`. An overload inside a stream is an `error`
//! object under HTTP 200.

use super::prompt::{Conversation, Role, Str, Text};
use super::wire::{self, SSE, TOKEN};
use super::{Ask, Failure, Finish, Format, Frames, Place, Problem, Reply, Route, Scene, Suffix, Unreadable, edge};
use crate::fault::Cause;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

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
    response_format: Option<ResponseFormat>,
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
struct ResponseFormat {
    json_schema: Option<JsonSchema>,
}

#[derive(Deserialize)]
struct JsonSchema {
    schema: Option<Value>,
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
    content: Option<&'a str>,
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
struct ErrorBody<'a> {
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Value,
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
        completion_tokens: reply.tokens,
        total_tokens: prompt_tokens.saturating_add(reply.tokens),
        prompt_tokens_details: PromptDetails { cached_tokens: 0 },
        completion_tokens_details: CompletionDetails { reasoning_tokens: 0 },
    }
}

/// A refusal is a message of its own where a schema was asked for, else a filter's finish reason.
fn refusal(reply: &Reply<'_>) -> Option<&'static str> {
    (reply.finish == Finish::Refused && reply.ask.schema.is_some()).then_some(REFUSAL)
}

fn finish_reason(reply: &Reply<'_>) -> &'static str {
    match reply.finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Refused if reply.ask.schema.is_some() => "stop",
        Finish::Refused | Finish::Blocked => "content_filter",
    }
}

fn error(status: u16, r#type: &str, code: impl Into<Value>, param: Option<&str>, message: &str) -> Failure {
    Failure::json(status, &ErrorBody { error: ErrorObject { message, r#type, param, code: code.into() } })
}

fn invalid(status: u16, code: impl Into<Value>, param: Option<&str>, message: &str) -> Failure {
    error(status, "invalid_request_error", code, param, message)
}

impl Format for OpenAi {
    fn route<'u>(&self, method: &Method, path: &'u str, _query: &str) -> Route<'u> {
        if path.ends_with("/v1/chat/completions") {
            if *method == Method::POST { Route::Answer(Place::default()) } else { Route::WrongMethod }
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
            schema: request.response_format.and_then(|f| f.json_schema).and_then(|s| s.schema),
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
            model: &reply.ask.model,
            service_tier: "default",
            system_fingerprint: FINGERPRINT,
            choices: [Choice {
                index: 0,
                message: Said {
                    role: "assistant",
                    content: refusal.is_none().then_some(reply.text),
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
            let (created, model) = (reply.created, &*reply.ask.model);
            let object = "chat.completion.chunk";
            let (service_tier, system_fingerprint) = ("default", FINGERPRINT);
            wire::push_json(
                out,
                &Chunk { id: &id, object, created, model, service_tier, system_fingerprint, choices, usage },
            );
            out.extend_from_slice(b"\n\n");
        };
        let choice = |delta, finish_reason| [ChunkChoice { index: 0, delta, logprobs: (), finish_reason }];

        let mut opening = Vec::with_capacity(320);
        let first = Delta { role: Some("assistant"), content: Some(""), refusal: Some(None) };
        push(&mut opening, &choice(first, None), None);
        let mut event = Vec::with_capacity(320);
        push(&mut event, &choice(Delta { content: Some(TOKEN), ..Delta::default() }, None), None);
        let (prefix, suffix) = wire::split_at_token(&event);
        let mut closing = Vec::with_capacity(640);
        if let Some(refusal) = refusal(reply) {
            push(&mut closing, &choice(Delta { refusal: Some(Some(refusal)), ..Delta::default() }, None), None);
        }
        push(&mut closing, &choice(Delta::default(), Some(finish_reason(reply))), None);
        if reply.ask.usage {
            push(&mut closing, &[], Some(usage(reply)));
        }
        closing.extend_from_slice(b"data: [DONE]\n\n");
        Frames { opening, prefix, suffix: Suffix::Fixed(suffix), gap: b"\n\n", closing }
    }

    fn error_event(&self, _ask: &Ask<'_>) -> Vec<u8> {
        let overloaded = ErrorObject {
            message: "The server is currently overloaded. Please try again later.",
            r#type: "service_unavailable_error",
            param: None,
            code: "server_is_overloaded".into(),
        };
        [b"data: ", &*wire::json(&ErrorBody { error: overloaded }), b"\n\n"].concat()
    }

    fn blocks_prompts_with_200(&self) -> Option<Finish> {
        None
    }

    fn failure(&self, problem: &Problem<'_>, scene: &Scene<'_>) -> Failure {
        let failure = match *problem {
            Problem::Cause(cause) => of_cause(cause, scene),
            Problem::Status(status) => of_status(status, scene),
            Problem::NoKey => invalid(
                401,
                (),
                None,
                "You didn't provide an API key. You need to provide your API key in an Authorization header using \
                 Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            ),
            Problem::NoVersion => invalid(400, (), None, "Missing API version."),
            Problem::NotJson => invalid(
                400,
                (),
                None,
                "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP \
                 library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
            ),
            Problem::BadShape(why) => invalid(400, "invalid_type", None, &format!("Invalid request: {why}.")),
            Problem::MissingField("model") => invalid(400, (), None, "you must provide a model parameter"),
            Problem::MissingField(field) => invalid(
                400,
                "missing_required_parameter",
                Some(field),
                &format!("Missing required parameter: '{field}'."),
            ),
            Problem::NoSuchPath(method, path) => invalid(
                404,
                "unknown_url",
                None,
                &format!(
                    "Unknown request URL: {method} {path}. Please check the URL for typos, or see the docs at https://platform.openai.com/docs/api-reference/."
                ),
            ),
            Problem::WrongMethod(method, path) => invalid(
                405,
                "method_not_supported",
                None,
                &format!(
                    "Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)"
                ),
            ),
            Problem::TooLarge => invalid(413, (), None, "The request body is too large."),
        };
        match scene.retry_after {
            None => failure,
            Some(wait) => with_retry_after(failure, wait),
        }
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

fn of_cause(cause: Cause, scene: &Scene<'_>) -> Failure {
    let Scene { model, context, .. } = scene;
    match cause {
        Cause::BadRequest => {
            invalid(400, "invalid_value", Some("messages"), "Invalid value: 'messages' was rejected by the API.")
        }
        Cause::ContextLength => invalid(
            400,
            "context_length_exceeded",
            Some("messages"),
            &format!(
                "This model's maximum context length is {context} tokens. However, your messages resulted in {} tokens. \
                 Please reduce the length of the messages.",
                scene.too_many_tokens()
            ),
        ),
        Cause::Auth => invalid(
            401,
            "invalid_api_key",
            None,
            "Incorrect API key provided: sk-****. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
        ),
        Cause::Permission => error(
            403,
            "request_forbidden",
            "unsupported_country_region_territory",
            None,
            "Country, region, or territory not supported",
        ),
        Cause::ModelGone => invalid(
            404,
            "model_not_found",
            None,
            &format!("The model `{model}` does not exist or you do not have access to it."),
        ),
        Cause::RateLimited => {
            let wait = scene.retry_after.unwrap_or(Duration::from_millis(120));
            error(
                429,
                "requests",
                "rate_limit_exceeded",
                None,
                &format!(
                    "Rate limit reached for {model} in organization org-hopdrill on requests per min (RPM): Limit 500, \
                     Used 500, Requested 1. Please try again in {}.",
                    go_duration(wait)
                ),
            )
            .with("x-ratelimit-limit-requests", "500")
            .with("x-ratelimit-remaining-requests", "0")
            .with("x-ratelimit-reset-requests", go_duration(wait))
        }
        Cause::QuotaExhausted => error(
            429,
            "insufficient_quota",
            "insufficient_quota",
            None,
            "You exceeded your current quota, please check your plan and billing details. For more information on this \
             error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
        ),
        Cause::Overloaded => error(
            503,
            "service_unavailable_error",
            "server_is_overloaded",
            None,
            "The server is currently overloaded. Please try again later.",
        ),
        Cause::ContentPolicy => invalid(
            400,
            "content_policy_violation",
            None,
            "Your request was rejected as a result of our safety system.",
        ),
        Cause::ServerError => error(
            500,
            "server_error",
            (),
            None,
            "The server had an error while processing your request. Sorry about that!",
        ),
        Cause::EdgeHtml => edge::html(502, scene.id),
    }
}

fn of_status(status: u16, scene: &Scene<'_>) -> Failure {
    match status {
        400 => of_cause(Cause::BadRequest, scene),
        401 => of_cause(Cause::Auth, scene),
        403 => of_cause(Cause::Permission, scene),
        404 => of_cause(Cause::ModelGone, scene),
        429 => of_cause(Cause::RateLimited, scene),
        500 => of_cause(Cause::ServerError, scene),
        502 => error(502, "cf_bad_gateway", 502, None, "Bad gateway."),
        503 => of_cause(Cause::Overloaded, scene),
        504 => error(504, "server_error", (), None, "The request timed out. Please try again later."),
        520..=530 => edge::html(status, scene.id),
        409 => error(409, "conflict_error", (), None, "The resource was updated by another request."),
        422 => invalid(422, (), None, "Unable to process the request despite the format being correct."),
        _ if status < 500 => invalid(status, (), None, "The request was not accepted."),
        _ => error(status, "server_error", (), None, "The server had an error while processing your request."),
    }
}

fn with_retry_after(failure: Failure, wait: Duration) -> Failure {
    let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    failure.with("retry-after", super::whole_seconds(wait)).with("retry-after-ms", ms)
}

/// A duration as the vendor's headers write it: `120ms`, `7.5s`, `6m0s`.
fn go_duration(wait: Duration) -> String {
    let ms = wait.as_millis();
    match ms {
        0..1000 => format!("{ms}ms"),
        1000..60_000 => format!("{}s", ms as f64 / 1e3),
        _ => format!("{}m{}s", ms / 60_000, (ms % 60_000) as f64 / 1e3),
    }
}
