//! What goes over the wire and what is read off it, against samples written down from the vendors' documentation. None
//! of them is output of the mock providers.

mod anthropic;
mod azure;
mod bedrock;
mod framing;
mod gemini;
mod mistral;
mod models;
mod ollama;
mod openai;
mod options;
mod usage;
mod vllm;

use super::*;
use rstest::rstest;
use serde_json::{Value, json};

const PARAMETERS: &str = r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#;
const SCHEMA: &str = r#"{"type":"object"}"#;

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).expect("JSON")
}

fn plain() -> Ask<'static> {
    Ask {
        model: "m",
        secret: "sk-drill-acme",
        system: "Be brief.",
        prompt: "Hello?",
        images: &[],
        partial: "",
        schema: None,
        tools: &[],
        must_call: false,
        stream: false,
        stricter: false,
        schema_by: SchemaBy::Native,
        options: &NO_OPTIONS,
    }
}

/// The method and path, the headers, and the body of a request.
fn sent(dialect: Dialect, ask: &Ask<'_>) -> (String, HeaderMap, Value) {
    read(Adapter::new(dialect).request(ask).expect("a request"))
}

fn read(request: http::Request<Bytes>) -> (String, HeaderMap, Value) {
    let (head, body) = request.into_parts();
    (format!("{} {}", head.method, head.uri), head.headers, serde_json::from_slice(&body).expect("JSON"))
}

fn with_everything(dialect: Dialect) -> Value {
    let tools = [Tool { name: "get_weather", description: "The forecast.", parameters: raw(PARAMETERS) }];
    let images = [Image { media_type: "image/png".into(), base64: "iVBORw0KGgo=".into() }];
    let ask = Ask { tools: &tools, must_call: true, images: &images, stream: true, ..plain() };
    sent(dialect, &ask).2
}

/// A whole stream, in pieces of so many bytes: what was counted, and how it ended.
fn streamed(dialect: Dialect, stream: &[u8], size: usize) -> (Answered, u32, Result<(), Complaint>) {
    let mut reader = Adapter::new(dialect).reader();
    let mut answered = Answered::default();
    let mut counted = 0;
    for bytes in stream.chunks(size) {
        let fed = reader.feed(bytes, |piece| match piece {
            Piece::Text(text) => {
                answered.text.push_str(&text);
                counted += 1;
            }
            Piece::CallPart(tokens) => counted += tokens,
            Piece::CallBegun => {}
        });
        if let Err(complaint) = fed {
            return (answered, counted, Err(complaint));
        }
    }
    let text = std::mem::take(&mut answered.text);
    match reader.into_response(text) {
        Ok(response) => {
            let end = response.finish.check(!response.answered.calls.is_empty());
            (response.answered, counted, end)
        }
        Err(complaint) => (answered, counted, Err(complaint)),
    }
}

/// A stream that ends well, cut in every way that may matter.
fn whole(dialect: Dialect, stream: impl AsRef<[u8]>) -> (Answered, u32) {
    let stream = stream.as_ref();
    let found = streamed(dialect, stream, usize::MAX);
    assert_eq!(found.2, Ok(()));
    for size in [1, 2, 7, 64] {
        assert_eq!(streamed(dialect, stream, size), found);
    }
    (found.0, found.1)
}

fn failed(dialect: Dialect, stream: impl AsRef<[u8]>) -> Class {
    streamed(dialect, stream.as_ref(), usize::MAX).2.expect_err("a failure").class
}

fn class(dialect: Dialect, body: &str) -> Class {
    let response = Adapter::new(dialect).answer(body.as_bytes(), &mut None);
    let whole = response.and_then(|response| {
        response.finish.check(!response.answered.calls.is_empty())?;
        match response.answered == Answered::default() {
            true => Err(Complaint::new(Class::Malformed, "an empty answer")),
            false => Ok(()),
        }
    });
    whole.map_or_else(|complaint| complaint.class, |()| Class::Ok)
}

fn answered(dialect: Dialect, body: &str) -> Answered {
    Adapter::new(dialect)
        .answer(body.as_bytes(), &mut None)
        .unwrap_or_else(|complaint| panic!("{complaint:?}"))
        .answered
}

/// What an answer with an error status means, without headers.
fn refused(dialect: Dialect, status: u16, body: &str) -> Class {
    let status = StatusCode::from_u16(status).expect("a status");
    Adapter::new(dialect).complaint(status, &HeaderMap::new(), body.as_bytes()).class
}

fn headers<const N: usize>(pairs: [(&'static str, &'static str); N]) -> HeaderMap {
    let header = |(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value));
    pairs.map(header).into_iter().collect()
}

fn call(name: &str, arguments: &str) -> ToolCall {
    ToolCall { name: name.to_owned(), arguments: arguments.to_owned() }
}

#[rstest]
#[case("acme", "sk-drill-acme")]
#[case("team-7.eu:a_b", "sk-drill-team-7.eu:a_b")]
#[case("a b", "sk-drill-a%20b")]
#[case("a%20b", "sk-drill-a%2520b")]
#[case("Zoë\r\nx-admin: 1", "sk-drill-Zo%C3%AB%0D%0Ax-admin:%201")]
#[case("", "sk-drill-")]
fn the_key_of_a_tenant_is_a_legal_header_and_nobody_elses(#[case] tenant: &str, #[case] key: &str) {
    assert_eq!(secret(tenant), key);
    assert!(http::HeaderValue::try_from(secret(tenant)).is_ok_and(|v| v.to_str().is_ok()));
}

#[rstest]
#[case(Dialect::OpenAi, "authorization", "Bearer sk-drill-acme")]
#[case(Dialect::Azure, "api-key", "sk-drill-acme")]
#[case(Dialect::Mistral, "authorization", "Bearer sk-drill-acme")]
#[case(Dialect::Vllm, "authorization", "Bearer sk-drill-acme")]
#[case(Dialect::Anthropic, "x-api-key", "sk-drill-acme")]
#[case(Dialect::Gemini, "x-goog-api-key", "sk-drill-acme")]
#[case(Dialect::Bedrock, "authorization", "Bearer sk-drill-acme")]
fn a_dialect_that_knows_keys_sends_the_tenants(#[case] dialect: Dialect, #[case] header: &str, #[case] value: &str) {
    assert_eq!(sent(dialect, &plain()).1[header], value);
}

#[test]
fn a_dialect_without_embeddings_says_so() {
    let with: Vec<_> = Dialect::ALL.into_iter().filter(|d| Adapter::new(*d).embedder().is_ok()).collect();
    for dialect in Dialect::ALL {
        let chats = matches!(dialect, Dialect::OpenAi | Dialect::Azure | Dialect::Mistral | Dialect::Vllm);
        assert_eq!(with.contains(&dialect), chats, "{dialect}");
    }
    assert_eq!(Adapter::new(Dialect::Gemini).embedder().err(), Some(Cannot::Embed));
}

#[rstest]
#[case(Dialect::OpenAi, "text/event-stream")]
#[case(Dialect::Azure, "text/event-stream; charset=utf-8")]
#[case(Dialect::Bedrock, "application/vnd.amazon.eventstream")]
#[case(Dialect::Ollama, "application/x-ndjson")]
fn a_stream_is_known_by_its_content_type(#[case] dialect: Dialect, #[case] content_type: &'static str) {
    let is_stream = |value: &'static str| Adapter::new(dialect).is_stream(&headers([("content-type", value)]));
    assert!(is_stream(content_type));
    assert!(!is_stream("application/json") && !is_stream("text/html"));
}

#[rstest]
#[case("", Some(&[][..]))]
#[case("AACAPwAAAMA=", Some(&[1.0, -2.0][..]))]
#[case("AACAPwAAAMA", Some(&[1.0, -2.0][..]))]
#[case("AACAPwAA", None)]
#[case("not base64!", None)]
fn packed_vectors_are_little_endian_floats(#[case] text: &str, #[case] floats: Option<&[f32]>) {
    assert_eq!(embed::unpacked(text).as_deref(), floats);
}

#[rstest]
fn no_bytes_make_a_reader_panic_or_succeed(
    #[values(
        Dialect::OpenAi,
        Dialect::Anthropic,
        Dialect::Gemini,
        Dialect::Azure,
        Dialect::Mistral,
        Dialect::Vllm,
        Dialect::Bedrock,
        Dialect::Ollama
    )]
    dialect: Dialect,
    #[values(
        "",
        "{}",
        "null",
        "[]",
        "<html></html>",
        "{\"choices\":[{}]}",
        "{\"candidates\":[{}]}",
        "{\"content\":[{}]}",
        "{\"output\":{}}",
        "{\"done\":true}"
    )]
    body: &str,
) {
    assert_ne!(class(dialect, body), Class::Ok);
    for stream in [format!("data: {body}\n\n"), format!("{body}\n")] {
        assert!(streamed(dialect, stream.as_bytes(), usize::MAX).2.is_err());
    }
}

const BEGUN: &str = "The answer \n";

/// The last turn of a question that goes on from a partial answer.
fn last_turn(dialect: Dialect, partial: &str) -> Value {
    let body = sent(dialect, &Ask { partial, ..plain() }).2;
    let turns = body["messages"].as_array().or_else(|| body["contents"].as_array());
    turns.and_then(|turns| turns.last()).cloned().expect("a turn")
}

#[rstest]
#[case(Dialect::OpenAi, json!({ "role": "assistant", "content": BEGUN }))]
#[case(Dialect::Azure, json!({ "role": "assistant", "content": BEGUN }))]
#[case(Dialect::Vllm, json!({ "role": "assistant", "content": BEGUN }))]
#[case(Dialect::Mistral, json!({ "role": "assistant", "content": BEGUN, "prefix": true }))]
#[case(Dialect::Ollama, json!({ "role": "assistant", "content": BEGUN }))]
#[case(Dialect::Anthropic, json!({ "role": "assistant", "content": "The answer" }))]
#[case(Dialect::Bedrock, json!({ "role": "assistant", "content": [{ "text": "The answer" }] }))]
#[case(Dialect::Gemini, json!({ "role": "model", "parts": [{ "text": BEGUN }] }))]
fn a_partial_answer_is_the_last_turn_and_the_models(#[case] dialect: Dialect, #[case] turn: Value) {
    assert_eq!(last_turn(dialect, BEGUN), turn);
    assert_eq!(last_turn(dialect, "")["role"], "user", "there is none");
}

#[test]
fn only_vllm_is_told_not_to_close_the_last_message() {
    for dialect in Dialect::ALL {
        let body = sent(dialect, &Ask { partial: BEGUN, ..plain() }).2;
        let told = body.get("continue_final_message").zip(body.get("add_generation_prompt"));
        let expected = (dialect == Dialect::Vllm).then_some((&json!(true), &json!(false)));
        assert_eq!(told, expected, "{dialect}");
        assert!(sent(dialect, &plain()).2.get("continue_final_message").is_none(), "{dialect}");
    }
}
