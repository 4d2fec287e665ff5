//! In which order a request tries the targets of its chain.
//!
//! A chain is a list of steps, a step a few targets that are as good as each other. Steps are walked in order; within a
//! step a [`Pick`] decides:
//!
//! | pick | comes first |
//! | --- | --- |
//! | ordered | what was written first |
//! | weighted | by lot, with the weights as odds (without replacement: Efraimidis and Spirakis, 2006) |
//! | cheapest | the lowest estimated cost of this request |
//! | fastest | the lowest moving average of answer times; now and then ([`EXPLORES`]) another, or nobody would notice that it has become faster |
//! | least_loaded | the fewest of this router's requests in flight |
//! | same_model | the same model as the first, wherever it is served, before others |
//!
//! Ties keep the written order. Demoted targets, and those whose price has risen too far, go to the end of the
//! chain, whatever their step.

use std::time::Duration;

/// The share of requests that try a target of a `fastest` step although another is faster.
pub const EXPLORES: f64 = 0.03;

/// Who comes first in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pick {
    /// What was written first.
    #[default]
    Ordered,
    /// A lot decides, with the weights as odds.
    Weighted,
    /// The lowest estimated cost.
    Cheapest,
    /// The lowest average time of its answers.
    Fastest,
    /// The fewest requests in flight.
    LeastLoaded,
    /// The model of the first target, then others.
    SameModel,
}

/// A few targets of a chain, one after the other, that are as good as each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How many.
    pub len: usize,
    /// Who comes first.
    pub pick: Pick,
}

/// What is known of one place of the chain at this moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// Its weight.
    pub weight: f64,
    /// What this request would cost there, in any unit.
    pub price: f64,
    /// The moving average of its answer times; `None`: not measured yet.
    pub average: Option<Duration>,
    /// Requests of this router in flight there.
    pub in_flight: u32,
    /// Whether it serves the same model as the first of its step.
    pub same_model: bool,
    /// Whether its answers were bad of late, or its price has risen too far.
    pub demoted: bool,
    /// A number in `[0, 1)` of this request and this target.
    pub luck: f64,
}

/// The places of a chain in the order they are to be tried.
#[must_use]
pub fn order(steps: &[Step], members: &[Member]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..members.len()).collect();
    let mut from = 0;
    for step in steps {
        let until = (from + step.len).min(places.len());
        if let Some(here) = places.get_mut(from..until) {
            let key = |&place: &usize| rank(step.pick, &members[place]);
            here.sort_by(|a, b| key(a).total_cmp(&key(b)));
        }
        from = until;
    }
    places.sort_by_key(|&place| members[place].demoted);
    places
}

/// Moves what costs least to the front, whatever its step; what is demoted stays at the end.
pub fn cheapest_first(places: &mut [usize], members: &[Member]) {
    let key = |&place: &usize| (members[place].demoted, members[place].price);
    places.sort_by(|a, b| key(a).0.cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)));
}

/// Lower comes first.
fn rank(pick: Pick, member: &Member) -> f64 {
    match pick {
        Pick::Ordered => 0.0,
        // An exponential variable with the weight as its rate: the smallest of several is each with its odds.
        Pick::Weighted if member.weight > 0.0 => -libm::log(1.0 - member.luck) / member.weight,
        Pick::Weighted => f64::INFINITY,
        Pick::Cheapest => member.price,
        Pick::Fastest if member.luck < EXPLORES => -1.0,
        Pick::Fastest => member.average.map_or(-1.0, |average| average.as_secs_f64()),
        Pick::LeastLoaded => f64::from(member.in_flight),
        Pick::SameModel => f64::from(u8::from(!member.same_model)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mock_providers::Luck;
    use rstest::rstest;

    const MEMBER: Member =
        Member { weight: 1.0, price: 0.0, average: None, in_flight: 0, same_model: false, demoted: false, luck: 0.5 };

    fn three(change: fn(usize, Member) -> Member) -> [Member; 3] {
        [0, 1, 2].map(|i| change(i, MEMBER))
    }

    #[test]
    fn what_costs_least_goes_to_the_front_before_what_is_demoted() {
        let members = three(|i, m| Member { price: [3.0, 2.0, 1.0][i], demoted: i == 2, ..m });
        let mut places = vec![0, 1, 2];
        cheapest_first(&mut places, &members);
        assert_eq!(places, [1, 0, 2]);
    }

    #[rstest]
    #[case(Pick::Ordered, three(|i, m| Member { price: -(i as f64), ..m }), [0, 1, 2])]
    #[case(Pick::Cheapest, three(|i, m| Member { price: [3.0, 1.0, 2.0][i], ..m }), [1, 2, 0])]
    #[case(Pick::Cheapest, three(|_, m| m), [0, 1, 2])]
    #[case(Pick::Fastest, three(|i, m| Member { average: Some(Duration::from_millis([30, 20, 10][i])), ..m }), [2, 1, 0])]
    #[case(Pick::Fastest, three(|i, m| Member { average: (i < 2).then_some(Duration::ZERO), ..m }), [2, 0, 1])]
    #[case(Pick::LeastLoaded, three(|i, m| Member { in_flight: [2, 0, 2][i], ..m }), [1, 0, 2])]
    #[case(Pick::SameModel, three(|i, m| Member { same_model: i != 1, ..m }), [0, 2, 1])]
    #[case(Pick::Ordered, three(|i, m| Member { demoted: i == 0, ..m }), [1, 2, 0])]
    fn a_step_is_walked_as_its_pick_says(
        #[case] pick: Pick,
        #[case] members: [Member; 3],
        #[case] expected: [usize; 3],
    ) {
        assert_eq!(order(&[Step { len: 3, pick }], &members), expected);
    }

    #[test]
    fn a_step_never_overtakes_another_unless_all_before_it_are_demoted() {
        let steps = [Step { len: 1, pick: Pick::Ordered }, Step { len: 2, pick: Pick::Cheapest }];
        let members = three(|i, m| Member { price: [9.0, 3.0, 1.0][i], ..m });
        assert_eq!(order(&steps, &members), [0, 2, 1]);
        let demoted = three(|i, m| Member { price: [9.0, 3.0, 1.0][i], demoted: i != 1, ..m });
        assert_eq!(order(&steps, &demoted), [1, 0, 2]);
    }

    #[test]
    fn weights_are_odds_and_no_weight_comes_last() {
        let luck = Luck::new(1);
        let mut first = [0; 3];
        for request in 0..10_000 {
            let members = [0, 1, 2].map(|i| Member {
                weight: [3.0, 1.0, 0.0][i],
                luck: luck.unit("pick", &[], &[request, i as u64]),
                ..MEMBER
            });
            first[order(&[Step { len: 3, pick: Pick::Weighted }], &members)[0]] += 1;
        }
        assert!((7_300..7_700).contains(&first[0]) && first[2] == 0, "{first:?}");
    }
}
