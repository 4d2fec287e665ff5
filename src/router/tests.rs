//! Tool calls and embeddings through the whole router, against servers that say what they are told to.

use super::config::{Chain, Fleet, Target};
use super::policy::gates::{Gate, Gates, Schema, Tool};
use super::policy::prices::PriceList;
use super::*;
use crate::event::{Class, EventKind, Outcome, RequestId};
use crate::runtime::Spawner;
use crate::transport::{Dial, Reach, Route, duplex};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mock_providers::Dialect;
use mock_providers::model::Price;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

const JSON: &str = "application/json";
const STREAM: &str = "text/event-stream";

/// A content type and a body.
type Reply = (&'static str, String);

/// Answers its n-th request with its n-th reply, and the last one over and over.
#[derive(Clone)]
struct Canned {
    replies: Arc<[Reply]>,
    /// Path, key and body of every request.
    seen: Arc<Mutex<Vec<(String, String, String)>>>,
    spawner: Spawner,
}

impl Canned {
    fn reply(&self, seen: (String, String, String)) -> http::Response<Full<Bytes>> {
        let mut all = self.seen.lock().expect("not poisoned");
        let (content_type, body) = &self.replies[all.len().min(self.replies.len() - 1)];
        all.push(seen);
        let body = Full::new(Bytes::from(body.clone()));
        http::Response::builder().header("content-type", *content_type).body(body).expect("a response")
    }
}

impl Dial for Canned {
    fn dial(&self) -> io::Result<duplex::End> {
        let (ours, theirs) = duplex::pair();
        let canned = self.clone();
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let canned = canned.clone();
            async move {
                let (head, body) = request.into_parts();
                let keys = ["authorization", "x-api-key", "x-goog-api-key"].map(|name| head.headers.get(name));
                let key = keys.into_iter().flatten().map(|v| v.to_str().expect("text").to_owned()).collect();
                let body = body.collect().await.expect("a body").to_bytes();
                let body = String::from_utf8(body.to_vec()).expect("text");
                Ok::<_, io::Error>(canned.reply((head.uri.path().to_owned(), key, body)))
            }
        });
        self.spawner.spawn(async move {
            let server = hyper::server::conn::http1::Builder::new();
            let _ = server.serve_connection(TokioIo::new(theirs), service).await;
        });
        Ok(ours)
    }
}

#[derive(Default)]
struct Log(Mutex<Vec<EventKind>>);

impl Sink for Log {
    fn record(&self, kind: EventKind) {
        self.0.lock().expect("not poisoned").push(kind);
    }
}

/// What a client got, in order.
#[derive(Default)]
struct Reader(Vec<String>);

impl Client for Reader {
    async fn token(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    async fn call(&mut self, call: &ToolCall) {
        self.0.push(format!("{}({})", call.name, call.arguments));
    }

    async fn vector(&mut self, vector: &[f32]) {
        self.0.push(format!("{vector:?}"));
    }
}

struct Stage {
    router: Router,
    servers: Vec<Canned>,
    log: Arc<Log>,
}

/// One chain over targets `p0/MODEL`, `p1/MODEL`, …
fn stage(gated: bool, targets: &[(Dialect, &str, &[Reply])]) -> Stage {
    let spawner = Spawner::unwatched();
    let servers: Vec<Canned> = targets
        .iter()
        .map(|(_, _, replies)| Canned { replies: (*replies).into(), seen: Arc::default(), spawner: spawner.clone() })
        .collect();
    let upstream = |(server, (dialect, _, _)): (&Canned, &(Dialect, &str, _))| Provider {
        adapter: Adapter::new(*dialect),
        http: Upstream::new(
            Reach::at(Route::Memory(Arc::new(server.clone())), Duration::from_secs(1)),
            0,
            spawner.clone(),
        ),
    };
    let upstreams = servers.iter().zip(targets).map(upstream).collect();
    let target = |(provider, (_, model, _)): (usize, &(Dialect, &str, _))| Target {
        context: 100_000,
        prices: PriceList::new(Price { input: 2.0, cached: 1.0, output: 10.0 }),
        ..Target::new((provider, &format!("p{provider}")), model)
    };
    let chain = Chain {
        deadline: Duration::from_secs(20),
        min_hop_time: Duration::from_millis(100),
        gates: Gates::new(Gate::named("json_schema").filter(|_| gated).as_slice()),
        min_quality: None,
        degraded: Some("sorry".into()),
        ..Chain::new("all", (0..targets.len()).collect())
    };
    let config = Config {
        targets: targets.iter().enumerate().map(target).collect(),
        chains: vec![chain],
        routes: vec![],
        pools: vec![],
        fleet: Fleet::default(),
        oversight: config::Oversight::default(),
        tenants: std::collections::BTreeMap::new(),
        tiers: std::collections::BTreeMap::new(),
    };
    let log = Arc::new(Log::default());
    let sink: Arc<dyn Sink> = Arc::clone(&log) as Arc<dyn Sink>;
    Stage { router: Router::new(config, upstreams, Clock::start_now(), Luck::new(1), sink), servers, log }
}

impl Stage {
    async fn ask(&self, request: &Request) -> (Served, Vec<String>) {
        let mut reader = Reader::default();
        let served = self.router.handle(request, &mut reader).await;
        (served, reader.0)
    }

    /// The calls and skips, in words.
    fn story(&self) -> Vec<String> {
        let log = self.log.0.lock().expect("not poisoned");
        let told = log.iter().filter_map(|event| match event {
            EventKind::AttemptEnded { target, class, detail, .. } => Some(format!("{target} {class} {detail}")),
            EventKind::Skipped { target, reason, .. } => Some(format!("{target} skipped: {}", reason.as_str())),
            _ => None,
        });
        told.map(|line| line.trim_end().to_owned()).collect()
    }

    fn seen(&self, server: usize) -> Vec<(String, String, String)> {
        self.servers[server].seen.lock().expect("not poisoned").clone()
    }
}

fn request() -> Request {
    Request {
        id: RequestId { stream: 0, number: 7 },
        tenant: "acme".into(),
        tier: "gold".into(),
        task: "tools".into(),
        traits: Arc::default(),
        stream: false,
        system: "Call a tool.".into(),
        prompt: "Weather in Oslo?".into(),
        images: Vec::new(),
        schema: None,
        tools: Arc::new([]),
        must_call: false,
        options: Options::default(),
        embedding: None,
        gone_at: None,
        before: crate::router::Before::default(),
        only: None,
    }
}

fn tool_request(stream: bool) -> Request {
    let parameters = serde_json::json!({
        "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"],
    });
    let parameters = Schema::new(&parameters).expect("valid");
    let tool = Tool { name: "get_weather".into(), description: "The forecast.".into(), parameters };
    Request { tools: Arc::new([tool]), must_call: true, stream, ..request() }
}

fn openai_call(name: &str, arguments: &str) -> Reply {
    let arguments = serde_json::to_string(arguments).expect("a string");
    let body = format!(
        r#"{{"choices":[{{"index":0,"message":{{"role":"assistant","content":null,"tool_calls":[{{"id":"c","type":"function","function":{{"name":"{name}","arguments":{arguments}}}}}]}},"finish_reason":"tool_calls"}}]}}"#
    );
    (JSON, body)
}

fn anthropic_stream(input: &[&str]) -> Reply {
    let text = r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"I look."}}"#;
    let begun = r#"data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"get_weather","input":{}}}"#;
    let part = |part: &&str| {
        let part = serde_json::to_string(part).expect("a string");
        format!(
            r#"data: {{"type":"content_block_delta","index":1,"delta":{{"type":"input_json_delta","partial_json":{part}}}}}"#
        )
    };
    let finish = r#"data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":3}}"#;
    let mut events = vec![text.to_owned(), begun.to_owned()];
    events.extend(input.iter().map(part));
    events.push(finish.to_owned());
    (STREAM, events.join("\n\n") + "\n\n")
}

#[tokio::test(start_paused = true)]
async fn a_tool_call_that_does_not_fit_is_asked_for_again_and_then_elsewhere() {
    let wrong = openai_call("get_weather", r#"{"city":7}"#);
    let made_up = openai_call("get_wether", r#"{"city":"Oslo"}"#);
    let good = anthropic_stream(&["", r#"{"city":"#, r#""Oslo"}"#]);
    let stage = stage(true, &[(Dialect::OpenAi, "a", &[wrong, made_up]), (Dialect::Anthropic, "b", &[good])]);
    let (served, got) = stage.ask(&tool_request(true)).await;
    assert_eq!(
        (served.outcome, got),
        (Outcome::Answered, vec!["I look.".into(), r#"get_weather({"city":"Oslo"})"#.into()])
    );
    let story = stage.story();
    assert!(story[0].starts_with("p0/a schema get_weather: 7 is not of type"), "{story:?}");
    assert_eq!(story[1..], ["p0/a schema the tool \"get_wether\" was not offered", "p1/b ok"]);
    assert!(stage.seen(0)[1].2.contains(crate::provider::STRICTER));
}

#[tokio::test(start_paused = true)]
async fn half_a_tool_call_is_never_served() {
    let (kind, stream) = anthropic_stream(&[r#"{"city":"#, r#""Oslo"}"#]);
    let cut = stream.split_once("data: {\"type\":\"message_delta\"").expect("a finish").0.to_owned();
    let stage = stage(true, &[(Dialect::Anthropic, "b", &[(kind, cut)])]);
    let (served, got) = stage.ask(&tool_request(true)).await;
    assert_eq!(
        (served.outcome, served.class, got),
        (Outcome::Degraded, Some(Class::Interrupted), vec!["sorry".into()])
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_gate_text_is_streamed_and_the_call_comes_whole_after_it() {
    let stage = stage(false, &[(Dialect::Anthropic, "b", &[anthropic_stream(&[r#"{"city":"#, "7}"])])]);
    let (served, got) = stage.ask(&tool_request(true)).await;
    assert_eq!(served.outcome, Outcome::Answered);
    assert_eq!(got, ["I look.", r#"get_weather({"city":7})"#]);
    let log = stage.log.0.lock().expect("not poisoned");
    assert!(log.iter().any(|event| matches!(event, EventKind::AttemptEnded { tokens: 3, .. })));
}

#[tokio::test(start_paused = true)]
async fn text_where_a_tool_had_to_be_called_does_not_pass_the_gate() {
    let text = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Sunny."},"finish_reason":"stop"}]}"#;
    let stage = stage(true, &[(Dialect::OpenAi, "a", &[(JSON, text.to_owned())])]);
    assert_eq!(stage.ask(&tool_request(false)).await.0.class, Some(Class::Schema));
    assert_eq!(stage.story()[0], "p0/a schema no tool was called");
}

const VECTOR: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.6,-0.8]}]}"#;

fn embed_request() -> Request {
    Request { task: "embedding".into(), embedding: Some(2), tenant: "a b".into(), ..request() }
}

#[tokio::test(start_paused = true)]
async fn an_embedding_falls_over_only_to_the_same_model_elsewhere() {
    let broken = (JSON, r#"{"object":"list","data":[]}"#.to_owned());
    let vector = (JSON, VECTOR.to_owned());
    let stage = stage(
        true,
        &[
            (Dialect::Anthropic, "claude", &[]),
            (Dialect::OpenAi, "small", &[broken]),
            (Dialect::OpenAi, "large", &[]),
            (Dialect::OpenAi, "small", &[vector]),
        ],
    );
    let request = embed_request();
    assert_eq!(stage.router.embedding_model(&request).map(|m| &**m), Some("small"));
    let (served, got) = stage.ask(&request).await;
    assert_eq!(
        (served.outcome, served.target.as_deref(), got),
        (Outcome::Answered, Some("p3/small"), vec!["[0.6, -0.8]".into()])
    );
    let expected = [
        "p0/claude skipped: capability",
        "p1/small malformed the body is no list of embeddings",
        "p1/small malformed the body is no list of embeddings",
        "p2/large skipped: vector_space",
        "p3/small ok",
    ];
    assert_eq!(stage.story(), expected);
    let (path, key, body) = &stage.seen(3)[0];
    assert_eq!((path.as_str(), key.as_str()), ("/v1/embeddings", "Bearer sk-drill-a%20b"));
    assert!(body.contains("Weather in Oslo?") && !body.contains("Call a tool."));
}

#[tokio::test(start_paused = true)]
async fn no_template_stands_in_for_a_vector() {
    let stage = stage(true, &[(Dialect::OpenAi, "small", &[(JSON, "{}".to_owned())])]);
    let (served, got) = stage.ask(&embed_request()).await;
    assert_eq!((served.outcome, served.class, got), (Outcome::Failed, Some(Class::Malformed), Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_chain_without_embeddings_fails_without_a_call() {
    let stage = stage(true, &[(Dialect::Anthropic, "claude", &[])]);
    let (served, got) = stage.ask(&embed_request()).await;
    assert_eq!((served.outcome, served.attempts, got), (Outcome::Failed, 0, Vec::new()));
    assert_eq!(stage.story(), ["p0/claude skipped: capability"]);
}

#[tokio::test(start_paused = true)]
async fn images_reach_the_provider() {
    let text = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"A cat."},"finish_reason":"stop"}]}"#;
    let stage = stage(true, &[(Dialect::OpenAi, "a", &[(JSON, text.to_owned())])]);
    let image = Image { media_type: "image/png".into(), base64: "iVBORw0KGgo=".into() };
    let (_, got) = stage.ask(&Request { images: vec![image], ..request() }).await;
    assert_eq!(got, ["A cat."]);
    assert!(stage.seen(0)[0].2.contains("data:image/png;base64,iVBORw0KGgo="));
}

const HELLO: &str = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"{\"label\":\"bug\"}"},"finish_reason":"stop"}]}"#;

#[tokio::test(start_paused = true)]
async fn a_target_whose_api_has_no_word_for_what_is_asked_is_passed_over() {
    let targets = [(Dialect::Anthropic, "a", &[][..]), (Dialect::OpenAi, "b", &[(JSON, HELLO.to_owned())][..])];
    let stage = stage(false, &targets);
    let seeded = Request { options: Options { seed: Some(7), ..Options::default() }, ..request() };
    assert_eq!(stage.ask(&seeded).await.0.outcome, Outcome::Answered);
    assert_eq!(stage.story(), ["p0/a skipped: capability", "p1/b ok"]);
    assert!(stage.seen(1)[0].2.contains(r#""seed":7"#));
}

fn label_request() -> Request {
    let schema = serde_json::json!({ "type": "object", "required": ["label"] });
    Request { schema: Some(Schema::new(&schema).expect("valid")), ..request() }
}

#[tokio::test(start_paused = true)]
async fn where_the_api_has_no_schemas_the_prompt_tells_of_it_if_a_gate_checks_the_answer() {
    for (gated, story) in [(true, "p0/a ok"), (false, "p0/a skipped: capability")] {
        let mut stage = stage(gated, &[(Dialect::OpenAi, "a", &[(JSON, HELLO.to_owned())])]);
        stage.router.config.targets[0].capabilities.remove(&mock_providers::model::Capability::JsonSchema);
        stage.ask(&label_request()).await;
        assert_eq!(stage.story(), [story]);
        for (_, _, body) in stage.seen(0) {
            assert!(body.contains("matches this JSON Schema") && !body.contains("response_format"), "{body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_costs_what_the_provider_says_and_else_what_was_read_of_a_200() {
    let told = HELLO.replace("]}", r#"],"usage":{"prompt_tokens":1000,"completion_tokens":100}}"#);
    let stage = stage(false, &[(Dialect::OpenAi, "a", &[(JSON, told), (JSON, HELLO.to_owned())])]);
    stage.ask(&request()).await;
    stage.ask(&request()).await;
    let log = stage.log.0.lock().expect("not poisoned");
    let calls = log.iter().filter_map(|event| match event {
        EventKind::AttemptEnded { usage, cost, .. } => Some((usage.expect("a 200"), cost.0)),
        _ => None,
    });
    // 7 tokens of prompt and 4 of answer, at 2 and 10 dollars per million.
    let expected = [((1000, 100, false), 3_000_000), ((7, 4, true), 54_000)];
    let calls: Vec<_> = calls.map(|(u, cost)| ((u.prompt, u.answer, u.estimated), cost)).collect();
    assert_eq!(calls, expected);
}
