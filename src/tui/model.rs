//! What the screen shows: the plan, the newest snapshot, and the few things a person has chosen.
//!
//! Rules:
//! - Updates are pure: an [`Action`] changes the model and may give one [`Command`] for the engine. Nothing is sent
//!   from here.
//! - A key that means nothing just now says why in `notice`, rather than doing nothing.
//! - `paused` and `speed` are what was asked for; the engine follows within a quantum.
//! - A feed that has been scrolled up stays on the lines being read while new ones arrive below.

use super::theme::Theme;
use crate::engine::World;
use crate::engine::command::Command;
use crate::scenario::plan::Plan;
use crate::stats::snapshot::{Snapshot, Standing};
use std::sync::Arc;

/// The speeds that the keys step through, in virtual seconds per second.
pub const SPEEDS: [f64; 8] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 100.0];

/// Lines that a page key scrolls the feed.
const PAGE: usize = 10;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// End the drill and leave.
    Quit,
    /// Show or hide the help.
    Help,
    /// Close what is open.
    Back,
    /// Pause or resume.
    Pause,
    /// While paused: a little further.
    Step,
    /// The next higher speed.
    Faster,
    /// The next lower speed.
    Slower,
    /// As fast as it goes.
    FlatOut,
    /// Older lines of the feed.
    ScrollUp,
    /// Newer lines of the feed.
    ScrollDown,
    /// A page of older lines.
    PageUp,
    /// A page of newer lines.
    PageDown,
    /// Back to the newest line, and follow.
    Newest,
}

impl Action {
    /// Whether it is about the pace of the drill, which only some drills can change.
    #[must_use]
    pub fn is_about_time(self) -> bool {
        matches!(self, Self::Pause | Self::Step | Self::Faster | Self::Slower | Self::FlatOut)
    }
}

/// Everything the screen is a function of.
#[derive(Debug, Clone)]
pub struct Model {
    /// What was planned.
    pub plan: Arc<Plan>,
    /// What has happened.
    pub snapshot: Arc<Snapshot>,
    /// The seed of this run.
    pub seed: u64,
    /// Whose clock it runs on.
    pub world: World,
    /// Virtual seconds per second; infinite is flat out.
    pub speed: f64,
    /// Whether time stands still.
    pub paused: bool,
    /// Whether the help is open.
    pub help: bool,
    /// How the drill ended, once it has.
    pub verdict: Option<String>,
    /// Lines that the feed is scrolled up from the newest; 0 follows.
    pub feed_scroll: usize,
    /// Why the last key did nothing.
    pub notice: Option<&'static str>,
    /// Whether it is time to leave.
    pub quit: bool,
    /// How things look.
    pub theme: Theme,
}

impl Model {
    /// The screen before anything has happened.
    #[must_use]
    pub fn new(plan: Arc<Plan>, seed: u64, world: World, speed: f64, theme: Theme) -> Self {
        Self {
            plan,
            snapshot: Arc::default(),
            seed,
            world,
            speed,
            paused: false,
            help: false,
            verdict: None,
            feed_scroll: 0,
            notice: None,
            quit: false,
            theme,
        }
    }

    /// Does what a key asks for.
    pub fn on(&mut self, action: Action) -> Option<Command> {
        self.notice = None;
        match action {
            Action::Quit => {
                self.quit = true;
                Some(Command::Stop)
            }
            Action::Help => {
                self.help = !self.help;
                None
            }
            Action::Back => {
                self.help = false;
                None
            }
            Action::ScrollUp => self.scroll(self.feed_scroll.saturating_add(1)),
            Action::ScrollDown => self.scroll(self.feed_scroll.saturating_sub(1)),
            Action::PageUp => self.scroll(self.feed_scroll.saturating_add(PAGE)),
            Action::PageDown => self.scroll(self.feed_scroll.saturating_sub(PAGE)),
            Action::Newest => self.scroll(0),
            Action::Pause | Action::Step | Action::Faster | Action::Slower | Action::FlatOut => self.on_time(action),
        }
    }

    fn on_time(&mut self, action: Action) -> Option<Command> {
        if self.finished() {
            self.notice = Some("the drill is over");
            return None;
        }
        if self.world == World::Real {
            self.notice = Some("real time cannot be held or hurried");
            return None;
        }
        match action {
            Action::Pause => {
                self.paused = !self.paused;
                Some(if self.paused { Command::Pause } else { Command::Resume })
            }
            Action::Step if !self.paused => {
                self.notice = Some("pause first, then step");
                None
            }
            Action::Step => Some(Command::Step),
            Action::Faster => match SPEEDS.into_iter().find(|&s| s > self.speed) {
                Some(speed) => self.set_speed(speed),
                None => {
                    self.notice = Some("f goes flat out");
                    None
                }
            },
            Action::Slower => match SPEEDS.into_iter().rev().find(|&s| s < self.speed) {
                Some(speed) => self.set_speed(speed),
                None => {
                    self.notice = Some("this is the slowest; space pauses");
                    None
                }
            },
            _ => self.set_speed(f64::INFINITY),
        }
    }

    fn set_speed(&mut self, speed: f64) -> Option<Command> {
        self.speed = speed;
        Some(Command::Speed(speed))
    }

    fn scroll(&mut self, to: usize) -> Option<Command> {
        self.feed_scroll = to.min(self.snapshot.feed.len().saturating_sub(1));
        None
    }

    /// Takes a newer snapshot.
    pub fn see(&mut self, snapshot: Arc<Snapshot>) {
        if self.feed_scroll > 0
            && let Some(last) = self.snapshot.feed.last()
        {
            let arrived = snapshot.feed.iter().rev().position(|line| line == last).unwrap_or(0);
            self.feed_scroll = (self.feed_scroll + arrived).min(snapshot.feed.len().saturating_sub(1));
        }
        self.snapshot = snapshot;
    }

    /// Whether there is nothing left to wait for.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.verdict.is_some() || self.snapshot.finished
    }

    /// Where all assertions together stand: the worst of them.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let slos = &self.snapshot.slos;
        if slos.iter().any(|s| s.standing == Standing::Violated) {
            Standing::Violated
        } else if slos.is_empty() || slos.iter().any(|s| s.standing == Standing::Pending) {
            Standing::Pending
        } else {
            Standing::Holding
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;
    use crate::event::Micros;
    use crate::stats::snapshot::{FeedLine, Level};

    fn model() -> Model {
        fixtures::model(fixtures::steady())
    }

    #[test]
    fn space_pauses_and_resumes_and_a_step_needs_a_pause() {
        let mut m = model();
        assert_eq!((m.on(Action::Step), m.notice), (None, Some("pause first, then step")));
        assert_eq!((m.on(Action::Pause), m.paused), (Some(Command::Pause), true));
        assert_eq!((m.on(Action::Step), m.notice), (Some(Command::Step), None));
        assert_eq!((m.on(Action::Pause), m.paused), (Some(Command::Resume), false));
    }

    #[test]
    fn speed_climbs_and_falls_by_the_steps_and_stays_at_the_ends() {
        let mut m = model();
        m.speed = 0.25;
        let mut seen = vec![m.speed];
        while let Some(Command::Speed(s)) = m.on(Action::Faster) {
            seen.push(s);
        }
        assert_eq!(seen, SPEEDS);
        assert_eq!(m.on(Action::FlatOut), Some(Command::Speed(f64::INFINITY)));
        assert_eq!(m.on(Action::Slower), Some(Command::Speed(100.0)));
        m.speed = 3.0;
        assert_eq!(m.on(Action::Slower), Some(Command::Speed(2.0)), "a speed between two steps");
        m.speed = 0.25;
        assert_eq!(m.on(Action::Slower), None);
        assert!(m.notice.is_some());
    }

    #[test]
    fn real_time_and_a_finished_drill_cannot_be_held() {
        let mut m = model();
        m.world = World::Real;
        assert_eq!((m.on(Action::Pause), m.paused, m.notice.is_some()), (None, false, true));
        let mut m = fixtures::model(fixtures::finished());
        m.verdict = Some("FAIL".into());
        assert_eq!((m.on(Action::Faster), m.notice), (None, Some("the drill is over")));
        assert_eq!((m.on(Action::Quit), m.quit), (Some(Command::Stop), true));
    }

    #[test]
    fn a_scrolled_feed_stays_on_its_lines_while_new_ones_arrive() {
        let mut m = model();
        let line = |n: u64| FeedLine { at: Micros(n), level: Level::Info, text: format!("line {n}") };
        let with = |range: std::ops::Range<u64>| {
            Arc::new(Snapshot { feed: range.map(line).collect(), ..(*fixtures::steady()).clone() })
        };
        m.see(with(0..20));
        m.on(Action::ScrollUp);
        m.on(Action::ScrollUp);
        m.see(with(5..23));
        assert_eq!(m.feed_scroll, 5);
        m.on(Action::Newest);
        m.see(with(5..40));
        assert_eq!(m.feed_scroll, 0, "the newest line is followed");
        m.on(Action::PageUp);
        for _ in 0..99 {
            m.on(Action::ScrollUp);
        }
        assert_eq!(m.feed_scroll, 34, "not beyond the oldest line");
    }

    #[test]
    fn escape_closes_the_help_and_leaves_the_drill_alone() {
        let mut m = model();
        assert_eq!((m.on(Action::Help), m.help), (None, true));
        assert_eq!((m.on(Action::Back), m.help, m.quit), (None, false, false));
    }
}
