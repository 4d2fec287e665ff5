//! Tells a person when the price list of a target changes.

use super::Router;
use crate::event::{AlertKind, EventKind, Name};
use std::sync::Arc;
use std::time::Duration;

impl Router {
    /// Raises an alert at each change of a price before `until`.
    pub(super) async fn watch_prices(self: Arc<Self>, until: Duration) {
        let targets = self.config.targets.iter();
        let mut changes: Vec<_> = targets.flat_map(|t| t.prices.changes().map(|change| (change, &t.name))).collect();
        changes.sort_by_key(|((at, ..), _)| *at);
        for ((at, before, after), target) in changes {
            if at >= until {
                return;
            }
            self.clock.sleep_until(at).await;
            let cause = format!(
                "prices per million tokens: ${} → ${} of the prompt, ${} → ${} of the answer",
                before.input, after.input, before.output, after.output
            );
            let target = Name::clone(target);
            self.log.record(EventKind::Alert {
                target,
                kind: AlertKind::PriceChange,
                drift: None,
                cause: cause.into(),
            });
        }
    }
}
