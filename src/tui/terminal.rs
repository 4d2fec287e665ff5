//! Takes the terminal, and gives it back whatever happens.
//!
//! Rules:
//! - Raw mode, alternate screen and hidden cursor are undone when the guard is dropped, and before a panic on *any*
//!   thread prints its message. Whoever comes first does it, once.
//! - SIGINT, SIGTERM and SIGHUP ask for an orderly end ([`Guard::asked_to_end`]). Once the terminal has been given
//!   back they kill again, so that a program that hangs while it winds up can still be stopped.
//! - Giving back never fails and never panics, not even when the terminal is gone.

use crossterm::cursor::{Hide, Show};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io::{self, BufWriter, Stdout};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};

/// A terminal that writes a frame in one go. Never dropped: ratatui's drop prints when it cannot show the cursor, which
/// panics where standard error has gone with the terminal. The guard shows the cursor.
pub(super) type Screen = ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>;

/// Bytes of a large frame that changes everywhere.
const FRAME: usize = 256 * 1024;

static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Holds the terminal while it lives.
#[derive(Debug)]
pub(super) struct Guard {
    asked: Arc<AtomicBool>,
    given_back: Arc<AtomicBool>,
}

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is none, or it refuses.
    pub(super) fn take() -> io::Result<(Self, Screen)> {
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                previous(info);
            }));
        });
        let guard = Self { asked: Arc::default(), given_back: Arc::default() };
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&guard.given_back))?;
            signal_hook::flag::register(signal, Arc::clone(&guard.asked))?;
        }
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        let screen = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(FRAME, io::stdout())))?;
        Ok((guard, ManuallyDrop::new(screen)))
    }

    /// Whether a signal asked for the end.
    #[must_use]
    pub(super) fn asked_to_end(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether the terminal is still ours; a panic on another thread takes it away.
    #[must_use]
    pub(super) fn holds(&self) -> bool {
        TAKEN.load(Ordering::SeqCst)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
        self.given_back.store(true, Ordering::SeqCst);
    }
}

fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn giving_back_what_was_never_taken_does_nothing() {
        give_back();
        assert!(!TAKEN.load(Ordering::SeqCst));
    }
}
