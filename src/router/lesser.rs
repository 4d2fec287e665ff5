//! Lesser routers: what a drill is played with to see whether it notices. One has a part taken away, the other is one of
//! the baselines.

use super::ablate::{self, PARTS, Part};
use super::config::Config;
use super::preset::{self, PRESETS, Preset};

/// A router that does less than the scenario's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lesser {
    /// The same router without a part.
    Without(&'static Part),
    /// The same targets, chains and routes, walked as a baseline walks them.
    Baseline(&'static Preset),
}

impl Lesser {
    /// The one of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        ablate::find(name).map(Self::Without).or_else(|| preset::find(name).map(Self::Baseline))
    }

    /// The names of all of them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PARTS.iter().map(|part| part.name).chain(PRESETS.iter().map(|preset| preset.name))
    }

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Without(part) => part.name,
            Self::Baseline(preset) => preset.name,
        }
    }

    /// What is left of a router.
    #[must_use]
    pub fn router(self, config: Config) -> Config {
        match self {
            Self::Without(part) => ablate::without(config, part),
            Self::Baseline(preset) => preset.router(config),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn parts_and_baselines_have_different_names_and_are_found_by_them() {
        let names: BTreeSet<&str> = Lesser::names().collect();
        assert_eq!(names.len(), PARTS.len() + PRESETS.len());
        assert!(Lesser::names().all(|name| Lesser::find(name).is_some_and(|lesser| lesser.name() == name)));
        assert_eq!(Lesser::find("full"), None);
    }
}
