//! The reports that are of one drill each: what the tools that watch production would have been given.

use super::args::ReportKind;
use crate::engine::Finished;
use crate::observe::{Prometheus, alerts, audit, otlp};
use std::path::{Path, PathBuf};

/// A report of one drill, and where it goes.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) kind: ReportKind,
    pub(super) file: PathBuf,
}

/// Writes the reports of a drill whose events were kept.
///
/// # Errors
/// Which one could not be written, and why. The others are.
pub(super) fn write(wanted: &[Wanted], done: &Finished) -> Result<(), String> {
    let mut written = Ok(());
    for Wanted { kind, file } in wanted {
        written = written.and(save(file, &text(*kind, done)));
    }
    written
}

fn text(kind: ReportKind, done: &Finished) -> String {
    match kind {
        // Is of all drills, and written when they are over.
        ReportKind::Json => String::new(),
        ReportKind::Prometheus => {
            let mut fold = Prometheus::new(done.plan.known());
            done.events.iter().for_each(|event| fold.apply(event));
            fold.text()
        }
        ReportKind::Audit => audit::document(&done.events),
        ReportKind::Otlp => traces(done).document(&done.events),
    }
}

fn traces(done: &Finished) -> otlp::Drill<'_> {
    otlp::Drill { scenario: &done.plan.name, seed: done.seed, dialects: done.plan.dialects() }
}

/// Sends the traces of a drill whose events were kept to a collector.
///
/// # Errors
/// Why not all of them arrived.
pub(super) fn send(url: &str, done: &Finished) -> Result<(), String> {
    traces(done).send(url, &done.events)
}

/// Tells everybody of the alerts of a drill as its scenario says. Returns what is to be said of it: a line for each alert
/// that goes to the log, and for each that did not arrive.
pub(super) fn tell(done: &Finished) -> Vec<String> {
    let messages = alerts::messages(&done.plan.alerts, &done.plan.name, done.seed, &done.events);
    messages.iter().filter_map(|(to, message)| alerts::deliver(to, message).unwrap_or_else(Some)).collect()
}

fn save(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|e| format!("the report {} cannot be written: {e}", file.display()))
}
