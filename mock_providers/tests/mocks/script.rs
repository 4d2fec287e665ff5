//! The script as a pure function.

use crate::bench::{fault, ms, word};
use mock_providers::fault::{Door, Effect, Endpoint, Shape};
use mock_providers::script::{About, Counts, Verdict};
use mock_providers::{Distribution, Luck, Script};
use std::collections::BTreeMap;
use std::time::Duration;

fn decide(script: &Script, at: Duration, key: &str, attempt: u32) -> Verdict {
    let (endpoint, api_key) = (Endpoint::Chat, "k");
    let about = About {
        provider: "p",
        model: "m",
        stream: false,
        endpoint,
        api_key,
        client: "k",
        prompt_tokens: 1,
        key,
        attempt,
    };
    script.decide(at, &about, Luck::new(1), &Counts::default())
}

fn shares(script: &Script, at: Duration) -> BTreeMap<&'static str, u32> {
    let mut seen = BTreeMap::new();
    for key in 0..10_000 {
        let injected = decide(script, at, &key.to_string(), 1).injected;
        *seen.entry(injected.map_or("well", |(_, injection)| injection.name())).or_default() += 1;
    }
    seen
}

fn near(found: u32, wanted: u32) -> bool {
    found.abs_diff(wanted) < 150
}

#[test]
fn shares_of_several_faults_lie_on_one_partition() {
    let first = fault(Effect::Mix(vec![(word("reset"), 0.7)]));
    let second = fault(Effect::Mix(vec![(word("silence"), 0.2)]));
    let seen = shares(&Script { faults: vec![first, second] }, ms(0));
    assert!(near(seen["reset"], 7000) && near(seen["silence"], 2000) && near(seen["well"], 1000), "{seen:?}");
}

#[test]
fn more_than_everything_is_clamped_in_file_order() {
    let first = fault(Effect::Mix(vec![(word("reset"), 0.7)]));
    let second = fault(Effect::Mix(vec![(word("silence"), 0.7)]));
    let seen = shares(&Script { faults: vec![first, second] }, ms(0));
    assert!(near(seen["reset"], 7000) && near(seen["silence"], 3000) && !seen.contains_key("well"), "{seen:?}");
}

#[test]
fn a_shape_scales_the_share() {
    let mut ramp = fault(Effect::Mix(vec![(word("reset"), 0.8)]));
    (ramp.until, ramp.shape) = (ms(1000), Shape::Ramp);
    let at = |at| shares(&Script { faults: vec![ramp.clone()] }, at).get("reset").copied().unwrap_or_default();
    assert!(near(at(ms(250)), 2000) && near(at(ms(500)), 4000) && at(ms(0)) == 0 && at(ms(1000)) == 0);
}

#[test]
fn whoever_is_hit_at_a_low_share_is_hit_at_a_higher_one() {
    let script = |share| Script { faults: vec![fault(Effect::Mix(vec![(word("reset"), share)]))] };
    for key in (0..1000).map(|key| key.to_string()) {
        let hit = |share| decide(&script(share), ms(0), &key, 1).injected.is_some();
        assert!(!hit(0.2) || hit(0.6));
    }
}

#[test]
fn the_same_request_always_gets_the_same_verdict_and_a_retry_gets_another_chance() {
    let script = Script { faults: vec![fault(Effect::Mix(vec![(word("reset"), 0.5)]))] };
    let verdicts = |attempt| (0..100).map(|key| decide(&script, ms(0), &key.to_string(), attempt)).collect::<Vec<_>>();
    assert_eq!(verdicts(1), verdicts(1));
    assert_ne!(verdicts(1), verdicts(2));
}

#[test]
fn delays_are_scaled_by_their_shape_and_whole_milliseconds() {
    let headers = Some(Distribution::fixed(ms(333)));
    let mut decay = fault(Effect::Delay { headers, first_token: None, between_tokens: None });
    (decay.until, decay.shape) = (ms(1000), Shape::Decay);
    let script = Script { faults: vec![decay] };
    assert_eq!(decide(&script, ms(0), "k", 1).delay_headers, ms(333));
    assert_eq!(decide(&script, ms(500), "k", 1).delay_headers, ms(167));
    assert_eq!(decide(&script, ms(1000), "k", 1).delay_headers, ms(0));
}

#[test]
fn door_edges_are_all_changes_and_nothing_but_changes() {
    let refused = |from, until, shape| {
        let mut fault = fault(Effect::Listener(Door::Refused));
        (fault.from, fault.until, fault.shape) = (ms(from), ms(until), shape);
        fault
    };
    let flap = Shape::Flap { up: ms(20), down: ms(10) };
    let table = [
        (vec![], vec![]),
        (vec![refused(100, 200, Shape::Step)], vec![100, 200]),
        (vec![refused(0, 200, Shape::Ramp)], vec![0, 200]),
        (vec![refused(100, 200, Shape::Step), refused(150, 300, Shape::Step)], vec![100, 300]),
        (vec![refused(100, 200, Shape::Step), refused(200, 300, Shape::Step)], vec![100, 300]),
        (vec![refused(100, 165, flap)], vec![100, 110, 130, 140, 160, 165]),
        (vec![refused(100, 150, flap), refused(105, 135, Shape::Step)], vec![100, 140]),
        (vec![refused(200, 100, Shape::Step)], vec![]),
    ];
    for (faults, edges) in table {
        let script = Script { faults };
        let found = script.door_edges();
        assert_eq!(found, edges.iter().map(|at| ms(*at)).collect::<Vec<_>>(), "{script:?}");
        for edge in found {
            assert!(edge.is_zero() || script.door(edge) != script.door(edge - Duration::from_nanos(1)));
        }
    }
}
