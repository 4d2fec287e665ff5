//! The dashboard: a terminal screen that shows a running drill, and keys that go back to it.
//!
//! ```text
//! drill ── watch ──► Snapshot ─┐
//!                              ├─► Model ──► view ──► terminal
//! keys ──► Action ─────────────┘     └─► Command ── mpsc ──► drill
//! ```
//!
//! Rules:
//! - The drill never waits for the screen: it leaves its newest snapshot in a `watch` channel, and the screen looks
//!   when it has time.
//! - `view` is a pure function of the model. Nothing is drawn when nothing has changed.
//! - The terminal is given back on every way out (`terminal.rs`).
//! - A snapshot that a person asked to see stays: after the end the last screen waits for `q`.
//!
//! It computes no statistics, reads no clock and knows nothing of the router: what is not in the plan or the snapshot
//! is not on the screen.
//!
//! To add a panel: a file in `view/` with the panel sketched in its documentation, a rectangle in `view/layout.rs`, a
//! line in `view::view`, and new screens in `tests.rs`. To add a key: see `input.rs`.

pub mod input;
mod keyboard;
pub mod model;
mod terminal;
mod text;
pub mod theme;
pub mod view;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use model::Model;
pub use view::view;

use crate::engine::World;
use crate::engine::command::Command;
use crate::scenario::plan::Plan;
use crate::stats::snapshot::Snapshot;
use crossterm::event::Event;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{execute, queue};
use keyboard::Keyboard;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;
use terminal::{Guard, Screen};
use tokio::sync::watch;

/// The longest wait for a key before the screen looks for a newer snapshot: 16 frames a second.
const FRAME_TIME: Duration = Duration::from_millis(60);

/// What ties the screen to a drill on other threads.
#[derive(Debug)]
pub struct Link {
    /// The newest state.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Keys, as commands. Nobody needs to listen any more.
    pub commands: Sender<Command>,
}

/// Shows a drill until a person, or a signal, ends it. Draws on the calling thread; quitting sends [`Command::Stop`] and
/// returns at once, without waiting for the drill.
///
/// `finished` is asked once a frame until it gives the verdict, a line that begins with how it went; the last screen
/// then stays with it.
///
/// # Errors
/// When there is no terminal, it goes away, or a panic elsewhere has taken it back.
pub fn run(
    plan: Arc<Plan>,
    seed: u64,
    world: World,
    speed: f64,
    link: Link,
    finished: impl FnMut() -> Option<String>,
) -> io::Result<()> {
    let model = Model::new(plan, seed, world, speed, theme::Theme::from_env());
    let Link { snapshots, commands } = link;
    let (guard, mut screen) = Guard::take()?;
    let shown = show(model, &guard, &mut screen, snapshots, &commands, finished);
    let _ = commands.send(Command::Stop);
    drop(guard);
    shown
}

fn show(
    mut model: Model,
    guard: &Guard,
    screen: &mut Screen,
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    commands: &Sender<Command>,
    mut finished: impl FnMut() -> Option<String>,
) -> io::Result<()> {
    let keyboard = Keyboard::listen()?;
    let mut changed = true;
    while !model.quit && !guard.asked_to_end() {
        if !guard.holds() {
            return Err(io::Error::other("a thread of the drill panicked"));
        }
        // The verdict first: whoever gives it has left the last snapshot before.
        if model.verdict.is_none() {
            model.verdict = finished();
            changed |= model.verdict.is_some();
        }
        let newest = Arc::clone(&snapshots.borrow_and_update());
        if !Arc::ptr_eq(&newest, &model.snapshot) {
            model.see(newest);
            changed = true;
        }
        if changed {
            draw(screen, &model)?;
            changed = false;
        }
        let mut patience = FRAME_TIME;
        while let Some(event) = keyboard.wait(patience)? {
            patience = Duration::ZERO;
            changed |= matches!(event, Event::Resize(..));
            if let Some(action) = input::action(&event) {
                changed = true;
                if let Some(command) = model.on(action)
                    && command != Command::Stop
                {
                    let _ = commands.send(command);
                }
            }
        }
    }
    Ok(())
}

fn draw(screen: &mut Screen, model: &Model) -> io::Result<()> {
    queue!(screen.backend_mut(), BeginSynchronizedUpdate)?;
    let drawn = screen.draw(|frame| view(frame, model)).map(|_| ());
    execute!(screen.backend_mut(), EndSynchronizedUpdate)?;
    drawn
}
