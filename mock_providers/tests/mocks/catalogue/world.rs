//! The same exchange in both worlds: in memory on the paused clock, and over TCP on the real one.

use super::inject::done;
use super::rows::Row;
use super::view::{End, View};
use crate::bench::{OBJECT, TEXT, fault, ms};
use mock_providers::{
    BoundPort, Dialect, Distribution, Ledger, Luck, Model, Provider, Question, Said, Script, Setup, Spawn, Want, Wire,
};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

/// The dialects whose streams are texts of `data:` events.
pub(crate) const DIALECTS: [Dialect; 3] = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini];
/// The time to first token, in milliseconds.
pub(crate) const TTFT: u64 = 20;
/// The time per token, in milliseconds.
pub(crate) const PER_TOKEN: u64 = 2;
/// What the only tool is called with.
pub(crate) const ARGUMENTS: &str = r#"{"city":"Oslo","units":"celsius"}"#;
/// How long a connection must stay silent over TCP to count as open.
const SILENCE: Duration = Duration::from_millis(150);
/// How long anybody waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct How {
    pub(crate) stream: bool,
    pub(crate) schema: bool,
    pub(crate) tools: bool,
    /// What the model has said already.
    pub(crate) prefill: Option<&'static str>,
    pub(crate) max_tokens: Option<u32>,
}

fn request(dialect: Dialect, how: How, attempt: u32) -> Vec<u8> {
    let schema = json!({
        "type": "object", "properties": {"label": {"type": "string", "enum": ["billing", "bug"]}},
        "required": ["label", "score"],
    });
    let parameters = json!({"type": "object", "required": ["city"]});
    let tokens = how.max_tokens.unwrap_or(500);
    let turn = |role: &str, text: &str| json!({"role": role, "content": text});
    let turns: Vec<Value> =
        [Some(turn("user", "hi")), how.prefill.map(|said| turn("assistant", said))].into_iter().flatten().collect();
    let (path, headers, mut body) = match dialect {
        Dialect::OpenAi => (
            "/v1/chat/completions".to_owned(),
            "authorization: Bearer k",
            json!({
                "model": "m", "messages": turns, "stream": how.stream, "max_completion_tokens": tokens,
            }),
        ),
        Dialect::Anthropic => (
            "/v1/messages".to_owned(),
            "x-api-key: k\r\nanthropic-version: 2023-06-01",
            json!({"model": "m", "messages": turns, "stream": how.stream, "max_tokens": tokens}),
        ),
        _ => {
            let verb = if how.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
            let content = |turn: &Value| {
                let role = if turn["role"] == "user" { "user" } else { "model" };
                json!({"role": role, "parts": [{"text": turn["content"]}]})
            };
            let contents: Vec<Value> = turns.iter().map(content).collect();
            (
                format!("/v1beta/models/m:{verb}"),
                "x-goog-api-key: k",
                json!({"contents": contents, "generationConfig": {"maxOutputTokens": tokens}}),
            )
        }
    };
    if how.stream && dialect == Dialect::OpenAi {
        body["stream_options"] = json!({"include_usage": true});
    }
    if how.schema {
        match dialect {
            Dialect::OpenAi => {
                let json_schema = json!({"name": "s", "strict": true, "schema": schema});
                body["response_format"] = json!({"type": "json_schema", "json_schema": json_schema});
            }
            Dialect::Anthropic => body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}}),
            _ => {
                body["generationConfig"]["responseMimeType"] = "application/json".into();
                body["generationConfig"]["responseJsonSchema"] = schema;
            }
        }
    }
    if how.tools {
        body["tools"] = match dialect {
            Dialect::OpenAi => {
                json!([{"type": "function", "function": {"name": "weather", "parameters": parameters}}])
            }
            Dialect::Anthropic => json!([{"name": "weather", "input_schema": parameters}]),
            _ => json!([{"functionDeclarations": [{"name": "weather", "parameters": parameters}]}]),
        };
    }
    let body = body.to_string();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: p\r\nconnection: close\r\n{headers}\r\nx-hopdrill-key: 0-1;{attempt}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn provider(row: &Row, dialect: Dialect, faulty: bool) -> (Provider, Arc<Ledger>) {
    let model = Model {
        ttft: Distribution::fixed(ms(TTFT)),
        tokens_per_second: 1000.0 / PER_TOKEN as f64,
        ..Model::named("m", 100_000)
    };
    let ledger = Arc::new(Ledger::default());
    let faults = if faulty { vec![fault(done(row.inject))] } else { Vec::new() };
    let provider = Provider::new(Setup {
        name: "p".into(),
        dialect,
        models: vec![model],
        script: Script { faults },
        limits: (row.limits)(),
        luck: Luck::new(42),
        answers: Arc::new(|question: &Question<'_>, want| {
            if let (Some(tool), Want::Right) = (question.tools.first(), want) {
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
        start: Instant::now(),
    });
    (provider, ledger)
}

/// A duplex that notes when it is to be reset.
struct Noting(DuplexStream, Arc<AtomicBool>);

impl Wire for Noting {
    fn reset(&mut self) {
        self.1.store(true, Ordering::Relaxed);
    }
}

impl AsyncRead for Noting {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Noting {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Reads until the connection ends, or until it is silent for so long after so many bytes of body.
async fn read<R: AsyncRead + Unpin>(mut wire: R, view: &mut View, enough: Option<usize>, silence: Duration) {
    let start = Instant::now();
    loop {
        let mut buffer = vec![0; 64 * 1024];
        let satisfied = enough.is_none_or(|enough| view.body().len() >= enough);
        let deadline = Instant::now() + if satisfied { silence } else { PATIENCE };
        match timeout_at(deadline, wire.read(&mut buffer)).await {
            Err(_) => return,
            Ok(Ok(0)) => view.end = End::Closed,
            Ok(Err(error)) => {
                let reset = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
                view.end = if reset { End::Reset } else { End::Closed };
            }
            Ok(Ok(n)) => {
                view.bytes.extend_from_slice(&buffer[..n]);
                view.times.push((view.bytes.len(), start.elapsed().as_millis() as u64));
                continue;
            }
        }
        return;
    }
}

fn view(dialect: Dialect, exact: bool) -> View {
    View { dialect, exact, bytes: vec![], times: vec![], end: End::Open, entry: None }
}

/// In memory. The clock must be paused.
pub(crate) async fn in_memory(row: &Row, dialect: Dialect, faulty: bool) -> View {
    let (provider, ledger) = provider(row, dialect, faulty);
    let mut seen = view(dialect, true);
    for attempt in 1..=row.times {
        seen = view(dialect, true);
        if provider.refuses() {
            seen.end = End::Refused;
            continue;
        }
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        let was_reset = Arc::new(AtomicBool::new(false));
        let (mut tasks, serving) = (JoinSet::new(), provider.clone());
        let server = Noting(server, was_reset.clone());
        tasks.spawn(async move { serving.serve_connection(server).await });
        let sent = client.write_all(&request(dialect, row.how, attempt)).await;
        read(client, &mut seen, None, Duration::from_secs(600)).await;
        assert!(sent.is_ok() || seen.end != End::Open);
        if was_reset.load(Ordering::Relaxed) && seen.end == End::Closed {
            seen.end = End::Reset;
        }
        sleep(ms(1)).await;
    }
    seen.entry = ledger.entries().pop();
    seen
}

/// Over TCP. `like` is what the same row looks like in memory.
pub(crate) async fn over_tcp(row: &Row, like: &View) -> View {
    let dialect = like.dialect;
    let (provider, ledger) = provider(row, dialect, true);
    let port = BoundPort::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let addr = port.addr();
    let connections = Arc::new(Mutex::new(JoinSet::new()));
    let held = connections.clone();
    let spawn: Spawn = Arc::new(move |task| {
        held.lock().unwrap().spawn(task);
    });
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { provider.serve_tcp(port, spawn).await.unwrap() });
    let mut seen = view(dialect, false);
    for attempt in 1..=row.times {
        seen = view(dialect, false);
        let Some(mut client) = connect(addr, like.end != End::Refused).await else {
            seen.end = End::Refused;
            continue;
        };
        // One that is reset already takes no request, and says so when it is read from.
        let sent = client.write_all(&request(dialect, row.how, attempt)).await;
        let enough = if like.end == End::Open { like.body().len() } else { usize::MAX };
        read(client, &mut seen, Some(enough), SILENCE).await;
        if sent.is_err() && seen.bytes.is_empty() {
            seen.end = End::Reset;
        }
    }
    let deadline = Instant::now() + PATIENCE;
    while like.entry.is_some() && ledger.entries().len() < row.times as usize && Instant::now() < deadline {
        sleep(ms(1)).await;
    }
    seen.entry = ledger.entries().pop();
    seen
}

/// Connects, as soon as somebody listens if anybody will.
async fn connect(addr: std::net::SocketAddr, expected: bool) -> Option<TcpStream> {
    let deadline = Instant::now() + if expected { PATIENCE } else { ms(100) };
    while Instant::now() < deadline {
        if let Ok(client) = TcpStream::connect(addr).await {
            return Some(client);
        }
        sleep(ms(5)).await;
    }
    None
}
