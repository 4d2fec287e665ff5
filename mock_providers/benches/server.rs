//! What a mock costs, in memory and on the paused clock: requests and stream chunks per second of one core, client side
//! included (which is little more than reading bytes), beside a bare axum handler that parses the same JSON and returns
//! the same bytes. The runtime has no I/O driver: with one, every timer costs a system call. Run it with
//! `cargo bench -p mock_providers`.

use mock_providers::{Dialect, Distribution, Ledger, Luck, Model, Provider, Question, Said, Script, Setup};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinSet;

const CLIENTS: u64 = 32;
const TOKENS: usize = 40;

fn provider(dialect: Dialect) -> Provider {
    let text: String = (0..TOKENS).map(|i| format!("{}word", if i == 0 { "" } else { " " })).collect();
    Provider::new(Setup {
        name: "p".into(),
        dialect,
        models: vec![Model {
            name: "m".into(),
            ttft: Distribution::LogNormal { median: 350.0, p99: 1200.0 },
            tokens_per_second: 80.0,
            quality: 0.9,
            schema_adherence: 1.0,
            context: 128_000,
        }],
        script: Script::default(),
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
    };
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: p\r\nauthorization: Bearer k\r\nanthropic-version: 2023-06-01\r\n\
         x-hopdrill-key: 0-1;1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends the request `times` times on one connection. All answers have the length of the first.
async fn client(mut wire: DuplexStream, request: Arc<Vec<u8>>, length: usize, times: u64) {
    let mut buffer = vec![0; 64 * 1024];
    for _ in 0..times {
        wire.write_all(&request).await.expect("the server is there");
        let mut got = 0;
        while got < length {
            got += wire.read(&mut buffer).await.expect("the server answers");
        }
    }
}

/// How many bytes answer this request.
async fn measure(mut wire: DuplexStream, request: &[u8]) -> (usize, Vec<u8>) {
    wire.write_all(request).await.expect("the server is there");
    let mut got = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(Ok(n)) = tokio::time::timeout(Duration::from_secs(60), wire.read(&mut buffer)).await {
        got.extend_from_slice(&buffer[..n]);
    }
    (got.len(), got)
}

#[expect(clippy::disallowed_types, reason = "a benchmark measures wall time")]
async fn rate<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(DuplexStream) -> F,
    request: Vec<u8>,
    times: u64,
) -> (f64, Vec<u8>) {
    let mut tasks = JoinSet::new();
    let mut connect = || {
        let (client, server) = tokio::io::duplex(64 * 1024);
        tasks.spawn(serve(server));
        client
    };
    let (length, answer) = measure(connect(), &request).await;
    let request = Arc::new(request);
    let begin = std::time::Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(client(connect(), request.clone(), length, times / CLIENTS));
    }
    clients.join_all().await;
    (times as f64 / begin.elapsed().as_secs_f64(), answer)
}

/// The same answer from a handler that does nothing but parse.
async fn bare(request: Vec<u8>, answer: Vec<u8>, times: u64) -> f64 {
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4);
    let body = bytes::Bytes::from(answer[at..].to_vec());
    let app = axum::Router::new().route(
        "/v1/chat/completions",
        axum::routing::post(move |axum::Json(request): axum::Json<Value>| {
            let body = body.clone();
            async move {
                assert!(request.is_object());
                ([(http::header::CONTENT_TYPE, "application/json")], body)
            }
        }),
    );
    let serve = move |wire| {
        let service = hyper_util::service::TowerToHyperService::new(app.clone());
        async move {
            let mut http1 = hyper::server::conn::http1::Builder::new();
            let io = hyper_util::rt::TokioIo::new(wire);
            let _ = http1.auto_date_header(false).header_read_timeout(None).serve_connection(io, service).await;
        }
    };
    rate(serve, request, times).await.0
}

async fn mock(dialect: Dialect, stream: bool, times: u64) -> (f64, Vec<u8>) {
    let provider = provider(dialect);
    let serve = move |wire| {
        let provider = provider.clone();
        async move { provider.serve_connection(wire).await }
    };
    rate(serve, request(dialect, stream), times).await
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let mut out = std::io::stdout().lock();
    runtime.block_on(async {
        for _ in 0..3 {
            for dialect in Dialect::ALL {
                let (plain, answer) = mock(dialect, false, 64_000).await;
                let (streams, _) = mock(dialect, true, 6_400).await;
                let chunks = streams * TOKENS as f64;
                let _ = write!(out, "{dialect:<10} {plain:>9.0} plain/s {chunks:>9.0} chunks/s");
                if dialect == Dialect::OpenAi {
                    let bare = bare(request(dialect, false), answer, 64_000).await;
                    let _ = write!(out, "   bare axum {bare:>9.0} plain/s, {:.2} of its cost", bare / plain);
                }
                let _ = writeln!(out);
            }
        }
    });
}
