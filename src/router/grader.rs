//! The grader: looks at a share of the answers that clients got, and says some time later what it thinks of them.
//!
//! It sees question and answer. Whether the answer is right only [`Truth`] knows, which is handed in; the grader passes on
//! what its error rates leave of it. Its verdicts feed the rolling quality of the target and may demote it. What it has
//! not said when the drill ends is never known.

use super::client::Request;
use super::health::Health;
use super::policy::grading::Params;
use crate::event::{EventKind, Sink};
use crate::provider::Answered;
use crate::runtime::{Clock, Spawner};
use mock_providers::Luck;
use std::sync::Arc;

/// Whether an answer is right.
pub trait Truth: Send + Sync {
    /// Whether this is the right answer to this request.
    fn is_right(&self, request: &Request, answered: &Answered) -> bool;
}

/// A grader at work.
pub(super) struct Grader {
    pub(super) params: Params,
    pub(super) truth: Arc<dyn Truth>,
    pub(super) spawner: Spawner,
}

impl Grader {
    /// Whether it looks at the answer to this request. Vectors are not for it.
    pub(super) fn picks(&self, luck: Luck, request: &Request) -> bool {
        let ids = [u64::from(request.id.stream), u64::from(request.id.number)];
        request.embedding.is_none() && self.params.picks(luck.unit("graded", &[], &ids))
    }

    /// Looks at an answer. The verdict comes when it is due.
    pub(super) fn look(
        &self,
        request: &Request,
        answered: &Answered,
        health: &Arc<Health>,
        (clock, luck, log): (Clock, Luck, &Arc<dyn Sink>),
    ) {
        let (params, id) = (self.params, request.id);
        let ids = [u64::from(id.stream), u64::from(id.number)];
        let right = self.truth.is_right(request, answered);
        let good = params.verdict(right, luck.unit("verdict", &[&health.name], &ids));
        let (health, log, due) = (Arc::clone(health), Arc::clone(log), clock.now() + params.delay);
        self.spawner.spawn(async move {
            clock.sleep_until(due).await;
            let target = Arc::clone(&health.name);
            log.record(EventKind::Graded { request: id, target: Arc::clone(&target), good, cost: params.cost });
            if let Some(until) = health.graded(clock.now(), good) {
                log.record(EventKind::Demoted { target, until: until.into() });
            }
        });
    }
}
