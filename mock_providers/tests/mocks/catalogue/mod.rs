//! The catalogue of faults: what a client sees of each, in both worlds.
//!
//! [`rows`] is the table: what is injected, what is asked for, what is seen. It is run in memory on the paused
//! clock and over TCP on the real one, for every dialect whose streams are texts. A kind without a row fails.

mod apart;
mod docs;
mod inject;
mod off;
mod rows;
mod view;
mod world;

use mock_providers::Dialect;
use mock_providers::fault::registry;
use rows::{Row, rows};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use tokio::task::JoinSet;
use view::View;
use world::{DIALECTS, How, in_memory, over_tcp};

/// The rows that some dialects do not keep yet, and why. Where one does, it must be taken off.
const PENDING: &[(&str, How, &[Dialect], &str)] = &[];

/// A row as it went in memory: without a fault, and with it.
struct Told {
    row: Row,
    healthy: View,
    seen: View,
}

async fn all_in_memory() -> Vec<Told> {
    let mut told = Vec::new();
    for row in rows() {
        for dialect in DIALECTS {
            let healthy = in_memory(&row, dialect, false).await;
            let seen = in_memory(&row, dialect, true).await;
            told.push(Told { row, healthy, seen });
        }
    }
    told
}

/// What is wrong with a view, if anything; a row that is pending must be wrong.
fn complaint(row: &Row, healthy: &View, seen: &View) -> Option<String> {
    let result = (row.sees)(seen, healthy);
    let pending = PENDING
        .iter()
        .any(|(inject, how, dialects, _)| *inject == row.inject && *how == row.how && dialects.contains(&seen.dialect));
    let why = match result {
        Ok(()) if pending => "is seen now: take it off the pending rows".to_owned(),
        Err(why) if !pending => why,
        _ => return None,
    };
    let shown = String::from_utf8_lossy(&seen.bytes[..seen.bytes.len().min(3000)]).into_owned();
    let Row { inject, how, .. } = row;
    Some(format!("{} {inject} {how:?}: {why}\n{:?} {:?}\n{shown}\n", seen.dialect, seen.end, seen.entry))
}

#[tokio::test(start_paused = true)]
async fn in_memory_a_client_sees_of_every_fault_what_the_table_says() {
    let mut report = String::new();
    for Told { row, healthy, seen } in all_in_memory().await {
        if let Some(complaint) = complaint(&row, &healthy, &seen) {
            writeln!(report, "{complaint}").unwrap();
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn over_tcp_a_client_sees_of_every_fault_what_the_table_says() {
    let virtual_world = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let told: Vec<Arc<Told>> = virtual_world.block_on(all_in_memory()).into_iter().map(Arc::new).collect();
    let real_world = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = real_world.block_on(async {
        let mut report = String::new();
        // Not all at once: each holds several sockets.
        for some in told.chunks(48) {
            let mut running = JoinSet::new();
            for told in some.iter().cloned() {
                running.spawn(async move {
                    let seen = over_tcp(&told.row, &told.seen).await;
                    complaint(&told.row, &told.healthy, &seen)
                });
            }
            for complaint in running.join_all().await.into_iter().flatten() {
                writeln!(report, "{complaint}").unwrap();
            }
        }
        report
    });
    assert!(report.is_empty(), "{report}");
}

#[test]
fn every_kind_of_fault_has_a_row_and_so_has_every_pending_entry() {
    let rows = rows();
    let shown: BTreeSet<&str> = rows.iter().map(|row| inject::said(row.inject).0.name).collect();
    let all: BTreeSet<&str> = registry::ALL.iter().map(|kind| kind.name).collect();
    assert_eq!(shown, all);
    for (inject, how, _, reason) in PENDING {
        assert!(rows.iter().any(|row| row.inject == *inject && row.how == *how), "{inject} is no row");
        assert!(!reason.is_empty());
    }
}
