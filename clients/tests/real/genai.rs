//! The `genai` client speaks most vendors' APIs from one interface.

use crate::serving::{CITY, TEXT, TOOL, serve, serve_with};
use futures::StreamExt as _;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, Tool};
use genai::resolver::{AuthData, Endpoint};
use genai::{Client, ModelIden, ModelSpec, ServiceTarget};
use mock_providers::{Dialect, Script};
use serde_json::json;

/// Each dialect with the client's name for it and what its base URL ends in.
const VENDORS: [(Dialect, AdapterKind, &str); 8] = [
    (Dialect::OpenAi, AdapterKind::OpenAI, "/v1/"),
    (Dialect::OpenAi, AdapterKind::OpenAIResp, "/v1/"),
    (Dialect::Anthropic, AdapterKind::Anthropic, "/v1/"),
    (Dialect::Gemini, AdapterKind::Gemini, "/v1beta/"),
    (Dialect::Mistral, AdapterKind::Mistral, "/v1/"),
    (Dialect::Vllm, AdapterKind::OpenAI, "/v1/"),
    (Dialect::Ollama, AdapterKind::Ollama, "/"),
    (Dialect::Bedrock, AdapterKind::BedrockApi, "/"),
];

fn target(base: &str, kind: AdapterKind, path: &str) -> ModelSpec {
    ModelSpec::Target(ServiceTarget {
        model: ModelIden::new(kind, "m"),
        endpoint: Endpoint::from_owned(format!("{base}{path}")),
        auth: AuthData::Key("sk-drill".to_owned()),
    })
}

fn question() -> ChatRequest {
    ChatRequest::new(vec![ChatMessage::user("What does the router do now?")]).with_system("Be brief.")
}

fn with_tool() -> ChatRequest {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    question().with_tools(vec![Tool::new(TOOL).with_description("Tells the weather.").with_schema(schema)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_answer_is_understood_in_every_dialect() {
    for (dialect, kind, path) in VENDORS {
        let client = Client::new().expect("a client");
        let said = client.exec_chat(target(&serve(dialect), kind, path), question(), None).await;
        let said = said.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(said.first_text(), Some(TEXT), "{kind:?}");
        assert!(said.usage.completion_tokens.is_some_and(|tokens| tokens > 0), "{kind:?} {:?}", said.usage);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_understood_in_every_dialect() {
    for (dialect, kind, path) in VENDORS {
        let client = Client::new().expect("a client");
        let said = client.exec_chat_stream(target(&serve(dialect), kind, path), question(), None).await;
        let mut stream = said.unwrap_or_else(|error| panic!("{kind:?}: {error}")).stream;
        let (mut text, mut pieces, mut ended) = (String::new(), 0, false);
        while let Some(event) = stream.next().await {
            match event.unwrap_or_else(|error| panic!("{kind:?}: {error}")) {
                ChatStreamEvent::Chunk(chunk) => {
                    text.push_str(&chunk.content);
                    pieces += 1;
                }
                ChatStreamEvent::End(_) => ended = true,
                _ => {}
            }
        }
        assert_eq!((text.as_str(), ended), (TEXT, true), "{kind:?}");
        assert!(pieces > 3, "{kind:?} came in {pieces} pieces");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_call_is_understood_in_every_dialect() {
    for (dialect, kind, path) in VENDORS {
        let client = Client::new().expect("a client");
        let said = client.exec_chat(target(&serve(dialect), kind, path), with_tool(), None).await;
        let said = said.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let calls = said.tool_calls();
        assert_eq!(calls.len(), 1, "{kind:?}");
        assert_eq!((calls[0].fn_name.as_str(), &calls[0].fn_arguments["city"]), (TOOL, &json!(CITY)), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_tool_call_is_understood_in_every_dialect() {
    for (dialect, kind, path) in VENDORS {
        let client = Client::new().expect("a client");
        let options = ChatOptions::default().with_capture_tool_calls(true);
        let said = client.exec_chat_stream(target(&serve(dialect), kind, path), with_tool(), Some(&options)).await;
        let mut stream = said.unwrap_or_else(|error| panic!("{kind:?}: {error}")).stream;
        let mut calls = Vec::new();
        while let Some(event) = stream.next().await {
            if let ChatStreamEvent::End(end) = event.unwrap_or_else(|error| panic!("{kind:?}: {error}")) {
                calls = end.captured_into_tool_calls().unwrap_or_default();
            }
        }
        assert_eq!(calls.len(), 1, "{kind:?}");
        assert_eq!(calls[0].fn_name, TOOL, "{kind:?}");
        // Some of its adapters leave streamed arguments as the text they arrived in.
        let arguments = match &calls[0].fn_arguments {
            serde_json::Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
            arguments => arguments.clone(),
        };
        assert_eq!(arguments["city"], json!(CITY), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_an_error_in_every_dialect() {
    use mock_providers::fault::{Effect, Fault, Injection, Pick, Shape, Whom};
    for (dialect, kind, path) in VENDORS {
        let overloaded = Injection::word("overloaded").expect("a cause");
        let script = Script {
            faults: vec![Fault {
                id: 0,
                from: std::time::Duration::ZERO,
                until: std::time::Duration::from_secs(3600),
                whom: Whom::default(),
                pick: Pick::Request,
                shape: Shape::Step,
                effect: Effect::Mix(vec![(overloaded, 1.0)]),
            }],
        };
        let said = Client::new()
            .expect("a client")
            .exec_chat(target(&serve_with(dialect, script), kind, path), question(), None)
            .await;
        assert!(said.is_err(), "{kind:?}");
    }
}
