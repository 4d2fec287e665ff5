//! A mock provider on a port of its own.

use mock_providers::server::BoundPort;
use mock_providers::{Dialect, Distribution, Ledger, Luck, Model, Provider, Question, Said, Script, Setup, Want};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// What every model says, unless it has a tool to call.
pub(crate) const TEXT: &str = "The breaker is open, so the next target answers.";
/// The tool and what it is called with.
pub(crate) const TOOL: &str = "get_weather";
pub(crate) const CITY: &str = "Reykjavík";

/// Serves one model, `m`, and gives the address.
pub(crate) fn serve(dialect: Dialect) -> String {
    serve_with(dialect, Script::default())
}

/// Serves one model that fails on this script.
pub(crate) fn serve_with(dialect: Dialect, script: Script) -> String {
    let model =
        Model { ttft: Distribution::Fixed { ms: 5.0 }, tokens_per_second: 2000.0, ..Model::named("m", 128_000) };
    let provider = Provider::new(Setup {
        name: dialect.name().into(),
        dialect,
        models: vec![model],
        script,
        limits: Default::default(),
        luck: Luck::new(1),
        answers: Arc::new(|question: &Question<'_>, _: Want| match question.tools.first() {
            Some(tool) => Said::Call { name: tool.name.to_string(), arguments: format!(r#"{{"city":"{CITY}"}}"#) },
            None => Said::Text(TEXT.to_owned()),
        }),
        ledger: Arc::new(Ledger::default()),
        start: tokio::time::Instant::now(),
    });
    let port = BoundPort::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
    let addr = port.addr();
    tokio::spawn(provider.serve_tcp(port, Arc::new(|connection| drop(tokio::spawn(connection)))));
    // The port is bound before it listens.
    while std::net::TcpStream::connect(addr).is_err() {
        std::thread::yield_now();
    }
    format!("http://{addr}")
}
