//! What a router is told: its targets, chains and routes. A plan assembles this from a checked scenario; every number
//! here is already valid.

use super::policy::decide::Table;
use super::policy::evals::{Bar, Pace};
use super::policy::fit::Offer;
use super::policy::gates::Gates;
use super::policy::keyring::Key;
use super::policy::order::{Pick, Step};
use super::policy::prices::PriceList;
use super::policy::route::{Traveller, When};
use super::policy::{backoff, breaker, budget, cache, checks, grading, hedge, purse, quality};
use crate::event::Name;
use crate::provider::tokens;
use mock_providers::model::{Capability, Price};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Everything a router is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Places a request can go, in the order of their first mention.
    pub targets: Vec<Target>,
    /// Ordered lists of targets.
    pub chains: Vec<Chain>,
    /// Tried in order; the first that matches decides. A request that matches none takes the chain named after its
    /// task, else the first chain.
    pub routes: Vec<Route>,
    /// Keys that all tenants share, at most one pool for a provider. Elsewhere every tenant has a key of its own.
    pub pools: Vec<Pool>,
    /// How many routers there are.
    pub fleet: Fleet,
    /// How the quality of answers is watched.
    pub oversight: Oversight,
    /// What some tenants may use and spend. Money is one: all replicas spend from the same purse.
    pub tenants: BTreeMap<Name, Account>,
    /// Likewise of tiers, of whose purse all their tenants spend.
    pub tiers: BTreeMap<Name, Account>,
}

/// What a tenant or a tier may use and spend.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    /// What it may spend; `None`: as much as it likes.
    pub budget: Option<purse::Params>,
    /// Indices of the targets it may use; `None`: all.
    pub targets: Option<BTreeSet<usize>>,
}

/// The keys to one provider that requests use in turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// Index of the provider in the plan.
    pub provider: usize,
    /// The keys, at least one.
    pub keys: Vec<Key>,
    /// Whether another key stands in for one that is throttled or refused.
    pub rotates: bool,
}

/// Several routers behind one address. A request reaches one of them by a hash of its id, and another one when its
/// client asks again. Each has breakers, budgets and quality windows of its own and so sees its share of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    /// How many; at least 1.
    pub replicas: u16,
    /// How long it takes until what one breaker decided is known to the others; `None`: they tell each other nothing.
    pub lag: Option<Duration>,
}

impl Default for Fleet {
    fn default() -> Self {
        Self { replicas: 1, lag: None }
    }
}

/// The way of a request to its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// Index of the route it takes, if one matches.
    pub route: Option<usize>,
    /// Index of its chain.
    pub chain: usize,
}

impl Config {
    /// The chains that a target is in, or may come into.
    pub fn chains_with(&self, target: usize) -> impl Iterator<Item = &Chain> {
        let swaps = &self.oversight.swaps;
        let comes = move |chain: usize| swaps.iter().any(|swap| swap.chain == chain && swap.to == target);
        let with = move |&(index, chain): &(usize, &Chain)| chain.targets.contains(&target) || comes(index);
        self.chains.iter().enumerate().filter(with).map(|(_, chain)| chain)
    }

    /// The way of a request: by the first route that matches, else to the chain named after its task, else to the first.
    #[must_use]
    pub fn way_of(&self, request: &Traveller<'_>) -> Way {
        let route = self.routes.iter().position(|route| route.when.holds(request));
        let named = || self.chains.iter().position(|chain| *chain.name == *request.task);
        let chain = route.map(|route| self.routes[route].chain).or_else(named).unwrap_or(0);
        Way { route, chain }
    }
}

/// How the quality of answers is watched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Oversight {
    /// Looks at a share of the answers that clients got.
    pub grader: Option<grading::Params>,
    /// When the targets of which chain are measured.
    pub evals: Vec<Eval>,
    /// When one target is to take the place of another.
    pub swaps: Vec<Swap>,
}

/// Measures every target of a chain on the same items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eval {
    /// Index of the chain.
    pub chain: usize,
    /// How its items are worked off.
    pub pace: Pace,
}

/// Puts one target into the place of another, if it proves to be as good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Swap {
    /// Index of the chain.
    pub chain: usize,
    /// Index of the incumbent.
    pub from: usize,
    /// Index of the candidate.
    pub to: usize,
    /// How the items are worked off that both are measured on.
    pub pace: Pace,
    /// When the candidate is good enough; `None`: nobody looks.
    pub bar: Option<Bar>,
}

/// One place a request can go. Its breaker, retry budget and quality window are shared by all chains that name it.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// `provider/model`.
    pub name: Name,
    /// Index of the provider in the plan.
    pub provider: usize,
    /// Who runs it.
    pub vendor: Name,
    /// Where it is, if that is known.
    pub region: Option<Name>,
    /// The kinds of data that may be sent there.
    pub approved_for: BTreeSet<Name>,
    /// The model's name on the wire.
    pub model: Name,
    /// What the model is, wherever it is served: its vectors compare with those of the same identity.
    pub identity: Name,
    /// What it costs, as the router is told.
    pub prices: PriceList,
    /// Context window in tokens.
    pub context: u32,
    /// What the model can do. A request that needs more is never sent there.
    pub capabilities: BTreeSet<Capability>,
    /// What it is told besides the instructions of the request, as models differ in what they have to be told.
    pub prompt: Option<Name>,
    /// Whether the model goes on from the beginning of an answer that is put into its mouth.
    pub prefill: bool,
    /// Circuit breaker.
    pub breaker: breaker::Params,
    /// Retry budget.
    pub budget: budget::Params,
    /// Quality window.
    pub quality: quality::Params,
    /// Synthetic health checks; `None`: none are made.
    pub checks: Option<checks::Params>,
}

impl Target {
    /// A target of which nothing is known but where it is: everything else is as for a model that can do all and costs
    /// nothing.
    #[must_use]
    pub fn new(provider: (usize, &str), model: &str) -> Self {
        let (index, vendor) = provider;
        Self {
            name: format!("{vendor}/{model}").into(),
            provider: index,
            vendor: vendor.into(),
            region: None,
            approved_for: BTreeSet::new(),
            model: model.into(),
            identity: model.into(),
            prices: PriceList::new(Price::default()),
            context: 128_000,
            capabilities: Capability::ALL.into(),
            prompt: None,
            prefill: true,
            breaker: breaker::Params::default(),
            budget: budget::Params::default(),
            quality: quality::Params::default(),
            checks: None,
        }
    }

    /// What it has to offer, as far as it is for itself to say: whether its API can do what is asked its adapter knows,
    /// whether high stakes are trusted to it its chain.
    #[must_use]
    pub fn offer(&self) -> Offer<'_> {
        Offer {
            region: self.region.as_ref(),
            approved_for: &self.approved_for,
            trusted: true,
            capabilities: &self.capabilities,
            obeys: true,
            embeds: true,
            space: &self.identity,
            context: self.context.saturating_sub(self.prompt.as_ref().map_or(0, |prompt| tokens(prompt.len()))),
        }
    }
}

/// An ordered list of targets, and how to use it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Its name.
    pub name: Name,
    /// Indices into [`Config::targets`], best first, each at most once.
    pub targets: Vec<usize>,
    /// How the targets are grouped; the lengths add up to their number.
    pub steps: Vec<Step>,
    /// The odds of each target in a weighted step.
    pub weights: Vec<f64>,
    /// What is done about each class of outcome.
    pub table: Table,
    /// Whether requests only go where they may be processed, and to whom is approved for the data in them.
    pub complies: bool,
    /// Whether requests with high stakes are only served by targets that are known to be good enough for them.
    pub minds_stakes: bool,
    /// From this share of the budget of whoever asks on, what is cheapest comes first; 0 to 1.
    pub downshift: Option<f64>,
    /// A target whose price has risen by this share since the beginning is tried last; more than 0.
    pub price_change: Option<f64>,
    /// What becomes of a stream that breaks after its first token.
    pub on_break: OnBreak,
    /// Bounds the last byte of the answer, counted from the arrival at the router.
    pub deadline: Duration,
    /// Bounds the first token of a streamed answer, counted likewise.
    pub ttft_deadline: Option<Duration>,
    /// A hop is not started with less time than this left.
    pub min_hop_time: Duration,
    /// Same-target retries.
    pub retry: Retry,
    /// HTTP calls allowed for one request over all targets.
    pub max_attempts_total: u32,
    /// Bounds on one HTTP call.
    pub timeouts: Timeouts,
    /// When a second target is called beside the first; `None`: never.
    pub hedge: Option<hedge::Params>,
    /// What answers must pass to be served.
    pub gates: Gates,
    /// A target whose measured quality is proven to lie below this share is passed over.
    pub min_quality: Option<f64>,
    /// Which answers are kept, to be given again when every target has failed.
    pub cache: Option<cache::Params>,
    /// What is served when every target has failed and no fresh answer is kept.
    pub degraded: Option<Name>,
    /// What is done when every target is passed over by its breaker.
    pub all_open: AllOpen,
    /// Calls in flight beyond which a target is passed over while there is another.
    pub max_in_flight: Option<u32>,
    /// Calls in flight below which a target takes batch requests; from there on they wait. `None`: they are like others.
    pub batch_in_flight: Option<u32>,
    /// Connections kept open to each provider that the chain falls back to, before anybody needs them.
    pub warm: u32,
    /// Whether a target that says nothing is left of its limits is passed over while there is another.
    pub ahead: bool,
}

/// What is done when every target is passed over by its breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AllOpen {
    /// The degraded answer at once, if there is one.
    #[default]
    Degrade,
    /// The error at once, also where there is a degraded answer.
    FailFast,
    /// One call to the target whose breaker will admit a probe soonest, whatever it says; then as the others.
    BestTry,
}

impl Chain {
    /// A chain over these targets, with the defaults of everything else.
    #[must_use]
    pub fn new(name: &str, targets: Vec<usize>) -> Self {
        Self {
            name: name.into(),
            steps: vec![Step { len: targets.len(), pick: Pick::Ordered }],
            weights: vec![1.0; targets.len()],
            targets,
            table: Table::default(),
            complies: true,
            minds_stakes: true,
            downshift: None,
            price_change: None,
            on_break: OnBreak::default(),
            deadline: Duration::from_secs(30),
            ttft_deadline: None,
            min_hop_time: Duration::from_millis(250),
            retry: Retry::default(),
            max_attempts_total: 6,
            timeouts: Timeouts::default(),
            hedge: None,
            gates: Gates::default(),
            cache: None,
            min_quality: None,
            degraded: None,
            all_open: AllOpen::default(),
            max_in_flight: None,
            batch_in_flight: None,
            warm: 0,
            ahead: false,
        }
    }

    /// Whether a place of the chain is one that requests are meant for, rather than one that they fall back to: the first
    /// target, or any of those that are as good as the first.
    #[must_use]
    pub fn is_first_choice(&self, place: usize) -> bool {
        let choices = self.steps.first().map_or(0, |step| if step.pick == Pick::Ordered { 1 } else { step.len });
        place < choices
    }
}

/// What becomes of a stream that breaks after its first token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBreak {
    /// Another target goes on from what the client has, if it can be proved to; else the stream ends with an error.
    #[default]
    Continue,
    /// The stream ends with an error.
    Error,
    /// There is no such stream: the client gets nothing before the answer is whole.
    Buffer,
    /// What came is taken for the whole answer.
    Serve,
}

/// Same-target retries of a chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// All attempts on one target, the first included.
    pub max_attempts: u32,
    /// Waits between them.
    pub backoff: backoff::Params,
    /// The longest wait (Retry-After or backoff) that is sat out on the same target rather than moving on.
    pub wait_up_to: Duration,
    /// Whether timeouts are retried on the same target; silence normally is not.
    pub retry_timeouts: bool,
    /// Whether a target that asks for a pause (Retry-After) gets it.
    pub heeds_pauses: bool,
    /// Pauses are stretched by up to this share, and so is the wait for their end.
    pub scatter: f64,
    /// Whether the wait before a retry is also sat out when there is none, before moving on.
    pub sleeps_last: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 2,
            backoff: backoff::Params::default(),
            wait_up_to: Duration::from_secs(1),
            retry_timeouts: false,
            heeds_pauses: true,
            scatter: 0.1,
            sleeps_last: false,
        }
    }
}

/// Bounds on one HTTP call. The remaining time of the request bounds it as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// From dispatch to the response head. A plain answer is generated before its head.
    pub headers: Duration,
    /// From dispatch to the first token of a stream.
    pub first_token: Duration,
    /// Between two tokens of a stream.
    pub idle: Duration,
    /// From dispatch to the last byte.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            headers: Duration::from_secs(6),
            first_token: Duration::from_secs(5),
            idle: Duration::from_secs(3),
            total: None,
        }
    }
}

/// A rule from requests to a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Which requests.
    pub when: When,
    /// Index into [`Config::chains`].
    pub chain: usize,
}
