//! The script as a pure function.

use crate::bench::{fault, ms, word};
use mock_providers::fault::{Door, Drift, Effect, Endpoint, Fault, Pick, PriceChange, Shape, Whom};
use mock_providers::limits::Lie;
use mock_providers::script::{About, Counts, Verdict};
use mock_providers::{Distribution, Luck, Model, Script};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

const ABOUT: About<'static> = About {
    provider: "p",
    model: "m",
    stream: false,
    endpoint: Endpoint::Chat,
    api_key: "k",
    client: "k",
    prompt_tokens: 1,
    key: "",
    attempt: 1,
};

fn decide(script: &Script, at: Duration, key: &str, attempt: u32) -> Verdict {
    script.decide(at, &About { key, attempt, ..ABOUT }, Luck::new(1), &Counts::default())
}

/// A share of resets that is picked in this way.
fn picked(share: f64, pick: Pick) -> Fault {
    Fault { pick, ..fault(Effect::Mix(vec![(word("reset"), share)])) }
}

fn is_hit(script: &Script, at: Duration, about: &About<'_>) -> bool {
    script.decide(at, about, Luck::new(1), &Counts::default()).injected.is_some()
}

/// Which of so many requests, one after the other, are hit.
fn hits(script: &Script, requests: u32) -> Vec<u32> {
    let counts = Counts::default();
    let hit = |n: &u32| {
        let key = n.to_string();
        script.decide(ms(0), &About { key: &key, ..ABOUT }, Luck::new(1), &counts).injected.is_some()
    };
    (1..=requests).filter(hit).collect()
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

#[test]
fn the_first_so_many_are_hit_or_one_in_so_many() {
    let table: [(Pick, &[u32]); 6] = [
        (Pick::First(0), &[]),
        (Pick::First(2), &[1, 2]),
        (Pick::Every(1), &[1, 2, 3, 4, 5, 6, 7]),
        (Pick::Every(3), &[3, 6]),
        (Pick::Every(0), &[1, 2, 3, 4, 5, 6, 7]),
        (Pick::Every(8), &[]),
    ];
    for (pick, wanted) in table {
        assert_eq!(hits(&Script { faults: vec![picked(1.0, pick)] }, 7), wanted, "{pick:?}");
    }
}

#[test]
fn only_requests_that_a_fault_is_meant_for_are_counted() {
    let mut of_streams = picked(1.0, Pick::First(1));
    of_streams.whom.stream = Some(true);
    let script = Script { faults: vec![of_streams] };
    let counts = Counts::default();
    let ask =
        |stream| script.decide(ms(0), &About { stream, key: "1", ..ABOUT }, Luck::new(1), &counts).injected.is_some();
    assert_eq!([ask(false), ask(false), ask(true), ask(true)], [false, false, true, false]);
}

#[test]
fn a_sequence_meets_one_request_after_the_other_and_begins_again_if_it_is_told_to() {
    let steps = vec![Some(word("reset")), None, Some(word("silence"))];
    for (repeat, wanted) in [(false, vec![1, 3]), (true, vec![1, 3, 4, 6, 7])] {
        let sequence = fault(Effect::Sequence { steps: steps.clone(), repeat });
        assert_eq!(hits(&Script { faults: vec![sequence] }, 7), wanted);
    }
    let empty = fault(Effect::Sequence { steps: vec![], repeat: true });
    assert!(hits(&Script { faults: vec![empty] }, 3).is_empty());
}

#[test]
fn what_counts_is_asked_before_the_partition() {
    let by_luck = fault(Effect::Mix(vec![(word("silence"), 1.0)]));
    let first = Fault { id: 8, ..picked(1.0, Pick::First(1)) };
    let script = Script { faults: vec![by_luck, first] };
    let counts = Counts::default();
    let name = || {
        let verdict = script.decide(ms(0), &About { key: "1", ..ABOUT }, Luck::new(1), &counts);
        verdict.injected.map(|(_, injection)| injection.name())
    };
    assert_eq!([name(), name()], [Some("reset"), Some("silence")]);
}

#[test]
fn a_client_that_is_hit_stays_hit() {
    let script = Script { faults: vec![picked(0.3, Pick::Client)] };
    let mut sticky = 0;
    for client in (0..2000).map(|client| client.to_string()) {
        let hit = |n: u64| is_hit(&script, ms(n * 1000), &About { client: &client, key: &n.to_string(), ..ABOUT });
        let first = hit(0);
        assert!((1..50).all(|n| hit(n) == first), "{client}");
        sticky += u32::from(first);
    }
    assert!(sticky.abs_diff(600) < 60, "{sticky}");
}

#[test]
fn providers_that_share_a_fault_fail_in_the_same_slices_of_time_and_others_do_not() {
    let script =
        |id| Script { faults: vec![Fault { id, ..picked(0.5, Pick::Slice { length: ms(1000), schedule: id }) }] };
    let slices = |id, provider| -> Vec<bool> {
        let about = |key| About { provider, key, ..ABOUT };
        let hit = |slice: u64, into, key| is_hit(&script(id), ms(slice * 1000 + into), &about(key));
        (0..1000)
            .map(|slice| {
                let first = hit(slice, 0, "1");
                assert!(hit(slice, 500, "2") == first && hit(slice, 999, "3") == first);
                first
            })
            .collect()
    };
    assert_eq!(slices(7, "p"), slices(7, "q"));
    assert_ne!(slices(7, "p"), slices(8, "p"));
    let failing = slices(7, "p").into_iter().filter(|hit| *hit).count();
    assert!((450..550).contains(&failing), "{failing}");
}

#[test]
fn all_conditions_of_whom_must_hold() {
    let embeddings = About { endpoint: Endpoint::Embeddings, ..ABOUT };
    let models = About { endpoint: Endpoint::Models, model: "", ..ABOUT };
    let table: [(Whom, About<'_>, bool); 15] = [
        (Whom::default(), ABOUT, true),
        (Whom::default(), embeddings, true),
        (Whom::default(), models, false),
        (Whom { endpoints: vec![Endpoint::Models], ..Whom::default() }, models, true),
        (Whom { endpoints: vec![Endpoint::Models], ..Whom::default() }, ABOUT, false),
        (Whom { endpoints: vec![Endpoint::Embeddings, Endpoint::Chat], ..Whom::default() }, embeddings, true),
        (Whom { models: vec!["m".into()], ..Whom::default() }, ABOUT, true),
        (Whom { models: vec!["n".into()], ..Whom::default() }, ABOUT, false),
        (Whom { models: vec!["m".into()], endpoints: vec![Endpoint::Models], ..Whom::default() }, models, false),
        (Whom { keys: vec!["a".into(), "k".into()], ..Whom::default() }, ABOUT, true),
        (Whom { keys: vec!["a".into()], ..Whom::default() }, ABOUT, false),
        (Whom { larger_than: Some(0), ..Whom::default() }, ABOUT, true),
        (Whom { larger_than: Some(1), ..Whom::default() }, ABOUT, false),
        (Whom { stream: Some(true), ..Whom::default() }, ABOUT, false),
        (Whom { stream: Some(false), keys: vec!["k".into()], ..Whom::default() }, ABOUT, true),
    ];
    for (whom, about, meant) in table {
        let script = Script { faults: vec![Fault { whom: whom.clone(), ..picked(1.0, Pick::Request) }] };
        assert_eq!(is_hit(&script, ms(0), &about), meant, "{whom:?} {about:?}");
    }
}

#[test]
fn changes_of_a_provider_add_up_in_file_order_and_go_as_far_as_their_shapes() {
    let quality = |goal| Effect::Drift(Drift { quality: Some(goal), ..Drift::default() });
    let ramp = |effect| Fault { until: ms(1000), shape: Shape::Ramp, ..fault(effect) };
    let price = Effect::Price(PriceChange { output: Some(10.0), ..PriceChange::default() });
    let faults = vec![
        fault(quality(0.8)),
        ramp(quality(0.4)),
        ramp(price),
        ramp(Effect::Background(0.6)),
        fault(Effect::Background(0.7)),
        fault(Effect::Lie(Lie::DayQuota)),
        fault(Effect::Lie(Lie::OneDay)),
    ];
    let script = Script { faults };
    let model = Model::named("m", 100);
    let changed = |at| decide(&script, ms(at), "1", 1).model(&model).into_owned();
    assert!((changed(0).quality - 0.8).abs() < 1e-12 && (changed(500).quality - 0.6).abs() < 1e-12);
    assert!((changed(500).price.output - 5.0).abs() < 1e-12);
    assert_eq!(Model { quality: 1.0, price: model.price, ..changed(500) }, model);
    assert!((script.background(ms(0)) - 0.7).abs() < 1e-12 && (script.background(ms(500)) - 1.0).abs() < 1e-12);
    assert_eq!(decide(&script, ms(0), "1", 1).lie, Some(Lie::DayQuota));
}

proptest! {
    #[test]
    fn it_does_not_matter_how_a_partition_is_cut_into_faults(
        shares in prop::collection::vec(0.0..0.4f64, 1..6), key in 0u32..100_000,
    ) {
        let words = ["reset", "silence", "cut", "malformed", "refusal"];
        let parts: Vec<_> = shares.iter().zip(words).map(|(share, w)| (word(w), *share)).collect();
        let apart = parts.iter().map(|part| fault(Effect::Mix(vec![part.clone()]))).collect();
        let key = key.to_string();
        let whole = decide(&Script { faults: vec![fault(Effect::Mix(parts))] }, ms(0), &key, 1);
        prop_assert_eq!(whole, decide(&Script { faults: apart }, ms(0), &key, 1));
    }

    #[test]
    fn a_strength_is_never_outside_of_0_to_1_and_nothing_outside_of_its_time(
        from in 0u64..5000, length in 0u64..5000, turn in 0u64..3000, other in 0u64..3000, at in 0u64..12_000,
    ) {
        let shapes = [
            Shape::Step,
            Shape::Ramp,
            Shape::Decay,
            Shape::Flap { up: ms(turn), down: ms(other) },
            Shape::Sawtooth { period: ms(turn) },
            Shape::Diurnal { period: ms(turn) },
        ];
        for shape in shapes {
            let fault = Fault { from: ms(from), until: ms(from + length), shape, ..picked(1.0, Pick::Request) };
            let strength = fault.strength(ms(at));
            prop_assert!((0.0..=1.0).contains(&strength), "{shape:?} {strength}");
            prop_assert!(strength == 0.0 || (from..from + length).contains(&at));
        }
    }

    #[test]
    fn a_shape_that_turns_is_the_same_a_period_later(period in 1u64..2000, into in 0u64..2000, turns in 1u64..5) {
        for shape in [Shape::Sawtooth { period: ms(period) }, Shape::Diurnal { period: ms(period) }] {
            let fault = Fault { from: ms(10), shape, ..picked(1.0, Pick::Request) };
            let (now, later) = (fault.strength(ms(10 + into)), fault.strength(ms(10 + into + turns * period)));
            prop_assert!((now - later).abs() < 1e-9);
        }
    }
}

#[test]
fn whatever_is_picked_the_shares_of_a_mix_hold_and_faults_that_pick_alike_are_rolled_for_once() {
    let halves = Effect::Mix(vec![(word("reset"), 0.5), (word("silence"), 0.5)]);
    let seen = shares(&Script { faults: vec![Fault { pick: Pick::Every(1), ..fault(halves) }] }, ms(0));
    assert!(near(seen["reset"], 5000) && near(seen["silence"], 5000), "{seen:?}");
    let slice = Pick::Slice { length: ms(1000), schedule: 3 };
    let half = |id, what| Fault { id, pick: slice, ..fault(Effect::Mix(vec![(word(what), 0.5)])) };
    let script = Script { faults: vec![half(1, "reset"), half(2, "silence")] };
    let all = (0..1000).filter(|slice| is_hit(&script, ms(slice * 1000), &About { key: "1", ..ABOUT })).count();
    assert_eq!(all, 1000, "50 % and 50 % are everything");
}

#[test]
fn while_a_shape_is_at_nothing_nothing_happens_and_nothing_is_counted() {
    let flap = Shape::Flap { up: ms(100), down: ms(100) };
    let sequence = Effect::Sequence { steps: vec![Some(word("reset"))], repeat: true };
    let script = Script { faults: vec![Fault { shape: flap, ..fault(sequence) }] };
    let about = About { key: "1", ..ABOUT };
    assert!(is_hit(&script, ms(50), &about) && !is_hit(&script, ms(150), &about));
    let script = Script { faults: vec![Fault { shape: flap, ..picked(1.0, Pick::First(1)) }] };
    let counts = Counts::default();
    let hit = |at| script.decide(ms(at), &about, Luck::new(1), &counts).injected.is_some();
    assert_eq!([hit(150), hit(250), hit(260)], [false, true, false]);
}
