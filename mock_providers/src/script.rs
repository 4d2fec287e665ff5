//! The script of one provider: its faults, and what they make of a request.
//!
//! A decision is a pure function of the script, the time, the request, the luck and, for faults that count, of how many
//! came before. It does nothing; the server carries out what a [`Verdict`] says.

use crate::fault::delay::Slowness;
use crate::fault::{Door, Drift, Effect, Endpoint, Fault, Injection, Pick, PriceChange, connection};
use crate::limits::Lie;
use crate::luck::{Luck, key_hash};
use crate::model::Model;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Faults of one provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {
    /// The faults, in file order.
    pub faults: Vec<Fault>,
}

/// What a decision may depend on.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// The model that was asked for.
    pub model: &'a str,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// What the path is for.
    pub endpoint: Endpoint,
    /// The API key's name.
    pub api_key: &'a str,
    /// Who the client is, for faults that stick to clients.
    pub client: &'a str,
    /// The length of the prompt.
    pub prompt_tokens: u32,
    /// The request's key.
    pub key: &'a str,
    /// The n-th call of this request to this target, from 1.
    pub attempt: u32,
}

/// What happens to one request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Extra wait before the head.
    pub delay_headers: Duration,
    /// Extra wait before the first token.
    pub delay_first_token: Duration,
    /// Extra wait before each token after the first.
    pub delay_between: Option<Slowness>,
    /// What is injected, and the fault's id.
    pub injected: Option<(u32, Injection)>,
    /// What the models have become, and how far.
    pub drifts: Vec<(Drift, f64)>,
    /// What prices have become, and how far.
    pub prices: Vec<(PriceChange, f64)>,
    /// How what is told of the limits is untrue.
    pub lie: Option<Lie>,
}

impl Verdict {
    /// The model as it is under this verdict.
    #[must_use]
    pub fn model<'m>(&self, model: &'m Model) -> Cow<'m, Model> {
        let mut model = Cow::Borrowed(model);
        for (drift, strength) in &self.drifts {
            drift.apply(model.to_mut(), *strength);
        }
        for (change, strength) in &self.prices {
            change.apply(model.to_mut(), *strength);
        }
        model
    }
}

/// How many requests each fault that counts has been asked about.
#[derive(Debug, Default)]
pub struct Counts(Mutex<BTreeMap<u32, u32>>);

impl Counts {
    /// Counts one more for this fault: its number, from 1.
    fn next(&self, fault: u32) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(fault).or_default();
        *count = count.saturating_add(1);
        *count
    }
}

impl Script {
    /// How the listener fares at `now`; `None` is well.
    #[must_use]
    pub fn door(&self, now: Duration) -> Option<Door> {
        connection::door(&self.faults, now)
    }

    /// The first instant after `now` at which [`door`](Self::door) changes.
    #[must_use]
    pub fn next_door_edge(&self, now: Duration) -> Option<Duration> {
        connection::next_edge(&self.faults, now)
    }

    /// All instants at which [`door`](Self::door) changes, ascending. Before the drill all is well, so a provider that
    /// is down from the start has its first edge at zero. A script that flaps without end gives its first 100,000.
    #[must_use]
    pub fn door_edges(&self) -> Vec<Duration> {
        let first = self.door(Duration::ZERO).map(|_| Duration::ZERO);
        let mut last = Duration::ZERO;
        let later = std::iter::from_fn(|| {
            last = self.next_door_edge(last)?;
            Some(last)
        });
        first.into_iter().chain(later).take(100_000).collect()
    }

    /// The share of the capacity that other customers take at `now`, beyond those that are always there.
    #[must_use]
    pub fn background(&self, now: Duration) -> f64 {
        let shares = self.faults.iter().filter_map(|fault| match fault.effect {
            Effect::Background(share) => Some(share * fault.strength(now)),
            _ => None,
        });
        shares.sum::<f64>().clamp(0.0, 1.0)
    }

    /// The instants at which [`background`](Self::background) changes, or often enough where it always does.
    #[must_use]
    pub fn background_instants(&self) -> Vec<Duration> {
        let crowds = self.faults.iter().filter(|fault| matches!(fault.effect, Effect::Background(_)));
        crowds.filter(|fault| fault.from < fault.until).flat_map(Fault::instants).collect()
    }

    /// What happens to this request at this instant.
    #[must_use]
    pub fn decide(&self, now: Duration, request: &About<'_>, luck: Luck, counts: &Counts) -> Verdict {
        let mut verdict = Verdict::default();
        if self.faults.is_empty() {
            return verdict;
        }
        let names = [request.provider, request.model];
        let mut partitions: Vec<(Partition, f64, f64)> = Vec::new();
        let mut by_luck = None;
        for fault in self.faults.iter().filter(|fault| fault.active(now) && fault.whom.includes(request)) {
            let strength = fault.strength(now);
            match &fault.effect {
                Effect::Listener(_) | Effect::Background(_) => {}
                Effect::Drift(_) | Effect::Price(_) | Effect::Lie(_) if strength <= 0.0 => {}
                Effect::Drift(drift) => verdict.drifts.push((*drift, strength)),
                Effect::Price(change) => verdict.prices.push((*change, strength)),
                Effect::Lie(lie) => verdict.lie = verdict.lie.or(Some(*lie)),
                Effect::Delay { headers, first_token, between_tokens } => {
                    let ids = [key_hash(request.key), u64::from(request.attempt), u64::from(fault.id)];
                    let mut draw = luck.draw("delay", &names, &ids);
                    let mut sample = |d: &Option<_>| crate::fault::delay::sample(d.as_ref(), strength, &mut draw);
                    verdict.delay_headers += sample(headers);
                    verdict.delay_first_token += sample(first_token);
                    if let Some(distribution) = between_tokens {
                        let slowness = verdict.delay_between.get_or_insert_default();
                        slowness.add(*distribution, strength, luck.draw("delay between", &names, &ids));
                    }
                }
                Effect::Mix(_) | Effect::Sequence { .. } if strength <= 0.0 => {}
                Effect::Mix(parts) => {
                    if !fault.pick.counts(|| counts.next(fault.id)) {
                        continue;
                    }
                    // Faults that pick alike lie on one partition, whatever stands between them.
                    let at = partitions.iter().position(|(pick, ..)| *pick == fault.pick.partition(fault.id));
                    let at = at.unwrap_or_else(|| {
                        let drawn = fault.pick.drawn(now, request, luck);
                        partitions.push((fault.pick.partition(fault.id), drawn, 0.0));
                        partitions.len() - 1
                    });
                    let (_, drawn, filled) = &mut partitions[at];
                    for (injection, share) in parts {
                        let missed = *drawn >= *filled;
                        *filled += share * strength;
                        if missed && *drawn < *filled {
                            let hit = if fault.pick == Pick::Request { &mut by_luck } else { &mut verdict.injected };
                            hit.get_or_insert_with(|| (fault.id, injection.clone()));
                        }
                    }
                }
                Effect::Sequence { steps, repeat } => {
                    let at = counts.next(fault.id) as usize - 1;
                    let at = if *repeat && !steps.is_empty() { at % steps.len() } else { at };
                    let hit = steps.get(at).and_then(Option::as_ref);
                    if verdict.injected.is_none() {
                        verdict.injected = hit.map(|injection| (fault.id, injection.clone()));
                    }
                }
            }
        }
        verdict.injected = verdict.injected.or(by_luck);
        verdict
    }
}

/// What tells partitions apart: faults that share one are never rolled for twice.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Partition {
    Requests,
    Clients,
    Slices(Duration, u32),
    Counted(u32),
}

impl Pick {
    fn partition(self, fault: u32) -> Partition {
        match self {
            Self::Request => Partition::Requests,
            Self::Client => Partition::Clients,
            Self::Slice { length, schedule } => Partition::Slices(length, schedule),
            Self::First(_) | Self::Every(_) => Partition::Counted(fault),
        }
    }

    /// Whether the count, if it is one that counts, lets this request be hit.
    fn counts(self, next: impl FnOnce() -> u32) -> bool {
        match self {
            Self::First(most) => next() <= most,
            Self::Every(nth) => next().is_multiple_of(nth.max(1)),
            _ => true,
        }
    }

    /// The number in `[0, 1)` that decides about a request.
    fn drawn(self, now: Duration, request: &About<'_>, luck: Luck) -> f64 {
        let names = [request.provider, request.model];
        match self {
            Self::Client => luck.unit("client", &names, &[key_hash(request.client)]),
            Self::Slice { length, schedule } => {
                let slice = now.as_nanos() / length.as_nanos().max(1);
                luck.unit("slice", &[], &[u64::try_from(slice).unwrap_or(u64::MAX), u64::from(schedule)])
            }
            Self::Request | Self::First(_) | Self::Every(_) => {
                luck.unit("fault", &names, &[key_hash(request.key), u64::from(request.attempt)])
            }
        }
    }
}
