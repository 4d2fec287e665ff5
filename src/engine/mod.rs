//! Wires a plan into a running drill, in either world, and brings it to its end.
//!
//! - `stage`: mocks, connections, router and senders of one drill. - `timeline`: the script's instants.
//! - `evals`: who is measured, and who takes whose place. - `journal`: the event log and its folds. - `knocks`: calls that nobody read.
//! - `survey`: how good everybody is, before a drill.
//! - `pacer`: virtual time against the wall. - `command`: what keys may say.
//!
//! | | virtual | real |
//! | --- | --- | --- |
//! | connector | memory | TCP on loopback |
//! | clock | paused; jumps to the next timer when all tasks wait | running |
//! | runtime | current-thread, the caller's thread | multi-thread |
//! | repeatable | byte for byte | within tolerances |
//!
//! A virtual drill that stops moving is a defect and is reported as such ([`Failure::Stuck`]), never waited for.

mod bills;
pub mod command;
mod evals;
mod journal;
mod knocks;
mod pacer;
mod stage;
mod survey;
mod timeline;

use crate::event::{Event, Micros};
use crate::load::Sdk;
use crate::report::Totals;
use crate::runtime::{Clock, MAX_IDLE_POLLS, Spawner};
use crate::scenario::plan::Plan;
use crate::scenario::plan::PlannedFault;
use crate::slo::Board;
use crate::stats::snapshot::Snapshot;
use command::Command;
use journal::Journal;
pub use knocks::Knock;
use mock_providers::Ledger;
use mock_providers::fault::{Effect, Whom};
use mock_providers::ledger::Entry;
use pacer::{Pacer, Turn};
use stage::Stage;
use std::collections::BTreeSet;
use std::io;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
pub use survey::survey;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// How often the screen gets a new snapshot at most, in wall time.
const FRAME: Duration = Duration::from_millis(60);

/// Where a drill plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// In memory, under a paused clock.
    Virtual,
    /// Over TCP, in real time.
    Real,
}

impl World {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Virtual => "virtual",
            Self::Real => "real",
        }
    }
}

/// How to run a drill.
pub struct Options {
    /// The seed.
    pub seed: u64,
    /// Where.
    pub world: World,
    /// Virtual seconds per wall second; infinity: flat out. The real world always runs at 1.
    pub speed: f64,
    /// Gets the log as JSON lines.
    pub record: Option<Box<dyn io::Write + Send>>,
    /// Whether to keep the log in memory.
    pub keep_events: bool,
    /// Commands from a person. When the other side is dropped, the drill goes on without.
    pub commands: Receiver<Command>,
    /// Gets the newest snapshot now and then.
    pub snapshots: Option<watch::Sender<Arc<Snapshot>>>,
}

/// A drill that is over.
pub struct Finished {
    /// Its plan.
    pub plan: Arc<Plan>,
    /// The seed it ran with.
    pub seed: u64,
    /// Where it ran.
    pub world: World,
    /// The final state.
    pub snapshot: Snapshot,
    /// The assertions.
    pub board: Board,
    /// Counts and percentiles.
    pub totals: Totals,
    /// The log, if it was kept.
    pub events: Vec<Event>,
    /// Calls that found no ear while a listener fared badly.
    pub knocks: Vec<Knock>,
    /// What the mocks saw.
    pub ledger: Vec<Entry>,
    /// Whether somebody ended it early.
    pub interrupted: bool,
    /// When it ended.
    pub ended: Micros,
    /// Why the recording is incomplete, if it is.
    pub write_error: Option<io::Error>,
}

impl Finished {
    /// The scripted faults that hit somebody, by their ids. The ledger names those that were injected. A connection
    /// that fails never reaches it: there the calls count that were made while it was on, got no head, and are not in
    /// the ledger. What concerns the provider as a whole injects nothing: there any request counts that was received
    /// while it was on and that it was meant for, as far as the ledger tells (it does not tell keys and endpoints).
    #[must_use]
    pub fn fired(&self) -> BTreeSet<u32> {
        let read: BTreeSet<(String, &str, u32)> = match self.knocks.is_empty() {
            true => BTreeSet::new(),
            false => {
                self.ledger.iter().map(|e| (format!("{}/{}", e.provider, e.model), &*e.request, e.attempt)).collect()
            }
        };
        let unread: BTreeSet<u32> = self
            .knocks
            .iter()
            .filter(|k| !read.contains(&(k.target.to_string(), &*k.request.to_string(), k.attempt)))
            .map(|k| k.fault)
            .collect();
        let hit = |planned: &&PlannedFault| match planned.fault.effect {
            Effect::Mix(_) | Effect::Sequence { .. } => self.ledger.iter().any(|e| e.fault == Some(planned.fault.id)),
            Effect::Listener(_) => unread.contains(&planned.fault.id),
            _ => {
                let span = planned.fault.from.as_micros() as u64..planned.fault.until.as_micros() as u64;
                let met = |e: &Entry| is_meant(&planned.fault.whom, e) && self.is_on(planned, &e.provider);
                self.ledger.iter().any(|e| span.contains(&e.received_us) && met(e))
            }
        };
        self.plan.faults.iter().filter(hit).map(|planned| planned.fault.id).collect()
    }

    fn is_on(&self, planned: &PlannedFault, provider: &str) -> bool {
        planned.providers.iter().any(|&p| &*self.plan.providers[p].name == provider)
    }
}

/// Whether a fault is meant for a request, as far as its entry tells.
fn is_meant(whom: &Whom, entry: &Entry) -> bool {
    (whom.models.is_empty() || whom.models.iter().any(|model| **model == *entry.model))
        && whom.stream.is_none_or(|wanted| wanted == entry.stream)
        && whom.larger_than.is_none_or(|least| entry.prompt_tokens > least)
}

/// Why a drill has no result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The stage could not be built.
    #[error("the drill could not start: {0}")]
    Start(#[from] io::Error),
    /// Time stood still, or requests did not end.
    #[error("the drill is stuck at {at:.3} s: {why}. This is a defect in hopdrill; please report it with the seed.")]
    Stuck {
        /// When, in seconds from the start.
        at: f64,
        /// What was seen.
        why: String,
    },
}

/// Runs a drill to its end, on this thread.
///
/// # Errors
/// It could not start, or got stuck.
pub fn run(plan: Arc<Plan>, options: Options) -> Result<Finished, Failure> {
    let runtime = runtime(options.world)?;
    // From here on this thread's present is the drill's.
    let _inside = runtime.enter();
    let clock = Clock::start_now();
    let spawner = match options.world {
        World::Virtual => Spawner::watched(),
        World::Real => Spawner::unwatched(),
    };
    let accounts = Accounts {
        journal: Arc::new(Journal::new(&plan, clock, options.record, options.keep_events)),
        ledger: Arc::default(),
        trouble: Trouble::default(),
    };
    accounts.journal.head(&plan, options.seed, options.world.as_str());
    let stage = Stage::build(&plan, options.seed, options.world, clock, &spawner, &accounts)?;
    let drill = Drill {
        runtime: &runtime,
        clock,
        spawner,
        journal: Arc::clone(&accounts.journal),
        snapshots: options.snapshots,
        give_up: plan.end().max(last_item(&plan)) + longest_life(&plan) + Duration::from_secs(120),
    };
    let interrupted = match options.world {
        World::Virtual => drill.play_virtual(stage, Pacer::new(options.commands, options.speed))?,
        World::Real => drill.play_real(stage, &options.commands)?,
    };
    if interrupted {
        drill.journal.end(&accounts.ledger, true);
    }
    drill.publish();
    if let Some(why) = accounts.trouble.get() {
        return Err(drill.stuck(why.clone()));
    }
    let closed = drill.journal.close();
    if !interrupted && closed.snapshot.in_flight > 0 {
        return Err(drill.stuck(format!("{} requests never ended", closed.snapshot.in_flight)));
    }
    Ok(Finished {
        seed: options.seed,
        world: options.world,
        ended: closed.snapshot.now,
        snapshot: closed.snapshot,
        board: closed.board,
        totals: closed.totals,
        knocks: closed.knocks,
        events: closed.events,
        write_error: closed.write_error,
        ledger: accounts.ledger.entries(),
        interrupted,
        plan,
    })
}

fn runtime(world: World) -> io::Result<Runtime> {
    match world {
        World::Virtual => tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build(),
        World::Real => tokio::runtime::Builder::new_multi_thread().enable_all().build(),
    }
}

/// The longest a request may take that its client sends over and over.
fn longest_life(plan: &Plan) -> Duration {
    let deadline = plan.router.chains.iter().map(|c| c.deadline).max().unwrap_or_default();
    let life = |sdk: &Sdk| deadline * (1 + sdk.retries) + sdk.longest_waits();
    plan.load.iter().map(|stream| life(&stream.sdk)).max().unwrap_or(deadline)
}

/// When the last item of all evals is sent.
fn last_item(plan: &Plan) -> Duration {
    let oversight = &plan.router.oversight;
    let paces = oversight.evals.iter().map(|eval| eval.pace).chain(oversight.swaps.iter().map(|swap| swap.pace));
    paces.map(|pace| pace.end()).max().unwrap_or_default()
}

struct Drill<'a> {
    runtime: &'a Runtime,
    clock: Clock,
    spawner: Spawner,
    journal: Arc<Journal>,
    snapshots: Option<watch::Sender<Arc<Snapshot>>>,
    /// Nothing takes longer than this; if the drill does, requests were lost.
    give_up: Duration,
}

/// What a provider could not do although the script did not forbid it; the first such thing ends the drill as a failure.
type Trouble = Arc<OnceLock<String>>;

/// What is written down in a drill, by its different sides.
struct Accounts {
    journal: Arc<Journal>,
    ledger: Arc<Ledger>,
    trouble: Trouble,
}

const OUTLIVED: &str = "requests did not end by their deadlines";
const BROKE: &str = "the conductor of the drill panicked";

/// How a stretch of virtual time ended.
enum Stretch {
    Finished,
    Played,
    Stuck,
    Broke,
}

impl Drill<'_> {
    /// Returns whether it was interrupted.
    fn play_virtual(&self, stage: Stage, mut pacer: Pacer) -> Result<bool, Failure> {
        let mut playing = self.spawner.spawn(stage.play());
        let mut frame = Frame::default();
        loop {
            let until = match pacer.next(self.clock.now()) {
                Turn::Stop => return Ok(true),
                Turn::PlayTo(until) => until,
            };
            let stretch = self.runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = self.spawner.stuck() => Stretch::Stuck,
                    ended = &mut playing => ended.map_or(Stretch::Broke, |()| Stretch::Finished),
                    () = self.clock.sleep_until(until) => Stretch::Played,
                }
            });
            let why = match stretch {
                Stretch::Finished => return Ok(false),
                Stretch::Played if until > self.give_up => OUTLIVED.to_owned(),
                Stretch::Broke => BROKE.to_owned(),
                Stretch::Stuck => format!("{MAX_IDLE_POLLS} polls passed without the clock moving"),
                Stretch::Played => {
                    if frame.is_due() {
                        self.publish();
                    }
                    continue;
                }
            };
            return Err(self.stuck(why));
        }
    }

    fn stuck(&self, why: String) -> Failure {
        Failure::Stuck { at: self.clock.now().as_secs_f64(), why }
    }

    /// Returns whether it was interrupted.
    fn play_real(&self, stage: Stage, commands: &Receiver<Command>) -> Result<bool, Failure> {
        let mut playing = self.spawner.spawn(stage.play());
        self.runtime.block_on(async {
            let mut ticks = tokio::time::interval(FRAME);
            loop {
                tokio::select! {
                    biased;
                    ended = &mut playing => return ended.map(|()| false).map_err(|_| self.stuck(BROKE.to_owned())),
                    _ = ticks.tick() => {
                        self.publish();
                        if self.clock.now() > self.give_up {
                            return Err(self.stuck(OUTLIVED.to_owned()));
                        }
                        match commands.try_recv() {
                            Ok(Command::Stop) => return Ok(true),
                            Ok(_) | Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
                        }
                    }
                }
            }
        })
    }

    fn publish(&self) {
        if let Some(snapshots) = &self.snapshots {
            snapshots.send_replace(Arc::new(self.journal.snapshot()));
        }
    }
}

/// Tells when the screen is due for a new snapshot.
#[derive(Default)]
struct Frame {
    #[expect(clippy::disallowed_types, reason = "screens live on the wall clock")]
    last: Option<std::time::Instant>,
}

impl Frame {
    #[expect(clippy::disallowed_types, reason = "screens live on the wall clock")]
    fn is_due(&mut self) -> bool {
        let due = self.last.is_none_or(|last| last.elapsed() >= FRAME);
        if due {
            self.last = Some(std::time::Instant::now());
        }
        due
    }
}
