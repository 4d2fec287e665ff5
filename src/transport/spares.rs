//! Connections that stand before anybody needs them, so that the first requests to a standby do not wait for handshakes.
//!
//! Rules:
//! - So many are kept. One that is taken is replaced at once; a dial that fails is tried again when the next one is taken.
//! - A spare that its peer has closed meanwhile is thrown away, never used.
//! - What is kept here has carried no request. Connections that have belong to the client's pool.

use super::{Conn, Reach};
use crate::runtime::Spawner;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, ReadBuf};

/// The spare connections to one provider.
pub(super) struct Spares {
    reach: Reach,
    spawner: Spawner,
    most: usize,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    ready: VecDeque<Conn>,
    dialling: usize,
}

impl Spares {
    /// Begins to dial.
    pub(super) fn new(reach: Reach, most: usize, spawner: Spawner) -> Self {
        let spares = Self { reach, spawner, most, kept: Arc::default() };
        spares.refill();
        spares
    }

    /// A connection that stands, if there is one.
    pub(super) fn take(&self) -> Option<Conn> {
        let mut kept = lock(&self.kept);
        let spare =
            std::iter::from_fn(|| kept.ready.pop_front()).find_map(|mut spare| is_open(&mut spare).then_some(spare));
        drop(kept);
        self.refill();
        spare
    }

    fn refill(&self) {
        let mut kept = lock(&self.kept);
        let missing = self.most.saturating_sub(kept.ready.len() + kept.dialling);
        kept.dialling += missing;
        for _ in 0..missing {
            let (reach, slot) = (self.reach.clone(), Arc::downgrade(&self.kept));
            self.spawner.spawn(async move {
                let dialled = reach.dial().await;
                if let Some(slot) = slot.upgrade() {
                    let mut kept = lock(&slot);
                    kept.dialling -= 1;
                    kept.ready.extend(dialled.ok());
                }
            });
        }
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the peer still listens: a server says nothing before it is asked, so there is nothing to read, not even an end.
fn is_open(conn: &mut Conn) -> bool {
    let mut byte = [0];
    let polled: Poll<io::Result<()>> =
        Pin::new(conn).poll_read(&mut Context::from_waker(Waker::noop()), &mut ReadBuf::new(&mut byte));
    polled.is_pending()
}
