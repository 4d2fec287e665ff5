//! `budget_overspend`: what was spent beyond the budgets of tenants and tiers, in dollars: in each window of a budget,
//! what the calls dispatched in it cost, less its amount. A call that is beyond two budgets counts where it is further
//! beyond. Requests of which nobody counts the money say nothing.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::event::{Nanodollars, Payer, RequestId};
use crate::slo::unit::Unit;
use std::collections::BTreeMap;

pub(super) static FAMILY: Family = Family {
    name: "budget_overspend",
    takes: Takes::Nothing,
    unit: Unit::Money,
    labels: Labels::RequestAndTarget,
    windows: true,
    hears: &[Kind::Arrived, Kind::Judged, Kind::Ended],
    example: "budget_overspend == $0",
    meter: |_, ground| {
        let budgets = ground.budgets.to_vec();
        let mut paid_by: BTreeMap<RequestId, Vec<usize>> = BTreeMap::new();
        // By budget and window.
        let mut spent: BTreeMap<(usize, u64), u64> = BTreeMap::new();
        Meter::Spent(Box::new(move |note| {
            let request = note.request?;
            match note.heard {
                Heard::Arrived { payers: [tenant, tier], .. } => {
                    let pays = |payer: &Payer| match payer {
                        Payer::Tenant(name) => name == tenant,
                        Payer::Tier(name) => name == tier,
                    };
                    let mine: Vec<usize> = (0..budgets.len()).filter(|&i| pays(&budgets[i].payer)).collect();
                    if !mine.is_empty() {
                        paid_by.insert(request, mine);
                    }
                    None
                }
                Heard::Judged { target, dispatched, cost, .. } => {
                    let beyond = paid_by.get(&request)?.iter().map(|&i| {
                        let sum = spent.entry((i, dispatched.0 / budgets[i].per.0.max(1))).or_default();
                        let before = sum.saturating_sub(budgets[i].amount.0);
                        *sum = sum.saturating_add(cost.0);
                        sum.saturating_sub(budgets[i].amount.0) - before
                    });
                    let beyond = Nanodollars(beyond.max().unwrap_or_default());
                    Some(Sample::spent(dispatched, beyond, 1)?.at(target))
                }
                Heard::Ended(_) => {
                    paid_by.remove(&request);
                    None
                }
                _ => None,
            }
        }))
    },
};
