//! Who pays: the purses of tenants and tiers, and the money that a call in flight may cost.
//!
//! Rules:
//! - A request spends from the purse of its tenant and from that of its tier, where they have one; both must cover it.
//! - Money is held from just before a call until it was judged. A call that is dropped before gives it back.
//! - A `budget` event tells when a purse becomes short, does not cover a call, or is full again; not every call.

use super::config::{Account, Config};
use super::policy::purse::{OnLimit, Purse, Reservation};
use crate::event::{BudgetLevel, EventKind, Name, Nanodollars, Payer};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The purses of everybody who has one. All replicas share them.
pub(super) struct Spending {
    tenants: BTreeMap<Name, Arc<Wallet>>,
    tiers: BTreeMap<Name, Arc<Wallet>>,
}

/// One purse and whose it is.
pub(super) struct Wallet {
    payer: Payer,
    purse: Mutex<Purse>,
}

impl Spending {
    pub(super) fn new(config: &Config) -> Self {
        let all = |accounts: &BTreeMap<Name, Account>, payer: fn(Name) -> Payer| {
            let budgets = accounts.iter().filter_map(|(name, account)| Some((name, account.budget?)));
            let wallet = |params| Mutex::new(Purse::new(params));
            budgets
                .map(|(name, p)| (name.clone(), Arc::new(Wallet { payer: payer(name.clone()), purse: wallet(p) })))
                .collect()
        };
        Self { tenants: all(&config.tenants, Payer::Tenant), tiers: all(&config.tiers, Payer::Tier) }
    }

    /// Who pays for requests of this tenant and this tier.
    pub(super) fn payers(&self, tenant: &Name, tier: &Name) -> Vec<Arc<Wallet>> {
        self.tenants.get(tenant).into_iter().chain(self.tiers.get(tier)).map(Arc::clone).collect()
    }
}

impl Wallet {
    /// Whether a call of this estimate would be let through.
    pub(super) fn covers(&self, now: Duration, estimate: Nanodollars) -> bool {
        self.with(|purse| purse.covers(now, estimate))
    }

    /// Whether what is cheapest comes first: by its own word, or from that share on.
    pub(super) fn downshifts(&self, now: Duration, share: Option<f64>, tell: impl Fn(EventKind)) -> bool {
        self.change(now, tell, |purse| {
            let own = purse.params().on_limit == OnLimit::Downshift && purse.level() > BudgetLevel::Full;
            own || share.is_some_and(|share| purse.used_up_to(share))
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Purse) -> T) -> T {
        act(&mut self.purse.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does something to the purse and tells what became of it.
    fn change<T>(&self, now: Duration, tell: impl Fn(EventKind), act: impl FnOnce(&mut Purse) -> T) -> T {
        let event = |purse: &Purse| EventKind::Budget {
            payer: self.payer.clone(),
            level: purse.level(),
            spent: purse.spent(),
            left: purse.left(),
        };
        self.with(|purse| {
            if purse.turn(now) {
                tell(event(purse));
            }
            let before = purse.level();
            let done = act(purse);
            if purse.level() > before {
                tell(event(purse));
            }
            done
        })
    }
}

/// The money that one call may cost. Given back when dropped.
#[derive(Default)]
#[must_use]
pub(super) struct Hold(Vec<(Arc<Wallet>, Reservation)>);

impl Hold {
    /// Reserves so much with everybody who pays; `None` if somebody has not enough left.
    pub(super) fn on(
        payers: &[Arc<Wallet>],
        now: Duration,
        estimate: Nanodollars,
        tell: impl Fn(EventKind),
    ) -> Option<Self> {
        let mut hold = Self::default();
        for wallet in payers {
            let reserved = wallet.change(now, &tell, |purse| purse.reserve(now, estimate));
            hold.0.push((Arc::clone(wallet), reserved.ok()?));
        }
        Some(hold)
    }

    /// The call cost this much.
    pub(super) fn settle(mut self, now: Duration, cost: Nanodollars, tell: impl Fn(EventKind)) {
        for (wallet, reservation) in std::mem::take(&mut self.0) {
            wallet.change(now, &tell, |purse| purse.settle(reservation, cost));
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        for (wallet, reservation) in std::mem::take(&mut self.0) {
            wallet.with(|purse| purse.settle(reservation, Nanodollars::default()));
        }
    }
}
