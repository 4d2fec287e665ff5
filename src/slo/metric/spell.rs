//! The bad spells of a provider: from the first fault that begins on it to the last that ends, as the log tells it, so
//! that faults from the keyboard count and a fault that is lifted early ends early.

use super::{Heard, Lap, TargetId, Targets};
use crate::event::{Micros, Name, RequestId};
use std::collections::{BTreeSet, VecDeque};

/// Follows the faults on one provider.
#[derive(Debug)]
pub(super) struct Spells {
    provider: Name,
    active: BTreeSet<u32>,
}

/// What an event did to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// A fault began.
    Began,
    /// The last active fault ended.
    Cleared,
}

impl Spells {
    pub(super) fn of(provider: &str) -> Self {
        Self { provider: provider.into(), active: BTreeSet::new() }
    }

    pub(super) fn turn(&mut self, heard: &Heard<'_>) -> Option<Turn> {
        match heard {
            Heard::FaultStarted { fault, providers } if providers.contains(&self.provider) => {
                self.active.insert(*fault);
                Some(Turn::Began)
            }
            Heard::FaultEnded { fault } => {
                (self.active.remove(fault) && self.active.is_empty()).then_some(Turn::Cleared)
            }
            _ => None,
        }
    }

    pub(super) fn active(&self) -> bool {
        !self.active.is_empty()
    }
}

/// One value per target of a subject.
#[derive(Debug)]
pub(super) struct PerTarget<T>(Vec<(TargetId, T)>);

impl<T: Default> PerTarget<T> {
    pub(super) fn new(targets: &Targets) -> Self {
        let ids = targets.0.iter().enumerate().filter(|(_, yes)| **yes);
        Self(ids.map(|(id, _)| (id, T::default())).collect())
    }

    pub(super) fn get(&self, target: TargetId) -> Option<&T> {
        self.0.iter().find(|(id, _)| *id == target).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, target: TargetId) -> Option<&mut T> {
        self.0.iter_mut().find(|(id, _)| *id == target).map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

/// The last three requests, each once.
#[derive(Debug, Default)]
pub(super) struct LastThree(VecDeque<RequestId>);

impl LastThree {
    pub(super) fn push(&mut self, request: Option<RequestId>) {
        let Some(request) = request else { return };
        if !self.0.contains(&request) {
            self.0.push_back(request);
            if self.0.len() > 3 {
                self.0.pop_front();
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn list(&self) -> Vec<RequestId> {
        self.0.iter().copied().collect()
    }
}

/// Running while more may come, else never.
pub(super) fn unfinished(since: Micros, over: bool) -> Lap {
    if over { Lap::Never { since } } else { Lap::Running { since } }
}
