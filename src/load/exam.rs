//! Measures targets: sends each of them the items of an eval set, one target at a time for each item.
//!
//! Rules:
//! - Item *n* of the eval set of a chain is the same for every target and in every exam: its words are those of a request
//!   that nobody sends. Its luck is its own, as that of any other request.
//! - An item is sent at its planned instant, whatever has become of those before, to all targets at once.
//! - An item without an end has no verdict.

use super::Sender;
use crate::event::RequestId;
use crate::router::policy::evals::{Mark, Pace};
use crate::router::{Only, Router};
use crate::runtime::{Clock, Spawner};
use std::sync::Arc;

/// What is asked of whom, and when.
#[derive(Clone)]
pub struct Exam {
    /// Index of the chain whose eval set it is.
    pub chain: usize,
    /// Who sends its items: one for each task, which take turns.
    pub senders: Vec<Arc<Sender>>,
    /// How the items are worked off.
    pub pace: Pace,
    /// The number of the first target's seat. Every target of every exam of a drill has one of its own.
    pub seat: u16,
}

/// Where exams take place.
#[derive(Clone)]
pub struct Room {
    /// The drill's clock.
    pub clock: Clock,
    /// Who looks after tasks.
    pub spawner: Spawner,
    /// Who is examined.
    pub router: Arc<Router>,
}

impl Exam {
    /// Examines these targets, from the first item to the last answer. Returns the marks of each, item by item.
    pub async fn hold(&self, targets: &[usize], room: &Room) -> Vec<Vec<Mark>> {
        let mut sent: Vec<Vec<_>> = targets.iter().map(|_| Vec::new()).collect();
        let items = if self.senders.is_empty() { 0 } else { self.pace.items };
        for number in 0..items {
            let at = self.pace.instant(number);
            room.clock.sleep_until(at).await;
            let words = RequestId { stream: RequestId::EVALS + self.chain as u16, number };
            let sender = &self.senders[number as usize % self.senders.len()];
            for (seat, (&target, sent)) in targets.iter().zip(&mut sent).enumerate() {
                let id = RequestId { stream: RequestId::EVALS + self.seat + seat as u16, number };
                let only = Only { chain: self.chain, target };
                sent.push(room.spawner.spawn(sender.measure((id, words), only, at, &room.router)));
            }
        }
        let mut marks = Vec::new();
        for sent in sent {
            let mut of_one = Vec::new();
            for item in sent {
                of_one.push(item.await.unwrap_or(Mark::Error));
            }
            marks.push(of_one);
        }
        marks
    }
}
