//! Listens to the terminal on a thread of its own.
//!
//! Why a thread: when a terminal goes away (a dropped ssh session), crossterm's `poll` never returns, whatever its
//! timeout. The screen must still see the SIGHUP and leave, so it may not be the one that is stuck.
//!
//! The thread ends soon after its [`Keyboard`] is dropped. One that is stuck ends with the process; nobody joins it.

use crossterm::event::{self, Event};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// How often the thread looks whether anybody still listens.
const GLANCE: Duration = Duration::from_millis(60);

/// What is typed, and changes of the terminal's size.
#[derive(Debug)]
pub(super) struct Keyboard {
    events: Receiver<io::Result<Event>>,
    ended: Arc<AtomicBool>,
}

impl Keyboard {
    /// Starts to listen.
    ///
    /// # Errors
    /// When no thread can be had.
    pub(super) fn listen() -> io::Result<Self> {
        let (heard, events) = channel();
        let ended = Arc::new(AtomicBool::new(false));
        let watched = Arc::clone(&ended);
        thread::Builder::new().name("keyboard".to_owned()).spawn(move || relay(&heard, &watched))?;
        Ok(Self { events, ended })
    }

    /// The next event, if one comes in time.
    ///
    /// # Errors
    /// When the terminal cannot be read any more.
    pub(super) fn wait(&self, patience: Duration) -> io::Result<Option<Event>> {
        match self.events.recv_timeout(patience) {
            Ok(event) => event.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the keyboard is gone")),
        }
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

fn relay(heard: &Sender<io::Result<Event>>, ended: &AtomicBool) {
    while !ended.load(Ordering::Relaxed) {
        let event = match event::poll(GLANCE) {
            Ok(false) => continue,
            Ok(true) => event::read(),
            Err(e) => Err(e),
        };
        let broken = event.is_err();
        if heard.send(event).is_err() || broken {
            return;
        }
    }
}
