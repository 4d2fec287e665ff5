//! `baselines`: the routers that everyone writes first beside the scenarios' own, on the same drills and the same luck.

use super::args::{Baselines, FULL};
use super::out::Out;
use crate::engine::{self, Options, World};
use crate::report::baselines::{Worth, table};
use crate::report::exit;
use crate::router::preset::{PRESETS, Preset};
use crate::scenario::Plan;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

/// The drills of one scenario under one router.
struct Row {
    plan: Arc<Plan>,
    router: &'static str,
}

/// Plays everything and prints the table; returns the exit code.
pub(super) fn compare(options: &Baselines, out: &mut Out) -> u8 {
    let inputs = match super::inputs(&options.scenarios) {
        Ok(inputs) => inputs,
        Err(error) => {
            out.error(&error.to_string());
            return exit::USAGE;
        }
    };
    let mut plans = Vec::new();
    for input in &inputs {
        match super::load(input, out) {
            Some(plan) => plans.push(plan),
            None => return exit::INVALID,
        }
    }
    let rows: Vec<Row> = plans.iter().flat_map(routers).collect();
    match play(&rows, options, out) {
        Ok(worths) => {
            out.raw(report(&rows, &worths).as_bytes());
            exit::PASS
        }
        Err(why) => {
            out.error(&why);
            exit::INTERNAL
        }
    }
}

/// A drill under each baseline, and under its own router.
fn routers(plan: &Plan) -> Vec<Row> {
    let baseline = |preset: &'static Preset| Row { plan: Arc::new(plan.routed_by(preset)), router: preset.name };
    let own = Row { plan: Arc::new(plan.clone()), router: FULL };
    PRESETS.iter().map(baseline).chain([own]).collect()
}

/// What came of every row, in order; several drills at a time.
fn play(rows: &[Row], options: &Baselines, out: &mut Out) -> Result<Vec<Worth>, String> {
    let threads = options.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(rows.len()) {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                while let Some((index, row)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, rows.get(i)?)))
                {
                    if done.send((index, row.play(options))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(done);
        let mut worths = vec![Worth::default(); rows.len()];
        for (finished, (index, worth)) in results.iter().enumerate() {
            worths[index] = worth?;
            out.progress(&format!("{}/{} rows", finished + 1, rows.len()));
        }
        Ok(worths)
    })
}

impl Row {
    fn play(&self, options: &Baselines) -> Result<Worth, String> {
        let seeds = options.seeds.map_or(self.plan.seed..=self.plan.seed, |seeds| seeds.first..=seeds.last);
        let mut worth = Worth::default();
        for seed in seeds {
            let (_, commands) = mpsc::channel();
            let (world, speed) = (World::Virtual, f64::INFINITY);
            let drill = Options { seed, world, speed, record: None, keep_events: true, commands, snapshots: None };
            let done = engine::run(Arc::clone(&self.plan), drill)
                .map_err(|error| format!("{} (seed {seed}) with {}: {error}", self.plan.name, self.router))?;
            worth.add(&Worth::of(&done.events, &done.ledger));
        }
        Ok(worth)
    }
}

/// The table, with all drills of a router together at its end.
fn report(rows: &[Row], worths: &[Worth]) -> String {
    let mut shown: Vec<(String, &str, &Worth)> =
        rows.iter().zip(worths).map(|(row, worth)| (row.plan.name.to_string(), row.router, worth)).collect();
    let names = || PRESETS.iter().map(|preset| preset.name).chain([FULL]);
    let all: Vec<Worth> = names()
        .map(|name| {
            let mut sum = Worth::default();
            rows.iter().zip(worths).filter(|(row, _)| row.router == name).for_each(|(_, worth)| sum.add(worth));
            sum
        })
        .collect();
    if rows.len() > all.len() {
        shown.extend(names().zip(&all).map(|(name, worth)| ("all of them".to_owned(), name, worth)));
    }
    table(&shown)
}
