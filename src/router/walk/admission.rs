//! Admission: in which order the targets are tried, and whether one may be called now.

use super::{Leave, Walk};
use crate::event::{Nanodollars, SkipReason, Usage};
use crate::router::Router;
use crate::router::client::{Request, Stakes};
use crate::router::config::{AllOpen, Chain};
use crate::router::health::Terms;
use crate::router::policy::ahead::Cost;
use crate::router::policy::batch::Turn;
use crate::router::policy::cost;
use crate::router::policy::fit::{Needs, Offer, unfit};
use crate::router::policy::order::{Member, Pick, cheapest_first, order};
use crate::router::spending::Hold;
use mock_providers::model::Capability;
use std::time::Duration;

/// The length of an answer that costs are estimated with, in tokens.
const TYPICAL_ANSWER: u32 = 250;

impl<'a> Walk<'a> {
    /// The places of the chain in the order in which they are to be tried.
    pub(super) fn order(&self, now: Duration) -> Vec<usize> {
        if let [_] = *self.chain.targets {
            return vec![0];
        }
        let members = self.members(now);
        let mut places = order(&self.chain.steps, &members);
        let tell = |event| self.log(event);
        if self.payers.iter().any(|payer| payer.downshifts(now, self.chain.downshift, tell)) {
            cheapest_first(&mut places, &members);
        }
        places
    }

    /// What a call there is likely to cost.
    fn estimate(&self, place: usize) -> Nanodollars {
        let answer = if self.request.embedding.is_some() { 0 } else { TYPICAL_ANSWER };
        let usage = Usage { prompt: self.prompt_tokens, answer, ..Usage::default() };
        cost::of(self.target(place).prices.at(self.now()), &usage)
    }

    /// Whether everybody who pays has enough left for a call at `at`.
    pub(super) fn affords(&self, place: usize, at: Duration) -> bool {
        self.payers.iter().all(|payer| payer.covers(at, self.estimate(place)))
    }

    /// What is known of each place that may matter to the order.
    fn members(&self, now: Duration) -> Vec<Member> {
        let mut members = Vec::with_capacity(self.chain.targets.len());
        for step in &self.chain.steps {
            let from = members.len();
            for place in from..from + step.len {
                let (target, standing) = (self.target(place), self.health(place).standing(now));
                let tokens = (self.prompt_tokens, TYPICAL_ANSWER);
                let dearer = |by| target.prices.has_risen(now, by, tokens);
                members.push(Member {
                    weight: self.chain.weights[place],
                    price: target.prices.at(now).of(self.prompt_tokens, 0, TYPICAL_ANSWER),
                    average: standing.average,
                    in_flight: standing.in_flight,
                    same_model: target.identity == self.target(from).identity,
                    demoted: standing.demoted || self.chain.price_change.is_some_and(dearer),
                    luck: if step.pick == Pick::Ordered { 0.0 } else { self.luck("pick", place) },
                });
            }
        }
        members
    }

    /// Until when a call may take: the deadline, or that of the first token while there is none.
    pub(super) fn time_is_up(&self) -> Duration {
        self.ttft_deadline.filter(|_| !self.delivered).map_or(self.deadline, |d| d.min(self.deadline))
    }

    /// The time a call to this target needs. The median only counts against a request that has already used some of its
    /// time: one whose whole deadline lies ahead would otherwise never find out that a target has become faster.
    pub(super) fn needed(&self, place: usize) -> Duration {
        let median = if self.attempts > 0 { self.health(place).median() } else { None };
        median.map_or(self.chain.min_hop_time, |m| m.max(self.chain.min_hop_time))
    }

    /// Why a call at `at` makes no sense, whatever the target's health.
    pub(super) fn hindrance(&self, place: usize, at: Duration) -> Option<SkipReason> {
        if let Some(reason) = self.unfit(place) {
            return Some(reason);
        }
        if self.places[place].too_small {
            return Some(SkipReason::Context);
        }
        let is_below = |floor| self.health(place).measured().is_some_and(|quality| quality.is_below(floor));
        if self.chain.min_quality.is_some_and(is_below) {
            return Some(SkipReason::Quality);
        }
        if self.attempts >= self.chain.max_attempts_total {
            return Some(SkipReason::AttemptsSpent);
        }
        (at + self.needed(place) > self.time_is_up()).then_some(SkipReason::Deadline)
    }

    /// Why this target can never serve this request, whatever happens.
    pub(super) fn unfit(&self, place: usize) -> Option<SkipReason> {
        let (target, index) = (self.target(place), self.chain.targets[place]);
        let config = &self.router.config;
        let accounts = [config.tenants.get(&self.request.tenant), config.tiers.get(&self.request.tier)];
        if accounts.into_iter().flatten().any(|a| a.targets.as_ref().is_some_and(|allowed| !allowed.contains(&index))) {
            return Some(SkipReason::NotAllowed);
        }
        let adapter = self.router.upstreams[target.provider].adapter;
        let offer = Offer {
            trusted: self.is_trusted(place),
            obeys: self.request.embedding.is_some() || adapter.cannot(&self.request.options).is_none(),
            embeds: adapter.embedder().is_ok(),
            ..target.offer()
        };
        unfit(&self.needs, &offer)
    }

    /// Whether high stakes may be trusted to a target: the chain is meant for it, or its measured quality is proven to reach
    /// the floor of the chain.
    fn is_trusted(&self, place: usize) -> bool {
        let floor = self.chain.min_quality.filter(|_| self.needs.high_stakes);
        let proven = || Some(self.health(place).measured()?.is_at_least(floor?));
        self.chain.is_first_choice(place) || proven() == Some(true)
    }

    /// What this request needs of every target.
    pub(super) fn needs(router: &'a Router, chain: &Chain, request: &'a Request, prompt_tokens: u32) -> Needs<'a> {
        let mut capabilities = Vec::new();
        if !request.tools.is_empty() {
            capabilities.push(Capability::Tools);
        }
        // Where a gate holds the answer against the schema anyway, a prompt that tells of it will do.
        if request.schema.is_some() && !chain.gates.hold_to_schema() {
            capabilities.push(Capability::JsonSchema);
        }
        if !request.images.is_empty() {
            capabilities.push(Capability::Vision);
        }
        Needs {
            residency: if chain.complies { &request.traits.residency } else { &[] },
            data_class: request.traits.data_class.as_ref().filter(|_| chain.complies),
            high_stakes: chain.minds_stakes && request.traits.stakes == Stakes::High,
            capabilities,
            embedding: request.embedding.is_some(),
            space: request.embedding.and_then(|_| router.vector_space(chain)),
            prompt_tokens,
        }
    }

    /// May this target be called now? Whether it is busy or has nothing left only matters unless `lenient`. Who waited for
    /// this has a `turn`.
    pub(super) fn admit(&self, place: usize, lenient: bool, turn: Option<Turn>) -> Result<Leave, SkipReason> {
        self.ask(place, lenient, true, turn)
    }

    /// A call out of turn to the target that will admit one soonest, where the breakers let nobody pass and the chain wants
    /// one made all the same.
    pub(super) fn best_try(&self) -> Option<(usize, Leave)> {
        if self.chain.all_open != AllOpen::BestTry || !self.all_open() {
            return None;
        }
        let mut places: Vec<usize> = (0..self.places.len()).filter(|&place| self.unfit(place).is_none()).collect();
        places.sort_by_key(|&place| self.health(place).opens_at());
        places.into_iter().find_map(|place| Some((place, self.ask(place, true, false, None).ok()?)))
    }

    /// Whether nothing was called, because of the breakers of all targets that could serve this request.
    pub(super) fn all_open(&self) -> bool {
        let open = |place: &usize| {
            matches!(self.places[*place].passed, Some(SkipReason::BreakerOpen | SkipReason::Recovering))
        };
        let fit = || (0..self.places.len()).filter(|&place| self.unfit(place).is_none());
        self.attempts == 0 && fit().count() > 0 && fit().all(|place| open(&place))
    }

    fn ask(&self, place: usize, lenient: bool, heeds_breaker: bool, turn: Option<Turn>) -> Result<Leave, SkipReason> {
        let now = self.now();
        if let Some(reason) = self.hindrance(place, now) {
            return Err(reason);
        }
        let tokens = u64::from(self.prompt_tokens) + u64::from(TYPICAL_ANSWER);
        let terms = Terms {
            max_in_flight: self.chain.max_in_flight,
            yields: self.chain.batch_in_flight.filter(|_| self.request.traits.batch).map(|up_to| (up_to, turn)),
            cost: self.chain.ahead.then_some(Cost { tokens }),
            lenient,
            heeds_breaker,
            first_here: self.places[place].tried == 0,
        };
        // Money comes first: a target that admits a call counts it as made, and a hold that is not used is given back.
        let hold = Hold::on(&self.payers, now, self.estimate(place), |event| self.log(event));
        let hold = hold.ok_or(SkipReason::Budget)?;
        let tell = |change| self.announce(place, change);
        let pass = self.health(place).admit(now, self.luck("ramp", place), terms, self.keys(place), tell)?;
        Ok(Leave { pass, hold })
    }
}
