//! What a board must know of a plan before the first event.

use super::assertion::{Interval, Part};
use crate::event::{AlertKind, Micros, Name, Nanodollars, Payer};
use std::collections::BTreeSet;

/// The parts of a plan that assertions refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Name, start and end (exclusive) of every phase, ascending and without gaps.
    pub phases: Vec<(Name, Micros, Micros)>,
    /// Every target, `provider/model`.
    pub targets: Vec<Name>,
    /// What may be sent to each of them, in the same order.
    pub places: Vec<PlaceFact>,
    /// Scripted faults, in file order.
    pub faults: Vec<FaultFact>,
    /// Chains and their targets.
    pub chains: Vec<ChainFact>,
    /// What tenants and tiers may spend.
    pub budgets: Vec<BudgetFact>,
    /// Routers; 0 and 1 both mean one.
    pub replicas: u16,
    /// What will happen without a fault and somebody should be told of.
    pub causes: Vec<CauseFact>,
}

/// What somebody may spend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetFact {
    /// Whose money.
    pub payer: Payer,
    /// How much in a window.
    pub amount: Nanodollars,
    /// The length of a window; the first begins with the drill.
    pub per: Micros,
}

/// What may be sent to a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaceFact {
    /// Where it is, if that is known.
    pub region: Option<Name>,
    /// The kinds of data it is approved for.
    pub approved_for: BTreeSet<Name>,
}

/// Something that will happen to a target without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseFact {
    /// The target, by name.
    pub target: Name,
    /// The kind of alert that it calls for.
    pub kind: AlertKind,
    /// Start.
    pub from: Micros,
    /// End, exclusive.
    pub until: Micros,
}

/// A scripted fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultFact {
    /// Its place in the scenario file, from 0; ledger entries name it by that.
    pub id: u32,
    /// The providers it is on.
    pub providers: Vec<Name>,
    /// Start.
    pub from: Micros,
    /// End, exclusive.
    pub until: Micros,
    /// What it does, in a few words.
    pub label: Name,
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFact {
    /// Its name.
    pub name: Name,
    /// Its targets, by name.
    pub targets: Vec<Name>,
}

impl Facts {
    /// When the load stops.
    #[must_use]
    pub fn end(&self) -> Micros {
        self.phases.last().map_or(Micros(0), |(_, _, until)| *until)
    }

    /// The span in which samples count. A phase that does not exist has no samples.
    pub(crate) fn interval(&self, part: &Part) -> Interval {
        let span = |name: &Name| self.phases.iter().find(|(n, _, _)| n == name);
        let nothing = Interval { from: Micros(0), until: Micros(0) };
        match part {
            Part::Whole => Interval::ALL,
            Part::During(name) => {
                span(name).map_or(nothing, |(_, from, until)| Interval { from: *from, until: *until })
            }
            Part::After(name) => {
                span(name).map_or(nothing, |(_, _, until)| Interval { from: *until, until: Micros(u64::MAX) })
            }
        }
    }
}
