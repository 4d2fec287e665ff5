//! Waiting for a turn: batch requests, where their chain bounds how much they may contend for.
//!
//! A request waits at the first target that would take it if there were room, rather than fall over to another that
//! interactive traffic may need. Only when no more time is left than an answer takes does it go on along its chain.

use super::{Leave, Walk};
use crate::event::{Class, EventKind, SkipReason};
use std::time::Duration;

impl Walk<'_> {
    /// Leave to call a target, waited for where that is what a batch request does. `None`: the client hung up meanwhile.
    pub(super) async fn admit_in_turn(&mut self, place: usize, lenient: bool) -> Option<Result<Leave, SkipReason>> {
        let refused = match self.admit(place, lenient, None) {
            Err(SkipReason::Yields) => SkipReason::Yields,
            settled => return Some(settled),
        };
        let latest = self.latest_start(place);
        if latest <= self.now() {
            return Some(Err(refused));
        }
        let (waiting, behind) = self.health(place).stand_in_line();
        let (request, target) = (self.request.id, self.name(place));
        self.log(EventKind::Yielded { request, target, behind: behind as u32 });
        loop {
            let gone = tokio::select! {
                biased;
                () = waiting.rung() => None,
                gone = self.gone_while(latest) => Some(gone),
            };
            if gone == Some(true) {
                self.failure = Some(Class::Cancelled);
                return None;
            }
            match self.admit(place, lenient, Some(waiting.turn)) {
                Err(SkipReason::Yields) if gone.is_none() => {}
                settled => return Some(settled),
            }
        }
    }

    /// When a call there must begin to leave time for an answer.
    fn latest_start(&self, place: usize) -> Duration {
        let answer = self.health(place).median().unwrap_or_default().max(self.chain.min_hop_time);
        self.time_is_up().saturating_sub(answer)
    }
}
