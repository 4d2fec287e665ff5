//! Keeps virtual time and wall time in step, and listens for commands while it waits.
//!
//! Rules:
//! - A quantum is 10 ms of virtual time at most, or what 10 ms of wall time are worth, whichever is longer. Before each
//!   quantum the pacer waits until the wall clock has caught up; it waits in `recv_timeout`, so a command is never
//!   late, and a pause is a plain `recv`.
//! - It re-bases after a pause, a change of speed, or a wall clock that ran away (a suspended machine): it never sprints.

use super::command::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
#[expect(clippy::disallowed_types, reason = "the pacer is where virtual time meets the wall")]
use std::time::Instant;

const QUANTUM: Duration = Duration::from_millis(10);
/// What a step is worth while paused.
const STEP: Duration = Duration::from_millis(100);
/// Flat out, commands are looked for this often in virtual time.
const FLAT_OUT_QUANTUM: Duration = Duration::from_secs(1);
/// A wall clock that is further ahead than this has been suspended.
const RAN_AWAY: Duration = Duration::from_millis(500);

/// What the pacer wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Play on to this offset of virtual time.
    PlayTo(Duration),
    /// End the drill.
    Stop,
}

/// Paces one drill.
#[expect(clippy::disallowed_types, reason = "the pacer is where virtual time meets the wall")]
pub(super) struct Pacer {
    commands: Receiver<Command>,
    speed: f64,
    paused: bool,
    base_wall: Instant,
    base_virtual: Duration,
}

impl Pacer {
    #[expect(clippy::disallowed_types, reason = "the pacer is where virtual time meets the wall")]
    pub(super) fn new(commands: Receiver<Command>, speed: f64) -> Self {
        Self { commands, speed, paused: false, base_wall: Instant::now(), base_virtual: Duration::ZERO }
    }

    /// Blocks until the next quantum may be played.
    pub(super) fn next(&mut self, now: Duration) -> Turn {
        let mut disconnected = false;
        loop {
            if self.paused && !disconnected {
                match self.commands.recv() {
                    Ok(Command::Step) => return Turn::PlayTo(now + STEP),
                    Ok(command) => {
                        if self.obey(command, now) {
                            return Turn::Stop;
                        }
                    }
                    Err(_) => disconnected = true,
                }
                continue;
            }
            let wait = self.wall_ahead(now);
            match self.commands.recv_timeout(wait) {
                Ok(command) => {
                    if self.obey(command, now) {
                        return Turn::Stop;
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Turn::PlayTo(now + self.quantum()),
                Err(RecvTimeoutError::Disconnected) => {
                    #[expect(clippy::disallowed_methods, reason = "nobody is left who could send a command")]
                    std::thread::sleep(wait);
                    return Turn::PlayTo(now + self.quantum());
                }
            }
        }
    }

    fn quantum(&self) -> Duration {
        if self.speed.is_finite() { QUANTUM.max(QUANTUM.mul_f64(self.speed)) } else { FLAT_OUT_QUANTUM }
    }

    /// How long the wall clock must still run until `now` is due.
    fn wall_ahead(&mut self, now: Duration) -> Duration {
        if !self.speed.is_finite() {
            return Duration::ZERO;
        }
        let due = now.saturating_sub(self.base_virtual).div_f64(self.speed);
        let passed = self.base_wall.elapsed();
        if passed > due + RAN_AWAY {
            self.rebase(now);
        }
        due.saturating_sub(passed)
    }

    #[expect(clippy::disallowed_types, reason = "the pacer is where virtual time meets the wall")]
    fn rebase(&mut self, now: Duration) {
        self.base_wall = Instant::now();
        self.base_virtual = now;
    }

    /// Returns whether the drill is to end.
    fn obey(&mut self, command: Command, now: Duration) -> bool {
        match command {
            Command::Pause => self.paused = true,
            Command::Resume => self.paused = false,
            Command::Speed(speed) if speed > 0.0 => self.speed = speed,
            Command::Speed(_) | Command::Step => {}
            Command::Stop => return true,
        }
        self.rebase(now);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn flat_out_it_never_waits() {
        let (_keep, commands) = mpsc::channel();
        let mut pacer = Pacer::new(commands, f64::INFINITY);
        assert_eq!(pacer.next(Duration::ZERO), Turn::PlayTo(FLAT_OUT_QUANTUM));
        assert_eq!(pacer.next(Duration::from_secs(5)), Turn::PlayTo(Duration::from_secs(6)));
    }

    #[test]
    fn a_stop_is_obeyed_at_once_even_while_paused() {
        let (keys, commands) = mpsc::channel();
        let mut pacer = Pacer::new(commands, 1.0);
        keys.send(Command::Pause).expect("open");
        keys.send(Command::Stop).expect("open");
        assert_eq!(pacer.next(Duration::ZERO), Turn::Stop);
    }

    #[test]
    fn a_step_while_paused_moves_on_by_a_tenth_of_a_second() {
        let (keys, commands) = mpsc::channel();
        let mut pacer = Pacer::new(commands, 1.0);
        keys.send(Command::Pause).expect("open");
        keys.send(Command::Step).expect("open");
        assert_eq!(pacer.next(Duration::from_secs(3)), Turn::PlayTo(Duration::from_millis(3_100)));
    }

    #[test]
    fn fast_forward_takes_larger_quanta_instead_of_more_of_them() {
        let (_keep, commands) = mpsc::channel();
        let mut pacer = Pacer::new(commands, 100.0);
        assert_eq!(pacer.next(Duration::ZERO), Turn::PlayTo(Duration::from_secs(1)));
    }
}
