//! How targets are named: in full where that fits, else by the part that tells them apart.
//!
//! A panel names all its targets in the same way; `openai` beside `anthropic/claude-s…` would puzzle.

use crate::event::Name;
use crate::tui::model::Model;
use crate::tui::text;

/// How the targets of a drill are named in one panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// `provider/model`.
    Full,
    /// `provider`: no two targets share one.
    Provider,
    /// `model`: no two targets share one.
    Model,
}

impl Naming {
    /// The fullest naming that fits into `cells`, or else the shortest that is unambiguous.
    pub(super) fn within(model: &Model, cells: usize) -> Self {
        let names: Vec<&Name> = model.snapshot.targets.iter().map(|t| &t.name).collect();
        if names.iter().all(|n| text::width(n) <= cells) {
            return Self::Full;
        }
        let unique = |naming: Self| {
            let mut short: Vec<&str> = names.iter().map(|n| naming.of(n)).collect();
            short.sort_unstable();
            short.windows(2).all(|w| w[0] != w[1])
        };
        [Self::Provider, Self::Model].into_iter().find(|&n| unique(n)).unwrap_or(Self::Full)
    }

    /// The name of a target.
    pub(super) fn of(self, target: &str) -> &str {
        match (self, target.split_once('/')) {
            (Self::Provider, Some((provider, _))) => provider,
            (Self::Model, Some((_, model))) => model,
            _ => target,
        }
    }

    /// The width of the longest name.
    pub(super) fn longest(self, model: &Model) -> usize {
        model.snapshot.targets.iter().map(|t| text::width(self.of(&t.name))).max().unwrap_or(0)
    }
}
