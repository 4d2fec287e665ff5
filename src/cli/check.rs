//! `check`: plays drills headless, several at a time, and judges them.
//!
//! Rules: results are printed in the order the scenarios were named, each as soon as all before it are done. Ctrl-C ends
//! the running drills and judges what there is. Of several verdicts the worst decides the exit code
//! (`report::exit`).

use super::args::{Check, Missing, Report, ReportKind};
use super::observed::{self, Wanted};
use super::out::Out;
use crate::engine::command::Command;
use crate::engine::{self, Finished, Options, World};
use crate::report::{DrillReport, exit, flags, json, terminal};
use crate::scenario::plan::Plan;
use crate::slo::vacuity;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

/// One drill to play.
struct Job {
    /// How the scenario was named.
    named: String,
    plan: Arc<Plan>,
    missing: Missing,
    seed: u64,
    record: Option<PathBuf>,
    reports: Vec<Wanted>,
    otlp: Option<String>,
    deliver_alerts: bool,
    /// Taken by the thread that plays it.
    commands: Mutex<Option<Receiver<Command>>>,
}

/// Plays and judges; returns the exit code.
pub(super) fn check(options: &Check, out: &mut Out) -> u8 {
    let inputs = match super::inputs(&options.scenarios) {
        Ok(inputs) => inputs,
        Err(error) => {
            out.error(&error.to_string());
            return exit::USAGE;
        }
    };
    let asked = options.seeds.map_or(inputs.len(), |s| inputs.len() * (s.last - s.first + 1) as usize);
    let mut codes = Vec::new();
    let mut plans = Vec::new();
    for input in &inputs {
        match super::load(input, out) {
            Some(plan) => plans.push((input.name().into_owned(), Arc::new(options.missing.apply(&plan)))),
            None => {
                out.line(&format!("INVALID {}", input.name()));
                codes.push(exit::INVALID);
            }
        }
    }
    let (jobs, stop) = match jobs(options, asked, &plans) {
        Ok(jobs) => jobs,
        Err(why) => {
            out.error(&why);
            return exit::USAGE;
        }
    };
    let world = if options.real { World::Real } else { World::Virtual };
    let stopped = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stopped);
    super::run::on_interrupt(move || {
        stopping.store(true, Ordering::Relaxed);
        for sender in &stop {
            let _ = sender.send(Command::Stop);
        }
    });
    let threads = options.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let reports = play_all(&jobs, world, threads, &stopped, out, &mut codes);
    let code = exit::worst(codes);
    let mut written = Ok(());
    for Report { file, .. } in options.report.iter().filter(|r| r.kind == ReportKind::Json) {
        written = written.and(write_report(file, &reports, code));
    }
    match written {
        Ok(()) => code,
        Err(why) => {
            out.error(&why);
            exit::worst([code, exit::INTERNAL])
        }
    }
}

/// The drills to play, of `asked` that were asked for.
fn jobs(
    options: &Check,
    asked: usize,
    plans: &[(String, Arc<Plan>)],
) -> Result<(Vec<Job>, Vec<Sender<Command>>), String> {
    let seeds = |plan: &Plan| match (options.seeds, options.seed) {
        (Some(range), _) => range.first..=range.last,
        (None, Some(seed)) => seed..=seed,
        (None, None) => plan.seed..=plan.seed,
    };
    let drills: Vec<(&String, &Arc<Plan>, u64)> =
        plans.iter().flat_map(|(named, plan)| seeds(plan).map(move |seed| (named, plan, seed))).collect();
    // What is of one drill each: where it goes, and the option to name when it cannot go there.
    let record = options.record.iter().map(|base| (base, "jsonl", "--record"));
    let reports = options.report.iter().filter_map(|r| Some((&r.file, r.kind.of_one_drill()?, "--report")));
    let each: Vec<(&PathBuf, &str, &str)> = record.chain(reports).collect();
    let mut names: Vec<(&str, u64)> = drills.iter().map(|(_, plan, seed)| (&*plan.name, *seed)).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|w| w[0] == w[1]).filter(|_| !each.is_empty()) {
        return Err(format!(
            "two drills would be recorded as {}-{}: give one scenario another `name`",
            twice[0].0, twice[0].1
        ));
    }
    if asked != 1 && !drills.is_empty() {
        for (dir, _, option) in &each {
            std::fs::create_dir_all(dir).map_err(|e| {
                format!("{option} {}: several drills need a directory, which cannot be made: {e}", dir.display())
            })?;
        }
    }
    let place = |base: &Path, drill: &str, ending: &str| {
        if asked == 1 && !base.is_dir() { base.to_owned() } else { base.join(format!("{drill}.{ending}")) }
    };
    let mut stop = Vec::new();
    let jobs = drills
        .into_iter()
        .map(|(named, plan, seed)| {
            let (sender, commands) = mpsc::channel();
            stop.push(sender);
            let drill = format!("{}-{seed}", plan.name);
            let record = options.record.as_ref().map(|base| place(base, &drill, "jsonl"));
            let of_one = |r: &Report| {
                let ending = r.kind.of_one_drill()?;
                Some(Wanted { kind: r.kind, file: place(&r.file, &drill, ending) })
            };
            let reports = options.report.iter().filter_map(of_one).collect();
            let (named, plan) = (named.clone(), Arc::clone(plan));
            Job {
                named,
                plan,
                missing: options.missing.clone(),
                seed,
                record,
                reports,
                otlp: options.otlp.clone(),
                deliver_alerts: options.deliver_alerts,
                commands: Mutex::new(Some(commands)),
            }
        })
        .collect();
    Ok((jobs, stop))
}

/// Plays every job and prints each result in its turn.
fn play_all(
    jobs: &[Job],
    world: World,
    threads: usize,
    stopped: &AtomicBool,
    out: &mut Out,
    codes: &mut Vec<u8>,
) -> Vec<DrillReport> {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel::<(usize, Result<Judged, String>)>();
    let mut reports = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            let done = done.clone();
            let next = &next;
            scope.spawn(move || {
                while let Some((index, job)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, jobs.get(i)?)))
                {
                    if stopped.load(Ordering::Relaxed) || done.send((index, job.play(world))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(done);
        let mut waiting = BTreeMap::new();
        let mut turn = 0;
        out.progress(&format!("0/{} drills", jobs.len()));
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&turn) {
                turn += 1;
                match result {
                    Ok(judged) => {
                        codes.push(judged.print(out));
                        reports.push(judged.report);
                    }
                    Err(why) => {
                        codes.push(exit::INTERNAL);
                        out.error(&why);
                    }
                }
            }
            let finished = turn + waiting.len();
            if finished < jobs.len() {
                out.progress(&format!("{finished}/{} drills", jobs.len()));
            }
        }
        if turn < jobs.len() {
            out.line(&format!("INTERRUPTED, {} of {} drills not started", jobs.len() - turn, jobs.len()));
            codes.push(exit::INTERRUPTED);
        }
    });
    reports
}

impl Job {
    fn delivers(&self) -> bool {
        self.deliver_alerts && !self.plan.alerts.is_empty()
    }

    fn play(&self, world: World) -> Result<Judged, String> {
        let label = || format!("{} (seed {})", self.plan.name, self.seed);
        let record = self.record.as_deref().map(open).transpose().map_err(|e| format!("{}: {e}", label()))?;
        let commands = self.commands.lock().ok().and_then(|mut c| c.take()).ok_or_else(label)?;
        let options = Options {
            seed: self.seed,
            world,
            speed: f64::INFINITY,
            record,
            keep_events: !self.reports.is_empty() || self.otlp.is_some() || self.delivers(),
            commands,
            snapshots: None,
        };
        let done = engine::run(Arc::clone(&self.plan), options).map_err(|e| format!("{}: {e}", label()))?;
        let mut judged = finish(&done, &self.named, &self.missing);
        let sent = self.otlp.as_ref().map_or(Ok(()), |url| observed::send(url, &done));
        if let Err(why) = observed::write(&self.reports, &done).and(sent) {
            judged.trouble.get_or_insert(why);
        }
        if self.delivers() {
            judged.told = observed::tell(&done);
        }
        Ok(judged)
    }
}

/// A drill that is over, and what went wrong beside it.
pub(super) struct Judged {
    pub(super) report: DrillReport,
    pub(super) trouble: Option<String>,
    /// What is to be said of alerts: those that go to the log, and those that reached nobody.
    pub(super) told: Vec<String>,
}

impl Judged {
    /// Prints it; returns its exit code.
    pub(super) fn print(&self, out: &mut Out) -> u8 {
        out.raw(terminal::text(std::slice::from_ref(&self.report), out.colour()).as_bytes());
        self.told.iter().for_each(|line| out.error(line));
        match &self.trouble {
            None => self.report.verdict().exit_code(),
            Some(why) => {
                out.error(why);
                exit::INTERNAL
            }
        }
    }
}

/// Opens a recording.
pub(super) fn open(path: &Path) -> Result<Box<dyn Write + Send>, String> {
    let file = File::create(path).map_err(|e| format!("the recording {} cannot be written: {e}", path.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// The report of a drill that is over; `named` is how its scenario was named on the command line, `missing` what its
/// router was without.
pub(super) fn finish(done: &Finished, named: &str, missing: &Missing) -> Judged {
    let slos = done.board.results();
    let (router, parts) = (missing.preset().map(|preset| preset.name), missing.parts());
    let without: Vec<&str> = parts.iter().map(|part| part.name).collect();
    let report = DrillReport {
        scenario: Arc::clone(&done.plan.name),
        scenario_hash: done.plan.hash(),
        seed: done.seed,
        world: done.world.as_str().to_owned(),
        hopdrill: env!("CARGO_PKG_VERSION").to_owned(),
        interrupted: done.interrupted,
        duration: done.snapshot.now,
        totals: done.totals.clone(),
        // A drill that was cut off says nothing about what had not begun, and a router with a part missing leaves
        // things unused because of that.
        vacuity: if done.interrupted || router.is_some() || !parts.is_empty() {
            Vec::new()
        } else {
            vacuity(done.board.facts(), &done.fired(), &done.board.called(), &slos)
        },
        slos,
        must_break: done.plan.must_break(missing.preset(), &parts).map(<[_]>::to_vec),
        reproduce: DrillReport::command_line(named, done.seed, done.world.as_str(), &flags(router, &without)),
        router,
        without,
    };
    let trouble = done.write_error.as_ref().map(|error| format!("the recording is incomplete: {error}"));
    Judged { report, trouble, told: Vec::new() }
}

fn write_report(file: &Path, reports: &[DrillReport], code: u8) -> Result<(), String> {
    let failed = |error: io::Error| format!("the report {} could not be written: {error}", file.display());
    let document = json::document(reports, code).map_err(|e| failed(e.into()))?;
    std::fs::write(file, document + "\n").map_err(failed)
}
