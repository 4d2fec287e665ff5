//! The one consumer of the event log: appends, folds, records.
//!
//! Rules:
//! - Events are folded in the call that records them, in both worlds: no channel, nothing lost, nothing reordered.
//! - Readers get snapshots and may lag behind; the log never waits for them.
//! - A recording that cannot be written is dropped and the drill goes on; the error is told at the end.

use super::bills::Bills;
use super::knocks::{Knock, Knocks};
use crate::event::{Event, EventKind, Header, LOG_VERSION, Sink};
use crate::report::{Figures, Totals};
use crate::runtime::Clock;
use crate::scenario::plan::Plan;
use crate::slo::{Board, Facts};
use crate::stats::Stats;
use crate::stats::snapshot::Snapshot;
use mock_providers::Ledger;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The log of one drill and its folds.
pub(super) struct Journal {
    clock: Clock,
    inner: Mutex<Inner>,
}

struct Inner {
    seq: u64,
    ended: bool,
    stats: Stats,
    board: Board,
    figures: Figures,
    knocks: Knocks,
    bills: Bills,
    writer: Option<Box<dyn Write + Send>>,
    write_error: Option<io::Error>,
    kept: Option<Vec<Event>>,
}

/// What is left of a journal when the drill is over.
pub(super) struct Closed {
    /// The final state.
    pub snapshot: Snapshot,
    /// The assertions.
    pub board: Board,
    /// Counts and percentiles.
    pub totals: Totals,
    /// Calls that found no ear.
    pub knocks: Vec<Knock>,
    /// The log, if it was kept.
    pub events: Vec<Event>,
    /// Why the recording is incomplete, if it is.
    pub write_error: Option<io::Error>,
}

impl Journal {
    /// An empty log. `record` gets one JSON document a line; `keep` keeps the events in memory.
    #[must_use]
    pub(super) fn new(plan: &Plan, clock: Clock, record: Option<Box<dyn Write + Send>>, keep: bool) -> Self {
        let phases = plan.phases.iter().map(|p| Arc::clone(&p.name)).collect();
        let facts = plan.facts();
        let targets: Vec<_> = plan.router.targets.iter().map(|t| Arc::clone(&t.name)).collect();
        Self {
            clock,
            inner: Mutex::new(Inner {
                seq: 0,
                ended: false,
                stats: Stats::new(phases, &targets).of_fleet(plan.router.fleet.replicas),
                figures: Figures::new(&facts),
                knocks: Knocks::new(plan),
                bills: Bills::new(&plan.router.targets),
                board: Board::new(&plan.slos, facts),
                writer: record,
                write_error: None,
                kept: keep.then(Vec::new),
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the first line of a recording.
    pub(super) fn head(&self, plan: &Plan, seed: u64, world: &str) {
        let header = Header {
            format: "hopdrill-log".to_owned(),
            version: LOG_VERSION,
            hopdrill: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: Arc::clone(&plan.name),
            scenario_hash: plan.hash(),
            seed,
            world: world.to_owned(),
        };
        self.inner().write(&header);
    }

    /// The present state.
    #[must_use]
    pub(super) fn snapshot(&self) -> Snapshot {
        let now = self.clock.now_micros();
        let inner = self.inner();
        inner.stats.snapshot(now, inner.board.views(now))
    }

    /// Ends the log: the bills come in, and nothing after that is recorded.
    pub(super) fn end(&self, ledger: &Ledger, interrupted: bool) {
        let bills = self.inner().bills.settle(ledger);
        for billed in bills {
            self.record(billed);
        }
        self.record(EventKind::DrillEnded { interrupted });
    }

    /// Closes the log.
    #[must_use]
    pub(super) fn close(&self) -> Closed {
        let snapshot = self.snapshot();
        let mut inner = self.inner();
        if let Some(Err(error)) = inner.writer.as_mut().map(Write::flush) {
            inner.write_error.get_or_insert(error);
        }
        Closed {
            snapshot,
            board: std::mem::replace(&mut inner.board, Board::new(&[], Facts::default())),
            totals: inner.figures.totals(),
            knocks: inner.knocks.take(),
            events: inner.kept.take().unwrap_or_default(),
            write_error: inner.write_error.take(),
        }
    }
}

impl Inner {
    fn write(&mut self, line: &impl serde::Serialize) {
        let Some(writer) = &mut self.writer else { return };
        let written =
            serde_json::to_writer(&mut *writer, line).map_err(io::Error::from).and_then(|()| writer.write_all(b"\n"));
        if let Err(error) = written {
            self.writer = None;
            self.write_error = Some(error);
        }
    }
}

impl Sink for Journal {
    fn record(&self, kind: EventKind) {
        let mut inner = self.inner();
        if inner.ended {
            return; // After an interrupt, tasks of the real world may go on for a moment.
        }
        inner.ended = matches!(kind, EventKind::DrillEnded { .. });
        let event = Event { seq: inner.seq, at: self.clock.now_micros(), kind };
        inner.seq += 1;
        inner.stats.apply(&event);
        inner.board.apply(&event);
        inner.figures.apply(&event);
        inner.knocks.apply(&event);
        inner.bills.apply(&event);
        inner.write(&event);
        if let Some(kept) = &mut inner.kept {
            kept.push(event);
        }
    }
}
