//! What providers charge for calls that the router did not hear to their end: those it gave up, and those that lost a race.
//! The router cannot know; the mocks' ledger does, and tells when the drill is over, as a bill would at the end of the month.

use crate::event::{Event, EventKind, Micros, Name, Nanodollars, RequestId, Usage};
use crate::router::config::Target;
use crate::router::policy::cost;
use crate::router::policy::prices::PriceList;
use mock_providers::Ledger;
use mock_providers::ledger::Entry;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The calls whose price is not known yet.
pub(super) struct Bills {
    prices: BTreeMap<Name, PriceList>,
    /// When each was dispatched, and what the router took it to cost.
    unread: BTreeMap<(Name, RequestId, u32), (Micros, Nanodollars)>,
}

impl Bills {
    pub(super) fn new(targets: &[Target]) -> Self {
        let prices = targets.iter().map(|t| (Arc::clone(&t.name), t.prices.clone())).collect();
        Self { prices, unread: BTreeMap::new() }
    }

    /// Takes the next event of the log.
    pub(super) fn apply(&mut self, event: &Event) {
        if let EventKind::AttemptEnded { request, target, attempt, dispatched, class, cost, .. } = &event.kind
            && class.is_given_up()
        {
            self.unread.insert((Arc::clone(target), *request, *attempt), (*dispatched, *cost));
        }
    }

    /// The bills for what was charged beyond what the log has told already, in the order of the ledger.
    pub(super) fn settle(&mut self, ledger: &Ledger) -> Vec<EventKind> {
        if self.unread.is_empty() {
            return Vec::new();
        }
        ledger.entries().iter().filter_map(|entry| self.bill(entry)).collect()
    }

    fn bill(&mut self, entry: &Entry) -> Option<EventKind> {
        if entry.cost <= 0.0 {
            return None;
        }
        let (name, request) = (format!("{}/{}", entry.provider, entry.model).into(), entry.request.parse().ok()?);
        let (dispatched, told) = self.unread.remove(&(Arc::clone(&name), request, entry.attempt))?;
        let price = self.prices.get(&name)?.at(dispatched.into());
        let usage = Usage { prompt: entry.prompt_tokens, answer: entry.tokens, ..Usage::default() };
        let cost = Nanodollars(cost::of(price, &usage).0.saturating_sub(told.0));
        let billed = EventKind::Billed { request, target: name, attempt: entry.attempt, dispatched, cost };
        (cost > Nanodollars::default()).then_some(billed)
    }
}
