//! All quotas of one provider, and who holds which.
//!
//! Rules:
//! - A provider's quota is held by all its requests together, or once per model, or once per key. A model's own quota
//!   holds besides the provider's, and in place of one that is held per model; so does a key's own quota.
//! - A request is charged on every quota that governs it, or on none: what one refuses costs nothing on the others.
//! - It is charged one request and an estimate of its tokens when it is admitted; [`Meter::settle`] corrects that to
//!   what was used. A request that is never settled has cost its estimate. Refusals are not charged; whom the
//!   queue turns away later has been charged its request, and gets its tokens back.
//! - A request that could never fit is an outcome of its own: no wait cures it.
//! - The figures of a resource are those of its tightest limit; after a refusal, those of the limit that was hit, which
//!   is the one with the longest wait.

use super::figures::{Figures, Hit, Resource};
use super::lies::Lie;
use super::quota::{Bucket, Quota};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Tokens that are expected of an answer whose request names no cap.
const ANSWER_TOKENS: u64 = 256;
/// Beyond so many holders those that hold nothing back are forgotten: clients may make up keys without end.
const HOLDERS: usize = 1024;

/// What a request is charged before its answer is known: the prompt, and the cap it asks for or a default.
#[must_use]
pub fn estimate(prompt_tokens: u32, cap: Option<u32>) -> u64 {
    u64::from(prompt_tokens) + cap.map_or(ANSWER_TOKENS, u64::from)
}

/// Who shares one quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Per {
    /// Everybody.
    #[default]
    Provider,
    /// All requests for one model.
    Model,
    /// All requests with one key; of a model's own quota: with one key for that model.
    Key,
}

/// A quota, who shares it, and what is said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The limits.
    pub quota: Quota,
    /// Who shares them.
    pub per: Per,
    /// What is said in place of the truth.
    pub lies: Option<Lie>,
}

/// All quotas of a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quotas {
    /// The provider's.
    pub provider: Option<Policy>,
    /// Models' own, by the model's name.
    pub models: BTreeMap<Arc<str>, Policy>,
    /// Keys' own, by the key's name. Whatever their `per` says, each is held by its key.
    pub keys: BTreeMap<Arc<str>, Policy>,
}

impl Quotas {
    /// Whether nothing is limited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.provider.is_none() && self.models.is_empty() && self.keys.is_empty()
    }

    /// The quotas that govern a request, and who holds each.
    fn governing(&self, model: &str, key: &str) -> Vec<(Holder, &Policy)> {
        let (of_model, of_key) = (self.models.get(model), self.keys.get(key));
        let mut all = Vec::with_capacity(3);
        if let Some(policy) = &self.provider {
            match policy.per {
                Per::Provider => all.push((Holder::Provider, policy)),
                Per::Model if of_model.is_none() => all.push((Holder::Model(model.into()), policy)),
                Per::Key if of_key.is_none() => all.push((Holder::Key(key.into()), policy)),
                Per::Model | Per::Key => {}
            }
        }
        if let Some(policy) = of_model {
            let holder = match policy.per {
                Per::Key => Holder::KeyOfModel(model.into(), key.into()),
                Per::Provider | Per::Model => Holder::Model(model.into()),
            };
            all.push((holder, policy));
        }
        all.extend(of_key.map(|policy| (Holder::Key(key.into()), policy)));
        all
    }
}

/// Who holds the buckets of one quota.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Provider,
    Model(Arc<str>),
    Key(Arc<str>),
    KeyOfModel(Arc<str>, Arc<str>),
}

#[derive(Debug, Clone)]
struct Held {
    requests: Vec<Bucket>,
    tokens: Vec<Bucket>,
}

impl Held {
    fn new(quota: &Quota) -> Self {
        let buckets = |limits: &[_]| limits.iter().copied().map(Bucket::new).collect();
        Self { requests: buckets(&quota.requests), tokens: buckets(&quota.tokens) }
    }

    fn of(&self, resource: Resource) -> &[Bucket] {
        match resource {
            Resource::Requests => &self.requests,
            Resource::Tokens => &self.tokens,
        }
    }

    fn is_full(&self, now: Duration) -> bool {
        self.requests.iter().chain(&self.tokens).all(|bucket| bucket.is_full(now))
    }
}

/// What has been charged for one request.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "without `settle` the request has cost its estimate"]
pub struct Grant {
    holders: Vec<Holder>,
    tokens: u64,
}

/// Whether a request may come in.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It may, and has been charged.
    Admitted(Grant),
    /// It may not, for now.
    Refused,
    /// It never may: it is larger than a limit.
    TooLarge,
}

/// What the quotas make of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Whether it may come in.
    pub outcome: Outcome,
    /// The truth of the limits, after this request.
    pub figures: Figures,
    /// What is said in place of it.
    pub lies: Option<Lie>,
}

impl Ruling {
    /// What is said of the limits. `unit` is a draw in `[0, 1)`.
    #[must_use]
    pub fn told(&self, unit: f64) -> Figures {
        self.lies.map_or_else(|| self.figures.clone(), |lie| lie.tell(&self.figures, unit))
    }
}

/// The quotas of a provider, and what is left of them.
#[derive(Debug)]
pub struct Meter {
    quotas: Quotas,
    held: Mutex<Holders>,
}

#[derive(Debug)]
struct Holders {
    all: BTreeMap<Holder, Held>,
    tidy_at: usize,
}

impl Meter {
    /// A meter on which nothing has been used yet.
    #[must_use]
    pub fn new(quotas: Quotas) -> Self {
        Self { quotas, held: Mutex::new(Holders { all: BTreeMap::new(), tidy_at: HOLDERS }) }
    }

    /// Rules on a request for `model` with the key called `key`, and charges it if it may come in: one request and
    /// `tokens`, as [`estimate`]d.
    pub fn admit(&self, now: Duration, model: &str, key: &str, tokens: u64) -> Ruling {
        let governing = self.quotas.governing(model, key);
        let mut holders = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        holders.tidy(now);
        holders.see_to(&governing);
        let needs = [(Resource::Requests, 1), (Resource::Tokens, tokens)];
        let too_large = needs.into_iter().find_map(|need| holders.too_large(&governing, need));
        let refusal = || needs.into_iter().filter_map(|need| holders.longest_wait(now, &governing, need));
        // Of two waits of the same length the first counts: requests before tokens, in the order of `governing`.
        let hit = too_large.or_else(|| refusal().reduce(|a, b| if b.wait > a.wait { b } else { a }));
        let Some(hit) = hit else {
            for (holder, _) in &governing {
                holders.charge(holder, now, tokens);
            }
            let figures = holders.figures(now, &governing, None);
            let holders = governing.iter().map(|(holder, _)| holder.clone()).collect();
            let lies = governing.iter().find_map(|(_, policy)| policy.lies);
            return Ruling { outcome: Outcome::Admitted(Grant { holders, tokens }), figures, lies };
        };
        let mut figures = holders.figures(now, &governing, Some(&hit));
        let limit = hit.bucket.limit();
        figures.hit = Some(Hit {
            resource: hit.resource,
            limit: limit.amount(),
            window: limit.window(),
            used: limit.amount() - hit.bucket.remaining(now).min(limit.amount()),
            requested: hit.requested,
        });
        let outcome = if too_large.is_some() {
            Outcome::TooLarge
        } else {
            figures.wait(hit.wait);
            Outcome::Refused
        };
        Ruling { outcome, figures, lies: governing.get(hit.of).and_then(|(_, policy)| policy.lies) }
    }

    /// Corrects what was charged to what was used: gives the surplus back or charges the rest.
    pub fn settle(&self, now: Duration, grant: Grant, used: u64) {
        let Grant { holders, tokens } = grant;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for holder in holders {
            // One that is not there any more was full, as is a new one.
            let held = match held.all.entry(holder) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let Some(policy) = self.quotas.of(entry.key()) else { continue };
                    entry.insert(Held::new(&policy.quota))
                }
            };
            for bucket in &mut held.tokens {
                if used <= tokens {
                    bucket.give_back(now, tokens - used);
                } else {
                    bucket.take(now, used - tokens);
                }
            }
        }
    }

    /// The truth of the limits as a request of this model and key would meet them, without charging anybody.
    #[must_use]
    pub fn figures(&self, now: Duration, model: &str, key: &str) -> Figures {
        let governing = self.quotas.governing(model, key);
        let mut holders = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        holders.see_to(&governing);
        holders.figures(now, &governing, None)
    }
}

impl Quotas {
    /// The quota that a holder holds.
    fn of(&self, holder: &Holder) -> Option<&Policy> {
        match holder {
            Holder::Provider => self.provider.as_ref(),
            Holder::Model(model) | Holder::KeyOfModel(model, _) => self.models.get(model).or(self.provider.as_ref()),
            Holder::Key(key) => self.keys.get(key).or(self.provider.as_ref()),
        }
    }
}

/// The limit that a request runs into.
#[derive(Debug, Clone, Copy)]
struct Short {
    resource: Resource,
    bucket: Bucket,
    /// Which of the governing quotas.
    of: usize,
    wait: Duration,
    requested: u64,
}

impl Holders {
    /// Gives buckets to those who do not have them yet.
    fn see_to(&mut self, governing: &[(Holder, &Policy)]) {
        for (holder, policy) in governing {
            if !self.all.contains_key(holder) {
                self.all.insert(holder.clone(), Held::new(&policy.quota));
            }
        }
    }

    /// All buckets of one resource that govern a request, and the place of their quota.
    fn buckets<'h>(
        &'h self,
        governing: &'h [(Holder, &Policy)],
        resource: Resource,
    ) -> impl Iterator<Item = (usize, &'h Bucket)> {
        let held = governing.iter().enumerate().filter_map(|(i, (holder, _))| Some((i, self.all.get(holder)?)));
        held.flat_map(move |(i, held)| held.of(resource).iter().map(move |bucket| (i, bucket)))
    }

    fn too_large(&self, governing: &[(Holder, &Policy)], (resource, requested): (Resource, u64)) -> Option<Short> {
        let never = self.buckets(governing, resource).find(|(_, bucket)| !bucket.can_ever(requested));
        never.map(|(of, bucket)| Short { resource, bucket: *bucket, of, wait: Duration::ZERO, requested })
    }

    fn longest_wait(
        &self,
        now: Duration,
        governing: &[(Holder, &Policy)],
        (resource, requested): (Resource, u64),
    ) -> Option<Short> {
        let waits = self.buckets(governing, resource).map(|(of, bucket)| Short {
            resource,
            bucket: *bucket,
            of,
            wait: bucket.wait(now, requested),
            requested,
        });
        waits.filter(|short| !short.wait.is_zero()).reduce(|a, b| if b.wait > a.wait { b } else { a })
    }

    fn charge(&mut self, holder: &Holder, now: Duration, tokens: u64) {
        if let Some(held) = self.all.get_mut(holder) {
            held.requests.iter_mut().for_each(|bucket| bucket.take(now, 1));
            held.tokens.iter_mut().for_each(|bucket| bucket.take(now, tokens));
        }
    }

    fn figures(&self, now: Duration, governing: &[(Holder, &Policy)], hit: Option<&Short>) -> Figures {
        let of = |resource| {
            if let Some(hit) = hit.filter(|hit| hit.resource == resource) {
                return Some(hit.bucket.figure(now));
            }
            let figures = self.buckets(governing, resource).map(|(_, bucket)| bucket.figure(now));
            figures.min_by_key(|figure| (figure.remaining, std::cmp::Reverse(figure.reset)))
        };
        Figures { requests: of(Resource::Requests), tokens: of(Resource::Tokens), ..Figures::default() }
    }

    /// Forgets who has used nothing lately; a holder that comes back is as good as new either way.
    fn tidy(&mut self, now: Duration) {
        if self.all.len() >= self.tidy_at {
            self.all.retain(|_, held| !held.is_full(now));
            self.tidy_at = HOLDERS.max(2 * self.all.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::quota::Limit;
    use super::*;
    use proptest::prelude::*;

    const MINUTE: u64 = 60;
    const TEN_MINUTES: Duration = Duration::from_secs(600);

    fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn limits(list: &[(u64, u64)]) -> Vec<Limit> {
        list.iter().map(|(amount, window)| Limit::try_new(*amount, secs(*window)).unwrap()).collect()
    }

    fn policy(requests: &[(u64, u64)], tokens: &[(u64, u64)]) -> Policy {
        Policy { quota: Quota { requests: limits(requests), tokens: limits(tokens) }, ..Policy::default() }
    }

    fn meter(requests: &[(u64, u64)], tokens: &[(u64, u64)]) -> Meter {
        Meter::new(Quotas { provider: Some(policy(requests, tokens)), ..Quotas::default() })
    }

    /// Admits without settling; whether it was admitted.
    fn comes_in(meter: &Meter, now: Duration, model: &str, key: &str, tokens: u64) -> bool {
        matches!(meter.admit(now, model, key, tokens).outcome, Outcome::Admitted(_))
    }

    #[test]
    fn what_is_asked_for_is_estimated_as_prompt_and_cap() {
        assert_eq!((estimate(100, Some(50)), estimate(100, None)), (150, 356));
    }

    #[test]
    fn a_client_that_ignores_refusals_is_held_to_the_limit_within_one_percent() {
        let meter = meter(&[(3000, MINUTE)], &[]);
        let admitted = (0..600_000 / 5).filter(|i| comes_in(&meter, ms(i * 5), "m", "k", 10)).count();
        assert!((30_000..=30_300).contains(&admitted), "{admitted} of 120000");

        let meter = self::meter(&[(60_000, MINUTE)], &[(2_000_000, MINUTE)]);
        let tokens: u64 = (0..600_000 / 5).filter(|i| comes_in(&meter, ms(i * 5), "m", "k", 900)).map(|_| 900).sum();
        assert!((20_000_000..=20_200_000).contains(&tokens), "{tokens}");
    }

    /// A client in a hurry that looks at the figures of each response: it sends when they say that there is room, else
    /// waits for the reset. Counts what was admitted; nothing may be refused. An answer takes `takes`.
    fn obey(meter: &Meter, cost: u64, used: u64, takes: Duration) -> u64 {
        let (mut now, mut admitted) = (Duration::ZERO, 0);
        while now < TEN_MINUTES {
            let ruling = meter.admit(now, "m", "k", cost);
            let Outcome::Admitted(grant) = ruling.outcome else { panic!("refused at {now:?}: {:?}", ruling.figures) };
            admitted += 1;
            let figures = ruling.figures;
            now += takes;
            meter.settle(now, grant, used);
            let short = |figure: Option<super::super::Figure>, need: u64| {
                figure.filter(|f| f.remaining < i64::try_from(need).unwrap()).map(|f| f.reset)
            };
            let wait = short(figures.requests, 1).max(short(figures.tokens, cost));
            now += wait.unwrap_or_default();
        }
        admitted
    }

    #[test]
    fn a_client_that_waits_for_the_reset_is_never_refused() {
        let requests = obey(&meter(&[(600, MINUTE)], &[]), 10, 10, ms(1));
        assert!((5900..=6050).contains(&requests), "and loses little by waiting: {requests}");
        obey(&meter(&[(600, MINUTE), (3000, 3600)], &[]), 10, 10, ms(1));
        let tokens = obey(&meter(&[(6000, MINUTE)], &[(100_000, MINUTE)]), 800, 800, ms(1));
        assert!((1240..=1260).contains(&tokens), "{tokens} · 800 tokens");
        obey(&meter(&[], &[(100_000, MINUTE)]), 30_000, 30_000, ms(1));
        obey(&meter(&[(600, MINUTE)], &[(100_000, MINUTE)]), 800, 500, ms(300));
        obey(&meter(&[(6, MINUTE)], &[(70, MINUTE)]), 70, 7, ms(1));
    }

    /// A client that sends until it is refused and then waits as long as it is told: never refused twice in a row.
    fn retry_when_told(meter: &Meter, cost: u64) -> u64 {
        let (mut now, mut admitted) = (Duration::ZERO, 0);
        while now < TEN_MINUTES {
            let ruling = meter.admit(now, "m", "k", cost);
            if ruling.outcome == Outcome::Refused {
                let wait = ruling.figures.retry_after.unwrap();
                assert!(!wait.is_zero());
                assert!(!comes_in(meter, now + wait - ms(1), "m", "k", cost), "the wait is honest");
                now += wait;
                assert!(comes_in(meter, now, "m", "k", cost), "at {now:?} after {wait:?}");
            }
            admitted += 1;
            now += ms(1);
        }
        admitted
    }

    #[test]
    fn a_client_that_waits_as_long_as_it_is_told_gets_in_at_that_instant_and_not_before() {
        let requests = retry_when_told(&meter(&[(600, MINUTE)], &[]), 10);
        assert!((6000..=6060).contains(&requests), "{requests}");
        let tokens = retry_when_told(&meter(&[(6000, MINUTE)], &[(100_000, MINUTE)]), 800) * 800;
        assert!((1_000_000..=1_010_000).contains(&tokens), "{tokens}");
        retry_when_told(&meter(&[(600, MINUTE), (900, 3600)], &[(7001, MINUTE)]), 77);
    }

    #[test]
    fn a_refusal_says_which_limit_was_hit_how_long_to_wait_and_costs_nothing() {
        let meter = meter(&[(600, MINUTE), (60, 3600)], &[(6000, MINUTE)]);
        for _ in 0..50 {
            assert!(comes_in(&meter, secs(0), "m", "k", 1));
        }
        let minute = meter.admit(secs(0), "m", "k", 1);
        assert_eq!(minute.outcome, Outcome::Refused);
        let hit = Hit { resource: Resource::Requests, limit: 600, window: secs(60), used: 600, requested: 1 };
        assert_eq!((minute.figures.hit, minute.figures.retry_after), (Some(hit), Some(ms(100))));
        for i in 0..10 {
            assert!(comes_in(&meter, secs(1 + i), "m", "k", 1));
        }
        let hour = meter.admit(secs(20), "m", "k", 1).figures;
        assert_eq!((hour.hit.unwrap().window, hour.requests.unwrap().limit), (secs(3600), 60));
        assert_eq!(hour.retry_after, Some(secs(40)));
        let tokens = meter.figures(secs(20), "m", "k").tokens.unwrap();
        assert_eq!((tokens.limit, tokens.remaining), (6000, 500), "the refused ones used no tokens");
    }

    #[test]
    fn a_request_larger_than_a_limit_never_fits_and_is_not_told_to_wait() {
        let meter = meter(&[(600, MINUTE)], &[(10_000, MINUTE)]);
        let ruling = meter.admit(secs(0), "m", "k", 10_001);
        assert_eq!(ruling.outcome, Outcome::TooLarge);
        let hit = Hit { resource: Resource::Tokens, limit: 10_000, window: secs(60), used: 9167, requested: 10_001 };
        assert_eq!((ruling.figures.hit, ruling.figures.retry_after), (Some(hit), None));
        assert!(comes_in(&meter, secs(0), "m", "k", 10_000), "it used nothing");
    }

    #[test]
    fn what_was_not_used_is_given_back_and_what_was_used_beyond_is_charged() {
        let meter = meter(&[], &[(60_000, MINUTE)]);
        let remaining = || meter.figures(secs(0), "m", "k").tokens.map(|tokens| tokens.remaining);
        let Outcome::Admitted(grant) = meter.admit(secs(0), "m", "k", 1000).outcome else { panic!("admitted") };
        assert_eq!(remaining(), Some(4000));
        meter.settle(secs(0), grant, 300);
        assert_eq!(remaining(), Some(4700));
        let Outcome::Admitted(grant) = meter.admit(secs(0), "m", "k", 700).outcome else { panic!("admitted") };
        meter.settle(secs(0), grant, 1700);
        assert_eq!(remaining(), Some(3000));
    }

    #[test]
    fn a_quota_is_held_by_whom_it_says() {
        let one = [(1, MINUTE)];
        let per = |per| Quotas { provider: Some(Policy { per, ..policy(&one, &[]) }), ..Quotas::default() };
        for (who, other_model, other_key) in
            [(Per::Provider, false, false), (Per::Model, true, false), (Per::Key, false, true)]
        {
            let meter = Meter::new(per(who));
            assert!(comes_in(&meter, secs(0), "m", "k", 0));
            assert!(!comes_in(&meter, secs(0), "m", "k", 0));
            assert_eq!(comes_in(&meter, secs(0), "other", "k", 0), other_model, "{who:?}");
            assert_eq!(comes_in(&meter, secs(0), "m", "other", 0), other_key, "{who:?}");
        }
    }

    #[test]
    fn a_models_own_quota_holds_besides_the_providers_and_in_place_of_one_per_model() {
        let models = || BTreeMap::from([(Arc::from("small"), policy(&[(1, MINUTE)], &[]))]);
        let provider = |per| Some(Policy { per, ..policy(&[(36, MINUTE)], &[]) });
        let both = Meter::new(Quotas { provider: provider(Per::Provider), models: models(), ..Quotas::default() });
        assert!(comes_in(&both, secs(0), "small", "k", 0));
        assert!(!comes_in(&both, secs(0), "small", "k", 0));
        assert!(comes_in(&both, secs(0), "m", "k", 0) && comes_in(&both, secs(0), "m", "k", 0));
        assert!(!comes_in(&both, secs(0), "m", "k", 0), "three of 36 a minute at once");

        let replaced = Meter::new(Quotas { provider: provider(Per::Model), models: models(), ..Quotas::default() });
        assert!(comes_in(&replaced, secs(0), "small", "k", 0));
        assert_eq!(replaced.admit(secs(0), "small", "k", 0).figures.hit.unwrap().limit, 1);
        assert!(comes_in(&replaced, secs(0), "m", "k", 0));
    }

    #[test]
    fn a_keys_own_quota_takes_the_place_of_the_one_per_key() {
        let keys = BTreeMap::from([(Arc::from("spare"), policy(&[(60, MINUTE)], &[]))]);
        let provider = Some(Policy { per: Per::Key, ..policy(&[(12, MINUTE)], &[]) });
        let meter = Meter::new(Quotas { provider, keys, ..Quotas::default() });
        let at_once = |key: &str| (0..99).take_while(|_| comes_in(&meter, secs(0), "m", key, 0)).count();
        assert_eq!((at_once("spare"), at_once("main")), (5, 1));
    }

    #[test]
    fn a_lie_is_told_where_its_quota_was_hit() {
        let liar = Policy { lies: Some(Lie::OneDay), ..policy(&[(6, MINUTE)], &[]) };
        let models = BTreeMap::from([(Arc::from("m"), liar)]);
        let meter = Meter::new(Quotas { provider: Some(policy(&[(12, MINUTE)], &[])), models, ..Quotas::default() });
        assert!(comes_in(&meter, secs(0), "m", "k", 0));
        let lied = meter.admit(secs(6), "m", "k", 0);
        assert_eq!((lied.figures.retry_after, lied.told(0.0).retry_after), (Some(secs(4)), Some(secs(86_400))));
        assert!(comes_in(&meter, secs(6), "other", "k", 0));
        assert_eq!(meter.admit(secs(6), "other", "k", 0).told(0.0).retry_after, Some(secs(5)), "honest");
    }

    #[test]
    fn clients_that_make_up_keys_do_not_fill_the_memory() {
        let provider = Some(Policy { per: Per::Key, ..policy(&[(600, MINUTE)], &[]) });
        let meter = Meter::new(Quotas { provider, ..Quotas::default() });
        for i in 0..20_000u64 {
            assert!(comes_in(&meter, ms(i), "m", &format!("made-up-{i}"), 0));
        }
        assert!(meter.held.lock().unwrap().all.len() <= HOLDERS);
    }

    proptest! {
        /// Whatever is admitted and settled in whatever order, what was taken from a bucket is what was used.
        #[test]
        fn the_tokens_that_are_missing_in_the_end_are_those_that_were_used(
            calls in prop::collection::vec((0u64..2000, 0u64..4000, any::<prop::sample::Index>()), 1..60),
        ) {
            // No time passes, so nothing refills.
            let meter = meter(&[], &[(1_000_000, 86_400)]);
            let (mut open, mut used_up) = (Vec::new(), 0);
            for (estimate, used, which) in calls {
                if let Outcome::Admitted(grant) = meter.admit(secs(0), "m", "k", estimate).outcome {
                    open.push((grant, used));
                }
                if used % 3 == 0 && !open.is_empty() {
                    let (grant, used) = open.swap_remove(which.index(open.len()));
                    meter.settle(secs(0), grant, used);
                    used_up += used;
                }
            }
            for (grant, used) in open {
                meter.settle(secs(0), grant, used);
                used_up += used;
            }
            let figure = meter.figures(secs(0), "m", "k").tokens.unwrap();
            prop_assert_eq!(figure.remaining, 1_000_000 - i64::try_from(used_up).unwrap());
        }

        /// Estimates that are too high never let more through than the limit and one burst.
        #[test]
        fn giving_back_never_lets_more_through_than_the_limit(
            calls in prop::collection::vec((0u64..300, 1u64..2000, 0u64..2000, 0usize..10), 50..300),
        ) {
            let meter = meter(&[], &[(60_000, MINUTE)]);
            let (mut now, mut open, mut uses) = (Duration::ZERO, Vec::new(), Vec::new());
            for (gap, estimate, used, settle) in calls {
                now += ms(gap);
                if let Outcome::Admitted(grant) = meter.admit(now, "m", "k", estimate).outcome {
                    let used = used.min(estimate);
                    open.push((grant, used));
                    uses.push((now, used));
                }
                for (grant, used) in open.drain(..settle.min(open.len())) {
                    meter.settle(now, grant, used);
                }
            }
            for (i, (from, _)) in uses.iter().enumerate() {
                let inside = uses[i..].iter().take_while(|(at, _)| *at < *from + secs(MINUTE));
                let sum: u64 = inside.map(|(_, used)| used).sum();
                prop_assert!(sum <= 60_000 + 5000, "{sum} from {from:?}");
            }
        }
    }
}
