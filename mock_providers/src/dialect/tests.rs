//! What all dialects have in common, and what no request can bring about yet.

use super::*;
use bytes::BytesMut;
use serde_json::{Value, json};

#[test]
fn every_dialect_is_found_by_its_name_and_an_unknown_one_is_told_the_names() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.to_string().parse(), Ok(dialect));
    }
    let error = "opneai".parse::<Dialect>().unwrap_err().to_string();
    let names = Dialect::ALL.map(Dialect::name).join(", ");
    assert_eq!(error, format!("unknown dialect `opneai`, expected one of: {names}"));
    assert!(names.starts_with("openai, anthropic, gemini, "));
}

#[test]
fn instants_are_written_as_rfc_3339() {
    let table = [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_767_225_600, "2026-01-01T00:00:00Z"),
        (1_798_761_599, "2026-12-31T23:59:59Z"),
    ];
    for (seconds, written) in table {
        assert_eq!(rfc3339(seconds), written);
    }
}

/// What this answer looks like, plain and as the text of a stream.
fn rendered(dialect: Dialect, answer: &Answer) -> (Value, String) {
    let ask = Ask { model: "m".into(), prompt_tokens: 10, ..Ask::default() };
    let took = Took { first: Duration::from_millis(100), all: Duration::from_millis(150) };
    let reply = Reply { ask: &ask, id: "0123456789abcdef0001", created: 0, took, answer };
    let format = dialect.format();
    let frames = format.frames(&reply);
    let (mut stream, mut said) = (BytesMut::new(), 0);
    for piece in (0..).map_while(|index| frames.piece(index)) {
        match piece {
            Piece::Event { bytes, .. } => stream.extend_from_slice(&frames.bytes()[bytes.clone()]),
            Piece::Run(run) => {
                for token in tokens(&run.text) {
                    said += 1;
                    run.template.push(&mut stream, token, said);
                }
            }
        }
    }
    let plain = serde_json::from_slice(&format.plain(&reply)).unwrap();
    (plain, String::from_utf8_lossy(&stream).into_owned())
}

fn text(text: &str, finish: Finish) -> Answer {
    Answer::new(vec![Part::Text(text.to_owned())], finish)
}

#[test]
fn every_finish_has_the_vendors_word_plain_and_streamed() {
    let finishes = [
        Finish::Stop,
        Finish::Length,
        Finish::WindowFull,
        Finish::ToolCall,
        Finish::StopString,
        Finish::Refused,
        Finish::BadToolOutput,
        Finish::Paused,
    ];
    let anthropic = [
        "end_turn",
        "max_tokens",
        "model_context_window_exceeded",
        "tool_use",
        "stop_sequence",
        "refusal",
        "end_turn",
        "pause_turn",
    ];
    let gemini =
        ["STOP", "MAX_TOKENS", "MAX_TOKENS", "STOP", "STOP", "SAFETY", "MALFORMED_FUNCTION_CALL", "CONTINUATION"];
    let bedrock = [
        "end_turn",
        "max_tokens",
        "model_context_window_exceeded",
        "tool_use",
        "stop_sequence",
        "content_filtered",
        "malformed_tool_use",
        "end_turn",
    ];
    let ollama = ["stop", "length", "length", "stop", "stop", "stop", "stop", "stop"];
    let table = [
        (Dialect::Anthropic, "/stop_reason", "stop_reason", anthropic),
        (Dialect::Gemini, "/candidates/0/finishReason", "finishReason", gemini),
        (Dialect::Bedrock, "/stopReason", "stopReason", bedrock),
        (Dialect::Ollama, "/done_reason", "done_reason", ollama),
    ];
    for (dialect, pointer, field, words) in table {
        for (finish, word) in finishes.into_iter().zip(words) {
            let (plain, stream) = rendered(dialect, &text("one two", finish));
            assert_eq!(plain.pointer(pointer), Some(&json!(word)), "{dialect} {finish:?}");
            assert_eq!(stream.matches(&format!("\"{field}\":\"{word}\"")).count(), 1, "{dialect} {finish:?} {stream}");
        }
    }
}

#[test]
fn the_stop_text_that_came_up_is_named_where_the_vendor_names_it() {
    let answer = Answer { stop_string: Some("END".into()), ..text("one", Finish::StopString) };
    let (plain, stream) = rendered(Dialect::Anthropic, &answer);
    assert_eq!(plain["stop_sequence"], "END");
    assert!(stream.contains(r#""stop_reason":"stop_sequence","stop_sequence":"END""#), "{stream}");
}

#[test]
fn a_model_that_goes_by_another_name_is_echoed_by_it() {
    let answer = Answer { model: Some("m-2026".into()), ..text("one", Finish::Stop) };
    for dialect in [Dialect::Anthropic, Dialect::Gemini, Dialect::Ollama] {
        let (plain, stream) = rendered(dialect, &answer);
        assert!(plain.to_string().contains("m-2026") && stream.contains("m-2026"), "{dialect}");
    }
}

#[test]
fn cached_and_thought_tokens_are_told_where_the_vendor_counts_them() {
    let answer = Answer { cached_tokens: 4, reasoning_tokens: 7, ..text("one two", Finish::Stop) };
    let (anthropic, stream) = rendered(Dialect::Anthropic, &answer);
    let usage = json!({"input_tokens": 6, "output_tokens": 9, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 4, "service_tier": "standard"});
    assert_eq!(anthropic["usage"], usage);
    assert!(stream.contains(r#""input_tokens":6,"output_tokens":1"#) && stream.contains(r#"{"output_tokens":9}"#));
    let (gemini, stream) = rendered(Dialect::Gemini, &answer);
    let usage = json!({"promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 19,
        "cachedContentTokenCount": 4, "thoughtsTokenCount": 7});
    assert_eq!(gemini["usageMetadata"], usage);
    let counts =
        |n, total| format!(r#""candidatesTokenCount":{n},"totalTokenCount":{total},"cachedContentTokenCount":4"#);
    assert!(stream.contains(&counts(1, 18)) && stream.contains(&counts(2, 19)), "{stream}");
    let (bedrock, stream) = rendered(Dialect::Bedrock, &answer);
    let usage = json!({"inputTokens": 6, "outputTokens": 9, "totalTokens": 19, "cacheReadInputTokens": 4});
    assert_eq!(bedrock["usage"], usage);
    assert!(stream.contains(&usage.to_string()), "{stream}");
    let (ollama, _) = rendered(Dialect::Ollama, &answer);
    assert_eq!((&ollama["prompt_eval_count"], &ollama["eval_count"]), (&json!(10), &json!(9)));
}

#[test]
fn usage_may_be_told_as_zero_or_not_at_all() {
    let table = [
        (Dialect::Anthropic, "/usage", "output_tokens"),
        (Dialect::Gemini, "/usageMetadata", "totalTokenCount"),
        (Dialect::Bedrock, "/usage", "totalTokens"),
        (Dialect::Ollama, "", "eval_count"),
    ];
    for (dialect, pointer, field) in table {
        let answer = |usage| Answer { usage, cached_tokens: 3, reasoning_tokens: 3, ..text("one two", Finish::Stop) };
        let (plain, stream) = rendered(dialect, &answer(Told::AsZero));
        assert_eq!(plain.pointer(pointer).unwrap()[field], 0, "{dialect}");
        let told = stream.matches(&format!("\"{field}\":")).count();
        assert!(told > 0 && stream.matches(&format!("\"{field}\":0")).count() == told, "{dialect} {stream}");
        let (plain, stream) = rendered(dialect, &answer(Told::NotAtAll));
        assert!(plain.pointer(pointer).is_none_or(|usage| usage.get(field).is_none()), "{dialect}");
        assert!(!stream.contains(&format!("\"{field}\"")) && !stream.contains("usage"), "{dialect} {stream}");
    }
}

#[test]
fn an_answer_without_a_word_is_well_formed() {
    for answer in [Answer::new(vec![], Finish::Stop), text("", Finish::Stop)] {
        let (anthropic, stream) = rendered(Dialect::Anthropic, &answer);
        assert_eq!(anthropic["content"], json!([]));
        assert!(!stream.contains("content_block"));
        let (bedrock, stream) = rendered(Dialect::Bedrock, &answer);
        assert_eq!(bedrock["output"]["message"]["content"], json!([]));
        assert!(!stream.contains("contentBlock"));
        let (ollama, _) = rendered(Dialect::Ollama, &answer);
        assert_eq!(ollama["message"], json!({"role": "assistant", "content": ""}));
    }
    let (gemini, stream) = rendered(Dialect::Gemini, &Answer::new(vec![], Finish::Stop));
    assert_eq!(gemini["candidates"][0]["content"], json!({"role": "model"}));
    assert_eq!(stream.matches("data: ").count(), 1);
}

#[test]
fn text_and_calls_keep_their_order_and_arguments_that_are_no_object_are_what_the_vendor_makes_of_them() {
    let call = |name: &str, arguments: &str| Part::Call { name: name.into(), arguments: arguments.into() };
    let parts = vec![Part::Text("one two".into()), call("f", "{\n \"a\": 1}"), call("g", r#"{"a":"#)];
    let answer = Answer::new(parts, Finish::ToolCall);
    let (anthropic, stream) = rendered(Dialect::Anthropic, &answer);
    assert_eq!(anthropic["content"][1]["input"], json!({"a": 1}));
    assert_eq!((&anthropic["content"][2]["name"], &anthropic["content"][2]["input"]), (&json!("g"), &json!({})));
    assert_ne!(anthropic["content"][1]["id"], anthropic["content"][2]["id"]);
    for index in 0..3 {
        assert!(stream.contains(&format!(r#"{{"type":"content_block_stop","index":{index}}}"#)), "{stream}");
    }
    let (gemini, stream) = rendered(Dialect::Gemini, &answer);
    assert_eq!(gemini["candidates"][0]["finishReason"], "MALFORMED_FUNCTION_CALL");
    assert_eq!(gemini["candidates"][0]["content"]["parts"].as_array().unwrap().len(), 2);
    assert!(stream.contains(r#"{"functionCall":{"name":"f","args":{"a":1}}}"#), "{stream}");
    let (bedrock, stream) = rendered(Dialect::Bedrock, &answer);
    assert_eq!(bedrock["output"]["message"]["content"][2]["toolUse"]["input"], json!({}));
    assert!(stream.contains(r#""contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"a\":"}}"#), "{stream}");
    let (ollama, stream) = rendered(Dialect::Ollama, &answer);
    assert_eq!(ollama["message"]["content"], r#"one two{"a":"#);
    assert_eq!(ollama["message"]["tool_calls"], json!([{"function": {"name": "f", "arguments": {"a": 1}}}]));
    assert!(stream.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{stream}");
}

/// What this dialect reads from a body.
fn read(dialect: Dialect, body: &Value, check: impl FnOnce(&Ask<'_>)) {
    let place = Place { model: "m", ..Place::default() };
    let body = body.to_string();
    check(&dialect.format().read(place, body.as_bytes()).unwrap());
}

#[test]
fn stop_texts_user_cap_and_tool_results_are_read_where_the_vendor_puts_them() {
    let result = json!([{"type": "tool_result", "tool_use_id": "t", "content": "sunny"}]);
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": result}],
        "stop_sequences": ["END"], "metadata": {"user_id": "u-1"}, "top_k": 5});
    read(Dialect::Anthropic, &body, |ask| {
        assert_eq!((&*ask.stop, ask.user.as_deref(), ask.max_tokens), (&["END".into()][..], Some("u-1"), Some(9)));
        assert_eq!((ask.tool_result, ask.sampling, &*ask.prompt, ask.prompt_tokens), (true, Some("top_k"), "", 2));
    });
    let body = json!({"contents": [{"parts": [{"functionResponse": {"name": "f", "response": {}}}]}],
        "generationConfig": {"maxOutputTokens": 9, "stopSequences": ["END"], "responseMimeType": "application/json"}});
    read(Dialect::Gemini, &body, |ask| {
        assert_eq!((&*ask.stop, ask.max_tokens, ask.tool_result), (&["END".into()][..], Some(9), true));
        assert!(ask.json && ask.schema.is_none());
    });
    let body = json!({"messages": [{"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": []}}]}],
        "inferenceConfig": {"maxTokens": 9, "stopSequences": ["END"]}});
    read(Dialect::Bedrock, &body, |ask| {
        assert_eq!((&*ask.stop, ask.max_tokens, ask.tool_result), (&["END".into()][..], Some(9), true));
    });
    let body = json!({"model": "m", "messages": [{"role": "tool", "content": "sunny"}], "format": "json",
        "options": {"stop": ["END"], "num_predict": -1}});
    read(Dialect::Ollama, &body, |ask| {
        assert_eq!((&*ask.stop, ask.max_tokens, ask.tool_result), (&["END".into()][..], None, true));
        assert!(ask.json && ask.schema.is_none() && ask.stream);
    });
}

#[test]
fn a_field_that_is_null_is_one_that_is_not_there() {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "tools": null,
        "system": null, "stop_sequences": null, "metadata": null, "temperature": null, "output_config": null});
    read(Dialect::Anthropic, &body, |ask| assert_eq!((&*ask.prompt, ask.sampling), ("hi", None)));
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi", "images": null}], "format": null,
        "options": null, "stream": null});
    read(Dialect::Ollama, &body, |ask| assert!(!ask.json && ask.schema.is_none() && ask.stream));
}

#[test]
fn a_signature_is_known_by_its_access_key_and_a_token_by_itself() {
    let key = |value: &str| {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::try_from(value).unwrap())]);
        Dialect::Bedrock.format().key(&headers, "").to_owned()
    };
    let signature = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/aws4_request, \
                     SignedHeaders=host;x-amz-date, Signature=0123";
    assert_eq!((&*key(signature), &*key("Bearer abc")), ("AKIDEXAMPLE", "abc"));
}

#[test]
fn what_keeps_a_connection_alive_means_nothing_in_its_format() {
    for kind in [Filling::Comment, Filling::Ping, Filling::Blank] {
        let filler = |dialect: Dialect| String::from_utf8_lossy(&dialect.format().filler(kind)).into_owned();
        assert_eq!(filler(Dialect::Gemini), "\r\n");
        assert!(filler(Dialect::Ollama).trim().is_empty());
        assert!(filler(Dialect::Bedrock).contains(r#"{"contentBlockIndex":0,"delta":{"text":""}}"#));
    }
}
