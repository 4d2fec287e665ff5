//! A provider on a bench: one connection, a client that speaks raw bytes, and a paused clock.

use mock_providers::fault::{Arg, Cause, Effect, Fault, Injection, Pick, Shape, Whom};
use mock_providers::ledger::Entry;
use mock_providers::limits::Limits;
use mock_providers::{
    Answers, Dialect, Distribution, Ledger, Luck, Model, Provider, Question, Said, Script, Setup, Want,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Five tokens.
pub(crate) const TEXT: &str = "one two three four five";
/// What is answered to a request with a schema.
pub(crate) const OBJECT: &str = r#"{"label":"billing","score":0.5}"#;
/// The time to first token of the model, in milliseconds.
pub(crate) const TTFT: u64 = 100;
/// The time per token, in milliseconds.
pub(crate) const PER_TOKEN: u64 = 10;
/// What the model calls a tool with, if it is offered one.
pub(crate) const ARGUMENTS: &str = OBJECT;

/// When what is due at this millisecond shows in a stream.
pub(crate) fn shown(dialect: Dialect, ms: u64) -> u64 {
    if dialect == Dialect::Azure { ms.next_multiple_of(200) } else { ms }
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn fault(effect: Effect) -> Fault {
    let (whom, pick) = (Whom::default(), Pick::Request);
    Fault { id: 7, from: ms(0), until: ms(3_600_000), whom, pick, shape: Shape::Step, effect }
}

/// An injection in one word.
pub(crate) fn word(word: &str) -> Injection {
    Injection::word(word).unwrap_or_else(|| panic!("{word}"))
}

/// One that bites after so many tokens.
pub(crate) fn after(what: &str, tokens: u64) -> Injection {
    Injection::word_with(what, &[("after_tokens", Arg::Count(tokens))]).unwrap_or_else(|| panic!("{what}"))
}

pub(crate) fn status(code: u16, retry_after: Option<Duration>) -> Injection {
    answered(&format!("status_{code}"), retry_after)
}

pub(crate) fn cause_of(cause: Cause, retry_after: Option<Duration>) -> Injection {
    answered(cause.name(), retry_after)
}

fn answered(what: &str, retry_after: Option<Duration>) -> Injection {
    let wait = retry_after.map(|wait| ("retry_after", Arg::Wait(wait)));
    Injection::word_with(what, wait.as_slice()).unwrap_or_else(|| panic!("{what}"))
}

pub(crate) fn always(injection: Injection) -> Script {
    Script { faults: vec![fault(Effect::Mix(vec![(injection, 1.0)]))] }
}

pub(crate) fn model(name: &str) -> Model {
    Model {
        ttft: Distribution::fixed(ms(TTFT)),
        tokens_per_second: 1000.0 / PER_TOKEN as f64,
        quality: 1.0,
        schema_adherence: 1.0,
        ..Model::named(name, 1000)
    }
}

pub(crate) struct Bench {
    pub(crate) provider: Provider,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) start: Instant,
    pub(crate) dialect: Dialect,
    tasks: JoinSet<()>,
}

/// What a client saw: the bytes, each piece with its time in milliseconds, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) pieces: Vec<(u64, String)>,
    /// All bytes, of which the pieces show what is text.
    pub(crate) bytes: Vec<u8>,
    /// When the connection ended, and whether orderly; `None` if it was still open when the client lost patience.
    pub(crate) closed: Option<u64>,
}

impl Seen {
    pub(crate) fn text(&self) -> String {
        self.pieces.iter().map(|(_, piece)| piece.as_str()).collect()
    }

    pub(crate) fn status(&self) -> u16 {
        self.text().get(9..12).and_then(|s| s.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn head(&self) -> String {
        self.text().split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.head();
        head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    }

    /// The body, without its chunked coding.
    pub(crate) fn body(&self) -> String {
        String::from_utf8_lossy(&self.body_bytes()).into_owned()
    }

    /// The same, byte for byte.
    pub(crate) fn body_bytes(&self) -> Vec<u8> {
        let body = self.coded_body();
        if self.header("transfer-encoding").is_some() { dechunk(body).0 } else { body.to_vec() }
    }

    fn coded_body(&self) -> &[u8] {
        let at = self.bytes.windows(4).position(|window| window == b"\r\n\r\n");
        at.map_or(&[], |at| &self.bytes[at + 4..])
    }

    /// Whether the chunked coding came to its end.
    pub(crate) fn well_ended(&self) -> bool {
        dechunk(self.coded_body()).1
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body()).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The events of the stream, each as its event name and data.
    pub(crate) fn events(&self) -> Vec<(String, String)> {
        match self.header("content-type").as_deref() {
            Some("application/x-ndjson") => {
                return self.body().lines().map(|line| (String::new(), line.to_owned())).collect();
            }
            Some("application/vnd.amazon.eventstream") => {
                let (frames, _) = frames(&self.body_bytes());
                return frames.into_iter().map(|frame| (frame.name().to_owned(), frame.payload)).collect();
            }
            _ => {}
        }
        self.body()
            .replace("\r\n", "\n")
            .split("\n\n")
            .filter(|event| !event.is_empty())
            .map(|event| {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
                (field("event:").to_owned(), field("data:").to_owned())
            })
            .collect()
    }

    /// The data of all events that are JSON.
    pub(crate) fn data(&self) -> Vec<serde_json::Value> {
        self.events().iter().filter_map(|(_, data)| serde_json::from_str(data).ok()).collect()
    }
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    while let Some(at) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap(), 16).unwrap();
        if size == 0 {
            return (out, true);
        }
        let Some(chunk) = rest.get(at + 2..at + 2 + size) else { break };
        out.extend_from_slice(chunk);
        rest = rest.get(at + 4 + size..).unwrap_or_default();
    }
    (out, false)
}

/// A frame of a binary event stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BinaryFrame {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) payload: String,
}

impl BinaryFrame {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// What kind of event or exception it is.
    pub(crate) fn name(&self) -> &str {
        self.header(":event-type").or(self.header(":exception-type")).unwrap()
    }
}

/// The frames up to the first that is cut off or broken, and what is left from there.
pub(crate) fn frames(mut rest: &[u8]) -> (Vec<BinaryFrame>, &[u8]) {
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    let mut frames = Vec::new();
    while rest.len() >= 16 {
        let (total, headers) = (number(&rest[..4]) as usize, number(&rest[4..8]) as usize);
        if number(&rest[8..12]) != crc32(&rest[..8]) || total < 16 + headers || total > rest.len() {
            break;
        }
        let (frame, tail) = rest.split_at(total);
        if number(&frame[total - 4..]) != crc32(&frame[..total - 4]) {
            break;
        }
        let mut fields = &frame[12..12 + headers];
        let mut take = |length: usize| {
            let (taken, left) = fields.split_at(length);
            fields = left;
            (taken.to_vec(), left.is_empty())
        };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let mut read = Vec::new();
        loop {
            let length = take(1).0[0];
            let name = text(take(length.into()).0);
            assert_eq!(take(1).0, [7], "a string");
            let length = u16::from_be_bytes(take(2).0.try_into().unwrap());
            let (value, last) = take(length.into());
            read.push((name, text(value)));
            if last {
                break;
            }
        }
        frames.push(BinaryFrame { headers: read, payload: text(frame[12 + headers..total - 4].to_vec()) });
        rest = tail;
    }
    (frames, rest)
}

/// The checksum of Ethernet and zip, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1))))
}

impl Bench {
    pub(crate) fn new(dialect: Dialect, script: Script) -> Self {
        Self::with(dialect, script, model("m"))
    }

    pub(crate) fn with(dialect: Dialect, script: Script, model: Model) -> Self {
        Self::build(dialect, |setup| (setup.script, setup.models) = (script, vec![model]))
    }

    /// One that nothing goes wrong with and that has its limits.
    pub(crate) fn limited(dialect: Dialect, limits: Limits) -> Self {
        Self::build(dialect, |setup| setup.limits = limits)
    }

    /// One whose model knows something else.
    pub(crate) fn knowing(dialect: Dialect, model: Model, answers: Arc<dyn Answers>) -> Self {
        Self::build(dialect, |setup| (setup.models, setup.answers) = (vec![model], answers))
    }

    fn build(dialect: Dialect, change: impl FnOnce(&mut Setup)) -> Self {
        let ledger = Arc::new(Ledger::default());
        let start = Instant::now();
        let mut setup = Setup {
            name: "p".into(),
            dialect,
            models: vec![model("m")],
            script: Script::default(),
            limits: Limits::default(),
            luck: Luck::new(42),
            answers: Arc::new(|question: &Question<'_>, want| {
                if let (Some(tool), Want::Right) = (question.tools.first(), want) {
                    return Said::Call { name: tool.name.clone().into_owned(), arguments: OBJECT.to_owned() };
                }
                let text = match (question.schema, want) {
                    (_, Want::Wrong) => "wrong",
                    (Some(_), _) => OBJECT,
                    (None, _) => TEXT,
                };
                Said::Text(text.to_owned())
            }),
            ledger: ledger.clone(),
            start,
        };
        change(&mut setup);
        let provider = Provider::new(setup);
        Self { provider, ledger, start, dialect, tasks: JoinSet::new() }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        Instant::now().duration_since(self.start).as_millis() as u64
    }

    pub(crate) fn connect(&mut self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let provider = self.provider.clone();
        self.tasks.spawn(async move { provider.serve_connection(server).await });
        client
    }

    /// Fails if a connection that has ended did so in a panic.
    pub(crate) fn expect_no_panic(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            ended.expect("no connection panics");
        }
    }

    /// Sends these bytes on a connection of their own, and reads for up to ten minutes.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Seen {
        let mut client = self.connect();
        client.write_all(request).await.unwrap();
        self.read(&mut client, ms(600_000)).await
    }

    pub(crate) async fn read(&self, client: &mut DuplexStream, patience: Duration) -> Seen {
        let mut seen = Seen { pieces: vec![], bytes: vec![], closed: None };
        let deadline = Instant::now() + patience;
        loop {
            let mut buffer = vec![0; 64 * 1024];
            match tokio::time::timeout_at(deadline, client.read(&mut buffer)).await {
                Err(_) => return seen,
                Ok(Ok(0) | Err(_)) => {
                    seen.closed = Some(self.now_ms());
                    return seen;
                }
                Ok(Ok(n)) => {
                    seen.bytes.extend_from_slice(&buffer[..n]);
                    seen.pieces.push((self.now_ms(), String::from_utf8_lossy(&buffer[..n]).into_owned()));
                }
            }
        }
    }

    /// Asks the model, as this vendor's clients do, and closes afterwards.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> Seen {
        let request = ask.request(self.dialect);
        self.exchange(&request).await
    }

    pub(crate) fn entry(&self) -> Entry {
        let entries = self.ledger.entries();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries[0].clone()
    }
}

/// A request for an answer.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) key: Option<String>,
    pub(crate) model: &'static str,
    pub(crate) prompt: String,
    pub(crate) stream: bool,
    pub(crate) schema: bool,
    pub(crate) max_tokens: u32,
    pub(crate) auth: bool,
    /// The API key.
    pub(crate) secret: &'static str,
}

pub(crate) fn plain() -> Ask {
    Ask {
        key: Some("0-1;1".into()),
        model: "m",
        prompt: "hi".into(),
        stream: false,
        schema: false,
        max_tokens: 500,
        auth: true,
        secret: "k",
    }
}

pub(crate) fn stream() -> Ask {
    Ask { stream: true, ..plain() }
}

impl Ask {
    pub(crate) fn body(&self, dialect: Dialect) -> serde_json::Value {
        use serde_json::json;
        let schema = json!({"type": "object", "required": ["label", "score"]});
        let Self { model, prompt, stream, max_tokens, .. } = self;
        let messages = json!([{"role": "user", "content": prompt}]);
        let mut body = match dialect {
            Dialect::OpenAi | Dialect::Azure | Dialect::Mistral | Dialect::Vllm => json!({
                "model": model, "messages": messages, "stream": stream, "max_completion_tokens": max_tokens,
                "stream_options": {"include_usage": true},
            }),
            Dialect::Anthropic => {
                json!({"model": model, "messages": messages, "stream": stream, "max_tokens": max_tokens})
            }
            Dialect::Gemini => json!({
                "contents": [{"role": "user", "parts": [{"text": prompt}]}],
                "generationConfig": {"maxOutputTokens": max_tokens},
            }),
            Dialect::Bedrock => json!({
                "messages": [{"role": "user", "content": [{"text": prompt}]}],
                "inferenceConfig": {"maxTokens": max_tokens},
            }),
            Dialect::Ollama => json!({
                "model": model, "messages": messages, "stream": stream, "options": {"num_predict": max_tokens},
            }),
        };
        if self.schema {
            match dialect {
                Dialect::OpenAi | Dialect::Azure | Dialect::Mistral | Dialect::Vllm => {
                    let json_schema = json!({"name": "s", "strict": true, "schema": schema});
                    body["response_format"] = json!({"type": "json_schema", "json_schema": json_schema});
                }
                Dialect::Anthropic => {
                    body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
                }
                Dialect::Gemini => {
                    body["generationConfig"]["responseMimeType"] = "application/json".into();
                    body["generationConfig"]["responseJsonSchema"] = schema;
                }
                Dialect::Bedrock => {
                    let json_schema = json!({"name": "s", "schema": schema.to_string()});
                    let format = json!({"type": "json_schema", "structure": {"jsonSchema": json_schema}});
                    body["outputConfig"] = json!({"textFormat": format});
                }
                Dialect::Ollama => body["format"] = schema,
            }
        }
        body
    }

    pub(crate) fn path(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::OpenAi | Dialect::Mistral | Dialect::Vllm => "/v1/chat/completions".into(),
            Dialect::Azure => {
                format!("/openai/deployments/{}/chat/completions?api-version=2024-10-21", self.model)
            }
            Dialect::Anthropic => "/v1/messages".into(),
            Dialect::Gemini if self.stream => format!("/v1beta/models/{}:streamGenerateContent?alt=sse", self.model),
            Dialect::Gemini => format!("/v1beta/models/{}:generateContent", self.model),
            Dialect::Bedrock if self.stream => format!("/model/{}/converse-stream", self.model),
            Dialect::Bedrock => format!("/model/{}/converse", self.model),
            Dialect::Ollama => "/api/chat".into(),
        }
    }

    pub(crate) fn request(&self, dialect: Dialect) -> Vec<u8> {
        self.request_with(dialect, &self.body(dialect))
    }

    /// The request with this for its body.
    pub(crate) fn request_with(&self, dialect: Dialect, body: &serde_json::Value) -> Vec<u8> {
        self.request_to(dialect, &self.path(dialect), body)
    }

    /// The same headers, to another path and with another body.
    pub(crate) fn request_to(&self, dialect: Dialect, path: &str, body: &serde_json::Value) -> Vec<u8> {
        let body = body.to_string();
        let mut headers = String::new();
        let name = match dialect {
            Dialect::OpenAi | Dialect::Bedrock | Dialect::Mistral | Dialect::Vllm | Dialect::Ollama => {
                "authorization: Bearer"
            }
            Dialect::Azure => "api-key:",
            Dialect::Anthropic => "x-api-key:",
            Dialect::Gemini => "x-goog-api-key:",
        };
        if self.auth {
            headers.push_str(&format!("{name} {}\r\n", self.secret));
        }
        if dialect == Dialect::Anthropic {
            headers.push_str("anthropic-version: 2023-06-01\r\n");
        }
        if let Some(key) = &self.key {
            headers.push_str(&format!("x-hopdrill-key: {key}\r\n"));
        }
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: p\r\nconnection: close\r\n{headers}content-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// The body of a request that offers a tool.
pub(crate) fn with_tool(ask: &Ask, dialect: Dialect) -> serde_json::Value {
    use serde_json::json;
    let mut body = ask.body(dialect);
    let parameters = json!({"type": "object"});
    let (field, tools) = match dialect {
        Dialect::Anthropic => ("tools", json!([{"name": "triage", "input_schema": parameters}])),
        Dialect::Gemini => ("tools", json!([{"functionDeclarations": [{"name": "triage", "parameters": parameters}]}])),
        Dialect::Bedrock => {
            let spec = json!({"name": "triage", "inputSchema": {"json": parameters}});
            ("toolConfig", json!({"tools": [{"toolSpec": spec}]}))
        }
        Dialect::OpenAi | Dialect::Azure | Dialect::Mistral | Dialect::Vllm | Dialect::Ollama => {
            let function = json!({"name": "triage", "parameters": parameters});
            ("tools", json!([{"type": "function", "function": function}]))
        }
    };
    body[field] = tools;
    body
}

/// The body of a request whose prompt has an image in it.
pub(crate) fn with_image(ask: &Ask, dialect: Dialect) -> serde_json::Value {
    use serde_json::json;
    let mut body = ask.body(dialect);
    let (pointer, image) = match dialect {
        Dialect::Anthropic => {
            let source = json!({"type": "base64", "media_type": "image/png", "data": "AAAA"});
            ("/messages/0/content", json!([{"type": "image", "source": source}]))
        }
        Dialect::Gemini => ("/contents/0/parts", json!([{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}])),
        Dialect::Bedrock => ("/messages/0/content", json!([{"image": {"format": "png", "source": {"bytes": "AAAA"}}}])),
        Dialect::Ollama => ("/messages/0", json!({"role": "user", "content": "hi", "images": ["AAAA"]})),
        Dialect::OpenAi | Dialect::Azure | Dialect::Mistral | Dialect::Vllm => {
            ("/messages/0/content", json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]))
        }
    };
    *body.pointer_mut(pointer).unwrap() = image;
    body
}
