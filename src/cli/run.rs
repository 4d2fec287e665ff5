//! `run`: one drill, in the dashboard if a person looks, headless otherwise.

use super::args::Run;
use super::check::{self, Judged};
use super::out::Out;
use crate::engine::command::Command;
use crate::engine::{self, Options, World};
use crate::report::exit;
use crate::scenario::library;
use crate::stats::snapshot::Snapshot;
use crate::tui::{self, Link};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use tokio::sync::watch;

/// Plays one drill; returns the exit code.
pub(super) fn dashboard_or_headless(options: &Run, out: &mut Out) -> u8 {
    let input = match library::sources(std::slice::from_ref(&options.scenario)).map(|mut s| s.pop()) {
        Ok(Some(input)) => input,
        Ok(None) => {
            out.error(&format!("there is no scenario in {}", options.scenario));
            return exit::USAGE;
        }
        Err(error) => {
            out.error(&error.to_string());
            return exit::USAGE;
        }
    };
    let Some(plan) = super::load(&input, out).map(|plan| Arc::new(options.missing.apply(&plan))) else {
        return exit::INVALID;
    };
    let record = match options.record.as_deref().map(check::open).transpose() {
        Ok(record) => record,
        Err(why) => {
            out.error(&why);
            return exit::INTERNAL;
        }
    };
    let (keys, commands) = mpsc::channel();
    let screen = super::at_a_terminal();
    let (snapshots, newest) = watch::channel(Arc::new(Snapshot::default()));
    let drill = Options {
        seed: options.seed.unwrap_or(plan.seed),
        world: if options.real { World::Real } else { World::Virtual },
        speed: if screen { options.speed } else { f64::INFINITY },
        record,
        keep_events: false,
        commands,
        snapshots: screen.then_some(snapshots),
    };
    let result = if screen {
        watched(&plan, drill, options, &keys, newest, out)
    } else {
        on_interrupt(move || {
            let _ = keys.send(Command::Stop);
        });
        Some(
            engine::run(Arc::clone(&plan), drill)
                .map_err(|e| e.to_string())
                .map(|done| check::finish(&done, &options.scenario, &options.missing)),
        )
    };
    match result {
        None => {
            out.error("the drill broke off without a result");
            exit::INTERNAL
        }
        Some(Ok(judged)) => judged.print(out),
        Some(Err(why)) => {
            out.error(&why);
            exit::INTERNAL
        }
    }
}

/// Plays on a thread of its own while this one draws. The report is there when the screen is left.
fn watched(
    plan: &Arc<crate::scenario::plan::Plan>,
    drill: Options,
    options: &Run,
    keys: &mpsc::Sender<Command>,
    newest: watch::Receiver<Arc<Snapshot>>,
    out: &mut Out,
) -> Option<Result<Judged, String>> {
    let (seed, world, named) = (drill.seed, drill.world, options.scenario.as_str());
    let result: Mutex<Option<Result<Judged, String>>> = Mutex::new(None);
    let read = || result.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let done = engine::run(Arc::clone(plan), drill).map_err(|e| e.to_string());
            let done = done.map(|done| check::finish(&done, named, &options.missing));
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        });
        let verdict = || {
            read().as_ref().map(|done| match done {
                Ok(judged) => judged.report.verdict().word().to_owned(),
                Err(why) => why.clone(),
            })
        };
        let link = Link { snapshots: newest, commands: keys.clone() };
        if let Err(error) = tui::run(Arc::clone(plan), seed, world, options.speed, link, verdict) {
            out.error(&format!("the terminal does not work: {error}"));
        }
        let _ = keys.send(Command::Stop);
    });
    result.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Calls back when the person wants to stop: on the first Ctrl-C or termination signal. A second one ends the program.
pub(super) fn on_interrupt(stop: impl FnOnce() + Send + 'static) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
    std::thread::spawn(move || {
        let mut stop = Some(stop);
        for signal in signals.forever() {
            match stop.take() {
                Some(stop) => stop(),
                None => drop(signal_hook::low_level::emulate_default_handler(signal)),
            }
        }
    });
}
