//! The mocks over real sockets, on the real clock.

use crate::bench::{after, always, fault, model, ms, plain, word};
use mock_providers::fault::{Door, Effect};
use mock_providers::{BoundPort, Dialect, Ledger, Luck, Provider, Question, Said, Script, Setup, Spawn};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// Serves a script; gives the address and what must be kept for the service to go on.
fn serve(script: Script) -> (SocketAddr, Instant, JoinSet<()>) {
    let start = Instant::now();
    let provider = Provider::new(Setup {
        name: "p".into(),
        dialect: Dialect::OpenAi,
        models: vec![model("m")],
        script,
        limits: Default::default(),
        luck: Luck::new(1),
        answers: Arc::new(|_: &Question<'_>, _| Said::Text("ok".to_owned())),
        ledger: Arc::new(Ledger::default()),
        start,
    });
    let connections = Mutex::new(JoinSet::new());
    let spawn: Spawn = Arc::new(move |task| {
        connections.lock().unwrap().spawn(task);
    });
    let port = BoundPort::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let addr = port.addr();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { provider.serve_tcp(port, spawn).await.unwrap() });
    (addr, start, tasks)
}

async fn ask(addr: SocketAddr) -> std::io::Result<String> {
    let mut client = TcpStream::connect(addr).await?;
    client.write_all(&plain().request(Dialect::OpenAi)).await?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_refused_port_refuses_stays_ours_and_comes_back() {
    let mut refused = fault(Effect::Listener(Door::Refused));
    (refused.from, refused.until) = (ms(300), ms(900));
    let (addr, start, _tasks) = serve(Script { faults: vec![refused] });
    sleep(ms(20)).await;
    assert!(ask(addr).await.unwrap().starts_with("HTTP/1.1 200"));
    sleep_until(start + ms(400)).await;
    assert_eq!(ask(addr).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let thief = TcpSocket::new_v4().unwrap();
    assert_eq!(thief.bind(addr).unwrap_err().kind(), ErrorKind::AddrInUse);
    sleep_until(start + ms(1000)).await;
    assert!(ask(addr).await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_reset_over_tcp_is_a_reset_to_the_client() {
    let (addr, _, _tasks) = serve(always(word("reset")));
    sleep(ms(20)).await;
    assert_eq!(ask(addr).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_cut_over_tcp_is_an_orderly_close_in_the_middle() {
    let (addr, _, _tasks) = serve(always(after("cut", 1)));
    sleep(ms(20)).await;
    let answer = ask(addr).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(|c| c != '}'));
}
