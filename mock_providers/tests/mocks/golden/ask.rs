//! Requests, as each vendor's clients send them: path, key, body.

use super::case::Ask;
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

/// The one function that the tools of a request offer. Its parameters have the shape of the bench's `OBJECT`.
const TOOL: &str = "classify";
/// The string that stops an answer that was asked for `until` it.
const STOP: &str = "three";
/// The token cap of an answer that was asked for `capped`.
const CAP: u32 = 2;

fn schema() -> Value {
    json!({
        "type": "object", "properties": {"label": {"type": "string"}, "score": {"type": "number"}},
        "required": ["label", "score"], "additionalProperties": false,
    })
}

/// The request of this dialect (the name of a golden folder) for what is asked; `None` where it cannot be said.
pub(crate) fn request(dialect: &str, ask: Ask<'_>) -> Option<Request<Body>> {
    let models = ask.has("models");
    let body = if models { Value::Null } else { body(dialect, ask)? };
    let mut request =
        Request::builder().uri(path(dialect, ask)).header("host", "p").header("content-type", "application/json");
    for (name, value) in keys(dialect) {
        request = request.header(*name, *value);
    }
    let (method, body) = if models { ("GET", String::new()) } else { ("POST", body.to_string()) };
    request.method(method).body(Body::from(body)).ok()
}

fn path(dialect: &str, ask: Ask<'_>) -> &'static str {
    let (models, stream) = (ask.has("models"), ask.has("stream"));
    match dialect {
        "gemini" | "gemini_array" if models => "/v1beta/models",
        "gemini_array" if stream => "/v1beta/models/m:streamGenerateContent",
        "gemini" if stream => "/v1beta/models/m:streamGenerateContent?alt=sse",
        "gemini" | "gemini_array" => "/v1beta/models/m:generateContent",
        "ollama" if models => "/api/tags",
        "ollama" => "/api/chat",
        _ if models => "/v1/models",
        "openai_responses" => "/v1/responses",
        "openai_embeddings" => "/v1/embeddings",
        "anthropic" => "/v1/messages",
        "azure" => "/openai/deployments/m/chat/completions?api-version=2024-10-21",
        "bedrock" if stream => "/model/m/converse-stream",
        "bedrock" => "/model/m/converse",
        _ => "/v1/chat/completions",
    }
}

fn keys(dialect: &str) -> &'static [(&'static str, &'static str)] {
    match dialect {
        "anthropic" => &[("x-api-key", "k"), ("anthropic-version", "2023-06-01")],
        "gemini" | "gemini_array" => &[("x-goog-api-key", "k")],
        "azure" => &[("api-key", "k")],
        "bedrock" => &[
            ("x-amz-date", "20260101T000000Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature=00",
            ),
        ],
        "ollama" => &[],
        _ => &[("authorization", "Bearer k")],
    }
}

fn body(dialect: &str, ask: Ask<'_>) -> Option<Value> {
    match dialect {
        "openai" | "vllm" | "azure" | "mistral" => Some(chat(dialect, ask)),
        "openai_responses" => Some(responses(ask)),
        "openai_embeddings" => {
            let encoding = if ask.has("base64") { "base64" } else { "float" };
            Some(json!({"model": "m", "input": "hi", "encoding_format": encoding}))
        }
        "anthropic" => Some(anthropic(ask)),
        "gemini" | "gemini_array" => Some(gemini(ask)),
        "bedrock" => Some(bedrock(ask)),
        "ollama" => Some(ollama(ask)),
        _ => None,
    }
}

fn chat(dialect: &str, ask: Ask<'_>) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    if ask.has("stream") {
        body["stream"] = true.into();
    }
    if ask.has("usage") {
        body["stream_options"] = json!({"include_usage": true});
    }
    if ask.has("tools") {
        let function = json!({"name": TOOL, "description": "Files a ticket.", "parameters": schema()});
        body["tools"] = json!([{"type": "function", "function": function}]);
        body["tool_choice"] = if dialect == "mistral" { "any".into() } else { "required".into() };
    }
    if ask.has("schema") {
        let json_schema = json!({"name": TOOL, "schema": schema(), "strict": true});
        body["response_format"] = json!({"type": "json_schema", "json_schema": json_schema});
    }
    if ask.has("capped") {
        let name = if matches!(dialect, "openai" | "azure") { "max_completion_tokens" } else { "max_tokens" };
        body[name] = CAP.into();
    }
    if ask.has("until") {
        body["stop"] = json!([STOP]);
    }
    body
}

fn responses(ask: Ask<'_>) -> Value {
    let mut body = json!({"model": "m", "input": "hi"});
    if ask.has("stream") {
        body["stream"] = true.into();
    }
    if ask.has("background") {
        body["background"] = true.into();
    }
    if ask.has("tools") {
        body["tools"] = json!([{"type": "function", "name": TOOL, "parameters": schema(), "strict": true}]);
        body["tool_choice"] = "required".into();
    }
    if ask.has("schema") {
        let format = json!({"type": "json_schema", "name": TOOL, "schema": schema(), "strict": true});
        body["text"] = json!({"format": format});
    }
    if ask.has("capped") {
        body["max_output_tokens"] = CAP.into();
    }
    body
}

fn anthropic(ask: Ask<'_>) -> Value {
    let max_tokens = if ask.has("capped") { CAP } else { 500 };
    let mut body = json!({"model": "m", "max_tokens": max_tokens, "messages": [{"role": "user", "content": "hi"}]});
    if ask.has("stream") {
        body["stream"] = true.into();
    }
    if ask.has("tools") {
        body["tools"] = json!([{"name": TOOL, "description": "Files a ticket.", "input_schema": schema()}]);
        body["tool_choice"] = json!({"type": "any"});
    }
    if ask.has("schema") {
        body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema()}});
    }
    if ask.has("until") {
        body["stop_sequences"] = json!([STOP]);
    }
    body
}

fn gemini(ask: Ask<'_>) -> Value {
    let mut body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "generationConfig": {}});
    if ask.has("tools") {
        let function = json!({"name": TOOL, "description": "Files a ticket.", "parametersJsonSchema": schema()});
        body["tools"] = json!([{"functionDeclarations": [function]}]);
        body["toolConfig"] = json!({"functionCallingConfig": {"mode": "ANY"}});
    }
    let config = &mut body["generationConfig"];
    if ask.has("schema") {
        config["responseMimeType"] = "application/json".into();
        config["responseJsonSchema"] = schema();
    }
    if ask.has("capped") {
        config["maxOutputTokens"] = CAP.into();
    }
    if ask.has("until") {
        config["stopSequences"] = json!([STOP]);
    }
    body
}

fn bedrock(ask: Ask<'_>) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}], "inferenceConfig": {}});
    if ask.has("tools") {
        let spec = json!({"name": TOOL, "description": "Files a ticket.", "inputSchema": {"json": schema()}});
        body["toolConfig"] = json!({"tools": [{"toolSpec": spec}], "toolChoice": {"any": {}}});
    }
    if ask.has("schema") {
        let schema = json!({"name": TOOL, "schema": schema().to_string()});
        let format = json!({"type": "json_schema", "structure": {"jsonSchema": schema}});
        body["outputConfig"] = json!({"textFormat": format});
    }
    if ask.has("capped") {
        body["inferenceConfig"]["maxTokens"] = CAP.into();
    }
    if ask.has("until") {
        body["inferenceConfig"]["stopSequences"] = json!([STOP]);
    }
    body
}

fn ollama(ask: Ask<'_>) -> Value {
    let mut body = json!({
        "model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": ask.has("stream"), "options": {},
    });
    if ask.has("tools") {
        let function = json!({"name": TOOL, "description": "Files a ticket.", "parameters": schema()});
        body["tools"] = json!([{"type": "function", "function": function}]);
    }
    if ask.has("schema") {
        body["format"] = schema();
    }
    if ask.has("capped") {
        body["options"]["num_predict"] = CAP.into();
    }
    if ask.has("until") {
        body["options"]["stop"] = json!([STOP]);
    }
    body
}
