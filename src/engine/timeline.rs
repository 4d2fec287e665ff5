//! What the script says happens when: phases and faults, as events in order.

use crate::event::EventKind;
use crate::scenario::plan::Plan;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The scripted instants of a drill, ascending. At one instant ends come before beginnings, faults before phases.
#[must_use]
pub(super) fn script(plan: &Plan) -> VecDeque<(Duration, EventKind)> {
    let mut edges: Vec<(Duration, u8, EventKind)> = Vec::new();
    for phase in &plan.phases {
        edges.push((phase.from, 2, EventKind::PhaseStarted { phase: Arc::clone(&phase.name) }));
    }
    for planned in &plan.faults {
        let fault = planned.fault.id;
        let providers = planned.providers.iter().map(|&p| Arc::clone(&plan.providers[p].name)).collect();
        let label = Arc::clone(&planned.label);
        edges.push((planned.fault.from, 1, EventKind::FaultStarted { fault, label, providers }));
        edges.push((planned.fault.until, 0, EventKind::FaultEnded { fault }));
    }
    edges.sort_by_key(|(at, rank, _)| (*at, *rank));
    edges.into_iter().map(|(at, _, kind)| (at, kind)).collect()
}
