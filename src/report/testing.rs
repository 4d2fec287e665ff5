//! Reports of hand-written logs.

use super::{DrillReport, Figures};
use crate::event::Micros;
use crate::slo::testing::{Log, facts};
use crate::slo::vacuity;
use std::collections::BTreeSet;

fn report(name: &str, slos: &[&str], log: &mut Log) -> DrillReport {
    log.finish();
    let board = log.board(slos);
    let mut figures = Figures::new(&facts());
    log.events().iter().for_each(|event| figures.apply(event));
    let slos = board.results();
    DrillReport {
        scenario: name.into(),
        scenario_hash: "c0ffee".to_owned(),
        seed: 7,
        world: "virtual".to_owned(),
        hopdrill: "0.1.0".to_owned(),
        interrupted: false,
        duration: Micros(120_000_000),
        totals: figures.totals(),
        vacuity: vacuity(board.facts(), &BTreeSet::from([0]), &facts().targets.into_iter().collect(), &slos),
        router: None,
        without: Vec::new(),
        must_break: None,
        slos,
        reproduce: DrillReport::command_line(name, 7, "virtual", ""),
    }
}

pub(crate) fn passed() -> DrillReport {
    let mut log = Log::new();
    for n in 0..240 {
        log.served(n, u64::from(n) * 500, 1_000 + u64::from(n));
    }
    report("primary-outage", &["availability >= 99.9%", "p95(latency) < 4s"], &mut log)
}

pub(crate) fn failed() -> DrillReport {
    let mut log = Log::new();
    for n in 0..60 {
        let at = u64::from(n) * 1_000;
        if (20..25).contains(&n) {
            log.lost(n, at, 700 + u64::from(n))
        } else {
            log.served(n, at, 500)
        };
    }
    report("no-way-back", &["availability >= 99%", "answered > 50%", "p50(latency) < 400ms during outage"], &mut log)
}

pub(crate) fn inconclusive() -> DrillReport {
    let mut log = Log::new();
    log.served(1, 1_000, 500);
    let mut report = report("too-quiet", &["availability >= 99%", "p95(latency) < 4s during outage"], &mut log);
    report.vacuity.push("the chain `chat` was not used: none of its targets got a call".to_owned());
    report
}

pub(crate) fn interrupted() -> DrillReport {
    DrillReport { interrupted: true, ..passed() }
}
