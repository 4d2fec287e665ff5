//! Evals and swaps at their time: examines targets, tells what came of it, and lets a candidate take a place if it may.
//!
//! What is decided is `router/policy/evals.rs`; here it is carried out and written into the log.

use super::journal::Journal;
use crate::event::{EventKind, Name, Sink as _, SwapVerdict};
use crate::load::{Exam, Room, Sender};
use crate::router::config::Swap;
use crate::router::policy::evals::{Decision, Mark, Pace, count, decide};
use crate::runtime::Clock;
use crate::scenario::plan::Plan;
use mock_providers::Luck;
use std::sync::Arc;

/// What is examined in a drill, by whom.
#[derive(Clone)]
pub(super) struct Examiner {
    pub(super) plan: Arc<Plan>,
    pub(super) room: Room,
    pub(super) journal: Arc<Journal>,
}

/// The exams of a drill: one for each eval, then one for each swap.
pub(super) fn exams(plan: &Plan, luck: Luck, clock: Clock, journal: &Arc<Journal>) -> Result<Vec<Exam>, String> {
    let oversight = &plan.router.oversight;
    let evals = oversight.evals.iter().map(|eval| (eval.chain, eval.pace));
    let swaps = oversight.swaps.iter().map(|swap| (swap.chain, swap.pace));
    let mut seat = 0;
    let exam = |(chain, pace): (usize, Pace)| {
        let senders = plan.eval_set(chain);
        let log = || Arc::clone(journal) as _;
        let senders = senders.iter().map(|task| Sender::new(task, luck, clock, log()).map(Arc::new));
        let exam = Exam { chain, senders: senders.collect::<Result<_, _>>()?, pace, seat };
        // A chain keeps its length, and a swap has two.
        seat += plan.router.chains[chain].targets.len().max(2) as u16;
        Ok(exam)
    };
    evals.chain(swaps).map(exam).collect()
}

impl Examiner {
    /// Measures every target that is in the chain when the first item is sent.
    pub(super) async fn evaluate(self, exam: Exam) {
        self.room.clock.sleep_until(exam.pace.at).await;
        let members = self.room.router.members(exam.chain);
        self.examine(&exam, &members).await;
    }

    /// Measures incumbent and candidate, unless nobody looks, and decides.
    pub(super) async fn swap(self, exam: Exam, swap: Swap) {
        self.room.clock.sleep_until(exam.pace.at).await;
        let there = self.room.router.members(swap.chain).contains(&swap.from);
        let decision = match swap.bar.filter(|_| there) {
            Some(bar) => match &*self.examine(&exam, &[swap.from, swap.to]).await {
                [incumbent, candidate] => decide(incumbent, candidate, &bar),
                _ => Decision::blind(SwapVerdict::Inconclusive),
            },
            None => Decision::blind(SwapVerdict::Unseen),
        };
        let fits = !decision.verdict.ships() || self.room.router.swap(swap.chain, swap.from, swap.to);
        let verdict = if fits { decision.verdict } else { SwapVerdict::Absent };
        let Decision { pairs, incumbent, candidate, .. } = decision;
        let (chain, from, to) = (self.chain(swap.chain), self.target(swap.from), self.target(swap.to));
        self.journal.record(EventKind::Swap { chain, from, to, verdict, pairs, incumbent, candidate });
    }

    async fn examine(&self, exam: &Exam, targets: &[usize]) -> Vec<Vec<Mark>> {
        let found = exam.hold(targets, &self.room).await;
        for (&target, marks) in targets.iter().zip(&found) {
            let chain = self.chain(exam.chain);
            self.journal.record(EventKind::Evaluated { chain, target: self.target(target), marks: count(marks) });
            self.room.router.learn(target, marks);
        }
        found
    }

    fn chain(&self, index: usize) -> Name {
        Arc::clone(&self.plan.router.chains[index].name)
    }

    fn target(&self, index: usize) -> Name {
        Arc::clone(&self.plan.router.targets[index].name)
    }
}
