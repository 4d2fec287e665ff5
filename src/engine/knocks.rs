//! Calls that found no ear while a listener fared badly. The mocks' ledger cannot tell of them, as nobody read them.

use crate::event::{Class, Event, EventKind, Name, RequestId};
use crate::scenario::plan::{Plan, PlannedFault};
use mock_providers::fault::Effect;
use std::sync::Arc;
use std::time::Duration;

/// A call that got no head from a provider whose listener was meant to fare badly when the call was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knock {
    /// The fault.
    pub fault: u32,
    /// Which target was called.
    pub target: Name,
    /// For which request.
    pub request: RequestId,
    /// The n-th call of this request to this target, from 1.
    pub attempt: u32,
}

/// The log → the knocks in it.
pub(super) struct Knocks {
    doors: Vec<Bad>,
    heard: Vec<Knock>,
}

/// A listener that fares badly for a time.
struct Bad {
    fault: u32,
    from: Duration,
    until: Duration,
    providers: Vec<Name>,
}

impl Knocks {
    pub(super) fn new(plan: &Plan) -> Self {
        let on_listeners = plan.faults.iter().filter(|planned| matches!(planned.fault.effect, Effect::Listener(_)));
        let bad = |PlannedFault { providers, fault, .. }: &PlannedFault| Bad {
            fault: fault.id,
            from: fault.from,
            until: fault.until,
            providers: providers.iter().filter_map(|&p| plan.providers.get(p)).map(|p| Arc::clone(&p.name)).collect(),
        };
        Self { doors: on_listeners.map(bad).collect(), heard: Vec::new() }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        let EventKind::AttemptEnded { request, target, attempt, dispatched, class, status: None, .. } = &event.kind
        else {
            return;
        };
        if !matches!(class, Class::Connect | Class::Timeout) {
            return;
        }
        let provider = target.split('/').next().unwrap_or_default();
        let called = Duration::from(*dispatched);
        for door in &self.doors {
            if (door.from..door.until).contains(&called) && door.providers.iter().any(|p| **p == *provider) {
                let (fault, target) = (door.fault, Arc::clone(target));
                self.heard.push(Knock { fault, target, request: *request, attempt: *attempt });
            }
        }
    }

    pub(super) fn take(&mut self) -> Vec<Knock> {
        std::mem::take(&mut self.heard)
    }
}
