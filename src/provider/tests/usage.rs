//! Usage as each vendor tells it, whole and streamed, always of the same call: a prompt of 12 tokens, 5 of them from a
//! cache, and an answer of 9, thoughts included.

use super::bedrock::frame;
use super::*;

const CALL: Usage = Usage { prompt: 12, cached: 5, answer: 9, estimated: false };

const CHAT: &str = r#"{"prompt_tokens":12,"completion_tokens":9,"total_tokens":21,
 "prompt_tokens_details":{"cached_tokens":5},"completion_tokens_details":{"reasoning_tokens":4}}"#;
const CLAUDE: &str =
    r#"{"input_tokens":4,"cache_creation_input_tokens":3,"cache_read_input_tokens":5,"output_tokens":9}"#;
const GEMINI: &str = r#"{"promptTokenCount":12,"cachedContentTokenCount":5,"candidatesTokenCount":5,"thoughtsTokenCount":4,
 "totalTokenCount":21}"#;
const BEDROCK: &str =
    r#"{"inputTokens":4,"cacheReadInputTokens":5,"cacheWriteInputTokens":3,"outputTokens":9,"totalTokens":21}"#;
const OLLAMA: &str = r#""prompt_eval_count":12,"eval_count":9"#;

/// A plain answer with this block of usage.
fn body(dialect: Dialect, usage: &str) -> String {
    match dialect {
        Dialect::Anthropic => {
            format!(r#"{{"content":[{{"type":"text","text":"hi"}}],"stop_reason":"end_turn","usage":{usage}}}"#)
        }
        Dialect::Gemini => format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"hi"}}]}},"finishReason":"STOP"}}],"usageMetadata":{usage}}}"#
        ),
        Dialect::Bedrock => format!(
            r#"{{"output":{{"message":{{"content":[{{"text":"hi"}}]}}}},"stopReason":"end_turn","usage":{usage}}}"#
        ),
        Dialect::Ollama => format!(r#"{{"message":{{"content":"hi"}},"done":true,"done_reason":"stop",{usage}}}"#),
        _ => format!(r#"{{"choices":[{{"message":{{"content":"hi"}},"finish_reason":"stop"}}],"usage":{usage}}}"#),
    }
}

/// A stream, and how much of it comes before its finish.
fn stream(dialect: Dialect, usage: &str) -> (Vec<u8>, usize) {
    let (before, after): (Vec<u8>, Vec<u8>) = match dialect {
        Dialect::Anthropic => {
            let first = usage.replace("9}", "1}");
            let start = format!(r#"{{"type":"message_start","message":{{"usage":{first}}}}}"#);
            let text = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#;
            let delta =
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}"#.to_owned();
            (format!("data: {start}\n\ndata: {text}\n\n").into(), format!("data: {delta}\n\n").into())
        }
        Dialect::Gemini => {
            let so_far = usage.replace("\"candidatesTokenCount\":5", "\"candidatesTokenCount\":1");
            let part = r#"{"content":{"parts":[{"text":"hi"}]}"#;
            let first = format!(r#"{{"candidates":[{part}}}],"usageMetadata":{so_far}}}"#).replace('\n', "");
            let last = format!(r#"{{"candidates":[{part},"finishReason":"STOP"}}],"usageMetadata":{usage}}}"#);
            (format!("data: {first}\n\n").into(), format!("data: {}\n\n", last.replace('\n', "")).into())
        }
        Dialect::Bedrock => {
            let text = frame("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"hi"}}"#);
            let mut end = frame("messageStop", r#"{"stopReason":"end_turn"}"#);
            end.extend(frame("metadata", &format!(r#"{{"usage":{usage}}}"#)));
            (text, end)
        }
        Dialect::Ollama => (
            "{\"message\":{\"content\":\"hi\"},\"done\":false}\n".into(),
            format!("{{\"message\":{{\"content\":\"\"}},\"done\":true,\"done_reason\":\"stop\",{usage}}}\n").into(),
        ),
        Dialect::Mistral => {
            let end = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop"}}],"usage":{usage}}}"#);
            (
                "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n".into(),
                format!("data: {}\n\n", end.replace('\n', "")).into(),
            )
        }
        _ => {
            let text = r#"{"choices":[{"delta":{"content":"hi"}}],"usage":null}"#;
            let end = r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}"#;
            let own = format!(r#"{{"choices":[],"usage":{usage}}}"#).replace('\n', "");
            (format!("data: {text}\n\n").into(), format!("data: {end}\n\ndata: {own}\n\ndata: [DONE]\n\n").into())
        }
    };
    let length = before.len();
    ([before, after].concat(), length)
}

fn told_plain(dialect: Dialect, body: &str) -> Option<Usage> {
    let mut usage = None;
    Adapter::new(dialect).answer(body.as_bytes(), &mut usage).expect("an answer");
    usage
}

fn told_streamed(dialect: Dialect, stream: &[u8]) -> Option<Usage> {
    let mut reader = Adapter::new(dialect).reader();
    reader.feed(stream, |_| ()).expect("a stream");
    reader.usage()
}

#[rstest]
#[case(Dialect::OpenAi, CHAT, 5)]
#[case(Dialect::Azure, CHAT, 5)]
#[case(Dialect::Mistral, CHAT, 5)]
#[case(Dialect::Vllm, CHAT, 5)]
#[case(Dialect::Anthropic, CLAUDE, 5)]
#[case(Dialect::Gemini, GEMINI, 5)]
#[case(Dialect::Bedrock, BEDROCK, 5)]
#[case(Dialect::Ollama, OLLAMA, 0)]
fn usage_is_read_whole_and_streamed(#[case] dialect: Dialect, #[case] usage: &str, #[case] cached: u32) {
    let call = Some(Usage { cached, ..CALL });
    assert_eq!(told_plain(dialect, &body(dialect, usage)), call);
    let (stream, begun) = stream(dialect, usage);
    assert_eq!(told_streamed(dialect, &stream), call);
    assert_eq!(told_streamed(dialect, &stream[..begun]), None, "nothing is told before the finish");
}

#[rstest]
fn a_figure_that_is_missing_zero_or_no_figure_is_none(
    #[values(
        Dialect::OpenAi,
        Dialect::Azure,
        Dialect::Mistral,
        Dialect::Vllm,
        Dialect::Anthropic,
        Dialect::Gemini,
        Dialect::Bedrock
    )]
    dialect: Dialect,
    #[values(
        "null",
        "{}",
        "7",
        "\"many\"",
        r#"{"prompt_tokens":-1,"input_tokens":0.5,"promptTokenCount":"x","inputTokens":[]}"#
    )]
    usage: &str,
) {
    assert_eq!(told_plain(dialect, &body(dialect, usage)), None);
    assert_eq!(told_streamed(dialect, &stream(dialect, usage).0), None);
}

#[test]
fn an_ollama_that_does_not_count_tells_nothing() {
    for usage in [r#""eval_count":9"#, r#""prompt_eval_count":0,"eval_count":0"#] {
        assert_eq!(told_plain(Dialect::Ollama, &body(Dialect::Ollama, usage)), None);
    }
}

#[test]
fn usage_is_told_of_an_answer_that_is_none_too() {
    let body = body(Dialect::OpenAi, CHAT).replace("stop", "content_filter");
    let mut usage = None;
    assert!(Adapter::new(Dialect::OpenAi).answer(body.as_bytes(), &mut usage).is_err());
    assert_eq!(usage, Some(CALL));
}

#[test]
fn only_those_that_must_be_asked_for_the_usage_of_a_stream_are_asked() {
    for dialect in Dialect::ALL {
        let asked = |stream| sent(dialect, &Ask { stream, ..plain() }).2.get("stream_options").cloned();
        let on_request = matches!(dialect, Dialect::OpenAi | Dialect::Azure | Dialect::Vllm);
        assert_eq!(asked(true), on_request.then(|| json!({ "include_usage": true })), "{dialect}");
        assert_eq!(asked(false), None, "{dialect}");
    }
}

#[test]
fn the_usage_of_an_embedding_is_its_prompt() {
    let body = r#"{"data":[{"embedding":[0.5,1.0]}],"usage":{"prompt_tokens":7,"total_tokens":7}}"#;
    let mut usage = None;
    let embedder = Adapter::new(Dialect::OpenAi).embedder().expect("embeddings");
    embedder.vector(body.as_bytes(), 2, &mut usage).expect("a vector");
    assert_eq!(usage, Some(Usage { prompt: 7, cached: 0, answer: 0, estimated: false }));
}
