//! The wire of OpenAI, and of those who speak most of it: Azure, Mistral, vLLM.

use crate::bench::{
    ARGUMENTS, Ask, Bench, OBJECT, PER_TOKEN, Seen, TEXT, TTFT, after, always, cause_of, fault, model, ms, plain,
    stream, word,
};
use mock_providers::fault::{Arg, Cause, Effect, Endpoint, Fault, Injection, Pick};
use mock_providers::text::embedding;
use mock_providers::{Dialect, Model, Script};
use serde_json::{Value, json};

const FAMILY: [Dialect; 4] = [Dialect::OpenAi, Dialect::Azure, Dialect::Mistral, Dialect::Vllm];
const REFUSAL: &str = "I'm sorry, but I can't assist with that request.";

/// The body of a request with these fields put in place of others.
fn with(dialect: Dialect, ask: &Ask, fields: &Value) -> Value {
    let mut body = ask.body(dialect);
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn post(bench: &mut Bench, path: &str, body: &Value) -> Seen {
    let request = plain().request_to(bench.dialect, path, body);
    bench.exchange(&request).await
}

/// Asks a healthy mock with these fields.
async fn chat(dialect: Dialect, ask: &Ask, fields: Value) -> Seen {
    let body = with(dialect, ask, &fields);
    post(&mut Bench::new(dialect, Script::default()), &ask.path(dialect), &body).await
}

fn weather() -> Value {
    json!({"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}})
}

/// All that a stream says in this field of its deltas.
fn joined(seen: &Seen, field: &str) -> String {
    seen.data().iter().filter_map(|d| d["choices"][0]["delta"][field].as_str().map(str::to_owned)).collect()
}

fn finishes(seen: &Seen) -> Vec<String> {
    seen.data().iter().filter_map(|d| d["choices"][0]["finish_reason"].as_str().map(str::to_owned)).collect()
}

fn safe() -> Value {
    let safe = json!({"filtered": false, "severity": "safe"});
    json!({"hate": safe, "self_harm": safe, "sexual": safe, "violence": safe})
}

#[tokio::test(start_paused = true)]
async fn a_plain_answer_has_all_the_fields_of_its_vendor_and_no_others() {
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 5, "total_tokens": 6});
    let mut detailed = usage.clone();
    detailed["prompt_tokens_details"] = json!({"cached_tokens": 0});
    detailed["completion_tokens_details"] = json!({"reasoning_tokens": 0});
    let openai = json!({
        "id": "chatcmpl-", "object": "chat.completion", "created": 1_767_225_600, "model": "m",
        "service_tier": "default", "system_fingerprint": "fp_50cad350e4",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT, "refusal": null, "annotations": []},
            "logprobs": null, "finish_reason": "stop"}],
        "usage": detailed,
    });
    let mut azure = openai.clone();
    azure["choices"][0]["content_filter_results"] = safe();
    let mut prompt = safe();
    prompt["jailbreak"] = json!({"filtered": false, "detected": false});
    azure["prompt_filter_results"] = json!([{"prompt_index": 0, "content_filter_results": prompt}]);
    let mistral = json!({
        "id": "", "object": "chat.completion", "created": 1_767_225_600, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
        "usage": usage,
    });
    let vllm = json!({
        "id": "chatcmpl-", "object": "chat.completion", "created": 1_767_225_600, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT, "refusal": null}, "logprobs": null,
            "finish_reason": "stop", "stop_reason": null}],
        "usage": usage,
    });
    for (dialect, wanted) in FAMILY.into_iter().zip([openai, azure, mistral, vllm]) {
        let mut bench = Bench::new(dialect, Script::default());
        let seen = bench.ask(&plain()).await;
        let mut body = seen.json();
        let id = body["id"].as_str().unwrap().to_owned();
        assert!(id.len() >= 20 && id.starts_with(wanted["id"].as_str().unwrap()), "{id}");
        body["id"] = wanted["id"].clone();
        assert_eq!(body, wanted, "{dialect}");
        assert_eq!(seen.pieces[0].0, TTFT + 5 * PER_TOKEN, "{dialect}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_keys_of_an_openai_answer_come_in_the_vendors_order() {
    let body = Bench::new(Dialect::OpenAi, Script::default()).ask(&plain()).await.body();
    let keys = ["id", "object", "created", "model", "service_tier", "system_fingerprint", "choices", "usage"];
    let places: Vec<_> = keys.iter().map(|key| body.find(&format!("\"{key}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_joined_is_the_plain_answer_and_ends_with_done() {
    for dialect in FAMILY {
        let plainly = Bench::new(dialect, Script::default()).ask(&plain()).await.json();
        let seen = Bench::new(dialect, Script::default()).ask(&stream()).await;
        let data = seen.data();
        assert_eq!(seen.header("content-type").as_deref(), Some("text/event-stream; charset=utf-8"));
        assert_eq!(joined(&seen, "content"), plainly["choices"][0]["message"]["content"], "{dialect}");
        assert_eq!(joined(&seen, "role"), "assistant");
        assert_eq!(finishes(&seen), ["stop"]);
        assert_eq!(seen.events().last().unwrap().1, "[DONE]");
        let of_answer = |d: &&Value| d["choices"].as_array().is_some_and(|choices| !choices.is_empty());
        let head = data.iter().find(of_answer).unwrap();
        assert_eq!(head["choices"][0]["delta"]["role"], "assistant", "{dialect}");
        for chunk in data.iter().filter(of_answer) {
            assert_eq!((&chunk["id"], &chunk["object"]), (&plainly["id"], &json!("chat.completion.chunk")));
            assert_eq!((&chunk["created"], &chunk["model"]), (&plainly["created"], &plainly["model"]));
        }
        let usage: Vec<_> = data.iter().filter(|d| d["usage"].is_object()).collect();
        assert_eq!(usage.len(), 1, "{dialect}");
        assert_eq!(usage[0]["usage"], plainly["usage"]);
        assert_eq!(usage[0]["choices"].as_array().unwrap().len(), usize::from(dialect == Dialect::Mistral));
        let nulls = data.iter().filter(|d| d.get("usage").is_some_and(Value::is_null)).count();
        // The chunk in which Azure's filter speaks knows nothing of usage.
        let others = match dialect {
            Dialect::OpenAi => data.len() - 1,
            Dialect::Azure => data.len() - 2,
            _ => 0,
        };
        assert_eq!(nulls, others, "{dialect}");
    }
}

#[tokio::test(start_paused = true)]
async fn usage_that_was_not_asked_for_is_not_told_in_a_stream_save_by_mistral() {
    for dialect in FAMILY {
        let seen = chat(dialect, &stream(), json!({"stream_options": null})).await;
        let usage = seen.data().iter().filter(|d| d.get("usage").is_some()).count();
        assert_eq!(usage, usize::from(dialect == Dialect::Mistral), "{dialect}");
        let unknown = chat(dialect, &stream(), json!({"stream_options": {"whatever": [1]}, "n": 1, "seed": 7})).await;
        assert_eq!(unknown.status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_call_bears_its_arguments_as_a_string() {
    for dialect in FAMILY {
        let mut bench = Bench::new(dialect, Script::default());
        let body = with(dialect, &plain(), &json!({"tools": [weather()]}));
        let choice = post(&mut bench, &plain().path(dialect), &body).await.json()["choices"][0].clone();
        let message = &choice["message"];
        assert_eq!(choice["finish_reason"], "tool_calls");
        assert_eq!(message["content"], if dialect == Dialect::Mistral { json!("") } else { Value::Null });
        let call = &message["tool_calls"][0];
        assert_eq!((&call["type"], &call["function"]["name"]), (&json!("function"), &json!("weather")));
        assert_eq!(call["function"]["arguments"], ARGUMENTS);
        let id = call["id"].as_str().unwrap();
        assert!(dialect != Dialect::Mistral || id.len() == 9, "{id}");

        let body = with(dialect, &stream(), &json!({"tools": [weather()]}));
        let seen = post(&mut Bench::new(dialect, Script::default()), &plain().path(dialect), &body).await;
        let data = seen.data();
        let deltas: Vec<_> =
            data.iter().map(|d| &d["choices"][0]["delta"]["tool_calls"][0]).filter(|d| d.is_object()).collect();
        let arguments: String = deltas.iter().filter_map(|d| d["function"]["arguments"].as_str()).collect();
        assert_eq!(arguments, ARGUMENTS);
        let mut head = call.clone();
        head["index"] = json!(0);
        if dialect == Dialect::Mistral {
            assert_eq!(deltas, [&head]);
        } else {
            head["function"]["arguments"] = json!("");
            assert_eq!(*deltas[0], head);
            assert!(deltas.len() > 2);
            assert!(deltas[1..].iter().all(|d| d["index"] == 0 && d.as_object().unwrap().len() == 2));
        }
        assert_eq!(finishes(&seen), ["tool_calls"]);
        let tokens = bench.entry().tokens;
        let last = seen.pieces.last().unwrap().0;
        assert_eq!(last, crate::bench::shown(dialect, TTFT + u64::from(tokens - 1) * PER_TOKEN), "{dialect}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_break_inside_of_tool_arguments_leaves_them_broken_off() {
    let at = [("at", Arg::Word("tool_arguments"))];
    for dialect in [Dialect::OpenAi, Dialect::Mistral] {
        let cut = Injection::word_with("cut", &at).unwrap();
        let body = with(dialect, &stream(), &json!({"tools": [weather()]}));
        let seen = post(&mut Bench::new(dialect, always(cut)), &plain().path(dialect), &body).await;
        assert!(!seen.well_ended() && finishes(&seen).is_empty());
        assert_eq!(seen.body().contains("weather"), dialect == Dialect::OpenAi, "{}", seen.body());
        assert!(!seen.body().contains("celsius"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_choice_among_tools_is_kept() {
    let tools = json!([weather(), {"type": "web_search"}, {"type": "function", "function": {"name": "time"}}]);
    let table = [
        (json!("auto"), Some("weather")),
        (json!("required"), Some("weather")),
        (json!("none"), None),
        (json!({"type": "function", "function": {"name": "time"}}), Some("time")),
        (Value::Null, Some("weather")),
    ];
    for (choice, called) in table {
        let seen = chat(Dialect::OpenAi, &plain(), json!({"tools": tools, "tool_choice": choice})).await;
        let message = seen.json()["choices"][0]["message"].clone();
        assert_eq!(message["tool_calls"][0]["function"]["name"].as_str(), called, "{choice}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_brings_the_result_of_a_tool_call_gets_an_answer_in_words() {
    for dialect in FAMILY {
        let call = json!({"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}});
        let messages = json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "12 degrees"},
        ]);
        let seen = chat(dialect, &plain(), json!({"tools": [weather()], "messages": messages})).await;
        assert_eq!(seen.json()["choices"][0]["message"]["content"], TEXT, "{}", seen.body());
        assert_eq!(seen.json()["usage"]["prompt_tokens"], 3);
    }
}

#[tokio::test(start_paused = true)]
async fn images_count_as_prompt() {
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let content = json!([{"type": "text", "text": "what is this?"}, image, image]);
    for dialect in FAMILY {
        let mut bench = Bench::with(dialect, Script::default(), Model { context: 2000, ..model("m") });
        let body = with(dialect, &plain(), &json!({"messages": [{"role": "user", "content": content}]}));
        let seen = post(&mut bench, &plain().path(dialect), &body).await;
        assert_eq!(seen.json()["usage"]["prompt_tokens"], 4 + 2 * 765, "{dialect}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_ends_before_the_first_stop_text_that_comes_up() {
    for dialect in FAMILY {
        for stop in [json!(" three"), json!(["five", " three", "zero"])] {
            let fields = json!({"stop": stop});
            let choice = chat(dialect, &plain(), fields.clone()).await.json()["choices"][0].clone();
            assert_eq!(choice["message"]["content"], "one two");
            assert_eq!(choice["finish_reason"], "stop");
            assert_eq!(choice.get("stop_reason"), (dialect == Dialect::Vllm).then_some(&json!(" three")));
            assert_eq!(joined(&chat(dialect, &stream(), fields).await, "content"), "one two");
        }
        let whole = chat(dialect, &plain(), json!({"stop": [""]})).await;
        assert_eq!(whole.json()["choices"][0]["message"]["content"], TEXT);
    }
}

#[tokio::test(start_paused = true)]
async fn either_name_of_the_token_cap_caps() {
    for dialect in FAMILY {
        for name in ["max_tokens", "max_completion_tokens"] {
            let mut body = plain().body(dialect);
            body.as_object_mut().unwrap().remove("max_completion_tokens");
            body[name] = json!(2);
            let seen = post(&mut Bench::new(dialect, Script::default()), &plain().path(dialect), &body).await;
            assert_eq!(seen.json()["choices"][0]["message"]["content"], "one two");
            assert_eq!(seen.json()["choices"][0]["finish_reason"], "length");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_schema_is_handed_on_and_any_json_may_be_asked_for() {
    for dialect in FAMILY {
        let asked = Ask { schema: true, ..stream() };
        let seen = Bench::new(dialect, Script::default()).ask(&asked).await;
        assert_eq!(joined(&seen, "content"), OBJECT);
        let seen = chat(dialect, &plain(), json!({"response_format": {"type": "json_object"}})).await;
        assert_eq!(seen.status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn clients_are_told_apart_by_the_end_user_that_the_request_names() {
    let sticky = Fault { pick: Pick::Client, ..fault(Effect::Mix(vec![(word("status_500"), 0.5)])) };
    let mut hit = [0; 2];
    for (index, field) in ["user", "safety_identifier"].into_iter().enumerate() {
        for user in 0..20 {
            let mut bench = Bench::new(Dialect::OpenAi, Script { faults: vec![sticky.clone()] });
            let body = with(Dialect::OpenAi, &plain(), &json!({field: format!("user {user}")}));
            hit[index] += usize::from(post(&mut bench, &plain().path(Dialect::OpenAi), &body).await.status() == 500);
        }
    }
    assert!(hit[0] == hit[1] && (5..15).contains(&hit[0]), "{hit:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_filters_work_or_the_models_words() {
    for dialect in FAMILY {
        let filtered = matches!(dialect, Dialect::OpenAi | Dialect::Azure);
        for schema in [false, true] {
            let ask = Ask { schema, ..plain() };
            let choice = Bench::new(dialect, always(word("refusal"))).ask(&ask).await.json()["choices"][0].clone();
            let streamed = Bench::new(dialect, always(word("refusal"))).ask(&Ask { schema, ..stream() }).await;
            let (content, refusal, reason) = match (filtered, schema) {
                (true, false) => (json!(""), None, "content_filter"),
                (true, true) => (Value::Null, Some(REFUSAL), "stop"),
                (false, _) => (json!(REFUSAL), None, "stop"),
            };
            assert_eq!(choice["message"]["content"], content, "{dialect} {schema}");
            assert_eq!(choice["message"]["refusal"].as_str(), refusal);
            assert_eq!(choice["finish_reason"], reason);
            assert_eq!(joined(&streamed, "content"), content.as_str().unwrap_or_default());
            assert_eq!(joined(&streamed, "refusal"), refusal.unwrap_or_default());
            assert_eq!(finishes(&streamed), [reason]);
            if dialect == Dialect::Azure && !schema {
                assert_eq!(choice["content_filter_results"]["violence"]["filtered"], true);
            }
        }
    }
}

/// Cause, then per vendor: status, where in the body to look, what stands there (a string may be a part of it).
type Row = (Cause, [(u16, &'static str, &'static str); 3]);

/// Azure, Mistral, vLLM.
const CAUSES: [Row; 12] = [
    (
        Cause::BadRequest,
        [
            (400, "/error/type", "invalid_request_error"),
            (422, "/detail/0/type", "value_error"),
            (400, "/error/type", "BadRequestError"),
        ],
    ),
    (
        Cause::ContextLength,
        [
            (400, "/error/message", "maximum context length is 1000 tokens"),
            (400, "/message", "Prompt contains 1001 tokens, too large for model with 1000 maximum context length"),
            (400, "/error/message", "the model's context length is only 1000 tokens"),
        ],
    ),
    (Cause::Auth, [(401, "/error/code", "401"), (401, "/detail", "Unauthorized"), (401, "/error", "Unauthorized")]),
    (
        Cause::Permission,
        [(403, "/error/code", "AccessDenied"), (403, "/type", "tier_not_allowed"), (403, "/error/type", "Forbidden")],
    ),
    (
        Cause::ModelGone,
        [
            (404, "/error/code", "DeploymentNotFound"),
            (400, "/message", "Invalid model: m"),
            (404, "/error/message", "The model `m` does not exist."),
        ],
    ),
    (
        Cause::RateLimited,
        [(429, "/error/code", "429"), (429, "/code", "1300"), (429, "/error/type", "Too Many Requests")],
    ),
    (
        Cause::PromptOverTpm,
        [(429, "/error/code", "429"), (429, "/code", "1300"), (429, "/error/type", "Too Many Requests")],
    ),
    (
        Cause::QuotaExhausted,
        [(429, "/error/code", "insufficient_quota"), (402, "/message", "Payment"), (429, "/error/type", "Too Many")],
    ),
    (
        Cause::Overloaded,
        [
            (429, "/error/message", "experiencing high demand"),
            (503, "/message", "Service tier capacity exceeded for this model."),
            (503, "/error/type", "ServiceUnavailableError"),
        ],
    ),
    (
        Cause::BodyTooLarge,
        [(413, "/error/code", "413"), (413, "/object", "error"), (413, "/error/message", "Request Entity Too Large")],
    ),
    (
        Cause::Timeout,
        [(408, "/error/code", "Timeout"), (504, "/object", "error"), (504, "/error/type", "Gateway Timeout")],
    ),
    (
        Cause::ServerError,
        [(500, "/error/type", "server_error"), (500, "/code", "1000"), (500, "/error/type", "InternalServerError")],
    ),
];

#[tokio::test(start_paused = true)]
async fn each_lookalike_words_each_cause_its_own_way() {
    for (cause, row) in CAUSES {
        for (dialect, (status, pointer, wanted)) in FAMILY[1..].iter().zip(row) {
            for ask in [plain(), stream()] {
                let seen = Bench::new(*dialect, always(cause_of(cause, None))).ask(&ask).await;
                assert_eq!(seen.status(), status, "{dialect} {cause:?}");
                let body = seen.json();
                let found = body.pointer(pointer).and_then(Value::as_str);
                assert!(found.is_some_and(|found| found.contains(wanted)), "{dialect} {cause:?}: {body}");
                assert_eq!(seen.header("retry-after"), None);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_codes_of_vllm_are_numbers_and_those_of_azure_strings() {
    let limited = || always(cause_of(Cause::RateLimited, Some(ms(1500))));
    let vllm = Bench::new(Dialect::Vllm, limited()).ask(&plain()).await;
    assert_eq!(vllm.json()["error"]["code"], 429);
    let overlong = Bench::new(Dialect::Vllm, always(cause_of(Cause::ContextLength, None))).ask(&plain()).await;
    assert_eq!(overlong.json()["error"]["param"], "input_tokens");
    let mistral = Bench::new(Dialect::Mistral, limited()).ask(&plain()).await;
    let wanted = json!({"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "param": null,
        "code": "1300", "raw_status_code": 429});
    assert_eq!(mistral.json(), wanted);
    for seen in [vllm, mistral] {
        assert_eq!(seen.header("retry-after").as_deref(), Some("2"));
    }
    let azure = Bench::new(Dialect::Azure, limited()).ask(&plain()).await;
    assert!(azure.json()["error"]["message"].as_str().unwrap().contains("Please retry after 2 seconds."));
    let headers = [
        ("retry-after", "2"),
        ("retry-after-ms", "1500"),
        ("x-ratelimit-limit-tokens", "5000"),
        ("x-ratelimit-remaining-requests", "4"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-renewalperiod-requests", "60"),
        ("x-ratelimit-renewalperiod-tokens", "60"),
        ("x-ratelimit-reset-tokens", "2"),
        ("x-ratelimit-type", "tokens"),
    ];
    for (name, value) in headers {
        assert_eq!(azure.header(name).as_deref(), Some(value), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_in_front_answers_in_html() {
    for (dialect, server) in [(Dialect::Azure, "microsoft-azure-application-gateway/v2"), (Dialect::Vllm, "nginx")] {
        let seen = Bench::new(dialect, always(cause_of(Cause::EdgeHtml, None))).ask(&plain()).await;
        assert_eq!((seen.status(), seen.header("server").as_deref()), (502, Some(server)));
        assert!(seen.body().starts_with("<html>\r\n<head><title>502 Bad Gateway</title>"));
    }
    let mistral = Bench::new(Dialect::Mistral, always(cause_of(Cause::EdgeHtml, None))).ask(&plain()).await;
    assert_eq!(mistral.header("server").as_deref(), Some("cloudflare"));
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_key_or_with_too_long_a_prompt_is_turned_down_before_any_stream() {
    for dialect in FAMILY {
        let seen = Bench::new(dialect, Script::default()).ask(&Ask { auth: false, ..stream() }).await;
        assert_eq!(seen.status(), 401, "{dialect}");
        let small = Model { context: 10, ..model("m") };
        let seen =
            Bench::with(dialect, Script::default(), small).ask(&Ask { prompt: "x".repeat(80), ..stream() }).await;
        assert_eq!(seen.status(), 400, "{dialect}");
        assert_eq!(seen.header("content-type").as_deref(), Some("application/json"));
        assert!(seen.body().contains("20") && seen.body().contains("10 "), "{}", seen.body());
    }
}

#[tokio::test(start_paused = true)]
async fn every_vendor_marks_its_responses() {
    let table: [(Dialect, &[&str]); 4] = [
        (Dialect::OpenAi, &["x-request-id", "openai-processing-ms", "openai-version", "openai-organization"]),
        (Dialect::Azure, &["apim-request-id", "x-request-id", "x-ms-region"]),
        (Dialect::Mistral, &["mistral-correlation-id"]),
        (Dialect::Vllm, &["server"]),
    ];
    for (dialect, names) in table {
        for script in [Script::default(), always(word("status_500"))] {
            let seen = Bench::new(dialect, script).ask(&plain()).await;
            for name in names {
                assert!(seen.header(name).is_some(), "{dialect} {name}");
            }
        }
    }
    let mut bench = Bench::new(Dialect::Azure, Script::default());
    let (first, second) = (bench.ask(&plain()).await, bench.ask(&Ask { key: Some("0-1;2".into()), ..plain() }).await);
    let (first, second) = (first.header("apim-request-id").unwrap(), second.header("apim-request-id").unwrap());
    assert_eq!((first.len(), &first[14..15], &first[19..20]), (36, "4", "8"));
    assert_ne!(first, second);
}

#[tokio::test(start_paused = true)]
async fn azure_wants_a_version_on_the_classic_path_and_a_model_on_the_new_one() {
    let mut bench = Bench::new(Dialect::Azure, Script::default());
    let (with_model, without) =
        (plain().body(Dialect::Azure), json!({"messages": [{"role": "user", "content": "hi"}]}));
    let table = [
        ("/openai/deployments/m/chat/completions?api-version=2024-10-21", &without, 200, ""),
        ("/prefix/openai/deployments/m/chat/completions?x=1&api-version=2024-10-21", &with_model, 200, ""),
        ("/openai/deployments/m/chat/completions", &with_model, 404, "Resource not found"),
        ("/openai/deployments/m/chat/completions?api-version=", &with_model, 404, "Resource not found"),
        ("/openai/deployments/gone/chat/completions?api-version=1", &with_model, 404, "DeploymentNotFound"),
        ("/openai/deployments/m/sing?api-version=1", &with_model, 404, "Resource not found"),
        ("/openai/v1/chat/completions", &with_model, 200, ""),
        ("/openai/v1/chat/completions", &without, 400, "you must provide a model parameter"),
        ("/v1/chat/completions", &with_model, 404, "Resource not found"),
    ];
    for (path, body, status, words) in table {
        let seen = post(&mut bench, path, body).await;
        assert_eq!(seen.status(), status, "{path}");
        assert!(seen.body().contains(words), "{}", seen.body());
    }
}

#[tokio::test(start_paused = true)]
async fn an_azure_stream_begins_with_the_verdict_on_the_prompt_and_comes_in_bursts() {
    let slow = Model { tokens_per_second: 12.5, ..model("m") };
    let seen = Bench::with(Dialect::Azure, Script::default(), slow).ask(&stream()).await;
    let data = seen.data();
    let first = &data[0];
    assert_eq!((&first["id"], &first["model"], &first["choices"]), (&json!(""), &json!(""), &json!([])));
    assert_eq!(first["prompt_filter_results"][0]["content_filter_results"]["jailbreak"]["detected"], false);
    assert_eq!(data[1]["choices"][0]["content_filter_results"], json!({}));
    assert_eq!(data[2]["choices"][0]["content_filter_results"], safe());
    let times: Vec<u64> = seen.pieces.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 200, 400, 600]);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_azure_blocks_says_what_was_found_in_it() {
    let seen = Bench::new(Dialect::Azure, always(cause_of(Cause::ContentPolicy, None))).ask(&stream()).await;
    let error = seen.json()["error"].clone();
    assert_eq!(seen.status(), 400);
    let keys: Vec<_> = error.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["message", "type", "param", "code", "status", "innererror"]);
    assert_eq!((&error["type"], &error["param"]), (&Value::Null, &json!("prompt")));
    assert_eq!((&error["code"], &error["status"]), (&json!("content_filter"), &json!(400)));
    assert_eq!(error["innererror"]["code"], "ResponsibleAIPolicyViolation");
    let found = &error["innererror"]["content_filter_result"];
    assert_eq!(found["jailbreak"], json!({"filtered": true, "detected": true}));
    assert_eq!(found["hate"], json!({"filtered": false, "severity": "safe"}));
    for dialect in [Dialect::Mistral, Dialect::Vllm] {
        let seen = Bench::new(dialect, always(cause_of(Cause::ContentPolicy, None))).ask(&plain()).await;
        assert_eq!((seen.status(), seen.body().contains(REFUSAL)), (200, true), "without a filter, words");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_middle_of_a_stream_is_an_object_of_its_own() {
    for dialect in FAMILY {
        let seen = Bench::new(dialect, always(after("stream_error", 2))).ask(&stream()).await;
        assert_eq!((seen.status(), joined(&seen, "content").as_str()), (200, "one two"));
        let events = seen.events();
        let done = events.last().unwrap().1 == "[DONE]";
        assert_eq!(done, dialect == Dialect::Vllm);
        let last: Value = serde_json::from_str(&events[events.len() - 1 - usize::from(done)].1).unwrap();
        let message = if dialect == Dialect::Mistral { &last["message"] } else { &last["error"]["message"] };
        assert!(message.is_string(), "{last}");
        assert!(finishes(&seen).is_empty() && seen.well_ended());
    }
}

#[tokio::test(start_paused = true)]
async fn every_cause_can_come_in_the_middle_of_a_stream_as_one_event_of_json() {
    for dialect in FAMILY {
        for cause in Cause::ALL {
            let args = [("after_tokens", Arg::Count(2)), ("cause", Arg::Word(cause.name()))];
            let failing = always(Injection::word_with("stream_error", &args).unwrap());
            let seen = Bench::new(dialect, failing).ask(&stream()).await;
            let broken = seen.events().iter().filter(|(_, data)| data != "[DONE]").count() - seen.data().len();
            assert_eq!((broken, seen.data().last().unwrap().get("choices")), (0, None), "{dialect} {cause:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn vllm_tells_anybody_that_it_is_up_and_nobody_else_does() {
    for dialect in FAMILY {
        let request = b"GET /health HTTP/1.1\r\nhost: p\r\nconnection: close\r\n\r\n";
        let seen = Bench::new(dialect, always(word("status_500"))).exchange(request).await;
        assert_eq!(seen.status(), if dialect == Dialect::Vllm { 200 } else { 404 }, "{dialect}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_of_models_is_well_while_completions_fail() {
    for (dialect, path) in FAMILY.into_iter().zip(["/v1/models", "/openai/v1/models", "/v1/models", "/v1/models"]) {
        let auth = if dialect == Dialect::Azure { "api-key" } else { "authorization" };
        let request = format!("GET {path} HTTP/1.1\r\nhost: p\r\nconnection: close\r\n{auth}: Bearer k\r\n\r\n");
        let seen = Bench::new(dialect, always(word("status_500"))).exchange(request.as_bytes()).await;
        assert_eq!((seen.status(), &seen.json()["data"][0]["object"]), (200, &json!("model")), "{dialect}");
    }
}

mod responses {
    use super::*;

    const PATH: &str = "/v1/responses";

    async fn respond(script: Script, fields: Value) -> (Seen, Bench) {
        let mut body = json!({"model": "m", "input": "hi"});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        let mut bench = Bench::new(Dialect::OpenAi, script);
        (post(&mut bench, PATH, &body).await, bench)
    }

    fn types(seen: &Seen) -> Vec<String> {
        seen.data()
            .iter()
            .map(|event| event["type"].as_str().unwrap().trim_start_matches("response.").to_owned())
            .collect()
    }

    /// Every event has its name twice, and its number.
    fn check(seen: &Seen) {
        for (at, ((name, _), data)) in seen.events().iter().zip(seen.data()).enumerate() {
            assert_eq!((&data["type"], &data["sequence_number"]), (&json!(name), &json!(at)), "{}", seen.body());
        }
    }

    fn deltas(seen: &Seen) -> String {
        seen.data().iter().filter_map(|event| event["delta"].as_str().map(str::to_owned)).collect()
    }

    fn flat_tool() -> Value {
        json!([{"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": true}])
    }

    #[tokio::test(start_paused = true)]
    async fn a_plain_response_has_a_message_and_usage() {
        let (seen, _) = respond(Script::default(), json!({})).await;
        let body = seen.json();
        let keys: Vec<_> = body.as_object().unwrap().keys().take(9).cloned().collect();
        let order = ["id", "object", "created_at", "status", "error", "incomplete_details", "model", "output", "usage"];
        assert_eq!(keys, order);
        assert!(body["id"].as_str().unwrap().starts_with("resp_"));
        assert_eq!((&body["object"], &body["status"]), (&json!("response"), &json!("completed")));
        assert_eq!((&body["error"], &body["incomplete_details"]), (&Value::Null, &Value::Null));
        let item = &body["output"][0];
        assert_eq!((&item["type"], &item["status"]), (&json!("message"), &json!("completed")));
        assert_eq!(item["content"], json!([{"type": "output_text", "text": TEXT, "annotations": []}]));
        let usage = json!({"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 6});
        assert_eq!(body["usage"], usage);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_is_typed_numbered_and_says_everything_again_at_its_end() {
        let (plainly, _) = respond(Script::default(), json!({})).await;
        let (seen, bench) = respond(Script::default(), json!({"stream": true})).await;
        let delta = "output_text.delta";
        let order = [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            delta,
            delta,
            delta,
            delta,
            delta,
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ];
        assert_eq!(types(&seen), order);
        check(&seen);
        let data = seen.data();
        assert_eq!(deltas(&seen), TEXT);
        assert_eq!(data[0]["response"]["status"], "in_progress");
        assert_eq!(data[2]["item"]["content"], json!([]));
        assert_eq!(data[3]["part"], json!({"type": "output_text", "text": "", "annotations": []}));
        assert_eq!(data[9]["text"], TEXT);
        assert_eq!(data[10]["part"]["text"], TEXT);
        assert_eq!(data[11]["item"], plainly.json()["output"][0]);
        assert_eq!(data[12]["response"], plainly.json());
        for event in &data[3..11] {
            assert_eq!((&event["item_id"], &event["content_index"]), (&data[2]["item"]["id"], &json!(0)));
        }
        let times: Vec<u64> = seen.pieces.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [0, 100, 110, 120, 130, 140]);
        assert_eq!((bench.entry().tokens, bench.entry().stream), (5, true));
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_call_is_an_item_with_arguments_in_fragments() {
        let (plainly, _) = respond(Script::default(), json!({"tools": flat_tool()})).await;
        let call = plainly.json()["output"][0].clone();
        assert_eq!((&call["type"], &call["name"]), (&json!("function_call"), &json!("weather")));
        assert_eq!((&call["arguments"], &call["status"]), (&json!(ARGUMENTS), &json!("completed")));
        assert_ne!(call["id"], call["call_id"]);

        let (seen, _) = respond(Script::default(), json!({"tools": flat_tool(), "stream": true})).await;
        check(&seen);
        let data = seen.data();
        assert_eq!(data[2]["item"]["arguments"], "");
        assert_eq!(deltas(&seen), ARGUMENTS);
        let types = types(&seen);
        let last: Vec<_> = types[types.len() - 3..].iter().map(String::as_str).collect();
        assert_eq!(last, ["function_call_arguments.done", "output_item.done", "completed"]);
        assert_eq!(data[data.len() - 3]["arguments"], ARGUMENTS);
        assert_eq!(data[data.len() - 2]["item"], call);
        assert_eq!(data[data.len() - 1]["response"], plainly.json());
        let (none, _) = respond(Script::default(), json!({"tools": flat_tool(), "tool_choice": "none"})).await;
        assert_eq!(none.json()["output"][0]["type"], "message");
    }

    #[tokio::test(start_paused = true)]
    async fn the_input_may_be_items_with_images_and_the_result_of_a_call() {
        let items = json!([
            {"role": "user", "content": [{"type": "input_text", "text": "what is this?"},
                {"type": "input_image", "image_url": "https://example.org/cat.png"}]},
            {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": ARGUMENTS},
            {"type": "function_call_output", "call_id": "call_1", "output": "12 degrees"},
        ]);
        let fields = json!({"input": items, "tools": flat_tool(), "instructions": "be brief"});
        let (seen, _) = respond(Script::default(), fields).await;
        assert_eq!(seen.json()["output"][0]["content"][0]["text"], TEXT);
        assert_eq!(seen.json()["usage"]["input_tokens"], 765 + 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_schema_stands_in_the_format_of_the_text() {
        let format = json!({"type": "json_schema", "name": "s", "schema": {"type": "object"}, "strict": true});
        let (seen, _) = respond(Script::default(), json!({"text": {"format": format}})).await;
        assert_eq!(seen.json()["output"][0]["content"][0]["text"], OBJECT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_a_part_of_its_own_and_a_filtered_answer_is_incomplete() {
        let format = json!({"type": "json_schema", "name": "s", "schema": {"type": "object"}});
        let fields = json!({"text": {"format": format}, "stream": true});
        let (seen, _) = respond(always(word("refusal")), fields).await;
        check(&seen);
        let order = [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "refusal.delta",
            "refusal.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ];
        assert_eq!(types(&seen), order);
        let data = seen.data();
        assert_eq!((&data[4]["delta"], &data[5]["refusal"]), (&json!(REFUSAL), &json!(REFUSAL)));
        let part = json!({"type": "refusal", "refusal": REFUSAL});
        assert_eq!(data[8]["response"]["output"][0]["content"], json!([part]));

        let (seen, _) = respond(always(word("refusal")), json!({"stream": true})).await;
        check(&seen);
        assert_eq!(types(&seen), ["created", "in_progress", "incomplete"]);
        let response = seen.data()[2]["response"].clone();
        assert_eq!(response["incomplete_details"]["reason"], "content_filter");
        let (plainly, _) = respond(always(word("refusal")), json!({})).await;
        assert_eq!(plainly.json(), response);
    }

    #[tokio::test(start_paused = true)]
    async fn the_token_cap_makes_a_response_incomplete() {
        for stream in [false, true] {
            let (seen, _) = respond(Script::default(), json!({"max_output_tokens": 2, "stream": stream})).await;
            let response = if stream { seen.data().pop().unwrap()["response"].clone() } else { seen.json() };
            assert_eq!(response["status"], "incomplete");
            assert_eq!(response["incomplete_details"], json!({"reason": "max_output_tokens"}));
            let item = &response["output"][0];
            assert_eq!((&item["status"], &item["content"][0]["text"]), (&json!("incomplete"), &json!("one two")));
            assert!(!stream || types(&seen).last().unwrap() == "incomplete");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_goes_wrong_in_the_middle_comes_in_four_shapes_and_goes_on_counting() {
        let table: [(Cause, &[&str]); 5] = [
            (Cause::ServerError, &["failed"]),
            (Cause::ContextLength, &["failed"]),
            (Cause::Timeout, &["error"]),
            (Cause::QuotaExhausted, &["error"]),
            (Cause::Overloaded, &["error", "failed"]),
        ];
        for (cause, shapes) in table {
            let args = [("after_tokens", Arg::Count(2)), ("cause", Arg::Word(cause.name()))];
            let failing = always(Injection::word_with("stream_error", &args).unwrap());
            let (seen, _) = respond(failing, json!({"stream": true})).await;
            check(&seen);
            assert_eq!((seen.status(), deltas(&seen).as_str()), (200, "one two"));
            assert_eq!(types(&seen)[6..], *shapes, "{cause:?}");
            let data = seen.data();
            match cause {
                Cause::Timeout => assert!(data[6]["message"].is_string() && data[6].get("code").is_some()),
                Cause::QuotaExhausted => assert_eq!(data[6]["error"]["code"], "insufficient_quota"),
                Cause::Overloaded => assert_eq!(data[6]["code"], "server_is_overloaded"),
                _ => {}
            }
            if shapes.contains(&"failed") {
                let response = &data.last().unwrap()["response"];
                let code = match cause {
                    Cause::ServerError => "server_error",
                    Cause::ContextLength => "context_length_exceeded",
                    _ => "server_is_overloaded",
                };
                assert_eq!((&response["status"], &response["error"]["code"]), (&json!("failed"), &json!(code)));
                assert_eq!(response["id"], data[0]["response"]["id"]);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn faults_meet_responses_as_they_meet_chat_and_can_be_meant_for_them_alone() {
        let (seen, _) = respond(always(after("cut", 3)), json!({"stream": true})).await;
        assert_eq!((deltas(&seen).as_str(), seen.well_ended()), ("one two three", false));
        let mut alone = always(word("status_503"));
        alone.faults[0].whom.endpoints = vec![Endpoint::Responses];
        let (seen, _) = respond(alone.clone(), json!({})).await;
        assert_eq!(seen.status(), 503);
        assert_eq!(Bench::new(Dialect::OpenAi, alone).ask(&plain()).await.status(), 200);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_to_nothing_is_refused_and_azure_serves_them_too() {
        for body in [json!({"model": "m"}), json!({"model": "m", "input": []})] {
            let seen = post(&mut Bench::new(Dialect::OpenAi, Script::default()), PATH, &body).await;
            assert_eq!((seen.status(), &seen.json()["error"]["param"]), (400, &json!("input")));
        }
        let body = json!({"model": "m", "input": "hi"});
        let seen = post(&mut Bench::new(Dialect::Azure, Script::default()), "/openai/v1/responses", &body).await;
        assert_eq!(seen.json()["output"][0]["content"][0]["text"], TEXT);
    }
}

mod embeddings {
    use super::*;

    fn path(dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Azure => "/openai/deployments/m/embeddings?api-version=2024-10-21",
            _ => "/v1/embeddings",
        }
    }

    async fn embed(dialect: Dialect, script: Script, fields: Value) -> Seen {
        let mut body = json!({"model": "m", "input": "hello"});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        post(&mut Bench::new(dialect, script), path(dialect), &body).await
    }

    fn numbers(vector: &Value) -> Vec<f32> {
        serde_json::from_value(vector.clone()).unwrap()
    }

    /// What a client makes of base64.
    fn decoded(text: &str) -> Vec<f32> {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits: Vec<u8> = text
            .trim_end_matches('=')
            .chars()
            .flat_map(|c| {
                let six = alphabet.find(c).unwrap();
                (0..6).rev().map(move |bit| (six >> bit & 1) as u8)
            })
            .collect();
        let bytes: Vec<u8> = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect();
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_text_becomes_the_vector_that_stands_for_it() {
        for (dialect, length) in FAMILY.into_iter().zip([1536, 1536, 1024, 1024]) {
            let seen = embed(dialect, Script::default(), json!({})).await;
            let body = seen.json();
            assert_eq!((&body["object"], &body["model"]), (&json!("list"), &json!("m")));
            assert_eq!((&body["data"][0]["object"], &body["data"][0]["index"]), (&json!("embedding"), &json!(0)));
            assert_eq!(numbers(&body["data"][0]["embedding"]), embedding("m", "hello", length), "{dialect}");
            assert_eq!(body["usage"], json!({"prompt_tokens": 2, "total_tokens": 2}));
            assert_eq!(body["id"].is_string(), matches!(dialect, Dialect::Mistral | Dialect::Vllm));
            assert_eq!(seen.pieces[0].0, TTFT);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn base64_and_numbers_are_the_same_vector() {
        for dimensions in [1, 2, 3, 256] {
            let fields = json!({"dimensions": dimensions, "encoding_format": "base64"});
            let coded = embed(Dialect::OpenAi, Script::default(), fields).await.json();
            let fields = json!({"dimensions": dimensions, "encoding_format": "float"});
            let plainly = embed(Dialect::OpenAi, Script::default(), fields).await.json();
            let vector = decoded(coded["data"][0]["embedding"].as_str().unwrap());
            assert_eq!(vector.len(), dimensions);
            assert_eq!(vector, numbers(&plainly["data"][0]["embedding"]));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn several_texts_and_tokens_become_vectors_in_their_order() {
        let table = [(json!(["hello", "a \"b\""]), 2, 4), (json!([[1, 2, 3], [4]]), 2, 4), (json!([1, 2, 3]), 1, 3)];
        for (input, vectors, tokens) in table {
            let fields = json!({"input": input, "dimensions": 2});
            let body = embed(Dialect::OpenAi, Script::default(), fields).await.json();
            let data = body["data"].as_array().unwrap();
            assert_eq!((data.len(), &body["usage"]["prompt_tokens"]), (vectors, &json!(tokens)), "{input}");
            assert!(data.iter().enumerate().all(|(index, item)| item["index"] == index));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_embedded_is_refused() {
        let none: Vec<String> = Vec::new();
        let many = vec!["x"; 2049];
        let bad = [
            json!({"input": none}),
            json!({"input": many}),
            json!({"input": null}),
            json!({"input": {}}),
            json!({"input": [{}]}),
            json!({"dimensions": 0}),
            json!({"dimensions": 4_000_000_000_u32}),
        ];
        for fields in bad {
            let seen = embed(Dialect::OpenAi, Script::default(), fields).await;
            assert_eq!(seen.status(), 400, "{}", seen.body());
        }
        let seen = embed(Dialect::OpenAi, Script::default(), json!({"input": "x".repeat(4100)})).await;
        assert_eq!(seen.json()["error"]["code"], "context_length_exceeded");
    }

    #[tokio::test(start_paused = true)]
    async fn faults_meet_embeddings_too() {
        for dialect in FAMILY {
            assert_eq!(embed(dialect, always(word("status_503")), json!({})).await.status(), 503);
            let cut = embed(dialect, always(word("cut")), json!({})).await;
            assert_eq!((cut.status(), cut.closed), (200, Some(TTFT + 1)));
            let malformed = embed(dialect, always(word("malformed")), json!({})).await;
            assert!(serde_json::from_str::<Value>(&malformed.body()).is_err());
            let mut elsewhere = always(word("status_503"));
            elsewhere.faults[0].whom.endpoints = vec![Endpoint::Chat];
            assert_eq!(embed(dialect, elsewhere, json!({})).await.status(), 200);
        }
    }
}
