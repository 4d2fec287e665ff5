//! The script of one provider: its faults, and what they make of a request.
//!
//! Everything here is a pure function of the script, the time, the request's identity and the luck. It does nothing;
//! the server carries out what a [`Verdict`] says.

use crate::fault::delay::Slowness;
use crate::fault::{Effect, Fault, Injection, connection};
use crate::luck::{Luck, key_hash};
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
}

impl Script {
    /// Whether new connections are refused at `now`.
    #[must_use]
    pub fn refuses(&self, now: Duration) -> bool {
        connection::refuses(&self.faults, now)
    }

    /// The first instant after `now` at which [`refuses`](Self::refuses) changes.
    #[must_use]
    pub fn next_refusal_edge(&self, now: Duration) -> Option<Duration> {
        connection::next_edge(&self.faults, now)
    }

    /// All instants at which [`refuses`](Self::refuses) changes, ascending. Before the drill nothing is refused, so a
    /// provider that is down from the start has its first edge at zero. A script that flaps without end gives its
    /// first 100,000.
    #[must_use]
    pub fn refusal_edges(&self) -> Vec<Duration> {
        let first = self.refuses(Duration::ZERO).then_some(Duration::ZERO);
        let mut last = Duration::ZERO;
        let later = std::iter::from_fn(|| {
            last = self.next_refusal_edge(last)?;
            Some(last)
        });
        first.into_iter().chain(later).take(100_000).collect()
    }

    /// What happens to this request at this instant.
    #[must_use]
    pub fn decide(&self, now: Duration, request: &About<'_>, luck: Luck) -> Verdict {
        let mut verdict = Verdict::default();
        let names = [request.provider, request.model];
        let mut drawn = None;
        let mut filled = 0.0;
        for fault in self.faults.iter().filter(|fault| fault.concerns(now, request.model, request.stream)) {
            let strength = fault.strength(now);
            match &fault.effect {
                Effect::Refused => {}
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
                Effect::Mix(parts) => {
                    let ids = [key_hash(request.key), u64::from(request.attempt)];
                    let drawn = *drawn.get_or_insert_with(|| luck.unit("fault", &names, &ids));
                    for (injection, share) in parts {
                        filled += share * strength;
                        if drawn < filled && verdict.injected.is_none() {
                            verdict.injected = Some((fault.id, injection.clone()));
                        }
                    }
                }
            }
        }
        verdict
    }
}
