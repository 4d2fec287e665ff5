//! The audit log: one JSON object a line for every decision that moved traffic, and for nothing else.
//!
//! | `event` | when | `from` | `to` | `reason` |
//! | --- | --- | --- | --- | --- |
//! | `hop` | a request moved on | the target left | the target it moved to | the class or the skip that made it |
//! | `skip` | a target was passed over | that target | – | why |
//! | `swap` | a target took the place of another in a chain, or did not | the incumbent | the candidate | the verdict |
//! | `transition` | a breaker changed state | the state before | the state after | the breaker's cause |
//!
//! Every row has all keys, in one order: `seq` and `at_us` of the event it is made of (a row is found in the recording by
//! its `seq`), `event`, `request`, `tenant`, `route`, `target`, `from`, `to`, `reason`. What does not apply is null: a
//! transition has no request, a move has no target of its own. Items of evals have rows like any request, of the tenant
//! `eval`.

use crate::event::{Event, EventKind, Micros, Name, RequestId};
use serde::Serialize;
use std::collections::BTreeMap;

/// One row of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row<'a> {
    /// The place of its event in the log.
    pub seq: u64,
    /// When, in microseconds from the start of the drill.
    #[serde(rename = "at_us")]
    pub at: Micros,
    /// `hop`, `skip`, `transition` or `swap`.
    pub event: &'static str,
    /// The request, if it is about one.
    pub request: Option<RequestId>,
    /// Its tenant.
    pub tenant: Option<Name>,
    /// Its chain.
    pub route: Option<Name>,
    /// For a transition: whose breaker.
    pub target: Option<&'a str>,
    /// What was left.
    pub from: Option<&'a str>,
    /// Where it went.
    pub to: Option<&'a str>,
    /// Why.
    pub reason: &'a str,
}

/// Turns a log into rows.
#[derive(Debug, Default)]
pub struct Audit {
    in_flight: BTreeMap<RequestId, Flight>,
}

/// What the rows of a request say of it.
#[derive(Debug, Clone, Default)]
struct Flight {
    tenant: Option<Name>,
    route: Option<Name>,
}

impl Audit {
    /// Takes the next event of the log; returns its row, if it has one.
    pub fn row<'a>(&mut self, event: &'a Event) -> Option<Row<'a>> {
        let row = |what, request: Option<RequestId>, from, to, reason| {
            let Flight { tenant, route } = request.and_then(|r| self.in_flight.get(&r).cloned()).unwrap_or_default();
            Row { seq: event.seq, at: event.at, event: what, request, tenant, route, target: None, from, to, reason }
        };
        match &event.kind {
            EventKind::FellBack { request, from, to, reason } => {
                Some(row("hop", Some(*request), Some(&**from), Some(&**to), reason.as_str()))
            }
            EventKind::Skipped { request, target, reason } => {
                Some(row("skip", Some(*request), Some(&**target), None, reason.as_str()))
            }
            EventKind::BreakerChanged { target, from, to, cause, .. } => {
                let row = row("transition", None, Some(from.as_str()), Some(to.as_str()), cause);
                Some(Row { target: Some(target), ..row })
            }
            EventKind::Swap { chain, from, to, verdict, .. } => {
                let row = row("swap", None, Some(&**from), Some(&**to), verdict.as_str());
                Some(Row { route: Some(chain.clone()), ..row })
            }
            EventKind::Arrived { request, tenant, chain, .. } => {
                self.in_flight.insert(*request, Flight { tenant: Some(tenant.clone()), route: Some(chain.clone()) });
                None
            }
            EventKind::Ended { request, .. } => {
                self.in_flight.remove(request);
                None
            }
            _ => None,
        }
    }
}

/// The whole audit log of a drill.
#[must_use]
pub fn document(events: &[Event]) -> String {
    let mut audit = Audit::default();
    // Every row has a JSON form: its keys are ours and its values are texts and numbers.
    let lines = events.iter().filter_map(|event| serde_json::to_string(&audit.row(event)?).ok());
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}
