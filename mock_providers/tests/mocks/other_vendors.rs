//! Anthropic, Gemini, Bedrock and Ollama: every feature of their formats, plain and streamed.

use crate::bench::{
    Ask, Bench, OBJECT, PER_TOKEN, Seen, TEXT, TTFT, after, always, cause_of, frames, model, ms, plain, status, stream,
    with_tool, word,
};
use mock_providers::fault::Cause;
use mock_providers::ledger::End;
use mock_providers::{Dialect, Model, Provider, Question, Said, Script, Setup};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

const OTHERS: [Dialect; 4] = [Dialect::Anthropic, Dialect::Gemini, Dialect::Bedrock, Dialect::Ollama];

/// The request with a tool in it.
async fn answer(dialect: Dialect, ask: &Ask, body: &Value) -> Seen {
    Bench::new(dialect, Script::default()).exchange(&ask.request_with(dialect, body)).await
}

async fn healthy(dialect: Dialect, ask: &Ask) -> Seen {
    Bench::new(dialect, Script::default()).ask(ask).await
}

/// What a question said when it came to the model.
#[derive(Debug, Clone, Default, PartialEq)]
struct Heard {
    prompt: String,
    schema: Option<String>,
    tools: Vec<(String, Option<String>)>,
    images: u32,
}

/// What comes to the model of a request, and what is answered.
async fn heard(dialect: Dialect, model_name: &'static str, path: &str, body: &Value) -> (Heard, Value) {
    let heard = Arc::new(Mutex::new(Heard::default()));
    let hears = heard.clone();
    let provider = Provider::new(Setup {
        name: "p".into(),
        dialect,
        models: vec![Model { context: 10_000, ..model(model_name) }],
        script: Script::default(),
        limits: Default::default(),
        luck: mock_providers::Luck::new(1),
        answers: Arc::new(move |question: &Question<'_>, _| {
            let tools = question.tools.iter();
            *hears.lock().unwrap() = Heard {
                prompt: question.prompt.to_owned(),
                schema: question.schema.map(|schema| schema.get().to_owned()),
                tools: tools.map(|t| (t.name.to_string(), t.parameters.map(|p| p.get().to_owned()))).collect(),
                images: question.images,
            };
            Said::Text("one two".to_owned())
        }),
        ledger: Arc::default(),
        start: Instant::now(),
    });
    let request = http::Request::post(path)
        .header("authorization", "Bearer k")
        .header("anthropic-version", "2023-06-01")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    let response = tower::ServiceExt::oneshot(provider.app(), request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let heard = heard.lock().unwrap().clone();
    (heard, serde_json::from_slice(&body).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_plain_bedrock_answer_has_its_message_reason_usage_and_latency() {
    let seen = healthy(Dialect::Bedrock, &plain()).await;
    assert_eq!((seen.status(), seen.pieces[0].0), (200, TTFT + 5 * PER_TOKEN));
    let body = r#"{"output":{"message":{"role":"assistant","content":[{"text":"one two three four five"}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":5,"totalTokens":6},"metrics":{"latencyMs":150}}"#;
    assert_eq!(seen.body(), body);
    let id = seen.header("x-amzn-requestid").unwrap();
    assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert_eq!(seen.header("x-amzn-errortype"), None);
}

#[tokio::test(start_paused = true)]
async fn a_bedrock_stream_is_frames_with_good_checksums_in_the_vendors_order() {
    let seen = healthy(Dialect::Bedrock, &stream()).await;
    assert_eq!(seen.header("content-type").as_deref(), Some("application/vnd.amazon.eventstream"));
    let body = seen.body_bytes();
    let (frames, rest) = frames(&body);
    assert!(rest.is_empty() && seen.well_ended());
    let names: Vec<&str> = frames.iter().map(|frame| frame.name()).collect();
    let delta = "contentBlockDelta";
    assert_eq!(
        names,
        ["messageStart", delta, delta, delta, delta, delta, "contentBlockStop", "messageStop", "metadata"]
    );
    for frame in &frames {
        let kinds: Vec<&str> = frame.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(kinds, [":event-type", ":content-type", ":message-type"]);
        assert_eq!(frame.header(":content-type"), Some("application/json"));
        assert_eq!(frame.header(":message-type"), Some("event"));
    }
    let payloads: Vec<&str> = frames.iter().map(|frame| frame.payload.as_str()).collect();
    assert_eq!(payloads[0], r#"{"role":"assistant"}"#);
    assert_eq!(payloads[2], r#"{"contentBlockIndex":0,"delta":{"text":" two"}}"#);
    assert_eq!(payloads[6], r#"{"contentBlockIndex":0}"#);
    assert_eq!(payloads[7], r#"{"stopReason":"end_turn"}"#);
    let usage = r#"{"usage":{"inputTokens":1,"outputTokens":5,"totalTokens":6},"metrics":{"latencyMs":150}}"#;
    assert_eq!(payloads[8], usage);
    let times: Vec<u64> = seen.pieces.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 100, 110, 120, 130, 140]);
}

#[tokio::test(start_paused = true)]
async fn a_model_id_in_a_bedrock_path_is_decoded() {
    let id = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2:1";
    let path = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Fanthropic.claude-v2%3A1/converse";
    let body = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
    let (heard, answer) = heard(Dialect::Bedrock, id, path, &body).await;
    assert_eq!(heard.prompt, "hi");
    assert_eq!(answer["stopReason"], "end_turn");
}

#[tokio::test(start_paused = true)]
async fn a_plain_ollama_answer_is_its_only_line_with_counts_and_durations() {
    let seen = healthy(Dialect::Ollama, &plain()).await;
    assert_eq!((seen.status(), seen.pieces[0].0), (200, TTFT + 5 * PER_TOKEN));
    let body = r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"one two three four five"},"done":true,"done_reason":"stop","total_duration":150000000,"load_duration":1000000,"prompt_eval_count":1,"prompt_eval_duration":99000000,"eval_count":5,"eval_duration":50000000}"#;
    assert_eq!(seen.body(), body);
}

#[tokio::test(start_paused = true)]
async fn ollama_streams_lines_unless_told_not_to() {
    let mut body = stream().body(Dialect::Ollama);
    body.as_object_mut().unwrap().remove("stream");
    let seen = answer(Dialect::Ollama, &stream(), &body).await;
    assert_eq!(seen.header("content-type").as_deref(), Some("application/x-ndjson"));
    let text = seen.body();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), text.ends_with('\n')), (6, true));
    let first = r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"one"},"done":false}"#;
    assert_eq!(lines[0], first);
    let said: String = seen.data()[..5].iter().map(|line| line["message"]["content"].as_str().unwrap()).collect();
    assert_eq!(said, TEXT);
    let last = &seen.data()[5];
    assert_eq!(
        (&last["done"], &last["done_reason"], &last["message"]["content"]),
        (&json!(true), &json!("stop"), &json!(""))
    );
    assert_eq!((&last["eval_count"], &last["total_duration"]), (&json!(5), &json!(150_000_000)));
}

#[tokio::test(start_paused = true)]
async fn ollama_asks_for_no_key_and_knows_none() {
    let seen = healthy(Dialect::Ollama, &Ask { auth: false, ..plain() }).await;
    assert_eq!(seen.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn an_anthropic_tool_call_is_a_block_and_its_fragments_joined_are_its_input() {
    let (ask, streamed) = (plain(), stream());
    let body = answer(Dialect::Anthropic, &ask, &with_tool(&ask, Dialect::Anthropic)).await.json();
    assert_eq!(body["stop_reason"], "tool_use");
    let block = &body["content"][0];
    assert_eq!((&block["type"], &block["name"]), (&json!("tool_use"), &json!("triage")));
    assert!(block["id"].as_str().unwrap().starts_with("toolu_"));
    assert_eq!(block["input"], serde_json::from_str::<Value>(OBJECT).unwrap());
    let seen = answer(Dialect::Anthropic, &streamed, &with_tool(&streamed, Dialect::Anthropic)).await;
    let data = seen.data();
    let start = json!({"type": "tool_use", "id": block["id"], "name": "triage", "input": {}});
    assert_eq!(data[1]["content_block"], start);
    assert_eq!(data[2]["type"], "ping");
    assert_eq!(data[3]["delta"], json!({"type": "input_json_delta", "partial_json": ""}));
    let fragments: String = data.iter().filter_map(|d| d["delta"]["partial_json"].as_str()).collect();
    assert_eq!(fragments, OBJECT);
    assert_eq!(data[data.len() - 2]["delta"]["stop_reason"], "tool_use");
    assert_eq!(data[data.len() - 2]["usage"]["output_tokens"], body["usage"]["output_tokens"]);
}

#[tokio::test(start_paused = true)]
async fn a_gemini_tool_call_comes_whole_when_it_is_done_and_its_reason_is_the_ordinary_one() {
    let (ask, streamed) = (plain(), stream());
    let plain = answer(Dialect::Gemini, &ask, &with_tool(&ask, Dialect::Gemini)).await;
    let call = json!({"functionCall": {"name": "triage", "args": serde_json::from_str::<Value>(OBJECT).unwrap()}});
    let candidate = &plain.json()["candidates"][0];
    assert_eq!((&candidate["content"]["parts"][0], &candidate["finishReason"]), (&call, &json!("STOP")));
    let mut bench = Bench::new(Dialect::Gemini, Script::default());
    let seen = bench.exchange(&streamed.request_with(Dialect::Gemini, &with_tool(&streamed, Dialect::Gemini))).await;
    let data = seen.data();
    assert_eq!(data.len(), 2);
    assert_eq!(data[0]["candidates"][0]["content"]["parts"], json!([call]));
    assert_eq!(data[1]["candidates"][0]["finishReason"], "STOP");
    let tokens = u64::from(bench.entry().tokens);
    assert_eq!(data[0]["usageMetadata"]["candidatesTokenCount"], tokens);
    assert!(tokens > 2);
    assert_eq!(seen.pieces.last().unwrap().0, TTFT + (tokens - 1) * PER_TOKEN);
}

#[tokio::test(start_paused = true)]
async fn a_bedrock_tool_call_is_a_block_and_its_fragments_joined_are_its_input() {
    let (ask, streamed) = (plain(), stream());
    let body = answer(Dialect::Bedrock, &ask, &with_tool(&ask, Dialect::Bedrock)).await.json();
    let call = &body["output"]["message"]["content"][0]["toolUse"];
    assert_eq!((&body["stopReason"], &call["name"]), (&json!("tool_use"), &json!("triage")));
    assert_eq!(call["input"], serde_json::from_str::<Value>(OBJECT).unwrap());
    let seen = answer(Dialect::Bedrock, &streamed, &with_tool(&streamed, Dialect::Bedrock)).await;
    let events = seen.events();
    let data = seen.data();
    assert_eq!(events[1].0, "contentBlockStart");
    let start = json!({"toolUse": {"toolUseId": call["toolUseId"], "name": "triage"}});
    assert_eq!(data[1], json!({"contentBlockIndex": 0, "start": start}));
    let fragments: String = data.iter().filter_map(|d| d["delta"]["toolUse"]["input"].as_str()).collect();
    assert_eq!(fragments, OBJECT);
    assert_eq!(data[data.len() - 2]["stopReason"], "tool_use");
}

#[tokio::test(start_paused = true)]
async fn an_ollama_tool_call_comes_whole_with_an_object_for_its_arguments() {
    let (ask, streamed) = (plain(), stream());
    let body = answer(Dialect::Ollama, &ask, &with_tool(&ask, Dialect::Ollama)).await.json();
    let arguments: Value = serde_json::from_str(OBJECT).unwrap();
    let calls = json!([{"function": {"name": "triage", "arguments": arguments}}]);
    assert_eq!(body["message"], json!({"role": "assistant", "content": "", "tool_calls": calls}));
    assert_eq!(body["done_reason"], "stop");
    let data = answer(Dialect::Ollama, &streamed, &with_tool(&streamed, Dialect::Ollama)).await.data();
    assert_eq!(data.len(), 2);
    assert_eq!((&data[0]["message"]["tool_calls"], &data[0]["done"]), (&calls, &json!(false)));
    assert_eq!(data[1]["done"], true);
}

#[tokio::test(start_paused = true)]
async fn a_cut_inside_the_arguments_of_a_call_keeps_a_whole_call_from_arriving() {
    let cut = mock_providers::fault::Injection::word_with(
        "cut",
        &[("at", mock_providers::fault::Arg::Word("tool_arguments"))],
    );
    for (dialect, arrives) in OTHERS.into_iter().zip([true, false, true, false]) {
        let ask = stream();
        let mut bench = Bench::new(dialect, always(cut.clone().unwrap()));
        let seen = bench.exchange(&ask.request_with(dialect, &with_tool(&ask, dialect))).await;
        assert_eq!((seen.body().contains("triage"), seen.well_ended()), (arrives, false), "{dialect}");
        assert_eq!(bench.entry().end, End::Cut);
    }
}

#[tokio::test(start_paused = true)]
async fn tools_images_and_schemas_are_read_from_each_format_and_no_tool_is_offered_after_its_result() {
    let schema = r#"{"type":"object"}"#;
    let triage = vec![("triage".to_owned(), Some(schema.to_owned()))];
    let wanted = Heard { prompt: "look".into(), schema: Some(schema.into()), tools: triage, images: 1 };
    let schema: Value = serde_json::from_str(schema).unwrap();
    let table = [
        (
            Dialect::Anthropic,
            "/v1/messages",
            "/usage/input_tokens",
            1600,
            json!({
                "model": "m", "max_tokens": 9, "system": [{"type": "text", "text": "be brief"}],
                "messages": [{"role": "user", "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                    {"type": "text", "text": "look"}]},
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "triage", "input": {}}]},
                    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [
                        {"type": "text", "text": "sunny"}]}]}],
                "tools": [{"name": "other", "input_schema": {}}, {"name": "triage", "input_schema": schema}],
                "tool_choice": {"type": "tool", "name": "triage"}, "stop_sequences": ["END"],
                "output_config": {"format": {"type": "json_schema", "schema": schema}},
                "metadata": {"user_id": "u"},
            }),
        ),
        (
            Dialect::Gemini,
            "/v1beta/models/m:generateContent",
            "/usageMetadata/promptTokenCount",
            258,
            json!({
                "systemInstruction": {"parts": [{"text": "be brief"}]},
                "contents": [{"role": "user", "parts": [
                    {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}, {"text": "look"}]},
                    {"role": "model", "parts": [{"functionCall": {"name": "triage", "args": {}}}]},
                    {"role": "user", "parts": [{"functionResponse": {"name": "triage", "response": {}}}]}],
                "tools": [{"functionDeclarations": [{"name": "other"}, {"name": "triage", "parameters": schema}]}],
                "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["triage"]}},
                "generationConfig": {"stopSequences": ["END"], "responseMimeType": "application/json",
                    "responseSchema": schema},
            }),
        ),
        (
            Dialect::Bedrock,
            "/model/m/converse",
            "/usage/inputTokens",
            1600,
            json!({
                "system": [{"text": "be brief"}],
                "messages": [{"role": "user", "content": [
                    {"image": {"format": "png", "source": {"bytes": "AAAA"}}}, {"text": "look"}]},
                    {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "triage", "input": {}}}]},
                    {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"text": "sunny"}]}}]}],
                "toolConfig": {"tools": [{"toolSpec": {"name": "other", "inputSchema": {"json": {}}}},
                    {"cachePoint": {"type": "default"}},
                    {"toolSpec": {"name": "triage", "inputSchema": {"json": schema}}}],
                    "toolChoice": {"tool": {"name": "triage"}}},
                "inferenceConfig": {"stopSequences": ["END"]},
                "outputConfig": {"textFormat": {"type": "json_schema",
                    "structure": {"jsonSchema": {"name": "s", "schema": schema.to_string()}}}},
            }),
        ),
        (
            Dialect::Ollama,
            "/api/chat",
            "/prompt_eval_count",
            576,
            json!({
                "model": "m", "stream": false, "messages": [{"role": "system", "content": "be brief"},
                    {"role": "user", "content": "look", "images": ["AAAA"]},
                    {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "triage",
                        "arguments": {}}}]}, {"role": "tool", "content": "sunny", "tool_name": "triage"}],
                "tools": [{"type": "function", "function": {"name": "triage", "parameters": schema}}],
                "format": schema, "options": {"stop": ["END"], "num_predict": -1},
            }),
        ),
    ];
    for (dialect, path, pointer, image, mut body) in table {
        let (after_the_result, answer) = heard(dialect, "m", path, &body).await;
        assert_eq!(after_the_result, Heard { tools: vec![], ..wanted.clone() }, "{dialect}");
        let turns = if dialect == Dialect::Gemini { "contents" } else { "messages" };
        let turns = body[turns].as_array_mut().unwrap();
        turns.truncate(turns.len() - 2);
        assert_eq!(heard(dialect, "m", path, &body).await.0, wanted, "{dialect}");
        let counted = answer.pointer(pointer).unwrap().as_u64().unwrap();
        assert!((image + 3..image + 30).contains(&counted), "{dialect} {counted}");
    }
}

#[tokio::test(start_paused = true)]
async fn tools_that_may_not_be_called_are_none() {
    for (dialect, field, choice) in [
        (Dialect::Anthropic, "tool_choice", json!({"type": "none"})),
        (Dialect::Gemini, "toolConfig", json!({"functionCallingConfig": {"mode": "NONE"}})),
    ] {
        let mut body = with_tool(&plain(), dialect);
        body[field] = choice;
        assert!(answer(dialect, &plain(), &body).await.body().contains(TEXT), "{dialect}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_begun_is_gone_on_with_in_every_format() {
    let table = [
        (
            Dialect::Gemini,
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}, {"role": "model", "parts": [{"text": "one two"}]}]}),
        ),
        (
            Dialect::Bedrock,
            json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}, {"role": "assistant", "content": [{"text": "one two"}]}]}),
        ),
        (
            Dialect::Ollama,
            json!({"model": "m", "stream": false, "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "one two"}]}),
        ),
    ];
    for (dialect, body) in table {
        let body = answer(dialect, &plain(), &body).await.body();
        assert!(body.contains("\" three four five\""), "{dialect} {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_joined_stream_is_the_plain_text_whatever_is_in_it() {
    let text = "He said \"hi\"\n\ttwice — naïve 中文 🎉 \\ \u{7f} end";
    for dialect in OTHERS {
        let mut said = Vec::new();
        for ask in [plain(), stream()] {
            let provider = Provider::new(Setup {
                name: "p".into(),
                dialect,
                models: vec![model("m")],
                script: Script::default(),
                limits: Default::default(),
                luck: mock_providers::Luck::new(1),
                answers: Arc::new(move |_: &Question<'_>, _| Said::Text(text.to_owned())),
                ledger: Arc::default(),
                start: Instant::now(),
            });
            let mut bench = Bench::new(dialect, Script::default());
            bench.provider = provider;
            let seen = bench.ask(&ask).await;
            let data = if ask.stream { seen.data() } else { vec![seen.json()] };
            let texts = |pointers: &[&str]| -> String {
                let all = data.iter().flat_map(|d| pointers.iter().filter_map(|p| d.pointer(p)?.as_str()));
                all.collect()
            };
            said.push(texts(match dialect {
                Dialect::Gemini => &["/candidates/0/content/parts/0/text"],
                Dialect::Bedrock => &["/output/message/content/0/text", "/delta/text"],
                Dialect::Ollama => &["/message/content"],
                _ => &["/content/0/text", "/delta/text"],
            }));
        }
        assert_eq!(said, [text, text], "{dialect}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_newer_anthropic_version_takes_no_sampling_parameters() {
    for (version, field, status) in [
        ("2026-10-21", "temperature", 400),
        ("2026-10-21", "top_p", 400),
        ("2026-10-21", "top_k", 400),
        ("2026-10-21", "service_tier", 200),
        ("2023-06-01", "temperature", 200),
    ] {
        let mut body = plain().body(Dialect::Anthropic);
        body[field] = if field == "service_tier" { json!("auto") } else { json!(1) };
        let request = String::from_utf8(plain().request_with(Dialect::Anthropic, &body)).unwrap();
        let request = request.replace("2023-06-01", version).replace("x-api-key: k", "authorization: Bearer k");
        let seen = Bench::new(Dialect::Anthropic, Script::default()).exchange(request.as_bytes()).await;
        assert_eq!(seen.status(), status, "{version} {field}");
        if status == 400 {
            let error = &seen.json()["error"];
            assert_eq!(error["type"], "invalid_request_error");
            assert!(error["message"].as_str().unwrap().starts_with(field));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn anthropic_names_request_organization_and_workspace() {
    let seen = healthy(Dialect::Anthropic, &plain()).await;
    for name in ["request-id", "anthropic-organization-id", "anthropic-workspace-id"] {
        assert!(seen.header(name).is_some(), "{name}");
    }
    let seen = Bench::new(Dialect::Anthropic, always(cause_of(Cause::Overloaded, None))).ask(&plain()).await;
    assert_eq!(seen.json()["request_id"], seen.header("request-id").unwrap());
}

#[tokio::test(start_paused = true)]
async fn gemini_tells_how_long_it_took() {
    let plain = healthy(Dialect::Gemini, &plain()).await;
    assert_eq!(plain.header("server-timing").as_deref(), Some("gfet4t7; dur=150"));
    let stream = healthy(Dialect::Gemini, &stream()).await;
    assert_eq!(stream.header("server-timing").as_deref(), Some("gfet4t7; dur=0"));
}

#[tokio::test(start_paused = true)]
async fn gemini_is_served_under_each_version_and_at_the_vendors_cloud() {
    let cloud = "/v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent";
    for path in ["/v1/models/m:generateContent", "/v1alpha/models/m:generateContent", cloud] {
        let request = String::from_utf8(plain().request(Dialect::Gemini)).unwrap();
        let request = request.replace("/v1beta/models/m:generateContent", path);
        let seen = Bench::new(Dialect::Gemini, Script::default()).exchange(request.as_bytes()).await;
        assert_eq!(seen.status(), 200, "{path}");
    }
}

fn array(ask: &Ask) -> Vec<u8> {
    String::from_utf8(ask.request(Dialect::Gemini)).unwrap().replace("?alt=sse", "").into_bytes()
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_with_a_gemini_array_is_an_array_of_one_error() {
    for (script, ask, status) in [
        (always(cause_of(Cause::RateLimited, Some(ms(36_000)))), stream(), 429),
        (Script::default(), Ask { auth: false, ..stream() }, 403),
        (Script::default(), Ask { model: "gone", ..stream() }, 404),
    ] {
        let seen = Bench::new(Dialect::Gemini, script.clone()).exchange(&array(&ask)).await;
        assert_eq!((seen.status(), &seen.json()[0]["error"]["code"]), (status, &json!(status)));
        assert_eq!(seen.json().as_array().unwrap().len(), 1);
        let seen = Bench::new(Dialect::Gemini, script).ask(&ask).await;
        assert_eq!(seen.json()["error"]["code"], status);
    }
    for tokens in [0, 2] {
        let mut bench = Bench::new(Dialect::Gemini, always(after("stream_error", tokens)));
        let seen = bench.exchange(&array(&stream())).await;
        let elements = seen.json().as_array().unwrap().clone();
        assert_eq!((seen.status(), elements.len() as u64), (200, tokens + 1));
        assert_eq!(elements.last().unwrap()["error"]["status"], "UNAVAILABLE");
    }
}

#[tokio::test(start_paused = true)]
async fn gemini_says_which_quota_is_used_up_and_when_to_come_back() {
    for (cause, metric, id) in [
        (Cause::RateLimited, "free_tier_requests", "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
        (Cause::QuotaExhausted, "free_tier_requests", "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
        (Cause::PromptOverTpm, "free_tier_input_token_count", "GenerateContentInputTokensPerModelPerMinute-FreeTier"),
    ] {
        let limited = cause_of(cause, Some(ms(58_820)));
        let error = Bench::new(Dialect::Gemini, always(limited)).ask(&plain()).await.json()["error"].clone();
        let violation = &error["details"][0]["violations"][0];
        assert!(violation["quotaMetric"].as_str().unwrap().ends_with(metric));
        assert_eq!(violation["quotaId"], id);
        assert_eq!(error["details"][1]["@type"], "type.googleapis.com/google.rpc.Help");
        assert_eq!(error["details"][2]["retryDelay"], "58.82s");
        assert!(error["message"].as_str().unwrap().ends_with("Please retry in 58.82s."));
    }
}

#[tokio::test(start_paused = true)]
async fn bedrock_names_each_cause_in_a_header_and_says_it_in_the_body() {
    let table = [
        (Cause::BadRequest, 400, "ValidationException", "Malformed input request"),
        (Cause::ContextLength, 400, "ValidationException", "Input is too long for requested model."),
        (Cause::Auth, 403, "UnrecognizedClientException", "security token"),
        (Cause::Permission, 403, "AccessDeniedException", "don't have access to the model"),
        (Cause::ModelGone, 404, "ResourceNotFoundException", "identifier: m"),
        (Cause::RateLimited, 429, "ThrottlingException", "Too many requests"),
        (Cause::PromptOverTpm, 429, "ThrottlingException", "Too many tokens"),
        (Cause::QuotaExhausted, 400, "ServiceQuotaExceededException", "service quota"),
        (Cause::Overloaded, 503, "ServiceUnavailableException", "isn't currently available"),
        (Cause::BodyTooLarge, 413, "RequestEntityTooLargeException", "Too Large"),
        (Cause::Timeout, 408, "ModelTimeoutException", "timed out"),
        (Cause::ServerError, 500, "InternalServerException", "unexpected error"),
    ];
    for (cause, status, kind, text) in table {
        for ask in [plain(), stream()] {
            let seen = Bench::new(Dialect::Bedrock, always(cause_of(cause, None))).ask(&ask).await;
            assert_eq!(seen.status(), status, "{cause:?}");
            assert_eq!(seen.header("x-amzn-errortype").unwrap(), kind.to_ascii_lowercase());
            assert!(seen.json()["message"].as_str().unwrap().contains(text), "{}", seen.body());
            assert_eq!(seen.header("x-amz-retry-after"), None);
        }
    }
    let limited = cause_of(Cause::RateLimited, Some(ms(1500)));
    let seen = Bench::new(Dialect::Bedrock, always(limited)).ask(&plain()).await;
    assert_eq!(seen.header("x-amz-retry-after").as_deref(), Some("1500"));
    let seen = Bench::new(Dialect::Bedrock, always(status(424, None))).ask(&plain()).await;
    assert_eq!((seen.status(), &seen.json()["originalStatusCode"]), (424, &json!(500)));
    assert_eq!(seen.header("x-amzn-errortype").as_deref(), Some("modelerrorexception"));
    let seen = healthy(Dialect::Bedrock, &Ask { auth: false, ..plain() }).await;
    assert_eq!(seen.status(), 403);
}

#[tokio::test(start_paused = true)]
async fn ollama_words_each_cause_its_own_way() {
    let table = [
        (Cause::ContextLength, 400, "the input length exceeds the context length"),
        (Cause::Auth, 401, "unauthorized"),
        (Cause::Permission, 403, "origin"),
        (Cause::ModelGone, 404, "model 'm' not found"),
        (Cause::RateLimited, 429, "too many requests"),
        (Cause::QuotaExhausted, 429, "usage limit"),
        (Cause::Overloaded, 503, "server busy, please try again.  maximum pending requests exceeded"),
        (Cause::ContentPolicy, 400, "rejected"),
        (Cause::Timeout, 500, "timed out waiting for llama runner to start"),
        (Cause::ServerError, 500, "an error was encountered while running the model"),
    ];
    for (cause, status, text) in table {
        for ask in [plain(), stream()] {
            let seen = Bench::new(Dialect::Ollama, always(cause_of(cause, None))).ask(&ask).await;
            assert_eq!(seen.status(), status, "{cause:?}");
            let body = seen.json();
            assert!(body["error"].as_str().unwrap().contains(text), "{body}");
            assert_eq!(body.as_object().unwrap().len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn anthropic_words_the_causes_that_have_statuses_of_their_own() {
    let table = [
        (Cause::PromptOverTpm, 429, "rate_limit_error"),
        (Cause::QuotaExhausted, 400, "invalid_request_error"),
        (Cause::BodyTooLarge, 413, "request_too_large"),
        (Cause::Timeout, 504, "timeout_error"),
        (Cause::Overloaded, 529, "overloaded_error"),
    ];
    for (cause, status, kind) in table {
        let seen = Bench::new(Dialect::Anthropic, always(cause_of(cause, None))).ask(&plain()).await;
        assert_eq!((seen.status(), &seen.json()["error"]["type"]), (status, &json!(kind)), "{cause:?}");
    }
    for (cause, what) in [(Cause::RateLimited, "requests"), (Cause::PromptOverTpm, "input-tokens")] {
        let seen = Bench::new(Dialect::Anthropic, always(cause_of(cause, Some(ms(1500))))).ask(&plain()).await;
        let header = |figure| seen.header(&format!("anthropic-ratelimit-{what}-{figure}"));
        assert_eq!(header("remaining").as_deref(), Some("0"));
        assert_eq!(header("reset").as_deref(), Some("2026-01-01t00:00:02z"));
        assert!(header("limit").is_some());
    }
    for (code, kind) in [(402, "billing_error"), (409, "conflict_error")] {
        let seen = Bench::new(Dialect::Anthropic, always(status(code, None))).ask(&plain()).await;
        assert_eq!((seen.status(), &seen.json()["error"]["type"]), (code, &json!(kind)));
    }
}

#[tokio::test(start_paused = true)]
async fn every_error_status_of_every_format_has_a_body() {
    for dialect in OTHERS {
        for code in 400..600 {
            let seen = Bench::new(dialect, always(status(code, Some(ms(1500))))).ask(&plain()).await;
            assert_eq!((seen.status(), seen.body().is_empty()), (code, false), "{dialect}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bedrock_stream_in_which_something_goes_wrong_ends_with_an_exception_frame() {
    for (cause, kind) in [
        ("overloaded", "serviceUnavailableException"),
        ("rate_limited", "throttlingException"),
        ("server_error", "internalServerException"),
        ("timeout", "modelStreamErrorException"),
        ("context_length", "validationException"),
    ] {
        let error = mock_providers::fault::Injection::word_with(
            "stream_error",
            &[
                ("after_tokens", mock_providers::fault::Arg::Count(2)),
                ("cause", mock_providers::fault::Arg::Word(cause)),
            ],
        );
        let seen = Bench::new(Dialect::Bedrock, always(error.unwrap())).ask(&stream()).await;
        let body = seen.body_bytes();
        let (frames, rest) = frames(&body);
        assert!(rest.is_empty() && seen.well_ended());
        assert_eq!((seen.status(), frames.len()), (200, 4));
        let last = frames.last().unwrap();
        assert_eq!(last.header(":message-type"), Some("exception"));
        assert_eq!(last.header(":exception-type"), Some(kind));
        let payload: Value = serde_json::from_str(&last.payload).unwrap();
        assert!(payload["message"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn an_ollama_stream_in_which_something_goes_wrong_ends_with_a_line_that_says_so() {
    let seen = Bench::new(Dialect::Ollama, always(after("stream_error", 2))).ask(&stream()).await;
    let data = seen.data();
    assert_eq!((seen.status(), data.len(), seen.well_ended()), (200, 3, true));
    assert_eq!(data[2], json!({"error": "server busy, please try again.  maximum pending requests exceeded"}));
}

#[tokio::test(start_paused = true)]
async fn a_broken_bedrock_frame_fails_its_checksum_or_its_length() {
    let seen = Bench::new(Dialect::Bedrock, always(word("malformed"))).ask(&stream()).await;
    let body = seen.body_bytes();
    let (frames, rest) = frames(&body);
    assert_eq!((frames.len(), seen.well_ended()), (1, true));
    assert!(rest.len() > 100);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_broken_where_it_says_nothing_breaks_in_what_it_says_next() {
    let ask = stream();
    for dialect in [Dialect::Gemini, Dialect::Ollama] {
        let mut bench = Bench::new(dialect, always(word("malformed")));
        let seen = bench.exchange(&ask.request_with(dialect, &with_tool(&ask, dialect))).await;
        assert_eq!((seen.events().len(), seen.data().len()), (2, 1), "{}", seen.body());
    }
}

#[tokio::test(start_paused = true)]
async fn a_guardrail_answers_in_the_models_place_and_only_the_reason_tells() {
    let guarded = always(cause_of(Cause::ContentPolicy, None));
    let seen = Bench::new(Dialect::Bedrock, guarded.clone()).ask(&plain()).await;
    let body = seen.json();
    assert_eq!((seen.status(), &body["stopReason"]), (200, &json!("guardrail_intervened")));
    let text = body["output"]["message"]["content"][0]["text"].as_str().unwrap();
    assert!(!text.is_empty());
    let data = Bench::new(Dialect::Bedrock, guarded).ask(&stream()).await.data();
    assert_eq!(data.iter().filter_map(|d| d["delta"]["text"].as_str()).collect::<String>(), text);
    assert!(data.contains(&json!({"stopReason": "guardrail_intervened"})));
    let filtered = Bench::new(Dialect::Bedrock, always(word("refusal"))).ask(&plain()).await.json();
    assert_eq!(
        (&filtered["stopReason"], &filtered["output"]["message"]["content"]),
        (&json!("content_filtered"), &json!([]))
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_ollama_is_a_text_like_any_other() {
    let seen = Bench::new(Dialect::Ollama, always(word("refusal"))).ask(&plain()).await.json();
    let text = seen["message"]["content"].as_str().unwrap();
    assert!(text.contains("can't assist") && seen["done_reason"] == "stop");
    let data = Bench::new(Dialect::Ollama, always(word("refusal"))).ask(&stream()).await.data();
    assert_eq!(data[0]["message"]["content"], text);
}

#[tokio::test(start_paused = true)]
async fn a_blocked_gemini_prompt_has_feedback_and_no_candidates() {
    for ask in [plain(), stream()] {
        let seen = Bench::new(Dialect::Gemini, always(cause_of(Cause::ContentPolicy, None))).ask(&ask).await;
        let body = if ask.stream { seen.data().remove(0) } else { seen.json() };
        assert_eq!(body["promptFeedback"], json!({"blockReason": "PROHIBITED_CONTENT", "safetyRatings": []}));
        assert_eq!(body["usageMetadata"], json!({"promptTokenCount": 1, "totalTokenCount": 1}));
        assert_eq!(body.get("candidates"), None);
        let seen = Bench::new(Dialect::Gemini, always(word("refusal"))).ask(&ask).await;
        let body = if ask.stream { seen.data().remove(0) } else { seen.json() };
        let candidate = &body["candidates"][0];
        assert_eq!((&candidate["finishReason"], candidate.get("content")), (&json!("SAFETY"), None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_anthropic_has_details_and_no_content() {
    let body = Bench::new(Dialect::Anthropic, always(word("refusal"))).ask(&plain()).await.json();
    assert_eq!((&body["content"], &body["stop_reason"]), (&json!([]), &json!("refusal")));
    assert_eq!(body["stop_details"]["type"], "refusal");
    let data = Bench::new(Dialect::Anthropic, always(word("refusal"))).ask(&stream()).await.data();
    assert_eq!(data[1]["delta"]["stop_details"], body["stop_details"]);
    assert_eq!(data.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_longer_than_the_window_is_the_vendors_400_before_any_stream() {
    for dialect in OTHERS {
        let mut bench = Bench::with(dialect, Script::default(), Model { context: 10, ..model("m") });
        let seen = bench.ask(&Ask { prompt: "x".repeat(80), ..stream() }).await;
        assert_eq!(seen.status(), 400, "{dialect}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_order_is_the_vendors() {
    let seen = healthy(Dialect::Gemini, &plain()).await;
    let body = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"one two three four five"}]},"finishReason":"STOP","index":0,"safetyRatings":[]}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":5,"totalTokenCount":6},"modelVersion":"m","responseId":""#;
    assert!(seen.body().starts_with(body), "{}", seen.body());
    let seen = healthy(Dialect::Anthropic, &plain()).await;
    let body = r#","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"one two three four five"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"service_tier":"standard"}}"#;
    assert!(seen.body().ends_with(body), "{}", seen.body());
}
