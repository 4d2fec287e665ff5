//! What a mock costs over TCP: CPU time of the server's thread per request, beside a bare axum handler that parses the
//! same JSON and returns the same bytes. The two take turns on one machine, and the ratios of their rounds are printed.
//! Then a slow stream is watched for stalls. Run it with `cargo bench -p mock_providers`; `-- --quick` does less.

use axum::body::Body;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use hyper_util::rt::TokioIo;
use mock_providers::server::BoundPort;
use mock_providers::{Dialect, Distribution, Ledger, Luck, Model, Provider, Question, Said, Script, Setup};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

const CLIENTS: usize = 8;
const TOKENS: usize = 40;
const DIALECTS: [Dialect; 3] = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini];

/// What serves a port.
#[derive(Clone)]
enum Server {
    Mock(Dialect, f64),
    Bare(&'static str, Arc<[u8]>, bool),
}

/// A server on a thread of its own.
struct Running {
    addr: SocketAddr,
    ask: mpsc::Sender<()>,
    cpu: mpsc::Receiver<Duration>,
}

impl Running {
    fn start(server: Server) -> Self {
        let (ask, asked) = mpsc::channel::<()>();
        let (tell, cpu) = mpsc::channel();
        let (ready, addr) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let addr = serve(server).await;
                ready.send(addr).expect("the bench waits");
                loop {
                    // Answers from the thread that serves: its clock counts its own work alone.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    match asked.try_recv() {
                        Ok(()) => tell.send(cpu_time()).expect("the bench waits"),
                        Err(mpsc::TryRecvError::Empty) => {}
                        Err(mpsc::TryRecvError::Disconnected) => return,
                    }
                }
            });
        });
        Self { addr: addr.recv().expect("the server starts"), ask, cpu }
    }

    fn cpu(&self) -> Duration {
        self.ask.send(()).expect("the server runs");
        self.cpu.recv().expect("the server runs")
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

async fn serve(server: Server) -> SocketAddr {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    match server {
        Server::Mock(dialect, per_second) => {
            let port = BoundPort::bind(any).expect("a free port");
            let addr = port.addr();
            let provider = provider(dialect, per_second);
            spawn(async move {
                let _ = provider.serve_tcp(port, Arc::new(spawn)).await;
            });
            addr
        }
        Server::Bare(content_type, answer, stream) => {
            let listener = tokio::net::TcpListener::bind(any).await.expect("a free port");
            let addr = listener.local_addr().expect("an address");
            spawn(accept(listener, content_type, answer, stream));
            addr
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark has no watchdog")]
fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(future));
}

/// Serves a handler that parses and answers, and does nothing else.
async fn accept(listener: tokio::net::TcpListener, content_type: &'static str, answer: Arc<[u8]>, stream: bool) {
    let bytes = bytes::Bytes::copy_from_slice(&answer);
    let app = axum::Router::new().fallback(move |axum::Json(request): axum::Json<Value>| {
        let bytes = bytes.clone();
        async move {
            assert!(request.is_object());
            let head = [(CONTENT_TYPE, content_type)];
            if stream {
                // Each event is a frame of its own, as a handler would yield them.
                let events = split_events(&bytes);
                let frames = events.into_iter().map(|event| Ok::<_, Infallible>(http_body::Frame::data(event)));
                let body = http_body_util::StreamBody::new(futures_util::stream::iter(frames));
                (head, Body::new(body)).into_response()
            } else {
                (head, bytes).into_response()
            }
        }
    });
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let _ = stream.set_nodelay(true);
        let service = hyper_util::service::TowerToHyperService::new(app.clone());
        spawn(async move {
            let mut http1 = hyper::server::conn::http1::Builder::new();
            let _ = http1.auto_date_header(false).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn split_events(bytes: &bytes::Bytes) -> Vec<bytes::Bytes> {
    let mut events = Vec::new();
    let mut from = 0;
    for at in 1..bytes.len() {
        if bytes[at - 1..=at] == *b"\n\n" || bytes[..=at].ends_with(b"\r\n\r\n") {
            events.push(bytes.slice(from..=at));
            from = at + 1;
        }
    }
    events
}

fn provider(dialect: Dialect, tokens_per_second: f64) -> Provider {
    let text: String = (0..TOKENS).map(|i| format!("{}word", if i == 0 { "" } else { " " })).collect();
    let ttft = Distribution::Fixed { ms: 0.0 };
    Provider::new(Setup {
        name: "p".into(),
        dialect,
        models: vec![Model { ttft, tokens_per_second, quality: 0.9, ..Model::named("m", 128_000) }],
        script: Script::default(),
        limits: Default::default(),
        luck: Luck::new(1),
        answers: Arc::new(move |_: &Question<'_>, _| Said::Text(text.clone())),
        ledger: Arc::new(Ledger::default()),
        start: tokio::time::Instant::now(),
    })
}

fn request(dialect: Dialect, stream: bool) -> Vec<u8> {
    let prompt = "Please triage this ticket: my invoice shows a charge that I do not recognise. ".repeat(5);
    let messages = json!([{"role": "user", "content": prompt}]);
    let (path, body) = match dialect {
        Dialect::Azure => (
            "/openai/deployments/m/chat/completions?api-version=2024-10-21",
            json!({"messages": messages, "stream": stream}),
        ),
        Dialect::OpenAi | Dialect::Mistral | Dialect::Vllm => {
            ("/v1/chat/completions", json!({"model": "m", "messages": messages, "stream": stream}))
        }
        Dialect::Anthropic => {
            ("/v1/messages", json!({"model": "m", "messages": messages, "stream": stream, "max_tokens": 500}))
        }
        Dialect::Gemini => (
            if stream { "/v1beta/models/m:streamGenerateContent?alt=sse" } else { "/v1beta/models/m:generateContent" },
            json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]}),
        ),
        Dialect::Bedrock => (
            if stream { "/model/m/converse-stream" } else { "/model/m/converse" },
            json!({"messages": [{"role": "user", "content": [{"text": prompt}]}]}),
        ),
        Dialect::Ollama => ("/api/chat", json!({"model": "m", "messages": messages, "stream": stream})),
    };
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: p\r\nauthorization: Bearer k\r\nanthropic-version: 2023-06-01\r\n\
         x-hopdrill-key: 0-1;1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Reads one response: its head, its body without chunked coding, and the most time between two reads of it.
fn read(wire: &mut TcpStream) -> (String, Vec<u8>, Vec<Duration>) {
    let mut got: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut times = Vec::new();
    loop {
        let n = wire.read(&mut buffer).expect("the server answers");
        assert!(n > 0, "the connection ended: {}", String::from_utf8_lossy(&got));
        times.push(wall());
        got.extend_from_slice(&buffer[..n]);
        let Some(at) = got.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&got[..at]).to_ascii_lowercase();
        let body = &got[at + 4..];
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        match length.and_then(|length| length.parse::<usize>().ok()) {
            Some(length) if body.len() >= length => return (head, body.to_vec(), times),
            None if body.ends_with(b"0\r\n\r\n") => return (head, dechunk(body), times),
            _ => {}
        }
    }
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(at) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&rest[..at]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        out.extend_from_slice(&rest[at + 2..at + 2 + size]);
        rest = &rest[at + 4 + size..];
    }
    out
}

fn wall() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn connect(addr: SocketAddr) -> TcpStream {
    // The port is bound before it listens.
    let wire = (0..100).find_map(|_| TcpStream::connect(addr).inspect_err(|_| std::thread::yield_now()).ok());
    let wire = wire.expect("the server listens");
    wire.set_nodelay(true).expect("a socket");
    wire
}

/// CPU of the server per request, in microseconds.
fn cost(server: &Running, request: &[u8], times: usize) -> f64 {
    let (before, addr) = (server.cpu(), server.addr);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(move || {
                let mut wire = connect(addr);
                for _ in 0..times / CLIENTS {
                    wire.write_all(request).expect("the server is there");
                    read(&mut wire);
                }
            });
        }
    });
    (server.cpu() - before).as_secs_f64() * 1e6 / times as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (rounds, times) = if quick { (3, 2_000) } else { (15, 8_000) };
    let mut out = std::io::stdout().lock();
    for stream in [false, true] {
        for dialect in DIALECTS {
            let request = request(dialect, stream);
            let mock = Running::start(Server::Mock(dialect, 0.0));
            let mut wire = connect(mock.addr);
            wire.write_all(&request).expect("the server is there");
            let (head, answer, _) = read(&mut wire);
            assert!(head.starts_with("http/1.1 200"), "{head}");
            let content_type = if stream { "text/event-stream; charset=utf-8" } else { "application/json" };
            let bare = Running::start(Server::Bare(content_type, answer.into(), stream));
            let times = if stream { times / 4 } else { times };
            let pairs: Vec<(f64, f64)> =
                (0..rounds).map(|_| (cost(&mock, &request, times), cost(&bare, &request, times))).collect();
            let ratio = median(pairs.iter().map(|(mock, bare)| mock / bare).collect());
            let (mocks, bares) = pairs.into_iter().unzip();
            let kind = if stream { "stream" } else { "plain" };
            let _ = writeln!(
                out,
                "{dialect:<10} {kind:<7} mock {:>6.1} µs, bare axum {:>6.1} µs of server CPU per request: {ratio:.2} times",
                median(mocks),
                median(bares)
            );
        }
    }
    let slow = Running::start(Server::Mock(Dialect::OpenAi, 100.0));
    let mut gaps = Vec::new();
    for _ in 0..if quick { 1 } else { 5 } {
        let mut wire = connect(slow.addr);
        wire.write_all(&request(Dialect::OpenAi, true)).expect("the server is there");
        let (_, _, times) = read(&mut wire);
        gaps.extend(times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1e3));
    }
    gaps.sort_by(f64::total_cmp);
    let at = |share: f64| gaps[((gaps.len() - 1) as f64 * share) as usize];
    let _ = writeln!(
        out,
        "a token every 10 ms over TCP: between two reads p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
