//! The routers that everyone writes first, as baselines: what the rest of this room is worth is how much better it does
//! on the same luck.
//!
//! | preset | on an error | breaker | wait | answers | a stream that breaks |
//! | --- | --- | --- | --- | --- | --- |
//! | `naive` | any, the client's own included: next target | none | none | served unread | is taken for whole if anything came |
//! | `textbook` | any: one more try here, then the next target | opens after 5 in a row, timeouts not counted | 1 s after every failure, the last included | served unread | ends with an error |
//!
//! Both keep the targets, deadlines, timeouts and degraded answers of their chains, and neither heeds Retry-After.

use super::config::{Chain, Config, OnBreak, Retry, Target};
use super::policy::decide::{self, Effect, Next, Row};
use super::policy::gates::Gates;
use super::policy::{backoff, breaker, budget, quality};
use crate::event::Class;
use std::time::Duration;

/// A ready-made way to route.
pub struct Preset {
    /// The word for it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub what: &'static str,
    chain: fn(&mut Chain),
    breaker: breaker::Params,
}

impl std::fmt::Debug for Preset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Preset {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Every preset.
pub static PRESETS: &[Preset] = &[
    Preset {
        name: "naive",
        what: "any exception flips to the next target",
        chain: naive,
        breaker: breaker::Params { trips: false, ..breaker::Params::DEFAULT },
    },
    Preset {
        name: "textbook",
        what: "one retry after a fixed sleep, and a breaker that does not count timeouts",
        chain: textbook,
        breaker: breaker::Params {
            min_calls: u32::MAX,
            consecutive: Some(5),
            open_for: Duration::from_secs(30),
            open_max: Duration::from_secs(30),
            half_open_calls: 1,
            ramp: Duration::ZERO,
            jitter: 0.0,
            ..breaker::Params::DEFAULT
        },
    },
];

/// The preset of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

impl Preset {
    /// Makes a chain work like that.
    pub fn chain(&self, chain: &mut Chain) {
        (self.chain)(chain);
        chain.gates = Gates::none();
        chain.hedge = None;
        chain.min_hop_time = Duration::ZERO;
        chain.batch_in_flight = None;
    }

    /// What it does with each of its targets.
    #[must_use]
    pub fn target(&self) -> (breaker::Params, budget::Params, quality::Params) {
        let never = quality::Params { min_calls: u32::MAX, ..quality::Params::default() };
        (self.breaker, budget::Params::UNLIMITED, never)
    }

    /// The same targets, chains and routes, walked like that.
    #[must_use]
    pub fn router(&self, mut config: Config) -> Config {
        for chain in &mut config.chains {
            self.chain(chain);
        }
        for target in &mut config.targets {
            let (breaker, budget, quality) = self.target();
            *target = Target { breaker, budget, quality, checks: None, ..target.clone() };
        }
        config
    }
}

/// Does the same about every class that is an error; who hung up is gone.
fn on_any_error(chain: &mut Chain, row: impl Fn(Class) -> Row) {
    for class in Class::ALL.into_iter().filter(|class| !matches!(class, Class::Ok | Class::Cancelled)) {
        chain.table.set(class, row(class));
    }
}

fn naive(chain: &mut Chain) {
    let row = Row { retry: decide::Retry::No, next: Next::Yes, effect: Effect::Silent };
    on_any_error(chain, |_| row);
    chain.retry = Retry { max_attempts: 1, heeds_pauses: false, scatter: 0.0, ..Retry::default() };
    chain.on_break = OnBreak::Serve;
}

fn textbook(chain: &mut Chain) {
    let sleep = Duration::from_secs(1);
    let row = Row { retry: decide::Retry::OnceBackedOff, next: Next::Yes, effect: Effect::Failure };
    on_any_error(chain, |class| match class {
        Class::Timeout => Row { effect: Effect::Silent, ..row },
        _ => row,
    });
    chain.retry = Retry {
        max_attempts: 2,
        backoff: backoff::Params { initial: sleep, max: sleep, jitter: backoff::Jitter::None },
        wait_up_to: sleep,
        heeds_pauses: false,
        scatter: 0.0,
        sleeps_last: true,
        ..Retry::default()
    };
    chain.on_break = OnBreak::Error;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_error_both_move_on_and_only_the_textbook_tries_again() {
        for class in Class::ALL.into_iter().filter(|class| !matches!(class, Class::Ok | Class::Cancelled)) {
            for (name, retry) in [("naive", decide::Retry::No), ("textbook", decide::Retry::OnceBackedOff)] {
                let mut chain = Chain::new("main", vec![0, 1]);
                find(name).unwrap().chain(&mut chain);
                assert_eq!((chain.table.row(class).retry, chain.table.row(class).next), (retry, Next::Yes), "{class}");
            }
        }
    }

    #[test]
    fn the_textbook_breaker_is_blind_to_silence() {
        let mut chain = Chain::new("main", vec![0]);
        find("textbook").unwrap().chain(&mut chain);
        assert_eq!(chain.table.row(Class::Timeout).effect, Effect::Silent);
        assert_eq!(chain.table.row(Class::ServerError).effect, Effect::Failure);
    }
}
