//! Builds the stage of a drill inside its runtime: mock providers, connections, router, senders; and plays it.
//!
//! The stage is the same in both worlds. Only the connector differs, and that is chosen here.

use super::evals::{self, Examiner};
use super::journal::Journal;
use super::timeline;
use super::{Accounts, Trouble, World};
use crate::event::{Judged, Sink};
use crate::load::{Exam, Room, Sender, Timetable};
use crate::provider::Adapter;
use crate::router::config::Chain;
use crate::router::{self, Answered, Request, Router, Truth};
use crate::runtime::{Clock, Spawner};
use crate::scenario::plan::Plan;
use crate::tasks;
use crate::transport::{Dial, Reach, Route, Upstream, duplex};
use mock_providers::server::{BoundPort, Want};
use mock_providers::{Answers, Ledger, Luck, Provider, Question, Said, Script, Setup};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// After the last request: time for closed connections to be noticed before the log ends.
const SETTLE: Duration = Duration::from_millis(50);

/// Everything that plays in a drill.
pub(super) struct Stage {
    plan: Arc<Plan>,
    clock: Clock,
    luck: Luck,
    spawner: Spawner,
    journal: Arc<Journal>,
    ledger: Arc<Ledger>,
    router: Arc<Router>,
    senders: Vec<Arc<Sender>>,
    exams: Vec<Exam>,
}

impl Stage {
    /// Starts the mocks and connects the router to them.
    pub(super) fn build(
        plan: &Arc<Plan>,
        seed: u64,
        world: World,
        clock: Clock,
        spawner: &Spawner,
        accounts: &Accounts,
    ) -> io::Result<Self> {
        let luck = Luck::new(seed);
        let log: Arc<dyn Sink> = Arc::clone(&accounts.journal) as Arc<dyn Sink>;
        let mut upstreams = Vec::new();
        for index in 0..plan.providers.len() {
            let mock = mock(plan, index, luck, clock, &accounts.ledger);
            let route = match world {
                World::Virtual => Route::Memory(Arc::new(InMemory { mock, spawner: spawner.clone() })),
                World::Real => listen(mock, spawner, &accounts.trouble)?,
            };
            upstreams.push(router::Provider {
                adapter: Adapter::new(plan.providers[index].dialect),
                http: Upstream::new(reach(plan, index, route), spares(plan, index), spawner.clone()),
            });
        }
        let router = Router::new(plan.router.clone(), upstreams, clock, luck, Arc::clone(&log));
        let router = Arc::new(router.graded(Arc::new(Known), spawner.clone()));
        let senders = plan
            .load
            .iter()
            .map(|stream| Sender::new(stream, luck, clock, Arc::clone(&log)).map(Arc::new))
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)?;
        let exams = evals::exams(plan, luck, clock, &accounts.journal).map_err(io::Error::other)?;
        Ok(Self {
            plan: Arc::clone(plan),
            clock,
            luck,
            spawner: spawner.clone(),
            journal: Arc::clone(&accounts.journal),
            ledger: Arc::clone(&accounts.ledger),
            router,
            senders,
            exams,
        })
    }

    /// Lets everybody be measured when it is time. Until all of it is over, `alive` is.
    fn examine(&mut self, alive: &mpsc::Sender<()>) {
        let room = Room { clock: self.clock, spawner: self.spawner.clone(), router: Arc::clone(&self.router) };
        let plan = Arc::clone(&self.plan);
        let examiner = Examiner { plan, room, journal: Arc::clone(&self.journal) };
        let oversight = &self.plan.router.oversight;
        let mut exams = std::mem::take(&mut self.exams).into_iter();
        for exam in exams.by_ref().take(oversight.evals.len()) {
            let (examiner, alive) = (examiner.clone(), alive.clone());
            self.spawner.spawn(async move {
                examiner.evaluate(exam).await;
                drop(alive);
            });
        }
        for (exam, &swap) in exams.zip(&oversight.swaps) {
            let (examiner, alive) = (examiner.clone(), alive.clone());
            self.spawner.spawn(async move {
                examiner.swap(exam, swap).await;
                drop(alive);
            });
        }
    }

    /// Plays the script to its end: load, drain, silence.
    pub(super) async fn play(mut self) {
        let mut script = timeline::script(&self.plan);
        let mut arrivals = Timetable::new(&self.plan.load, self.luck);
        let (alive, mut drained) = mpsc::channel::<()>(1);
        for chore in self.router.chores(self.plan.end()) {
            let alive = alive.clone();
            self.spawner.spawn(async move {
                chore.await;
                drop(alive);
            });
        }
        self.examine(&alive);
        loop {
            let arrival = arrivals.peek();
            let edge = script.front().map(|(at, _)| *at);
            match (edge, arrival) {
                (Some(at), next) if next.is_none_or(|next| at <= next.at) => {
                    self.clock.sleep_until(at).await;
                    if let Some((_, kind)) = script.pop_front() {
                        self.journal.record(kind);
                    }
                }
                (_, Some(next)) => {
                    arrivals.next();
                    self.clock.sleep_until(next.at).await;
                    let sender = &self.senders[usize::from(next.request.stream)];
                    let carried = sender.send(next.request, next.at, &self.router);
                    let alive = alive.clone();
                    self.spawner.spawn(async move {
                        carried.await;
                        drop(alive);
                    });
                }
                (_, None) => break,
            }
        }
        self.clock.sleep_until(self.plan.end()).await;
        drop(alive);
        while drained.recv().await.is_some() {}
        drop((self.router, self.senders));
        tokio::time::sleep(SETTLE).await;
        self.journal.end(&self.ledger, false);
    }
}

fn mock(plan: &Plan, index: usize, luck: Luck, clock: Clock, ledger: &Arc<Ledger>) -> Provider {
    let provider = &plan.providers[index];
    let faults = plan.faults.iter().filter(|f| f.providers.contains(&index)).map(|f| f.fault.clone()).collect();
    Provider::new(Setup {
        name: Arc::clone(&provider.name),
        dialect: provider.dialect,
        models: provider.models.clone(),
        script: Script { faults },
        limits: provider.limits.clone(),
        luck,
        answers: Arc::new(Known),
        ledger: Arc::clone(ledger),
        start: clock.start(),
    })
}

/// What the mocks' models know, and what graders get to know in part.
struct Known;

impl Truth for Known {
    fn is_right(&self, request: &Request, answered: &Answered) -> bool {
        let calls = answered.calls.iter().map(|call| (call.name.clone(), call.arguments.clone())).collect();
        let given = tasks::Given { text: answered.text.clone(), calls, vector: None };
        let task = tasks::Task::ALL.iter().find(|task| task.as_str() == &*request.task);
        task.is_some_and(|task| task.judge(&request.prompt, &given, None) == Judged::Right)
    }
}

impl Answers for Known {
    fn answer(&self, question: &Question<'_>, want: Want) -> Said {
        match tasks::answer(question.prompt, want == Want::Right) {
            tasks::Said::Text(text) => Said::Text(text),
            tasks::Said::Call { name, arguments } => Said::Call { name, arguments },
        }
    }

    fn risk(&self, prompt: &str) -> f64 {
        tasks::risk(prompt)
    }
}

/// The shortest connect timeout of the chains that use this provider: connections are shared by all of them.
fn reach(plan: &Plan, provider: usize, route: Route) -> Reach {
    let chains = targets_of(plan, provider).flat_map(|index| plan.router.chains_with(index));
    let timeout = chains.map(|chain| chain.timeouts.connect).min().unwrap_or(Duration::from_secs(1));
    Reach { route, handshake: plan.providers[provider].connect, timeout }
}

/// How many connections are kept to a provider that some chain falls back to.
fn spares(plan: &Plan, provider: usize) -> usize {
    let stands_by = |index: usize| {
        let place = move |chain: &Chain| chain.targets.iter().position(|target| *target == index);
        let behind = move |chain: &&Chain| place(chain).is_some_and(|place| !chain.is_first_choice(place));
        plan.router.chains_with(index).filter(behind)
    };
    targets_of(plan, provider).flat_map(stands_by).map(|chain| chain.warm as usize).max().unwrap_or(0)
}

fn targets_of(plan: &Plan, provider: usize) -> impl Iterator<Item = usize> {
    let targets = plan.router.targets.iter().enumerate();
    targets.filter(move |(_, target)| target.provider == provider).map(|(index, _)| index)
}

fn listen(mock: Provider, spawner: &Spawner, trouble: &Trouble) -> io::Result<Route> {
    let port = BoundPort::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let addr = port.addr();
    let connections = spawner.clone();
    let serve = mock.serve_tcp(port, Arc::new(move |connection| drop(connections.spawn(connection))));
    let trouble = Arc::clone(trouble);
    spawner.spawn(async move {
        if let Err(error) = serve.await {
            let _ = trouble.set(format!("a mock provider could not listen any more: {error}"));
        }
    });
    Ok(Route::Tcp(addr))
}

struct InMemory {
    mock: Provider,
    spawner: Spawner,
}

impl Dial for InMemory {
    fn dial(&self) -> io::Result<duplex::End> {
        if self.mock.refuses() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (ours, theirs) = duplex::pair();
        let mock = self.mock.clone();
        self.spawner.spawn(async move { mock.serve_connection(theirs).await });
        Ok(ours)
    }
}
