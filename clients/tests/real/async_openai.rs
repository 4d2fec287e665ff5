//! The `async-openai` client, with its strict types.

use crate::serving::{CITY, TEXT, TOOL, serve};
use async_openai::Client;
use async_openai::config::{AzureConfig, OpenAIConfig};
use async_openai::types::chat::{CreateChatCompletionRequest, FinishReason};
use async_openai::types::embeddings::CreateEmbeddingRequest;
use async_openai::types::responses::{CreateResponse, ResponseStreamEvent};
use futures::StreamExt as _;
use mock_providers::Dialect;
use serde_json::{Value, from_value, json};

fn client(dialect: Dialect) -> Client<OpenAIConfig> {
    let base = format!("{}/v1", serve(dialect));
    Client::with_config(OpenAIConfig::new().with_api_key("sk-drill").with_api_base(base))
}

const FAMILY: [Dialect; 3] = [Dialect::OpenAi, Dialect::Mistral, Dialect::Vllm];

fn chat(tools: bool, stream: bool) -> CreateChatCompletionRequest {
    let mut request = json!({
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What now?"}],
        "max_completion_tokens": 100,
    });
    if stream {
        request["stream"] = json!(true);
        request["stream_options"] = json!({"include_usage": true});
    }
    if tools {
        let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        request["tools"] = json!([{"type": "function", "function": {"name": TOOL, "parameters": parameters}}]);
    }
    from_value(request).expect("a request")
}

fn city(arguments: &str) -> Value {
    from_value::<Value>(serde_json::from_str(arguments).expect("JSON")).expect("JSON")["city"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_answers_and_tool_calls_fit_its_types() {
    for dialect in FAMILY {
        let answer = client(dialect).chat().create(chat(false, false)).await.expect("an answer");
        assert_eq!(answer.choices[0].message.content.as_deref(), Some(TEXT), "{dialect}");
        assert_eq!(answer.choices[0].finish_reason, Some(FinishReason::Stop));
        let answer = client(dialect).chat().create(chat(true, false)).await.expect("a call");
        let calls = serde_json::to_value(&answer.choices[0].message.tool_calls).expect("JSON");
        assert_eq!(calls[0]["function"]["name"], TOOL, "{dialect}");
        assert_eq!(city(calls[0]["function"]["arguments"].as_str().expect("a string")), CITY);
        assert_eq!(answer.choices[0].finish_reason, Some(FinishReason::ToolCalls));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_text_and_of_tool_arguments_fit_its_types() {
    for dialect in FAMILY {
        let mut stream = client(dialect).chat().create_stream(chat(false, true)).await.expect("a stream");
        let (mut text, mut usage, mut finish) = (String::new(), None, None);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.expect("a chunk");
            usage = usage.or(chunk.usage);
            for choice in chunk.choices {
                text.push_str(&choice.delta.content.unwrap_or_default());
                finish = finish.or(choice.finish_reason);
            }
        }
        assert_eq!((text.as_str(), finish), (TEXT, Some(FinishReason::Stop)), "{dialect}");
        assert!(usage.is_some_and(|usage| usage.completion_tokens > 0), "{dialect}");

        let mut stream = client(dialect).chat().create_stream(chat(true, true)).await.expect("a stream");
        let (mut name, mut arguments) = (String::new(), String::new());
        while let Some(chunk) = stream.next().await {
            for choice in chunk.expect("a chunk").choices {
                for call in choice.delta.tool_calls.unwrap_or_default() {
                    let function = call.function.expect("a function");
                    name.push_str(&function.name.unwrap_or_default());
                    arguments.push_str(&function.arguments.unwrap_or_default());
                }
            }
        }
        assert_eq!((name.as_str(), city(&arguments)), (TOOL, json!(CITY)), "{dialect}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_and_models_fit_its_types() {
    let request: CreateEmbeddingRequest =
        from_value(json!({"model": "m", "input": ["one", "two"], "dimensions": 8})).expect("a request");
    let vectors = client(Dialect::OpenAi).embeddings().create(request).await.expect("vectors");
    assert_eq!(vectors.data.iter().map(|item| item.embedding.len()).collect::<Vec<_>>(), [8, 8]);
    assert_ne!(vectors.data[0].embedding, vectors.data[1].embedding);
    for dialect in FAMILY {
        let models = client(dialect).models().list().await.expect("a list");
        assert_eq!(models.data.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["m"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_responses_api_fits_its_types() {
    let ask = |stream: bool| -> CreateResponse {
        from_value(json!({"model": "m", "input": "What now?", "stream": stream})).expect("a request")
    };
    let client = client(Dialect::OpenAi);
    let answer = client.responses().create(ask(false)).await.expect("an answer");
    assert_eq!(answer.output_text().as_deref(), Some(TEXT));
    let mut stream = client.responses().create_stream(ask(true)).await.expect("a stream");
    let (mut text, mut completed) = (String::new(), false);
    while let Some(event) = stream.next().await {
        match event.expect("an event") {
            ResponseStreamEvent::ResponseOutputTextDelta(delta) => text.push_str(&delta.delta),
            ResponseStreamEvent::ResponseCompleted(_) => completed = true,
            _ => {}
        }
    }
    assert_eq!((text.as_str(), completed), (TEXT, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_in_the_path_is_understood() {
    let config = AzureConfig::new()
        .with_api_base(serve(Dialect::Azure))
        .with_api_key("k")
        .with_deployment_id("m")
        .with_api_version("2024-10-21");
    let client = Client::with_config(config);
    let answer = client.chat().create(chat(false, false)).await.expect("an answer");
    assert_eq!(answer.choices[0].message.content.as_deref(), Some(TEXT));
    let mut stream = client.chat().create_stream(chat(false, true)).await.expect("a stream");
    let mut text = String::new();
    while let Some(chunk) = stream.next().await {
        for choice in chunk.expect("a chunk").choices {
            text.push_str(&choice.delta.content.unwrap_or_default());
        }
    }
    assert_eq!(text, TEXT);
}
