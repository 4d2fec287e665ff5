//! A provider on a bench: one connection, a client that speaks raw bytes, and a paused clock.

use mock_providers::fault::{Arg, Cause, Effect, Fault, Injection, Pick, Shape, Whom};
use mock_providers::ledger::Entry;
use mock_providers::{Dialect, Distribution, Ledger, Luck, Model, Provider, Question, Said, Script, Setup, Want};
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
pub(crate) const ARGUMENTS: &str = r#"{"city":"Oslo","units":"celsius"}"#;

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
        name: name.into(),
        ttft: Distribution::fixed(ms(TTFT)),
        tokens_per_second: 1000.0 / PER_TOKEN as f64,
        quality: 1.0,
        schema_adherence: 1.0,
        context: 1000,
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
        let text = self.text();
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
        if self.header("transfer-encoding").is_some() { dechunk(&body).0 } else { body }
    }

    /// Whether the chunked coding came to its end.
    pub(crate) fn well_ended(&self) -> bool {
        let text = self.text();
        dechunk(text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default()).1
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body()).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The events of the stream, each as its event name and data.
    pub(crate) fn events(&self) -> Vec<(String, String)> {
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

fn dechunk(mut rest: &str) -> (String, bool) {
    let mut out = String::new();
    while let Some((size, tail)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (out, true);
        }
        let Some(chunk) = tail.get(..size) else { break };
        out.push_str(chunk);
        rest = tail.get(size + 2..).unwrap_or_default();
    }
    (out, false)
}

impl Bench {
    pub(crate) fn new(dialect: Dialect, script: Script) -> Self {
        Self::with(dialect, script, model("m"))
    }

    pub(crate) fn with(dialect: Dialect, script: Script, model: Model) -> Self {
        let ledger = Arc::new(Ledger::default());
        let start = Instant::now();
        let provider = Provider::new(Setup {
            name: "p".into(),
            dialect,
            models: vec![model],
            script,
            luck: Luck::new(42),
            answers: Arc::new(|question: &Question<'_>, want| {
                if let Some(tool) = question.tools.first() {
                    return Said::Call { name: tool.name.to_string(), arguments: ARGUMENTS.to_owned() };
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
        });
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

    /// Sends these bytes on a connection of their own, and reads for up to ten minutes.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Seen {
        let mut client = self.connect();
        client.write_all(request).await.unwrap();
        self.read(&mut client, ms(600_000)).await
    }

    pub(crate) async fn read(&self, client: &mut DuplexStream, patience: Duration) -> Seen {
        let mut seen = Seen { pieces: vec![], closed: None };
        let deadline = Instant::now() + patience;
        loop {
            let mut buffer = vec![0; 64 * 1024];
            match tokio::time::timeout_at(deadline, client.read(&mut buffer)).await {
                Err(_) => return seen,
                Ok(Ok(0) | Err(_)) => {
                    seen.closed = Some(self.now_ms());
                    return seen;
                }
                Ok(Ok(n)) => seen.pieces.push((self.now_ms(), String::from_utf8(buffer[..n].to_vec()).unwrap())),
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
        }
    }

    pub(crate) fn request(&self, dialect: Dialect) -> Vec<u8> {
        self.request_to(dialect, &self.path(dialect), &self.body(dialect))
    }

    /// The same headers, to another path and with another body.
    pub(crate) fn request_to(&self, dialect: Dialect, path: &str, body: &serde_json::Value) -> Vec<u8> {
        let body = body.to_string();
        let mut headers = String::new();
        if self.auth {
            headers.push_str(match dialect {
                Dialect::OpenAi | Dialect::Mistral | Dialect::Vllm => "authorization: Bearer k\r\n",
                Dialect::Azure => "api-key: k\r\n",
                Dialect::Anthropic => "x-api-key: k\r\n",
                Dialect::Gemini => "x-goog-api-key: k\r\n",
            });
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
