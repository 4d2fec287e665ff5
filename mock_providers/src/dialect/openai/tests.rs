//! What no script brings about from outside yet: every finish, every way of telling usage, in the whole family.

use crate::dialect::{Answer, Ask, Dialect, Finish, Frames, Part, Piece, Reply, Told, Took};
use crate::fault::Endpoint;
use bytes::BytesMut;
use serde_json::{Value, json};

const FAMILY: [Dialect; 4] = [Dialect::OpenAi, Dialect::Azure, Dialect::Mistral, Dialect::Vllm];

fn answer(finish: Finish) -> Answer {
    Answer::new(vec![Part::Text("one two".to_owned())], finish)
}

fn ask(endpoint: Endpoint) -> Ask<'static> {
    Ask { endpoint, model: "m".into(), prompt_tokens: 7, usage: true, ..Ask::default() }
}

fn plain(dialect: Dialect, ask: &Ask<'_>, answer: &Answer) -> Value {
    let reply = Reply { ask, id: "0123456789abcdef0001", created: 5, took: Took::default(), answer };
    serde_json::from_slice(&dialect.format().plain(&reply)).unwrap()
}

/// The data of all events of a stream but `[DONE]`.
fn streamed(dialect: Dialect, ask: &Ask<'_>, answer: &Answer) -> Vec<Value> {
    let reply = Reply { ask, id: "0123456789abcdef0001", created: 5, took: Took::default(), answer };
    let text = rendered(&dialect.format().frames(&reply));
    text.split("\n\n").filter_map(|event| serde_json::from_str(event.split_once("data: ")?.1).ok()).collect()
}

fn rendered(frames: &Frames) -> String {
    let (mut out, mut n) = (BytesMut::new(), 0);
    for piece in (0..).map_while(|index| frames.piece(index)) {
        match piece {
            Piece::Event { bytes, .. } => out.extend_from_slice(&frames.bytes()[bytes.clone()]),
            Piece::Run(run) => {
                for token in crate::text::tokens(&run.text) {
                    n += 1;
                    run.template.push(&mut out, token, n);
                }
            }
        }
    }
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn every_finish_has_the_vendors_reason_plain_and_streamed() {
    let table = [
        (Finish::Stop, ["stop", "stop", "stop", "stop"]),
        (Finish::Length, ["length", "length", "length", "length"]),
        (Finish::WindowFull, ["length", "length", "model_length", "length"]),
        (Finish::ToolCall, ["tool_calls", "tool_calls", "tool_calls", "tool_calls"]),
        (Finish::StopString, ["stop", "stop", "stop", "stop"]),
        (Finish::Refused, ["content_filter", "content_filter", "stop", "stop"]),
        (Finish::Blocked, ["content_filter", "content_filter", "stop", "stop"]),
        (Finish::BadToolOutput, ["stop", "stop", "error", "stop"]),
        (Finish::Paused, ["stop", "stop", "stop", "stop"]),
    ];
    for (finish, reasons) in table {
        for (dialect, reason) in FAMILY.into_iter().zip(reasons) {
            let (ask, answer) = (ask(Endpoint::Chat), answer(finish));
            assert_eq!(plain(dialect, &ask, &answer)["choices"][0]["finish_reason"], reason, "{dialect} {finish:?}");
            let events = streamed(dialect, &ask, &answer);
            let finished: Vec<_> =
                events.iter().filter_map(|event| event["choices"][0]["finish_reason"].as_str()).collect();
            assert_eq!(finished, [reason], "{dialect} {finish:?}");
        }
    }
}

#[test]
fn every_finish_has_a_status_of_a_response_and_an_event_that_ends_its_stream() {
    let table = [
        (Finish::Stop, "response.completed", Value::Null, Value::Null),
        (Finish::StopString, "response.completed", Value::Null, Value::Null),
        (Finish::ToolCall, "response.completed", Value::Null, Value::Null),
        (Finish::BadToolOutput, "response.completed", Value::Null, Value::Null),
        (Finish::Length, "response.incomplete", json!("max_output_tokens"), Value::Null),
        (Finish::Refused, "response.incomplete", json!("content_filter"), Value::Null),
        (Finish::Blocked, "response.incomplete", json!("content_filter"), Value::Null),
        (Finish::WindowFull, "response.failed", Value::Null, json!("context_length_exceeded")),
        (Finish::Paused, "response.in_progress", Value::Null, Value::Null),
    ];
    for (finish, event, reason, code) in table {
        let (ask, answer) = (ask(Endpoint::Responses), answer(finish));
        let body = plain(Dialect::OpenAi, &ask, &answer);
        assert_eq!(body["status"], event.trim_start_matches("response."), "{finish:?}");
        assert_eq!(body["incomplete_details"]["reason"], reason, "{finish:?}");
        assert_eq!(body["error"]["code"], code, "{finish:?}");
        let last = streamed(Dialect::OpenAi, &ask, &answer).pop().unwrap();
        assert_eq!((&last["type"], &last["response"]), (&json!(event), &body));
    }
}

#[test]
fn thought_and_cached_tokens_are_told_where_the_vendor_tells_them() {
    let answer = Answer { reasoning_tokens: 30, cached_tokens: 4, ..answer(Finish::Stop) };
    let sums = json!({"prompt_tokens": 7, "completion_tokens": 32, "total_tokens": 39});
    for dialect in FAMILY {
        let mut wanted = sums.clone();
        if dialect != Dialect::Mistral {
            wanted["prompt_tokens_details"] = json!({"cached_tokens": 4});
        }
        if matches!(dialect, Dialect::OpenAi | Dialect::Azure) {
            wanted["completion_tokens_details"] = json!({"reasoning_tokens": 30});
        }
        let ask = ask(Endpoint::Chat);
        assert_eq!(plain(dialect, &ask, &answer)["usage"], wanted, "{dialect}");
        let told = streamed(dialect, &ask, &answer).into_iter().filter_map(|event| {
            let usage = event.get("usage")?;
            usage.is_object().then(|| usage.clone())
        });
        assert_eq!(told.collect::<Vec<_>>(), [wanted], "{dialect}");
    }
    let body = plain(Dialect::OpenAi, &ask(Endpoint::Responses), &answer);
    assert_eq!(body["usage"]["input_tokens_details"]["cached_tokens"], 4);
    assert_eq!(body["usage"]["output_tokens_details"]["reasoning_tokens"], 30);
    assert_eq!(body["usage"]["output_tokens"], 32);
}

#[test]
fn usage_may_be_told_as_zero_or_not_at_all() {
    for dialect in FAMILY {
        for (usage, wanted) in [(Told::AsZero, Some(0)), (Told::NotAtAll, None)] {
            let answer = Answer { usage, cached_tokens: 4, ..answer(Finish::Stop) };
            let chat = ask(Endpoint::Chat);
            let body = plain(dialect, &chat, &answer);
            assert_eq!(body["usage"]["total_tokens"].as_u64(), wanted, "{dialect}");
            assert_eq!(body.get("usage").is_some(), wanted.is_some());
            let events = streamed(dialect, &chat, &answer);
            let told: Vec<_> = events.iter().filter_map(|event| event["usage"]["total_tokens"].as_u64()).collect();
            assert_eq!(told, Vec::from_iter(wanted), "{dialect}");
            let body = plain(Dialect::OpenAi, &ask(Endpoint::Responses), &answer);
            assert_eq!(body["usage"]["total_tokens"].as_u64(), wanted);
        }
    }
}

#[test]
fn another_model_may_be_echoed_than_was_asked_for() {
    for dialect in FAMILY {
        let answer = Answer { model: Some("other".to_owned()), ..answer(Finish::Stop) };
        let ask = ask(Endpoint::Chat);
        assert_eq!(plain(dialect, &ask, &answer)["model"], "other");
        let events = streamed(dialect, &ask, &answer);
        assert!(events.iter().all(|event| event["model"] == "other" || event["model"] == ""));
    }
}

#[test]
fn text_and_several_calls_come_in_their_order_and_joined_are_what_was_said() {
    let call = |name: &str| Part::Call { name: name.to_owned(), arguments: format!("{{\"{name}\": \"a \\\"b\\\"\"}}") };
    let parts = vec![Part::Text("I shall look. ".to_owned()), call("first"), call("second")];
    let answer = Answer::new(parts, Finish::ToolCall);
    for dialect in FAMILY {
        let ask = ask(Endpoint::Chat);
        let message = plain(dialect, &ask, &answer)["choices"][0]["message"].clone();
        assert_eq!(message["content"], "I shall look. ");
        let mut arguments = [String::new(), String::new()];
        let mut ids = Vec::new();
        let events = streamed(dialect, &ask, &answer);
        for delta in events.iter().filter_map(|event| event["choices"][0]["delta"]["tool_calls"].as_array()).flatten() {
            let index = delta["index"].as_u64().unwrap();
            arguments[index as usize].push_str(delta["function"]["arguments"].as_str().unwrap());
            ids.extend(delta.get("id").cloned());
        }
        for (index, call) in message["tool_calls"].as_array().unwrap().iter().enumerate() {
            assert_eq!((&call["function"]["arguments"], &call["id"]), (&json!(arguments[index]), &ids[index]));
        }
        assert_ne!(ids[0], ids[1]);
    }
    let ask = ask(Endpoint::Responses);
    let output = plain(Dialect::OpenAi, &ask, &answer)["output"].clone();
    let events = streamed(Dialect::OpenAi, &ask, &answer);
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], at);
    }
    let done: Vec<_> = events.iter().filter(|event| event["type"] == "response.output_item.done").collect();
    assert_eq!(done.iter().map(|event| event["item"].clone()).collect::<Value>(), output);
}
