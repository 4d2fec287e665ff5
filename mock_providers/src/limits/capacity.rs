//! Capacity: so many places, a queue before them, and other customers who take some.
//!
//! Rules:
//! - Whoever comes takes a free place, else stands in the queue, else is sent away. Places are given to the queue in
//!   the order of arrival, and nobody overtakes it.
//! - Other customers take `background` of the places, rounded to whole ones; while they do not take all, at least one
//!   is left. They take a place as soon as it is free, and nobody who has one loses it to them.
//! - Whoever leaves frees the place. A client that hangs up frees it too, or with [`OnHangup::Finish`] only at the
//!   instant at which the work would have been done, as behind a provider that does not notice.
//! - Occupancy slows everybody: a place whose `others` (live, lingering and background, itself not counted) are busy
//!   is slower by `1 + (contention − 1) · others ÷ (concurrency − 1)`. So it is 1 alone and `contention` at the full.
//!
//! [`Room`] is pure: it is told the time and says who may come in. [`Pool`](super::Pool) does the waiting.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::Duration;

/// What a provider, or one model of it, can do at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    /// Places: requests that are worked on at once.
    pub concurrency: u32,
    /// How many may wait for a place; beyond that they are refused.
    pub queue: u32,
    /// How long one waits at most before it is refused; `None`: as long as it takes.
    pub queue_wait: Option<Duration>,
    /// What others take.
    pub background: Background,
    /// How much slower tokens come when all places are taken; 1: not at all.
    pub contention: f64,
    /// What becomes of the work of a client that hangs up.
    pub on_hangup: OnHangup,
}

impl Capacity {
    /// So many places and so long a queue, nobody else about, and no contention.
    #[must_use]
    pub fn new(concurrency: u32, queue: u32) -> Self {
        Self {
            concurrency,
            queue,
            queue_wait: None,
            background: Background::default(),
            contention: 1.0,
            on_hangup: OnHangup::Free,
        }
    }
}

/// What becomes of the work of a client that hangs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnHangup {
    /// It is dropped, and its place is free.
    #[default]
    Free,
    /// It is done to the end for nobody.
    Finish,
}

/// The share of the places that other customers take, as a function of time: it changes at given instants and stays
/// as it is in between. Nothing, unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Background {
    /// From which instant on which share (0 to 1), ascending.
    steps: Vec<(Duration, f64)>,
}

impl Background {
    /// The same share all the time.
    #[must_use]
    pub fn always(share: f64) -> Self {
        Self::steps([(Duration::ZERO, share)])
    }

    /// From each instant on this share, and nothing before the first. Shares are cut to 0 to 1; of two at one instant
    /// the later counts.
    #[must_use]
    pub fn steps(steps: impl IntoIterator<Item = (Duration, f64)>) -> Self {
        let mut steps: Vec<(Duration, f64)> = steps.into_iter().collect();
        for (_, share) in &mut steps {
            *share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        }
        steps.sort_by_key(|(at, _)| *at);
        Self { steps }
    }

    /// These and others besides: at each of these instants, or at one of its own, the share is the sum of both.
    #[must_use]
    pub fn and(&self, instants: &[Duration], others: impl Fn(Duration) -> f64) -> Self {
        let own = self.steps.iter().map(|(at, _)| *at);
        Self::steps(own.chain(instants.iter().copied()).map(|at| (at, self.share(at) + others(at))))
    }

    /// The share at `now`.
    #[must_use]
    pub fn share(&self, now: Duration) -> f64 {
        let passed = self.steps.partition_point(|(at, _)| *at <= now);
        passed.checked_sub(1).and_then(|last| self.steps.get(last)).map_or(0.0, |(_, share)| *share)
    }

    /// The first instant after `now` at which it may change.
    #[must_use]
    pub fn next_change(&self, now: Duration) -> Option<Duration> {
        self.steps.get(self.steps.partition_point(|(at, _)| *at <= now)).map(|(at, _)| *at)
    }
}

/// Who stands in the queue, by order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// What becomes of somebody who arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// A place is taken.
    Admitted,
    /// There is none; one stands in the queue.
    Queued(Ticket),
    /// The queue is full too.
    Full,
}

/// Who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Places at which work is done, for clients or for nobody any more.
    pub in_flight: u32,
    /// Of these, those whose client has hung up.
    pub lingering: u32,
    /// Places that other customers want.
    pub background: u32,
    /// How many wait.
    pub queued: u32,
}

/// The state of a capacity.
#[derive(Debug)]
pub struct Room {
    capacity: Capacity,
    /// Places held by clients, those included that were granted and not picked up.
    taken: u32,
    /// When the places end whose clients hung up.
    lingering: BinaryHeap<Reverse<Duration>>,
    waiting: VecDeque<(Ticket, Duration)>,
    /// Places that were granted to the queue and not picked up, with the time of the wait.
    granted: BTreeMap<Ticket, Duration>,
    tickets: u64,
    now: Duration,
}

impl Room {
    /// An empty one.
    #[must_use]
    pub fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            taken: 0,
            lingering: BinaryHeap::new(),
            waiting: VecDeque::new(),
            granted: BTreeMap::new(),
            tickets: 0,
            now: Duration::ZERO,
        }
    }

    /// What it can do.
    #[must_use]
    pub fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// Lets time pass and gives what is free to the queue; who got a place, in the order of the queue. To be called
    /// after each change and at [`next_change`](Self::next_change).
    pub fn update(&mut self, now: Duration) -> Vec<Ticket> {
        self.now = self.now.max(now);
        while self.lingering.peek().is_some_and(|Reverse(end)| *end <= self.now) {
            self.lingering.pop();
        }
        let mut admitted = Vec::new();
        while self.free() > 0
            && let Some((ticket, since)) = self.waiting.pop_front()
        {
            self.taken += 1;
            self.granted.insert(ticket, self.now.saturating_sub(since));
            admitted.push(ticket);
        }
        admitted
    }

    /// Somebody arrives. To be called right after [`update`](Self::update), which serves those who came before.
    pub fn arrive(&mut self, now: Duration) -> Arrival {
        self.now = self.now.max(now);
        if self.waiting.is_empty() && self.free() > 0 {
            self.taken += 1;
            Arrival::Admitted
        } else if count(self.waiting.len()) < self.capacity.queue {
            let ticket = Ticket(self.tickets);
            self.tickets += 1;
            self.waiting.push_back((ticket, self.now));
            Arrival::Queued(ticket)
        } else {
            Arrival::Full
        }
    }

    /// Picks up the place that was granted to a ticket, if one was; how long it took.
    pub fn claim(&mut self, ticket: Ticket) -> Option<Duration> {
        self.granted.remove(&ticket)
    }

    /// Somebody gives up waiting, or does not pick up the place that was granted.
    pub fn withdraw(&mut self, ticket: Ticket) {
        if self.granted.remove(&ticket).is_some() {
            self.leave();
        } else {
            self.waiting.retain(|(waiting, _)| *waiting != ticket);
        }
    }

    /// Somebody who had a place leaves it.
    pub fn leave(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    /// Somebody who had a place hangs up, and the work goes on until `until`.
    pub fn linger(&mut self, now: Duration, until: Duration) {
        self.now = self.now.max(now);
        self.leave();
        if until > self.now {
            self.lingering.push(Reverse(until));
        }
    }

    /// Changes what others take.
    pub fn set_background(&mut self, background: Background) {
        self.capacity.background = background;
    }

    /// The first of the queue.
    #[must_use]
    pub fn head(&self) -> Option<Ticket> {
        self.waiting.front().map(|(ticket, _)| *ticket)
    }

    /// The first instant after `now` at which a place may come free although nobody does anything.
    #[must_use]
    pub fn next_change(&self, now: Duration) -> Option<Duration> {
        let end = self.lingering.peek().map(|Reverse(end)| *end);
        let change = self.capacity.background.next_change(now);
        end.into_iter().chain(change).min()
    }

    /// How much slower than alone the work at a place goes now, 1 or more.
    #[must_use]
    pub fn slowdown(&self) -> f64 {
        let Capacity { concurrency, contention, .. } = self.capacity;
        let others = (self.in_flight() + self.others()).min(concurrency).saturating_sub(1);
        if concurrency < 2 { 1.0 } else { 1.0 + (contention - 1.0) * f64::from(others) / f64::from(concurrency - 1) }
    }

    /// Who is there.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        Gauges {
            in_flight: self.in_flight(),
            lingering: count(self.lingering.len()),
            background: self.others(),
            queued: count(self.waiting.len()),
        }
    }

    fn in_flight(&self) -> u32 {
        self.taken.saturating_add(count(self.lingering.len()))
    }

    /// Places that others want now.
    fn others(&self) -> u32 {
        let (share, places) = (self.capacity.background.share(self.now), self.capacity.concurrency);
        let wanted = libm::round(share * f64::from(places)) as u32;
        if share < 1.0 { wanted.min(places.saturating_sub(1)) } else { places }
    }

    fn free(&self) -> u32 {
        self.capacity.concurrency.saturating_sub(self.others()).saturating_sub(self.in_flight())
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn with(background: Background, places: u32, queue: u32) -> Room {
        Room::new(Capacity { background, ..Capacity::new(places, queue) })
    }

    #[test]
    fn beyond_the_places_one_waits_and_beyond_the_queue_one_is_sent_away() {
        let mut room = Room::new(Capacity::new(2, 1));
        assert_eq!((room.arrive(secs(0)), room.arrive(secs(0))), (Arrival::Admitted, Arrival::Admitted));
        let Arrival::Queued(ticket) = room.arrive(secs(1)) else { panic!("queued") };
        assert_eq!(room.arrive(secs(1)), Arrival::Full);
        assert!(room.update(secs(2)).is_empty());
        room.leave();
        assert_eq!(room.update(secs(3)), [ticket]);
        assert_eq!(room.claim(ticket), Some(secs(2)), "it waited from 1 to 3");
        assert_eq!(room.claim(ticket), None);
        assert_eq!(room.gauges(), Gauges { in_flight: 2, lingering: 0, background: 0, queued: 0 });
    }

    #[test]
    fn whoever_hangs_up_frees_the_place_at_once_or_when_the_work_would_have_ended() {
        let mut room = Room::new(Capacity::new(1, 5));
        room.arrive(secs(0));
        let Arrival::Queued(ticket) = room.arrive(secs(0)) else { panic!("queued") };
        room.linger(secs(1), secs(9));
        assert!(room.update(secs(1)).is_empty());
        assert_eq!((room.next_change(secs(1)), room.gauges().lingering), (Some(secs(9)), 1));
        assert!(room.update(secs(8)).is_empty());
        assert_eq!(room.update(secs(9)), [ticket]);
        room.claim(ticket);
        room.linger(secs(20), secs(20));
        assert_eq!((room.arrive(secs(20)), room.next_change(secs(20))), (Arrival::Admitted, None));
    }

    #[test]
    fn who_leaves_the_queue_is_passed_over_and_who_does_not_pick_up_gives_the_place_back() {
        let mut room = Room::new(Capacity::new(1, 5));
        room.arrive(secs(0));
        let tickets: Vec<Ticket> = (0..3)
            .filter_map(|_| match room.arrive(secs(0)) {
                Arrival::Queued(ticket) => Some(ticket),
                _ => None,
            })
            .collect();
        room.withdraw(tickets[0]);
        room.leave();
        assert_eq!(room.update(secs(1)), [tickets[1]]);
        room.withdraw(tickets[1]);
        assert_eq!(room.update(secs(1)), [tickets[2]]);
        assert_eq!((room.head(), room.gauges().queued), (None, 0));
    }

    #[test]
    fn others_take_whole_places_and_leave_one_while_they_do_not_take_all() {
        for (places, share, taken) in [
            (64, 0.3, 19),
            (3, 0.5, 2),
            (10, 0.0, 0),
            (10, 0.04, 0),
            (10, 0.05, 1),
            (10, 0.99, 9),
            (1, 0.6, 0),
            (10, 1.0, 10),
            (10, 7.0, 10),
            (10, f64::NAN, 0),
        ] {
            let room = with(Background::always(share), places, 0);
            assert_eq!(room.gauges().background, taken, "{share} of {places}");
        }
    }

    #[test]
    fn the_background_changes_at_its_instants_and_nobody_loses_a_place_to_it() {
        let steps = Background::steps([(secs(20), 0.5), (secs(10), 1.0)]);
        assert_eq!([0, 9, 10, 19, 20, 99].map(|s| steps.share(secs(s))), [0.0, 0.0, 1.0, 1.0, 0.5, 0.5]);
        assert_eq!([0, 10, 20].map(|s| steps.next_change(secs(s))), [Some(secs(10)), Some(secs(20)), None]);

        let mut room = with(steps, 4, 9);
        for _ in 0..4 {
            assert_eq!(room.arrive(secs(0)), Arrival::Admitted);
        }
        room.update(secs(10));
        assert_eq!(room.gauges().in_flight, 4);
        (0..4).for_each(|_| room.leave());
        let Arrival::Queued(ticket) = room.arrive(secs(11)) else { panic!("others took all") };
        assert_eq!(room.next_change(secs(11)), Some(secs(20)));
        assert_eq!(room.update(secs(20)), [ticket]);
    }

    #[test]
    fn tokens_slow_down_from_one_alone_to_the_contention_at_the_full() {
        let mut room = Room::new(Capacity { contention: 3.0, ..Capacity::new(5, 0) });
        let factors: Vec<f64> = (0..5)
            .map(|_| {
                room.arrive(secs(0));
                room.slowdown()
            })
            .collect();
        assert_eq!(factors, [1.0, 1.5, 2.0, 2.5, 3.0]);
        let crowd = Background::always(0.4);
        let mut room = Room::new(Capacity { contention: 3.0, background: crowd, ..Capacity::new(5, 0) });
        room.arrive(secs(0));
        assert_eq!(room.slowdown(), 2.0, "two others of four");
        assert_eq!(Room::new(Capacity { contention: 3.0, ..Capacity::new(1, 0) }).slowdown(), 1.0);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Arrive,
        Leave,
        Linger(u64),
        Withdraw(prop::sample::Index),
        Claim(prop::sample::Index),
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Arrive),
            2 => Just(Step::Leave),
            1 => (1u64..30).prop_map(Step::Linger),
            1 => any::<prop::sample::Index>().prop_map(Step::Withdraw),
            2 => any::<prop::sample::Index>().prop_map(Step::Claim),
            2 => (1u64..10).prop_map(Step::Pass),
        ]
    }

    proptest! {
        /// Whatever happens, there are never more at work than places, the queue is served in its order, no place is
        /// left free while somebody waits, and in the end every place is free again.
        #[test]
        fn places_never_leak_and_the_queue_is_first_come_first_served(
            places in 1u32..5,
            share in 0.0f64..1.0,
            steps in prop::collection::vec(step(), 1..200),
        ) {
            let others = Background::steps([(secs(50), share), (secs(100), 0.0)]);
            let mut room = with(others, places, 4);
            let (mut now, mut live, mut granted) = (0, 0u32, Vec::new());
            let (mut queue, mut served) = (Vec::new(), Vec::new());
            for step in steps {
                match step {
                    Step::Arrive => match room.arrive(secs(now)) {
                        Arrival::Admitted => live += 1,
                        Arrival::Queued(ticket) => queue.push(ticket),
                        Arrival::Full => prop_assert_eq!(room.gauges().queued, 4),
                    },
                    Step::Leave if live > 0 => {
                        room.leave();
                        live -= 1;
                    }
                    Step::Linger(time) if live > 0 => {
                        room.linger(secs(now), secs(now + time));
                        live -= 1;
                    }
                    Step::Withdraw(which) if !queue.is_empty() => {
                        let ticket = queue.remove(which.index(queue.len()));
                        room.withdraw(ticket);
                    }
                    Step::Claim(which) if !granted.is_empty() => {
                        let ticket = granted.swap_remove(which.index(granted.len()));
                        prop_assert!(room.claim(ticket).is_some());
                        live += 1;
                    }
                    Step::Pass(time) => now += time,
                    _ => {}
                }
                for ticket in room.update(secs(now)) {
                    prop_assert_eq!(queue.remove(0), ticket, "the first of those who wait");
                    granted.push(ticket);
                    served.push(ticket);
                }
                let gauges = room.gauges();
                prop_assert!(gauges.in_flight <= places);
                prop_assert_eq!(gauges.in_flight - gauges.lingering, live + count(granted.len()));
                prop_assert_eq!(gauges.queued, count(queue.len()));
                prop_assert!(gauges.queued == 0 || gauges.in_flight + gauges.background >= places);
            }
            prop_assert!(served.is_sorted());
            for ticket in queue.into_iter().chain(granted) {
                room.withdraw(ticket);
            }
            (0..live).for_each(|_| room.leave());
            room.update(secs(now + 1000));
            prop_assert_eq!(room.gauges(), Gauges { in_flight: 0, lingering: 0, background: 0, queued: 0 });
        }
    }
}
