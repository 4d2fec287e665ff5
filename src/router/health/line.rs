//! The line of batch requests before one target.

use super::Health;
use crate::router::policy::batch::Turn;
use std::sync::Arc;
use tokio::sync::Notify;

/// A place in the line, given up when it is dropped.
#[derive(Debug)]
pub(in crate::router) struct Waiting {
    health: Arc<Health>,
    pub(in crate::router) turn: Turn,
    bell: Arc<Notify>,
}

impl Health {
    /// Takes the last place in the line. Also returns how many are before it.
    pub(in crate::router) fn stand_in_line(self: &Arc<Self>) -> (Waiting, usize) {
        let bell = Arc::new(Notify::new());
        let (turn, before) = self.state().line.join(Arc::clone(&bell));
        (Waiting { health: Arc::clone(self), turn, bell }, before)
    }

    /// Something has changed that the first in the line may have waited for.
    pub(super) fn ring(&self) {
        if let Some(bell) = self.state().line.first() {
            bell.notify_one();
        }
    }
}

impl Waiting {
    /// Until it may be this request's turn.
    pub(in crate::router) async fn rung(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.health.state().line.leave(self.turn);
        self.health.ring();
    }
}
