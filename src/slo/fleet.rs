//! The breakers of several replicas as one.
//!
//! A target counts as open from when more than half of the replicas have opened their breaker of it, and as closed again
//! when the last of them has closed. `opens_within`, `closes_within`, `back_on_primary_within` and `flaps` go by that. A
//! router that runs alone is its own fleet.

use crate::event::BreakerState;
use std::collections::BTreeSet;

/// The breakers of one target.
#[derive(Debug, Clone, Default)]
pub(super) struct Fleet {
    shut: BTreeSet<u16>,
    open: bool,
}

impl Fleet {
    /// What a change in one of `replicas` replicas means for all.
    pub(super) fn change(
        &mut self,
        replicas: u16,
        replica: u16,
        from: BreakerState,
        to: BreakerState,
    ) -> Option<(BreakerState, BreakerState)> {
        if replicas <= 1 {
            return Some((from, to));
        }
        if to == BreakerState::Closed {
            self.shut.remove(&replica);
        } else {
            self.shut.insert(replica);
        }
        if !self.open && self.shut.len() * 2 > usize::from(replicas) {
            self.open = true;
            return Some((BreakerState::Closed, BreakerState::Open));
        }
        if self.open && self.shut.is_empty() {
            self.open = false;
            return Some((BreakerState::HalfOpen, BreakerState::Closed));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BreakerState::{Closed, HalfOpen, Open};

    #[test]
    fn a_fleet_opens_with_the_majority_and_closes_with_the_last() {
        let mut fleet = Fleet::default();
        assert_eq!(fleet.change(4, 0, Closed, Open), None);
        assert_eq!(fleet.change(4, 1, Closed, Open), None, "half is not most");
        assert_eq!(fleet.change(4, 3, Closed, Open), Some((Closed, Open)));
        assert_eq!(fleet.change(4, 2, Closed, Open), None);
        assert_eq!(fleet.change(4, 0, Open, HalfOpen), None);
        for replica in [0, 1, 2] {
            assert_eq!(fleet.change(4, replica, HalfOpen, Closed), None);
        }
        assert_eq!(fleet.change(4, 3, HalfOpen, Closed), Some((HalfOpen, Closed)));
        assert_eq!(fleet.change(4, 3, Closed, Open), None, "one of four is not most");
    }

    #[test]
    fn a_router_alone_is_its_own_fleet() {
        let mut fleet = Fleet::default();
        for (from, to) in [(Closed, Open), (Open, HalfOpen), (HalfOpen, Open), (HalfOpen, Closed)] {
            assert_eq!(fleet.change(1, 0, from, to), Some((from, to)));
        }
    }
}
