//! Who is in which chain now, and what is learnt of them by measuring.
//!
//! Rules:
//! - A swap is for requests that arrive afterwards; those under way keep the chain that they began with.
//! - A request that measures a target walks a chain of that target alone, by the rules of its chain, and makes one call:
//!   what is measured is the model, not what retries make of it. No floor of quality keeps it from being measured again.
//! - What is measured counts for all replicas.

use super::Router;
use super::client::Only;
use super::config::{Chain, OnBreak, Retry};
use super::policy::evals::Mark;
use super::policy::order::{Pick, Step};
use std::sync::{Arc, Mutex, PoisonError};

/// The chains as they are now.
#[derive(Debug)]
pub(super) struct Roster(Vec<Mutex<Arc<Chain>>>);

impl Roster {
    pub(super) fn new(chains: &[Chain]) -> Self {
        Self(chains.iter().map(|chain| Mutex::new(Arc::new(chain.clone()))).collect())
    }

    /// The chain of this index.
    pub(super) fn chain(&self, index: usize) -> Arc<Chain> {
        Arc::clone(&self.0[index].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A chain of one target, for a request that measures it.
    pub(super) fn alone(&self, only: Only) -> Chain {
        let chain = self.chain(only.chain);
        Chain {
            targets: vec![only.target],
            steps: vec![Step { len: 1, pick: Pick::Ordered }],
            weights: vec![1.0],
            retry: Retry { max_attempts: 1, ..chain.retry },
            max_attempts_total: 1,
            min_quality: None,
            cache: None,
            degraded: None,
            on_break: OnBreak::Error,
            ..(*chain).clone()
        }
    }

    /// Puts one target into the place of another. `false`: that one is not there, or the other one is already.
    fn swap(&self, index: usize, from: usize, to: usize) -> bool {
        let mut slot = self.0[index].lock().unwrap_or_else(PoisonError::into_inner);
        let mut chain = (**slot).clone();
        let place = chain.targets.iter().position(|target| *target == from);
        let Some(place) = place.filter(|_| !chain.targets.contains(&to)) else { return false };
        chain.targets[place] = to;
        *slot = Arc::new(chain);
        true
    }
}

impl Router {
    /// The targets of a chain as it is now, by their indices.
    #[must_use]
    pub fn members(&self, chain: usize) -> Vec<usize> {
        self.roster.chain(chain).targets.clone()
    }

    /// Takes in what was found out about a target. Only what clients would have been served says how good its answers
    /// are to them.
    pub fn learn(&self, target: usize, marks: &[Mark]) {
        for health in self.replicas.iter().filter_map(|known| known.get(target)) {
            marks.iter().filter_map(|mark| mark.served()).for_each(|right| health.measure(right));
        }
    }

    /// Puts one target into the place of another, for requests that arrive from now on. `false`: that is not possible (any
    /// more).
    #[must_use]
    pub fn swap(&self, chain: usize, from: usize, to: usize) -> bool {
        self.roster.swap(chain, from, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_is_for_those_who_come_afterwards_and_takes_the_very_place() {
        let roster = Roster::new(&[Chain::new("other", vec![1]), Chain::new("main", vec![0, 1, 2])]);
        let under_way = roster.chain(1);
        assert!(roster.swap(1, 1, 3));
        assert_eq!(under_way.targets, [0, 1, 2]);
        assert_eq!(roster.chain(1).targets, [0, 3, 2]);
        assert!(!roster.swap(1, 1, 4), "it is gone");
        assert!(!roster.swap(1, 0, 2), "it is there");
        assert_eq!((&*roster.chain(1).targets, &*roster.chain(0).targets), (&[0, 3, 2][..], &[1][..]));
    }

    #[test]
    fn who_is_measured_is_called_once_and_nobody_stands_in() {
        let main = Chain { degraded: Some("sorry".into()), min_quality: Some(0.9), ..Chain::new("main", vec![0, 1]) };
        let alone = Roster::new(std::slice::from_ref(&main)).alone(Only { chain: 0, target: 7 });
        assert_eq!((&*alone.targets, alone.max_attempts_total, alone.degraded), (&[7][..], 1, None));
        assert_eq!((alone.name, alone.deadline, alone.min_quality), (main.name, main.deadline, None));
    }
}
